"""From what waits for a channel to the letter that tells it: one function for each kind."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from auditor.core.check import Severity
from auditor.core.life import Ledger, Record
from auditor.core.model import Owner
from auditor.core.telling import Bundle
from auditor.render.digest import digest
from auditor.render.letter import Entry, Letter, Section
from auditor.render.wording import (
    RESOURCES,
    WORDS,
    Labels,
    accounts,
    blind,
    by_check,
    by_severity,
    counts,
    joined,
    labels,
    listed,
    number,
    prefixed,
    prefixes,
    rank,
    severities,
    spelled_out,
    told,
    worst,
)

__all__ = ["alert", "baseline", "digest", "escalation", "spread", "summary"]

MOST_SEVERE_OF_A_STORM = 5
MOST_SEVERE_AT_FIRST = 8
CALM = "Nothing else is told at once for an hour."
FROM_NOW_ON = "From now on only changes are told."
LOOK_AFTER = "Say that you look after one with: auditor findings ack ID --by NAME"
NOTHING_SEEN = "Nothing could be looked at, so nothing is known to be fine."


def alert(bundle: Bundle, at: datetime) -> Letter:
    """What is new or back in one account, event by event."""
    records, known = told(bundle.records), labels(bundle)
    return _letter(
        bundle,
        at,
        headline=f"{accounts(known)}: {counts(records)}",
        severity=worst(records),
        sections=[
            spelled_out(word.capitalize(), happened, prefixes(known))
            for event, word in WORDS.items()
            if (happened := [it for it in records if it.event is event])
        ],
    )


def spread(bundle: Bundle, at: datetime) -> Letter:
    """One change in many accounts: what they have in common once, then a line for each account."""
    records, known = told(bundle.records), labels(bundle)
    first = records[0]
    where: dict[Owner, list[str]] = {}
    for record in records:
        where.setdefault(record.finding.owner, []).append(record.finding.resource)
    lines = [f"{known[it]}: {joined(where[it], RESOURCES)}" for it in known if it in where]
    return _letter(
        bundle,
        at,
        headline=f"{accounts(known)}: {first.finding.title} ({WORDS[first.event]})",
        severity=worst(records),
        sections=[
            Section(title=f"{WORDS[first.event].capitalize()} ({len(records)})", entries=(_common(records),)),
            listed("Where", lines, "account"),
        ],
    )


def _common(records: Sequence[Record]) -> Entry:
    finding = records[0].finding
    return Entry(
        severity=max(it.finding.severity for it in records),
        title=finding.title,
        what=_same_or_first([it.finding.reason for it in records]),
        do=_same_or_first([it.finding.fix for it in records]),
        check=finding.check,
    )


def _same_or_first(texts: Sequence[str]) -> str:
    return texts[0] if len(set(texts)) == 1 else prefixed("for example", texts[0])


def summary(bundle: Bundle, at: datetime) -> Letter:
    """A storm of alerts in numbers, with the worst of them."""
    records, known = told(bundle.records), labels(bundle)
    audited = {it.owner for it in bundle.news if not (it.record or it.gap)}
    first = [label for owner, label in known.items() if owner in audited]
    alerts = number(len(records) + len(first), "alert")
    sections = [
        spelled_out("Most severe", records[:MOST_SEVERE_OF_A_STORM], prefixes(known)),
        listed("By check", by_check(records), "check"),
        listed("By account", _by_account(records, known), "account"),
        listed("First audits", first, "account"),
    ]
    return _letter(
        bundle,
        at,
        headline=f"{alerts} at once in {accounts(known)}",
        severity=worst(records),
        opening=" ".join([*([f"{by_severity(records)}."] if records else []), CALM]),
        sections=[it for it in sections if it.entries or it.lines],
    )


def _by_account(records: Sequence[Record], known: Labels) -> list[str]:
    found = Counter(it.finding.owner for it in records)
    ordered = sorted(found.items(), key=lambda it: (-it[1], _order(it[0])))
    return [f"{count} x {known[owner]}" for owner, count in ordered]


def _order(owner: Owner) -> tuple[str, str]:
    return owner.partition, owner.account


def escalation(bundle: Bundle, at: datetime, hours: int) -> Letter:
    """Critical findings that nobody has acknowledged for so many hours."""
    records, known = told(bundle.records), labels(bundle)
    findings = number(len(records), "critical finding")
    return _letter(
        bundle,
        at,
        headline=f"{accounts(known)}: {findings} not acknowledged for {number(hours, 'hour')}",
        severity=max((it.finding.severity for it in records), default=Severity.INFO),
        opening=LOOK_AFTER,
        sections=[spelled_out("Not acknowledged", records, prefixes(known))],
    )


def baseline(bundle: Bundle, at: datetime, ledgers: Mapping[Owner, Ledger]) -> Letter:
    """What first audits found and did not look at, in one account or many.

    `ledgers` is what is known of them: findings are spelled out where they are in it, and counted in any case.
    """
    known = labels(bundle)
    first = [_First(owner=it, ledger=ledgers.get(it, Ledger())) for it in bundle.owners]
    records = sorted((record for it in first for record in it.records), key=rank)
    gaps = [(it.owner, check, reason) for it in first for check, reason in it.gaps.items()]
    found = sum((it.found for it in first), Counter[Severity]())
    lines = [f"{known[it.owner]}: {it.outcome}" for it in sorted(first, key=_worst_first)]
    sections = [
        spelled_out("Most severe", records[:MOST_SEVERE_AT_FIRST], prefixes(known)),
        listed("By check", by_check(records), "check"),
        listed("By account", lines if len(first) > 1 else [], "account"),
        listed("Not looked at", blind(gaps, prefixes(known)), "reason"),
    ]
    return _letter(
        bundle,
        at,
        headline=f"{accounts(known)}: first audit, {_found(found, first)}",
        severity=max(found, default=Severity.INFO),
        opening=_first_words(found, first),
        sections=[it for it in sections if it.entries or it.lines],
    )


@dataclass(frozen=True, kw_only=True)
class _First:
    """The first audit of an account."""

    owner: Owner
    ledger: Ledger

    @property
    def records(self) -> list[Record]:
        """What is open, and no exception covers."""
        return [it for it in self.ledger.open if not it.exception]

    @property
    def found(self) -> Counter[Severity]:
        """How many those are, by severity: the header knows it though the records were not read."""
        given = self.ledger.header.open if self.ledger.header else {}
        return Counter({Severity[name]: count for name, count in given.items()})

    @property
    def excepted(self) -> int:
        """How many others an exception covers."""
        return self.ledger.header.excepted if self.ledger.header else 0

    @property
    def gaps(self) -> Mapping[str, str]:
        """The reasons of the checks that could not look."""
        return self.ledger.header.gaps if self.ledger.header else {}

    @property
    def seen(self) -> int:
        """How many checks looked."""
        return len(self.ledger.header.seen) if self.ledger.header else 0

    @property
    def outcome(self) -> str:
        """What came of it, in one line."""
        if self.found:
            return severities(self.found)
        return f"nothing wrong was found, {number(self.seen, 'check')} looked" if self.seen else "nothing was looked at"


def _worst_first(it: _First) -> tuple[list[int], bool, tuple[str, str]]:
    """Of those without a finding, an account that was not looked at comes first."""
    return [-it.found[severity] for severity in sorted(Severity, reverse=True)], it.seen > 0, _order(it.owner)


def _found(found: Counter[Severity], first: Sequence[_First]) -> str:
    if found:
        return number(found.total(), "finding")
    return "nothing wrong was found" if any(it.seen for it in first) else "nothing could be looked at"


def _first_words(found: Counter[Severity], first: Sequence[_First]) -> str:
    if not any(it.seen for it in first):
        return NOTHING_SEEN
    looked = number(max(it.seen for it in first), "check")
    excepted = number(sum(it.excepted for it in first), "finding")
    partly = any(it.gaps or not it.seen for it in first)
    return " ".join(
        [
            f"{severities(found)}." if found else f"Nothing wrong was found: {looked} looked.",
            *([f"Covered by exceptions: {excepted}."] if any(it.excepted for it in first) else []),
            *(["Not everything was looked at."] if partly else []),
            FROM_NOW_ON,
        ]
    )


def _letter(
    bundle: Bundle, at: datetime, *, headline: str, severity: Severity, sections: Sequence[Section], opening: str = ""
) -> Letter:
    return Letter(
        id=bundle.id,
        kind=bundle.kind,
        severity=severity,
        headline=headline,
        at=at,
        accounts=tuple(it.account for it in bundle.owners),
        sections=tuple(sections),
        opening=opening,
    )
