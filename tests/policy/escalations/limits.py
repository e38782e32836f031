"""Boundaries and policies of the organization that leave what it takes, and such that do not."""

from tests.build import arn
from tests.policy.escalations.account import AWS_ADMINISTRATOR, FULL, Json, allow, deny, document, trust
from tests.policy.escalations.stages import ROOT, Stage
from tests.policy.escalations.ways import grants, withholds

# That leave it


@grants(gives=("become", "unbind", "administrator", "join"))
def boundary_of_the_actor_that_leaves_what_is_needed(stage: Stage) -> bool:
    stage.give(stage.wide())
    stage.actor.boundary = stage.account.managed("own-limit", document(allow([*stage.everything, "s3:*"])))
    return stage.technique.gives != "join" or "iam:CreateUser" in stage.actions


@grants(gives=("boost",), flavour="other")
def boundary_of_the_actor_who_changes_another(stage: Stage) -> None:
    stage.give(stage.wide())
    stage.actor.boundary = stage.account.managed("own-limit", document(allow([*stage.everything, "s3:*"])))


@grants()
def boundary_that_allows_everything(stage: Stage) -> None:
    stage.give(stage.wide())
    stage.actor.boundary = stage.account.managed("own-limit", FULL)


@grants(gives=("boost",), flavour="itself")
def boundary_that_leaves_the_rights_over_iam(stage: Stage) -> None:
    """Once it holds everything that the boundary leaves, it goes on by another technique."""
    stage.give(stage.wide())
    stage.granted.append("iam:*")
    stage.actor.boundary = stage.account.managed("own-limit", document(allow(["iam:*", "s3:*"])))


@grants(gives=("boost",), flavour="itself")
def boundary_that_leaves_an_administrators_role(stage: Stage) -> None:
    stage.account.role("chief", trust(ROOT), managed=[AWS_ADMINISTRATOR])
    stage.give(stage.wide())
    stage.granted.append("sts:AssumeRole")
    stage.actor.boundary = stage.account.managed("own-limit", document(allow([*stage.actions, "sts:AssumeRole"])))


@grants()
def boundary_of_the_target_that_allows_everything(stage: Stage) -> bool:
    stage.give(stage.wide())
    if stage.victim is None or stage.victim.boundary:
        return False
    stage.victim.boundary = stage.account.managed("ana-limit", FULL)
    return True


@grants()
def allow_list_at_every_level(stage: Stage) -> bool:
    stage.give(stage.wide())
    services = document(allow([*(f"{it}:*" for it in stage.services), "sts:*", "iam:*"]))
    stage.account.levels = ([services], [services], [services])
    return not stage.account.manages


@grants()
def allow_lists_that_add_up_at_a_level(stage: Stage) -> bool:
    stage.give(stage.wide())
    first, rest = stage.actions[:1], [*stage.everything, "sts:AssumeRole", "iam:*"][1:]
    stage.account.levels = ([FULL], [document(allow(first)), document(allow(rest))], [FULL])
    return not stage.account.manages


@grants()
def service_control_policy_that_spares_the_actor(stage: Stage) -> bool:
    stage.give(stage.wide())
    spared = {"ArnNotLike": {"aws:PrincipalArn": [stage.actor.arn, arn("role/ana*"), arn("user/ana*")]}}
    stage.account.levels = ([FULL, document(deny("*", Condition=spared))], [FULL], [FULL])
    return not stage.account.manages


@grants()
def service_control_policy_about_something_else(stage: Stage) -> bool:
    stage.give(stage.wide())
    other = document(deny(["organizations:LeaveOrganization", "cloudtrail:StopLogging"]))
    stage.account.levels = ([FULL, other], [FULL, other], [FULL, other])
    return not stage.account.manages


@grants()
def service_control_policy_in_the_management_account(stage: Stage) -> None:
    stage.give(stage.wide())
    stage.account.levels = ([FULL, document(deny("*"))], [FULL], [FULL])
    stage.account.manages = True


@grants()
def service_control_policies_that_are_not_enabled(stage: Stage) -> bool:
    stage.give(stage.wide())
    stage.account.levels = ([document(deny("*"))], [], [])
    stage.account.enabled = ()
    return not stage.account.manages


@grants()
def resource_control_policy_about_something_else(stage: Stage) -> bool:
    stage.give(stage.wide())
    strangers = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
    fence = document(deny(["s3:*", "sts:AssumeRole", "sqs:*"], Condition=strangers))
    stage.account.resource_levels = ([FULL, fence], [FULL], [FULL])
    return not stage.account.manages


@grants()
def resource_control_policy_on_a_service_that_it_does_not_bind(stage: Stage) -> bool:
    stage.give(stage.wide())
    unbound = document(deny(["iam:*", "ec2:*", "lambda:*", "ecs:*", "glue:*"]))
    stage.account.resource_levels = ([FULL], [FULL, unbound], [FULL])
    return not stage.account.manages


# Boundaries that do not


@withholds()
def boundary_of_the_actor_that_leaves_out_an_action(stage: Stage) -> None:
    stage.give(stage.wide())
    missing = stage.crucial()
    left = [it for it in stage.everything if it != missing] or ["s3:*"]
    stage.actor.boundary = stage.account.managed("limit", document(allow(left)))


@withholds()
def boundary_of_the_actor_that_denies(stage: Stage) -> bool:
    stage.give(stage.wide())
    stage.actor.boundary = stage.account.managed("limit", document(allow("*"), deny(stage.crucial())))
    return not stage.itself


# Organizations that do not


def _level(number: int, *held: Json) -> tuple[list[Json], ...]:
    levels = [[FULL], [FULL], [FULL]]
    levels[number] = list(held)
    return tuple(levels)


def _denied_at(stage: Stage, number: int) -> bool:
    stage.give(stage.wide())
    stage.account.levels = _level(number, FULL, document(deny(stage.crucial())))
    return not stage.account.manages


def _not_listed_at(stage: Stage, number: int) -> bool:
    stage.give(stage.wide())
    missing = stage.crucial()
    listed = [*(it for it in stage.everything if it != missing), "s3:*", "sts:AssumeRole"]
    stage.account.levels = _level(number, document(allow([it for it in listed if it != missing])))
    return not stage.account.manages


@withholds()
def denied_at_the_root(stage: Stage) -> bool:
    return _denied_at(stage, 0)


@withholds()
def denied_at_the_unit(stage: Stage) -> bool:
    return _denied_at(stage, 1)


@withholds()
def denied_at_the_account(stage: Stage) -> bool:
    return _denied_at(stage, 2)


@withholds()
def not_listed_at_the_root(stage: Stage) -> bool:
    return _not_listed_at(stage, 0)


@withholds()
def not_listed_at_the_unit(stage: Stage) -> bool:
    return _not_listed_at(stage, 1)


@withholds()
def not_listed_at_the_account(stage: Stage) -> bool:
    return _not_listed_at(stage, 2)


@withholds()
def no_policy_at_a_level(stage: Stage) -> bool:
    stage.give(stage.wide())
    stage.account.levels = _level(1)
    return not stage.account.manages


@withholds()
def service_control_policy_for_all_but_another(stage: Stage) -> bool:
    stage.give(stage.wide())
    spared = {"ArnNotEquals": {"aws:PrincipalArn": arn("role/breakglass")}}
    stage.account.levels = _level(1, FULL, document(deny("*", Condition=spared)))
    return not stage.account.manages


@withholds()
def resource_control_policy_on_assuming_roles(stage: Stage) -> bool:
    stage.give(stage.wide())
    stage.account.resource_levels = _level(1, FULL, document(deny("sts:*")))
    needs = [it.action for it in stage.technique.needs]
    then_assumes = stage.technique.gives in ("boost", "unbind") and stage.before == {"assume-role"}
    return "sts:AssumeRole" in needs or then_assumes
