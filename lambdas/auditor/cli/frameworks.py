"""Frameworks on the command line: which controls are asked for, and how their answers are shown."""

from collections.abc import Callable, Iterable, Mapping
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
    hint = did_you_mean(name, known) if slash else "it is written framework/number, as in cis-5.0/1.13"
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


def show_all(checks: Iterable[Check], seen: AccountSnapshot | None, context: Context | None) -> None:
    """Every framework, and how many of its controls have checks, or which answers if there is evidence."""
    checks = tuple(checks)
    checked = {name for check in checks for name in check.controls}
    groups = _by_framework(with_own(controls(), checks))
    if seen:
        head = [answer.value.upper() for answer in Answer]
        counts = {name: answers(seen, checks, its, context).counts.values() for name, its in groups.items()}
        figures = {name: list(map(str, its)) for name, its in counts.items()}
    else:
        head = ["BY CHECKS", *(answer.value.upper() for answer in (Answer.MANUAL, Answer.ELSEWHERE))]
        figures = {name: _figures(its, checked) for name, its in groups.items()}
    body = [(name, str(len(its)), *figures[name], frameworks().get(name, "")) for name, its in groups.items()]
    screen.rows(("FRAMEWORK", "CONTROLS", *head, "TITLE"), body)


def _figures(group: Iterable[Control], checked: set[str]) -> list[str]:
    rest = [it.note.answer for it in group if it.id not in checked]
    by_checks = sum(it.id in checked for it in group)
    return [str(by_checks), str(rest.count(Answer.MANUAL)), str(rest.count(Answer.ELSEWHERE))]


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
