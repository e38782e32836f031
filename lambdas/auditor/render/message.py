"""A letter as an e-mail: plain text of at most 78 columns, most important first, times in UTC, no markup."""

import textwrap
from collections.abc import Iterable, Iterator
from itertools import accumulate

from auditor.render.escape import masked, plain
from auditor.render.letter import Entry, Letter, Section
from auditor.render.wording import moment

WIDTH = 78
SUBJECT_LIMIT = 99
"""SNS takes fewer than 100 printable ASCII characters."""

BODY_LIMIT = 100_000
"""Bytes; SNS takes 256 KiB, and a letter in all its forms fits one item of the table, which holds 400 KB."""

FIELD_LIMIT = 2000
"""Characters of one name, reason or fix."""


def subject(letter: Letter) -> str:
    """The subject line: severity, where, and what changed."""
    line = _safe(f"[{letter.severity.name}] {letter.headline}").encode("ascii", "replace").decode()
    return line if len(line) <= SUBJECT_LIMIT else f"{line[: SUBJECT_LIMIT - 3]}..."


def text(letter: Letter, table: str) -> str:
    """The whole message; `table` is the name of the table to ask for more."""
    body = list(_body(letter))
    fitting = sum(end <= BODY_LIMIT for end in accumulate(len(line.encode()) + 1 for line in body))
    left = [f"... and {len(body) - fitting} more lines"] if fitting < len(body) else []
    return "\n".join([*body[:fitting], *left, *_footer(letter, table)]) + "\n"


def _body(letter: Letter) -> Iterator[str]:
    yield from _wrapped(letter.headline)
    yield moment(letter.at)
    if letter.opening:
        yield from ("", *_wrapped(letter.opening))
    for section in letter.sections:
        yield from ("", *_wrapped(section.title.upper()))
        yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    for number, entry in enumerate(section.entries, start=1):
        yield from ("", *_entry(number, entry))
    for line in section.lines:
        yield from _wrapped(line, "  - ")
    if section.more:
        yield from ("",) * bool(section.entries)
    for line in section.more:
        yield from _wrapped(line, "    ")


def _entry(number: int, entry: Entry) -> Iterator[str]:
    yield from _wrapped(f"{entry.severity.name}  {entry.title}", f"{number:2}. ")
    named = f"{entry.id}  check {entry.check}" if entry.id and entry.check else entry.id
    fields = {"What": entry.what, "Where": entry.where, "Do": entry.do, "Id": named}
    if not entry.id:
        fields["Check"] = entry.check
    for name, value in fields.items():
        yield from _wrapped(value, f"    {name:<7}")


def _footer(letter: Letter, table: str) -> Iterator[str]:
    yield from ("", "--", "Key ids are masked and long lines wrapped. In full:")
    yield from _wrapped(_question(letter), "    ")
    yield from _wrapped(table, "Table    ")
    yield from _wrapped(letter.id, "Message  ")


def _question(letter: Letter) -> str:
    """The command that shows more."""
    if any(it.id for it in letter.entries):
        return "auditor findings show ID"
    checks = [it.check for it in letter.entries if it.check]
    return f"auditor findings list --check {checks[0]}" if checks else "auditor findings list"


def _wrapped(line: str, start: str = "") -> Iterable[str]:
    """Lines that fit: the first begins with `start`, the others are indented as far. Nothing for no text."""
    return textwrap.wrap(
        _safe(line), WIDTH, initial_indent=start, subsequent_indent=" " * len(start), break_on_hyphens=False
    )


def _safe(value: str) -> str:
    shown = plain(masked(value.strip()))
    return shown if len(shown) <= FIELD_LIMIT else f"{shown[:FIELD_LIMIT]}..."
