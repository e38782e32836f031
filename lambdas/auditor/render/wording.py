"""How letters call and count things. Nothing is escaped here, and what may hold a key id is cut by no one but media."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from auditor.core.check import Severity
from auditor.core.evaluate import Finding
from auditor.core.life import IMMEDIATE, Event, Record, Status
from auditor.core.model import GLOBAL, Owner
from auditor.core.telling import Bundle
from auditor.render.escape import masked
from auditor.render.letter import Entry, Section

WORDS = {
    Event.OPENED: "new",
    Event.REOPENED: "reopened",
    Event.EXCEPTION_ENDED: "exception ended",
    Event.CHANGED: "changed",
    Event.EXCEPTED: "excepted",
    Event.RESOLVED: "resolved",
}
"""Every event that people are told of, in the order in which it is told, and the word for it."""

SPELLED_OUT = 12
"""Findings of one section that a letter describes one by one."""
LONGEST_LIST = 20
"""Lines of one section: accounts, checks, reasons."""
RESOURCES = 3
CHECKS = 12
"""Resources and checks that one line names."""
NAME_LIMIT = 40
"""Characters of an account's name: behind it the headline still has to fit into a subject."""

Labels = Mapping[Owner, str]


def number(count: int, noun: str) -> str:
    """``1 check``, ``2 checks``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def moment(time: datetime) -> str:
    """``2026-11-20 06:00 UTC``."""
    return f"{time:%Y-%m-%d %H:%M} UTC"


def joined(words: Iterable[str], limit: int) -> str:
    """``a, b and 3 more``: each word once, in the order given, at most `limit` of them."""
    given = list(dict.fromkeys(words))
    left = len(given) - limit
    return f"{', '.join(given[:limit])} and {left} more" if left > 0 else ", ".join(given)


def told(records: Iterable[Record]) -> list[Record]:
    """One record for each finding, as it is last; most severe first, findings of one check beside each other.

    Its event is the most important of those in `records`: what opened and changed before anybody was told is new.
    """
    lives: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda it: it.version):
        lives.setdefault(record.finding.id, []).append(record)
    return sorted(map(_told, lives.values()), key=rank)


def _told(life: list[Record]) -> Record:
    last, events = life[-1], {it.event for it in life}
    if last.status is Status.RESOLVED:
        return last
    if last.exception and events & {*IMMEDIATE, Event.EXCEPTED}:
        return replace(last, event=Event.EXCEPTED)
    return replace(last, event=next((event for event in WORDS if event in events), last.event))


def rank(record: Record) -> tuple[int, str, str, str, str]:
    """The place of a record among others: most severe first, then by check, account and resource."""
    finding = record.finding
    return -finding.severity, finding.check, finding.owner.account, finding.resource, finding.id


def worst(records: Iterable[Record]) -> Severity:
    """The highest severity of what is new or back, and no exception covers; INFO where nothing is."""
    bad = (it.finding.severity for it in records if it.event in IMMEDIATE and not it.exception)
    return max(bad, default=Severity.INFO)


def labels(bundle: Bundle) -> dict[Owner, str]:
    """``111122223333 (prod-payments)`` for each account of the bundle; without a name only the digits."""
    names = {it.owner: it.name for it in bundle.news if it.name.strip()}
    return {it: label(it, names.get(it, "")) for it in bundle.owners}


def label(owner: Owner, name: str) -> str:
    """What one account is called."""
    safe = masked(name.strip())  # before it is cut: half a key id is not recognised as one
    shown = safe if len(safe) <= NAME_LIMIT else f"{safe[:NAME_LIMIT]}..."
    return f"{owner.account} ({shown})" if shown else owner.account


def prefixes(known: Labels) -> Labels:
    """The labels if there are several: with only one account, the headline names it."""
    return known if len(known) > 1 else {}


def accounts(known: Labels) -> str:
    """``AWS account 111122223333 (prod-payments)`` or ``7 AWS accounts``."""
    return f"AWS account {next(iter(known.values()))}" if len(known) == 1 else f"{len(known)} AWS accounts"


def prefixed(label: str, text: str) -> str:
    """``label: text``, or the text alone."""
    return f"{label}: {text}" if label else text


def counts(records: Iterable[Record]) -> str:
    """``2 new, 1 reopened``."""
    found = Counter(it.event for it in records)
    return ", ".join(f"{found[event]} {word}" for event, word in WORDS.items() if found[event])


def severities(found: Mapping[Severity, int]) -> str:
    """``2 CRITICAL, 10 HIGH``."""
    return ", ".join(f"{found[severity]} {severity.name}" for severity in sorted(found, reverse=True))


def by_severity(records: Iterable[Record]) -> str:
    """The same of records."""
    return severities(Counter(it.finding.severity for it in records))


def by_check(records: Iterable[Record]) -> list[str]:
    """``12 x stale-access-key (HIGH)`` for each check, most severe first."""
    found = Counter((it.finding.severity, it.finding.check) for it in records)
    ordered = sorted(found.items(), key=lambda it: (-it[0][0], it[0][1]))
    return [f"{count} x {check} ({severity.name})" for (severity, check), count in ordered]


def entry(record: Record, prefix: str = "") -> Entry:
    """A finding spelled out; `prefix` says which account it is in."""
    finding, rule = record.finding, record.exception
    return Entry(
        severity=finding.severity,
        title=finding.title,
        what=f"{finding.reason}; excepted until {rule.until}" if rule else finding.reason,
        where=prefixed(prefix, _place(finding)),
        do=finding.fix,
        id=finding.id,
        check=finding.check,
    )


def _place(finding: Finding) -> str:
    known = finding.region in {GLOBAL, finding.principal}
    return finding.principal if known else f"{finding.principal} ({finding.region})"


def spelled_out(title: str, records: Sequence[Record], known: Labels, limit: int = SPELLED_OUT) -> Section:
    """The first `limit` of the records one by one, the rest counted by check; `known` are the accounts to name."""
    return Section(
        title=f"{title} ({len(records)})",
        entries=tuple(entry(it, known.get(it.finding.owner, "")) for it in records[:limit]),
        more=tuple(f"and {line}" for line in _some(by_check(records[limit:]), "check")),
    )


def listed(title: str, lines: Sequence[str], noun: str) -> Section:
    """A section of at most twenty lines, one for each `noun`."""
    left = len(lines) - LONGEST_LIST
    more = (f"and {number(left, f'more {noun}')}",) if left > 0 else ()
    return Section(title=title, lines=tuple(lines[:LONGEST_LIST]), more=more)


def _some(lines: list[str], noun: str) -> list[str]:
    left = len(lines) - LONGEST_LIST
    return [*lines[:LONGEST_LIST], *([number(left, f"more {noun}")] if left > 0 else [])]


def blind(gaps: Iterable[tuple[Owner, str, str]], known: Labels) -> list[str]:
    """What was not looked at, out of account, check and reason: one line for each reason that they share.

    `known` are the accounts to name: if there are any, a line ends with those that it is about.
    """
    shared: dict[str, list[tuple[Owner, str]]] = {}
    for owner, check, reason in gaps:
        shared.setdefault(reason, []).append((owner, check))
    return [_blind(reason, places, known) for reason, places in sorted(shared.items())]


def _blind(reason: str, places: list[tuple[Owner, str]], known: Labels) -> str:
    checks = joined(sorted({check for _, check in places}), CHECKS)
    where = joined(sorted(known[owner] for owner, _ in places if owner in known), RESOURCES)
    return f"{checks}: {reason}" + (f" (in {where})" if where else "")
