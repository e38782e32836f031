"""Ways that hang on how somebody is signed in: with MFA, as a role, as a session with tags; and on paths of names."""

from tests.build import arn
from tests.policy.escalations.account import AWS_ADMINISTRATOR, FULL, Json, allow, deny, document, trust
from tests.policy.escalations.conditions import one, resource_tag
from tests.policy.escalations.stages import Stage
from tests.policy.escalations.ways import GRANTS, WITHHOLDS, Way, grants, withholds

MFA = "aws:MultiFactorAuthPresent"
WITH_MFA, WITHOUT_MFA = one("Bool", MFA, "true"), one("BoolIfExists", MFA, "false")


def _asked(stage: Stage) -> list[Json]:
    return [{**it, "Condition": WITH_MFA} for it in stage.exact()]


@grants()
def mfa_of_a_user_with_a_device(stage: Stage) -> None:
    stage.actor.device = True
    stage.give(*_asked(stage))
    stage.conditions.add(MFA.lower())


@grants()
def deny_without_mfa_of_a_user_with_a_device(stage: Stage) -> None:
    stage.actor.device = True
    stage.give(*stage.exact())
    stage.give(deny(stage.crucial(), Condition=WITHOUT_MFA))
    stage.conditions.add(f"unless {MFA.lower()}")


@grants()
def mfa_of_a_user_who_can_get_a_device(stage: Stage) -> None:
    stage.give(*_asked(stage))
    stage.give(allow(["iam:EnableMFADevice", "iam:CreateVirtualMFADevice"], ["arn:aws:iam::*:*/${aws:username}"]))
    stage.conditions.add(MFA.lower())


@withholds()
def mfa_of_a_user_without_a_device(stage: Stage) -> None:
    stage.give(*_asked(stage))


@withholds()
def deny_without_mfa_of_a_user_without_a_device(stage: Stage) -> None:
    stage.give(*stage.exact())
    stage.give(deny(stage.crucial(), Condition=WITHOUT_MFA))


# As a role


@grants(by_role=True)
def role_itself(stage: Stage) -> None:
    stage.give(*stage.exact())


@grants(by_role=True)
def tag_of_the_role(stage: Stage) -> None:
    stage.actor.tags = {"team": "red"}
    stage.give(stage.wide(Condition=one("StringEquals", "aws:PrincipalTag/team", "red")))


@grants(by_role=True)
def tag_that_a_session_may_bring(stage: Stage) -> None:
    stage.give(stage.wide(Condition=one("StringEquals", "aws:PrincipalTag/team", "red")))
    stage.conditions.add("aws:principaltag/team")


@grants(by_role=True)
def arn_of_the_role(stage: Stage) -> None:
    stage.give(stage.wide(Condition=one("ArnEquals", "aws:PrincipalArn", stage.actor.arn)))


@withholds(by_role=True)
def variable_that_roles_lack(stage: Stage) -> bool:
    action = stage.aimed()
    wrong = stage.target.replace("ana", "${aws:username}*")
    stage.give(*(allow(it.action, wrong if it.action == action else "*") for it in stage.needs))
    return stage.target != "*"


@withholds(by_role=True)
def only_for_users(stage: Stage) -> None:
    stage.give(stage.wide(Condition=one("StringEquals", "aws:PrincipalType", "User")))


@withholds(by_role=True)
def only_for_a_session_of_another_role(stage: Stage) -> None:
    stage.give(stage.wide(Condition=one("ArnLike", "aws:PrincipalArn", arn("role/bo*"))))


def _lets_itself_in(stage: Stage) -> bool:
    return any(it.place == "trusted" for it in stage.technique.needs)


@grants()
def boundary_that_says_nothing_of_assuming(stage: Stage) -> bool:
    """A user whom a trust policy names needs no permission, and no boundary limits it by being silent."""
    stage.give(stage.wide())
    stage.actor.boundary = stage.account.managed("own-limit", document(allow(stage.actions)))
    return _lets_itself_in(stage)


@grants(by_role=True)
def boundary_of_a_role_that_says_nothing_of_assuming(stage: Stage) -> bool:
    """The trust policy can name the session, which no boundary limits by being silent."""
    stage.give(stage.wide())
    stage.actor.boundary = stage.account.managed("own-limit", document(allow(stage.actions)))
    return _lets_itself_in(stage)


@grants(by_role=True)
def boundary_of_a_role_that_lets_it_assume(stage: Stage) -> bool:
    stage.give(stage.wide())
    stage.actor.boundary = stage.account.managed("own-limit", document(allow([*stage.actions, "sts:*"])))
    return _lets_itself_in(stage)


@withholds()
def denied_to_assume_what_it_made(stage: Stage) -> bool:
    stage.give(stage.wide(), deny("sts:AssumeRole"))
    return _lets_itself_in(stage)


@withholds()
def organization_that_denies_to_assume(stage: Stage) -> bool:
    stage.give(stage.wide())
    stage.account.levels = ([FULL], [FULL, document(deny("sts:Assume*"))], [FULL])
    return _lets_itself_in(stage)


@grants()
def name_in_the_trust_and_a_silent_boundary(stage: Stage) -> bool:
    if stage.technique.id != "assume-role" or stage.victim is None:
        return False
    stage.note(stage.wide())
    stage.victim.trust = [trust({"AWS": stage.actor.arn})]
    stage.actor.boundary = stage.account.managed("own-limit", document(allow("s3:*")))
    return True


@withholds(by_role=True)
def name_of_a_role_in_the_trust_and_a_silent_boundary(stage: Stage) -> bool:
    if stage.technique.id != "assume-role" or stage.victim is None:
        return False
    stage.victim.trust = [trust({"AWS": stage.actor.arn})]
    stage.actor.boundary = stage.account.managed("own-limit", document(allow("s3:*")))
    return True


@withholds()
def account_in_the_trust_and_a_silent_boundary(stage: Stage) -> bool:
    if stage.technique.id != "assume-role":
        return False
    stage.give(stage.wide())
    stage.actor.boundary = stage.account.managed("own-limit", document(allow("s3:*")))
    return True


# Of the target


@withholds(gives=("become",))
def only_on_itself(stage: Stage) -> bool:
    if stage.technique.target != "user":
        return False
    stage.give(*(allow(it, stage.actor.arn) for it in stage.actions))
    return True


@grants()
def workloads_that_were_not_seen(stage: Stage) -> bool:
    stage.give(stage.wide())
    stage.account.workloads = None
    return stage.technique.target == "workload"


@grants()
def allowed_and_all_but_what_is_needed_denied(stage: Stage) -> bool:
    fence: Json = {"Effect": "Deny", "NotAction": [*stage.everything, "sts:AssumeRole"], "Resource": "*"}
    stage.give(*stage.exact(), fence)
    return not stage.itself and stage.technique.gives != "join"


@grants(flavour="itself")
def boundary_that_it_can_rewrite(stage: Stage) -> bool:
    if stage.technique.target != "policy":
        return False
    stage.actor.boundary = stage.target
    stage.account.policies[stage.target][0] = document(allow(stage.actions))
    stage.actor.managed = [AWS_ADMINISTRATOR]
    stage.note(stage.wide())
    return True


@withholds(flavour="itself")
def boundary_that_it_cannot_rewrite(stage: Stage) -> bool:
    if stage.technique.target != "policy":
        return False
    stage.actor.boundary = stage.account.managed("limit", document(allow(stage.actions, stage.other)))
    stage.actor.managed = [AWS_ADMINISTRATOR]
    return True


TEAM_OF_ITS_OWN = one("StringEquals", "aws:ResourceTag/owner", "${aws:username}")
for _way in (
    Way(
        name="condition: target tagged with the name",
        grants=True,
        build=resource_tag({"owner": "ana"}, TEAM_OF_ITS_OWN),
    ),
    Way(name="condition: target tagged otherwise", grants=False, build=resource_tag({"owner": "bo"}, TEAM_OF_ITS_OWN)),
):
    (GRANTS if _way.grants else WITHHOLDS).append(_way)


def _under_a_path(stage: Stage) -> None:
    stage.give(*stage.exact())


def _by_a_pattern_of_the_path(stage: Stage) -> bool:
    stage.give(*stage.exact(lambda it: it.replace("/team/ana", "/te*/ana")))
    return stage.target != "*"


def _beside_the_path(stage: Stage) -> bool:
    action = stage.aimed()
    if "/team/" not in stage.target:
        return False
    wrong = stage.target.replace("/team/", "/")
    stage.give(*(allow(it.action, [wrong, f"{wrong}*"] if it.action == action else "*") for it in stage.needs))
    return True


GRANTS += [
    Way(name="names with a path", grants=True, build=_under_a_path, path="/team/"),
    Way(name="names with a path, by a pattern", grants=True, build=_by_a_pattern_of_the_path, path="/team/"),
]
WITHHOLDS.append(Way(name="names without their path", grants=False, build=_beside_the_path, path="/team/"))
