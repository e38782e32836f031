"""A smaller policy for a principal: what it holds, without the services that it does not use.

All comes from the prefixes of actions, which are the namespaces that AWS reports. What is kept keeps its resources and
conditions, every denial stays as it is, and nothing is granted that was not. What leaves no trace is not unused.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from auditor.policy.access import Held
from auditor.policy.actions import REMEMBERED, Level, known, matching, prefixes
from auditor.policy.document import Statement, statements
from auditor.policy.fitting import VERSIONS, Clipping, Fitted, fitted, least
from auditor.policy.match import matches, overlap

NO_TRACE = ("iam:PassRole", "sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext")
"""Actions that nobody calls, so that AWS tells no use of them: they are checked while something else is done."""

MOST_NAMES = 40
"""Names of actions that stand for one pattern: with more, the pattern is easier reviewed."""

ANY = "*"
"""The service of what names none."""


class Why(StrEnum):
    """What becomes of some actions: kept for one of the first four reasons, lost for one of the others."""

    USED = "used"
    NO_TRACE = "leaves no trace"
    NOT_TRACKED = "not tracked"
    INSIDE = "not used, inside a pattern that is kept"
    UNUSED = "not used"
    OUTSIDE = "outside tracking"

    @property
    def kept(self) -> bool:
        """Whether the smaller policy still has them."""
        return self not in (Why.UNUSED, Why.OUTSIDE)


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a principal used when AWS was `asked`: what it did in the `window` before counts, in whole days.

    `services` are all that AWS reports, by prefix in lower case; `actions` those that it tracks of a service, by their
    names, where they were asked for. None is no use on record.
    """

    asked: datetime
    window: timedelta
    services: Mapping[str, datetime | None] = field(hash=False)
    actions: Mapping[str, Mapping[str, datetime | None]] = field(default_factory=dict, hash=False)

    def counts(self, last_used: datetime | None) -> bool:
        """Whether a use was in the window."""
        return last_used is not None and (self.asked - last_used).days <= self.window.days

    def used(self, service: str) -> bool:
        """Whether the service was used in the window, by itself or by one of its actions."""
        return any(map(self.counts, (self.services.get(service), *self.actions.get(service, {}).values())))

    def last_used(self, service: str, actions: Iterable[str] = ()) -> datetime | None:
        """The last use on record: of the actions where they are tracked, else of the service."""
        tracked = {f"{service}:{name}".lower(): used for name, used in self.actions.get(service, {}).items()}
        named = [it.lower() for it in actions]
        if named and all(it in tracked for it in named):
            return max((used for it in named if (used := tracked[it])), default=None)
        return self.services.get(service)


@dataclass(frozen=True, kw_only=True)
class Share:
    """Actions of one service, and what becomes of them. `policies` are the names of those that grant them.

    `levels` are the access levels of what is lost, as far as its actions are known.
    """

    service: str
    actions: tuple[str, ...]
    why: Why
    last_used: datetime | None = None
    policies: tuple[str, ...] = ()
    levels: tuple[Level, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """The documents that together do for what a principal holds, and what becomes of each service in them."""

    documents: tuple[Fitted, ...]
    kept: tuple[Share, ...]
    lost: tuple[Share, ...]


def proposal(held: Iterable[Held], usage: Usage) -> Proposal:
    """What would do instead of all that is held. Raises MalformedPolicyError as `document.statements` does."""
    clippings: list[Clipping] = []
    shares: list[Share] = []
    for policy in held:
        for statement, raw in _written(policy.document):
            version = _version(statement, raw)
            narrower, found = _narrowed(statement, raw, usage)
            clippings += [Clipping(statement=it, version=version, origins=(policy.name,)) for it in narrower]
            shares += [replace(it, policies=(policy.name,)) for it in found]
    told = _summed(shares, usage)
    return Proposal(
        documents=fitted(clippings),
        kept=tuple(it for it in told if it.why.kept),
        lost=tuple(it for it in told if not it.why.kept),
    )


Written = Mapping[str, Any]


def _written(document: Written) -> Iterator[tuple[Statement, Written]]:
    """Each statement as it is read, and as it is written."""
    raw = document.get("Statement")
    return zip(statements(document), raw if isinstance(raw, list) else [raw], strict=True)


def _version(statement: Statement, raw: Written) -> str:
    return VERSIONS[0] if statement.variables or "${" not in str(raw) else VERSIONS[1]


def _narrowed(statement: Statement, raw: Written, usage: Usage) -> tuple[list[Written], list[Share]]:
    """What is left of a statement: it, another, several or none; and what becomes of its actions."""
    if not statement.allow:
        return [raw], []
    if statement.actions is None:
        return _excepting(statement.not_actions or (), raw, usage)
    shares = [share for action in statement.actions for share in _shares(action, usage)]
    kept = _granted(shares)
    if kept == list(statement.actions):
        return [raw], shares
    return ([_with(raw, "Action", kept)] if kept else []), shares


def _granted(shares: Iterable[Share]) -> list[str]:
    """The actions to be named: none that another one of them admits."""
    return least(action for it in shares if it.why.kept and it.why is not Why.INSIDE for action in it.actions)


def _with(raw: Written, element: str, actions: list[str]) -> Written:
    """The statement about other actions; nothing else of it changes."""
    head = {name: raw[name] for name in ("Sid", "Effect") if name in raw}
    return {**head, element: actions, **{name: it for name, it in raw.items() if name not in ("Action", "NotAction")}}


def _shares(action: str, usage: Usage) -> Iterator[Share]:
    """What becomes of the actions that a pattern admits."""
    prefix, colon, _ = action.partition(":")
    if colon and not set(prefix) & set("*?"):
        yield from _of_service(action, usage)
        return
    silent = (it.partition(":")[0] for it in NO_TRACE)
    for service in sorted({*usage.services, *silent}):
        for part in within(action, service):
            yield from _of_service(part, usage) if service in usage.services else _silent(part)
    unseen = tuple(part for it in prefixes() if it not in usage.services for part in within(action, it))
    if unseen or action.strip("*?:") == "":
        yield Share(service=ANY, actions=unseen or (action,), why=Why.OUTSIDE)


@lru_cache(maxsize=REMEMBERED)
def within(action: str, service: str) -> tuple[str, ...]:
    """What a pattern of actions admits of a service, as patterns that name it: ``s3:Get*`` of ``s*:Get*``."""
    action = re.sub(r"\*+", "*", action)
    places = _beyond({0}, action)
    for character in f"{service}:":
        stay = {at for at in places if action[at : at + 1] == "*"}
        step = {at + 1 for at in places if action[at : at + 1].lower() in ("?", character)}
        places = _beyond(stay | step, action)
    rests = sorted({action[at:] for at in places}, key=lambda it: (len(it), it))
    return tuple(least(f"{service}:{it}" for it in rests if it and ":" not in it))


def _beyond(places: set[int], action: str) -> set[int]:
    """The places, and those behind the stars that begin there: a star may stand for nothing."""
    return places | {at + 1 for at in places if action[at : at + 1] == "*"}


def _of_service(action: str, usage: Usage) -> Iterator[Share]:
    """What becomes of the actions of one service that a pattern admits."""
    service = action.partition(":")[0].lower()
    exactly = action.lower() in map(str.lower, NO_TRACE)
    if exactly:
        yield Share(service=service, actions=(action,), why=Why.NO_TRACE)
    elif service not in usage.services:
        yield Share(service=service, actions=(action,), why=Why.NOT_TRACKED)
    elif usage.used(service):
        yield from _of_used(action, service, usage)
    else:
        yield from _silent(action)
        yield Share(service=service, actions=(action,), why=Why.UNUSED)


def _silent(action: str) -> Iterator[Share]:
    """What a pattern admits of the actions that leave no trace."""
    for it in NO_TRACE:
        if matches(action.lower(), it.lower()):
            yield Share(service=it.partition(":")[0], actions=(it,), why=Why.NO_TRACE)


def _of_used(action: str, service: str, usage: Usage) -> Iterator[Share]:
    """Of a service that was used all of the pattern, unless AWS tells which of the actions were not."""
    tracked = {f"{service}:{name}": last for name, last in usage.actions.get(service, {}).items()}
    admitted = {name: last for name, last in tracked.items() if matches(action.lower(), name.lower())}
    unused = {name for name, last in admitted.items() if not usage.counts(last)}
    if not set(action) & set("*?"):
        why = Why.UNUSED if unused else Why.USED if admitted or not tracked else Why.NOT_TRACKED
        yield Share(service=service, actions=(action,), why=why)
        return
    if not unused:
        yield Share(service=service, actions=(action,), why=Why.USED)
        return
    names, gone = matching(action), {it.lower() for it in unused}
    silent = [it for share in _silent(action) for it in share.actions]
    left = least(sorted({*silent, *admitted, *names}, key=str.lower))
    left = [it for it in left if it.lower() not in gone]
    if not names or len(left) > MOST_NAMES:
        yield Share(service=service, actions=(action,), why=Why.USED)
        yield Share(service=service, actions=tuple(sorted(unused)), why=Why.INSIDE)
        return
    seen = {it.lower() for it in admitted}
    for name in left:
        yield Share(service=service, actions=(name,), why=Why.USED if name.lower() in seen else Why.NOT_TRACKED)
    for name in sorted(unused):
        yield Share(service=service, actions=(name,), why=Why.UNUSED)


def _excepting(excluded: tuple[str, ...], raw: Written, usage: Usage) -> tuple[list[Written], list[Share]]:
    """What is left of an Allow with NotAction: the used services by name.

    If a used service is excluded in part, what is left of it has no name: the exclusions stay, and grow by all that was
    not used.
    """
    patterns = [it.lower() for it in excluded]
    granted = [it for it in usage.services if not any(matches(pattern, f"{it}:*") for pattern in patterns)]
    silent = [it for it in NO_TRACE if not any(matches(pattern, it.lower()) for pattern in patterns)]
    cut = {it for it in granted if any(overlap(pattern, f"{it}:*") for pattern in patterns)}
    shares = [Share(service=it.partition(":")[0], actions=(it,), why=Why.NO_TRACE) for it in silent]
    unused = [it for it in granted if not usage.used(it)]
    shares += [Share(service=it, actions=(f"{it}:*",), why=Why.UNUSED) for it in unused]
    used = [it for it in granted if usage.used(it)]
    if cut & set(used):
        shares += [Share(service=it, actions=(f"{it}:*",), why=Why.USED) for it in used]
        narrower = [_with(raw, "NotAction", [*excluded, *(f"{it}:*" for it in unused)])]
        shares.append(Share(service=ANY, actions=("*",), why=Why.NOT_TRACKED))
        needed = [it for it in silent if it.partition(":")[0] in unused]
        return [*narrower, *([_with(raw, "Action", needed)] if needed else [])], shares
    shares += [share for it in used for share in _of_used(f"{it}:*", it, usage)]
    shares.append(Share(service=ANY, actions=("*",), why=Why.OUTSIDE))
    kept = _granted(shares)
    return ([_with(raw, "Action", kept)] if kept else []), shares


def _summed(shares: Iterable[Share], usage: Usage) -> Iterable[Share]:
    """One share for each service and reason; what AWS tells of actions, one for each of these."""
    found: dict[tuple[str, Why, str], list[Share]] = {}
    for it in shares:
        named = it.actions[0].partition(":")[2].lower() if it.why is Why.UNUSED else ""
        own = named if named in map(str.lower, usage.actions.get(it.service, {})) else ""
        found.setdefault((it.service, it.why, own), []).append(it)
    return [_sum(found[key], usage) for key in sorted(found)]


def _sum(same: list[Share], usage: Usage) -> Share:
    actions = tuple(least(sorted({action for it in same for action in it.actions}, key=lambda it: (len(it), it))))
    first = same[0]
    return replace(
        first,
        actions=actions,
        last_used=usage.last_used(first.service, actions),
        policies=tuple(dict.fromkeys(name for it in same for name in it.policies)),
        levels=() if first.why.kept or first.service == ANY else _levels(actions),
    )


def _levels(actions: Iterable[str]) -> tuple[Level, ...]:
    names = {name for action in actions for name in matching(action)}
    found = {action.level for name in names if (action := known(name))}
    return tuple(it for it in Level if it in found)
