"""The catalogue as a document, and what is said of a check wherever it is explained."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from auditor.core.check import Check, Limits
from auditor.core.parameters import limits_read


def as_markdown(checks: Iterable[Check], titles: Mapping[str, str], examples: Mapping[str, str]) -> str:
    """Every check with all that is known about it; `titles` by control id, `examples` of findings by check."""
    return "\n".join(_lines(list(checks), titles, examples)) + "\n"


def parameters(check: Check) -> list[str]:
    """What the check goes by, each with its default: ``key_age: 90 days``."""
    names = dict.fromkeys([*limits_read(check), *([check.setting] if check.setting else [])])
    needed = ", and then the check says nothing"
    return [f"{name}: {_default(name)}{needed if name == check.setting else ''}" for name in names]


def _default(name: str) -> str:
    value = getattr(Limits(), name, ())
    if isinstance(value, timedelta):
        return f"{value.days} days"
    return str(value) if isinstance(value, int) else "none"


def reasons(check: Check) -> list[str]:
    """What moves the check's severity by a step."""
    return [f"one step {'up' if it.step > 0 else 'down'} where {it.words}" for it in check.because]


def answered(check: Check, titles: Mapping[str, str]) -> dict[str, list[str]]:
    """The controls that the check answers, by their title: most are the same in every edition.

    A control without one is an organization's own, and titled as the check is.
    """
    by_title: dict[str, list[str]] = {}
    for control in check.controls:
        by_title.setdefault(titles.get(control, check.title), []).append(control)
    return by_title


def _lines(checks: list[Check], titles: Mapping[str, str], examples: Mapping[str, str]) -> Iterator[str]:
    yield "# Checks"
    yield ""
    yield "Made from the catalogue by `make docs`. In a fix, `<…>` stands for a value of the subject. The limits that a"
    yield "check goes by are set under `limits` in `cdk.json`; what stands here is their default."
    yield ""
    yield "| check | severity | what it finds |"
    yield "|---|---|---|"
    yield from (f"| [{check.id}](#{check.id}) | {check.severity.name} | {check.title} |" for check in checks)
    for check in checks:
        yield from _section(check, titles, examples.get(check.id, ""))


def _section(check: Check, titles: Mapping[str, str], example: str) -> Iterator[str]:
    yield from ("", f"## {check.id}", "")
    yield f"{check.title}. **{check.severity.name}**, about `{check.kind.aws_type}`."
    yield from ("", check.rationale, "")
    if example:
        yield from (f"For example: `{example.replace('`', chr(0x2BC))}`", "")
    yield from ("```", check.fix_shape, "```", "")
    yield from (f"- goes by `{name}`:{default}" for name, _, default in (it.partition(":") for it in parameters(check)))
    yield from (f"- severity: {it}" for it in reasons(check))
    for title, controls in answered(check, titles).items():
        yield f"- {title}: {', '.join(f'`{it}`' for it in controls)}"
