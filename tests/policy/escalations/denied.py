"""Denials that bite, and denials that do not."""

from tests.policy.escalations.account import AWS_ADMINISTRATOR, Json, deny, document
from tests.policy.escalations.stages import Stage
from tests.policy.escalations.ways import grants, withholds

# That do not


@grants()
def deny_of_something_else(stage: Stage) -> None:
    stage.give(stage.wide(), deny(["polly:*", "iam:CreateVirtualMFADevices", "iam:DeleteAccountAlias"]))


@grants()
def deny_on_another_resource(stage: Stage) -> bool:
    stage.give(stage.wide())
    stage.give(deny(stage.on("target"), stage.other))
    return stage.other != "" and bool(stage.on("target"))


@grants()
def deny_on_all_but_the_target(stage: Stage) -> bool:
    stage.give(stage.wide())
    said: Json = {"Effect": "Deny", "Action": stage.on("target"), "NotResource": [stage.target]}
    stage.actor.inline.append(document(said))
    return stage.target != "*" and bool(stage.on("target"))


@grants()
def deny_by_a_group_of_others(stage: Stage) -> None:
    stage.give(stage.wide())
    stage.give(deny("*"), to=stage.account.group("locked"))


# That do


@withholds()
def deny_in_the_same_policy(stage: Stage) -> None:
    stage.give(deny(stage.crucial()), stage.wide())


@withholds()
def deny_in_a_managed_policy(stage: Stage) -> None:
    stage.give(*stage.exact())
    stage.actor.managed.append(stage.account.managed("fence", document(deny(stage.crucial()))))


@withholds()
def deny_in_a_policy_of_a_group(stage: Stage) -> bool:
    stage.give(stage.wide())
    if stage.actor.kind == "role":
        return False
    stage.give(deny(f"{stage.crucial()[:-2]}*"), to=stage.account.group("crew", stage.actor))
    return True


@withholds()
def deny_of_everything_but_something_else(stage: Stage) -> None:
    stage.give(stage.wide())
    stage.actor.inline.append(document({"Effect": "Deny", "NotAction": ["s3:*", "iam:List*"], "Resource": "*"}))


@withholds()
def deny_on_all_but_another_resource(stage: Stage) -> None:
    stage.give(stage.wide())
    spared = stage.other or "arn:aws:s3:::bucket"
    stage.actor.inline.append(document({"Effect": "Deny", "Action": stage.crucial(), "NotResource": [spared]}))


@withholds()
def deny_on_the_target(stage: Stage) -> bool:
    action = stage.aimed()
    if stage.target == "*":
        return False
    stage.give(stage.wide(), deny(action, stage.target.replace("ana", "a?a")))
    return True


@withholds()
def deny_by_a_variable(stage: Stage) -> bool:
    action = stage.aimed()
    if stage.target == "*":
        return False
    stage.give(stage.wide(), deny(action, stage.target.replace("ana", "${aws:username}")))
    return True


@withholds()
def everything_but_one_action(stage: Stage) -> bool:
    """Allowed everything, and denied all that could lead further."""
    fence: Json = {"Effect": "Deny", "NotAction": ["s3:*", "ec2:Describe*", "iam:Get*"], "Resource": "*"}
    stage.actor.managed += [AWS_ADMINISTRATOR, stage.account.managed("fence", document(fence))]
    return stage.technique.gives != "unbind" or not stage.itself
