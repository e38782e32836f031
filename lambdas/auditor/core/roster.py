"""Which accounts a run is about, and what is to be done about each: the organization's list and the settings in."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

CLOSED = "CLOSED"
SKIPPED = {
    "PENDING_ACTIVATION": "the account is not active yet",
    "SUSPENDED": "AWS has suspended the account",
    "PENDING_CLOSURE": "the account is being closed",
    CLOSED: "the account is closed",
}
"""What AWS says of accounts that nobody can look into."""

OUTSIDE = "is below none of the organizational units that are audited"
LEFT = "it is not in the organization any more; if that is meant, close it: auditor findings close-account"
UNLISTED = "the settings do not list it any more; if that is meant, exclude or close it: auditor findings close-account"
STRANGER = "it is not in the organization"


class Work(StrEnum):
    """What is to be done about an account.

    Look into it; end what is open, because it is closed; note that it is not audited; note that it is gone from the
    list, unless somebody has closed it; or note that nobody needs to look into it.
    """

    AUDIT = "AUDIT"
    END = "END"
    MISS = "MISS"
    GONE = "GONE"
    EXCUSE = "EXCUSE"


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The settings: the accounts of `organization`, or of some of its `units`, and those that are `listed`.

    `here` is the account of the deployment, which is always one of them; `excluded` has the reasons of those left out.
    """

    here: str
    organization: str | None = None
    units: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()
    excluded: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """An account as its organization lists it; `path` are the ids of the units above it, the root's first."""

    account: str
    state: str
    path: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Listing:
    """All accounts of an organization, and the ids of its root and its organizational units."""

    accounts: tuple[Listed, ...]
    units: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Known:
    """An account as the table knows it: the time of its last audit, and whether it is marked as not audited.

    `missed_at` is the clock of the run that could not audit it; `excused` says that no run since needed to.
    """

    account: str
    evidence_at: datetime
    missed_at: datetime | None = None
    excused: bool = False

    def audited(self, clock: datetime) -> bool:
        """Whether a run of that clock has nothing to do about it any more."""
        return self.evidence_at >= clock and self.missed_at is None


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """What a run does about an account, and why it does not look into it."""

    account: str
    work: Work
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Roster:
    """What a run of one clock is about.

    `planned` are the accounts that are to be audited, `skipped` others of the list with the reasons. `assignments` is
    what is left to do. `lost` are those that the last run was about and this one is not, though nobody excluded or
    closed them.
    """

    planned: tuple[str, ...]
    assignments: tuple[Assignment, ...]
    skipped: Mapping[str, str]
    lost: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run over all accounts, in counts; `clock` is its audits'.

    `skipped` has the number of accounts by reason, `lost` some of those that the run before was about. `error` says why
    nothing was audited, or not everything was tried; `finished` that it was summed up.
    """

    clock: datetime
    planned: int = 0
    audited: int = 0
    not_audited: int = 0
    ended: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    error: str = ""
    finished: bool = False

    def failure(self, tolerated: int) -> str:
        """Why the run counts as failed; empty if it does not. `tolerated` percent of the planned may be missed."""
        if self.error:
            return self.error
        missed = self.planned - self.audited
        too_many = missed * 100 > tolerated * self.planned
        return f"{missed} of {self.planned} accounts could not be audited" if too_many else ""


class RosterError(ValueError):
    """There is nothing to audit, or not what the settings say; the message says why."""


def roster(selection: Selection, listing: Listing | None, known: Iterable[Known], clock: datetime) -> Roster:
    """What a run has to do; `listing` is the whole organization, None where nobody asked it.

    What was audited at `clock`, or later, is done. Raises RosterError if a unit does not exist or nothing is selected.
    """
    listed = None if listing is None else {it.account: it for it in listing.accounts}
    if listing and (unknown := sorted(selection.units - listing.units)):
        raise RosterError(f"{selection.organization} has no organizational unit {', '.join(unknown)}")
    before = {it.account: it for it in known}
    skipped = dict(_skipped(selection, listed))
    planned = sorted(_selected(selection, listed) - skipped.keys())
    if not _meant(selection, listed, planned):
        raise RosterError(_nothing(selection, skipped))
    gone = sorted(before.keys() - skipped.keys() - set(planned))
    closed = {it.account for it in (listed or {}).values() if it.state == CLOSED}
    return Roster(
        planned=tuple(planned),
        assignments=(
            *(Assignment(account=it, work=Work.END, reason=skipped[it]) for it in sorted(closed & before.keys())),
            *_excused(skipped.keys() - closed, before),
            *(Assignment(account=it, work=Work.GONE, reason=UNLISTED if listed is None else LEFT) for it in gone),
            *_to_do(planned, selection, listed, before, clock),
        ),
        skipped=skipped,
        lost=tuple(it for it in sorted(before.keys() - set(planned)) if _lost(before[it], selection, closed)),
    )


def _selected(selection: Selection, listed: Mapping[str, Listed] | None) -> set[str]:
    if listed is None:
        return {selection.here, *selection.listed}
    everything = not selection.units and not selection.listed
    below = {it.account for it in listed.values() if everything or selection.units.intersection(it.path)}
    return {selection.here, *selection.listed, *below}


def _skipped(selection: Selection, listed: Mapping[str, Listed] | None) -> Iterator[tuple[str, str]]:
    """The accounts of the list, and of the settings, that are not looked into, with the reasons."""
    for account in (listed or {}).keys() - _selected(selection, listed):
        yield account, OUTSIDE
    for it in (listed or {}).values():
        if it.state != "ACTIVE":
            yield it.account, SKIPPED.get(it.state, f"AWS says it is {it.state}")
    for account, reason in selection.excluded.items():
        yield account, f"excluded: {reason}"


def _meant(selection: Selection, listed: Mapping[str, Listed] | None, planned: Iterable[str]) -> bool:
    """Whether any account is planned that the settings are about: below their units, if they name some."""
    if not selection.units or listed is None:
        return bool(planned)
    return any(selection.units.intersection(listed[it].path) for it in planned if it in listed)


def _nothing(selection: Selection, skipped: Mapping[str, str]) -> str:
    reasons = "; ".join(f"{account}: {skipped[account]}" for account in sorted(skipped)[:3])
    where = ", ".join(sorted(selection.units)) or selection.organization or "the settings"
    return f"no account is left to audit in {where} ({reasons})"


def _excused(skipped: Iterable[str], before: Mapping[str, Known]) -> Iterator[Assignment]:
    """Accounts that were audited, or missed, and need not be now: they are remembered as such."""
    for account in sorted(skipped):
        if account in before and not before[account].excused:
            yield Assignment(account=account, work=Work.EXCUSE)


def _to_do(
    planned: Iterable[str],
    selection: Selection,
    listed: Mapping[str, Listed] | None,
    before: Mapping[str, Known],
    clock: datetime,
) -> Iterator[Assignment]:
    for account in planned:
        if account in before and before[account].audited(clock):
            continue
        stranger = listed is not None and account not in listed and account != selection.here
        yield Assignment(account=account, work=Work.MISS if stranger else Work.AUDIT, reason=STRANGER * stranger)


def _lost(account: Known, selection: Selection, closed: set[str]) -> bool:
    """Whether the account was audited, and is not now, though neither the settings nor its closing explain it."""
    explained = account.account in selection.excluded or account.account in closed
    return not (explained or account.missed_at or account.excused)


def resumed(before: Run, now: Run) -> Run:
    """A run with what was known of it before it was resumed: whom it had ended, or all of it if it was not planned."""
    if not now.planned:
        return replace(before, error=now.error, finished=now.finished)
    lost = tuple(sorted({*before.lost, *now.lost}))
    return replace(now, ended=max(before.ended, now.ended), lost=lost)


def unreached(plan: Roster, known: Iterable[Known], clock: datetime) -> list[str]:
    """The planned accounts that were neither audited at `clock` nor marked as missed."""
    settled = {it.account for it in known if it.audited(clock) or (it.missed_at and it.missed_at >= clock)}
    return [account for account in plan.planned if account not in settled]


def whole(plan: Roster, known: Iterable[Known], clock: datetime, skipped: Mapping[str, int], error: str) -> Run:
    """What became of a run; `skipped` are its skipped accounts by reason."""
    states = {it.account: it for it in known}
    audited = [it for it in plan.planned if it in states and states[it].audited(clock)]
    return Run(
        clock=clock,
        planned=len(plan.planned),
        audited=len(audited),
        not_audited=sum(it.missed_at is not None for it in states.values()),
        ended=sum(it.work is Work.END for it in plan.assignments),
        skipped=skipped,
        lost=plan.lost,
        error=error,
        finished=True,
    )
