"""The life of findings: what an evaluation changes in what is already known.

Times that order things are evidence times, never run times: a late run may carry an older credential report.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from types import MappingProxyType

from auditor.core.evaluate import Evaluation, Examined, Finding, Skip
from auditor.core.exceptions import Rules
from auditor.core.life import IMMEDIATE, Change, Changes, Event, Header, Ledger, Record, Resolution, Run, Status
from auditor.core.model import kind_in

KEPT_RUNS = 14
"""Audits that an account's header remembers: two weeks of daily ones."""


def reconcile(evaluation: Evaluation, ledger: Ledger, rules: Rules | None = None) -> Changes:
    """Compare what was found with what is known.

    A check whose evidence is older than what it has already judged changes nothing, and neither does one that was
    skipped or not selected. A finding is resolved only if its subject, Region and check were completely seen, in
    evidence newer than its own; or if its check is judged in another account now, or was retired. Exceptions cover and
    end by the audit's clock, for findings that were not seen too.
    """
    look = _Look(evaluation=evaluation, ledger=ledger, rules=rules or Rules())
    moved = {
        change.after.finding.id: change
        for change in (*look.found(), *look.gone(), *look.handed_over(), *look.retired())
    }
    transitions = covered(ledger, moved, look.rules.with_(ledger.exceptions), look.now, look.seen)
    header = look.header(list(resulting(ledger, transitions).values()))
    nothing_newer = not transitions and header == ledger.header
    return Changes(transitions=transitions, header=None if nothing_newer else header)


def resulting(ledger: Ledger, transitions: Iterable[Change]) -> dict[str, Record]:
    """The records after the transitions."""
    return {**ledger.records, **{change.after.finding.id: change.after for change in transitions}}


def covered(
    ledger: Ledger,
    moved: Mapping[str, Change],
    rules: Rules,
    now: datetime,
    seen: Mapping[str, Finding] = MappingProxyType({}),
) -> tuple[Change, ...]:
    """The transitions of `moved` with the exceptions that hold for them, then those of every other open record.

    `seen` are the findings as they are now, by id: a tag may be newer than the record.
    """
    day = now.date()
    changes = [_cover(change, rules, day) for change in moved.values()]
    for record in ledger.records.values():
        if record.status is Status.OPEN and record.finding.id not in moved:
            finding = seen.get(record.finding.id, record.finding)
            stepped = replace(record, finding=finding, version=record.version + 1, changed_at=now)
            change = _cover(Change(before=record, after=stepped), rules, day)
            changes += [change] if change.after.exception != record.exception else []
    return tuple(changes)


def _cover(change: Change, rules: Rules, day: date) -> Change:
    """One transition has one event: that an exception ends, or begins, tells more than that something changed."""
    record, before = change.after, change.before
    rule = rules.covering(record.finding, day) if record.status is Status.OPEN else None
    event = record.event
    if before and before.status is record.status is Status.OPEN and rule != before.exception:
        event = Event.EXCEPTED if rule else Event.EXCEPTION_ENDED
    alerted = record.version if event in IMMEDIATE else record.alerted
    return Change(before=before, after=replace(record, exception=rule, event=event, alerted=alerted))


@dataclass(frozen=True, kw_only=True)
class _Look:
    """An evaluation beside what is known."""

    evaluation: Evaluation
    ledger: Ledger
    rules: Rules

    @property
    def late(self) -> bool:
        """Whether newer evidence was judged before."""
        header = self.ledger.header
        return header is not None and self.evaluation.evidence_at <= header.evidence_at

    @property
    def now(self) -> datetime:
        """The audit's clock; a late one's does not turn it back."""
        header = self.ledger.header
        return max(self.evaluation.evidence_at, header.evidence_at) if header else self.evaluation.evidence_at

    @cached_property
    def fresh(self) -> dict[str, Examined]:
        """What was examined in evidence that is not older than what the check has judged before."""
        known = self.ledger.header.seen if self.ledger.header else {}
        return {c: it for c, it in self.evaluation.examined.items() if c not in known or it.as_of >= known[c]}

    @cached_property
    def seen(self) -> dict[str, Finding]:
        """The findings, by id, in evidence that is not older than what is known of them."""
        fresh, known = self.fresh, {uid: it.finding for uid, it in self.ledger.records.items()}
        found = (it for it in self.evaluation.findings if it.check in fresh)
        newer = (it for it in found if it.id not in known or it.evidence_at >= known[it.id].evidence_at)
        return {it.id: _tagged(it, known.get(it.id)) for it in newer}

    def found(self) -> Iterator[Change]:
        """What is there: new, back, changed, or as it was."""
        baseline = not (self.ledger.header and self.ledger.header.audited)
        for finding in self.seen.values():
            record = self.ledger.records.get(finding.id)
            if record is None:
                yield Change(before=None, after=_opened(finding, self.evaluation.evidence_at, baseline=baseline))
            else:
                yield from _seen_again(finding, record, self.evaluation.evidence_at)

    def gone(self) -> Iterator[Change]:
        """What was completely looked at, and is not there any more."""
        found, fresh = {it.id for it in self.evaluation.findings}, self.fresh
        skipped = _scopes(self.evaluation.skipped)
        for record in self.ledger.records.values():
            finding = record.finding
            check = self.rules.present(finding.check)
            examined = fresh.get(check)
            if record.status is Status.RESOLVED or finding.id in found or examined is None:
                continue
            unseen = skipped.get(check, set()) & _hidden_by(finding)
            asked = not finding.via or finding.via in examined.via
            if asked and not unseen and examined.as_of > finding.evidence_at:
                seen = replace(record, finding=replace(finding, check=check, evidence_at=examined.as_of))
                yield resolved(record, seen, self._resolution(check, finding, examined), self.evaluation.evidence_at)

    def _resolution(self, check: str, finding: Finding, examined: Examined) -> Resolution:
        scopeless = check in self.evaluation.scoped and not self.evaluation.scopes.intersection(finding.scopes)
        if scopeless or check in self.evaluation.unset:
            return Resolution.THRESHOLD_CHANGED
        then = self.evaluation.limits.replaced(finding.limits)
        if then != self.evaluation.limits and finding.id in self.evaluation.under(check, then):
            return Resolution.THRESHOLD_CHANGED
        fixed = examined.gone_is_fixed or finding.uid in examined.uids
        return Resolution.FIXED if fixed else Resolution.RESOURCE_DELETED

    def handed_over(self) -> Iterator[Change]:
        """What is judged in another account from now on, as it is if another one speaks for the organization."""
        elsewhere = {it.check for it in self.evaluation.skipped if it.elsewhere and not it.scope}
        elsewhere -= self.evaluation.examined.keys()
        for record in self.ledger.records.values():
            handed = record.status is Status.OPEN and self.rules.present(record.finding.check) in elsewhere
            if handed and not self.late:
                yield resolved(record, record, Resolution.JUDGED_ELSEWHERE, self.evaluation.evidence_at)

    def retired(self) -> Iterator[Change]:
        """What no check asks about any more."""
        for record in self.ledger.records.values():
            if record.status is Status.OPEN and self.rules.retired(record.finding.check):
                yield resolved(record, record, Resolution.CHECK_RETIRED, self.now)

    def header(self, records: Sequence[Record]) -> Header:
        """How far the account was seen; the transitions of a run that was broken off and repeated count once."""
        evaluation = self.evaluation
        known = self.ledger.header or Header(evidence_at=evaluation.evidence_at)
        if not self.late:
            run = Run(
                evidence_at=evaluation.evidence_at,
                findings=len(evaluation.findings),
                transitions=sum(it.changed_at == evaluation.evidence_at for it in records),
                skipped=len(evaluation.unplanned_gaps),
            )
            known = replace(
                known,
                evidence_at=evaluation.evidence_at,
                gaps=evaluation.unplanned_gaps,
                runs=(run, *known.runs)[:KEPT_RUNS],
                membership=evaluation.membership or known.membership,
                missed=known.missed if known.missed and known.missed.at > evaluation.evidence_at else None,
                excused=False,
                closed=False,
            )
        seen = {**known.seen, **{check: examined.as_of for check, examined in self.fresh.items()}}
        return counted(replace(known, seen=seen), records)


def counted(header: Header, records: Iterable[Record]) -> Header:
    """The header with the numbers of what is open in `records`."""
    is_open = [it for it in records if it.status is Status.OPEN]
    severities = Counter(it.finding.severity.name for it in is_open if not it.exception)
    return replace(header, open=dict(sorted(severities.items())), excepted=sum(bool(it.exception) for it in is_open))


def _opened(finding: Finding, now: datetime, *, baseline: bool) -> Record:
    return Record(
        finding=finding,
        status=Status.OPEN,
        event=Event.OPENED,
        first_seen=now,
        opened_at=now,
        changed_at=now,
        version=1,
        baseline=baseline,
    )


def _tagged(finding: Finding, known: Finding | None) -> Finding:
    """The finding with the tags, and the scopes, that it had, if its tags could not be seen now."""
    if finding.tags is not None:
        return finding
    return replace(finding, tags=known.tags, scopes=known.scopes) if known else replace(finding, tags={})


def _as_known(finding: Finding, before: Finding) -> Finding:
    """The finding with what was known of its severity, where this look cannot tell: not seen is no change."""
    if not set(finding.unsure) & set(before.because):
        return finding
    reason = before.reason if finding.evidence == before.evidence else finding.reason
    return replace(finding, severity=before.severity, because=before.because, reason=reason)


def _seen_again(seen: Finding, record: Record, now: datetime) -> Iterator[Change]:
    before = record.finding
    finding = _as_known(seen, before)
    after = replace(record, finding=finding, status=Status.OPEN, changed_at=now, version=record.version + 1)
    if record.status is Status.RESOLVED:
        reopened = replace(
            after, event=Event.REOPENED, opened_at=now, resolution=None, baseline=False, acknowledged=None
        )
        yield Change(before=record, after=reopened)
    elif (finding.material, finding.severity) != (before.material, before.severity):
        yield Change(before=record, after=replace(after, event=Event.CHANGED))
    elif _called(finding) != _called(before):
        yield Change(before=record, after=replace(after, event=Event.RENAMED))


def _called(finding: Finding) -> tuple[object, ...]:
    return finding.check, finding.resource, finding.principal, finding.scopes


def resolved(before: Record, seen: Record, resolution: Resolution, now: datetime) -> Change:
    """The end of `before`, as it was last `seen`."""
    after = replace(
        seen,
        status=Status.RESOLVED,
        event=Event.RESOLVED,
        changed_at=now,
        version=before.version + 1,
        resolution=resolution,
        exception=None,
    )
    return Change(before=before, after=after)


def _hidden_by(finding: Finding) -> set[str]:
    """The keys of the gaps in which the finding's subject may have gone unseen."""
    kind = kind_in(finding.region, finding.resource_type)
    return {finding.region, kind, finding.resource, finding.principal}


def _scopes(skips: Iterable[Skip]) -> dict[str, set[str]]:
    scopes: dict[str, set[str]] = {}
    for skip in skips:
        if skip.scope:
            scopes.setdefault(skip.check, set()).add(skip.scope)
    return scopes
