"""Inline policies: that there are any, and what they allow."""

from auditor.checks.policies import too_wide
from auditor.core.check import Because, Context, Problem, Problems, Severity, check
from auditor.core.subjects.entities import Policy, Principal
from auditor.policy.breadth import any_key_decryption, full_access, whole_services

TO_NARROW = (
    "grant what is used instead of all that {it.name} allows; to see what that is:"
    " aws iam generate-service-last-accessed-details --granularity ACTION_LEVEL --arn {it.resource}"
)


@check(
    Severity.LOW,
    controls=(
        "pci-4.0/7.2.1",
        "pci-4.0/7.2.2",
        "config/iam-no-inline-policy-check",
        "iam-best-practice/7",
        "iam-anti-pattern/4",
        "iam-manager/4",
    ),
    fix="make {it.name} a managed policy (aws iam create-policy) and attach that; a managed policy has versions and"
    " tells who holds it",
)
def inline_policy(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Policy is written into a user, group or role.

    An inline policy has no versions to go back to, and is found only by looking at its holder. Those of IAM Identity
    Center and of services are AWS's and left out.
    """
    if policy.owner and not policy.in_aws_role:
        yield Problem(f"{policy.name} is written into {policy.holders}")


@check(
    Severity.INFO,
    controls=("iam-best-practice/7", "iam-anti-pattern/4"),
    fix="move what is shared into managed policies (aws iam create-policy) and attach those to {it.name}",
)
def only_inline_policies(principal: Principal, ctx: Context) -> Problems:  # noqa: ARG001
    """User, group or role holds inline policies only.

    Nothing that it may do is shared, versioned or reviewed with what others may do.
    """
    if principal.inline and not (principal.attached or principal.inherited or principal.aws_owned):
        yield Problem(
            f"{principal.name} holds {len(principal.inline)} inline and no managed policy", {"inline": principal.inline}
        )


@check(
    Severity.LOW,
    controls=(
        "nist-800-53-r5/AC-6",
        "pci-4.0/7.2.1",
        "pci-4.0/7.2.2",
        "iam-best-practice/6",
        "iam-anti-pattern/4",
        "iam-manager/1",
        "iam-manager/5",
    ),
    fix=TO_NARROW,
    because=(Because.SENSITIVE,),
)
def service_wide_inline_policy(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Inline policy allows all actions of a service.

    A service's wildcard grants what it can do today and whatever it learns, its administration among it. It weighs
    more where the service guards others (IAM, STS, secrets, …) and is open on every resource.
    """
    if policy.owner and not policy.in_aws_role:
        yield from too_wide(policy, whole_services(policy.document, policy.resource))


@check(
    Severity.MEDIUM,
    controls=("nist-800-53-r5/AC-5", "pci-4.0/7.2.2", "iam-best-practice/6", "iam-anti-pattern/4", "iam-manager/5"),
    fix=TO_NARROW,
)
def full_cloudtrail_inline_policy(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Inline policy allows all of CloudTrail.

    Its holder can stop the log that would show what it did.
    """
    if policy.owner and not policy.in_aws_role:
        yield from too_wide(policy, full_access(policy.document, "cloudtrail"))


@check(
    Severity.MEDIUM,
    controls=(
        "fsbp/KMS.2",
        "nist-800-53-r5/AC-5",
        "pci-4.0/7.2.2",
        "config/iam-inline-policy-blocked-kms-actions",
        "iam-best-practice/6",
        "iam-anti-pattern/4",
        "iam-manager/5",
    ),
    fix=TO_NARROW,
)
def full_kms_inline_policy(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Inline policy allows all of KMS on every key.

    Who administers the keys and who decrypts with them should be two: one holder of both reads, and can destroy,
    everything that is encrypted.
    """
    if policy.owner and not policy.in_aws_role:
        yield from too_wide(policy, full_access(policy.document, "kms", "kms:key", policy.resource))


@check(
    Severity.MEDIUM,
    controls=(
        "fsbp/KMS.2",
        "nist-800-53-r5/AC-6",
        "nist-800-53-r5/AC-6(3)",
        "pci-4.0/7.2.1",
        "pci-4.0/7.2.2",
        "pci-4.0/7.2.3",
        "pci-4.0/7.2.5",
        "config/iam-inline-policy-blocked-kms-actions",
        "iam-best-practice/6",
        "iam-manager/5",
    ),
    fix=TO_NARROW,
)
def any_key_decryption_inline_policy(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Inline policy allows decrypting with every key.

    A key's policy that trusts IAM leaves it to policies like this who reads what the key protects. Naming keys keeps
    their secrets apart.
    """
    if policy.owner and not policy.in_aws_role:
        yield from too_wide(policy, any_key_decryption(policy.document, policy.resource))
