"""Patterns as IAM writes them: ``*`` is any text, ``?`` any character, and nothing else is special."""

import fnmatch
import re
from functools import cache


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, to be matched with a whole text; a bracket is a bracket."""
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]")))


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text is as the pattern says."""
    return compiled(pattern).match(text) is not None


@cache
def _covering(pattern: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "[^*]"}
    return re.compile("".join(parts.get(it) or re.escape(it) for it in pattern), re.DOTALL)


def covers(pattern: str, other: str) -> bool:
    """Whether all that the other pattern matches is matched by this one; some that are so are not recognized.

    A star of the other is taken by a star of this one only, and then with all that it may stand for.
    """
    return _covering(pattern).fullmatch(other) is not None
