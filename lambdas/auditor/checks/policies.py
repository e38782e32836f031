"""Managed policies that allow too much: everything, a whole service, or what should be few people's."""

from auditor.core.check import Because, Context, Problem, Problems, Severity, check
from auditor.core.subjects.entities import Policy
from auditor.policy.breadth import Breadth, any_key_decryption, full_access, whole_services
from auditor.policy.document import administrator_statement

TO_NARROW = (
    "grant each holder what it uses instead of {it.name}; to see what that is:"
    " aws iam generate-service-last-accessed-details --granularity ACTION_LEVEL --arn <holder>"
)


@check(
    Severity.HIGH,
    controls=(
        "cis-1.2/1.22",
        "cis-1.4/1.16",
        "cis-1.5/1.16",
        "cis-2.0/1.16",
        "cis-3.0/1.16",
        "cis-4.0/1.16",
        "cis-5.0/1.15",
        "cis-6.0/2.15",
        "cis-7.0/2.14",
        "fsbp/IAM.1",
        "fsbp/IAM.21",
        "fsbp/KMS.1",
        "fsbp/KMS.2",
        "nist-800-53-r5/AC-6",
        "nist-800-53-r5/AC-2",
        "nist-800-53-r5/AC-3",
        "nist-800-53-r5/AC-3(7)",
        "nist-800-53-r5/AC-6(2)",
        "nist-800-53-r5/AC-6(10)",
        "pci-4.0/7.2.2",
        "config/iam-policy-no-statements-with-admin-access",
        "config/iam-policy-no-statements-with-full-access",
        "config/iam-customer-policy-blocked-kms-actions",
        "config/iam-inline-policy-blocked-kms-actions",
        "access-analyzer/PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE",
        "iam-best-practice/6",
        "iam-best-practice/7",
        "iam-anti-pattern/4",
        "iam-manager/1",
        "iam-manager/5",
    ),
    fix=TO_NARROW,
)
def administrator_policy(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Policy in use allows every action on every resource.

    Whoever holds it, or can take over who holds it, owns the account; nothing narrower is said of such a policy. Left
    out are permissions boundaries, which grant nothing, AWS's own policies, and those that nobody holds.
    """
    if not policy.aws_managed and policy.attached_to:
        yield from _everything(policy)


@check(
    Severity.HIGH,
    controls=(
        "cis-1.2/1.22",
        "cis-1.4/1.16",
        "cis-1.5/1.16",
        "cis-2.0/1.16",
        "cis-3.0/1.16",
        "cis-4.0/1.16",
        "cis-5.0/1.15",
        "cis-6.0/2.15",
        "cis-7.0/2.14",
        "nist-800-53-r5/AC-6",
        "nist-800-53-r5/AC-2",
        "nist-800-53-r5/AC-3",
        "nist-800-53-r5/AC-3(7)",
        "nist-800-53-r5/AC-6(2)",
        "nist-800-53-r5/AC-6(10)",
        "pci-4.0/7.2.2",
        "iam-best-practice/6",
        "iam-best-practice/7",
        "iam-anti-pattern/4",
        "iam-manager/1",
        "iam-manager/5",
    ),
    fix=TO_NARROW,
)
def aws_administrator_policy(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """AWS managed policy in use allows every action on every resource.

    AdministratorAccess is AWS's to keep and the account's to hand out. Whoever holds it, or can take over who holds
    it, owns the account.
    """
    if policy.aws_managed and policy.attached_to:
        yield from _everything(policy)


@check(
    Severity.MEDIUM,
    controls=(
        "fsbp/IAM.1",
        "fsbp/IAM.21",
        "fsbp/KMS.1",
        "pci-4.0/7.2.2",
        "nist-800-53-r5/AC-2",
        "nist-800-53-r5/AC-3",
        "nist-800-53-r5/AC-3(7)",
        "nist-800-53-r5/AC-6",
        "nist-800-53-r5/AC-6(2)",
        "nist-800-53-r5/AC-6(10)",
        "config/iam-policy-no-statements-with-admin-access",
        "config/iam-policy-no-statements-with-full-access",
        "config/iam-customer-policy-blocked-kms-actions",
        "iam-best-practice/6",
        "iam-best-practice/9",
        "iam-anti-pattern/5",
        "iam-manager/5",
    ),
    fix=TO_NARROW,
)
def unattached_administrator_policy(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Policy that nobody holds allows every action on every resource.

    It lies ready for whoever may attach policies, and looks like one of the account's own. A policy that serves as a
    permissions boundary is in use and left out.
    """
    if policy.customers and not policy.attached_to:
        yield from _everything(policy)


def _everything(policy: Policy) -> Problems:
    statement = administrator_statement(policy.document)
    if statement:
        evidence = {"attached_to": policy.attached_to, "conditions": statement.conditions}
        yield Problem(f"{policy.name} allows * on *{statement.proviso}; held by {policy.holders}", evidence)


@check(
    Severity.LOW,
    controls=(
        "fsbp/IAM.21",
        "nist-800-53-r5/AC-6",
        "nist-800-53-r5/AC-2",
        "nist-800-53-r5/AC-3",
        "nist-800-53-r5/AC-3(7)",
        "nist-800-53-r5/AC-6(2)",
        "nist-800-53-r5/AC-6(10)",
        "pci-4.0/7.2.1",
        "pci-4.0/7.2.2",
        "pci-4.0/7.2.5",
        "config/iam-policy-no-statements-with-full-access",
        "iam-best-practice/6",
        "iam-anti-pattern/4",
        "iam-manager/1",
        "iam-manager/5",
    ),
    fix=TO_NARROW,
    because=(Because.SENSITIVE,),
)
def service_wide_policy(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Policy allows all actions of a service.

    A service's wildcard grants what it can do today and whatever it learns, its administration among it. A wildcard
    behind a prefix (ec2:Describe*) passes. It weighs more where the service guards others (IAM, STS, secrets, …) and
    is open on every resource.
    """
    if policy.customers:
        yield from too_wide(policy, whole_services(policy.document, policy.resource))


@check(
    Severity.MEDIUM,
    controls=(
        "fsbp/IAM.21",
        "nist-800-53-r5/AC-5",
        "pci-4.0/7.2.2",
        "config/iam-policy-no-statements-with-full-access",
        "iam-best-practice/6",
        "iam-anti-pattern/4",
        "iam-manager/5",
    ),
    fix=TO_NARROW,
)
def full_cloudtrail_policy(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Policy allows all of CloudTrail.

    Its holder can stop the log that would show what it did.
    """
    if policy.customers:
        yield from too_wide(policy, full_access(policy.document, "cloudtrail"))


@check(
    Severity.MEDIUM,
    controls=(
        "fsbp/IAM.21",
        "fsbp/KMS.1",
        "nist-800-53-r5/AC-5",
        "pci-4.0/7.2.2",
        "config/iam-policy-no-statements-with-full-access",
        "config/iam-customer-policy-blocked-kms-actions",
        "iam-best-practice/6",
        "iam-anti-pattern/4",
        "iam-manager/5",
    ),
    fix=TO_NARROW,
)
def full_kms_policy(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Policy allows all of KMS on every key.

    Who administers the keys and who decrypts with them should be two: one holder of both reads, and can destroy,
    everything that is encrypted.
    """
    if policy.customers:
        yield from too_wide(policy, full_access(policy.document, "kms", "kms:key", policy.resource))


@check(
    Severity.MEDIUM,
    controls=(
        "fsbp/KMS.1",
        "nist-800-53-r5/AC-6",
        "nist-800-53-r5/AC-6(3)",
        "pci-4.0/7.2.1",
        "pci-4.0/7.2.2",
        "pci-4.0/7.2.3",
        "pci-4.0/7.2.5",
        "config/iam-customer-policy-blocked-kms-actions",
        "iam-best-practice/6",
        "iam-manager/5",
    ),
    fix=TO_NARROW,
)
def any_key_decryption_policy(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Policy allows decrypting with every key.

    A key's policy that trusts IAM leaves it to policies like this who reads what the key protects. Naming keys keeps
    their secrets apart.
    """
    if policy.customers:
        yield from too_wide(policy, any_key_decryption(policy.document, policy.resource))


def too_wide(policy: Policy, found: Breadth | None) -> Problems:
    """The problem with a policy of that breadth; none if it is not wide."""
    if found:
        evidence = {"allowed": found.allowed, "conditions": found.conditions}
        because = (Because.SENSITIVE,) if found.sensitive else ()
        reason = f"{policy.name} allows {', '.join(found.allowed)}{found.proviso}; held by {policy.holders}"
        yield Problem(reason, evidence, because=because)
