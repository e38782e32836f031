"""Resources to try where any will do: of each type that AWS documents for an action, and as patterns name them."""

from collections.abc import Iterator
from functools import cache, lru_cache

from auditor.policy.actions import PLACEHOLDER
from auditor.policy.actions import known as known_action
from auditor.policy.match import ARN_FIELDS, REMEMBERED, whole
from auditor.policy.naming import ACCOUNT

REGION = "us-east-1"
"""Where a sample lies whose Region is free."""


def documented(action: str, partition: str, account: str) -> Iterator[str]:
    """A resource of each type that AWS documents for the action, or nothing in particular."""
    found = known_action(action)
    if found is None or not found.uses:
        yield NOTHING_IN_PARTICULAR
        return
    for use in sorted(found.uses, key=lambda it: not it.required):
        yield concrete(PLACEHOLDER.sub("*", use.resource.arn), partition, account)


NOTHING_IN_PARTICULAR = "*"
"""The resource of actions that have none: only a statement about everything speaks of them."""


@cache
def shapes(action: str) -> tuple[str, ...]:
    """The patterns of the resources that an action can be about; none if it is about no resource."""
    found = known_action(action)
    return ("*",) if found is None else tuple(it.resource.pattern for it in found.uses)


@lru_cache(maxsize=REMEMBERED)
def concrete(pattern: str, partition: str, account: str) -> str:
    """A resource that a pattern admits."""
    fields = whole(pattern).split(":", ARN_FIELDS - 1)
    if len(fields) < ARN_FIELDS:
        return pattern
    usual = {1: partition, 3: REGION, ACCOUNT: account}
    return ":".join(
        usual.get(at, "x") if set(text) <= {"*"} and text else text.replace("*", "x").replace("?", "x")
        for at, text in enumerate(fields)
    )
