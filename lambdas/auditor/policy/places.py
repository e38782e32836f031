"""Where each part of a JSON text stands: line and column, both from 1, the column in characters."""

import re
from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass
from json import JSONDecoder

from auditor.policy.lint_codes import Path

SPACE = re.compile(r"[ \t\n\r]*")
READ = JSONDecoder().raw_decode
DEEPEST = 100
"""Levels: a policy has eight."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a text; `offset` is the number of the character, from 0."""

    offset: int
    line: int
    column: int


class Places:
    """The places in a text that json.loads accepts; of another one, as far as it goes."""

    def __init__(self, text: str) -> None:
        """Look once at each character."""
        self.text = text
        self.starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self.offsets: dict[Path, int] = {}
        self.duplicates: list[tuple[Path, int]] = []
        with suppress(ValueError, IndexError):
            self._value(self._skip(0), ())

    def of(self, path: Path) -> Place:
        """Where a path stands: a scalar itself, an object or list by its key; what is not there, by what it is in."""
        while path and path not in self.offsets:
            path = path[:-1]
        return self.at(self.offsets.get(path, 0))

    def at(self, offset: int) -> Place:
        """The place of a character."""
        line = bisect_right(self.starts, offset)
        return Place(offset, line, offset - self.starts[line - 1] + 1)

    def _skip(self, at: int) -> int:
        found = SPACE.match(self.text, at)
        return found.end() if found else at

    def _value(self, at: int, path: Path) -> int:
        """Note what begins at `at`, and give where it ends. Raises ValueError for what is nested too deep."""
        if len(path) > DEEPEST:
            raise ValueError("nested too deep")
        self.offsets.setdefault(path, at)
        if self.text[at] in "{[":
            return self._members(at, path)
        return READ(self.text, at)[1]

    def _members(self, at: int, path: Path) -> int:
        """The members of the object or list that begins at `at`."""
        keyed, closing = self.text[at] == "{", "}]"[self.text[at] == "["]
        at, number = self._skip(at + 1), 0
        while self.text[at] != closing:
            begin, key = at, number
            if keyed:
                key, at = READ(self.text, at)
                at = self._skip(self._skip(at) + 1)
            place = (*path, key)
            if keyed and place in self.offsets:
                self.duplicates.append((place, begin))
            if keyed and self.text[at] in "{[":
                self.offsets.setdefault(place, begin)
            at, number = self._skip(self._value(at, place)), number + 1
            at = self._skip(at + 1) if self.text[at] == "," else at
        return at + 1
