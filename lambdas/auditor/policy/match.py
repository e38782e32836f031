"""Patterns of the policy language: ``*`` is any run of characters, also an empty one, and ``?`` any one character."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache

ARN_FIELDS = 6
LAST = "\U0010ffff"
"""Sorts behind whatever texts go on with."""

REMEMBERED = 1 << 16
"""Comparisons that are not made again: an account's policies say the same over and over."""


@lru_cache(maxsize=REMEMBERED)
def matches(pattern: str, text: str) -> bool:
    """Whether the pattern admits the text, or everything that the text admits if that is itself a pattern.

    Case counts; the caller folds it where AWS does. What stands between two stars is looked for once, from the left, so
    that no pattern makes it go back.
    """
    if "*" not in pattern and "?" not in pattern:
        return pattern == text
    pattern, text = _plain(pattern), _plain(text)
    head, *others = pattern.split("*")
    if not others:
        return len(pattern) == len(text) and _find(pattern, text, 0, len(text)) == 0
    *middle, tail = others
    place, end = len(head), len(text) - len(tail)
    if place > end or _find(head, text, 0, place) != 0 or _find(tail, text, end, len(text)) != end:
        return False
    for part in middle:
        place = _find(part, text, place, end)
        if place < 0:
            return False
        place += len(part)
    return True


def _find(part: str, text: str, begin: int, end: int) -> int:
    """Where the first text is that a part without stars admits; -1 if there is none."""
    if "?" not in part:
        return text.find(part, begin, end)
    found = _expression(part).search(text, begin, end)
    return found.start() if found else -1


@lru_cache(maxsize=REMEMBERED)
def _expression(part: str) -> re.Pattern[str]:
    """A part of a pattern, of a fixed width: a ``?`` does not admit another pattern's star."""
    return re.compile(re.escape(part).replace(r"\?", "[^*]"), re.DOTALL)


@lru_cache(maxsize=REMEMBERED)
def overlap(one: str, other: str) -> bool:
    """Whether there is a text that both patterns admit."""
    one, other = _without_ends(_plain(one), _plain(other))
    if "*" in (one, other):
        return True
    below = [not other[place:].strip("*") for place in range(len(other) + 1)]
    for at in reversed(range(len(one))):
        row = [*below[:-1], not one[at:].strip("*")]
        for place in reversed(range(len(other))):
            if "*" in (one[at], other[place]):
                row[place] = below[place] or row[place + 1]
            else:
                row[place] = below[place + 1] and (one[at] == other[place] or "?" in (one[at], other[place]))
        below = row
    return below[0]


def _without_ends(one: str, other: str) -> tuple[str, str]:
    """The same without what both begin and end with: most patterns differ there, or nowhere else."""
    shorter = min(len(one), len(other))
    begin = next((at for at in range(shorter) if one[at] != other[at] or one[at] in "*?"), shorter)
    one, other = one[begin:], other[begin:]
    shorter = min(len(one), len(other))
    end = next((at for at in range(shorter) if one[~at] != other[~at] or one[~at] in "*?"), shorter)
    return one[: len(one) - end], other[: len(other) - end]


def among(ordered: Sequence[str], pattern: str) -> Iterator[str]:
    """Those of some sorted texts that the pattern admits; only those are compared that begin as it does."""
    begin = min((at for at in map(pattern.find, "*?") if at >= 0), default=len(pattern))
    literal = pattern[:begin]
    candidates = ordered[bisect_left(ordered, literal) : bisect_right(ordered, literal + LAST)]
    return (text for text in candidates if matches(pattern, text))


def _plain(pattern: str) -> str:
    """The same pattern, each run of wildcards as its question marks and at most one star."""
    return re.sub(r"[*?]{2,}", lambda run: "?" * run[0].count("?") + "*" * ("*" in run[0]), pattern)


def whole(resource: str) -> str:
    """A pattern of resources with all six fields: IAM takes the missing ones of a short ARN for ``*``."""
    missing = ARN_FIELDS - len(resource.split(":")) if resource.startswith("arn:") else 0
    return resource + ":*" * missing
