"""What is told: the changes of one account that arrived together, most important first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from auditor.core.check import Severity
from auditor.core.model import Owner
from auditor.core.reconcile import Event, Record

TITLES = {Event.OPENED: "new", Event.REOPENED: "reopened", Event.CHANGED: "changed", Event.RESOLVED: "resolved"}
"""Every event in the order in which it is told, and the word for it."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Transitions of one account, the checks that cannot see any more with the reason, and those that can again."""

    owner: Owner
    at: datetime
    records: tuple[Record, ...] = ()
    blind: Mapping[str, str] = field(default_factory=dict)
    seeing_again: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.records or self.blind or self.seeing_again)

    @property
    def severity(self) -> Severity:
        """The worst of what is new or worse than before; INFO where nothing is."""
        bad = (it.finding.severity for it in self.records if it.event is not Event.RESOLVED)
        return max(bad, default=Severity.INFO)

    def of(self, event: Event) -> list[Record]:
        """The records of one event, most severe first."""
        chosen = (record for record in self.records if record.event is event)
        return sorted(chosen, key=lambda it: (-it.finding.severity, it.finding.check, it.finding.resource))

    @property
    def counts(self) -> str:
        """The headline: ``2 new, 1 resolved``."""
        counted = [f"{number} {word}" for event, word in TITLES.items() if (number := len(self.of(event)))]
        counted += [f"{_checks(len(self.blind))} not possible"] if self.blind else []
        return ", ".join(counted) or f"{_checks(len(self.seeing_again))} possible again"

    @property
    def blind_by_reason(self) -> dict[str, list[str]]:
        """The checks that cannot see, by the reason they share."""
        shared: dict[str, list[str]] = {}
        for check, reason in sorted(self.blind.items()):
            shared.setdefault(reason, []).append(check)
        return shared


def _checks(number: int) -> str:
    return "1 check" if number == 1 else f"{number} checks"


def rest_by_check(records: Iterable[Record]) -> list[str]:
    """What is not spelled out, as one line for each check: ``12 x stale-access-key (HIGH)``."""
    counted: dict[tuple[Severity, str], int] = {}
    for record in records:
        key = (record.finding.severity, record.finding.check)
        counted[key] = counted.get(key, 0) + 1
    ordered = sorted(counted.items(), key=lambda it: (-it[0][0], it[0][1]))
    return [f"{number} x {check} ({severity.name})" for (severity, check), number in ordered]
