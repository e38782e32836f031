"""`auditor paths`: how principals that are no administrators can become one, as a list or as a picture."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from auditor.checks.escalation import path_to_administrator
from auditor.cli import judging, screen
from auditor.cli.errors import InputError, one_of
from auditor.cli.judging import SettingsOption
from auditor.cli.seeing import FolderOption, NowOption, seen
from auditor.cli.whom import entities, entity
from auditor.cli.writing import replaced
from auditor.core.check import Context
from auditor.core.evaluate import evaluate
from auditor.core.model import AccountSnapshot, Observed, Unavailable
from auditor.core.subjects.escalation import EscalationPath
from auditor.render.paths_page import html
from auditor.render.paths_picture import summary, svg
from auditor.render.paths_text import block, tabbed
from auditor.render.paths_tree import Drawn, Picture, answer, risks

OutOption = Annotated[Path | None, typer.Option(help="Write into this file; by its ending it also says the format.")]


def paths(
    *,
    evidence: FolderOption = None,
    principal: Annotated[str | None, typer.Option(help="Only the path of this user or role.")] = None,
    form: Annotated[str | None, typer.Option("--format", help="table, json, svg or html.")] = None,
    out: OutOption = None,
    now: NowOption = None,
    settings_file: SettingsOption = None,
) -> None:
    """Show how users and roles that are no administrators can become one, the most dangerous first."""
    show = _form(form, out)
    standards = judging.standards_of(settings_file, judging.catalogue_of(None))
    found, moment = seen(evidence, now)
    observed = found.of(EscalationPath)
    if isinstance(observed, Unavailable):
        raise InputError(f"paths were not seen: {observed.reason}")
    picture = _picture(found, observed, judging.context(standards, found, moment), principal)
    _write(show(picture), out)
    for line in _notes(picture):
        screen.note(line)


def _form(form: str | None, out: Path | None) -> Callable[[Picture], str]:
    """How the paths are shown. Raises InputError for a format, or a place, that is none."""
    ending = out.suffix.removeprefix(".").lower() if out else ""
    show = one_of(SHOWN, form or (ending if ending in SHOWN else "table"), "--format")
    if out and show is _table:
        raise InputError(f"--out: {out}: a table is not written into a file; --format json, svg or html is")
    if out and (out.is_dir() or not out.parent.is_dir()):
        raise InputError(f"--out: {out} is a folder" if out.is_dir() else f"--out: {out.parent} is no folder")
    return show


def _picture(
    found: AccountSnapshot, observed: Observed[EscalationPath], context: Context, principal: str | None
) -> Picture:
    findings = evaluate(found, [path_to_administrator], context).findings
    severity = {it.resource: it.severity for it in findings}
    subjects = {it.resource: it for it in observed.subjects}
    wanted = [_subject(principal, found, observed)] if principal else [it for it in subjects.values() if it.steps]
    drawn = [Drawn(path=it, severity=severity.get(it.resource, path_to_administrator.severity)) for it in wanted]
    return Picture(
        account=found.owner.account,
        evidence_at=observed.as_of,
        drawn=tuple(sorted(drawn, key=lambda it: it.rank)),
        able=sum(bool(it.steps) for it in subjects.values()),
        asked=wanted[0] if principal else None,
        principals=len(subjects),
        administrators=frozenset(it.resource for it in subjects.values() if it.administrator),
        unseen=next((it.unseen for it in subjects.values()), ()),
        unjudged=sum(it.resource in observed.gaps for it in entities(found)),
    )


def _subject(given: str, found: AccountSnapshot, observed: Observed[EscalationPath]) -> EscalationPath:
    """The path of the principal that is meant. Raises InputError if there is none to tell."""
    arn = entity(given, found, "--principal").resource
    path = next((it for it in observed.subjects if it.resource == arn), None)
    if path is None:
        gap = observed.gaps.get(arn, Unavailable(reason="AWS alone acts as it"))
        raise InputError(f"--principal: {arn} was not judged: {gap.reason}")
    return path


def _notes(picture: Picture) -> list[str]:
    return summary(picture) if picture.asked is None else [answer(picture.asked)]


def _write(told: str, out: Path | None) -> None:
    """To stdout, or into a file."""
    if out is None:
        screen.write(told)
        return
    replaced(out, told)
    screen.note(f"written: {out}")


def _table(picture: Picture) -> str:
    """Blocks on a terminal; in a pipe a line for each step."""
    drawn = [it for it in picture.drawn if it.path.steps]
    if not sys.stdout.isatty():
        return tabbed(drawn)
    screen.blocks((it.severity, block(it)) for it in drawn)
    return ""


def _json(picture: Picture) -> str:
    told = {
        "account": picture.account,
        "evidence_at": picture.evidence_at.isoformat(),
        "principals": picture.principals,
        "administrators": sorted(picture.administrators),
        "can_become_one": picture.can,
        "asked": _asked(picture.asked) if picture.asked else None,
        "paths": [_entry(it) for it in picture.drawn if it.path.steps],
        "unseen": picture.unseen,
        "not_judged": picture.unjudged,
    }
    return json.dumps(told, indent=2) + "\n"


def _asked(path: EscalationPath) -> dict[str, Any]:
    """Whether the one that was asked for is an administrator, can become one, or neither."""
    how = "administrator" if path.administrator else "path" if path.steps else "none"
    return {"principal": path.resource, "answer": how, "others": path.others, "says": answer(path)}


def _entry(it: Drawn) -> dict[str, Any]:
    path = it.path
    return {
        "principal": path.resource,
        "severity": it.severity.name,
        "risks": list(risks(path)),
        "steps": [vars(step) for step in path.steps],
        "conditions": path.conditions,
        "assumed": path.assumed,
        "remedy": path.remedy,
        "closes": path.closes,
    }


SHOWN: dict[str, Callable[[Picture], str]] = {
    "table": _table,
    "json": _json,
    "svg": svg,
    "html": html,
}
