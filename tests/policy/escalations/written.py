"""Ways to grant by what is written where: the place of a policy, its actions, its resources."""

import re

from tests.build import ACCOUNT
from tests.policy.escalations.account import Json, allow, deny, document
from tests.policy.escalations.stages import Stage
from tests.policy.escalations.ways import grants

# Where it is written


@grants()
def inline_policy(stage: Stage) -> None:
    stage.give(stage.wide())


@grants()
def managed_policy(stage: Stage) -> None:
    stage.note(stage.wide())
    stage.actor.managed.append(stage.account.managed("ana-duties", document(stage.wide())))


@grants()
def managed_policy_of_a_group(stage: Stage) -> None:
    stage.note(stage.wide())
    duties = stage.account.managed("ana-duties", document(stage.wide()))
    stage.account.group("crew", stage.actor, managed=[duties])


@grants()
def inline_policy_of_a_group(stage: Stage) -> None:
    stage.give(stage.wide(), to=stage.account.group("crew", stage.actor))


@grants()
def split_over_own_and_group(stage: Stage) -> bool:
    first, *others = stage.exact()
    if not others:
        return False
    stage.give(first)
    stage.give(*others, to=stage.account.group("crew", stage.actor))
    return True


@grants()
def split_over_three_managed_policies(stage: Stage) -> bool:
    said = stage.exact()
    stage.note(*said)
    if len(said) < 2:
        return False
    for number in range(3):
        part = said[number::3] or [allow("s3:ListAllMyBuckets")]
        stage.actor.managed.append(stage.account.managed(f"ana-part-{number}", document(*part)))
    return True


@grants()
def single_objects_and_strings_instead_of_lists(stage: Stage) -> None:
    for it in stage.exact():
        stage.note(it)
        stage.actor.inline.append({"Version": "2012-10-17", "Statement": it})


@grants()
def old_version_of_the_language(stage: Stage) -> None:
    stage.note(stage.wide())
    stage.actor.inline.append({"Version": "2008-10-17", "Statement": [stage.wide()]})


# How the actions are written


@grants()
def service_wildcard(stage: Stage) -> None:
    stage.give(allow([f"{it}:*" for it in stage.services]))


@grants()
def prefix_wildcard(stage: Stage) -> None:
    stage.give(allow([re.sub(r":([A-Z][a-z]*).*", r":\1*", it) for it in stage.actions]))


@grants()
def infix_wildcard(stage: Stage) -> None:
    stage.give(allow([f"{it[:-5]}*{it[-3:]}" for it in stage.actions]))


@grants()
def question_mark(stage: Stage) -> None:
    stage.give(allow([f"{it[:-2]}?{it[-1:]}" for it in stage.actions]))


@grants()
def odd_case(stage: Stage) -> None:
    said = [it.partition(":") for it in stage.actions]
    stage.give(allow([f"{service.upper()}:{name.swapcase()}" for service, _, name in said]))


@grants()
def not_action_that_leaves_them(stage: Stage) -> None:
    left_out = [it for it in ("s3:*", "dynamodb:*", "sqs:*") if it[:-2] not in stage.services]
    stage.granted.append("*")
    stage.actor.inline.append(document({"Effect": "Allow", "NotAction": left_out, "Resource": "*"}))


@grants()
def everything_but_what_is_not_needed(stage: Stage) -> bool:
    spared: Json = {"Effect": "Deny", "NotAction": [*stage.everything, "sts:AssumeRole", "s3:*"], "Resource": "*"}
    stage.give(allow("*"), spared)
    stage.granted = stage.everything
    return not stage.itself and stage.technique.gives != "join"


# On what


@grants()
def exact_target(stage: Stage) -> bool:
    stage.give(*stage.exact())
    return stage.target != "*" or stage.holder != "*"


@grants()
def pattern_that_admits_the_target(stage: Stage) -> bool:
    stage.give(*stage.exact(lambda it: it.replace("ana", "a*a").replace(":iam:", ":*:")))
    return stage.target != "*"


@grants()
def question_marks_in_the_target(stage: Stage) -> bool:
    stage.give(*stage.exact(lambda it: it.replace("ana", "a?a").replace(ACCOUNT, "?" * 12)))
    return stage.target != "*"


@grants()
def list_of_targets(stage: Stage) -> bool:
    if stage.target == "*":
        return False
    both = [stage.other, stage.target, "arn:aws:s3:::bucket/*"]
    stage.give(*(allow(it.action, both if it.place == "target" else "*") for it in stage.needs))
    return True


@grants()
def not_resource_that_leaves_the_target(stage: Stage) -> bool:
    stage.granted += stage.actions
    said: Json = {
        "Effect": "Allow",
        "Action": stage.actions,
        "NotResource": ["arn:aws:s3:::bucket", stage.other or "x"],
    }
    stage.actor.inline.append(document(said))
    return stage.other != ""


@grants()
def variable_for_the_name_of_the_user(stage: Stage) -> bool:
    stage.give(*stage.exact(lambda it: it.replace("ana", "${aws:username}")))
    return stage.target != "*"


@grants()
def variable_for_a_tag(stage: Stage) -> bool:
    stage.actor.tags = {"Team": "ana"}
    stage.give(*stage.exact(lambda it: it.replace("ana", "${aws:PrincipalTag/team}")))
    return stage.target != "*"


@grants()
def variable_with_a_default(stage: Stage) -> bool:
    stage.give(*stage.exact(lambda it: it.replace("ana", "${aws:PrincipalTag/team, 'ana'}")))
    return stage.target != "*"


@grants()
def new_resources_by_one_pattern(stage: Stage) -> bool:
    new = shapes(stage)
    if not new:
        return False
    stage.give(*(allow(it.action, new if it.place == "new" else stage.resource(it)) for it in stage.needs))
    return True


@grants()
def new_resources_by_a_variable(stage: Stage) -> bool:
    new = shapes(stage, "${aws:username}-*")
    if not new:
        return False
    stage.give(*(allow(it.action, new if it.place == "new" else stage.resource(it)) for it in stage.needs))
    return True


@grants()
def new_resources_but_some(stage: Stage) -> bool:
    new = shapes(stage)
    if not new:
        return False
    stage.give(*(allow(it.action, new if it.place == "new" else stage.resource(it)) for it in stage.needs))
    stage.give(deny(stage.on("new"), [it.replace("app-", "app-prod-") for it in new]))
    return True


NEW = {
    "codebuild": "codebuild:*:{}:project/app-*",
    "lambda": "lambda:*:{}:function:app-*",
    "states": "states:*:{}:stateMachine:app-*",
    "athena": "athena:*:{}:workgroup/app-*",
    "User": "iam::{}:user/app-*",
    "Role": "iam::{}:role/app-*",
    "Group": "iam::{}:group/app-*",
    "InstanceProfile": "iam::{}:instance-profile/app-*",
}


def shapes(stage: Stage, name: str = "app-*") -> list[str]:
    """Patterns of what the technique makes, as far as they are in `NEW`; none if they are not."""
    actions = stage.on("new")
    service = actions[0].partition(":")[0] if actions else ""
    kind = re.sub("^[a-z]+:Create", "", actions[0]) if service == "iam" else service
    return [f"arn:aws:{NEW[kind].format(ACCOUNT)}".replace("app-*", name)] if kind in NEW else []
