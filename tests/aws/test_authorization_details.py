"""Users, groups, roles and policies: pages, and every form in which AWS gives a policy."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from auditor.aws.gather import gather
from auditor.aws.source import MalformedEvidenceError, Reading
from auditor.aws.sources.authorization_details import AUTHORIZATION_DETAILS, read
from auditor.core.evidence import Answer
from auditor.core.model import Unavailable
from auditor.core.subjects.entities import Attachments, Group, Policy, Role, UserDetail
from auditor.policy.document import MalformedPolicyError, statements
from tests.aws.answers import ADMINISTRATOR, NO_DETAILS, group_entry, policy_entry, role_entry, user_entry
from tests.aws.wire import Wire, always, scripted
from tests.build import OWNER, ago, arn

DOCUMENT = json.loads(ADMINISTRATOR)


def gathered(wire: Wire) -> Any:
    answer = gather(scripted(wire), [AUTHORIZATION_DETAILS]).answers["authorization-details"]
    assert isinstance(answer, Answer)
    return answer.raw


def policies(reading: Reading) -> list[Policy]:
    return [it for it in reading.subjects if isinstance(it, Policy)]


def test_all_pages_are_joined_a_thousand_entities_each() -> None:
    pages = [
        {**NO_DETAILS, "UserDetailList": [user_entry("ana")], "Policies": [policy_entry("first")]},
        {**NO_DETAILS, "UserDetailList": [user_entry("bo")], "RoleDetailList": [role_entry()]},
        {**NO_DETAILS, "GroupDetailList": [group_entry()], "Policies": [policy_entry("last")]},
    ]

    def page(params: Any) -> dict[str, Any]:
        number = int(params.get("Marker", 0))
        more = {"IsTruncated": True, "Marker": str(number + 1)} if number < 2 else {"IsTruncated": False}
        return pages[number] | more

    wire = Wire(script={"GetAccountAuthorizationDetails": page})
    names = sorted(it.name for it in read(gathered(wire), OWNER).subjects if hasattr(it, "name"))
    assert names == ["ana", "bo", "deploy", "first", "last", "staff"]
    assert [dict(call.params) for call in wire.calls] == [
        {"MaxItems": 1000, **marker} for marker in ({}, {"Marker": "1"}, {"Marker": "2"})
    ]


def test_everything_that_is_asked_for_is_kept_as_aws_said_it() -> None:
    entry = user_entry("ana", Tags=[{"Key": "team", "Value": "red"}], PermissionsBoundary={})
    raw = gathered(Wire(script={"GetAccountAuthorizationDetails": always({**NO_DETAILS, "UserDetailList": [entry]})}))
    assert raw["UserDetailList"] == [{**entry, "CreateDate": ago(400).isoformat()}]


def test_entities_are_read() -> None:
    used = {"RoleLastUsed": {"LastUsedDate": ago(3).isoformat(), "Region": "eu-west-1"}}
    entries = [role_entry("old"), role_entry("used", **used), role_entry("never", RoleLastUsed=None)]
    raw = {
        "UserDetailList": [user_entry()],
        "GroupDetailList": [group_entry()],
        "RoleDetailList": entries,
        "Policies": [],
    }
    ana, staff, *roles, _ = read(raw, OWNER).subjects
    assert ana == UserDetail(resource=arn("user/ana"), uid="AIDA000000000ANA", name="ana", created=ago(400))
    assert staff == Group(resource=arn("group/staff"), uid="AGPA0000000STAFF", name="staff", created=ago(400))
    assert [(it.name, it.path, it.last_used) for it in roles if isinstance(it, Role)] == [
        ("old", "/", None),
        ("used", "/", ago(3)),
        ("never", "/", None),
    ]


@pytest.mark.parametrize(
    "document",
    [DOCUMENT, ADMINISTRATOR, quote(ADMINISTRATOR), quote(ADMINISTRATOR, safe=""), quote(json.dumps(DOCUMENT))],
    ids=["decoded", "json", "encoded", "encoded slashes", "encoded again"],
)
def test_policy_document_is_read_in_every_encoding(document: Any) -> None:
    inline = [{"PolicyName": "in", "PolicyDocument": document}]
    reading = read(
        {
            **NO_DETAILS,
            "UserDetailList": [user_entry(UserPolicyList=inline)],
            "GroupDetailList": [group_entry(GroupPolicyList=inline)],
            "RoleDetailList": [role_entry(RolePolicyList=inline)],
            "Policies": [policy_entry(document=document)],
        },
        OWNER,
    )
    assert [it.document for it in policies(reading)] == [DOCUMENT] * 4


def test_inline_policy_is_known_by_its_entitys_id_and_its_name() -> None:
    inline = [{"PolicyName": "in", "PolicyDocument": DOCUMENT}]
    (policy,) = policies(read({**NO_DETAILS, "RoleDetailList": [role_entry(RolePolicyList=inline)]}, OWNER))
    assert (policy.uid, policy.resource, policy.owner) == ("AROA000000DEPLOY/in", arn("role/deploy"), policy.resource)
    assert (policy.attached_to, policy.boundary_only) == ((policy.resource,), False)


def test_managed_policy_is_read_in_its_default_version() -> None:
    versions = [
        {"VersionId": "v2", "IsDefaultVersion": False, "Document": {"Statement": []}},
        {"VersionId": "v1", "IsDefaultVersion": True, "Document": DOCUMENT},
    ]
    (policy,) = policies(read({**NO_DETAILS, "Policies": [policy_entry(PolicyVersionList=versions)]}, OWNER))
    assert policy.document == DOCUMENT


RED = [{"Key": "team", "Value": "blue"}, {"Key": "stage", "Value": ""}, {"Key": "team", "Value": "red"}]


@pytest.mark.parametrize(("tags", "read_as"), [(RED, {"team": "red", "stage": ""}), ([], {}), (None, {})])
def test_entities_and_their_inline_policies_carry_the_entitys_tags(tags: Any, read_as: dict[str, str]) -> None:
    inline = [{"PolicyName": "in", "PolicyDocument": DOCUMENT}]
    user = user_entry(UserPolicyList=inline, Tags=tags)
    role = role_entry(RolePolicyList=inline, Tags=tags)
    *subjects, _ = read({**NO_DETAILS, "UserDetailList": [user], "RoleDetailList": [role]}, OWNER).subjects
    assert [type(it) for it in subjects] == [UserDetail, Role, Policy, Policy]
    assert [it.tags for it in subjects] == [read_as] * 4


def test_entity_without_tags_has_none() -> None:
    inline = [{"PolicyName": "in", "PolicyDocument": DOCUMENT}]
    entries = {"UserDetailList": [user_entry()], "RoleDetailList": [role_entry()], "Policies": [policy_entry()]}
    raw = {**NO_DETAILS, **entries, "GroupDetailList": [group_entry(GroupPolicyList=inline)]}
    assert [it.tags for it in read(raw, OWNER).subjects] == [{}] * 6


def test_managed_policy_carries_the_tags_that_the_evidence_gives_it_and_not_its_holders() -> None:
    held: dict[str, Any] = {
        "AttachedManagedPolicies": [{"PolicyName": name, "PolicyArn": arn(f"policy/{name}")} for name in "ab"]
    }
    entries = [policy_entry("a", Tags=RED), policy_entry("b")]
    raw = {**NO_DETAILS, "UserDetailList": [user_entry(**held, Tags=[RED[0]])], "Policies": entries}
    assert [it.tags for it in policies(read(raw, OWNER))] == [{"team": "red", "stage": ""}, {}]


@pytest.mark.parametrize(
    "versions",
    [
        None,
        [],
        [{"VersionId": "v2", "IsDefaultVersion": False, "Document": DOCUMENT}],
        [{"VersionId": "v1", "IsDefaultVersion": True}],
        [{"VersionId": "v1", "IsDefaultVersion": True, "Document": None}],
    ],
)
def test_policy_without_its_default_version_is_a_gap_and_the_others_are_read(versions: Any) -> None:
    raw = {**NO_DETAILS, "Policies": [policy_entry("cut", PolicyVersionList=versions), policy_entry("whole")]}
    reading = read(raw, OWNER)
    assert [it.name for it in policies(reading)] == ["whole"]
    why = Unavailable(reason="the evidence lacks its default version")
    assert reading.gaps == {Policy: {arn("policy/cut"): why}}


def test_managed_policy_names_all_that_hold_it() -> None:
    held: dict[str, Any] = {
        "AttachedManagedPolicies": [{"PolicyName": "everything", "PolicyArn": arn("policy/everything")}]
    }
    raw = {
        "UserDetailList": [user_entry(**held)],
        "GroupDetailList": [group_entry(**held)],
        "RoleDetailList": [role_entry(**held)],
        "Policies": [policy_entry(), policy_entry("unheld")],
    }
    everything, unheld = policies(read(raw, OWNER))
    assert everything.attached_to == (arn("group/staff"), arn("role/deploy"), arn("user/ana"))
    assert unheld.attached_to == ()


def test_account_knows_what_is_attached_to_anybody_and_to_roles() -> None:
    def holding(*names: str) -> dict[str, Any]:
        attached = [{"PolicyName": name, "PolicyArn": arn(f"policy/{name}")} for name in names]
        return {"AttachedManagedPolicies": attached}

    raw = {
        "UserDetailList": [user_entry(**holding("c", "a"), PermissionsBoundary={"PermissionsBoundaryArn": "x"})],
        "GroupDetailList": [group_entry(**holding("d"))],
        "RoleDetailList": [role_entry(**holding("b", "a"))],
        "Policies": [policy_entry("unheld")],
    }
    (attachments,) = (it for it in read(raw, OWNER).subjects if isinstance(it, Attachments))
    everything = tuple(arn(f"policy/{it}") for it in "abcd")
    assert attachments == Attachments(
        resource=OWNER.account, uid="account", by_roles=everything[:2], by_anyone=everything
    )


@pytest.mark.parametrize(("told", "changed"), [({"UpdateDate": ago(9).isoformat()}, ago(9)), ({}, None)])
def test_managed_policy_tells_when_it_was_changed(told: dict[str, Any], changed: Any) -> None:
    (policy,) = policies(read({**NO_DETAILS, "Policies": [policy_entry(CreateDate=ago(99), **told)]}, OWNER))
    assert policy.changed == changed


@pytest.mark.parametrize(("held", "bounds", "only"), [(0, 1, 1), (0, 0, 0), (1, 1, 0), (1, 0, 0)])
def test_policy_is_a_mere_boundary_while_nothing_else_holds_it(held: int, bounds: int, only: int) -> None:
    attached = [{"PolicyName": "everything", "PolicyArn": arn("policy/everything")}] * held
    boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn("policy/everything")}
    user = user_entry(AttachedManagedPolicies=attached, PermissionsBoundary=boundary if bounds else None)
    (policy,) = policies(read({**NO_DETAILS, "UserDetailList": [user], "Policies": [policy_entry()]}, OWNER))
    assert (policy.boundary_only, policy.boundary_of) == (bool(only), (arn("user/ana"),) * bounds)


def test_null_members_are_missing_members() -> None:
    nulls: dict[str, Any] = {
        "AttachedManagedPolicies": None,
        "UserPolicyList": None,
        "GroupPolicyList": None,
        "RolePolicyList": None,
    }
    raw = {
        "UserDetailList": [user_entry(**nulls)],
        "GroupDetailList": [group_entry(**nulls)],
        "RoleDetailList": [role_entry(**nulls, RoleLastUsed={"LastUsedDate": None, "Region": None})],
        "Policies": [],
    }
    assert len(read(raw, OWNER).subjects) == 4


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ([], "the document: Input should be a valid dictionary"),
        ({}, "UserDetailList: Field required"),
        ({**NO_DETAILS, "UserDetailList": None}, "UserDetailList: Input should be a valid list"),
        ({**NO_DETAILS, "UserDetailList": [user_entry(Arn=None)]}, "UserDetailList[0].Arn: Input should be"),
        (
            {**NO_DETAILS, "RoleDetailList": [role_entry(), role_entry(CreateDate="soon")]},
            "RoleDetailList[1].CreateDate",
        ),
        ({**NO_DETAILS, "RoleDetailList": [role_entry(CreateDate="2026-01-01T00:00:00")]}, "RoleDetailList[0].Create"),
        ({**NO_DETAILS, "UserDetailList": [user_entry(Tags=[{"Key": "team"}])]}, "UserDetailList[0].Tags[0].Value"),
    ],
)
def test_error_names_the_place(raw: Any, message: str) -> None:
    with pytest.raises(MalformedEvidenceError) as error:
        read(raw, OWNER)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("text", ["{", "[]", "%ZZ", ""])
def test_document_that_cannot_be_read_is_its_holders_alone(text: str) -> None:
    unreadable = [{"PolicyName": "in", "PolicyDocument": text}]
    entries = [user_entry("ana", UserPolicyList=unreadable), user_entry("ben")]
    reading = read({**NO_DETAILS, "UserDetailList": entries}, OWNER)
    (policy,) = policies(reading)
    with pytest.raises(MalformedPolicyError, match="not a policy document"):
        tuple(statements(policy.document))
    assert {it.name for it in reading.subjects if isinstance(it, UserDetail)} == {"ana", "ben"}
