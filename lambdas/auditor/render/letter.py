"""A letter in words, before it takes the form of a medium: most important first, nothing twice."""

from dataclasses import dataclass
from datetime import datetime

from auditor.core.check import Severity
from auditor.core.telling import Kind


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One finding: what is wrong, where, what to do, and how it is found again. Empty parts are left out."""

    severity: Severity
    title: str
    what: str
    where: str = ""
    do: str = ""
    id: str = ""
    check: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of a letter under its title: findings one by one, or lines; `more` says what is left out of them."""

    title: str
    entries: tuple[Entry, ...] = ()
    lines: tuple[str, ...] = ()
    more: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What a channel is told at once. `id` is the same whenever the same letter is sent again.

    `severity` is the worst of what is new in it, INFO where nothing is; `accounts` are those it tells of. `opening` is
    in our own words, everything else may quote somebody else's: no text in it is escaped yet.
    """

    id: str
    kind: Kind
    severity: Severity
    headline: str
    at: datetime
    accounts: tuple[str, ...]
    sections: tuple[Section, ...]
    opening: str = ""

    @property
    def entries(self) -> list[Entry]:
        """Every finding that is spelled out, in the order of the letter."""
        return [entry for section in self.sections for entry in section.entries]
