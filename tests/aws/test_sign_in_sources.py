"""Instances of IAM Identity Center, and the account's alternate contacts."""

from typing import Any

import pytest

from auditor.aws.gather import gather, snapshot
from auditor.aws.session import Aws
from auditor.aws.source import MalformedEvidenceError
from auditor.aws.sources.account_contacts import ACCOUNT_CONTACTS, NO_API
from auditor.aws.sources.identity_center import IDENTITY_CENTER
from auditor.aws.sources.regions import REGIONS
from auditor.core.evidence import Answer, Evidence
from auditor.core.model import Observed, Owner, Subject, Unavailable
from auditor.core.subjects.sign_in import AlternateContacts, IdentityCenterInstance
from tests.aws.answers import alternate_contact
from tests.aws.wire import Params, Refused, Reply, Wire, always, in_turn, new_session, scripted
from tests.build import ACCOUNT, NOW, OWNER

HERE = "arn:aws:sso:::instance/ssoins-1111111111111111"
THERE = "arn:aws:sso:::instance/ssoins-2222222222222222"


def seen(evidence: Evidence, kind: type[Subject]) -> Observed[Subject]:
    found = snapshot(evidence).of(kind)
    assert isinstance(found, Observed), found
    return found


def centers(*regions: str, reply: Reply) -> tuple[Evidence, Wire]:
    listed = {"Regions": [{"RegionName": it, "OptInStatus": "opt-in-not-required"} for it in regions]}
    wire = Wire(script={"DescribeRegions": always(listed), "ListInstances": reply})
    return gather(scripted(wire), [REGIONS, IDENTITY_CENTER]), wire


def test_every_enabled_region_is_asked_and_an_instance_counts_once() -> None:
    one = {"Instances": [{"InstanceArn": HERE, "Status": "ACTIVE", "OwnerAccountId": ACCOUNT}]}
    evidence, wire = centers("eu-west-1", "us-east-1", reply=always(one))
    assert sorted(call.region for call in wire.named("ListInstances")) == ["eu-west-1", "us-east-1"]
    assert seen(evidence, IdentityCenterInstance).subjects == (
        IdentityCenterInstance(resource=HERE, uid=HERE, active=True),
    )


def test_pages_of_instances_are_joined_and_one_that_is_being_made_is_not_active() -> None:
    pages = in_turn(
        {"Instances": [], "NextToken": "more"},
        {"Instances": [{"InstanceArn": HERE}, {"InstanceArn": THERE, "Status": "CREATE_IN_PROGRESS"}]},
    )
    evidence, _ = centers("eu-west-1", reply=pages)
    found = seen(evidence, IdentityCenterInstance).subjects
    assert [(it.resource, it.active) for it in found if isinstance(it, IdentityCenterInstance)] == [
        (HERE, True),
        (THERE, False),
    ]


def test_denied_region_is_a_gap() -> None:
    evidence, _ = centers("eu-west-1", reply=always(Refused("AccessDeniedException", "no")))
    found = seen(evidence, IdentityCenterInstance)
    assert found.subjects == ()
    assert found.gaps == {"eu-west-1": Unavailable(reason="ListInstances: AccessDeniedException: no")}


def test_region_that_the_organization_closed_is_a_gap_by_design() -> None:
    closed = Refused("AccessDeniedException", "ana may not, with an explicit deny in a service control policy")
    evidence, _ = centers("eu-west-1", reply=always(closed))
    assert seen(evidence, IdentityCenterInstance).gaps["eu-west-1"].inapplicable


def test_instance_without_arn_is_malformed() -> None:
    with pytest.raises(MalformedEvidenceError, match=r"^Instances\[0\]\.InstanceArn: Field required$"):
        IDENTITY_CENTER.read({"Instances": [{"Status": "ACTIVE"}]}, OWNER)


def contacts(reply: Reply) -> Evidence:
    return gather(scripted(Wire(script={"GetAlternateContact": reply})), [ACCOUNT_CONTACTS])


def raw_of(evidence: Evidence) -> Any:
    answer = evidence.answers["account-contacts"]
    assert isinstance(answer, Answer), answer
    return answer.raw


def test_contacts_are_read_by_what_they_are_for() -> None:
    assert seen(contacts(alternate_contact), AlternateContacts).subjects == (
        AlternateContacts(
            resource=ACCOUNT,
            uid="account",
            security="security@example.com",
            billing="billing@example.com",
            operations="operations@example.com",
        ),
    )


def test_of_a_contact_nothing_but_the_address_is_evidence() -> None:
    assert raw_of(contacts(alternate_contact))["AlternateContacts"][0] == {
        "AlternateContactType": "SECURITY",
        "EmailAddress": "security@example.com",
    }


def test_contact_that_is_not_set_is_a_fact() -> None:
    def only_billing(params: Params) -> Any:
        if params["AlternateContactType"] != "BILLING":
            raise Refused("ResourceNotFoundException", "No contact of the inputted alternate contact type found.")
        return alternate_contact(params)

    (found,) = seen(contacts(only_billing), AlternateContacts).subjects
    assert isinstance(found, AlternateContacts)
    assert (found.security, found.billing, found.operations) == (None, "billing@example.com", None)


def test_denied_contact_is_no_absent_one() -> None:
    evidence = contacts(always(Refused("AccessDeniedException", "no")))
    assert evidence.answers["account-contacts"] == Unavailable(reason="GetAlternateContact: AccessDeniedException: no")


@pytest.mark.parametrize("partition", ["aws-us-gov", "aws-iso"])
def test_partition_without_the_api_is_not_asked(partition: str) -> None:
    wire = Wire()
    owner = Owner(account=ACCOUNT, partition=partition)
    found = seen(gather(scripted(wire, owner=owner), [ACCOUNT_CONTACTS]), AlternateContacts)
    assert (found.subjects, found.gaps, wire.calls) == ((), {ACCOUNT: NO_API}, [])
    assert NO_API.inapplicable


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "eu-west-1", "account.us-east-1.amazonaws.com"),
        ("aws-cn", "cn-north-1", "account.cn-northwest-1.amazonaws.com.cn"),
    ],
)
def test_partitions_one_endpoint_is_asked_from_every_region(partition: str, region: str, host: str) -> None:
    session, wire = new_session(region), Wire(script={"GetAlternateContact": alternate_contact})
    wire.mount(session)
    gather(Aws(session=session, owner=Owner(account=ACCOUNT, partition=partition), now=NOW), [ACCOUNT_CONTACTS])
    assert {call.host for call in wire.calls} == {host}


SECURITY = {"AlternateContactType": "SECURITY", "EmailAddress": "a@example.com"}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({}, "AlternateContacts: Field required"),
        ({"AlternateContacts": [SECURITY]}, "AlternateContacts: BILLING, OPERATIONS is not among them"),
        ({"AlternateContacts": [{"AlternateContactType": "PRESS"}]}, "AlternateContacts[0].AlternateContactType: Inp"),
        ({"AlternateContacts": [SECURITY, {"AlternateContactType": "BILLING"}]}, "AlternateContacts[1]: neither"),
        ({"AlternateContacts": [{**SECURITY, "Error": "Throttling"}]}, "AlternateContacts[0].Error: Input should be"),
    ],
)
def test_error_in_the_contacts_names_the_place(said: Any, message: str) -> None:
    with pytest.raises(MalformedEvidenceError) as error:
        ACCOUNT_CONTACTS.read(said, OWNER)
    assert str(error.value).startswith(message)
