"""SVG and HTML as text that is well-formed XML too, pure ASCII, and in which no name is anything but a name."""

import unicodedata
from collections.abc import Iterable
from html import escape
from itertools import takewhile

from auditor.render.escape import masked, plain

ELLIPSIS = "\u2026"
NO_XML = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}
"""Characters that no XML document may have, besides those that nobody sees."""
WIDE, NARROW = frozenset("mwMW@%&"), frozenset("fijlrt.,:;'|!/()[]- ")


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def text(given: str) -> Markup:
    """A text as a reader may see it: one line, key ids masked, nothing in it is markup."""
    return Markup(escape(_shown(given)).encode("ascii", "xmlcharrefreplace").decode())


def lines(given: Iterable[str]) -> Markup:
    """Texts, each in a line of its own."""
    return Markup("&#10;".join(map(text, given)))


def _shown(given: str) -> str:
    return plain(masked(given)).translate(NO_XML)


def element(name: str, *children: Markup | str, **attributes: object) -> Markup:
    """An element; texts that are no markup are escaped. ``class_`` and ``stroke_width`` are as XML writes them."""
    pairs = (
        f' {key.rstrip("_").replace("_", "-")}="{text(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(it if isinstance(it, Markup) else text(it) for it in children)
    return Markup(f"<{name}{''.join(pairs)}>{inner}</{name}>")


def _value(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def width(given: str) -> float:
    """How wide a text is about, in letters of middle width."""
    return sum(map(_width, given))


def _width(character: str) -> float:
    if unicodedata.combining(character):
        return 0
    if unicodedata.east_asian_width(character) in ("W", "F"):
        return 2
    if character in WIDE:
        return 1.5
    return 1.25 if character.isupper() else 0.6 if character in NARROW else 1


def cut(given: str, columns: float) -> str:
    """A text no wider than that: what is left out in its middle is an ellipsis."""
    shown = _shown(given)
    if width(shown) <= columns:
        return shown
    tail = (columns - 1) * 0.4
    return f"{_begin(shown, columns - 1 - tail)}{ELLIPSIS}{_begin(shown[::-1], tail)[::-1]}"


def apart(given: Iterable[str], columns: float) -> dict[str, str]:
    """Texts no wider than that, by what they were: those that would look the same are cut where they are the same."""
    alike: dict[str, list[str]] = {}
    for it in dict.fromkeys(given):
        alike.setdefault(cut(it, columns), []).append(it)
    return {it: shown if len(them) == 1 else _told(it, them, columns) for shown, them in alike.items() for it in them}


def _told(given: str, alike: list[str], columns: float) -> str:
    """Its beginning, and what comes where it differs from the others."""
    shown = _shown(given)
    letters = takewhile(lambda them: len(set(them)) == 1, zip(*map(_shown, alike), strict=False))
    same = sum(1 for _ in letters)
    head = _begin(shown[:same], (columns - 1) * 0.3)
    rest = shown[max(same - 2, len(head)) :]
    return cut(f"{head}{ELLIPSIS}{cut(rest, columns - 1 - width(head))}", columns)


def _begin(given: str, columns: float) -> str:
    left = columns
    for at, character in enumerate(given):
        left -= _width(character)
        if left < 0:
            return given[:at]
    return given


def folded(given: str, columns: float) -> list[str]:
    """A name in one line, or in two; the second is cut."""
    shown = _shown(given)
    first = _begin(shown, columns)
    return [first, cut(shown[len(first) :], columns)] if first != shown else [shown]


def wrapped(given: str, columns: float, lines: int) -> list[str]:
    """The words of a text in at most so many lines, none wider than that; the last one is cut."""
    found: list[str] = []
    words = _shown(given).split()
    while words and len(found) < lines - 1:
        line = words.pop(0)
        while words and width(f"{line} {words[0]}") <= columns:
            line = f"{line} {words.pop(0)}"
        found.append(cut(line, columns))
    return [*found, cut(" ".join(words), columns)] if words else found
