"""Resources to try where any will do: of each type that AWS documents for an action, and as patterns name them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from auditor.policy.actions import PLACEHOLDER
from auditor.policy.actions import known as known_action
from auditor.policy.document import EVERY_RESOURCE
from auditor.policy.match import ARN_FIELDS, REMEMBERED, matches, overlap, whole
from auditor.policy.naming import ACCOUNT

WILD = re.compile("[*?]")
MOST_SAMPLES = 256
"""Patterns that are tried."""

MOST_PAIRS = 1 << 12
"""Pairs of patterns of which it is seen what they have in common."""

SERVICE = 2
"""The field of an ARN that names the service."""

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


@dataclass(frozen=True, kw_only=True)
class Common:
    """Patterns of what lists of patterns have in common. What else there may be lies within those that are `unseen`."""

    patterns: tuple[str, ...]
    unseen: tuple[str, ...] = ()

    def with_one_of(self, admitting: Iterable[str]) -> "Common":
        """What they have in common with one of these too, too."""
        theirs, found, unseen, pairs = _Listed(admitting), dict[str, None](), dict.fromkeys(self.unseen), 0
        for mine in self.patterns:
            candidates = theirs.near(mine)
            pairs += len(candidates)
            if pairs > MOST_PAIRS:
                return Common(patterns=tuple(found), unseen=(*unseen, *self.patterns))
            met = {it: meet(mine, it) for it in candidates}
            found |= dict.fromkeys(it for it in met.values() if it is not None)
            if any(both is None and _overlap(mine, it) for it, both in met.items()):
                unseen[mine] = None
        return Common(patterns=tuple(found), unseen=tuple(unseen))


class _Listed:
    """A list of patterns, of which those that name a resource are found by its name."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._by_name: dict[str, list[str]] = {}
        self._others: list[str] = []
        self._all = list(dict.fromkeys(map(whole, patterns)))
        for it in self._all:
            name = _name(it)
            (self._by_name.setdefault(name, []) if name else self._others).append(it)

    def near(self, pattern: str) -> list[str]:
        """Those that can have anything in common with one."""
        name = _name(pattern)
        return [*self._by_name.get(name, ()), *self._others] if name else self._all


def _name(pattern: str) -> str:
    """The last field of an ARN that has no wildcards there, and whose account is one or any; else empty."""
    fields = pattern.split(":", ARN_FIELDS - 1)
    named = len(fields) == ARN_FIELDS and not fields[ACCOUNT].strip("*0123456789") and not WILD.search(fields[-1])
    return fields[-1] if named else ""


def common(lists: Iterable[Iterable[str]], shapes: Iterable[str]) -> Common:
    """What is of one of the shapes and admitted by one pattern of each list, the shortest lists first."""
    found = Common(patterns=tuple(shapes))
    for admitting in sorted({tuple(dict.fromkeys(it)) for it in lists}, key=lambda it: (len(it), it)):
        found = found.with_one_of(admitting)
    few, more = found.patterns[:MOST_SAMPLES], found.patterns[MOST_SAMPLES:]
    return Common(patterns=few, unseen=(*found.unseen, *more))


def _overlap(one: str, other: str) -> bool:
    """Whether there is an ARN that both admit: a star stands for a colon only where a pattern has too few of them.

    None does so before the service: no partition has a colon.
    """
    mine, theirs = one.split(":", SERVICE + 1), other.split(":", SERVICE + 1)
    if min(len(mine), len(theirs)) > SERVICE + 1 and not overlap(mine[SERVICE], theirs[SERVICE]):
        return False
    if one.count(":") != other.count(":") and "*" in min(one, other, key=lambda it: it.count(":")).split(":")[:-1]:
        return overlap(one, other)
    fields, others = one.split(":", ARN_FIELDS - 1), other.split(":", ARN_FIELDS - 1)
    return len(fields) == len(others) and all(map(overlap, fields, others))


@lru_cache(maxsize=REMEMBERED)
def meet(one: str, other: str) -> str | None:
    """A pattern of what both admit, field by field; None if there is none that is as simple as that."""
    if EVERY_RESOURCE.fullmatch(one) or EVERY_RESOURCE.fullmatch(other):
        return other if EVERY_RESOURCE.fullmatch(one) else one
    fields, others = whole(one).split(":", ARN_FIELDS - 1), whole(other).split(":", ARN_FIELDS - 1)
    if len(fields) != len(others):
        return None
    met = [_meet(mine, theirs) for mine, theirs in zip(fields, others, strict=True)]
    return None if None in met else ":".join(it for it in met if it is not None)


def _meet(one: str, other: str) -> str | None:
    """``dev-*`` and ``*-live`` meet in ``dev-*-live``."""
    if matches(one, other) or matches(other, one):
        return other if matches(one, other) else one
    (begin, *middle, end), (others_begin, *others_middle, others_end) = _parts(one), _parts(other)
    begins, ends = sorted((begin, others_begin), key=len), sorted((end, others_end), key=len)
    both = "*".join([begins[1], *middle, *others_middle, ends[1]])
    return both if matches(one, both) and matches(other, both) else None


def _parts(pattern: str) -> list[str]:
    """What stands between its stars; without any it is a beginning and an end that nothing fits between."""
    return pattern.split("*") if "*" in pattern else [pattern, pattern]
