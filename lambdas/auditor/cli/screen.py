"""What a person sees: tables on stdout, progress and notes on stderr; colour only on a terminal."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from auditor.checks.controls import titles
from auditor.core.check import Check, Severity
from auditor.core.evaluate import Evaluation
from auditor.core.evidence import Evidence
from auditor.core.frameworks import Answer
from auditor.core.model import Unavailable
from auditor.render.catalogue import answered, parameters, reasons
from auditor.render.escape import plain
from auditor.render.wording import number

STYLES = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
}
ID = "ID"
"""A column that a terminal does not fold, so that it can be copied."""

SEVERITY = "SEVERITY"
ANSWER = "ANSWER"
ANSWERS = {
    Answer.PROBLEM: "red",
    Answer.NOT_SEEN: "yellow",
    Answer.FINE: "green",
    Answer.MANUAL: "cyan",
    Answer.ELSEWHERE: "dim",
}
COLOURS = {
    SEVERITY: {severity.name: style for severity, style in STYLES.items()},
    ANSWER: {answer.value: style for answer, style in ANSWERS.items()},
}
"""Style of a cell by its column and its text."""
HANGING = 3
"""Blanks before what is folded."""

PIPED_WIDTH = 10_000
"""Piped, a row is a line: `grep` and `cut` do the narrowing."""


def _console() -> Console:
    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, width=PIPED_WIDTH, color_system=None, force_terminal=False)


def note(message: str) -> None:
    """One line on stderr."""
    sys.stderr.write(f"auditor: {plain(message)}\n")


def explained(what: str, text: str) -> None:
    """How something was asked, on stderr, in one line that can be copied from behind the colon."""
    sys.stderr.write(f"{what}: {plain(text)}\n")


def write(data: str) -> None:
    """Data to stdout as it is."""
    sys.stdout.write(data)


def _table(*columns: str) -> Table:
    on_terminal = sys.stdout.isatty()
    dense: dict[str, Any] = {"box": box.SIMPLE_HEAD, "padding": (0, 1, 0, 0), "show_edge": False}
    table = Table(**(dense if on_terminal else {"box": None}), pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column == ID or not on_terminal)
    return table


def _show(table: Table) -> None:
    """On a terminal as it is; piped without the blanks that fill its last column."""
    console = _console()
    if console.is_terminal:
        console.print(table)
        return
    with console.capture() as printed:
        console.print(table)
    write("".join(f"{line.rstrip()}\n" for line in printed.get().split("\n")[:-1]))


def blocks(given: Iterable[tuple[Severity, Iterable[tuple[int, str]]]]) -> None:
    """Blocks of lines, each indented so far and folded to the terminal's width; the first begins with the severity.

    What is folded goes on further in.
    """
    console = _console()
    for above, (severity, lines) in enumerate(given):
        if above:
            console.print()
        for at, (indent, line) in enumerate(lines):
            told = Text(plain(line))
            if at == 0:
                told.stylize(STYLES[severity], 0, len(severity.name))
            for place, part in enumerate(_folded(told, console, console.width - indent)):
                console.print(Text(" " * (indent + HANGING * (place > 0))) + part, soft_wrap=True)


def _folded(told: Text, console: Console, width: int) -> Iterator[Text]:
    """The lines of a text; all but the first are narrower."""
    first = told.wrap(console, max(width, HANGING), overflow="fold")[0]
    rest = told[len(first) :] if len(first) < len(told) else Text()
    first.rstrip()
    yield first
    for part in rest.wrap(console, max(width - HANGING, HANGING), overflow="fold") if rest.plain.strip() else ():
        part.rstrip()
        yield part


def findings(evaluation: Evaluation) -> None:
    """Findings, most severe first, then what was not looked at."""
    console = _console()
    table = _table("SEVERITY", "CHECK", "FINDING")
    for finding in evaluation.findings:
        severity = Text(finding.severity.name, style=STYLES[finding.severity])
        table.add_row(severity, Text(finding.check), Text(plain(finding.reason)))
    if evaluation.findings:
        _show(table)
    console.print(Text(f"\n{_summary(evaluation)}"))
    by_reason: dict[str, list[str]] = {}
    for check, reason in evaluation.gaps.items():
        by_reason.setdefault(reason, []).append(check)
    if by_reason:
        console.print(Text("\nNot looked at, and so neither fine nor a finding:"))
    for reason, checks in by_reason.items():
        console.print(Text(f"  {plain(reason)}: {', '.join(checks)}"))


def _summary(evaluation: Evaluation) -> str:
    counted = Counter(finding.severity for finding in evaluation.findings)
    parts = ", ".join(f"{counted[severity]} {severity.name}" for severity in sorted(counted, reverse=True))
    subjects = sum(len(examined.uids) for examined in evaluation.examined.values())
    return (
        f"account {evaluation.owner.account}, evidence of {evaluation.evidence_at:%Y-%m-%d %H:%M} UTC: "
        f"{number(len(evaluation.findings), 'finding')}{f' ({parts})' if parts else ''} "
        f"from {number(len(evaluation.examined), 'check')} on {number(subjects, 'subject')}"
    )


def rows(head: Sequence[str], body: Iterable[Sequence[str]]) -> None:
    """A table of any texts; a severity and an answer have their colours."""
    table = _table(*head)
    for texts in body:
        cells = zip(head, texts, strict=True)
        table.add_row(*(Text(plain(it), style=COLOURS.get(of, {}).get(it, "")) for of, it in cells))
    _show(table)


def line(text: str) -> None:
    """A line under a table."""
    _console().print(Text(f"\n{plain(text)}"))


def catalogue(checks: Iterable[Check]) -> None:
    """Every check in a line."""
    table = _table("CHECK", "SEVERITY", "TITLE")
    for check in checks:
        table.add_row(Text(check.id), Text(check.severity.name, style=STYLES[check.severity]), Text(check.title))
    _show(table)


def explanation(check: Check) -> None:
    """All that is known about a check."""
    console = _console()
    console.print(Text(f"{check.id} ({check.severity.name})", style="bold"))
    console.print(
        Text(f"\n{check.title}.\n\n{check.rationale}\n\nAbout: {check.kind.aws_type}\nFix:   {check.fix_shape}")
    )
    for heading, lines in (("Goes by", parameters(check)), ("Severity", reasons(check))):
        if lines:
            console.print(Text(f"\n{heading}:"))
            console.print(Text("\n".join(f"  {it}" for it in lines)))
    console.print(Text("\nControls:"))
    for title, controls in answered(check, titles()).items():
        console.print(Text(f"  {title}: {', '.join(controls)}"))


def gathered(out: Path, evidence: Evidence) -> None:
    """What was saved, and what could not be."""
    for name, answer in evidence.answers.items():
        if isinstance(answer, Unavailable):
            note(f"{name}: unavailable: {answer.reason}")
        else:
            for region, gap in answer.gaps.items():
                note(f"{name}: {region}: unavailable: {gap.reason}")
    note(f"saved the evidence of account {evidence.owner.account} in {out}")


@contextmanager
def progress(total: int) -> Iterator[Callable[[str], None]]:
    """A progress bar on stderr, if that is a terminal; the given function begins the next of `total` steps."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("connecting", total=total + 1)

        def begin(name: str) -> None:
            bar.update(task, description=name, advance=1)

        yield begin
