"""What the organization knows of the account: in one, in none, and as a member that may not ask."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from moto import mock_aws

from auditor.aws.evidence_files import decode, encode
from auditor.aws.gather import gather, snapshot
from auditor.aws.session import Aws, connect
from auditor.aws.source import MalformedEvidenceError
from auditor.aws.sources import SOURCES
from auditor.aws.sources.organization import LACKING, NO_ORGANIZATION, NOT_ANSWERED, ORGANIZATION, read
from auditor.checks import CATALOGUE
from auditor.core.evaluate import evaluate
from auditor.core.evidence import Answer, Evidence
from auditor.core.model import Membership, Observed, Unavailable
from auditor.core.subjects.organization import Affiliation, OrganizationMember
from tests.aws.wire import Params, Refused, Reply, Wire, always, in_turn, new_session, scripted
from tests.build import ACCOUNT, NOW, OWNER, affiliation, ago

MANAGEMENT = "999988887777"
ROOT, UNIT, INNER = "r-ab12", "ou-ab12-workload", "ou-ab12-payments"
ABOVE = {ACCOUNT: (INNER, "ORGANIZATIONAL_UNIT"), INNER: (UNIT, "ORGANIZATIONAL_UNIT"), UNIT: (ROOT, "ROOT")}
NOT_ALLOWED = Refused("AccessDeniedException", "You don't have permissions to access this resource.")
TAGS = {"team": "red", "stage": ""}
LONE = affiliation(organization=None, management=None, all_features=False)
BOUND = affiliation()
MEMBER = OrganizationMember(resource=ACCOUNT, uid=ACCOUNT, name="payments", path=(ROOT, UNIT, INNER), tags=TAGS)


def organization(management: str = ACCOUNT) -> dict[str, Any]:
    return {"Organization": {"Id": "o-a1b2c3d4e5", "FeatureSet": "ALL", "MasterAccountId": management}}


def parents(params: Params) -> dict[str, Any]:
    unit, kind = ABOVE[params["ChildId"]]
    return {"Parents": [{"Id": unit, "Type": kind}]}


def script(management: str = ACCOUNT, /, **replies: Reply) -> dict[str, Reply]:
    """The management account, or one to which everything is delegated, two units below the root."""
    account = {"Id": ACCOUNT, "Name": "payments", "Status": "ACTIVE", "JoinedTimestamp": ago(900)}
    tags = [{"Key": "team", "Value": "red"}, {"Key": "stage", "Value": ""}]
    answers: dict[str, Reply] = {
        "DescribeOrganization": always(organization(management)),
        "DescribeAccount": always({"Account": account}),
        "ListTagsForResource": always({"Tags": tags}),
        "ListParents": parents,
    }
    return answers | replies


def gathered(wire: Wire) -> Evidence:
    return gather(scripted(wire), [ORGANIZATION])


def seen(evidence: Evidence) -> Observed[OrganizationMember]:
    observed = snapshot(evidence, [ORGANIZATION]).of(OrganizationMember)
    assert isinstance(observed, Observed)
    return observed


def raw(**members: Any) -> dict[str, Any]:
    """The evidence file of a member."""
    above = [{"Id": unit, "Type": kind} for unit, kind in ABOVE.values()]
    whole = {**organization(), "Account": {"Id": ACCOUNT, "Name": "payments"}, "Tags": [], "Parents": above}
    return {name: it for name, it in (whole | members).items() if it is not ...}


@pytest.mark.parametrize("management", [ACCOUNT, MANAGEMENT], ids=["management", "delegated"])
def test_member_is_read_with_its_tags_and_the_units_above_it_root_first(management: str) -> None:
    observed = seen(gathered(Wire(script=script(management))))
    assert (observed.subjects, observed.gaps) == ((MEMBER,), {})


def test_tree_is_climbed_up_to_the_root_and_no_further() -> None:
    wire = Wire(script=script())
    gathered(wire)
    assert [call.params["ChildId"] for call in wire.named("ListParents")] == [ACCOUNT, INNER, UNIT]
    assert len(wire.calls) == 6


def test_empty_page_is_not_the_end_of_the_tags_or_of_the_tree() -> None:
    rest = {"Tags": [{"Key": "team", "Value": "red"}, {"Key": "stage", "Value": ""}]}

    def late(params: Params) -> Mapping[str, Any]:
        return parents(params) if "NextToken" in params else {"Parents": [], "NextToken": "more"}

    more = in_turn({"Tags": [], "NextToken": "more"}, rest)
    assert seen(gathered(Wire(script=script(ListTagsForResource=more, ListParents=late)))).subjects == (MEMBER,)


def test_all_that_was_answered_is_kept_as_aws_said_it() -> None:
    answer = gathered(Wire(script=script())).answers["organization"]
    assert isinstance(answer, Answer)
    assert sorted(answer.raw) == ["Account", "Organization", "Parents", "Tags"]
    assert answer.raw["Account"]["JoinedTimestamp"] == ago(900).isoformat()
    assert answer.raw["Parents"] == [{"Id": unit, "Type": kind} for unit, kind in ABOVE.values()]


def test_addresses_that_root_users_sign_in_with_are_not_kept() -> None:
    told = organization()["Organization"] | {"MasterAccountEmail": "boss@example.com"}
    account = {"Id": ACCOUNT, "Name": "payments", "Email": "root@example.com"}
    wire = Wire(
        script=script(DescribeOrganization=always({"Organization": told}), DescribeAccount=always({"Account": account}))
    )
    assert b"@" not in encode(gathered(wire))["organization.json"]


# Where there is nothing to see.


def test_account_in_no_organization_is_so_by_design_and_one_call_tells() -> None:
    wire = Wire(script={"DescribeOrganization": always(Refused("AWSOrganizationsNotInUseException"))})
    observed = seen(gathered(wire))
    assert (observed.subjects, observed.gaps) == ((), {ACCOUNT: NO_ORGANIZATION})
    assert NO_ORGANIZATION.inapplicable
    assert len(wire.calls) == 1


LATER = ("DescribeAccount", "ListTagsForResource", "ListParents")


@pytest.mark.parametrize("operation", LATER)
def test_member_that_may_not_ask_keeps_which_organization_it_is_in(operation: str) -> None:
    evidence = gathered(Wire(script=script(MANAGEMENT, **{operation: always(NOT_ALLOWED)})))
    answer = evidence.answers["organization"]
    assert isinstance(answer, Answer)
    assert answer.raw == organization(MANAGEMENT)
    assert (seen(evidence).subjects, seen(evidence).gaps) == ((), {ACCOUNT: NOT_ANSWERED})
    assert NOT_ANSWERED.inapplicable


@pytest.mark.parametrize("operation", LATER)
def test_management_account_that_may_not_ask_lacks_a_permission(operation: str) -> None:
    answer = gathered(Wire(script=script(**{operation: always(NOT_ALLOWED)}))).answers["organization"]
    message = "You don't have permissions to access this resource."
    assert answer == Unavailable(reason=f"{operation}: AccessDeniedException: {message}")


@pytest.mark.parametrize("management", [ACCOUNT, MANAGEMENT])
@pytest.mark.parametrize("operation", ["DescribeOrganization", *LATER])
def test_other_errors_are_not_by_design(operation: str, management: str) -> None:
    failing = script(management, **{operation: always(Refused("ServiceException", "later"))})
    answer = gathered(Wire(script=failing)).answers["organization"]
    assert answer == Unavailable(reason=f"{operation}: ServiceException: later")


def test_account_that_may_not_ask_which_organization_it_is_in_is_not_taken_for_one_in_none() -> None:
    answer = gathered(Wire(script=script(DescribeOrganization=always(NOT_ALLOWED)))).answers["organization"]
    assert isinstance(answer, Unavailable)
    assert not answer.inapplicable


ABOUT_AFFILIATION = [it for it in CATALOGUE.values() if it.kind is Affiliation]


@pytest.mark.parametrize(
    ("replies", "affiliation"),
    [
        ({"DescribeOrganization": always(Refused("AWSOrganizationsNotInUseException"))}, LONE),
        ({"DescribeOrganization": always(organization(MANAGEMENT)), "DescribeAccount": always(NOT_ALLOWED)}, BOUND),
    ],
    ids=["none", "member"],
)
def test_affiliation_is_known_wherever_the_rest_is_not(replies: dict[str, Reply], affiliation: Affiliation) -> None:
    known = snapshot(gathered(Wire(script=script(**replies))), SOURCES)
    observed = known.of(Affiliation)
    assert isinstance(observed, Observed)
    assert (observed.subjects, observed.gaps) == ((affiliation,), {})
    judged = evaluate(known, ABOUT_AFFILIATION)
    assert (judged.membership, judged.skipped) == (None, ())
    assert {it.check for it in judged.findings} == ({"account-outside-organization"} if affiliation is LONE else set())


def test_account_that_may_not_ask_is_neither_in_an_organization_nor_outside() -> None:
    known = evaluate(
        snapshot(gathered(Wire(script=script(DescribeOrganization=always(NOT_ALLOWED))))), CATALOGUE.values()
    )
    assert {it.id for it in ABOUT_AFFILIATION} <= set(known.unplanned_gaps)
    assert known.findings == ()


@pytest.mark.parametrize(
    ("features", "all_features"), [("ALL", True), ("CONSOLIDATED_BILLING", False)], ids=["all", "billing"]
)
def test_features_of_the_organization_are_read(features: str, *, all_features: bool) -> None:
    whole = raw(Organization={**organization()["Organization"], "FeatureSet": features})
    affiliation, _ = read(whole, OWNER).subjects
    assert isinstance(affiliation, Affiliation)
    assert (affiliation.all_features, affiliation.is_management) == (all_features, True)


def test_evaluation_knows_the_membership() -> None:
    known = evaluate(snapshot(gathered(Wire(script=script())), SOURCES), [])
    assert known.membership == Membership(name="payments", path=(ROOT, UNIT, INNER), tags=TAGS)


# Evidence that was made by hand.


def from_file(text: str) -> Evidence:
    account = json.dumps({"account": ACCOUNT, "partition": "aws", "gathered_at": NOW.isoformat()})
    return decode({"account.json": account.encode(), "organization.json": text.encode()}, NOW).evidence


def test_answers_of_the_aws_cli_that_follow_each_other_are_one_member() -> None:
    account = {"Account": {"Id": ACCOUNT, "Name": "payments"}}
    tags = {"Tags": [{"Key": key, "Value": value} for key, value in TAGS.items()]}
    above = [parents({"ChildId": child}) for child in ABOVE]
    text = "\n".join(map(json.dumps, [organization(), account, tags, *above]))
    assert seen(from_file(text)).subjects == (MEMBER,)


def test_saved_evidence_of_a_member_is_read_alike() -> None:
    evidence = gathered(Wire(script=script()))
    assert seen(decode(encode(evidence, [ORGANIZATION]), NOW).evidence) == seen(evidence)


def test_answer_of_which_organization_alone_is_a_members_by_design_and_the_management_accounts_lack() -> None:
    assert seen(from_file(json.dumps(organization(MANAGEMENT)))).gaps == {ACCOUNT: NOT_ANSWERED}
    assert seen(from_file(json.dumps(organization(ACCOUNT)))).gaps == {ACCOUNT: LACKING}
    assert not LACKING.inapplicable


def test_of_a_tag_that_is_listed_twice_the_last_counts() -> None:
    tags = [{"Key": "team", "Value": value} for value in ("red", "blue")]
    _, member = read(raw(Tags=tags), OWNER).subjects
    assert member.tags == {"team": "blue"}


TOP = {"Id": ROOT, "Type": "ROOT"}
UNDER = {"Id": UNIT, "Type": "ORGANIZATIONAL_UNIT"}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ([], "the document: Input should be a valid dictionary"),
        ({}, "Organization: Field required"),
        ({"Organization": {}}, "Organization.MasterAccountId: Field required"),
        ({"Organization": {"MasterAccountId": ACCOUNT}}, "Organization.Id: Field required"),
        (
            {"Organization": {"MasterAccountId": ACCOUNT, "Id": "o-a1b2c3d4e5", "FeatureSet": "SOME"}},
            "Organization.FeatureSet: Input should be 'ALL' or 'CONSOLIDATED_BILLING'",
        ),
        (raw(Account={"Id": ACCOUNT}), "Account.Name: Field required"),
        (raw(Account={"Id": MANAGEMENT, "Name": "x"}), f"Account.Id: {MANAGEMENT} is not the account {ACCOUNT}"),
        (raw(Tags=...), "Tags: Field required"),
        (raw(Tags=[{"Key": "team"}]), "Tags[0].Value: Field required"),
        (raw(Parents=...), "Parents: Field required"),
        (raw(Parents=[{"Id": ROOT, "Type": "TREE"}]), "Parents[0].Type: Input should be 'ROOT' or 'ORGANIZATIONAL_UNI"),
        (raw(Parents=[]), "Parents: they do not lead from the account up to the root"),
        (raw(Parents=[UNDER]), "Parents: they do not lead from the account up to the root"),
        (raw(Parents=[TOP, UNDER]), "Parents: they do not lead from the account up to the root"),
        (raw(Parents=[UNDER, TOP, UNDER, TOP]), "Parents: they do not lead from the account up to the root"),
    ],
)
def test_error_names_the_place(said: Any, message: str) -> None:
    with pytest.raises(MalformedEvidenceError) as error:
        read(said, OWNER)
    assert str(error.value).startswith(message)


# On moto.


@pytest.fixture
def in_moto() -> Iterator[Any]:
    """The management account of a new organization."""
    with mock_aws():
        client = new_session().client("organizations")
        client.create_organization(FeatureSet="ALL")
        yield client


def test_account_of_moto_is_found_where_it_was_moved_to(in_moto: Any) -> None:
    session, wire = new_session(), Wire()
    wire.mount(session)
    aws = connect(session, NOW)
    (top,) = in_moto.list_roots()["Roots"]
    outer = in_moto.create_organizational_unit(ParentId=top["Id"], Name="workload")["OrganizationalUnit"]["Id"]
    inner = in_moto.create_organizational_unit(ParentId=outer, Name="payments")["OrganizationalUnit"]["Id"]
    in_moto.move_account(AccountId=aws.owner.account, SourceParentId=top["Id"], DestinationParentId=inner)
    in_moto.tag_resource(ResourceId=aws.owner.account, Tags=[{"Key": "team", "Value": "red"}])
    (member,) = seen(gather(aws, [ORGANIZATION])).subjects
    assert (member.resource, member.path, member.tags) == (
        aws.owner.account,
        (top["Id"], outer, inner),
        {"team": "red"},
    )
    assert wire.actions - {"sts:GetCallerIdentity"} == set(ORGANIZATION.actions)


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "organizations.us-east-1.amazonaws.com"),
        ("us-gov-east-1", "organizations.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "organizations.cn-northwest-1.amazonaws.com.cn"),
    ],
)
def test_partitions_one_endpoint_is_asked_from_every_region(region: str, host: str) -> None:
    session, wire = new_session(region), Wire(script=script())
    wire.mount(session)
    gather(Aws(session=session, owner=OWNER, now=NOW), [ORGANIZATION])
    assert {call.host for call in wire.calls} == {host}
