"""Who is told what, and when: from transitions to the letters of a channel."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby

from auditor.core.check import Severity
from auditor.core.life import IMMEDIATE, NOT_AUDITED, Event, Record, Standing
from auditor.core.model import Membership, Owner
from auditor.core.roster import Run

DEFAULT_CHANNEL = "default"
NOT_FOR_PEOPLE = frozenset({Event.ACKNOWLEDGED, Event.RENAMED})

SETTLED = timedelta(seconds=30)
"""An audit's transitions are told together once nothing more has come for so long …"""
PATIENCE = timedelta(minutes=3)
"""… or the first of them has waited for so long."""

SAME_CHANGE = 5
"""In more accounts than these, a change is told once."""

STORM = 20
STORM_WINDOW = timedelta(minutes=15)
CALM = timedelta(hours=1)
"""More than `STORM` letters in `STORM_WINDOW` become one, and nothing else is told at once for an hour."""

RUN_TAKES = timedelta(hours=24)
"""A run over all accounts that began so long ago and has not finished is told of as one that may have failed; an alarm
has said so before, if it was stopped."""


class Queue(StrEnum):
    """Where news wait: to be told at once, once a day, or if nobody acknowledges them."""

    NOW = "NOW"
    DIGEST = "DIGEST"
    ESCALATION = "ESCALATION"


class Kind(StrEnum):
    """What a letter is: of one account, of one change in many, of a storm, of first audits, of a day, a reminder."""

    ALERT = "ALERT"
    SPREAD = "SPREAD"
    SUMMARY = "SUMMARY"
    BASELINE = "BASELINE"
    DIGEST = "DIGEST"
    ESCALATION = "ESCALATION"


@dataclass(frozen=True, kw_only=True)
class Channel:
    """Where an account's news go: the channel that names it, else one of its tags, else a unit above it."""

    name: str
    accounts: frozenset[str] = frozenset()
    tags: Mapping[str, str] = field(default_factory=dict)
    units: frozenset[str] = frozenset()


def route(channels: Iterable[Channel], owner: Owner, membership: Membership | None) -> str:
    """The name of the account's channel. Of several units the nearest decides; without any match the default one."""
    known = list(channels)
    about = membership or Membership(name="")
    named = [it.name for it in known if owner.account in it.accounts]
    tagged = [it.name for it in known if it.tags.items() & about.tags.items()]
    above = [it.name for unit in reversed(about.path) for it in known if unit in it.units]
    return next(iter([*named, *tagged, *above]), DEFAULT_CHANNEL)


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A check that cannot look any more, with the reason; or, without one, that can again."""

    check: str
    reason: str

    @property
    def of_account(self) -> bool:
        """Whether it is no check that cannot look, but nobody who can look into the account."""
        return self.check == NOT_AUDITED


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """An account that is not audited now, and why; it is in an organization as `membership` says."""

    owner: Owner
    reason: str
    membership: Membership | None = None

    @property
    def name(self) -> str:
        """The account's, where it is known."""
        return self.membership.name if self.membership else ""


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How far the last run over all accounts came: those that are not audited, and the run itself if it failed."""

    missed: tuple[Unseen, ...] = ()
    failed: Run | None = None


def failed(run: Run, now: datetime) -> bool:
    """Whether a run has failed, or seems to: it began long ago and has not finished."""
    return bool(run.error) or (not run.finished and now - run.clock >= RUN_TAKES)


@dataclass(frozen=True, kw_only=True)
class News:
    """Something to tell of an account: a transition, a gap, or (neither) that its first audit has finished.

    `key` is unique, and the same whenever the same is queued; `name` is the account's, where it is known.
    """

    key: str
    owner: Owner
    name: str = ""
    queued_at: datetime
    record: Record | None = None
    gap: Gap | None = None

    @property
    def account_gap(self) -> Gap | None:
        """The gap, if it is that nobody can look into the account, or that somebody can again."""
        return self.gap if self.gap and self.gap.of_account else None


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """What one letter tells; `day` is a digest's. The `id` follows from that: a letter sent again has the same."""

    kind: Kind
    news: tuple[News, ...] = ()
    day: str = ""

    @property
    def id(self) -> str:
        """32 hex digits."""
        told = [self.kind, self.day, *sorted(it.key for it in self.news)]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()[:32]

    @property
    def records(self) -> list[Record]:
        """The transitions in it."""
        return [it.record for it in self.news if it.record]

    @property
    def owners(self) -> list[Owner]:
        """The accounts in it."""
        return sorted({it.owner for it in self.news}, key=lambda it: (it.partition, it.account))


def queue_of(record: Record, alert_at: Severity) -> Queue | None:
    """Where a transition waits; None if people are not told of it, or by the account's baseline."""
    if record.event in NOT_FOR_PEOPLE or (record.event is Event.OPENED and record.baseline):
        return None
    urgent = record.event in IMMEDIATE and record.standing is Standing.OPEN and record.finding.severity >= alert_at
    return Queue.NOW if urgent else Queue.DIGEST


def escalates(record: Record) -> bool:
    """Whether somebody has to acknowledge it, or it is told again."""
    critical = record.finding.severity is Severity.CRITICAL
    return critical and record.event in IMMEDIATE and record.standing is Standing.OPEN


def unattended(then: Record, now: Record | None) -> bool:
    """Whether a finding that was told critical is so still, was not told anew, and nobody has acknowledged it."""
    if now is None or now.alerted != then.alerted or now.acknowledged:
        return False
    return now.standing is Standing.OPEN and now.finding.severity is Severity.CRITICAL


def holds(then: Record, now: Record | None) -> bool:
    """Whether a transition still says how the finding stands; another one that waits, or was told, says otherwise."""
    return now is None or now.standing is then.standing


def ripe(waiting: Iterable[News], now: datetime) -> bool:
    """Whether what waits can be told: nothing more seems to come, or it has waited long enough."""
    times = [it.queued_at for it in waiting]
    return bool(times) and (now - max(times) >= SETTLED or now - min(times) >= PATIENCE)


def bundles(waiting: Iterable[News]) -> list[Bundle]:
    """What waits to be told at once, letter by letter: baselines, changes in many accounts, then account by account."""
    news = sorted(waiting, key=lambda it: (it.owner.partition, it.owner.account, it.key))
    first = [it for it in news if it.record is None]
    moved = [it for it in news if it.record is not None]
    spread = [group for group in _grouped(moved, _change) if len({it.owner for it in group}) > SAME_CHANGE]
    told = {it.key for group in spread for it in group}
    rest = _grouped([it for it in moved if it.key not in told], _account)
    baselines = [first] if len(first) > SAME_CHANGE else [[it] for it in first]
    return [
        *(Bundle(kind=Kind.BASELINE, news=tuple(group)) for group in baselines if group),
        *(Bundle(kind=Kind.SPREAD, news=tuple(group)) for group in spread),
        *(Bundle(kind=Kind.ALERT, news=tuple(group)) for group in rest),
    ]


def braked(given: list[Bundle], lately: int) -> list[Bundle]:
    """The same, or one summary if that and what was told `lately` (in the storm's window) would be too much."""
    if not given or lately + len(given) <= STORM:
        return given
    return [Bundle(kind=Kind.SUMMARY, news=tuple(news for bundle in given for news in bundle.news))]


def _change(news: News) -> str:
    return f"{news.record.finding.check}#{news.record.event}" if news.record else ""


def _account(news: News) -> str:
    return f"{news.owner.partition}#{news.owner.account}"


def _grouped(news: Iterable[News], by: Callable[[News], str]) -> list[list[News]]:
    return [list(group) for _, group in groupby(sorted(news, key=by), key=by)]
