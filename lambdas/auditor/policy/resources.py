"""Which resources a statement speaks of: one, or those of a pattern."""

from collections.abc import Callable, Iterable, Iterator

from auditor.policy.actions import known as known_action
from auditor.policy.conditions import Known, expand, widened
from auditor.policy.document import EVERY_RESOURCE, Statement
from auditor.policy.match import matches, overlap, whole

MOST_CANDIDATES = 256
"""Patterns that are tried. Of more it is not known whether one of them is allowed."""

WILDCARDS = "*?"


def about_resource(statement: Statement, resource: str, known: Known) -> bool | None:
    """Whether a statement speaks of the resource; None if that hangs on a variable.

    Of a pattern, a Deny speaks if it does of all of its resources. An Allow does if it does of all, or of some and not
    only because the statement is narrower: `candidates` has what is narrower.
    """
    if statement.resources is not None:
        return _any(_filled(statement.resources, statement, known), resource, _partly if statement.allow else _wholly)
    if statement.not_resources is None:
        return True
    spared = _filled(statement.not_resources, statement, known)
    outcome = _any(spared, resource, _wholly if statement.allow else _at_all)
    return outcome if outcome is None else not outcome


Filled = Iterator[tuple[str, bool]]
"""Patterns, and whether they are certain: one with an unknown variable is as wide as it may be."""


def _filled(patterns: Iterable[str], statement: Statement, known: Known) -> Filled:
    for pattern in patterns:
        filled = expand(pattern, known) if statement.variables else pattern
        yield (whole(widened(pattern)), False) if filled is None else (whole(filled), True)


def _any(patterns: Filled, resource: str, admits: Callable[[str, str], bool]) -> bool | None:
    """Whether one of the patterns admits the resource; None if only one may."""
    outcomes = {certain for pattern, certain in patterns if (admits if certain else _at_all)(pattern, resource)}
    return True if True in outcomes else None if outcomes else False


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
