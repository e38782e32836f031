"""Conditions that a request certainly meets, certainly does not meet, or may meet, as ways to grant and to withhold."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.build import ACCOUNT, arn
from tests.policy.escalations.account import ORGANIZATION, PATH, Json, allow, deny, document
from tests.policy.escalations.stages import Stage
from tests.policy.escalations.ways import GRANTS, WITHHOLDS, Way

TEAM, ORG = "aws:PrincipalTag/team", "aws:PrincipalOrgID"
ORG_PATH = f"{ORGANIZATION}/{PATH[0]}/{PATH[1]}/"
ADMINISTRATOR_ACCESS, READ_ONLY = (f"arn:aws:iam::aws:policy/{it}" for it in ("AdministratorAccess", "ReadOnlyAccess"))


def one(operator: str, key: str, *values: Any) -> Json:
    return {operator: {key: list(values) if len(values) != 1 else values[0]}}


MET: dict[str, Json] = {
    "principal arn": one("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:*/an?"),
    "principal arn as text": one("StringEquals", "aws:principalarn", arn("user/bo"), arn("user/ana")),
    "name of the user": one("StringLike", "aws:username", "a*"),
    "tag of the principal": one("StringEquals", TEAM, "red", "green"),
    "tag of the principal in any case": one("StringEqualsIgnoreCase", TEAM, "RED"),
    "not another tag": one("StringNotEquals", TEAM, "blue"),
    "a tag that it lacks is not that": one("StringNotLike", "aws:PrincipalTag/unit", "b*"),
    "a tag that it lacks, if it exists": one("StringEqualsIfExists", "aws:PrincipalTag/unit", "blue"),
    "null of a tag that it lacks": one("Null", "aws:PrincipalTag/unit", "true"),
    "null of a tag that it has": {"Null": {TEAM: False}},
    "organization": one("StringEquals", ORG, ORGANIZATION),
    "path in the organization": one("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", f"{ORGANIZATION}/r-ab12/*"),
    "account": one("StringEquals", "aws:PrincipalAccount", ACCOUNT),
    "account of the resource": one("StringEquals", "aws:ResourceAccount", ACCOUNT),
    "type of the principal": one("StringEquals", "aws:PrincipalType", "User"),
    "after a day that is over": one("DateGreaterThan", "aws:CurrentTime", "2020-01-01T00:00:00Z"),
    "before a day far off": one("DateLessThan", "aws:CurrentTime", "2099-01-01T00:00:00Z"),
    "seconds of that": one("NumericGreaterThanEquals", "aws:EpochTime", "1577836800"),
    "transport": {"Bool": {"aws:SecureTransport": True}},
    "no service asks": one("Bool", "aws:PrincipalIsAWSService", "false"),
    "all of two": {**one("StringEquals", TEAM, "red"), **one("Bool", "aws:SecureTransport", "true")},
    "set of nothing": one("ForAllValues:StringEquals", "aws:PrincipalTag/unit", "blue"),
}
"""What holds of a request by the user ana, whose tag team is red."""

MISSED: dict[str, Json] = {
    "principal arn": one("ArnEquals", "aws:PrincipalArn", arn("user/bo"), arn("role/an*")),
    "principal arn as exact text": one("StringEquals", "aws:PrincipalArn", arn("user/an*")),
    "name of the user": one("StringNotLike", "aws:username", "a*"),
    "tag of the principal": one("StringEquals", TEAM, "blue"),
    "tag of the principal in that case": one("StringEquals", TEAM, "Red"),
    "not that tag": one("StringNotEqualsIgnoreCase", TEAM, "RED"),
    "a tag that it lacks": one("StringLike", "aws:PrincipalTag/unit", "*"),
    "null of a tag that it lacks": one("Null", "aws:PrincipalTag/unit", "false"),
    "null of a tag that it has": {"Null": {TEAM: True}},
    "another organization": one("StringEquals", ORG, "o-z9y8x7w6v5"),
    "path of another unit": one(
        "ForAnyValue:StringLike", "aws:PrincipalOrgPaths", f"{ORGANIZATION}/r-ab12/ou-ab12-x/*"
    ),
    "account": one("StringNotEquals", "aws:PrincipalAccount", ACCOUNT),
    "account of the resource": one("StringEquals", "aws:ResourceAccount", "444455556666"),
    "type of the principal": one("StringEquals", "aws:PrincipalType", "AssumedRole"),
    "before a day that is over": one("DateLessThan", "aws:CurrentTime", "2020-01-01T00:00:00Z"),
    "sessions of long ago": one("DateLessThan", "aws:TokenIssueTime", "2020-01-01T00:00:00Z"),
    "no transport": one("Bool", "aws:SecureTransport", "false"),
    "a service asks": one("Bool", "aws:PrincipalIsAWSService", "true"),
    "one of two": {**one("StringEquals", TEAM, "blue"), **one("IpAddress", "aws:SourceIp", "10.0.0.0/8")},
    "any of a set of nothing": one("ForAnyValue:StringEquals", "aws:PrincipalTag/unit", "blue"),
}
"""What does not hold of any request by that user."""

OPEN: dict[str, Json] = {
    "address": one("IpAddress", "aws:SourceIp", "192.0.2.0/24"),
    "network": one("StringEquals", "aws:SourceVpc", "vpc-1"),
    "region": one("StringEquals", "aws:RequestedRegion", "eu-west-1"),
    "agent": one("StringLike", "aws:UserAgent", "console*"),
    "called through": one("ForAnyValue:StringEquals", "aws:CalledVia", "cloudformation.amazonaws.com"),
    "address, if it exists": one("IpAddressIfExists", "aws:SourceIp", "192.0.2.0/24"),
    "two": {**one("IpAddress", "aws:SourceIp", "192.0.2.0/24"), **one("StringEquals", "aws:SourceVpc", "vpc-1")},
}
"""What an account's evidence does not settle."""


def keys(condition: Json) -> set[str]:
    return {key.lower() for block in condition.values() for key in block}


@dataclass(frozen=True)
class Conditional:
    """Grants with a condition; or grants, and denies under the condition."""

    condition: Json
    how: str
    still_open: bool = False

    def __call__(self, stage: Stage) -> bool:
        if "aws:requestedregion" in keys(self.condition) and "iam" in stage.services:
            return False  # every request to IAM is made to one Region, and that is known
        stage.actor.tags = {"team": "red"}
        told = keys(self.condition) if self.still_open else set()
        if self.how == "allow":
            stage.give(stage.wide(Condition=self.condition))
            stage.conditions |= told
        elif self.how == "exact":
            stage.give(*({**it, "Condition": self.condition} for it in stage.exact()))
            stage.conditions |= told
        else:
            stage.give(stage.wide())
            stage.give(deny(stage.crucial(), Condition=self.condition))
            stage.conditions |= {f"unless {it}" for it in told}
        return True


def _listed() -> None:
    for name, condition in MET.items():
        GRANTS.append(Way(name=f"condition that is met: {name}", grants=True, build=Conditional(condition, "allow")))
        WITHHOLDS.append(Way(name=f"deny that bites: {name}", grants=False, build=Conditional(condition, "deny")))
    for name, condition in MISSED.items():
        GRANTS.append(Way(name=f"deny that does not bite: {name}", grants=True, build=Conditional(condition, "deny")))
        WITHHOLDS.append(
            Way(name=f"condition that is not met: {name}", grants=False, build=Conditional(condition, "exact"))
        )
    for name, condition in OPEN.items():
        for how, said in (("allow", "condition that may be met"), ("deny", "deny that may not bite")):
            way = Conditional(condition, how, still_open=True)
            GRANTS.append(Way(name=f"{said}: {name}", grants=True, build=way))


_listed()


# Of the target, of what is passed, and of what is attached

BOUNDARY = "iam:PermissionsBoundary"
ON_PRINCIPALS = ("PutUserPolicy", "AttachUserPolicy", "PutRolePolicy", "AttachRolePolicy")
CREATES = ("CreateUser", "CreateRole")


def _give_with(stage: Stage, condition: Json, applies: Callable[[str, str], bool]) -> bool:
    """Grants, with the condition where it applies to the action and its place."""
    free = list[str]()
    for it, said in zip(stage.needs, stage.exact(), strict=True):
        if applies(it.action, it.place):
            stage.give({**said, "Condition": condition})
        else:
            stage.give(said)
            free.append(it.action)
    return len(free) < len(stage.needs) and stage.hopeless(free)


def passed_to(service: str | None, operator: str = "StringEquals") -> Callable[[Stage], bool | None]:
    """iam:PassRole with a condition on the service: the technique's own where none is given."""

    def build(stage: Stage) -> bool:
        if not stage.technique.service:
            return False
        condition = one(operator, "iam:PassedToService", *([service] if service else stage.technique.service))
        return _give_with(stage, condition, lambda action, _: action == "iam:PassRole")

    return build


def resource_tag(tags: dict[str, str] | None, condition: Json, *, told: bool = False) -> Callable[[Stage], bool | None]:
    """A condition on the tags of the target, for actions whose requests have them."""

    def build(stage: Stage) -> bool:
        target = stage.account.bodies.get(stage.target)
        if target is None or target.kind == "group":
            return False
        target.tags = tags
        stage.conditions |= keys(condition) if told else set()
        return _give_with(stage, condition, lambda action, place: place == "target" and action != "iam:PassRole")

    return build


def bounded_target(boundary: str, condition: str, *, document_of: Json) -> Callable[[Stage], bool | None]:
    """Changes only of principals whose boundary is one policy, and the target's is the same, or another."""

    def build(stage: Stage) -> bool:
        target = stage.account.bodies.get(stage.target)
        if target is None or stage.technique.gives != "boost":
            return False
        limit, other = (stage.account.managed(it, document_of) for it in ("limit", "other-limit"))
        target.boundary = {"": None, "limit": limit, "other": other}[boundary]
        wanted = one(condition, BOUNDARY, limit)
        return _give_with(stage, wanted, lambda action, _: action.partition(":")[2] in ON_PRINCIPALS)

    return build


def bounded_creation(document_of: Json, condition: str) -> Callable[[Stage], bool | None]:
    """Users and roles are created only with a boundary."""

    def build(stage: Stage) -> bool:
        limit = stage.account.managed("limit", document_of)
        wanted = one(condition, BOUNDARY, limit)
        creates = (*CREATES, *ON_PRINCIPALS)
        if stage.technique.target != "account":
            return False
        return _give_with(stage, wanted, lambda action, _: action.partition(":")[2] in creates)

    return build


def new_boundary(document_of: Json) -> Callable[[Stage], bool | None]:
    """A boundary can be set, but only to one policy."""

    def build(stage: Stage) -> bool:
        limit = stage.account.managed("limit", document_of)
        wanted = one("ArnEquals", BOUNDARY, limit)
        return _give_with(stage, wanted, lambda action, _: action.startswith("iam:Put") and "Boundary" in action)

    return build


def attached(policy: str, operator: str = "ArnEquals") -> Callable[[Stage], bool | None]:
    """Only one policy can be attached; ``own`` is one of the account that allows everything."""

    def build(stage: Stage) -> bool:
        own = stage.account.managed("wide", document(allow("*")))
        wanted = one(operator, "iam:PolicyARN", own if policy == "own" else policy)
        return _give_with(stage, wanted, lambda action, _: action.startswith("iam:Attach"))

    return build


RED, BLUE = {"Stage": "red"}, {"Stage": "blue"}
EQUALS_RED = one("StringEquals", "aws:ResourceTag/stage", "red")
FULL, NARROW = document(allow("*")), document(allow("s3:*"))
SPECIAL: dict[bool, dict[str, Callable[[Stage], bool | None]]] = {
    True: {
        "service that a role is passed to": passed_to(None),
        "service that a role is passed to, by pattern": passed_to("*.amazonaws.com", "StringLike"),
        "service that a role is not passed to": passed_to("support.amazonaws.com", "StringNotEquals"),
        "service, if it exists": passed_to(None, "StringEqualsIfExists"),
        "tag of the target": resource_tag(RED, EQUALS_RED),
        "tag of the target by IAM's own key": resource_tag(RED, one("StringLike", "iam:ResourceTag/Stage", "r*")),
        "tag that the target lacks": resource_tag({}, one("StringNotEquals", "aws:ResourceTag/stage", "red")),
        "tag of a target whose tags were not seen": resource_tag(None, EQUALS_RED, told=True),
        "boundary that the target has, and allows everything": bounded_target(
            "limit", "StringEquals", document_of=FULL
        ),
        "boundary that the target may not have": bounded_target("", "StringNotEquals", document_of=NARROW),
        "boundary of who is created that allows everything": bounded_creation(FULL, "StringEquals"),
        "boundary that who is created may not have": bounded_creation(NARROW, "ArnNotEquals"),
        "boundary to be set that allows everything": new_boundary(FULL),
        "policy to be attached": attached(ADMINISTRATOR_ACCESS),
        "policy to be attached, by pattern": attached("arn:aws:iam::aws:policy/*Access", "ArnLike"),
        "own policy to be attached": attached("own"),
        "policy not to be attached": attached(READ_ONLY, "ArnNotEquals"),
    },
    False: {
        "another service that a role is passed to": passed_to("support.amazonaws.com"),
        "another service, if it exists": passed_to("support.amazonaws.com", "StringEqualsIfExists"),
        "its service is the one not to pass to": passed_to(None, "StringNotEquals"),
        "another tag of the target": resource_tag(BLUE, EQUALS_RED),
        "tag that the target lacks": resource_tag({}, EQUALS_RED),
        "tag that the target must lack": resource_tag(RED, one("Null", "iam:ResourceTag/Stage", "true")),
        "boundary that the target has, and allows little": bounded_target("limit", "StringEquals", document_of=NARROW),
        "boundary that the target lacks": bounded_target("", "StringEquals", document_of=FULL),
        "another boundary than the target has": bounded_target("other", "ArnEquals", document_of=FULL),
        "boundary of who is created that allows little": bounded_creation(NARROW, "StringEquals"),
        "boundary to be set that allows little": new_boundary(NARROW),
        "only a harmless policy to be attached": attached(READ_ONLY),
        "policies of a path to be attached": attached(arn("policy/teams/*"), "ArnLike"),
    },
}
for _grants, _builds in SPECIAL.items():
    (GRANTS if _grants else WITHHOLDS).extend(
        Way(name=f"condition: {_name}", grants=_grants, build=_build) for _name, _build in _builds.items()
    )
