"""What the findings table answers: rows for people, spreadsheets and programs, and a finding's whole story."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from auditor.aws.headers import missed_of
from auditor.aws.items import Item, record_map, record_of, rule_of, run_of
from auditor.aws.questions import FIELDS
from auditor.cli import screen
from auditor.core.check import Severity
from auditor.core.life import Record
from auditor.core.roster import Run
from auditor.render.escape import cell, plain
from auditor.render.wording import joined, moment

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a list shows: the table's heads with the field below each, and every field, for programs."""

    heads: Mapping[str, str]
    fields: tuple[str, ...]


FINDINGS = Shape(
    heads={
        screen.ID: "id",
        screen.SEVERITY: "severity",
        "STATUS": "standing",
        "ACCOUNT": "account",
        "CHECK": "check",
        "OPEN SINCE": "opened_at",
        "FINDING": "reason",
    },
    fields=FIELDS,
)
EXCEPTIONS = Shape(
    heads={
        screen.ID: "id",
        "STATE": "state",
        "UNTIL": "until",
        "CHECK": "check",
        "RESOURCE": "resource",
        "TAG": "tag",
        "OWNER": "owner",
        "REASON": "reason",
    },
    fields=("id", "state", "account", "check", "resource", "tag", "reason", "owner", "until"),
)
_RUN_HEADS = {
    "ACCOUNT": "account",
    "EVIDENCE OF": "evidence_at",
    "FINDINGS": "findings",
    "CHANGES": "transitions",
    "NOT LOOKED AT": "skipped",
}
RUNS = Shape(heads=_RUN_HEADS, fields=tuple(_RUN_HEADS.values()))
_LAST_RUN_HEADS = {**_RUN_HEADS, "OPEN": "open", "EXCEPTED": "excepted", "NOT AUDITED": "not_audited"}
LAST_RUNS = Shape(heads=_LAST_RUN_HEADS, fields=tuple(_LAST_RUN_HEADS.values()))

LOST = 5
"""Lost accounts that a line names."""

MOMENTS = frozenset({"opened_at", "evidence_at"})
"""The fields of a table that hold a moment (UTC); people get it to the minute, programs as it is."""

STORY = (
    "check",
    "severity",
    "resource",
    "reason",
    "resolution",
    "acknowledged_by",
    "acknowledged_note",
    "excepted_until",
)
"""What a line of history compares, besides the evidence."""


def finding_row(item: Item) -> Row:
    """A finding as a list has it: every field, None where it does not apply."""
    return {name: item.get(name) for name in FIELDS} | {"version": int(item["version"])}


def most_severe_first(row: Row) -> tuple[Any, ...]:
    """Sorts findings: the most severe, then the longest open."""
    return -Severity[row["severity"]], row["opened_at"], row["account"], row["id"]


def exception_row(item: Item, today: date) -> Row:
    """An exception, active or ended."""
    rule = rule_of(item["exception"])
    return {
        "id": rule.id,
        "state": "active" if rule.active(today) else "ended",
        "account": rule.account,
        "check": rule.check,
        "resource": rule.resource,
        "tag": "=".join(rule.tag) if rule.tag else None,
        "reason": rule.reason,
        "owner": rule.owner,
        "until": rule.until.isoformat(),
    }


def run_row(account: str, item: Mapping[str, Any]) -> Row:
    """An audit in counts."""
    run = run_of(item)
    counts = {name: getattr(run, name) for name in ("findings", "transitions", "skipped")}
    return {"account": account, "evidence_at": run.evidence_at.isoformat(), **counts}


def last_run_row(item: Item) -> Row:
    """An account's last audit, what is open after it, and why the last run could not audit it; None where it could."""
    last, missed = item["audited"], missed_of(item["audited"])
    is_open = {name: int(last["open"].get(name, 0)) for name in reversed(Severity.__members__)}
    return {
        **(run_row(item["account"], last) if "evidence_at" in last else _never(item["account"])),
        "open": {name: count for name, count in is_open.items() if count},
        "excepted": int(last["excepted"]),
        "not_audited": missed.reason if missed else None,
    }


def _never(account: str) -> Row:
    return dict.fromkeys(RUNS.fields) | {"account": account}


def run_line(run: Run) -> str:
    """A run over all accounts for people, in one line."""
    counts = {
        "planned": run.planned,
        "audited": run.audited,
        "not audited": run.not_audited,
        "ended": run.ended,
        "skipped": sum(run.skipped.values()),
        "lost": len(run.lost),
    }
    told = ", ".join(f"{count} {name}" for name, count in counts.items())
    skipped = ", ".join(f"{count} ({reason})" for reason, count in run.skipped.items())
    more = {"skipped": skipped, "lost": joined(run.lost, LOST), "error": run.error}
    parts = [told, *(f"{name}: {text}" for name, text in more.items() if text)]
    state = "" if run.finished else " (it has not finished)"
    return f"last run over all accounts, of {moment(run.clock)}{state}: {'; '.join(parts)}"


def table(shape: Shape, rows: Sequence[Row]) -> None:
    """A line for each row; nothing at all without any."""
    if rows:
        screen.rows(list(shape.heads), ([_words(field, row[field]) for field in shape.heads.values()] for row in rows))


def as_json(shape: Shape, rows: Sequence[Row]) -> None:
    """A list of objects, ASCII only."""
    screen.write(json.dumps([{name: row[name] for name in shape.fields} for row in rows], indent=2) + "\n")


def as_csv(shape: Shape, rows: Sequence[Row]) -> None:
    """A line for each row, below the fields' names; no cell is a formula."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\r\n")
    lines.writerow(shape.fields)
    lines.writerows([cell(_text(row[name])) for name in shape.fields] for row in rows)
    screen.write(out.getvalue())


LISTED: dict[str, Callable[[Shape, Sequence[Row]], None]] = {"table": table, "json": as_json, "csv": as_csv}


def _words(field: str, value: Any) -> str:
    if value is not None and field in MOMENTS:
        return f"{datetime.fromisoformat(value):%Y-%m-%d %H:%M}"
    if isinstance(value, Mapping):
        return ", ".join(f"{count} {name}" for name, count in value.items())
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return json.dumps(value, default=int)
    return "" if value is None else str(value)


def story_json(item: Item, history: Iterable[Item]) -> None:
    """A finding and its transitions, oldest first, as one object."""
    known = ("at", "evidence_at", "before", "after", "handed_on")
    told = [{name: it.get(name) for name in known} for it in history]
    document = {"finding": record_map(record_of(item)), "history": told}
    screen.write(json.dumps(document, indent=2, default=int) + "\n")


def story(item: Item, history: Iterable[Item]) -> None:
    """A finding and its transitions for people."""
    lines = [*_state(record_of(item)), "", "HISTORY", *(line for it in history for line in _transition(it))]
    screen.write("".join(f"{plain(line).rstrip()}\n" for line in lines))


def _state(record: Record) -> Iterator[str]:
    it = record.finding
    yield f"{it.severity.name}  {it.check}  {record.standing}"
    yield it.reason
    yield ""
    about = {
        "id": it.id,
        "account": it.owner.account,
        "resource": f"{it.resource} ({it.resource_type}, {it.region})",
        "principal": it.principal,
        "first seen": _when(record.first_seen),
        "open since": _when(record.opened_at),
        "resolved": f"{_when(record.changed_at)}, {record.resolution}" if record.resolution else "",
        "acknowledged": _acknowledged(record),
        "excepted": _excepted(record),
        "evidence": f"{json.dumps(it.evidence, sort_keys=True)}, of {_when(it.evidence_at)}",
        "fix": it.fix,
    }
    for name, text in about.items():
        if text:
            yield f"{name:<14}{text}"


def _acknowledged(record: Record) -> str:
    it = record.acknowledged
    return f"by {it.by}, {_when(it.at)}{f': {it.note}' if it.note else ''}" if it else ""


def _excepted(record: Record) -> str:
    rule = record.exception
    return f"until {rule.until} by {rule.id} of {rule.owner}: {rule.reason}" if rule else ""


def _transition(item: Item) -> Iterator[str]:
    after = item["after"]
    handed = item.get("handed_on")
    told = f"  (handed on {_when(datetime.fromisoformat(handed))})" if handed else ""
    yield f"{_when(datetime.fromisoformat(item['at']))}  {after['event']}{told}"
    if item["before"]:
        before, now = _compared(item["before"]), _compared(after)
        for name in dict.fromkeys([*before, *now]):
            if before.get(name) != now.get(name):
                yield f"    {name}: {_shown(before.get(name))} -> {_shown(now.get(name))}"


def _compared(state: Mapping[str, Any]) -> Row:
    evidence = {f"evidence.{name}": value for name, value in state["evidence"].items()}
    return {name: state.get(name) for name in STORY} | evidence


def _shown(value: Any) -> str:
    return "none" if value is None else value if isinstance(value, str) else json.dumps(value, default=int)


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
