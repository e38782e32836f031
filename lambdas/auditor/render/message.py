"""A notice as an e-mail: plain text of at most 78 columns, most important first, times in UTC, no markup."""

import textwrap
from collections.abc import Iterable, Iterator

from auditor.core.evaluate import Finding
from auditor.core.model import GLOBAL
from auditor.core.reconcile import Event, Record
from auditor.render.escape import masked, plain
from auditor.render.notice import TITLES, Notice, rest_by_check

WIDTH = 78
SPELLED_OUT = 12
"""Findings of one kind of event that a message describes one by one."""

SUBJECT_LIMIT = 99
"""SNS takes fewer than 100 printable ASCII characters."""


def subject(notice: Notice) -> str:
    """The subject line: severity, what changed, and where."""
    line = f"[{notice.severity.name}] AWS account {notice.owner.account}: {notice.counts}"
    return plain(line).encode("ascii", "replace").decode()[:SUBJECT_LIMIT]


def text(notice: Notice, table: str) -> str:
    """The whole message; `table` is the name of the table to ask for more."""
    return "\n".join(line.rstrip() for line in _lines(notice, table)) + "\n"


def _lines(notice: Notice, table: str) -> Iterator[str]:
    yield from _wrapped(f"AWS account {notice.owner.account}: {notice.counts}", "")
    yield f"Audit of {notice.at:%Y-%m-%d %H:%M} UTC"
    for event, word in TITLES.items():
        records = notice.of(event)
        if records:
            yield from ("", f"{word.upper()} ({len(records)})")
            yield from _resolved(records) if event is Event.RESOLVED else _described(records)
    yield from _coverage(notice)
    yield from ("", "--", "Key ids are masked and long lines wrapped. In full, in the DynamoDB table")
    yield from _wrapped(table, "")


def _described(records: list[Record]) -> Iterator[str]:
    for number, record in enumerate(records[:SPELLED_OUT], start=1):
        finding = record.finding
        yield from ("", *_wrapped(f"{number:2}. {finding.severity.name}  {finding.title}", "    "))
        yield from _field("What", finding.reason)
        yield from _field("Where", _where(finding))
        yield from _field("Do", finding.fix)
        yield from _field("Id", f"{finding.id}  check {finding.check}")
    yield from _rest(records)


def _where(finding: Finding) -> str:
    return (
        finding.principal
        if finding.region in {GLOBAL, finding.principal}
        else f"{finding.principal} ({finding.region})"
    )


def _resolved(records: list[Record]) -> Iterator[str]:
    for record in records[:SPELLED_OUT]:
        finding = record.finding
        how = str(record.resolution or "").lower().replace("_", " ")
        what = f"{finding.title}: {finding.resource} ({how}, open since {record.opened_at:%Y-%m-%d})"
        yield from _wrapped(f"  - {finding.severity.name}  {what}", "    ")
    yield from _rest(records)


def _rest(records: list[Record]) -> Iterator[str]:
    if rest := rest_by_check(records[SPELLED_OUT:]):
        yield from ("", f"    and {len(records) - SPELLED_OUT} more:", *(f"    {line}" for line in rest))


def _coverage(notice: Notice) -> Iterator[str]:
    if notice.blind:
        yield from ("", "NOT LOOKED AT (nothing of it counts as fine)")
        for reason, checks in notice.blind_by_reason.items():
            yield from _wrapped(f"  - {', '.join(checks)}: {reason}", "    ")
    if notice.seeing_again:
        yield from ("", *_wrapped(f"Looked at again: {', '.join(notice.seeing_again)}", "  "))


def _field(name: str, value: str) -> Iterable[str]:
    return _wrapped(f"    {name:<7}{value}", " " * 11)


def _wrapped(line: str, indent: str) -> list[str]:
    start = line[: len(line) - len(line.lstrip())]
    safe = plain(masked(line.strip()))
    return textwrap.wrap(safe, WIDTH, initial_indent=start, subsequent_indent=indent, break_on_hyphens=False)
