"""What is remembered of a finding, and of an account.

Three things are independent: what the check says of the subject, whether the record is open or resolved, and what
people decided about it (acknowledged, excepted).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from auditor.core.evaluate import Finding
from auditor.core.exceptions import ExceptionRule
from auditor.core.model import Membership

NEVER = datetime.min.replace(tzinfo=UTC)
"""The evidence time of an account whose first audit has not finished."""


class Status(StrEnum):
    """Whether the problem is there."""

    OPEN = "OPEN"
    RESOLVED = "RESOLVED"


class Standing(StrEnum):
    """What an operations team asks for: the status, with what an exception covers apart."""

    OPEN = "OPEN"
    EXCEPTED = "EXCEPTED"
    RESOLVED = "RESOLVED"


class Event(StrEnum):
    """A transition in a finding's life.

    RENAMED says that the resource or the check has another name, or that the scopes are others, and nothing else is
    new.
    """

    OPENED = "OPENED"
    REOPENED = "REOPENED"
    EXCEPTION_ENDED = "EXCEPTION_ENDED"
    CHANGED = "CHANGED"
    EXCEPTED = "EXCEPTED"
    RESOLVED = "RESOLVED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    RENAMED = "RENAMED"


IMMEDIATE = frozenset({Event.OPENED, Event.REOPENED, Event.EXCEPTION_ENDED})
"""What somebody should look at now."""


class Resolution(StrEnum):
    """Why a finding is resolved. Only the first two say something about the account."""

    FIXED = "FIXED"
    RESOURCE_DELETED = "RESOURCE_DELETED"
    THRESHOLD_CHANGED = "THRESHOLD_CHANGED"
    CHECK_RETIRED = "CHECK_RETIRED"
    ACCOUNT_CLOSED = "ACCOUNT_CLOSED"
    JUDGED_ELSEWHERE = "JUDGED_ELSEWHERE"


@dataclass(frozen=True, kw_only=True)
class Acknowledgement:
    """Somebody has seen the finding and looks after it."""

    by: str
    at: datetime
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Record:
    """A finding with its life. `version` counts transitions; `event` is the last one and `changed_at` when it was.

    `baseline` says that the account's first audit opened it, `alerted` at which version it last was new, back, or no
    longer excepted; `exception` is the rule that covers it now.
    """

    finding: Finding
    status: Status
    event: Event
    first_seen: datetime
    opened_at: datetime
    changed_at: datetime
    version: int
    resolution: Resolution | None = None
    baseline: bool = False
    acknowledged: Acknowledgement | None = None
    exception: ExceptionRule | None = None
    alerted: int = 1

    @property
    def standing(self) -> Standing:
        """The status, with what an exception covers apart."""
        return Standing.EXCEPTED if self.exception else Standing(self.status)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One audit of an account, in counts: what it found, what it changed, and the checks that could not look."""

    evidence_at: datetime
    findings: int
    transitions: int
    skipped: int


NOT_AUDITED = "account-not-audited"
"""What a gap is called that hides a whole account."""


@dataclass(frozen=True, kw_only=True)
class Missed:
    """A run could not look into the account: its clock, and why."""

    at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class Header:
    """What is known about an account's audits.

    `seen` is the age of the newest evidence each check has judged, `gaps` what was not looked at in the last audit
    and should have been, `open` the number of open findings by severity and `excepted` how many others an exception
    covers. `runs` are the last audits, newest first; `missed` says that the last run was none of them, `excused` that
    it need not be, `closed` that the account exists no more. `version` counts the writes to the account: it is the
    table's to move.
    """

    evidence_at: datetime
    seen: Mapping[str, datetime] = field(default_factory=dict)
    gaps: Mapping[str, str] = field(default_factory=dict)
    open: Mapping[str, int] = field(default_factory=dict)
    excepted: int = 0
    runs: tuple[Run, ...] = ()
    membership: Membership | None = None
    missed: Missed | None = None
    excused: bool = False
    closed: bool = False
    version: int = 0

    @property
    def blind(self) -> Mapping[str, str]:
        """Everything that was not looked at and should have been: the gaps of checks, and that of the account."""
        return {**self.gaps, **({NOT_AUDITED: self.missed.reason} if self.missed else {})}

    @property
    def told(self) -> bool:
        """Whether lists of accounts have it."""
        return self.audited or self.missed is not None or self.excused

    @property
    def audited(self) -> bool:
        """Whether the account's first audit has finished."""
        return self.evidence_at != NEVER


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """All that the table knows about one account: nothing before its first audit."""

    header: Header | None = None
    records: Mapping[str, Record] = field(default_factory=dict)
    exceptions: tuple[ExceptionRule, ...] = ()

    @property
    def open(self) -> list[Record]:
        """The records of what is there, covered by an exception or not."""
        return [record for record in self.records.values() if record.status is Status.OPEN]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One transition: the record before it (None for a finding never seen) and after it."""

    before: Record | None
    after: Record


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What to write: the transitions, then the header that says how far the account was seen (None: as it is).

    `added` and `removed` are exceptions that somebody made or ended by hand; they are written with the transitions
    that follow from them.
    """

    transitions: tuple[Change, ...]
    header: Header | None
    added: ExceptionRule | None = None
    removed: ExceptionRule | None = None
