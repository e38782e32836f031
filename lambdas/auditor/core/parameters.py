"""Which limits a check reads, as its code says."""

from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from types import CodeType, FunctionType

from auditor.core.check import Check, Limits


@cache
def limits_read(check: Check) -> tuple[str, ...]:
    """Names of the limits that the check reads, in the order in which `Limits` has them.

    They are looked for in the judging function and in the functions that it calls by their plain names.
    """
    named = set(_names(check.judge, set()))
    return tuple(limit.name for limit in fields(Limits) if limit.name in named)


def _names(function: object, seen: set[object]) -> Iterator[str]:
    """Every name and text in the function's code, and in that of the functions it names."""
    if not isinstance(function, FunctionType) or function in seen:
        return
    seen.add(function)
    for code in _codes(function.__code__):
        yield from (text for text in code.co_consts if isinstance(text, str))
        for name in code.co_names:
            yield name
            yield from _names(function.__globals__.get(name), seen)


def _codes(code: CodeType) -> Iterator[CodeType]:
    """The code and what is nested in it: comprehensions, lambdas, inner functions."""
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _codes(inner)
