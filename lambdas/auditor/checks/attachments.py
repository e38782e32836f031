"""Which policies are held, by whom, and which by nobody."""

from auditor.core.check import Context, Problem, Problems, Severity, check, day
from auditor.core.subjects.entities import Attachments, Policy, Principal
from auditor.policy.document import administrator_statement

CLOUDSHELL = "AWSCloudShellFullAccess"
BEDROCK = "AmazonBedrockFullAccess"
BROAD = ("PowerUserAccess", "SystemAdministrator", "DatabaseAdministrator", "NetworkAdministrator", "DataScientist")
"""AWS managed policies that are broad although their names do not end in FullAccess."""


@check(
    Severity.MEDIUM,
    controls=(
        "cis-2.0/1.22",
        "cis-3.0/1.22",
        "cis-4.0/1.22",
        "cis-5.0/1.21",
        "cis-6.0/2.21",
        "cis-7.0/2.20",
        "fsbp/IAM.27",
        "iam-best-practice/7",
    ),
    fix="attach a policy without cloudshell:GetFileUploadUrls and cloudshell:GetFileDownloadUrls instead of {it.name}",
)
def cloudshell_full_access(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """AWSCloudShellFullAccess is held by somebody.

    A CloudShell session can carry files in and out of the account, past whatever watches the workstations.
    """
    if policy.aws_managed and policy.name == CLOUDSHELL and policy.attached_to:
        yield _held(policy)


@check(
    Severity.HIGH,
    controls=("nist-800-53-r5/AC-6", "iam-best-practice/6", "iam-best-practice/7"),
    fix="grant the role the models and actions that it uses instead of {it.name}",
)
def bedrock_full_access(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """AmazonBedrockFullAccess is held by a role.

    A workload that may use every model and change every guardrail can be made to run up any bill, and to switch off
    what restrains it.
    """
    roles = tuple(arn for arn in policy.attached_to if ":role/" in arn)
    if policy.aws_managed and policy.name == BEDROCK and roles:
        yield Problem(f"{policy.name} is held by {policy.holders}", {"roles": roles})


@check(
    Severity.LOW,
    controls=("iam-best-practice/6", "iam-best-practice/7", "iam-anti-pattern/4", "iam-manager/1"),
    fix="grant each holder what it uses instead of {it.name}; to see what that is:"
    " aws iam generate-service-last-accessed-details --granularity ACTION_LEVEL --arn <holder>",
)
def broad_aws_policy(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Broad AWS managed policy is in use.

    AWS writes these policies for every customer, and adds to them. They are a starting point; what a holder really
    uses is less. AdministratorAccess has a check of its own, and so have CloudShell's and, on roles, Bedrock's.
    """
    broad = policy.name.endswith("FullAccess") or policy.name in BROAD
    if broad and policy.aws_managed and policy.attached_to and not _told_elsewhere(policy):
        yield _held(policy)


def _told_elsewhere(policy: Policy) -> bool:
    on_role = any(":role/" in arn for arn in policy.attached_to)
    return policy.name == CLOUDSHELL or (policy.name == BEDROCK and on_role)


def _held(policy: Policy) -> Problem:
    return Problem(f"{policy.name} is held by {policy.holders}", {"attached_to": policy.attached_to})


@check(
    Severity.INFO,
    controls=("iam-best-practice/7", "iam-best-practice/8", "iam-anti-pattern/4"),
    fix="aws iam generate-service-last-accessed-details --granularity ACTION_LEVEL --arn {it.resource}"
    "   # then write a policy of what it used",
)
def only_aws_policies(principal: Principal, ctx: Context) -> Problems:  # noqa: ARG001
    """User, group or role holds AWS managed policies only.

    They are written for everybody. A policy of the account's own can name the resources and leave out the rest.
    """
    held = tuple(sorted({*principal.attached, *principal.inherited}))
    theirs = all(arn.split(":")[4:5] == ["aws"] for arn in held)
    if held and theirs and not principal.inline and not principal.aws_owned:
        count = "a policy" if len(held) == 1 else f"{len(held)} policies"
        yield Problem(f"{principal.name} holds {count} of AWS and none of the account's own", {"held": held})


@check(
    Severity.LOW,
    controls=(
        "pci-4.0/7.2.1",
        "pci-4.0/7.2.2",
        "pci-4.0/7.2.5",
        "iam-best-practice/9",
        "iam-anti-pattern/5",
        "iam-manager/6",
    ),
    fix="aws iam tag-policy --policy-arn {it.resource} --tags Key=unused,Value=true"
    "   # and let it go when nobody objects",
)
def unused_policy(policy: Policy, ctx: Context) -> Problems:
    """Policy of the account's own is held by nobody.

    It grants nothing now and lies ready to be attached without another look. A policy that allows everything is told
    by its own check, and one that was changed lately may be on its way to somebody.
    """
    limit = ctx.limits.policy_idle
    unused = policy.customers and not policy.attached_to and administrator_statement(policy.document) is None
    if unused and (policy.changed is None or ctx.age(policy.changed) > limit):
        since = f" since {day(policy.changed)}" if policy.changed else ""
        reason = f"{policy.name} is held by nobody and was not changed{since} (limit {limit.days} days)"
        yield Problem(reason, {"changed": policy.changed})


@check(
    Severity.MEDIUM,
    controls=("config/iam-policy-blacklisted-check", "iam-best-practice/6", "iam-manager/6"),
    fix="attach another policy to each holder instead of {it.name}",
    setting="forbidden_policies",
)
def forbidden_policy(policy: Policy, ctx: Context) -> Problems:
    """Policy that the deployment forbids is held by somebody.

    Somebody decided that nobody should hold it. The list has ARNs or names of managed policies.
    """
    if policy.attached_to and not policy.owner and {policy.resource, policy.name} & set(ctx.limits.forbidden_policies):
        yield _held(policy)


@check(
    Severity.LOW,
    controls=("config/iam-role-managed-policy-check", "iam-best-practice/13"),
    fix="aws iam attach-role-policy --role-name {it.name} --policy-arn <policy>",
    setting="required_role_policies",
)
def role_without_required_policy(principal: Principal, ctx: Context) -> Problems:
    """Role lacks a policy that every role has to have.

    Such a policy carries what holds for all, a Deny for example; a role without it is outside of that. The list has
    ARNs or names of managed policies. Roles that AWS makes are left out.
    """
    missing = _missing(ctx.limits.required_role_policies, principal.attached)
    if principal.kind == "Role" and not principal.aws_owned and missing:
        yield Problem(f"{principal.name} lacks {', '.join(missing)}", {"missing": missing})


@check(
    Severity.LOW,
    controls=("config/iam-policy-in-use", "iam-best-practice/13"),
    fix="aws iam attach-group-policy --group-name <group> --policy-arn <policy>",
    setting="required_policies",
)
def required_policy_not_in_use(held: Attachments, ctx: Context) -> Problems:
    """Policy that has to be in use is held by nobody.

    Somebody relies on it. The list has ARNs or names of managed policies; any user, group or role will do.
    """
    for name in _missing(ctx.limits.required_policies, held.by_anyone):
        yield Problem(f"nobody holds {name}", {"missing": name}, discriminator=name)


@check(
    Severity.LOW,
    controls=(
        "cis-1.2/1.20",
        "cis-1.4/1.17",
        "cis-1.5/1.17",
        "cis-2.0/1.17",
        "cis-3.0/1.17",
        "cis-4.0/1.17",
        "cis-5.0/1.16",
        "cis-6.0/2.16",
        "cis-7.0/2.15",
        "fsbp/IAM.18",
        "pci-4.0.1/12.10.3",
    ),
    fix="aws iam attach-role-policy --role-name <role> --policy-arn <AWSSupportAccess>",
)
def missing_support_access(held: Attachments, ctx: Context) -> Problems:  # noqa: ARG001
    """Nobody may open cases with AWS Support.

    In an incident somebody has to reach AWS at once, and without the root user. Any user, group or role that holds
    AWSSupportAccess counts.
    """
    if _missing(("AWSSupportAccess",), _of_aws(held.by_anyone)):
        yield Problem("no user, group or role holds AWSSupportAccess")


@check(
    Severity.LOW,
    controls=("iam-best-practice/9", "iam-manager/6"),
    fix="aws iam attach-role-policy --role-name <role> --policy-arn <SecurityAudit>",
)
def missing_security_audit_role(held: Attachments, ctx: Context) -> Problems:  # noqa: ARG001
    """No role holds SecurityAudit.

    Who reviews the account should be able to look without being able to change.
    """
    if _missing(("SecurityAudit",), _of_aws(held.by_roles)):
        yield Problem("no role holds SecurityAudit")


def _of_aws(arns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(arn for arn in arns if arn.split(":")[4:5] == ["aws"])


def _missing(wanted: tuple[str, ...], held: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the wanted ARNs and names that are not held."""
    known = {*held, *(arn.rpartition("/")[2] for arn in held)}
    return tuple(name for name in wanted if name not in known)
