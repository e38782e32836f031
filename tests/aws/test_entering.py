"""Another account is entered through its role, or it is known why not."""

from collections.abc import Callable, Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from auditor.aws import entering, session
from auditor.aws.entering import ALWAYS_ENABLED, HOME, Door, NotEnteredError, entered
from auditor.aws.gather import gather
from auditor.aws.session import Aws, connect
from auditor.aws.sources.authorization_details import AUTHORIZATION_DETAILS
from auditor.core.evidence import Answer
from auditor.core.model import Owner, Unavailable
from tests.aws.functions import session_in
from tests.aws.wire import Params, Refused, Reply, Wire, always, new_session
from tests.build import NOW

HUB, MEMBER, OTHER = "123456789012", "444455556666", "777788889999"
DOOR = Door(role="account-auditor", external_id="d1c6c8e2")
GIVEN = {"AccessKeyId": "ASIA1EXAMPLEEXAMPLE1", "SecretAccessKey": "secret", "SessionToken": "token", "Expiration": NOW}


def identity(account: str = MEMBER, partition: str = "aws") -> Reply:
    arn = f"arn:{partition}:sts::{account}:assumed-role/account-auditor/account-auditor"
    return always({"Account": account, "Arn": arn, "UserId": "AROA1:account-auditor"})


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Wire, Aws | Unavailable]]:
    """What comes of entering an account from one in that Region: who answers by `replies`, and the calls."""

    def opening(
        region: str = "eu-west-1", partition: str = "aws", account: str = MEMBER, **replies: Reply
    ) -> tuple[Wire, Aws | Unavailable]:
        answers = {"AssumeRole": always({"Credentials": GIVEN}), "GetCallerIdentity": identity(partition=partition)}
        wire = Wire(script=answers | replies)

        def session(**given: str) -> boto3.Session:
            made = new_session(**given)
            wire.mount(made)
            return made

        monkeypatch.setattr(entering, "new_session", session)
        hub = new_session(region)
        wire.mount(hub)
        here = Aws(session=hub, owner=Owner(account=HUB, partition=partition), now=NOW)
        return wire, entered(here, Owner(account=account, partition=partition), DOOR)

    return opening


Opened = Callable[..., tuple[Wire, Aws | Unavailable]]


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_role_is_assumed_in_the_partition_of_the_hub_with_external_id_and_session_name(
    opened: Opened, region: str, partition: str
) -> None:
    wire, account = opened(region, partition)
    (call,) = wire.named("AssumeRole")
    assert call.params == {
        "RoleArn": f"arn:{partition}:iam::{MEMBER}:role/account-auditor",
        "RoleSessionName": "account-auditor",
        "ExternalId": "d1c6c8e2",
        "DurationSeconds": 3600,
    }
    assert isinstance(account, Aws)
    assert (account.owner, account.now) == (Owner(account=MEMBER, partition=partition), NOW)
    assert wire.actions == {*entering.ACTIONS, "sts:GetCallerIdentity"}


@pytest.mark.parametrize(
    ("region", "partition", "entrance"),
    [
        ("eu-west-1", "aws", "eu-west-1"),
        ("ap-northeast-3", "aws", "ap-northeast-3"),
        ("af-south-1", "aws", "us-east-1"),
        ("eu-south-1", "aws", "us-east-1"),
        ("me-central-1", "aws", "us-east-1"),
        ("cn-northwest-1", "aws-cn", "cn-northwest-1"),
        ("us-gov-east-1", "aws-us-gov", "us-gov-east-1"),
    ],
)
def test_member_that_has_not_enabled_the_hubs_region_is_entered_and_asked_where_it_can_answer(
    opened: Opened, region: str, partition: str, entrance: str
) -> None:
    """Both the token and who it belongs to are asked for there, and all that the session asks in its own Region."""
    wire, account = opened(region, partition)
    assert {(it.name, it.region) for it in wire.calls} == {("AssumeRole", entrance), ("GetCallerIdentity", entrance)}
    assert all(it.host.startswith(f"sts.{entrance}.") for it in wire.calls)
    assert isinstance(account, Aws)
    assert account.session.region_name == entrance


def test_regions_that_nobody_can_switch_off_are_those_that_botocore_knows_without_opting_in() -> None:
    known = set(boto3.Session().get_available_regions("sts", partition_name="aws"))
    assert known >= {it for it in ALWAYS_ENABLED if not it.startswith(("cn-", "us-gov-"))}
    assert set(HOME.values()) <= ALWAYS_ENABLED


WORDS = f"User: arn:aws:sts::{HUB}:assumed-role/a/b is not authorized to perform: sts:AssumeRole"


@pytest.mark.parametrize("code", sorted(entering.REFUSALS))
def test_role_that_is_not_there_or_not_for_us_is_why_the_account_cannot_be_seen_in_the_words_of_aws(
    opened: Opened, code: str
) -> None:
    _, account = opened(AssumeRole=always(Refused(code, WORDS)))
    assert account == Unavailable(reason=f"AssumeRole: {code}: {WORDS}")


@pytest.mark.parametrize("code", ["Throttling", "ThrottlingException", "InternalFailure", "ExpiredToken"])
def test_role_that_may_be_assumed_in_a_moment_is_tried_again(opened: Opened, code: str) -> None:
    with pytest.raises(NotEnteredError, match=rf"^AssumeRole: {code}: later$"):
        opened(AssumeRole=always(Refused(code, "later")))


def test_sts_that_cannot_be_reached_says_nothing_about_the_account(opened: Opened) -> None:
    def unreachable(_: Params) -> Mapping[str, Any]:
        raise EndpointConnectionError(endpoint_url="https://sts")

    for operation in ("AssumeRole", "GetCallerIdentity"):
        with pytest.raises(NotEnteredError, match=r"^EndpointConnectionError: "):
            opened(**{operation: unreachable})


def test_credentials_of_another_account_are_not_taken_for_this_ones(opened: Opened) -> None:
    with pytest.raises(NotEnteredError, match=f"belong to account {OTHER}$"):
        opened(GetCallerIdentity=identity(OTHER))


def test_account_of_the_deployment_needs_no_door(opened: Opened) -> None:
    wire, account = opened(account=HUB)
    assert wire.calls == []
    assert isinstance(account, Aws)
    assert account.owner.account == HUB


def test_sessions_share_what_is_read_of_the_services_and_nothing_else() -> None:
    ana, bo = (session.new_session(aws_access_key_id=it, aws_secret_access_key=it) for it in ("ana", "bo"))
    assert [it.get_credentials().access_key for it in (ana, bo)] == ["ana", "bo"]
    loaders = [it._session.get_component("data_loader") for it in (ana, bo)]
    assert loaders[0] is loaders[1]
    assert len(loaders[0].search_paths) == len(set(loaders[0].search_paths))
    assert ana.events is not bo.events
    assert ana.resource("dynamodb", region_name="eu-west-1").meta.client.meta.region_name == "eu-west-1"


def test_two_accounts_in_one_process_answer_for_themselves_whoever_was_asked_before() -> None:
    with mock_aws():
        here = connect(new_session(), NOW)
        users = {MEMBER: "ana", OTHER: "bo"}
        for account, user in users.items():
            session_in(account).client("iam").create_user(UserName=user)
        for account in (MEMBER, OTHER, MEMBER):
            there = entered(here, Owner(account=account, partition="aws"), DOOR)
            assert isinstance(there, Aws)
            answer = gather(there, [AUTHORIZATION_DETAILS]).answers[AUTHORIZATION_DETAILS.name]
            assert isinstance(answer, Answer)
            assert [it["UserName"] for it in answer.raw["UserDetailList"]] == [users[account]]
            assert there.calls.count == 2, "who one is, and the details"
        assert here.calls.count == 4, "who one is, and three doors"
