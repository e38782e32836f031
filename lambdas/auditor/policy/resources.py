"""Which resources a statement speaks of: one, or those of a pattern."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from auditor.policy.actions import known as known_action
from auditor.policy.conditions import Known, expand, unmet, widened
from auditor.policy.document import EVERY_RESOURCE, Statement
from auditor.policy.match import matches, overlap, whole

MOST_CANDIDATES = 256
"""Patterns that are tried. Of more it is not known whether one of them is allowed."""

WILDCARDS = "*?"
NAME = re.compile(r"arn(:[^*?$:]*){5,}|(?!arn:)[^*?$]*")
"""A resource's name, in which nothing stands for anything else, and no field is missing."""


def about_resource(statement: Statement, resource: str, known: Known) -> bool | None:
    """Whether a statement speaks of the resource; None if that hangs on a variable.

    Of a pattern, a Deny speaks if it does of all of its resources. An Allow does if it does of all, or of some and not
    only because the statement is narrower: `candidates` has what is narrower.
    """
    if statement.resources is not None:
        return _any(statement.resources, statement, resource, known, _partly if statement.allow else _wholly)
    if statement.not_resources is None:
        return True
    outcome = _any(statement.not_resources, statement, resource, known, _wholly if statement.allow else _at_all)
    return outcome if outcome is None else not outcome


Filled = Iterator[tuple[str, bool]]
"""Patterns, and whether they are certain: one with an unknown variable is as wide as it may be."""


def _filled(patterns: Iterable[str], statement: Statement, known: Known) -> Filled:
    for pattern in patterns:
        filled = expand(pattern, known) if statement.variables else pattern
        yield (whole(widened(pattern)), False) if filled is None else (whole(filled), True)


Admits = Callable[[str, str], bool]


def _any(patterns: tuple[str, ...], statement: Statement, resource: str, known: Known, admits: Admits) -> bool | None:
    """Whether one of the patterns admits the resource; None if only one may."""
    names, others = _sorted(patterns)
    if resource in names:
        return True
    if admits is _at_all and is_pattern(resource):
        others = patterns
    outcome: bool | None = False
    for pattern, certain in _filled(others, statement, known):
        if (admits if certain else _at_all)(pattern, resource):
            if certain:
                return True
            outcome = None
    return outcome


@lru_cache(maxsize=1 << 12)
def _sorted(patterns: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Names, which admit themselves alone and all of no pattern, and the others."""
    names = frozenset(filter(NAME.fullmatch, patterns))
    return names, tuple(it for it in patterns if it not in names)


def _wholly(pattern: str, resource: str) -> bool:
    """Whether it admits the resource, or all of a pattern's: as a text, `matches` admits a pattern whole."""
    return bool(EVERY_RESOURCE.fullmatch(pattern)) or matches(pattern, resource)


def _at_all(pattern: str, resource: str) -> bool:
    """Whether it admits one of a pattern's resources."""
    return resource == "*" or _wholly(pattern, resource) or (is_pattern(resource) and overlap(pattern, resource))


def _partly(pattern: str, resource: str) -> bool:
    """Whether it admits all of a pattern's resources, or some of them and others too."""
    return _wholly(pattern, resource) or (
        is_pattern(resource) and not matches(resource, pattern) and overlap(pattern, resource)
    )


def is_pattern(resource: str) -> bool:
    """Whether it stands for more than one resource."""
    return any(it in resource for it in WILDCARDS)


def candidates(action: str, resource: str, known: Known, said: Iterable[Statement]) -> Iterator[str]:
    """The patterns by which to ask for some resource of a pattern: itself, and what statements have that is narrower.

    Those of statements with few of them come first. An action that is about no resource is granted on everything alone.
    """
    yield resource
    if not is_pattern(resource):
        return
    said = sorted(said, key=lambda it: len(_named(it)))
    found = known_action(action)
    shapes = None if found is None else [it.resource.pattern for it in found.uses]
    named = (it for statement in said for it, _ in _filled(_named(statement), statement, known))
    narrower = dict.fromkeys(it for it in named if it != resource and matches(whole(resource), it))
    fitting = (it for it in narrower if shapes is None or any(overlap(shape, it) for shape in shapes))
    yield from fitting


def _named(statement: Statement) -> tuple[str, ...]:
    """The resources that an Allow grants, or that a Deny spares."""
    return (statement.resources if statement.allow else statement.not_resources) or ()


def least_open(layers: Iterable[list[Statement]], known: Known) -> int:
    """How many conditions are open on whatever resource, so that one on which no more are need not be bettered.

    `layers` have what each layer that has to allow a request says of its action.
    """
    most, everywhere = 0, set[str]()
    for layer in layers:
        open_keys = [set(unmet(it.clauses, known, variables=it.variables)) for it in layer if it.allow]
        most = max(most, min(map(len, open_keys), default=0))
        everywhere |= set.intersection(*open_keys) if open_keys else set()
    return max(most, len(everywhere))
