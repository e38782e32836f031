"""Evaluation: every check on every subject of its kind."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

from auditor.core.check import Check, Context, Limits, Problem, Severity
from auditor.core.model import AccountSnapshot, Membership, Observed, Owner, Subject, Unavailable
from auditor.core.subjects import OrganizationMember

LONGEST_LIST = 20
"""Values of one list that a finding's evidence spells out."""

LONGEST_LINE = 40
"""Scopes, and reasons, that a line of gaps spells out: enough for the Regions, and not 5,000 users."""

LONGEST_REASON = 300
LONGEST_TEXT = 4000


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A problem that a check found with a subject, and its stable id.

    `evidence` holds plain JSON values; `evidence_at` is the age of what it rests on (for a user's credentials the
    credential report's generation), not of the run. `limits` are the thresholds it was judged by; `tags`
    are None where they could not be seen.
    """

    id: str
    check: str
    title: str
    severity: Severity
    owner: Owner
    uid: str
    resource: str
    resource_type: str
    principal: str
    region: str
    reason: str
    evidence: Mapping[str, Any]
    controls: tuple[str, ...]
    fix: str
    evidence_at: datetime
    via: str = ""
    tags: Mapping[str, str] | None = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)

    @property
    def material(self) -> str:
        """Hash of the evidence: another value is a changed finding."""
        return hashlib.sha256(json.dumps(self.evidence, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class Skip:
    """Something a check did not look at: everything (`scope` None), a Region, or the resource it names."""

    check: str
    scope: str | None
    reason: str
    inapplicable: bool


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What a check looked at: the subjects' uids, the age of the evidence, and what a subject's absence means.

    `via` are the analyzers that were asked.
    """

    uids: frozenset[str]
    as_of: datetime
    gone_is_fixed: bool = False
    via: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The outcome of an audit. A check that is neither in `examined` nor in `skipped` was not selected.

    `under` gives the ids of the findings that the same evidence has under other limits.
    """

    owner: Owner
    evidence_at: datetime
    findings: tuple[Finding, ...] = ()
    examined: Mapping[str, Examined] = field(default_factory=dict)
    skipped: tuple[Skip, ...] = ()
    membership: Membership | None = None
    limits: Limits = field(default_factory=Limits)
    under: Callable[[Limits], frozenset[str]] = field(default=lambda _: frozenset(), compare=False, repr=False)

    @property
    def gaps(self) -> dict[str, str]:
        """What was not looked at, by check, in one line each."""
        return _lines(self.skipped)

    @property
    def unplanned_gaps(self) -> dict[str, str]:
        """The gaps that somebody should mend: without those that are so by design."""
        return _lines(skip for skip in self.skipped if not skip.inapplicable)


def _lines(skips: Iterable[Skip]) -> dict[str, str]:
    """For each check its reasons, and after each reason the scopes it holds for."""
    by_check: dict[str, dict[str, list[str]]] = {}
    for skip in skips:
        reason = skip.reason[:LONGEST_REASON]
        by_check.setdefault(skip.check, {}).setdefault(reason, []).extend([skip.scope] if skip.scope else [])
    lines = {check: "; ".join(_some([_line(*it) for it in reasons.items()])) for check, reasons in by_check.items()}
    return {check: _cut(line) for check, line in sorted(lines.items())}


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_TEXT else f"{line[:LONGEST_TEXT]} …"


def _line(reason: str, scopes: list[str]) -> str:
    return f"{reason}: {', '.join(_some(scopes))}" if scopes else reason


def _some(words: list[str]) -> list[str]:
    rest = len(words) - LONGEST_LINE
    return [*words[:LONGEST_LINE], *([f"and {rest} more"] if rest > 0 else [])]


def finding_id(owner: Owner, check: str, uid: str, discriminator: str) -> str:
    """Identity of a finding: 32 hex digits of what never changes while the problem stays the same."""
    parts = ("v1", owner.partition, owner.account, check, uid, discriminator)
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


def evaluate(snapshot: AccountSnapshot, checks: Iterable[Check], context: Context | None = None) -> Evaluation:
    """Ask every check about every subject it is about. `context` defaults to the evidence's time and default limits."""
    context, checks = context or Context(now=snapshot.gathered_at), tuple(checks)
    findings: list[Finding] = []
    examined: dict[str, Examined] = {}
    skipped: list[Skip] = []
    for check in checks:
        observed = snapshot.of(check.kind)
        if isinstance(observed, Unavailable):
            skipped.append(_skip(check, None, observed))
            continue
        skipped += [_skip(check, scope, gap) for scope, gap in sorted(observed.gaps.items())]
        uids: set[str] = set()
        for subject in dict.fromkeys(observed.subjects):  # evidence may hold the same answer twice
            outcome = _judge(check, subject, context)
            if isinstance(outcome, Skip):
                skipped.append(outcome)
                continue
            uids.add(subject.uid)
            findings += [
                _finding(check, subject, problem, snapshot.owner, observed, context.limits) for problem in outcome
            ]
        examined[check.id] = Examined(
            uids=frozenset(uids), as_of=observed.as_of, gone_is_fixed=check.kind.gone_is_fixed, via=observed.via
        )
    return Evaluation(
        owner=snapshot.owner,
        evidence_at=snapshot.gathered_at,
        findings=tuple(sorted(findings, key=lambda it: (-it.severity, it.check, it.resource, it.id))),
        examined=examined,
        skipped=tuple(skipped),
        membership=_membership(snapshot),
        limits=context.limits,
        under=cache(lambda limits: _ids(evaluate(snapshot, checks, replace(context, limits=limits)))),
    )


def _ids(evaluation: Evaluation) -> frozenset[str]:
    return frozenset(finding.id for finding in evaluation.findings)


def _membership(snapshot: AccountSnapshot) -> Membership | None:
    members = snapshot.of(OrganizationMember)
    if isinstance(members, Unavailable):
        return None
    return next((Membership(name=it.name, path=it.path, tags=it.tags or {}) for it in members.subjects), None)


def _judge(check: Check, subject: Subject, context: Context) -> list[Problem] | Skip:
    try:
        return list(check.judge(subject, context))
    except Exception as error:  # noqa: BLE001  (the one broad except: a crashing check hides nothing but this subject)
        reason = f"the check failed with {type(error).__name__}: {error}"
        return Skip(check=check.id, scope=subject.resource, reason=reason, inapplicable=False)


def _skip(check: Check, scope: str | None, gap: Unavailable) -> Skip:
    return Skip(check=check.id, scope=scope, reason=gap.reason, inapplicable=gap.inapplicable)


def _finding(
    check: Check, subject: Subject, problem: Problem, owner: Owner, observed: Observed[Any], limits: Limits
) -> Finding:
    return Finding(
        id=finding_id(owner, check.identity, subject.uid, problem.discriminator),
        check=check.id,
        title=check.title,
        severity=check.severity,
        owner=owner,
        uid=subject.uid,
        resource=subject.resource,
        resource_type=subject.resource_type,
        principal=subject.principal,
        region=subject.region,
        reason=problem.reason,
        evidence=dict(_plain(problem.evidence)),
        controls=check.controls,
        fix=check.fix_for(subject),
        evidence_at=observed.as_of,
        via=subject.via,
        tags=subject.tags,
        limits=limits,
    )


def _plain(evidence: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in sorted(evidence.items()):
        if isinstance(value, datetime):
            yield name, value.isoformat()
        else:
            yield name, _bounded(value) if isinstance(value, tuple) else value


def _bounded(values: tuple[str, ...]) -> list[str]:
    """A list that fits a table item; the digest keeps a change beyond its end a material one."""
    if len(values) <= LONGEST_LIST:
        return list(values)
    digest = hashlib.sha256("\n".join(values).encode()).hexdigest()[:16]
    return [*values[:LONGEST_LIST], f"and {len(values) - LONGEST_LIST} more (sha256 {digest})"]
