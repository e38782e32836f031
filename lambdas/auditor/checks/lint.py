"""Policies and trusts as they are written: what does not work, does nothing, or goes without saying.

Only what the account's own people wrote is looked at. What another check says of a policy is not said here again.
"""

from collections.abc import Iterable

from auditor.core.check import Context, Problem, Problems, Severity, check
from auditor.core.subjects.entities import Policy, Role
from auditor.policy.lint import remarks_of
from auditor.policy.lint_codes import SEVERITIES, LintSeverity, Remark
from auditor.policy.lint_kinds import INLINE_QUOTAS, QUOTAS, size
from auditor.policy.steps import short
from auditor.policy.written import Kind

ERRORS = {code for code, severity in SEVERITIES.items() if severity is LintSeverity.ERROR}
TOLD_OF_TRUSTS = {
    "ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL",
    "ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL",
}
"""That a role is open to everybody is said where trusts are judged."""

WEAK = {
    "DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
    "DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
    "DYNAMODB_ATTRIBUTES_WITHOUT_SELECT",
    "FORALLVALUES_WITH_SINGLE_VALUED_KEY",
    "MISSING_PAIRED_CONDITION_KEYS",
    "S3_PREFIX_IN_NEGATIVE_CONTEXT",
    "STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS",
    "UNTRUSTWORTHY_CONDITION_KEY",
}
"""Conditions that a caller gets around. What a policy allows too widely is said where grants are judged."""

UNKNOWN = {
    *("INVALID_ACTION", "INVALID_SERVICE_IN_ACTION", "RETIRED_ACTION"),
    *("INVALID_GLOBAL_CONDITION_KEY", "INVALID_SERVICE", "INVALID_SERVICE_CONDITION_KEY"),
}
IDLE = {
    "INVALID_ARN_RESOURCE",
    "INVALID_DATE_VALUE",
    "MISSING_ARN_ACCOUNT",
    "MISSING_ARN_REGION",
    "TYPE_MISMATCH",
    "TYPE_MISMATCH_BOOLEAN",
    "TYPE_MISMATCH_DATE",
    "TYPE_MISMATCH_NUMBER",
    "TYPE_MISMATCH_STRING",
    "UNSUPPORTED_ACTION_FOR_CONDITION_KEY",
    "UNSUPPORTED_RESOURCE_FOR_ACTION",
    "WILDCARD_WITHOUT_LIKE_OPERATOR",
}
"""What no request matches."""

SUPERFLUOUS = {code for code, severity in SEVERITIES.items() if severity is LintSeverity.SUGGESTION} - {
    "MISSING_DEPENDENT_ACTION",  # another policy of the holder may have it
}
TO_CORRECT = "correct {it.name}; `auditor lint <file>` tells line and column"
MOST_SHOWN = 20
FULL = 0.95
"""The share of its quota from which a policy counts as nearly full."""


def _problem(what: str, said: Iterable[Remark], codes: set[str], one: str) -> Problems:
    """One problem, with the first remark in words, where something of the codes was said."""
    found = [it for it in said if it.code in codes]
    for first in found[:1]:
        places = tuple(f"{it.code} {'.'.join(map(str, it.path))}" for it in found[:MOST_SHOWN])
        yield Problem(f"{what} has {len(found)} {one}{'s' * (len(found) > 1)}: {first.message}", {"remarks": places})


def _said(policy: Policy) -> Iterable[Remark]:
    """What is said of a policy, if the account's own people wrote it."""
    if policy.aws_managed or policy.in_aws_role:
        return ()
    return remarks_of(policy.document, Kind.BOUNDARY if policy.boundary_only else Kind.IDENTITY)


@check(
    Severity.MEDIUM,
    controls=("access-analyzer/ERROR", "iam-best-practice/12"),
    fix=TO_CORRECT,
)
def policy_with_errors(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Policy has parts that do not work.

    IAM stores many a mistake: a private address where only public ones come, a tag without its key, a value of the
    wrong type. An Allow with one grants nothing, and a Deny with one denies nothing, though everybody thinks it does.
    """
    yield from _problem(policy.name, _said(policy), ERRORS, "error")


@check(
    Severity.MEDIUM,
    controls=(
        "access-analyzer/DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
        "access-analyzer/DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
        "access-analyzer/FORALLVALUES_WITH_SINGLE_VALUED_KEY",
        "access-analyzer/MISSING_PAIRED_CONDITION_KEYS",
        "access-analyzer/SECURITY_WARNING",
        "iam-best-practice/12",
    ),
    fix=TO_CORRECT,
)
def policy_with_weak_conditions(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Policy has conditions that a caller gets around.

    ForAllValues is also met by a request without the key, a Deny by a tag does nothing where requests have no tags,
    and whoever sends a request writes its Referer. The condition is taken for a safeguard, and is none.
    """
    yield from _problem(policy.name, _said(policy), WEAK, "weak condition")


@check(
    Severity.LOW,
    controls=("access-analyzer/ERROR", "iam-best-practice/12"),
    fix=TO_CORRECT,
)
def policy_with_unknown_actions(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Policy names actions, services or condition keys that are not known.

    Mostly it is a misspelling: what should be allowed is not, and what should be denied is. Or AWS has ended the
    service, and the policy can be shorter. An action that AWS has just added is not known here yet.
    """
    yield from _problem(policy.name, _said(policy), UNKNOWN, "unknown name")


@check(
    Severity.LOW,
    controls=("access-analyzer/WARNING", "iam-best-practice/12"),
    fix=TO_CORRECT,
)
def policy_with_idle_parts(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Policy has parts that no request matches.

    An action that is about none of the resources beside it, an ARN that nothing of the service has, a condition on
    what requests for the action never carry. What was meant is not in force.
    """
    yield from _problem(policy.name, _said(policy), IDLE, "idle part")


@check(
    Severity.INFO,
    controls=("access-analyzer/SUGGESTION", "iam-best-practice/12"),
    fix=TO_CORRECT,
)
def policy_with_redundancy(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Policy says something twice, or that goes without saying.

    Whoever takes a right away from the one place may overlook the other, and the policy reaches its size limit sooner.
    """
    yield from _problem(policy.name, _said(policy), SUPERFLUOUS, "superfluous part")


@check(
    Severity.INFO,
    controls=("access-analyzer/WARNING",),
    fix="split {it.name} before it is full: aws iam create-policy, and attach both",
)
def policy_near_its_size_limit(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Policy is nearly as long as IAM allows.

    The next right that somebody needs in a hurry no longer fits, and is then often granted by a wildcard.
    White space does not count. Of inline policies all those of one user, role or group share the limit.
    """
    quota = INLINE_QUOTAS[_kind_of(policy.owner)] if policy.owner else QUOTAS[Kind.IDENTITY]
    if not (policy.aws_managed or policy.in_aws_role) and size(policy.document) >= FULL * quota:
        yield Problem(f"{policy.name} has {size(policy.document):,} of {quota:,} characters")


def _kind_of(owner: str) -> str:
    """``user``, ``role`` or ``group``, of an ARN."""
    return short(owner).partition("/")[0]


@check(
    Severity.MEDIUM,
    controls=("access-analyzer/ERROR", "iam-best-practice/12"),
    fix="correct the trust of {it.name} (`auditor lint --kind trust <file>` tells line and column):"
    " aws iam update-assume-role-policy --role-name {it.name} --policy-document <file>",
)
def trust_with_errors(role: Role, ctx: Context) -> Problems:  # noqa: ARG001
    """Trust policy has parts that do not work.

    An action that the trusted cannot call, a provider that is misspelled, a condition that is never met: the role is
    not open to those whom it is for, or is open under no condition where one was meant.
    """
    said = remarks_of(role.trust, Kind.TRUST) if role.trust and not role.aws_owned else ()
    yield from _problem(f"the trust of {role.name}", said, ERRORS - TOLD_OF_TRUSTS, "error")
