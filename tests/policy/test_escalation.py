"""Paths to administrator in small accounts, one idea each; `test_escalation_recall` has every technique."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from auditor.core.model import Observed, Subject, Unavailable
from auditor.core.subjects.entities import Group, Policy, Role, UserDetail
from auditor.core.subjects.escalation import EscalationPath
from auditor.core.subjects.organization import (
    Affiliation,
    AttachedPolicy,
    GuardrailLevel,
    OrganizationMember,
    OrganizationRoot,
)
from auditor.core.subjects.workloads import Workload
from auditor.policy.derive import derive
from tests.build import ACCOUNT, ADMINISTRATOR, ago, arn, group, observed, policy, user_detail

Json = Mapping[str, Any]
ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def allow(action: Any, on: Any = "*", **more: Any) -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": on, **more}


def deny(action: Any, on: Any = "*", **more: Any) -> Json:
    return {**allow(action, on, **more), "Effect": "Deny"}


def document(*statements: Json) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trust(*whom: str, service: str = "") -> dict[str, Any]:
    party = {"Service": service} if service else {"AWS": list(whom)}
    return document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": party})


class World:
    """An account that grows entity by entity."""

    def __init__(self) -> None:
        self.subjects: list[Subject] = []

    def held(self, owner: str, statements: tuple[Json, ...]) -> tuple[str, ...]:
        if statements:
            made = policy(document(*statements), name="own", owner=owner, attached_to=(owner,))
            self.subjects.append(replace(made, uid=f"{owner}/own", resource=owner))
        return ("own",) if statements else ()

    def user(self, name: str, *statements: Json, **fields: Any) -> str:
        inline = self.held(arn(f"user/{name}"), statements)
        self.subjects.append(user_detail(name, uid=f"AIDA-{name}", inline=inline, **fields))
        return arn(f"user/{name}")

    def role(self, name: str, *statements: Json, trusts: Json, **fields: Any) -> str:
        made = Role(resource=arn(f"role/{name}"), uid=f"AROA-{name}", name=name, created=ago(400), last_used=None)
        inline = self.held(made.resource, statements)
        self.subjects.append(replace(made, inline=inline, trust=trusts, **fields))
        return made.resource

    def group(self, name: str, *statements: Json, members: tuple[str, ...] = ()) -> str:
        inline = self.held(arn(f"group/{name}"), statements)
        self.subjects.append(group(name, inline=inline, members=members))
        return arn(f"group/{name}")

    def managed(self, name: str, *statements: Json, **fields: Any) -> str:
        made = policy(document(*statements), name=name, attached_to=(), **fields)
        self.subjects.append(replace(made, resource=arn(f"policy/{name}"), uid=f"ANPA-{name}"))
        return arn(f"policy/{name}")

    def add(self, *subjects: Subject) -> None:
        self.subjects += subjects

    def observed(self, **facts: Any) -> Observed[Subject]:
        known: dict[type[Subject], Any] = {kind: observed() for kind in (UserDetail, Group, Role, Policy)}
        for kind in {type(it) for it in self.subjects}:
            known[kind] = observed(*(it for it in self.subjects if type(it) is kind))
        found = derive(known | facts.get("more", {}))[EscalationPath]
        assert isinstance(found, Observed), found
        return found

    def paths(self, **facts: Any) -> dict[str, EscalationPath]:
        return {it.resource: it for it in self.observed(**facts).subjects if isinstance(it, EscalationPath)}

    def steps(self, who: str, **facts: Any) -> list[str]:
        return [f"{it.technique} {it.target.rpartition(':')[2]}".strip() for it in self.paths(**facts)[who].steps]


@pytest.fixture
def world() -> World:
    made = World()
    made.user("boss", allow("*"))
    return made


def test_administrator_has_no_path_and_is_told_to_be_one(world: World) -> None:
    (boss,) = world.paths().values()
    assert boss.administrator
    assert boss.steps == ()


def test_the_shortest_path_is_told(world: World) -> None:
    far = world.role("far", allow("*"), trusts=trust(ROOT))
    near = world.role("near", allow("sts:AssumeRole", far), trusts=trust(ROOT))
    ana = world.user("ana", allow("sts:AssumeRole", [near, far]))
    assert world.steps(ana) == ["assume-role role/far"]


def test_roles_are_assumed_one_after_the_other(world: World) -> None:
    roles = [arn(f"role/r{n}") for n in range(30)]
    for at in range(30):
        grants = (allow("*"),) if at == 29 else (allow("sts:AssumeRole", roles[at + 1]),)
        world.role(f"r{at}", *grants, trusts=trust(ROOT))
    ana = world.user("ana", allow("sts:AssumeRole", roles[0]))
    assert world.steps(ana) == [f"assume-role role/r{n}" for n in range(30)]


def test_a_newcomer_does_not_change_how_others_get_there(world: World) -> None:
    world.role("old", allow("*"), trusts=trust(ROOT))
    ana = world.user("ana", allow("sts:AssumeRole"))
    before = world.paths()[ana]
    world.role("a-new-one", allow("*"), trusts=trust(ROOT), created=ago(1))
    assert world.paths()[ana] == before


def test_roles_that_assume_one_another_for_ever_lead_nowhere(world: World) -> None:
    for at in range(3):
        world.role(f"r{at}", allow("sts:AssumeRole", arn(f"role/r{(at + 1) % 3}")), trusts=trust(ROOT))
    ana = world.user("ana", allow("sts:AssumeRole"))
    assert world.steps(ana) == []


def test_trust_by_name_needs_no_permission_and_trust_of_the_account_does(world: World) -> None:
    world.role("ours", allow("*"), trusts=trust(ROOT))
    ana, bob = world.user("ana"), world.user("bob")
    world.role("theirs", allow("*"), trusts=trust(ana))
    assert world.steps(ana) == ["assume-role role/theirs"]
    assert world.steps(bob) == []


def test_a_boundary_makes_a_policy_of_ones_own_worthless(world: World) -> None:
    fence = world.managed("fence", allow(["s3:*", "iam:PutUserPolicy"]))
    ana = world.user("ana", allow("iam:PutUserPolicy", arn("user/ana")), boundary=fence)
    bob = world.user("bob", allow("iam:PutUserPolicy", arn("user/bob")))
    assert world.steps(ana) == []
    assert world.steps(bob) == ["put-user-policy user/bob"]


def test_a_boundary_that_the_bounded_can_remove_binds_nobody(world: World) -> None:
    fence = world.managed("fence", allow("iam:*"))
    ana = world.user("ana", allow("iam:PutUserPolicy"), boundary=fence)
    assert world.steps(ana) == ["put-user-policy user/ana", "delete-user-permissions-boundary user/ana"]


def test_a_boundary_that_is_a_policy_which_can_be_rewritten_binds_nobody(world: World) -> None:
    fence = world.managed("fence", allow("iam:CreatePolicyVersion"), boundary_of=(arn("user/ana"),))
    ana = world.user("ana", allow("*"), boundary=fence)
    assert world.steps(ana) == ["create-policy-version user/ana"]


def test_somebody_is_changed_and_then_become(world: World) -> None:
    idle = world.role("idle", trusts=trust(ROOT))
    ana = world.user("ana", allow(["iam:PutRolePolicy", "sts:AssumeRole"], idle))
    assert world.steps(ana) == ["put-role-policy role/idle", "assume-role role/idle"]


def test_a_role_that_only_others_can_become_is_told_as_theirs(world: World) -> None:
    idle = world.role("idle", trusts=trust(service="ec2.amazonaws.com"))
    ana = world.user("ana", allow("iam:PutRolePolicy", idle))
    told = world.paths()[ana]
    assert told.steps == ()
    assert told.others == (idle,)


def test_two_under_one_control_do_what_neither_can_alone(world: World) -> None:
    ana = world.user("ana")
    world.role("writer", allow("iam:PutRolePolicy", arn("role/idle")), trusts=trust(ana))
    world.role("idle", trusts=trust(ana))
    assert world.steps(ana) == ["assume-role role/writer", "put-role-policy role/idle", "assume-role role/idle"]


def test_a_role_that_changes_whoever_assumes_it_is_a_path(world: World) -> None:
    ana = world.user("ana")
    world.role("writer", allow("iam:AttachUserPolicy", ana), trusts=trust(ana))
    assert world.steps(ana) == ["assume-role role/writer", "attach-user-policy user/ana"]


def test_a_group_is_joined_for_what_it_allows(world: World) -> None:
    world.group("staff", allow("iam:CreateAccessKey", arn("user/boss")))
    ana = world.user("ana", allow("iam:AddUserToGroup", arn("group/staff")))
    assert world.steps(ana) == ["add-user-to-group group/staff", "create-access-key user/boss"]


def test_a_group_of_administrators_is_joined_by_a_new_user_where_a_boundary_binds_the_old(world: World) -> None:
    world.group("admins", allow("*"))
    fence = world.managed(
        "fence", allow(["iam:AddUserToGroup", "iam:CreateUser"]), allow("iam:CreateAccessKey", arn("user/new-*"))
    )
    ana = world.user("ana", allow("iam:*"), boundary=fence)
    assert world.steps(ana) == ["put-new-user-into-group group/admins"]


def test_permissions_of_one_technique_may_come_from_anywhere(world: World) -> None:
    run = world.role("run", allow("*"), trusts=trust(service="lambda.amazonaws.com"))
    world.group("staff", allow("lambda:CreateFunction"), members=(arn("user/ana"),))
    shared = world.managed("shared", allow("lambda:InvokeFunction"))
    ana = world.user("ana", allow("iam:PassRole", run), groups=("staff",), attached=(shared,))
    bob = world.user("bob", allow("iam:PassRole", run), attached=(shared,))
    assert world.steps(ana) == ["pass-role-to-new-lambda-function-and-invoke role/run"]
    assert world.steps(bob) == []


def test_what_is_unknown_of_a_condition_is_told(world: World) -> None:
    mfa = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    ana = world.user("ana", allow("iam:CreateAccessKey", arn("user/boss"), **mfa))
    bob = world.user(
        "bob", allow("iam:CreateAccessKey"), deny("iam:*", Condition={"StringEquals": {"aws:SourceVpc": "x"}})
    )
    paths = world.paths()
    assert paths[ana].conditions == ("aws:MultiFactorAuthPresent",)
    assert paths[bob].conditions == ("unless aws:SourceVpc",)


def test_what_the_evidence_settles_of_a_condition_is_no_path(world: World) -> None:
    for name, team in (("ana", "red"), ("bob", "blue")):
        red = {"Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}}}
        world.user(name, allow("iam:CreateAccessKey", arn("user/boss"), **red), tags={"team": team})
    assert world.steps(arn("user/ana")) == ["create-access-key user/boss"]
    assert world.steps(arn("user/bob")) == []


def test_permissions_are_told_with_what_gives_them(world: World) -> None:
    world.group("staff", allow("iam:CreateAccessKey"), members=(arn("user/ana"),))
    ana = world.user("ana", groups=("staff",))
    (step,) = world.paths()[ana].steps
    assert step.says == "user/ana creates an access key of user/boss"
    assert step.permissions == ("iam:CreateAccessKey by inline policy own of group/staff, statement 1",)
    assert step.reference.startswith("https://")


def functions(*them: tuple[str, str]) -> Observed[Subject]:
    made = (Workload(resource=name, uid=name, type="AWS::Lambda::Function", role=role) for name, role in them)
    return observed(*made)


def test_workloads_that_were_not_seen_are_assumed_and_seen_ones_are_not(world: World) -> None:
    run = world.role("run", allow("*"), trusts=trust(service="lambda.amazonaws.com"))
    ana = world.user("ana", allow("lambda:UpdateFunctionCode"))
    (step,) = world.paths()[ana].steps
    assert step.assumed.startswith("the workloads were not seen")
    assert world.steps(ana, more={Workload: functions()}) == []
    name = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:report"
    (step,) = world.paths(more={Workload: functions((name, run))})[ana].steps
    assert "function:report" in step.says
    assert step.assumed == ""


def test_the_remedy_closes_the_most_paths(world: World) -> None:
    near = world.role("near", allow("iam:CreateAccessKey", arn("user/boss")), trusts=trust(ROOT))
    people = [world.user(f"user{n}", allow("sts:AssumeRole", near)) for n in range(3)]
    told = world.paths()[people[0]]
    assert [it.technique for it in told.steps] == ["assume-role", "create-access-key"]
    assert told.closes == 4
    assert "iam:CreateAccessKey" in told.remedy


def test_one_whose_policy_cannot_be_read_is_not_seen_and_the_others_are(world: World) -> None:
    ana = world.user("ana", {"Effect": "Perhaps", "Action": "*"})
    bob = world.user("bob", allow("iam:CreateAccessKey"))
    assert ana not in world.paths()
    assert world.steps(bob) == ["create-access-key user/boss"]


def test_whoever_can_become_one_that_was_not_seen_was_not_seen_either(world: World) -> None:
    hidden = world.role("hidden", attached=(arn("policy/lost"),), trusts=trust(ROOT))
    near = world.role("near", allow("sts:AssumeRole", hidden), trusts=trust(ROOT))
    ana = world.user("ana", allow("sts:AssumeRole", near))
    bob = world.user("bob", allow("s3:*"))
    cyd = world.user("cyd", allow("sts:AssumeRole", near), allow("iam:CreateAccessKey"))
    gaps = world.observed().gaps
    assert {hidden, near, ana} == set(gaps) - {arn("policy/lost")}
    assert gaps[ana].reason == f"it can become {hidden}, whose rights were not completely seen"
    assert world.steps(bob) == []
    assert world.steps(cyd) == ["create-access-key user/boss"]


def organized(*scps: Json, management: str = "999988887777") -> dict[type[Subject], Any]:
    levels = ("r-ab12", ACCOUNT)
    full = AttachedPolicy(name="FullAWSAccess", document=ADMINISTRATOR)
    own = AttachedPolicy(name="ours", document=document(*scps))
    kind = "SERVICE_CONTROL_POLICY"
    return {
        Affiliation: observed(
            Affiliation(
                resource=ACCOUNT, uid="account", organization="o-1", management=management, all_features=True, root=ROOT
            )
        ),
        OrganizationRoot: observed(OrganizationRoot(resource="r-ab12", uid="r-ab12", policy_types=(kind,))),
        OrganizationMember: observed(OrganizationMember(resource=ACCOUNT, uid="account", name="a", path=("r-ab12",))),
        GuardrailLevel: observed(
            GuardrailLevel(resource=levels[0], uid="1", type=kind, policies=(full, *([own] if scps else []))),
            GuardrailLevel(resource=levels[1], uid="2", type=kind, policies=(full,)),
        ),
    }


def test_a_service_control_policy_closes_a_path_of_members_only(world: World) -> None:
    ana = world.user("ana", allow("iam:CreateAccessKey", arn("user/boss")))
    forbidden = deny("iam:CreateAccessKey")
    assert world.steps(ana, more=organized()) == ["create-access-key user/boss"]
    assert world.steps(ana, more=organized(forbidden)) == []
    assert world.steps(ana, more=organized(forbidden, management=ACCOUNT)) == ["create-access-key user/boss"]


def test_policies_of_the_organization_that_were_not_seen_are_told(world: World) -> None:
    ana = world.user("ana", allow("iam:CreateAccessKey", arn("user/boss")))
    hidden = organized() | {GuardrailLevel: Unavailable(reason="denied")}
    assert world.paths(more=hidden)[ana].unseen == ("the organization's policies",)
    assert world.paths(more=organized())[ana].unseen == ()
    assert world.paths()[ana].unseen == ("the organization",)


def test_an_organizations_policy_that_cannot_be_read_makes_paths_unseen() -> None:
    known: dict[type[Subject], Any] = {kind: observed() for kind in (UserDetail, Group, Role, Policy)}
    known[UserDetail] = observed(user_detail())
    found = derive(known | organized({"Effect": "Perhaps"}))[EscalationPath]
    assert isinstance(found, Unavailable)
    assert "cannot be read" in found.reason
