"""Evaluation: every check on every subject of its kind."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any, cast

from auditor.core.check import SCOPES, Because, Check, Context, Limits, Problem, Severity, Unsure, adjusted
from auditor.core.model import AccountSnapshot, Membership, Owner, Subject, Unavailable
from auditor.core.scopes import owning
from auditor.core.subjects.organization import OrganizationMember

LONGEST_LIST = 20
"""Values of one list that a finding's evidence spells out."""

LONGEST_LINE = 40
"""Scopes, and reasons, that a line of gaps spells out: enough for the Regions, and not 5,000 users."""

LONGEST_SENTENCE = 40_000
"""Characters of a finding's reason: what a hostile name makes of it is told whole, and fits a table item."""

LONGEST_REASON = 300
LONGEST_TEXT = 4000
LONGEST_GAPS = 200_000
"""Characters of the gaps of all checks: an account's header holds them in one table item."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A problem that a check found with a subject, and its stable id.

    `evidence` holds plain JSON values; `evidence_at` is the age of what it rests on (for a user's credentials the
    credential report's generation), not of the run. `limits` are those that its check read; `tags` are None where they
    could not be seen. `because` are the names of the reasons for which `severity` is not the check's, `scopes` the
    managed scopes that it is of. `unsure` are the reasons of which the evidence does not tell whether they hold.
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
    limits: Mapping[str, Any] = field(default_factory=dict)
    because: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    unsure: tuple[str, ...] = field(default=(), compare=False)

    @property
    def material(self) -> str:
        """Hash of the evidence, and of what makes it worse: another value is a changed finding."""
        material = {**self.evidence, **({"because": self.because} if self.because else {})}
        return hashlib.sha256(json.dumps(material, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class Skip:
    """Something a check did not look at: everything (`scope` None), a Region, or the resource it names.

    `elsewhere` is the account in which it is looked at instead.
    """

    check: str
    scope: str | None
    reason: str
    inapplicable: bool
    elsewhere: str = ""


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

    `unset` are the checks that had nothing to say because what they go by is not set. `scoped` are those that go by the
    managed scopes, and `scopes` the names of these. `under` gives the ids of the findings that a check has in the same
    evidence under other limits.
    """

    owner: Owner
    evidence_at: datetime
    findings: tuple[Finding, ...] = ()
    examined: Mapping[str, Examined] = field(default_factory=dict)
    skipped: tuple[Skip, ...] = ()
    membership: Membership | None = None
    limits: Limits = field(default_factory=Limits)
    unset: frozenset[str] = frozenset()
    scoped: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    under: Callable[[str, Limits], frozenset[str]] = field(default=lambda *_: frozenset(), compare=False, repr=False)

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
    longest = min(LONGEST_TEXT, LONGEST_GAPS // max(len(lines), 1))
    return {check: _cut(line, longest) for check, line in sorted(lines.items())}


def _cut(line: str, longest: int) -> str:
    return line if len(line) <= longest else f"{line[:longest]} …"


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
        asked = _Asked(check=check, context=context, owner=snapshot.owner, as_of=observed.as_of)
        uids: set[str] = set()
        for subject in dict.fromkeys(observed.subjects):  # evidence may hold the same answer twice
            outcome = asked.about(subject)
            if isinstance(outcome, Skip):
                skipped.append(outcome)
                continue
            uids.add(subject.uid)
            findings += outcome
        examined[check.id] = Examined(
            uids=frozenset(uids), as_of=observed.as_of, gone_is_fixed=check.kind.gone_is_fixed, via=observed.via
        )
    return Evaluation(
        owner=snapshot.owner,
        evidence_at=snapshot.gathered_at,
        findings=tuple(sorted(findings, key=lambda it: (-it.severity, it.check, it.resource, it.id))),
        examined=examined,
        skipped=tuple(skipped),
        membership=membership_in(snapshot),
        limits=context.limits,
        unset=frozenset(it.id for it in checks if not context.has(it.setting)),
        scoped=frozenset(it.id for it in checks if it.setting == SCOPES),
        scopes=frozenset(it.name for it in context.scopes),
        under=cache(lambda check, limits: _ids(snapshot, checks, check, replace(context, limits=limits))),
    )


def _ids(snapshot: AccountSnapshot, checks: Iterable[Check], check: str, context: Context) -> frozenset[str]:
    evaluation = evaluate(snapshot, [it for it in checks if it.id == check], context)
    return frozenset(finding.id for finding in evaluation.findings)


def membership_in(snapshot: AccountSnapshot) -> Membership | None:
    """What the organization told of the account; None if it told nothing."""
    members = snapshot.of(OrganizationMember)
    if isinstance(members, Unavailable):
        return None
    return next((Membership(name=it.name, path=it.path, tags=it.tags or {}) for it in members.subjects), None)


class _Watched:
    """Limits that remember which of them were read."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.read = limits, dict[str, Any]()

    def __getattr__(self, name: str) -> Any:
        self.read[name] = getattr(self.limits, name)
        return self.read[name]


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A check as it is asked about one account."""

    check: Check
    context: Context
    owner: Owner
    as_of: datetime

    def about(self, subject: Subject) -> list[Finding] | Skip:
        """What the check finds with a subject, or how it failed."""
        watched = _Watched(self.context.limits)
        try:
            problems = list(self.check.judge(subject, replace(self.context, limits=cast("Limits", watched))))
            return [self._finding(subject, problem, watched.read) for problem in problems]
        except Exception as error:  # noqa: BLE001  (the one broad except: a crash hides nothing but this subject)
            reason = f"the check failed with {type(error).__name__}: {error}"
            return Skip(check=self.check.id, scope=subject.resource, reason=reason, inapplicable=False)

    def _finding(self, subject: Subject, problem: Problem, limits: Mapping[str, Any]) -> Finding:
        check = self.check
        severity = self.context.severities.get(check.id, check.severity)
        because = tuple(it for it in problem.because if isinstance(it, Because))
        return Finding(
            id=finding_id(self.owner, check.identity, subject.uid, problem.discriminator),
            check=check.id,
            title=check.title,
            severity=adjusted(severity, because),
            owner=self.owner,
            uid=subject.uid,
            resource=subject.resource,
            resource_type=subject.resource_type,
            principal=subject.principal,
            region=subject.region,
            reason=_with_reasons(_cut(problem.reason, LONGEST_SENTENCE), severity, because),
            evidence=dict(_plain(problem.evidence)),
            controls=check.controls,
            fix=check.fix_for(subject),
            evidence_at=self.as_of,
            via=subject.via,
            tags=subject.tags,
            limits=dict(limits),
            because=tuple(sorted(it.name for it in because)),
            unsure=tuple(sorted(it.of.name for it in problem.because if isinstance(it, Unsure))),
            scopes=self._scopes(subject, problem),
        )

    def _scopes(self, subject: Subject, problem: Problem) -> tuple[str, ...]:
        return tuple(sorted({*problem.scopes, *owning(self.context.scopes, subject.principal, subject.tags)}))


def _with_reasons(reason: str, severity: Severity, because: tuple[Because, ...]) -> str:
    """The reason, and what moved the severity, in words."""
    given = adjusted(severity, because)
    if given == severity:
        return reason
    words = ", and ".join(it.words for it in sorted(because, key=lambda it: it.name))
    return f"{reason}; {'raised' if given > severity else 'lowered'} from {severity.name}, because {words}"


def _skip(check: Check, scope: str | None, gap: Unavailable) -> Skip:
    return Skip(check=check.id, scope=scope, **asdict(gap))


def _plain(evidence: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The evidence as a table item takes it. Raises TypeError for a value that none does."""
    for name, value in sorted(evidence.items()):
        if isinstance(value, datetime):
            yield name, value.isoformat()
        elif isinstance(value, tuple) and all(isinstance(it, str) for it in value):
            yield name, _bounded(value)
        elif value is None or isinstance(value, str | int):
            yield name, _shortened(value) if isinstance(value, str) else value
        else:
            raise TypeError(f"the evidence {name!r} is no text, whole number, time or tuple of texts")


def _bounded(values: tuple[str, ...]) -> list[str]:
    """A list that fits a table item; the digest keeps a change beyond its end a material one."""
    spelled_out = [_shortened(it) for it in values[:LONGEST_LIST]]
    if len(values) <= LONGEST_LIST:
        return spelled_out
    whole = "\n".join(values)
    return [*spelled_out, f"and {len(values) - LONGEST_LIST} more (sha256 {_digest(whole)})"]


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]} … (sha256 {_digest(text)})"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
