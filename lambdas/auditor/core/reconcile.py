"""The life of findings: what an evaluation changes in what is already known.

Times that order things are evidence times, never run times: a late run may carry an older credential report.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from auditor.core.evaluate import Evaluation, Examined, Finding, Skip


class Status(StrEnum):
    """Whether the problem is there."""

    OPEN = "OPEN"
    RESOLVED = "RESOLVED"


class Event(StrEnum):
    """A transition in a finding's life."""

    OPENED = "OPENED"
    CHANGED = "CHANGED"
    REOPENED = "REOPENED"
    RESOLVED = "RESOLVED"


class Resolution(StrEnum):
    """Why a finding is resolved: its subject was seen without the problem, or is gone."""

    FIXED = "FIXED"
    RESOURCE_DELETED = "RESOURCE_DELETED"


@dataclass(frozen=True, kw_only=True)
class Record:
    """A finding with its life. `version` counts transitions; `event` is the last one and `changed_at` when it was."""

    finding: Finding
    status: Status
    event: Event
    first_seen: datetime
    opened_at: datetime
    changed_at: datetime
    version: int
    resolution: Resolution | None = None


@dataclass(frozen=True, kw_only=True)
class Header:
    """What is known about an account's audits.

    `seen` is the age of the newest evidence each check has judged, `gaps` what was not looked at in the last audit
    and should have been, `open` the number of open findings by severity. `version` counts the writes to the account: it
    is the table's to move.
    """

    evidence_at: datetime
    seen: Mapping[str, datetime] = field(default_factory=dict)
    gaps: Mapping[str, str] = field(default_factory=dict)
    open: Mapping[str, int] = field(default_factory=dict)
    version: int = 0


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """All that the table knows about one account: nothing before its first audit."""

    header: Header | None = None
    records: Mapping[str, Record] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One transition: the record before it (None for a finding never seen) and after it."""

    before: Record | None
    after: Record


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What to write: the transitions, then the header that says how far the account was seen (None: nothing newer)."""

    transitions: tuple[Change, ...]
    header: Header | None


def reconcile(evaluation: Evaluation, ledger: Ledger) -> Changes:
    """Compare what was found with what is known.

    A check whose evidence is older than what it has already judged changes nothing, and neither does one that was
    skipped or not selected. A finding is resolved only if its subject, Region and check were completely seen, in
    evidence newer than its own.
    """
    known = ledger.header.seen if ledger.header else {}
    fresh = {c: it for c, it in evaluation.examined.items() if c not in known or it.as_of >= known[c]}
    found = {finding.id: finding for finding in evaluation.findings if finding.check in fresh}
    transitions = (
        *_found(found.values(), ledger.records, evaluation.evidence_at),
        *_gone(found, fresh, evaluation, ledger.records),
    )
    after = dict(ledger.records) | {change.after.finding.id: change.after for change in transitions}
    header = _header(evaluation, fresh, ledger.header, after.values())
    nothing_newer = not transitions and header == ledger.header
    return Changes(transitions=transitions, header=None if nothing_newer else header)


def _found(findings: Iterable[Finding], records: Mapping[str, Record], now: datetime) -> Iterator[Change]:
    for finding in findings:
        record = records.get(finding.id)
        if record is None:
            opened = Record(
                finding=finding,
                status=Status.OPEN,
                event=Event.OPENED,
                first_seen=now,
                opened_at=now,
                changed_at=now,
                version=1,
            )
            yield Change(before=None, after=opened)
        elif finding.evidence_at >= record.finding.evidence_at:
            yield from _seen_again(finding, record, now)


def _seen_again(finding: Finding, record: Record, now: datetime) -> Iterator[Change]:
    after = replace(record, finding=finding, status=Status.OPEN, changed_at=now, version=record.version + 1)
    if record.status is Status.RESOLVED:
        reopened = replace(after, event=Event.REOPENED, opened_at=now, resolution=None)
        yield Change(before=record, after=reopened)
    elif _substance(finding) != _substance(record.finding):
        yield Change(before=record, after=replace(after, event=Event.CHANGED))


def _substance(finding: Finding) -> tuple[str, int, str]:
    return finding.material, finding.severity, finding.resource


def _gone(
    found: Mapping[str, Finding], fresh: Mapping[str, Examined], evaluation: Evaluation, records: Mapping[str, Record]
) -> Iterator[Change]:
    skipped = _scopes(evaluation.skipped)
    for record in records.values():
        finding = record.finding
        examined = fresh.get(finding.check)
        if record.status is Status.RESOLVED or finding.id in found or examined is None:
            continue
        unseen = skipped.get(finding.check, set()) & {finding.region, finding.resource, finding.principal}
        asked = not finding.via or finding.via in examined.via
        if asked and not unseen and examined.as_of > finding.evidence_at:
            yield Change(before=record, after=_resolved(record, examined, evaluation.evidence_at))


def _scopes(skips: Iterable[Skip]) -> dict[str, set[str]]:
    scopes: dict[str, set[str]] = {}
    for skip in skips:
        if skip.scope:
            scopes.setdefault(skip.check, set()).add(skip.scope)
    return scopes


def _resolved(record: Record, examined: Examined, now: datetime) -> Record:
    fixed = examined.gone_is_fixed or record.finding.uid in examined.uids
    return replace(
        record,
        finding=replace(record.finding, evidence_at=examined.as_of),
        status=Status.RESOLVED,
        event=Event.RESOLVED,
        changed_at=now,
        version=record.version + 1,
        resolution=Resolution.FIXED if fixed else Resolution.RESOURCE_DELETED,
    )


def _header(
    evaluation: Evaluation, fresh: Mapping[str, Examined], before: Header | None, records: Iterable[Record]
) -> Header:
    late = before is not None and evaluation.evidence_at <= before.evidence_at
    known = before or Header(evidence_at=evaluation.evidence_at)
    told = known if late else replace(known, evidence_at=evaluation.evidence_at, gaps=evaluation.unplanned_gaps)
    seen = {**known.seen, **{check: examined.as_of for check, examined in fresh.items()}}
    open_now = Counter(it.finding.severity.name for it in records if it.status is Status.OPEN)
    return replace(told, seen=seen, open=dict(sorted(open_now.items())))
