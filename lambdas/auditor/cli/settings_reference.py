"""The settings that change what is judged, as a document."""

import inspect
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import timedelta
from types import CodeType
from typing import Any

from auditor.core.check import Check, Limits


def as_markdown(checks: Iterable[Check]) -> str:
    """Every limit with its default and the checks that read it, and every check's severity."""
    return "\n".join(_lines(list(checks))) + "\n"


def _lines(checks: list[Check]) -> Iterator[str]:
    yield "# Settings"
    yield ""
    yield "Made from the code by `make docs`. Where they stand, and who may deviate: [README](../README.md#deploy)."
    yield ""
    yield "## Limits"
    yield ""
    yield "| limit | default | read by |"
    yield "|---|---|---|"
    for limit in fields(Limits):
        readers = [f"[{it.id}](checks.md#{it.id})" for it in checks if limit.name in _names(it)]
        yield f"| `{limit.name}` | {_shown(limit.default)} | {', '.join(readers)} |"
    yield ""
    yield "## Severities"
    yield ""
    yield "| check | default | raised or lowered because |"
    yield "|---|---|---|"
    for it in checks:
        yield f"| `{it.id}` | {it.severity.name} | {', and '.join(why.words for why in it.because)} |"


def _shown(default: Any) -> str:
    if isinstance(default, timedelta):
        return f"{default.days} days"
    return "empty" if default == () else str(default)


def _names(it: Check) -> set[str]:
    """The attributes that its function reads, and those that the functions beside it read for it."""
    beside = vars(inspect.getmodule(it.judge))
    names, pending = set[str](), [it.judge.__code__]
    while pending:
        new = _read(pending.pop()) - names
        names |= new
        pending += [beside[name].__code__ for name in new if inspect.isfunction(beside.get(name))]
    return names


def _read(code: CodeType) -> set[str]:
    inner = (it for it in code.co_consts if isinstance(it, CodeType))
    return {*code.co_names}.union(*map(_read, inner))
