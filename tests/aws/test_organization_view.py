"""The whole organization, seen once: its tree, its guardrails, and what its analyzers found."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from auditor.aws.entering import NotEnteredError
from auditor.aws.organization_view import (
    ACTIONS,
    SERVICE,
    OrganizationUnseenError,
    Placed,
    Shared,
    View,
    at_levels,
    look,
)
from auditor.aws.session import Aws
from auditor.core.model import Owner, Unavailable
from auditor.core.roster import Listed
from tests.aws.answers import analyzer_entry, finding_entry
from tests.aws.scripted_organization import (
    EMPTY,
    ID,
    INNER,
    MANAGEMENT,
    RCP,
    REFUSED,
    ROOT,
    SCP,
    TEAM,
    Organization,
    account,
    entry,
    of_size,
    summary,
)
from tests.aws.wire import Refused, Reply, Wire, always, new_session
from tests.build import NOW
from tests.deployed.access_analyzer import FakeAccessAnalyzer, RegionAnswers

HUB, DELEGATE, A, B = account(1), account(2), account(3), account(4)
TREE = Organization(
    accounts={ROOT: [entry(MANAGEMENT), entry(HUB)], TEAM: [entry(DELEGATE), entry(A)], INNER: [entry(B)]},
    attached={
        (SCP, "p-FullAWSAccess"): [ROOT, TEAM, INNER, EMPTY, MANAGEMENT, HUB, DELEGATE, A, B],
        (SCP, "p-guard0001"): [TEAM, B],
        (SCP, "p-unattached"): [],
        (RCP, "p-resourceFullAWSAccess"): [ROOT, TEAM],
    },
)
DELEGATED = Organization(accounts=TREE.accounts, attached=TREE.attached, delegated=[DELEGATE])


def aws(wire: Wire, account: str = HUB, analyzed: dict[str, RegionAnswers] | None = None) -> Aws:
    session: boto3.Session = new_session()
    FakeAccessAnalyzer(analyzed or {}).mount(session)
    wire.mount(session)
    return Aws(session=session, owner=Owner(account=account, partition="aws"), now=NOW)


def refusing(_: str) -> Unavailable:
    """How an account is entered that has no role for it."""
    return Unavailable(reason="AssumeRole: AccessDenied")


def viewed(organization: Organization = TREE, /, **replies: Reply) -> View:
    return look(aws(Wire(script=organization.script(**replies))), ID, refusing)


# The tree.


def test_every_account_is_seen_with_what_is_above_it_down_to_the_last_unit() -> None:
    view = viewed()
    assert view.units == {ROOT, TEAM, INNER, EMPTY}
    assert set(view.listing().accounts) == {
        Listed(account=MANAGEMENT, state="ACTIVE", path=(ROOT,)),
        Listed(account=HUB, state="ACTIVE", path=(ROOT,)),
        Listed(account=DELEGATE, state="ACTIVE", path=(ROOT, TEAM)),
        Listed(account=A, state="ACTIVE", path=(ROOT, TEAM)),
        Listed(account=B, state="ACTIVE", path=(ROOT, TEAM, INNER)),
    }
    assert view.listing().units == view.units
    assert view.management == MANAGEMENT


def test_parents_are_what_the_account_itself_would_have_been_told() -> None:
    assert viewed().accounts[B].parents == (
        {"Id": INNER, "Type": "ORGANIZATIONAL_UNIT"},
        {"Id": TEAM, "Type": "ORGANIZATIONAL_UNIT"},
        {"Id": ROOT, "Type": "ROOT"},
    )


@pytest.mark.parametrize(
    ("members", "state"),
    [
        ({"State": "PENDING_CLOSURE", "Status": "PENDING_CLOSURE"}, "PENDING_CLOSURE"),
        ({"State": "CLOSED", "Status": "SUSPENDED"}, "CLOSED"),
        ({"State": None, "Status": "SUSPENDED"}, "SUSPENDED"),
    ],
)
def test_state_of_an_account_is_read_and_the_old_status_where_there_is_none(
    members: dict[str, str | None], state: str
) -> None:
    (listed,) = viewed(Organization(accounts={ROOT: [entry(A, **members)]})).listing().accounts
    assert listed.state == state


def test_addresses_that_root_users_sign_in_with_are_not_kept() -> None:
    assert "@" not in json.dumps(asdict(viewed()) | {"units": []}, default=datetime.isoformat)


# Guardrails.


def test_policies_are_known_by_what_they_are_attached_to_and_described_once() -> None:
    wire = Wire(script=TREE.script())
    guardrails = look(aws(wire), ID, refusing).guardrails
    assert not isinstance(guardrails, Unavailable)
    full, guard, resource = (summary(it) for it in ("p-FullAWSAccess", "p-guard0001", "p-resourceFullAWSAccess"))
    assert at_levels(guardrails, [B, ROOT]) == [
        {"TargetId": B, "Type": SCP, "Policies": [full, guard]},
        {"TargetId": ROOT, "Type": SCP, "Policies": [full]},
        {"TargetId": B, "Type": RCP, "Policies": []},
        {"TargetId": ROOT, "Type": RCP, "Policies": [resource]},
    ]
    described = [it.params["PolicyId"] for it in wire.named("DescribePolicy")]
    assert described == ["p-FullAWSAccess", "p-guard0001", "p-resourceFullAWSAccess"]
    assert [it["PolicySummary"]["Id"] for it in guardrails.policies] == described


@pytest.mark.parametrize("operation", ["ListPolicies", "ListTargetsForPolicy", "DescribePolicy"])
def test_guardrails_that_are_refused_are_unavailable_and_the_accounts_are_seen(operation: str) -> None:
    view = viewed(**{operation: REFUSED})
    assert isinstance(view.guardrails, Unavailable)
    assert view.guardrails.reason.startswith(f"{operation}: AccessDeniedException: ")
    assert not view.guardrails.inapplicable
    assert len(view.accounts) == 5


# Where it is not seen.


@pytest.mark.parametrize(
    "operation", ["DescribeOrganization", "ListRoots", "ListOrganizationalUnitsForParent", "ListAccountsForParent"]
)
@pytest.mark.parametrize("code", ["AccessDeniedException", "AWSOrganizationsNotInUseException"])
def test_organization_that_may_not_be_listed_here_says_the_command_that_helps(operation: str, code: str) -> None:
    with pytest.raises(OrganizationUnseenError) as error:
        viewed(**{operation: always(Refused(code))})
    assert str(error.value).startswith(f"account {HUB} cannot list {ID}: {operation}: {code}: ")
    assert str(error.value).endswith(
        f"aws organizations register-delegated-administrator --account-id {HUB} --service-principal {SERVICE}"
    )


@pytest.mark.parametrize("operation", ["DescribeOrganization", "ListAccountsForParent"])
def test_organization_that_does_not_answer_now_is_asked_again(operation: str) -> None:
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        viewed(**{operation: always(Refused("TooManyRequestsException"))})


def test_other_organization_is_not_taken_for_the_one_that_is_meant() -> None:
    with pytest.raises(OrganizationUnseenError, match=rf"^account {HUB} is in {ID}, not in o-zzzzzzzzzz$"):
        look(aws(Wire(script=TREE.script())), "o-zzzzzzzzzz", refusing)


# What its analyzers found.


def analyzer(region: str, home: str = DELEGATE, **members: Any) -> dict[str, Any]:
    arn = f"arn:aws:access-analyzer:{region}:{home}:analyzer/everything"
    return analyzer_entry(region, **{"arn": arn, "name": "everything", "type": "ORGANIZATION"} | members)


def found(number: int, owner: str, analyzer: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """An entry, and as it is kept with the analyzer that found it."""
    it = finding_entry(number, resourceOwnerAccount=owner)
    return it, it | {"analyzerArn": analyzer["arn"]}


EU, US = analyzer("eu-west-1"), analyzer("us-east-1")
OF_ACCOUNT = analyzer("eu-west-1", arn="arn:aws:access-analyzer:eu-west-1:1:analyzer/own", name="own", type="ACCOUNT")


def shared(
    organization: Organization = DELEGATED, hub: str = HUB, **regions: RegionAnswers
) -> tuple[Shared, list[str]]:
    """What the organization's analyzers say, and the accounts that were entered for it."""
    analyzed = {name.replace("_", "-"): it for name, it in regions.items()}
    here, entered = aws(Wire(script=organization.script()), hub, analyzed if hub != HUB else None), []

    def enter(account: str) -> Aws:
        entered.append(account)
        return aws(Wire(script=organization.script()), account, analyzed)

    return look(here, ID, enter).shared, entered


def test_findings_of_the_organizations_analyzers_are_told_by_the_account_that_they_are_about() -> None:
    (one, kept_one), (two, kept_two), (three, kept_three) = found(1, A, EU), found(2, B, EU), found(3, A, US)
    said, entered = shared(
        eu_west_1={"analyzers": [EU, OF_ACCOUNT], "findings": {EU["arn"]: [one, two], OF_ACCOUNT["arn"]: [one]}},
        us_east_1={"analyzers": [US], "findings": {US["arn"]: [three]}},
    )
    assert entered == [DELEGATE]
    assert [it["arn"] for it in said.analyzers] == [EU["arn"], US["arn"]], "not the account's own"
    assert {owner: [it["id"] for it in findings] for owner, findings in said.findings.items()} == {
        A: [kept_one["id"], kept_three["id"]],
        B: [kept_two["id"]],
    }
    assert {it["analyzerArn"] for it in said.findings[A]} == {EU["arn"], US["arn"]}
    assert (said.analyzer_gaps, said.finding_gaps) == ({}, {})


@pytest.mark.parametrize(
    ("organization", "hub", "entered"),
    [
        (TREE, MANAGEMENT, []),
        (Organization(accounts=TREE.accounts, delegated=[HUB]), HUB, []),
        (Organization(accounts=TREE.accounts, delegated=[DELEGATE]), MANAGEMENT, [DELEGATE]),
        (TREE, HUB, [MANAGEMENT]),
    ],
    ids=["management account", "delegated itself", "somebody else is delegated", "nobody is delegated"],
)
def test_whoever_has_the_organizations_analyzers_is_asked_and_entered_only_if_it_is_another(
    organization: Organization, hub: str, entered: list[str]
) -> None:
    home = entered[0] if entered else hub
    one, _ = found(1, A, analyzer("eu-west-1", home))
    regions = {"eu-west-1": RegionAnswers(analyzers=[analyzer("eu-west-1", home)], findings={})}
    regions["eu-west-1"]["findings"] = {analyzer("eu-west-1", home)["arn"]: [one]}
    asked: list[str] = []

    def enter(account: str) -> Aws:
        asked.append(account)
        return aws(Wire(script=organization.script()), account, regions)

    here = aws(Wire(script=organization.script()), hub, {} if entered else regions)
    assert list(look(here, ID, enter).shared.findings) == [A]
    assert asked == entered


def test_management_account_that_refuses_has_no_analyzers_that_anybody_may_ask() -> None:
    """StackSets give it no role: what no analyzer is seen for is then told as that in each account."""
    assert look(aws(Wire(script=TREE.script())), ID, refusing).shared == Shared()


def test_management_account_that_may_not_have_answered_well_is_a_gap() -> None:
    def enter(_: str) -> Aws:
        raise NotEnteredError("AssumeRole: Throttling")

    why = Unavailable(reason="the organization's analyzers: AssumeRole: Throttling")
    gaps = dict.fromkeys(("eu-west-1", "us-east-1"), why)
    assert look(aws(Wire(script=TREE.script())), ID, enter).shared == Shared(analyzer_gaps=gaps, finding_gaps=gaps)


def test_region_whose_analyzers_do_not_answer_is_a_gap_and_the_others_are_seen() -> None:
    one, _ = found(1, A, US)
    said, _ = shared(
        eu_west_1={"errors": {"ListAnalyzers": "AccessDeniedException"}},
        us_east_1={"analyzers": [US], "findings": {US["arn"]: [one]}},
    )
    why = "the organization's analyzers: ListAnalyzers: AccessDeniedException: ListAnalyzers in eu-west-1: "
    assert {region: it.reason for region, it in said.analyzer_gaps.items()} == {
        "eu-west-1": f"{why}AccessDeniedException"
    }
    assert (list(said.findings), said.finding_gaps) == ([A], {})


def test_region_whose_findings_do_not_answer_is_a_gap_of_the_findings() -> None:
    said, _ = shared(eu_west_1={"analyzers": [EU], "errors": {"ListFindingsV2": "AccessDeniedException"}})
    assert (list(said.finding_gaps), said.analyzer_gaps) == (["eu-west-1"], {})


def test_region_that_is_closed_where_the_analyzers_are_says_nothing_about_the_others() -> None:
    said, _ = shared(eu_west_1={"errors": {"ListAnalyzers": "UnrecognizedClientException"}})
    assert said.analyzer_gaps == {}


@pytest.mark.parametrize("code", ["AccessDenied", "Throttling"])
def test_account_of_the_analyzers_that_cannot_be_entered_is_a_gap_of_every_region_and_no_end(code: str) -> None:
    def enter(_: str) -> Aws:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "AssumeRole")

    view = look(aws(Wire(script=DELEGATED.script())), ID, enter)
    why = Unavailable(reason=f"the organization's analyzers: AssumeRole: {code}: no")
    assert view.shared == Shared(
        analyzer_gaps={"eu-west-1": why, "us-east-1": why}, finding_gaps={"eu-west-1": why, "us-east-1": why}
    )
    assert len(view.accounts) == 5


# What it costs.


def calls(accounts: int, policies_each: int = 0) -> int:
    wire = Wire(script=of_size(accounts, policies_each).script())
    assert len(look(aws(wire), ID, refusing).accounts) == accounts
    return len(wire.calls)


def test_twenty_accounts_more_are_one_page_of_accounts_more_and_one_of_each_policys_targets() -> None:
    """AWS attaches a policy of each type to every account."""
    pages = (200 - 20) // 20
    assert calls(200) - calls(20) <= 3 * pages + 1
    wire = Wire(script=of_size(200).script())
    look(aws(wire), ID, refusing)
    assert len(wire.named("ListAccountsForParent")) == 10 + 3, "ten pages, and the units without accounts"
    assert len(wire.named("ListTargetsForPolicy")) == 2 * 11


def test_looking_asks_exactly_what_is_declared() -> None:
    hub, home = Wire(script=DELEGATED.script()), Wire(script=DELEGATED.script())
    look(aws(hub), ID, lambda it: aws(home, it, {"eu-west-1": {"analyzers": [EU], "findings": {EU["arn"]: []}}}))
    assert hub.actions | home.actions == set(ACTIONS)
    assert {it.partition(":")[0] for it in hub.actions} == {"organizations"}


def test_placed_account_is_told_as_aws_says_it() -> None:
    (placed,) = viewed(Organization(accounts={ROOT: [entry(A)]})).accounts.values()
    kept = {name: it for name, it in entry(A).items() if name != "Email"}
    assert placed == Placed(account=kept, parents=({"Id": ROOT, "Type": "ROOT"},))
