"""Exceptions: a risk that somebody accepts, for a reason and until a day."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from types import MappingProxyType

from auditor.core.evaluate import Finding
from auditor.core.glob import matches

ANY = "*"
LONGEST = timedelta(days=366)
"""How far ahead an exception may end: a year, also a leap one."""

SHORTEST_REASON = 10
ENDING = (14, 7, 1)
"""Days before its end at which an exception is told to end."""


@dataclass(frozen=True, kw_only=True)
class ExceptionRule:
    """A matcher, a reason, an owner and a last day.

    `account` is twelve digits or ``*``, `check` an id or ``*``, `resource` a glob (``*`` and ``?``) over the finding's
    resource, `tag` a key with a glob over its value, or None; with `finding` it is about the one that has this id. It
    covers findings through the day `until` (UTC).
    """

    account: str
    check: str
    resource: str
    tag: tuple[str, str] | None = None
    reason: str
    owner: str
    until: date
    finding: str = ""

    @property
    def id(self) -> str:
        """The same for the same rule, so that making it twice makes one."""
        text = json.dumps(asdict(self), sort_keys=True, default=date.isoformat)
        return f"x-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    @property
    def unlimited(self) -> bool:
        """Whether it matches every finding of every account."""
        any_resource = set(self.resource) <= {"*", "?"}
        return (self.account, self.check, self.tag) == (ANY, ANY, None) and any_resource

    def active(self, day: date) -> bool:
        """Whether it covers anything on that day."""
        return day <= self.until

    def matches(self, finding: Finding, renamed: Mapping[str, str] = MappingProxyType({})) -> bool:
        """Whether the finding is one that it is about, active or not; `renamed` are the present names of checks."""
        checks = {renamed.get(check, check) for check in (self.check, finding.check)}
        return (
            self.account in {ANY, finding.owner.account}
            and self.finding in {"", finding.id}
            and (self.check == ANY or len(checks) == 1)
            and matches(self.resource, finding.resource)
            and (self.tag is None or _tagged(finding, *self.tag))
        )

    def faults(self, today: date) -> list[str]:
        """What is wrong with it, one line each, beginning with the field; whether the check exists is not asked."""
        found = []
        if not re.fullmatch(r"\d{12}|\*", self.account, flags=re.ASCII):
            found.append(f"account: {self.account!r} is neither twelve digits nor '*'")
        if not self.resource.strip():
            found.append("resource: is empty; '*' is any resource")
        if self.tag is not None and not all(part.strip() for part in self.tag):
            found.append("tag: a key and a value are expected")
        if len(self.reason.strip()) < SHORTEST_REASON:
            found.append(f"reason: {self.reason!r} is shorter than {SHORTEST_REASON} characters")
        if not self.owner.strip():
            found.append("owner: is empty; who answers for this?")
        if self.until > today + LONGEST:
            found.append(f"until: {self.until} is more than a year ahead")
        return found


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What holds for every account of a deployment.

    `exceptions` come from its reviewed file. `checks` are the names of all checks there are, and `renamed` the present
    name of those that had another: a check that is in neither was retired (None: nothing is known about that).
    """

    exceptions: tuple[ExceptionRule, ...] = ()
    checks: frozenset[str] | None = None
    renamed: dict[str, str] = field(default_factory=dict)

    def present(self, check: str) -> str:
        """The name that the check has now."""
        return self.renamed.get(check, check)

    def with_(self, exceptions: Iterable[ExceptionRule]) -> "Rules":
        """The same with more exceptions."""
        return replace(self, exceptions=(*self.exceptions, *exceptions))

    def covering(self, finding: Finding, day: date) -> ExceptionRule | None:
        """The exception that covers the finding on that day: of several the one that ends last."""
        active = (rule for rule in self.exceptions if rule.active(day) and rule.matches(finding, self.renamed))
        return max(active, key=lambda rule: (rule.until, rule.id), default=None)

    def retired(self, check: str) -> bool:
        """Whether there is no such check any more."""
        return self.checks is not None and self.present(check) not in self.checks


def ending(rules: Iterable[ExceptionRule], after: date, day: date) -> list[ExceptionRule]:
    """The rules that are to be reminded of on `day`, or were to be since `after`, the day of the last reminder."""
    steps = [timedelta(days=step) for step in ENDING]
    due = (rule for rule in rules if rule.active(day) and any(after < rule.until - step <= day for step in steps))
    return sorted(due, key=lambda rule: (rule.until, rule.id))


def _tagged(finding: Finding, key: str, value: str) -> bool:
    tags = finding.tags or {}
    return key in tags and matches(value, tags[key])
