"""Permissions policies, managed and inline."""

from auditor.core.check import Context, Problem, Problems, Severity, check
from auditor.core.subjects.entities import Policy
from auditor.policy.document import administrator_statement

SPELLED_OUT = 3
"""Holders that a sentence names."""


@check(
    Severity.HIGH,
    controls=(
        "cis-1.2/1.22",
        "cis-1.4/1.16",
        "cis-3.0/1.16",
        "cis-5.0/1.15",
        "cis-6.0/2.15",
        "cis-7.0/2.14",
        "fsbp/IAM.1",
        "nist-800-53-r5/AC-6",
        "pci-4.0/7.2.2",
        "config/iam-policy-no-statements-with-admin-access",
        "iam-best-practice/6",
        "iam-best-practice/7",
        "iam-anti-pattern/4",
        "iam-manager/1",
        "iam-manager/5",
    ),
    fix="grant each holder what it uses instead of {it.name}; to see what that is:"
    " aws iam generate-service-last-accessed-details --granularity ACTION_LEVEL --arn <holder>",
)
def administrator_policy(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Policy allows every action on every resource.

    Whoever holds it, or can take over who holds it, owns the account. A policy that serves as a permissions boundary
    only grants nothing and is left out.
    """
    statement = None if policy.boundary_only else administrator_statement(policy.document)
    if statement:
        met = f" if {', '.join(statement.conditions)} is met" if statement.conditions else ""
        evidence = {"attached_to": policy.attached_to, "conditions": statement.conditions}
        yield Problem(f"{policy.name} allows * on *{met}; held by {_holders(policy)}", evidence)


def _holders(policy: Policy) -> str:
    names = [arn.partition(":")[2].rpartition(":")[2] for arn in policy.attached_to]
    if len(names) > SPELLED_OUT:
        return f"{len(names)} principals"
    return ", ".join(names) or "nobody"
