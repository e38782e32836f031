"""Chains by which somebody comes to be who can use the technique, and chains that break."""

from tests.build import ACCOUNT, arn
from tests.policy.escalations.account import allow, deny, document, trust
from tests.policy.escalations.stages import LIMITED, NOBODY, ROOT, Stage
from tests.policy.escalations.ways import grants, withholds

# That hold


@grants(by_role=True)
def through_a_role(stage: Stage) -> None:
    stage.give(stage.wide())
    stage.begins = stage.account.user("eve")
    stage.actor.trust = [trust({"AWS": stage.begins.arn})]
    stage.before |= {"assume-role"}


@grants(by_role=True)
def through_two_roles(stage: Stage) -> None:
    stage.give(stage.wide())
    between = stage.account.role("between", trust(ROOT), inline=[document(allow("sts:AssumeRole", stage.actor.arn))])
    stage.begins = stage.account.user("eve", inline=[document(allow("sts:*", arn("role/b*")))])
    stage.actor.trust = [trust({"AWS": between.arn})]
    stage.before |= {"assume-role"}


@grants(by_role=True)
def through_a_users_key_and_a_role(stage: Stage) -> None:
    stage.give(stage.wide())
    between = stage.account.user("between", inline=[document(allow("sts:AssumeRole"))])
    stage.begins = stage.account.user("eve", inline=[document(allow("iam:CreateAccessKey", between.arn))])
    stage.actor.trust = [trust(ROOT)]
    stage.before |= {"assume-role", "create-access-key"}


@grants()
def through_a_users_password(stage: Stage) -> None:
    stage.give(stage.wide())
    stage.begins = stage.account.user("eve", inline=[document(allow("iam:CreateLoginProfile", stage.actor.arn))])
    stage.before |= {"create-login-profile"}


@grants()
def group_joined_then_used(stage: Stage) -> None:
    crew = stage.account.group("crew")
    stage.give(stage.wide(), to=crew)
    stage.give(allow("iam:AddUserToGroup", crew.arn))
    stage.before |= {"add-user-to-group"}


@grants(gives=("boost", "unbind"), flavour="other")
def change_somebody_then_become_them(stage: Stage) -> None:
    stage.give(*stage.exact())


@grants(gives=("boost", "unbind"), flavour="itself")
def change_oneself(stage: Stage) -> None:
    stage.give(*stage.exact())


@grants(gives=("boost", "unbind"), flavour="itself", by_role=True)
def role_changes_itself(stage: Stage) -> None:
    stage.give(*stage.exact())


@grants(gives=("boost", "unbind"), flavour="other")
def changed_by_another_whom_one_can_become(stage: Stage) -> None:
    """One of two whom somebody can become changes the other."""
    stage.actor.inline.clear()
    stage.give(stage.wide())
    stage.begins = stage.account.user("eve")
    stage.begins.inline.append(document(allow("iam:CreateAccessKey", stage.actor.arn), *stage.extra))
    if stage.victim and stage.victim.kind == "role":
        stage.victim.trust = [trust({"AWS": stage.begins.arn})]
    stage.before |= {"create-access-key", "assume-role"}


@grants(by_role=True)
def service_linked_roles_and_those_of_others_are_no_matter(stage: Stage) -> None:
    stage.give(stage.wide())
    stage.account.role("stranger", NOBODY)
    stage.begins = stage.account.user("eve", inline=[document(allow("sts:AssumeRole", stage.actor.arn))])
    stage.actor.trust = [trust({"AWS": [ACCOUNT, "arn:aws:iam::444455556666:root"]})]
    stage.before |= {"assume-role"}


@grants()
def group_joined_that_denies_something_else(stage: Stage) -> None:
    crew = stage.account.group("crew")
    stage.give(stage.wide(), deny(["s3:DeleteBucket", "iam:DeleteAccountAlias"]), to=crew)
    stage.give(allow("iam:AddUserToGroup", crew.arn))
    stage.before |= {"add-user-to-group"}


@grants()
def two_groups_joined_for_what_they_give_together(stage: Stage) -> bool:
    first, *others = stage.exact()
    crews = [stage.account.group(f"crew-{number}") for number in range(2)]
    stage.give(first, to=crews[0])
    stage.give(*others or [first], to=crews[1])
    stage.give(allow("iam:AddUserToGroup", arn("group/crew-*")))
    stage.before |= {"add-user-to-group"}
    return bool(others)


@grants(gives=("boost",), flavour="itself")
def group_changed_then_joined(stage: Stage) -> bool:
    if stage.technique.target != "group":
        return False
    stage.give(*stage.exact(), allow("iam:AddUserToGroup", stage.target))
    stage.actor.groups.clear()
    stage.before |= {"add-user-to-group"}
    return True


@grants(gives=("boost",), flavour="itself")
def policy_of_a_group_changed_and_the_group_joined(stage: Stage) -> bool:
    if stage.technique.target != "policy":
        return False
    crew = stage.account.group("crew", managed=[stage.target])
    stage.give(*stage.exact(), allow("iam:AddUserToGroup", crew.arn))
    stage.actor.managed.clear()
    stage.before |= {"add-user-to-group"}
    return True


@grants(gives=("boost",), flavour="itself")
def policy_of_a_group_that_it_is_in(stage: Stage) -> bool:
    if stage.technique.target != "policy":
        return False
    stage.account.group("crew", stage.actor, managed=[stage.target])
    stage.give(*stage.exact())
    stage.actor.managed.clear()
    return True


@grants(gives=("boost",), flavour="other")
def boundary_taken_off_somebody_who_is_changed_then_become(stage: Stage) -> bool:
    if stage.victim is None:
        return False
    stage.victim.boundary = stage.account.managed("limit", LIMITED)
    kind = stage.victim.kind.capitalize()
    stage.give(*stage.exact(), allow(f"iam:Delete{kind}PermissionsBoundary", stage.victim.arn))
    stage.before |= {f"delete-{stage.victim.kind}-permissions-boundary"}
    return True


@grants(gives=("boost",), flavour="itself")
def boundary_taken_off_oneself_after_the_change(stage: Stage) -> bool:
    if stage.actor.kind != "user":
        return False
    leaves = [*stage.actions, "iam:DeleteUserPermissionsBoundary"]
    stage.actor.boundary = stage.account.managed("own-limit", document(allow(leaves)))
    stage.give(*stage.exact())
    stage.before |= {"delete-user-permissions-boundary"}
    return True


@withholds(gives=("boost",), flavour="other")
def boundary_that_is_taken_off_somebody_else(stage: Stage) -> bool:
    if stage.victim is None or not stage.on("target"):
        return False
    stage.victim.boundary = stage.account.managed("limit", LIMITED)
    kind = stage.victim.kind
    stage.give(*stage.exact(), allow(f"iam:Delete{kind.capitalize()}PermissionsBoundary", arn(f"{kind}/bo")))
    return True


@withholds(gives=("boost",), flavour="itself")
def group_changed_and_another_joined(stage: Stage) -> bool:
    if stage.technique.target != "group":
        return False
    stage.give(*stage.exact(), allow("iam:AddUserToGroup", stage.other))
    stage.actor.groups.clear()
    return True


# That break


@withholds(by_role=True)
def role_that_does_not_admit(stage: Stage) -> None:
    stage.give(stage.wide())
    stage.begins = stage.account.user("eve", inline=[document(allow("sts:AssumeRole", stage.actor.arn))])
    stage.actor.trust = [trust({"AWS": arn("user/adam")})]


@withholds(by_role=True)
def role_that_admits_the_account_and_no_permission(stage: Stage) -> None:
    stage.give(stage.wide())
    stage.begins = stage.account.user("eve", inline=[document(allow("sts:GetCallerIdentity"))])
    stage.actor.trust = [trust(ROOT)]


@withholds(by_role=True)
def role_that_denies(stage: Stage) -> None:
    stage.give(stage.wide())
    stage.begins = stage.account.user("eve", inline=[document(allow("sts:*", stage.actor.arn))])
    stage.actor.trust = [trust(ROOT), {**trust({"AWS": stage.begins.arn}), "Effect": "Deny"}]


@withholds(by_role=True)
def second_role_that_does_not_admit_the_first(stage: Stage) -> None:
    stage.give(stage.wide())
    stage.account.role("between", trust(ROOT), inline=[document(allow("sts:AssumeRole", stage.actor.arn))])
    stage.begins = stage.account.user("eve", inline=[document(allow("sts:AssumeRole", arn("role/between")))])
    stage.actor.trust = [trust({"AWS": arn("role/another")})]


@withholds()
def user_whose_password_is_set(stage: Stage) -> bool:
    stage.give(stage.wide())
    stage.actor.password = True
    stage.begins = stage.account.user("eve", inline=[document(allow("iam:CreateLoginProfile"))])
    # It may give the target a first password, too.
    return stage.technique.target != "user" or bool(stage.victim and stage.victim.password)


@withholds()
def group_that_cannot_be_joined(stage: Stage) -> bool:
    crew = stage.account.group("crew")
    stage.give(stage.wide(), to=crew)
    stage.give(allow("iam:AddUserToGroup", arn("group/another")))
    return stage.technique.gives != "join"


@withholds()
def right_of_somebody_else(stage: Stage) -> None:
    stage.give(stage.wide(), to=stage.account.user("adam"))


@withholds(gives=("boost", "unbind"), flavour="other")
def changed_somebody_whom_one_cannot_become(stage: Stage) -> bool:
    stage.give(*stage.exact())
    if not stage.on("target"):  # it could change itself
        return False
    if stage.victim and stage.victim.kind == "role":
        stage.victim.trust = [NOBODY]
    else:
        stage.actor.inline = stage.actor.inline[1:]
    return True
