"""Who is no administrator and can become one."""

from datetime import datetime

from auditor.core.check import Because, Context, Problem, Problems, Severity, check, day, reasons
from auditor.core.subjects.escalation import EscalationPath

SPELLED_OUT = 3
"""Names that a sentence has room for."""


@check(
    Severity.HIGH,
    controls=(
        "nist-800-53-r5/AC-6",
        "pci-4.0/7.2.2",
        "iam-best-practice/6",
        "iam-best-practice/14",
        "iam-anti-pattern/4",
        "iam-manager/1",
    ),
    fix="narrow what opens the path, here first: {it.remedy}",
    because=(Because.OLD_KEY, Because.NO_MFA, Because.OUTSIDE),
)
def path_to_administrator(path: EscalationPath, ctx: Context) -> Problems:
    """Principal is no administrator and can become one.

    Whoever takes it over owns the account a few calls later, and nobody granted it that. The path is the shortest that
    the policies, boundaries and service control policies in force leave open; each step names what allows it, and the
    conditions that have still to be met.
    """
    if path.steps:
        old = path.has_key if path.oldest_key is None else ctx.age(path.oldest_key) > ctx.limits.key_age
        worse = {Because.OLD_KEY: old, Because.NO_MFA: path.without_mfa, Because.OUTSIDE: path.outside}
        yield Problem(
            "; then ".join(f"{step.says} ({', '.join(step.permissions)})" for step in path.steps)
            + _provisos(path, path.oldest_key if old else None),
            {
                "steps": tuple(f"{it.technique}: {it.actor} -> {it.target or 'account'}" for it in path.steps),
                "conditions": path.conditions,
                "assumed": path.assumed,
            },
            because=reasons(worse),
        )


@check(
    Severity.MEDIUM,
    controls=("nist-800-53-r5/AC-6", "iam-best-practice/6", "iam-best-practice/14", "iam-anti-pattern/4"),
    fix="limit with conditions (iam:PolicyARN, iam:PermissionsBoundary) or resources what {it.name} may grant others",
)
def administrator_for_others(path: EscalationPath, ctx: Context) -> Problems:  # noqa: ARG001
    """Principal can make others administrator, whom it cannot become itself.

    It takes a second pair of hands: whoever uses one of those principals then owns the account. A path that it could
    take by itself is told as such.
    """
    if path.others and not path.steps:
        names = [arn.rpartition(":")[2] for arn in path.others]
        kinds = tuple(sorted({name.partition("/")[0] for name in names}))
        more = f" and {len(names) - SPELLED_OUT} others" if len(names) > SPELLED_OUT else ""
        yield Problem(f"{path.name} can make {', '.join(names[:SPELLED_OUT])}{more} administrator", {"kinds": kinds})


def _provisos(path: EscalationPath, old_key: datetime | None) -> str:
    """What follows, what has still to be met, was assumed or not seen, and the key that is too old."""
    parts = [f"then {path.more} more"] if path.more else []
    parts += [f"still to be met: {', '.join(path.conditions)}"] if path.conditions else []
    parts += path.assumed
    parts += [f"not seen: {', '.join(path.unseen)}"] if path.unseen else []
    parts += [f"its access key is of {day(old_key)}"] if old_key else []
    return "".join(f"; {it}" for it in parts)
