"""The paths to administrator as text: a block of lines for each on a terminal, a line for each step in a pipe."""

from collections.abc import Iterable, Iterator

from auditor.core.subjects.escalation import PathStep
from auditor.policy.steps import short
from auditor.render.escape import plain
from auditor.render.paths_tree import Drawn, risks

HEADS = ("SEVERITY", "PRINCIPAL", "RISKS", "STEP", "WHAT", "ALLOWED", "PROVISO", "CLOSED BY")

Line = tuple[int, str]
"""How far a line is indented, and what it says; where it is folded, it goes on further in."""

NOTES = 5


def block(it: Drawn) -> Iterator[Line]:
    """A path: whose it is and how bad, then its steps with what each of them takes, then what closes it."""
    about = ", ".join(risks(it.path))
    yield 0, f"{it.severity.name} {short(it.path.resource)}{f' ({about})' if about else ''}"
    for at, step in enumerate(it.path.steps, start=1):
        yield 2, f"{at}. {step.says}"
        yield from ((NOTES, f"[{allowed}]") for allowed in step.permissions)
        if step.conditions:
            yield NOTES, f"still to be met: {', '.join(step.conditions)}"
        if step.assumed:
            yield NOTES, f"assumed: {step.assumed}"
    if it.path.remedy:
        closes = f" (this closes {it.path.closes} paths)" if it.path.closes > 1 else ""
        yield 2, f"closed by: {it.path.remedy}{closes}"


def tabbed(drawn: Iterable[Drawn]) -> str:
    """A line for each step, its columns apart by one tab, below a line with their names; nothing without steps."""
    rows = [row for it in drawn for row in _rows(it)]
    return "".join("\t".join(map(plain, row)) + "\n" for row in ([HEADS, *rows] if rows else []))


def _rows(it: Drawn) -> Iterator[tuple[str, ...]]:
    about = ", ".join(risks(it.path))
    for at, step in enumerate(it.path.steps, start=1):
        yield (
            *(it.severity.name, short(it.path.resource), about, f"{at} of {len(it.path.steps)}", step.says),
            *("; ".join(step.permissions), "; ".join(_provisos(step))),
            it.path.remedy if step.fix == it.path.remedy else "",
        )


def _provisos(step: PathStep) -> Iterator[str]:
    if step.conditions:
        yield f"if {', '.join(step.conditions)} is met"
    if step.assumed:
        yield step.assumed
