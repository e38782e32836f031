"""A letter in the markup that Slack and Amazon Q share, line by line: whatever somebody else wrote is a code span.

Sizes are in UTF-16 units, the larger of the ways in which a service may count: no name can make a message too long.
"""

from collections.abc import Iterable, Iterator
from itertools import accumulate

from auditor.core.telling import Kind
from auditor.render.escape import chat, masked, plain
from auditor.render.letter import Entry, Letter, Section

SPELLED_OUT = 8
"""Findings of one section; the e-mail has more of them."""

SPAN_LIMIT = 200
"""Characters of a name or reason, before they are escaped."""
TITLE_LIMIT = 150
STEP_LIMIT = 350
FIXES = 4
ACKNOWLEDGEMENTS = 3
LOOKED_AFTER = frozenset({Kind.ALERT, Kind.ESCALATION})
"""The letters that somebody may answer with an acknowledgement."""

HARMLESS = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "`": chr(0x2BC),
    "*": chr(0x2217),
    "~": chr(0x223C),
    "@": chr(0xFF20),
}
"""What words outside of a code span may not hold, and what looks like it."""

MORE = "… and more: {} lines, see the findings table"


def size(text: str) -> int:
    """Length in UTF-16 units: an emoji has two."""
    return len(text.encode("utf-16-le")) // 2


def words(text: str, limit: int) -> str:
    """Text that is no mention, link or markup, of at most `limit` units; what is too much is left out at the end."""
    pieces = [HARMLESS.get(it, it) for it in plain(masked(text)).replace("://", ":/ /")]
    return "".join(pieces[: sum(end <= limit for end in accumulate(map(size, pieces)))])


def span(text: str) -> str:
    """The text as a code span of at most two hundred characters before escaping; empty for no text."""
    return chat(text, SPAN_LIMIT) if text else ""


def within(lines: Iterable[str], limit: int) -> list[str]:
    """The first lines that fit into `limit` units, whole; then how many did not."""
    given = list(lines)
    if size("\n".join(given)) <= limit:
        return given
    room = limit - size(MORE.format(len(given)))
    fitting = sum(end <= room for end in accumulate(size(line) + 1 for line in given))
    return [*given[:fitting], MORE.format(len(given) - fitting)]


def lines(letter: Letter) -> Iterator[str]:
    """What the letter says below its headline; an empty line stands before each section."""
    if letter.opening:
        yield words(letter.opening, STEP_LIMIT)
    for section in letter.sections:
        yield from ("", f"*{words(section.title, TITLE_LIMIT)}*")
        yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    for entry in section.entries[:SPELLED_OUT]:
        yield from _entry(entry)
    if len(section.entries) > SPELLED_OUT:
        yield f"• and {len(section.entries) - SPELLED_OUT} more"
    yield from (f"• {span(line)}" for line in section.lines)
    yield from (f"• {words(line, TITLE_LIMIT)}" for line in section.more)


def _entry(entry: Entry) -> Iterator[str]:
    yield f"• *{entry.severity.name}* {words(entry.title, TITLE_LIMIT)}: {span(entry.what)}"
    if found := ", ".join(filter(None, [span(entry.where), span(entry.id)])):
        yield f"   {found}"


def steps(letter: Letter) -> list[str]:
    """What to do next, most important first: fixes, and where it makes sense how to acknowledge. Each is whole."""
    fixes = dict.fromkeys(
        f"{words(it.title, TITLE_LIMIT)}: {chat(it.do, STEP_LIMIT)}" for it in letter.entries if it.do
    )
    answers = [_answer(it) for it in letter.entries if it.id and letter.kind in LOOKED_AFTER]
    return [*_whole(fixes)[:FIXES], *_whole(answers)[:ACKNOWLEDGEMENTS]]


def _answer(entry: Entry) -> str:
    command = chat(f"auditor findings ack {entry.id} --by NAME", STEP_LIMIT)
    return f"Look after it ({words(entry.title, TITLE_LIMIT)}): {command}"


def _whole(given: Iterable[str]) -> list[str]:
    """Half a command is worse than none."""
    return [it for it in given if size(it) <= STEP_LIMIT]
