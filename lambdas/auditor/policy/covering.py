"""Which patterns of a list others of it make superfluous: fast for thousands of them, also where they are hostile."""

import re
from collections.abc import Iterable

from auditor.policy.match import matches

MOST_COMPARED = 32
"""Patterns with a wildcard that is not the last character: so many of a list are compared with all the others."""

WILDCARDS = re.compile(r"[*?]")
MOST_SLOW = 8
"""The same of those with a question mark."""

LONGEST = 2048
"""Characters: longer patterns than ARNs can be are compared with nothing but themselves."""


def plain(pattern: str) -> str:
    """The same pattern, each run of wildcards as its question marks and at most one star."""
    return re.sub(r"\*[*?]+", lambda run: "?" * run[0].count("?") + "*", pattern)


def admits(pattern: str, text: str) -> bool:
    """Whether the pattern admits all that the text, which may be a pattern itself, admits; case counts.

    The same as `match.matches`, and nothing of it is remembered: for comparisons that are made once.
    """
    if "?" in pattern:
        return matches.__wrapped__(pattern, text)
    first, *middle = pattern.split("*")
    if not middle:
        return pattern == text
    last = middle.pop()
    if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


class Cover:
    """A list of patterns, asked which of them covers a text."""

    def __init__(self, patterns: Iterable[str]) -> None:
        """Sort the patterns by what it takes to compare them."""
        self.literals: set[str] = set()
        self.begins: set[str] = set()
        self.others: dict[str, None] = {}
        for it in patterns:
            if "*" not in it and "?" not in it:
                self.literals.add(it)
            elif it.endswith("*") and not WILDCARDS.search(it, 0, len(it) - 1):
                self.begins.add(it[:-1])
            elif len(it) <= LONGEST and len(self.others) < (MOST_SLOW if "?" in it else MOST_COMPARED):
                self.others[it] = None
        self.lengths = sorted({len(it) for it in self.begins})

    @property
    def wide(self) -> bool:
        """Whether anything in it can cover another text than itself."""
        return bool(self.begins or self.others)

    def over(self, text: str) -> str | None:
        """A pattern, other than the text itself, that admits all that the text admits."""
        own = len(text) - text.endswith("*") * 2 + 1  # a pattern with a trailing star does not cover itself
        for length in self.lengths:
            if length >= own:
                break
            if text[:length] in self.begins:
                return f"{text[:length]}*"
        return next((it for it in self.others if it != text and len(text) <= LONGEST and admits(it, text)), None)

    def holds(self, text: str) -> bool:
        """Whether the text is one of the patterns, or covered by one."""
        same = text in self.literals or text in self.others or (text.endswith("*") and text[:-1] in self.begins)
        return same or self.over(text) is not None
