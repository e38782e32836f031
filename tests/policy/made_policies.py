"""Policies, standings and requests for what holds of all of them.

All is drawn from pools. Drawn piece by piece it takes ten times as long.
"""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from hypothesis import strategies as st

from auditor.policy.access import Held, Request, Standing
from tests.policy.probes.probe import ALL, OBJECT, USER, allow, deny, doc

ACTIONS = ("s3:GetObject", "s3:PutObject", "iam:PassRole", "iam:GetUser", "sts:AssumeRole")
ACTION_PATTERNS = (*ACTIONS, "*", "s3:*", "iam:Get*", "S3:getobject", "s3:?etObject", "*:*Role", "iam:*")
RESOURCES = (OBJECT, "arn:aws:s3:::ledger/x", USER, "arn:aws:iam::111122223333:role/target", "arn:aws:s3:::home/red")
RESOURCE_PATTERNS = (
    *RESOURCES,
    "*",
    "arn:aws:s3:::ledger/*",
    "arn:aws:s3:::*/????.csv",
    "arn:aws:s3",
    "arn:aws:iam::*:*",
    "arn:aws:s3:::home/${aws:PrincipalTag/team}",
)
CONDITIONS: tuple[dict[str, Any], ...] = (
    {"StringEquals": {"aws:PrincipalTag/team": ["red", "green"]}},
    {"StringNotEquals": {"aws:PrincipalTag/team": "red"}},
    {"StringLikeIfExists": {"AWS:principaltag/Team": "*"}},
    {"StringLike": {"aws:PrincipalTag/team": "r?d*"}, "Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    {"Bool": {"aws:MultiFactorAuthPresent": True}, "IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}},
    {"Null": {"aws:SourceIp": "true"}},
    {"Null": {"aws:TagKeys": "false"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}},
    {"ForAllValues:StringNotLike": {"aws:TagKeys": "a*"}},
    {"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}},
    {"ForAnyValue:StringNotEquals": {"aws:TagKeys": "a"}},
    {"StringEquals": {"aws:TagKeys": "${aws:PrincipalTag/team}"}},
    {"StringNotLike": {"aws:TagKeys": "${aws:PrincipalTag/team, 'a'}*"}},
    {"NumericLessThan": {"s3:max-keys": 10}, "NumericGreaterThanEquals": {"s3:max-keys": "5"}},
    {"NumericNotEqualsIfExists": {"s3:max-keys": "7"}},
    {"DateGreaterThan": {"aws:CurrentTime": "2026-11-20"}},
    {"DateLessThanIfExists": {"aws:CurrentTime": "1795154400"}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/a*"}},
    {"ArnNotEquals": {"aws:PrincipalArn": USER}},
    {"ArnLikeIfExists": {"aws:PrincipalArn": "*"}},
)
VALUES: dict[str, tuple[tuple[str, ...], ...]] = {
    "aws:principaltag/team": ((), ("red",), ("blue",), ("Red",), ("a",)),
    "aws:multifactorauthpresent": ((), ("true",), ("false",)),
    "aws:sourceip": ((), ("203.0.113.7",), ("198.51.100.1",), ("2001:db8::1",)),
    "aws:tagkeys": ((), ("a",), ("a", "b"), ("a", "z"), ("z",), ("red",)),
    "s3:max-keys": ((), ("7",), ("5.0",), ("10",)),
    "aws:currenttime": ((), ("2026-11-20T05:59:59Z",), ("2026-11-21T00:00:00+01:00",)),
    "aws:principalarn": ((), (USER,), ("arn:aws:iam::111122223333:role/deploy",)),
}
"""Everything that a request may have of each key; none: the request lacks it."""

Document = Mapping[str, Any]


def pool(*, conditional: bool) -> tuple[dict[str, Any], ...]:
    """Statements, the plain ones first, most of them wide, so that layers often meet."""
    chance = Random(1)  # noqa: S311  (repeatable, and no secret)

    def one(size: int) -> dict[str, Any]:
        condition = chance.choice((None, None, *CONDITIONS)) if conditional else None
        return {
            "Effect": chance.choice(("Allow", "Allow", "Deny")),
            chance.choice(("Action", "Action", "NotAction")): chance.sample(ACTION_PATTERNS, size),
            chance.choice(("Resource", "Resource", "NotResource")): chance.sample(RESOURCE_PATTERNS, size),
            **({"Condition": condition} if condition else {}),
        }

    return (allow(["*"], ["*"]), deny(["s3:*"], ["*"]), *(one(size) for size in (1, 2, 3) for _ in range(200)))


def contexts_by_knowledge() -> Iterator[dict[str, tuple[str, ...]]]:
    """Contexts: of the first nothing is known, of the last everything."""
    chance = Random(2)  # noqa: S311  (repeatable, and no secret)
    for percent in range(101):
        yield {key: chance.choice(values) for key, values in VALUES.items() if chance.randrange(100) < percent}


PLAIN, CONDITIONAL, CONTEXTS = pool(conditional=False), pool(conditional=True), tuple(contexts_by_knowledge())

made_statements = st.sampled_from(CONDITIONAL)
documents = st.lists(made_statements, max_size=3).map(lambda it: doc(*it))


def held(document: Document) -> Held:
    return Held(name="it", document=document)


def standings_of(statement: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Standing]:
    """Users under every kind of policy. Most levels of their organizations let everything through."""
    policy = st.lists(statement, max_size=3).map(lambda it: held(doc(*it)))
    limit = st.none() | st.lists(statement, max_size=2).map(lambda it: held(doc(allow(["s3:*", "iam:*"], ["*"]), *it)))
    level = st.none() | policy.map(lambda it: ((held(ALL), it),))
    return st.builds(
        Standing,
        arn=st.just(USER),
        identity=st.lists(policy, min_size=1, max_size=2).map(tuple),
        boundary=limit,
        session=limit,
        service_control=level.map(lambda it: it or ()),
        resource_control=level.map(lambda it: it or ()),
    )


standings, plain_standings = standings_of(made_statements), standings_of(st.sampled_from(PLAIN))
contexts = st.sampled_from(CONTEXTS)
whole_contexts = st.fixed_dictionaries({key: st.sampled_from(values) for key, values in VALUES.items()})
requests = st.builds(Request, action=st.sampled_from(ACTIONS), resource=st.sampled_from(RESOURCES), known=contexts)
shared = st.none() | st.lists(made_statements, min_size=1, max_size=3).map(
    lambda it: held(doc(*({**one, "Principal": {"AWS": [USER]}} for one in it)))
)
