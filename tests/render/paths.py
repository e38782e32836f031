"""Paths to administrator for pictures: who does what to whom, in an account that nobody would want."""

from typing import Any

from auditor.core.check import Severity
from auditor.core.subjects.escalation import EscalationPath, PathStep
from auditor.render.paths_tree import Drawn, Picture
from tests.build import ACCOUNT, NOW, ago, arn

ADMIN = arn("role/admin")


def step(actor: str, technique: str = "assume-role", target: str = "role/admin", **fields: Any) -> PathStep:
    return PathStep(
        actor=arn(actor),
        technique=technique,
        target=arn(target) if target else "",
        says=f"{actor} does {technique} to {target}",
        permissions=("sts:AssumeRole by policy, statement 1",),
        **fields,
    )


def drawn(*steps: PathStep, severity: Severity = Severity.HIGH, **fields: Any) -> Drawn:
    """The path of the first step's actor."""
    actor = steps[0].actor
    kind, _, name = actor.rpartition(":")[2].partition("/")
    about = {"kind": kind.title(), "name": name, "remedy": "narrow it", **fields}
    path = EscalationPath(resource=actor, uid=actor, steps=steps, **about)
    return Drawn(path=path, severity=severity)


def picture(*paths: Drawn, **fields: Any) -> Picture:
    about = {"account": ACCOUNT, "principals": len(paths) + 1, "administrators": frozenset([ADMIN]), **fields}
    return Picture(evidence_at=NOW, drawn=paths, **about)


HOSTILE = (
    "<script>alert(1)</script>",
    "\"onload='x'&amp;<!--",
    "]]><image href='https://example.com/x'/>",
    "\N{PILE OF POO}\N{FAMILY}\N{WOMAN}\u200d\N{PERSONAL COMPUTER}",
    "\u202eevil\u2066\u05d0\u05d1\u05d2\u0645\u0631\u062d\u0628\u0627",
    "\ufffe\uffff\x00\x1b[31m\ud800",
    "a\nb\r\nc\u2028d",
    "\u65e5\u672c\u8a9e" * 42,
    "W" * 128,
    "AKIAIOSFODNN7EXAMPLE",
)
"""What nobody should be called."""

WAYS = (
    "assume-role",
    "pass-role-to-new-lambda-function-and-invoke",
    "create-access-key",
    "put-user-policy",
    "update-login-profile",
)


def crowd(count: int = 500) -> Picture:
    """Many paths: some to the same role, some by themselves, some through somebody, some of hostile names."""
    return picture(*map(_one_of_many, range(count)), unseen=("the organization",), unjudged=3)


def _one_of_many(at: int) -> Drawn:
    who = f"user/{HOSTILE[at % len(HOSTILE)]}-{at}" if at % 4 == 0 else f"user/u{at:03}"
    severity = Severity.CRITICAL if at % 7 == 0 else Severity.HIGH
    risks = {"without_mfa": at % 3 == 0, "oldest_key": ago(400) if at % 5 == 0 else None}
    return drawn(*_steps(at, who), severity=severity, **risks)


def _steps(at: int, who: str) -> list[PathStep]:
    by, between, chief = f"role/r{at % 40}", f"user/mid{at % 3}", f"role/admin{at % 9}"
    if at % 6 == 0:
        return [step(who, WAYS[at % len(WAYS)], chief, assumed="the workloads were not seen" if at % 12 else "")]
    if at % 6 == 1:
        return [step(who, "create-access-key", between), step(between, "put-user-policy", between)]
    if at % 6 == 2:
        return [step(who, "put-user-policy", who, conditions=("aws:SourceIp",) if at % 10 == 0 else ())]
    return [step(who, "assume-role", by), step(by, "assume-role", chief)]
