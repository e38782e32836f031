"""Ways to withhold by what the target is worth, and by who can have it."""

from tests.build import ACCOUNT, arn
from tests.policy.escalations.account import Json, allow, deny, document, trust
from tests.policy.escalations.stages import LIMITED, Stage, by_id, possible
from tests.policy.escalations.ways import withholds

# What it is worth


@withholds()
def worthless_target(stage: Stage) -> bool:
    if stage.worthless is None:
        return False
    stage.give(stage.wide())
    stage.worthless()
    return True


@withholds(gives=("become",))
def target_that_its_boundary_keeps_small(stage: Stage) -> bool:
    stage.give(stage.wide())
    if stage.victim is None:
        return False
    stage.victim.boundary = stage.account.managed("limit", LIMITED)
    return True


@withholds(gives=("become",))
def target_that_a_deny_keeps_small(stage: Stage) -> bool:
    stage.give(stage.wide())
    if stage.victim is None:
        return False
    stage.victim.inline.append(document(deny(["iam:*", "sts:*", "*:Update*", "*:Create*"])))
    return True


@withholds(gives=("become",))
def target_that_is_denied_all_but_a_service(stage: Stage) -> bool:
    stage.give(stage.wide())
    if stage.victim is None:
        return False
    stage.victim.inline.append(document({"Effect": "Deny", "NotAction": ["s3:*", "iam:Get*"], "Resource": "*"}))
    return True


@withholds(gives=("become",))
def target_whose_rights_ended(stage: Stage) -> bool:
    stage.give(stage.wide())
    if stage.victim is None:
        return False
    past = {"DateLessThan": {"aws:CurrentTime": "2021-01-01T00:00:00Z"}}
    stage.victim.managed = [stage.account.managed("ended", document(allow("*", Condition=past)))]
    return True


@withholds(gives=("boost",))
def changed_principal_has_a_boundary(stage: Stage) -> bool:
    stage.give(*stage.exact())
    changed = stage.actor if stage.itself else stage.victim
    if changed is None:
        return False
    own = stage.exact() if stage.itself else [allow("s3:*")]
    changed.boundary = stage.account.managed("limit", document(*own))
    return True


@withholds(gives=("boost",))
def changed_principal_is_denied_the_rest(stage: Stage) -> bool:
    """By a policy that the change does not reach."""
    stage.give(*(stage.exact() if stage.technique.target == "policy" else [stage.wide()]))
    changed = stage.actor if stage.itself else stage.victim
    if changed is None:
        return False
    fence: Json = {"Effect": "Deny", "NotAction": [*stage.everything, "s3:*"], "Resource": "*"}
    changed.managed.append(stage.account.managed("fence", document(fence)))
    return True


@withholds()
def fact_that_the_technique_needs_is_not_so(stage: Stage) -> bool:
    stage.give(stage.wide())
    victim, when = stage.victim, stage.technique.when
    if when == "other-version":
        stage.account.policies[stage.target] = stage.account.policies[stage.target][:1]
    elif when == "fewer-than-five-versions":
        stage.account.policies[stage.target] *= 2
    elif when == "five-versions":
        return False
    elif when == "management-account":
        stage.account.manages = False
    elif victim is None or when not in (
        "instance-profile",
        "password",
        "no-password",
        "fewer-than-two-keys",
        "mfa-device",
    ):
        return False
    elif when == "mfa-device":
        victim.password = False
    else:
        victim.profile = False
        victim.password = when == "no-password"
        victim.keys = 2
    return True


@withholds()
def other_version_is_harmless(stage: Stage) -> bool:
    stage.give(stage.wide())
    if stage.technique.when != "other-version":
        return False
    stage.account.policies[stage.target][1:] = [document(allow("s3:*"))]
    return True


@withholds()
def password_of_a_user_with_a_device(stage: Stage) -> bool:
    stage.give(stage.wide())
    if stage.technique.when != "password" or stage.victim is None:
        return False
    stage.victim.device = True
    return True


# Roles and what runs with them


@withholds(gives=("become",))
def role_trusts_another_service(stage: Stage) -> bool:
    stage.give(stage.wide())
    if not stage.technique.service or stage.technique.target != "role" or stage.victim is None:
        return False
    stage.victim.trust = [trust({"Service": "support.amazonaws.com"})]
    return True


@withholds(gives=("become",))
def role_trusts_the_service_for_another_account(stage: Stage) -> bool:
    stage.give(stage.wide())
    if not stage.technique.service or stage.technique.target != "role" or stage.victim is None:
        return False
    source = {"StringEquals": {"aws:SourceAccount": "444455556666"}}
    stage.victim.trust = [trust({"Service": list(stage.technique.service)}, Condition=source)]
    return True


@withholds(gives=("become",))
def role_denies_the_service(stage: Stage) -> bool:
    stage.give(stage.wide())
    if not stage.technique.service or stage.technique.target != "role" or stage.victim is None:
        return False
    stage.victim.trust.append({**trust({"Service": list(stage.technique.service)}), "Effect": "Deny"})
    return True


@withholds(gives=("become",))
def nothing_runs_with_the_role(stage: Stage) -> bool:
    stage.give(stage.wide())
    others = any(by_id()[it].target != "workload" for it in possible(stage.actions))
    if stage.technique.target != "workload" or stage.assumed or others:
        return False
    stage.account.workloads = (stage.account.workloads or [])[1:]
    return True


@withholds(gives=("become",))
def something_else_runs_with_the_role(stage: Stage) -> bool:
    stage.give(stage.wide())
    others = any(by_id()[it].target != "workload" for it in possible(stage.actions))
    if stage.technique.target != "workload" or stage.assumed or others:
        return False
    stage.account.workloads = (stage.account.workloads or [])[1:]
    kinds = ("AWS::Lambda::Function", "AWS::Glue::Job")
    other = kinds[stage.technique.workload == kinds[0]]
    stage.account.workload(other, f"arn:aws:x:eu-west-1:{ACCOUNT}:thing/x", stage.victim)
    return True


@withholds(gives=("become",))
def no_role_trusts_the_provider(stage: Stage) -> bool:
    stage.give(*stage.exact())
    if stage.technique.target != "provider" or stage.victim is None:
        return False
    stage.victim.trust = [trust({"Federated": stage.other}, "sts:AssumeRoleWithSAML")]
    stage.account.bodies[arn("role/bo")].trust = [trust({"Federated": stage.target}, "sts:AssumeRoleWithSAML")]
    return True


@withholds(gives=("become",))
def role_of_the_workload_cannot_be_passed(stage: Stage) -> bool:
    if "holder" not in {it.place for it in stage.needs} or stage.assumed:
        return False
    stage.give(*(allow(it.action, arn("role/bo") if it.place == "holder" else "*") for it in stage.needs))
    return True
