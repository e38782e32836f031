"""Ways of a role's trust policy to admit somebody, or not: with and without a permission of its own."""

from collections.abc import Callable
from typing import Any

from tests.build import ACCOUNT, arn
from tests.policy.escalations.account import Json, allow, deny, trust
from tests.policy.escalations.stages import ROOT, Stage
from tests.policy.escalations.ways import GRANTS, WITHHOLDS, Way

ANA = {"AWS": arn("user/ana")}
STRANGER = {"AWS": "arn:aws:iam::444455556666:root"}
IN_ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
NOT_ANA: Json = {"Effect": "Deny", "Principal": ANA, "Action": "sts:AssumeRole"}


def under(**operators: Any) -> Json:
    return {"Condition": operators}


ADMITS: dict[str, tuple[list[Json], bool, tuple[str, ...]]] = {
    "account, and a permission": ([trust(ROOT)], True, ()),
    "digits of the account, and a permission": ([trust({"AWS": ACCOUNT})], True, ()),
    "name alone": ([trust(ANA)], False, ()),
    "name and a permission": ([trust(ANA)], True, ()),
    "name among others": ([trust({"AWS": [arn("user/bo"), arn("user/ana")]})], False, ()),
    "account and name": ([trust(ROOT), trust(ANA)], False, ()),
    "everybody": ([trust("*")], False, ()),
    "every AWS principal": ([trust({"AWS": "*"})], False, ()),
    "everybody of the organization": ([trust("*", Condition=IN_ORGANIZATION)], False, ()),
    "account, for one ARN": (
        [trust(ROOT, **under(ArnLike={"aws:PrincipalArn": arn("user/an*")}))],
        True,
        (),
    ),
    "everybody, for one ARN": ([trust("*", **under(StringLike={"aws:PrincipalArn": arn("user/an*")}))], False, ()),
    "tag of the principal": ([trust(ROOT, **under(StringEquals={"aws:PrincipalTag/team": "red"}))], True, ()),
    "external id": ([trust(ROOT, **under(StringEquals={"sts:ExternalId": "42"}))], True, ("sts:externalid",)),
    "session name": ([trust(ANA, **under(StringLike={"sts:RoleSessionName": "a*"}))], False, ("sts:rolesessionname",)),
    "address": ([trust(ANA, **under(IpAddress={"aws:SourceIp": "192.0.2.0/24"}))], False, ("aws:sourceip",)),
    "all of its actions": ([trust(ANA, "sts:*")], False, ()),
    "action in odd case": ([trust(ROOT, "STS:assumerole")], True, ()),
    "two actions": ([trust(ROOT, ["sts:TagSession", "sts:AssumeRole"])], True, ()),
    "deny of somebody else": ([trust(ROOT), {**NOT_ANA, "Principal": {"AWS": arn("user/bo")}}], True, ()),
    "deny that does not bite": (
        [trust(ROOT), {**NOT_ANA, **under(StringNotEquals={"aws:PrincipalOrgID": "o-a1b2c3d4e5"})}],
        True,
        (),
    ),
    "deny that may not bite": (
        [trust(ANA), {**NOT_ANA, **under(NotIpAddress={"aws:SourceIp": "192.0.2.0/24"})}],
        False,
        ("unless aws:sourceip",),
    ),
    "not another principal": (
        [{"Effect": "Allow", "NotPrincipal": {"AWS": arn("user/bo")}, "Action": "sts:AssumeRole"}],
        False,
        (),
    ),
}
"""Trust statements, whether ana has a permission of its own besides, and the conditions that stay open."""

TURNS_AWAY: dict[str, tuple[list[Json], bool]] = {
    "account without a permission": ([trust(ROOT)], False),
    "another name": ([trust({"AWS": arn("user/bo")})], True),
    "name in another case": ([trust({"AWS": arn("user/Ana")})], True),
    "role of the same name": ([trust({"AWS": arn("role/ana")})], True),
    "another account": ([trust(STRANGER)], True),
    "a service": ([trust({"Service": "ec2.amazonaws.com"})], True),
    "a provider": ([trust({"Federated": arn("saml-provider/adfs")}, "sts:AssumeRoleWithSAML")], True),
    "another action": ([trust(ROOT, ["sts:TagSession", "sts:AssumeRoleWithSAML"])], True),
    "deny": ([trust(ROOT), NOT_ANA], True),
    "deny of the account": ([trust(ANA), {**NOT_ANA, "Principal": ROOT}], True),
    "deny of everybody": ([trust(ANA), {**NOT_ANA, "Principal": "*"}], True),
    "deny that bites": ([trust(ROOT), {**NOT_ANA, **under(StringNotEquals={"aws:PrincipalOrgID": "o-z"})}], True),
    "another organization": ([trust("*", **under(StringEquals={"aws:PrincipalOrgID": "o-z"}))], True),
    "another ARN": ([trust(ROOT, **under(ArnNotLike={"aws:PrincipalArn": arn("user/an*")}))], True),
    "another tag": ([trust(ROOT, **under(StringEquals={"aws:PrincipalTag/team": "blue"}))], True),
    "a day that is over": ([trust(ANA, **under(DateLessThan={"aws:CurrentTime": "2020-01-01T00:00:00Z"}))], True),
    "not this principal": (
        [{"Effect": "Allow", "NotPrincipal": {"AWS": [arn("user/ana"), ACCOUNT]}, "Action": "sts:AssumeRole"}],
        True,
    ),
    "nobody": ([], True),
}
OWN: dict[str, list[Json]] = {
    "own deny of the role": [allow("sts:AssumeRole"), deny("sts:AssumeRole", arn("role/ana-*"))],
    "own permission for another role": [allow("sts:AssumeRole", arn("role/bo"))],
    "own permission under a condition that is not met": [
        allow("sts:AssumeRole", Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}})
    ],
}
"""Own permissions that do not do where the trust policy names the account."""


def _trusting(said: list[Json], own: list[Json], conditions: tuple[str, ...] = ()) -> Callable[[Stage], bool | None]:
    def build(stage: Stage) -> bool:
        if stage.technique.id != "assume-role" or stage.victim is None:
            return False
        stage.actor.tags = {"team": "red"}
        stage.victim.trust = list(said)
        stage.note(stage.wide())
        if own:
            stage.give(*own)
        stage.conditions |= set(conditions)
        return True

    return build


PERMISSION = [allow("sts:AssumeRole")]
for _name, (_said, _permitted, _open) in ADMITS.items():
    _build = _trusting(_said, PERMISSION if _permitted else [], _open)
    GRANTS.append(Way(name=f"trust: {_name}", grants=True, build=_build))
for _name, (_said, _permitted) in TURNS_AWAY.items():
    _build = _trusting(_said, PERMISSION if _permitted else [])
    WITHHOLDS.append(Way(name=f"trust: {_name}", grants=False, build=_build))
for _name, _own in OWN.items():
    WITHHOLDS.append(Way(name=f"trust: {_name}", grants=False, build=_trusting([trust(ROOT)], _own)))
