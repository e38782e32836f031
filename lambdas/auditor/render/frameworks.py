"""The answers of a framework's controls as data: JSON for programs, CSV and Markdown for auditors.

The same answers give the same bytes.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from auditor.core.frameworks import Answered, Answers
from auditor.render.escape import cell, plain
from auditor.render.export import finding_entry

CONTROL_COLUMNS = ("framework", "control", "title", "answer", "why")
COLUMNS = (*CONTROL_COLUMNS, "account", "checks", "examined", "findings")
FINDING_COLUMNS = (
    *CONTROL_COLUMNS,
    "account",
    "check",
    "severity",
    "resource",
    "reason",
    "evidence",
    "evidence_at",
    "fix",
)


def as_json(answers: Answers) -> str:
    """All answers with their findings; ASCII only, so that no terminal is moved by it."""
    document = {
        "account": answers.owner.account,
        "partition": answers.owner.partition,
        "evidence_at": answers.evidence_at.isoformat(),
        "answers": {answer.value: count for answer, count in answers.counts.items()},
        "controls": [_entry(it) for it in answers.answered],
    }
    return json.dumps(document, indent=2) + "\n"


def _entry(it: Answered) -> dict[str, Any]:
    own = it.control.limits.items()
    return {
        "framework": it.control.framework,
        "control": it.control.number,
        "title": it.control.title,
        "answer": it.answer.value,
        "why": it.why,
        "limits": {name: value.days if isinstance(value, timedelta) else value for name, value in own},
        "checks": list(it.checks),
        "examined": it.examined,
        "findings": [
            finding_entry(finding) | {"evidence_at": finding.evidence_at.isoformat()} for finding in it.findings
        ],
    }


def as_csv(answers: Answers) -> str:
    """One row for each control."""
    account = answers.owner.account
    return _csv(
        COLUMNS,
        (
            (*_control(it), account, ";".join(it.checks), str(it.examined), str(len(it.findings)))
            for it in answers.answered
        ),
    )


def as_csv_of_findings(answers: Answers) -> str:
    """One row for each control and finding; a control without findings has one that says why."""
    return _csv(FINDING_COLUMNS, (row for it in answers.answered for row in _finding_rows(it, answers)))


def _finding_rows(it: Answered, answers: Answers) -> Iterator[Sequence[str]]:
    first = (*_control(it), answers.owner.account)
    if not it.findings:
        yield *first, *([""] * (len(FINDING_COLUMNS) - len(first) - 2)), answers.evidence_at.isoformat(), ""
    for finding in it.findings:
        entry = finding_entry(finding) | {"evidence_at": finding.evidence_at.isoformat()}
        entry["evidence"] = json.dumps(entry["evidence"], sort_keys=True)
        yield *first, *(entry[column] for column in FINDING_COLUMNS[len(first) :])


def _control(it: Answered) -> tuple[str, ...]:
    return it.control.framework, it.control.number, it.control.title, it.answer.value, it.why


def _csv(columns: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\r\n")
    rows.writerow(columns)
    rows.writerows([cell(text) for text in row] for row in body)
    return out.getvalue()


def as_markdown(answers: Answers) -> str:
    """A table of all controls, under how many have each answer."""
    return "\n".join(_lines(answers)) + "\n"


def _lines(answers: Answers) -> Iterator[str]:
    yield f"# Account {answers.owner.account}, evidence of {answers.evidence_at:%Y-%m-%d %H:%M} UTC"
    yield ""
    yield ", ".join(f"{count} {answer.value}" for answer, count in answers.counts.items())
    yield ""
    yield "| control | answer | title | why |"
    yield "|---|---|---|---|"
    for it in answers.answered:
        why = _code(it.why) if it.checks else it.why
        yield f"| `{it.control.id}` | **{it.answer.value}** | {it.control.title} | {why} |"


def _code(text: str) -> str:
    """A code span that no name in it can end or turn into markup: a table's cell knows no other escape of pipes."""
    return f"`{plain(text).replace('`', chr(0x2BC)).replace('|', chr(0xA6))}`"
