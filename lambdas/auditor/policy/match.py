"""Patterns of the policy language: ``*`` is any run of characters, also an empty one, and ``?`` any one character."""

import re
from functools import lru_cache

ARN_FIELDS = 6
REMEMBERED = 1 << 16
"""Comparisons that are not made again: an account's policies say the same over and over."""


@lru_cache(maxsize=REMEMBERED)
def matches(pattern: str, text: str) -> bool:
    """Whether the pattern admits the text, or everything that the text admits if that is itself a pattern.

    Case counts; the caller folds it where AWS does. Linear for every text but hostile ones, quadratic for those.
    """
    pattern, text = _plain(pattern), _plain(text)
    at = place = 0
    star = mark = -1
    while place < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, mark, at = at, place, at + 1
        elif at < len(pattern) and (pattern[at] == text[place] or (pattern[at] == "?" and text[place] != "*")):
            at, place = at + 1, place + 1
        elif star >= 0:
            mark += 1
            at, place = star + 1, mark
        else:
            return False
    return not pattern[at:].strip("*")


def overlap(one: str, other: str) -> bool:
    """Whether there is a text that both patterns admit."""
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


def _plain(pattern: str) -> str:
    """The same pattern, each run of wildcards as its question marks and at most one star."""
    return re.sub(r"[*?]{2,}", lambda run: "?" * run[0].count("?") + "*" * ("*" in run[0]), pattern)


def whole(resource: str) -> str:
    """A pattern of resources with all six fields: IAM takes the missing ones of a short ARN for ``*``."""
    missing = ARN_FIELDS - len(resource.split(":")) if resource.startswith("arn:") else 0
    return resource + ":*" * missing
