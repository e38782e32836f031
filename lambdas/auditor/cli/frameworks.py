"""Frameworks on the command line: which controls are asked for, and how their answers are shown."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated

import typer

from auditor.checks.controls import controls, frameworks
from auditor.cli import screen
from auditor.cli.errors import InputError, did_you_mean, one_of
from auditor.core.check import Check, Context
from auditor.core.frameworks import Answer, Answers, Control, answers, with_own
from auditor.core.model import AccountSnapshot
from auditor.render.frameworks import as_csv, as_csv_of_findings, as_json, as_markdown

FrameworkOption = Annotated[
    str | None, typer.Option("--framework", help="Answer each control of it; `auditor frameworks` lists them.")
]
ControlOption = Annotated[
    list[str] | None, typer.Option("--control", help="Answer this control (cis-5.0/1.13); can be repeated.")
]


def asked(framework: str | None, control: list[str], checks: Iterable[Check]) -> tuple[Control, ...]:
    """The controls of the framework, or those named; none if neither is given. Raises InputError for unknown ones."""
    known = with_own(controls(), checks)
    if framework is not None and control:
        raise InputError("--control: names its framework itself; give one of --framework and --control")
    if framework is not None:
        return one_of(_by_framework(known), framework, "--framework")
    return tuple(_control(known, it) for it in dict.fromkeys(control))


def _by_framework(known: Mapping[str, Control]) -> dict[str, tuple[Control, ...]]:
    grouped: dict[str, list[Control]] = {}
    for control in known.values():
        grouped.setdefault(control.framework, []).append(control)
    return {name: tuple(its) for name, its in grouped.items()}


def _control(known: Mapping[str, Control], name: str) -> Control:
    if name in known:
        return known[name]
    framework, slash, _ = name.partition("/")
    siblings = _by_framework(known).get(framework)
    if siblings:
        raise InputError(f"--control: {name!r} is unknown; {framework} has {', '.join(it.number for it in siblings)}")
    hint = (
        did_you_mean(name, known, "auditor frameworks")
        if slash
        else "it is written framework/number, as in cis-5.0/1.13"
    )
    raise InputError(f"--control: {name!r} is unknown; {hint}")


def show_controls(told: Answers) -> None:
    """A line for each control."""
    body = ((it.control.id, it.answer.value, it.control.title, it.why) for it in told.answered)
    screen.rows(("CONTROL", screen.ANSWER, "TITLE", "WHY"), body)
    screen.line(_summary(told))


def show_findings(told: Answers) -> None:
    """The findings, control by control; a line that says why for each control without any."""
    body = [
        (it.control.id, it.answer.value, severity, check, text)
        for it in told.answered
        for severity, check, text in [
            *((finding.severity.name, finding.check, finding.reason) for finding in it.findings),
            *([] if it.findings else [("", "", f"{it.control.title}: {it.why}")]),
        ]
    ]
    screen.rows(("CONTROL", screen.ANSWER, screen.SEVERITY, "CHECK", "FINDING"), body)
    screen.line(_summary(told))


def _summary(told: Answers) -> str:
    counted = ", ".join(f"{count} {answer.value}" for answer, count in told.counts.items())
    return (
        f"account {told.owner.account}, evidence of {told.evidence_at:%Y-%m-%d %H:%M} UTC: "
        f"{len(told.answered)} controls: {counted}"
    )


def show_all(checks: Iterable[Check]) -> None:
    """Every framework: how many controls it has, and how many of them checks, people or nobody here can answer."""
    checks = tuple(checks)
    known = with_own(controls(), checks)
    checked = {name for check in checks for name in check.controls} | {it.id for it in known.values() if it.checks}
    groups = _by_framework(known)
    _show_figures(
        ("BY CHECKS", Answer.MANUAL.value.upper(), Answer.ELSEWHERE.value.upper()),
        {
            name: Counter("checks" if it.id in checked else it.note.answer.value for it in its)
            for name, its in groups.items()
        },
        ("checks", Answer.MANUAL.value, Answer.ELSEWHERE.value),
    )


def show_all_answered(checks: Iterable[Check], seen: AccountSnapshot, context: Context) -> None:
    """Every framework: how many of its controls have each of the five answers."""
    checks = tuple(checks)
    told = answers(seen, checks, with_own(controls(), checks).values(), context)
    counts: dict[str, Counter[str]] = {}
    for it in told.answered:
        counts.setdefault(it.control.framework, Counter())[it.answer.value] += 1
    words = tuple(answer.value for answer in Answer)
    _show_figures(tuple(word.upper() for word in words), counts, words)
    screen.line(_summary(told))


def _show_figures(head: Sequence[str], counts: Mapping[str, Counter[str]], words: Sequence[str]) -> None:
    """A line for each framework; `words` are what `head` counts."""
    body = (
        (name, str(its.total()), *(str(its[word]) for word in words), frameworks().get(name, ""))
        for name, its in counts.items()
    )
    screen.rows(("FRAMEWORK", "CONTROLS", *head, "TITLE"), body)


BY_CONTROL: dict[str, Callable[[Answers], None]] = {
    "table": show_controls,
    "json": lambda told: screen.write(as_json(told)),
    "csv": lambda told: screen.write(as_csv(told)),
    "markdown": lambda told: screen.write(as_markdown(told)),
}
BY_FINDING: dict[str, Callable[[Answers], None]] = BY_CONTROL | {
    "table": show_findings,
    "csv": lambda told: screen.write(as_csv_of_findings(told)),
}
