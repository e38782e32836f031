"""Ways to withhold by what no policy says."""

from tests.build import ACCOUNT
from tests.policy.escalations.account import Json, allow, deny, document
from tests.policy.escalations.stages import Stage
from tests.policy.escalations.ways import withholds
from tests.policy.escalations.written import shapes


@withholds()
def one_action_is_missing(stage: Stage) -> None:
    missing = stage.crucial()
    left = [it for it in stage.actions if it != missing]
    stage.give(*(allow(it) for it in left or ["s3:*"]))


@withholds()
def last_action_is_missing(stage: Stage) -> None:
    missing = stage.crucial(reversed(stage.actions))
    left = [it for it in stage.actions if it != missing]
    stage.give(*(allow(it) for it in left or ["iam:Get*"]))


@withholds()
def names_that_only_look_alike(stage: Stage) -> None:
    missing = stage.crucial()
    stage.give(*(allow(f"{it}s" if it == missing else it) for it in stage.actions))


@withholds()
def not_action_that_leaves_one_out(stage: Stage) -> bool:
    """Everything of its services but one action, and of IAM nothing else."""
    missing = stage.crucial()
    if "iam" in {it.partition(":")[0] for it in stage.actions}:
        return False
    left_out = [missing, "iam:*", "sts:*", "sso:*", "identitystore:*"]
    others = ("s3", "sqs", "sns")
    stage.actor.inline.append(
        document({"Effect": "Allow", "NotAction": left_out, "Resource": [f"arn:aws:{it}:*" for it in others]})
    )
    return True


@withholds()
def another_resource(stage: Stage) -> bool:
    action = stage.aimed()
    if not stage.other:
        return False
    stage.give(*(allow(it.action, stage.other if it.action == action else "*") for it in stage.needs))
    return True


@withholds()
def resource_of_another_account(stage: Stage) -> bool:
    action = stage.aimed()
    if stage.target == "*":
        return False
    foreign = stage.target.replace(ACCOUNT, "444455556666")
    stage.give(*(allow(it.action, foreign if it.action == action else "*") for it in stage.needs))
    return True


@withholds()
def resource_in_another_case(stage: Stage) -> bool:
    action = stage.aimed()
    if stage.target == "*":
        return False
    other = stage.target.replace("ana", "Ana")
    stage.give(*(allow(it.action, [other, f"{other}*"] if it.action == action else "*") for it in stage.needs))
    return True


@withholds()
def resource_by_a_pattern_that_does_not_admit_it(stage: Stage) -> bool:
    action = stage.aimed()
    if stage.target == "*":
        return False
    other = stage.target.replace("ana", "an?a*")
    stage.give(*(allow(it.action, other if it.action == action else "*") for it in stage.needs))
    return True


@withholds()
def variable_for_another_name(stage: Stage) -> bool:
    action = stage.aimed()
    if stage.target in ("*", stage.actor.arn):
        return False
    other = stage.target.rpartition("ana")[0] + "${aws:username}"
    stage.give(*(allow(it.action, other if it.action == action else "*") for it in stage.needs))
    return True


@withholds()
def variable_for_a_tag_that_it_lacks(stage: Stage) -> bool:
    action = stage.aimed()
    if stage.target == "*":
        return False
    other = stage.target.replace("ana", "${aws:PrincipalTag/team}*")
    stage.give(*(allow(it.action, other if it.action == action else "*") for it in stage.needs))
    return True


@withholds()
def not_resource_with_the_target(stage: Stage) -> bool:
    action = stage.aimed()
    if stage.target == "*":
        return False
    stage.give(*(allow(it) for it in stage.actions if it != action))
    spared: Json = {"Effect": "Allow", "Action": action, "NotResource": [stage.target]}
    stage.actor.inline.append(document(spared))
    return True


@withholds()
def new_resources_of_different_names(stage: Stage) -> bool:
    new, other = shapes(stage), shapes(stage, "web-*")
    actions = stage.on("new")
    if not new or len(actions) < 2:
        return False
    stage.crucial(actions[:1])
    for it in stage.needs:
        where = (new if it.action == actions[0] else other) if it.place == "new" else stage.resource(it)
        stage.give(allow(it.action, where))
    return True


@withholds()
def deny_on_the_names_of_what_is_new(stage: Stage) -> bool:
    new = shapes(stage)
    actions = stage.on("new")
    if not new:
        return False
    stage.give(*(allow(it.action, new if it.place == "new" else stage.resource(it)) for it in stage.needs))
    stage.give(deny(stage.crucial(actions), new))
    return True


@withholds()
def policy_that_nobody_holds(stage: Stage) -> None:
    stage.account.managed("ana-duties", document(stage.wide()))


@withholds()
def group_of_others(stage: Stage) -> None:
    stage.account.group("crew", inline=[document(stage.wide())])
