"""Paths to administrator in small accounts, one idea each; `test_escalation_recall` has every technique."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from auditor.core.model import Observed, Subject, Unavailable
from auditor.core.subjects.credentials import CredentialRow
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
from tests.build import ACCOUNT, ADMINISTRATOR, ago, arn, credential_row, group, observed, policy, root_row, user_detail

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


NOBODY = trust(service="no-such-thing.amazonaws.com")


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
        made = policy(document(*statements), **{"name": name, "attached_to": (), **fields})
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
    assert world.steps(ana) == [f"assume-role role/r{n}" for n in range(20)]
    assert world.paths()[ana].more == 10


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


def test_somebody_else_is_put_into_a_group(world: World) -> None:
    world.group("admins", allow("*"))
    ana, bob = world.user("ana"), world.user("bob")
    world.role("manager", allow("iam:AddUserToGroup", arn("group/admins")), trusts=trust(ana))
    cyd = world.user("cyd", allow("iam:AddUserToGroup", arn("group/admins")), allow("iam:CreateAccessKey", bob))
    assert world.steps(ana) == ["assume-role role/manager", "add-user-to-group user/ana"]
    assert world.paths()[ana].steps[1].says == "role/manager puts user/ana into group/admins"
    assert world.steps(cyd) == ["add-user-to-group group/admins"]


def test_groups_that_open_one_another_are_joined_in_turn(world: World) -> None:
    world.group("outer", allow("iam:AddUserToGroup", arn("group/inner")))
    world.group("inner", allow("iam:CreateAccessKey", arn("user/boss")))
    ana = world.user("ana", allow("iam:AddUserToGroup", arn("group/outer")))
    assert world.steps(ana) == [
        "add-user-to-group group/outer",
        "add-user-to-group group/inner",
        "create-access-key user/boss",
    ]


def test_of_many_groups_only_the_useful_one_is_joined(world: World) -> None:
    for at in range(12):
        world.group(f"team-{at}", allow("iam:CreateAccessKey", arn(f"user/{'boss' if at == 7 else at}")))
    ana = world.user("ana", allow("iam:AddUserToGroup"))
    assert world.steps(ana) == ["add-user-to-group group/team-7", "create-access-key user/boss"]


def test_a_boundary_is_taken_off_before_a_group_outside_of_it_is_joined(world: World) -> None:
    world.group("keys", allow("iam:CreateAccessKey", arn("user/boss")))
    fence = world.managed("fence", allow(["iam:DeleteUserPermissionsBoundary", "iam:AddUserToGroup"]))
    ana = world.user("ana", allow(["iam:DeleteUserPermissionsBoundary", "iam:AddUserToGroup"]), boundary=fence)
    assert world.steps(ana) == [
        "delete-user-permissions-boundary user/ana",
        "add-user-to-group group/keys",
        "create-access-key user/boss",
    ]


def test_one_takes_the_boundary_off_and_another_gives_everything(world: World) -> None:
    ana = world.user("ana")
    fence = world.managed("fence", allow("s3:*"))
    world.role("cutter", allow("iam:DeleteRolePermissionsBoundary", arn("role/idle")), trusts=trust(ana))
    world.role("writer", allow("iam:PutRolePolicy", arn("role/idle")), trusts=trust(ana))
    world.role("idle", trusts=trust(ana), boundary=fence)
    assert world.steps(ana) == [
        "assume-role role/cutter",
        "delete-role-permissions-boundary role/idle",
        "assume-role role/writer",
        "put-role-policy role/idle",
        "assume-role role/idle",
    ]


def test_whoever_can_become_winners_together_wins_too(world: World) -> None:
    ana = world.user("ana")
    world.role("writer", allow("iam:AttachUserPolicy", ana), trusts=trust(ana))
    bob = world.user("bob", allow("iam:CreateAccessKey", ana))
    assert world.steps(bob)[0] == "create-access-key user/ana"
    assert len(world.steps(bob)) == 3


def test_a_sure_path_comes_before_one_that_has_to_be_assumed(world: World) -> None:
    world.role("run", allow("*"), trusts=trust(service="lambda.amazonaws.com"))
    near = world.role("near", allow("iam:PutRolePolicy", arn("role/near")), trusts=trust(ROOT))
    ana = world.user("ana", allow("lambda:UpdateFunctionCode"), allow("sts:AssumeRole", near))
    assert world.steps(ana) == ["assume-role role/near", "put-role-policy role/near"]


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


def test_a_boundary_that_allows_everything_but_iam_binds(world: World) -> None:
    fence = world.managed("fence", allow("*"), deny(["iam:*", "sts:*", "organizations:*"]))
    bound = world.user("bound", allow("*"), boundary=fence)
    idle = world.role("idle", trusts=trust(ROOT), boundary=fence)
    ana = world.user("ana", allow("iam:CreateAccessKey", bound))
    bob = world.user("bob", allow(["iam:PutRolePolicy", "sts:AssumeRole"], idle))
    paths = world.paths(more=organized())
    assert [(paths[it].administrator, paths[it].steps) for it in (bound, ana, bob)] == [(False, ())] * 3


def test_a_boundary_that_its_holder_can_take_off_costs_a_step(world: World) -> None:
    fence = world.managed("fence", allow("*"), deny("s3:DeleteBucket"))
    bound = world.user("bound", allow("*"), boundary=fence)
    assert world.steps(bound) == ["delete-user-permissions-boundary user/bound"]


def test_a_boundary_for_others_binds_who_is_not_one_of_them(world: World) -> None:
    for_red = allow("*", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})
    fence = world.managed("fence", for_red)
    blue = world.user("blue", allow("*"), boundary=fence, tags={"team": "blue"})
    red = world.user("red", allow("*"), boundary=fence, tags={"team": "red"})
    paths = world.paths()
    assert (paths[blue].administrator, paths[blue].steps) == (False, ())
    assert paths[red].administrator


def test_whoever_can_join_a_group_that_was_not_seen_was_not_seen_either(world: World) -> None:
    world.add(group("hidden", attached=(arn("policy/lost"),)))
    ana = world.user("ana", allow("iam:AddUserToGroup", arn("group/hidden")))
    new = allow(["iam:CreateUser", "iam:CreateAccessKey"], arn("user/new"))
    near = world.role("near", allow("iam:AddUserToGroup"), new, trusts=NOBODY)
    dan = world.user("dan")
    world.role("idle", allow("iam:AddUserToGroup"), trusts=NOBODY)
    busy = world.role("busy", allow("iam:AddUserToGroup"), allow("iam:CreateAccessKey", dan), trusts=NOBODY)
    world.user("bob", allow("iam:AddUserToGroup", arn("group/other")))
    gaps = world.observed(more=organized()).gaps
    assert {it for it in gaps if ":policy/" not in it and ":group/" not in it} == {ana, near, busy}
    assert gaps[ana].reason == f"it can join {arn('group/hidden')}, whose rights were not completely seen"


def test_a_user_newer_than_the_credential_report_is_a_target(world: World) -> None:
    ana = world.user("ana", allow("iam:CreateAccessKey", arn("user/boss")))
    bob = world.user("bob", allow("iam:CreateLoginProfile", arn("user/boss")))
    old = {CredentialRow: observed(credential_row("ana"), credential_row("bob"), root_row())}
    assert world.steps(ana, more=old) == ["create-access-key user/boss"]
    assert world.steps(bob, more=old) == ["create-login-profile user/boss"]


@pytest.mark.parametrize("by_profile", [False, True])
def test_whoever_runs_with_a_role_that_was_not_seen_was_not_seen_either(world: World, *, by_profile: bool) -> None:
    profile = arn("instance-profile/hidden")
    hidden = world.role("hidden", attached=(arn("policy/lost"),), trusts=NOBODY, instance_profiles=(profile,))
    name = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-1"
    if by_profile:
        made = Workload(resource=name, uid=name, type="AWS::EC2::Instance", profile=profile)
    else:
        made = Workload(resource=name, uid=name, type="AWS::Lambda::Function", role=hidden)
    ana = world.user("ana", allow(["lambda:UpdateFunctionCode", "ssm:SendCommand"]))
    seen = organized() | {Workload: observed(made)}
    assert ana in world.observed(more=seen).gaps


def test_what_is_known_of_one_that_was_not_seen_counts(world: World) -> None:
    fence = world.managed("fence", allow("s3:*"))
    hidden = world.role(
        "hidden", attached=(arn("policy/lost"),), trusts=trust(ROOT), boundary=fence, tags={"team": "red"}
    )
    for name in ("red", "blue"):
        world.user(name, allow("sts:AssumeRole", Condition={"StringEquals": {"aws:ResourceTag/team": name}}))
    bob = world.user("bob", allow(["iam:PutRolePolicy", "sts:AssumeRole"], hidden))
    gaps = world.observed(more=organized()).gaps
    assert gaps[arn("user/red")].reason.startswith(f"it can become {hidden}")
    assert arn("user/blue") not in gaps
    assert gaps[bob].reason.startswith(f"it can become {hidden}")


@pytest.mark.parametrize("key", ["aws:ResourceTag/team", "iam:PassedToService", "aws:RequestTag/team"])
def test_everything_on_some_targets_only_makes_no_administrator(world: World, key: str) -> None:
    near = world.user("near", allow("*", Condition={"StringEquals": {key: "red"}}))
    ana = world.user("ana", allow("iam:CreateAccessKey", near))
    paths = world.paths(more=organized())
    assert not paths[near].administrator
    assert bool(paths[ana].steps) is bool(paths[near].steps) is ("Tag" in key)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"Resource": ["arn:aws:iam::*:*"]},
        {"Resource": f"arn:aws:iam::{ACCOUNT}:*"},
        {"Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/rescue"}}},
    ],
)
def test_whom_a_deny_takes_all_of_iam_is_no_administrator(world: World, more: Json) -> None:
    near = world.user("near", allow("*"), {**deny("iam:*"), **more})
    rescue = world.role("rescue", allow("*"), {**deny("iam:*"), **more}, trusts=trust(ROOT))
    paths = world.paths(more=organized())
    assert not paths[near].administrator
    assert paths[rescue].administrator is ("Condition" in more)


def test_whom_the_organization_takes_everything_is_no_administrator(world: World) -> None:
    mighty = world.role("mighty", allow("*"), trusts=trust(ROOT))
    ana = world.user("ana", allow(["sts:AssumeRole", "iam:PutRolePolicy"], mighty))
    forbidden = deny("*", Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/mighty"}})
    assert world.steps(ana, more=organized()) == ["assume-role role/mighty"]
    assert world.steps(ana, more=organized(forbidden)) == []
    assert not world.paths(more=organized(forbidden))[mighty].administrator


def in_china(it: Any) -> Any:
    """The same with ARNs of China's partition."""
    if isinstance(it, str):
        return it.replace("arn:aws:", "arn:aws-cn:")
    if isinstance(it, dict):
        return {key: in_china(value) for key, value in it.items()}
    if isinstance(it, tuple | list):
        return type(it)(map(in_china, it))
    return replace(it, **{name: in_china(value) for name, value in vars(it).items()}) if isinstance(it, Subject) else it


@pytest.mark.parametrize("suffix", ["", ".cn"])
def test_roles_are_passed_in_china_by_either_name_of_a_service(suffix: str) -> None:
    world = World()
    service = f"ec2.amazonaws.com{suffix}"
    profile = arn("instance-profile/p")
    run = world.role("run", allow("*"), trusts=trust(service="ec2.amazonaws.com.cn"), instance_profiles=(profile,))
    to_ec2 = allow("iam:PassRole", run, Condition={"StringEquals": {"iam:PassedToService": service}})
    ana = world.user("ana", to_ec2, allow("ec2:RunInstances"))
    assert (world.steps(ana) == ["pass-role-to-new-instance role/run"]) is (suffix == "")
    world.subjects = [in_china(it) for it in world.subjects]
    (path,) = (it for it in world.paths().values() if it.name == "ana")
    assert [it.technique for it in path.steps] == ["pass-role-to-new-instance"]


@pytest.mark.parametrize("arn_of", ["arn:aws:iam::aws:policy/IAMFullAccess", arn("policy/staff")])
def test_a_policy_that_allows_iam_is_enough_to_attach(world: World, arn_of: str) -> None:
    world.managed("staff", allow(["iam:AttachRolePolicy", "iam:AttachUserPolicy"]))
    world.managed("harmless", allow("iam:Get*"))
    fence = world.managed("fence", allow(["iam:AttachUserPolicy", "lambda:*", "iam:PassRole"]))
    for name, policy_arn, boundary in (("ana", arn_of, None), ("bob", arn("policy/harmless"), None)):
        only = {"Condition": {"ArnEquals": {"iam:PolicyARN": policy_arn}}}
        world.user(name, allow("iam:AttachUserPolicy", arn(f"user/{name}"), **only), boundary=boundary)
    only = {"Condition": {"ArnEquals": {"iam:PolicyARN": arn_of}}}
    cyd = world.user("cyd", allow("iam:AttachUserPolicy", arn("user/cyd"), **only), boundary=fence)
    assert world.steps(arn("user/ana")) == ["attach-user-policy user/ana"]
    assert world.steps(arn("user/bob")) == []
    assert world.steps(cyd) == []


def versions(world: World, *others: Json, may: Any) -> str:
    """A user who holds a policy that has other versions and is allowed some actions on it."""
    world.add(
        replace(
            policy(document(allow(may)), name="tools", attached_to=(arn("user/ana"),), other_versions=others),
            resource=arn("policy/tools"),
            uid="ANPA-tools",
        )
    )
    return world.user("ana", attached=(arn("policy/tools"),))


def test_another_version_that_allows_iam_is_worth_making_the_default(world: World) -> None:
    ana = versions(world, document(allow("iam:*")), may="iam:SetDefaultPolicyVersion")
    assert world.steps(ana) == ["set-default-policy-version user/ana"]


@pytest.mark.parametrize(
    ("others", "may", "steps"),
    [
        (3, "iam:CreatePolicyVersion", ["create-policy-version user/ana"]),
        (4, "iam:CreatePolicyVersion", []),
        (4, ["iam:CreatePolicyVersion", "iam:DeletePolicyVersion"], ["replace-policy-version user/ana"]),
    ],
)
def test_a_sixth_version_of_a_policy_needs_room(world: World, others: int, may: Any, steps: list[str]) -> None:
    assert world.steps(versions(world, *[document(allow("s3:*"))] * others, may=may)) == steps


def test_what_users_sign_in_with_is_assumed_where_it_was_not_seen(world: World) -> None:
    ana = world.user("ana", allow("iam:CreateAccessKey", arn("user/boss")))
    old = {CredentialRow: observed(credential_row("ana"), root_row())}
    new = {CredentialRow: observed(credential_row("ana"), credential_row("boss"), root_row())}
    assumed = [world.paths(more=more)[ana].assumed for more in ({}, old, new)]
    assert [bool(it) for it in assumed] == [True, True, False]


def test_a_deny_in_a_policy_that_is_rewritten_is_gone(world: World) -> None:
    idle = arn("role/idle")
    fence = world.managed("fence", deny("iam:*"), allow("s3:*"), attached_to=(idle,))
    world.role("idle", trusts=trust(ROOT), attached=(fence,))
    ana = world.user("ana", allow("iam:CreatePolicyVersion", fence), allow("sts:AssumeRole", idle))
    bob = world.user("bob", allow("iam:PutRolePolicy", idle), allow("sts:AssumeRole", idle))
    own = world.managed(
        "own",
        allow("iam:CreatePolicyVersion"),
        {"Effect": "Deny", "NotAction": "iam:CreatePolicyVersion", "Resource": "*"},
        attached_to=(arn("user/cyd"),),
    )
    cyd = world.user("cyd", attached=(own,))
    more = organized()
    assert world.steps(ana, more=more) == ["create-policy-version role/idle", "assume-role role/idle"]
    assert world.steps(bob, more=more) == []
    assert world.steps(cyd, more=more) == ["create-policy-version user/cyd"]


def test_a_boundary_that_only_a_wide_one_may_replace_is_told_with_what_allows_that(world: World) -> None:
    fence = world.managed("fence", allow("s3:*"))
    near = world.user("near", allow("*"), boundary=fence)
    wide = {"Condition": {"ArnEquals": {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}}}
    ana = world.user("ana", allow("iam:CreateAccessKey", near), allow("iam:PutUserPermissionsBoundary", near, **wide))
    (step, _) = world.paths()[ana].steps
    assert step.permissions == ("iam:PutUserPermissionsBoundary by inline policy own, statement 2",)
    assert step.conditions == ()
