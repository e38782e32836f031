"""The daily letter of a channel: what was not worth an alert, what went away, and what is about to end."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import groupby

from auditor.core.exceptions import ANY, ExceptionRule
from auditor.core.life import IMMEDIATE, Event, Record, Resolution
from auditor.core.model import Membership, Owner
from auditor.core.telling import DEFAULT_CHANNEL, Bundle, News, Reach, Unseen
from auditor.render import reach as of_accounts
from auditor.render.letter import Letter, Section
from auditor.render.wording import (
    CHECKS,
    RESOURCES,
    SPELLED_OUT,
    WORDS,
    Labels,
    accounts,
    blind,
    counts,
    joined,
    labels,
    listed,
    moment,
    number,
    prefixed,
    prefixes,
    rank,
    spelled_out,
    told,
    worst,
)

RESOLUTIONS = {
    Resolution.FIXED: "fixed",
    Resolution.RESOURCE_DELETED: "resource deleted",
    Resolution.THRESHOLD_CHANGED: "threshold changed",
    Resolution.CHECK_RETIRED: "check retired",
    Resolution.ACCOUNT_CLOSED: "account closed",
    Resolution.JUDGED_ELSEWHERE: "judged in another account",
}

Gaps = dict[tuple[Owner, str], str]
"""The reason by account and check; an empty one says that it was looked at again."""


def digest(
    bundle: Bundle,
    at: datetime,
    since: datetime | None,
    ending: Sequence[ExceptionRule],
    longest: Sequence[Record],
    reach: Reach,
) -> Letter:
    """What happened in the channel's accounts since the digest before (None: there was none), account by account.

    `ending` are the exceptions to remind of, `longest` the findings that are open longest, `reach` says which accounts
    are not audited now: that comes first, whether it is new or not.
    """
    day = _Day(bundle=bundle, records=told(bundle.records), gaps=_gaps(bundle), known=reach)
    sections = [
        *of_accounts.sections(day.reach, day.lost),
        *day.happened(),
        listed("Exceptions that end", [_rule(it) for it in ending], "exception"),
        *day.coverage(),
        listed("Open longest", [_open(it, day.labels) for it in longest], "finding"),
    ]
    return Letter(
        id=bundle.id,
        kind=bundle.kind,
        severity=worst(day.records),
        headline=f"Digest of {_title(bundle)}: {day.summary(len(ending))}",
        at=at,
        accounts=tuple(it.account for it in bundle.owners),
        opening=" ".join([*of_accounts.opening(day.reach), _opening(bundle, since)]),
        sections=tuple(it for it in sections if it.entries or it.lines),
    )


def _title(bundle: Bundle) -> str:
    """``2026-11-20``, and whose it is, unless it is the default channel's."""
    channel, _, day = bundle.day.rpartition(" ")
    return day if channel in {"", DEFAULT_CHANNEL} else f"{day} for {channel}"


def _opening(bundle: Bundle, since: datetime | None) -> str:
    start = f" since {moment(since)}" if since else ""
    return f"What changed{start}." if bundle.news else f"Nothing changed{start}."


@dataclass(frozen=True, kw_only=True)
class _Day:
    """What a bundle holds, sorted out."""

    bundle: Bundle
    records: Sequence[Record]
    gaps: Gaps
    known: Reach

    @cached_property
    def labels(self) -> Labels:
        """What each account is called of which there is more to tell than whether it is audited."""
        return labels(replace(self.bundle, news=tuple(it for it in self.bundle.news if not it.account_gap)))

    @property
    def again(self) -> list[str]:
        """The accounts that are audited again."""
        its = [it for it in self.bundle.news if it.account_gap and it.owner not in self.lost]
        return list(labels(replace(self.bundle, news=tuple(its))).values())

    @cached_property
    def lost(self) -> set[Owner]:
        """The accounts that are not audited any more, or for another reason than before."""
        return set(_lost(self.bundle))

    @cached_property
    def reach(self) -> Reach:
        """What is known of the accounts that are not audited, and what the news say of others."""
        known = {it.owner for it in self.known.missed}
        others = (it for owner, it in _lost(self.bundle).items() if owner not in known)
        return replace(self.known, missed=(*self.known.missed, *others))

    @property
    def first(self) -> list[str]:
        """The accounts that were audited for the first time."""
        owners = {it.owner for it in self.bundle.news if not (it.record or it.gap)}
        return [label for owner, label in self.labels.items() if owner in owners]

    def summary(self, ending: int) -> str:
        """The day in one line."""
        lost = sum(bool(reason) for reason in self.gaps.values())
        again, first, back = len(self.gaps) - lost, len(self.first), len(self.again)
        parts = [
            counts(self.records),
            f"{number(lost, 'check')} could not look" if lost else "",
            f"{number(again, 'check')} could look again" if again else "",
            number(first, "first audit") if first else "",
        ]
        told_of = ", ".join(filter(None, parts))
        where = f" in {accounts(self.labels)}" if told_of else ""
        ends = f"{number(ending, 'exception')} to end" if ending else ""
        audited = f"{number(back, 'account')} audited again" if back else ""
        whole = [*of_accounts.headline(self.reach), audited, f"{told_of}{where}", ends]
        return ", ".join(filter(None, whole)) or "nothing changed"

    def happened(self) -> list[Section]:
        """What became of findings: the new ones are spelled out, what went away has a line."""
        loud = [*(event for event in WORDS if event in IMMEDIATE), Event.CHANGED]
        spelled = [self._spelled_out(event) for event in loud]
        return [*spelled, self._lines(Event.EXCEPTED, _exception), self._lines(Event.RESOLVED, _resolution)]

    def coverage(self) -> list[Section]:
        """What was not looked at, and what was looked at again."""
        lost = [(owner, check, reason) for (owner, check), reason in self.gaps.items() if reason]
        again: dict[Owner, list[str]] = {}
        for owner, check in (place for place, reason in self.gaps.items() if not reason):
            again.setdefault(owner, []).append(check)
        known = prefixes(self.labels)
        back = [prefixed(known.get(owner, ""), joined(checks, CHECKS)) for owner, checks in again.items()]
        return [
            listed("Not looked at", _by_account(lost, known), "reason"),
            listed("Looked at again", back, "account"),
            listed("Audited again", self.again, "account"),
            listed("Audited for the first time", self.first, "account"),
        ]

    def _of(self, event: Event) -> list[Record]:
        return [it for it in self.records if it.event is event]

    def _spelled_out(self, event: Event) -> Section:
        """The most severe are spelled out; those stand account by account."""
        records = self._of(event)
        shown = sorted(records[:SPELLED_OUT], key=_by_owner)
        return spelled_out(WORDS[event].capitalize(), [*shown, *records[SPELLED_OUT:]], prefixes(self.labels))

    def _lines(self, event: Event, why: Callable[[Record], str]) -> Section:
        """One line for all findings of an account and a check that have the same reason."""

        def key(record: Record) -> tuple[str, int, str, str]:
            finding = record.finding
            return finding.owner.account, -finding.severity, finding.check, why(record)

        records, known = self._of(event), prefixes(self.labels)
        groups = [list(group) for _, group in groupby(sorted(records, key=key), key=key)]
        lines = [prefixed(known.get(group[0].finding.owner, ""), f"{_what(group)}{why(group[0])}") for group in groups]
        return listed(f"{WORDS[event].capitalize()} ({len(records)})", lines, "line")


def _by_owner(record: Record) -> tuple[str, tuple[int, str, str, str, str]]:
    return record.finding.owner.account, rank(record)


def _what(group: Sequence[Record]) -> str:
    finding = group[0].finding
    return f"{finding.severity.name} {finding.title}: {joined((it.finding.resource for it in group), RESOURCES)}"


def _resolution(record: Record) -> str:
    return f" ({RESOLUTIONS[record.resolution]})" if record.resolution else ""


def _exception(record: Record) -> str:
    return f"; {_accepted(record.exception)}" if record.exception else ""


def _accepted(rule: ExceptionRule) -> str:
    return f"accepted by {rule.owner} until {rule.until}: {rule.reason}"


def _rule(rule: ExceptionRule) -> str:
    check = "any check" if rule.check == ANY else rule.check
    account = "any account" if rule.account == ANY else rule.account
    resource = "any resource" if rule.resource == ANY else rule.resource
    tag = f" with the tag {rule.tag[0]}={rule.tag[1]}" if rule.tag else ""
    return f"{check}, {account}, {resource}{tag}: {_accepted(rule)} ({rule.id})"


def _open(record: Record, known: Labels) -> str:
    finding = record.finding
    where = known.get(finding.owner, finding.owner.account)
    told_as = f"{finding.severity.name} {finding.title}: {finding.resource}"
    return f"since {record.opened_at:%Y-%m-%d}, {where}: {told_as} (id {finding.id})"


def _gaps(bundle: Bundle) -> Gaps:
    """Of several news about the same account and check, the last."""
    return {(it.owner, it.gap.check): it.gap.reason for it in _in_order(bundle) if it.gap and not it.account_gap}


def _lost(bundle: Bundle) -> dict[Owner, Unseen]:
    """The accounts of which the last news say that they are not audited."""
    last = {it.owner: it for it in _in_order(bundle) if it.account_gap}
    return {
        owner: Unseen(owner=owner, reason=it.account_gap.reason, membership=Membership(name=it.name))
        for owner, it in last.items()
        if it.account_gap and it.account_gap.reason
    }


def _in_order(bundle: Bundle) -> list[News]:
    return sorted(bundle.news, key=lambda it: (it.owner.partition, it.owner.account, it.key))


def _by_account(lost: Iterable[tuple[Owner, str, str]], known: Labels) -> list[str]:
    return [
        prefixed(known.get(owner, ""), line)
        for owner, group in groupby(lost, key=lambda it: it[0])
        for line in blind(group, {})
    ]
