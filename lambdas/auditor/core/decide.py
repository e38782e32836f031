"""What people decide about findings, and what follows from it at once: an account's ledger in, changes out."""

from dataclasses import replace
from datetime import datetime

from auditor.core.exceptions import ExceptionRule, Rules
from auditor.core.life import (
    NEVER,
    Acknowledgement,
    Change,
    Changes,
    Event,
    Header,
    Ledger,
    Missed,
    Record,
    Resolution,
    Status,
)
from auditor.core.model import Membership
from auditor.core.reconcile import counted, covered, resolved, resulting

LONGEST_REASON = 1000
"""Characters of why an account was missed."""


class DecisionError(ValueError):
    """What was decided cannot be done; the message says why."""


def acknowledge(ledger: Ledger, finding_id: str, by: str, note: str, now: datetime) -> Changes:
    """Somebody looks after an open finding. Raises DecisionError if it is unknown, resolved, or was acknowledged."""
    record = ledger.records.get(finding_id)
    if record is None:
        raise DecisionError(f"finding {finding_id} is unknown")
    if record.status is Status.RESOLVED:
        raise DecisionError(f"finding {finding_id} is resolved since {record.changed_at:%Y-%m-%d}")
    if record.acknowledged:
        raise DecisionError(f"finding {finding_id} was acknowledged by {record.acknowledged.by}")
    after = replace(
        record,
        event=Event.ACKNOWLEDGED,
        changed_at=now,
        version=record.version + 1,
        acknowledged=Acknowledgement(by=by, at=now, note=note),
    )
    return _changes(ledger, (Change(before=record, after=after),))


def make_exception(ledger: Ledger, rule: ExceptionRule, standing: Rules, now: datetime) -> Changes:
    """Add an exception to the account. Raises DecisionError if it is there already."""
    if rule in ledger.exceptions:
        raise DecisionError(f"exception {rule.id} is there already, until {rule.until}")
    changes = _covering(ledger, standing.with_((*ledger.exceptions, rule)), now)
    return replace(changes, added=rule)


def end_exception(ledger: Ledger, rule_id: str, standing: Rules, now: datetime) -> Changes:
    """Remove an exception of the account. Raises DecisionError if there is none with this id."""
    rules = {rule.id: rule for rule in ledger.exceptions}
    removed = rules.pop(rule_id, None)
    if removed is None:
        raise DecisionError(f"exception {rule_id} is unknown")
    return replace(_covering(ledger, standing.with_(rules.values()), now), removed=removed)


def close_account(ledger: Ledger, now: datetime) -> Changes:
    """Resolve everything: the account exists no more, and what was gathered before says nothing about it any more."""
    if ledger.header and ledger.header.closed and not ledger.open:
        return Changes(transitions=(), header=ledger.header)
    changes = _changes(ledger, tuple(resolved(it, it, Resolution.ACCOUNT_CLOSED, now) for it in ledger.open))
    header = changes.header
    if header:
        header = replace(header, seen=dict.fromkeys(header.seen, now), missed=None, excused=False, closed=True)
    return replace(changes, header=header)


def miss(ledger: Ledger, at: datetime, reason: str, membership: Membership | None = None) -> Changes:
    """Note that a run could not look into the account, and why; nothing else that is known of it changes.

    `at` is the run's clock: what was audited since then was not missed. `membership` is where the account is now; what
    is not told of it, its tags, stays as it was.
    """
    header = ledger.header or Header(evidence_at=NEVER)
    if header.evidence_at >= at or (header.missed and header.missed.at > at):
        return Changes(transitions=(), header=ledger.header)
    known = header.membership
    place = replace(membership, tags=known.tags) if membership and known else membership or known
    missed = Missed(at=at, reason=reason[:LONGEST_REASON])
    return Changes(transitions=(), header=replace(header, missed=missed, membership=place, excused=False, closed=False))


def gone(ledger: Ledger, at: datetime, reason: str) -> Changes:
    """Note that the account is on no list any more, unless somebody has said that it is closed."""
    closed = ledger.header and ledger.header.closed
    return Changes(transitions=(), header=ledger.header) if closed else miss(ledger, at, reason)


def excuse(ledger: Ledger) -> Changes:
    """Nobody needs to look into the account now, so that nothing was missed."""
    return Changes(transitions=(), header=ledger.header and replace(ledger.header, missed=None, excused=True))


def matched(ledger: Ledger, rule: ExceptionRule, standing: Rules) -> tuple[list[Record], list[Record]]:
    """The open records that the rule is about, and those that it leaves."""
    about: list[Record] = []
    others: list[Record] = []
    for record in ledger.open:
        (about if rule.matches(record.finding, standing.renamed) else others).append(record)
    return about, others


def _covering(ledger: Ledger, rules: Rules, now: datetime) -> Changes:
    return _changes(ledger, covered(ledger, {}, rules, now))


def _changes(ledger: Ledger, transitions: tuple[Change, ...]) -> Changes:
    header = ledger.header and counted(ledger.header, resulting(ledger, transitions).values())
    return Changes(transitions=transitions, header=header)
