"""What runs in the account: with which role, and with which keys instead of one."""

from auditor.core.check import Context, Problem, Problems, Severity, check
from auditor.core.subjects.workloads import (
    STACK,
    CarriedKey,
    Instance,
    LooseSecret,
    ManagementWorkloads,
    WorkloadRole,
)

BOUND = (
    "aws iam put-role-permissions-boundary --role-name {it.role_name} --permissions-boundary <what it needs at most>"
)


def _named(arn: str) -> str:
    """A resource without the part of its ARN that all of the account's have: ``function:pay``."""
    return arn.split(":", 5)[-1]


@check(
    Severity.CRITICAL,
    controls=(
        "fsbp/CodeBuild.2",
        "fsbp/ECS.8",
        "iam-best-practice/2",
        "iam-anti-pattern/1",
        "iam-manager/2",
    ),
    fix="give it a role, and take the key out of {it.where}; once nothing uses the key:"
    " aws iam update-access-key --status Inactive --access-key-id <its id>",
)
def access_key_in_configuration(key: CarriedKey, ctx: Context) -> Problems:  # noqa: ARG001
    """Access key stands in a resource's configuration.

    Whoever may look at the resource has the key, and so have its backups, templates and logs. A role gives the same
    access with credentials that end by themselves. The key is named by its last four characters only.
    """
    whose = f", {'an active' if key.active else 'an inactive'} key of {key.user}" if key.user else ""
    yield Problem(
        f"{_named(key.resource)} carries the access key {key.masked} in {key.where}{whose}",
        {"key": key.masked, "where": key.where, "user": key.user, "active": key.active},
    )


@check(
    Severity.HIGH,
    controls=("fsbp/CodeBuild.2", "fsbp/ECS.8", "iam-best-practice/2", "iam-manager/2"),
    fix="keep it in Secrets Manager or Parameter Store, let the role of {it.resource} read it there, and change it:"
    " who looked at {it.where} knows it",
)
def secret_in_configuration(secret: LooseSecret, ctx: Context) -> Problems:  # noqa: ARG001
    """Secret stands in a resource's configuration in clear text.

    Whoever may look at the resource has the secret. Told are secrets that have a form of their own: AWS's secret access
    keys, private keys, tokens of well-known services, passwords in URLs. Other passwords have none and are not found.
    """
    yield Problem(
        f"{_named(secret.resource)} carries what looks like a secret ({secret.form}) in {secret.where}",
        {"form": secret.form, "where": secret.where},
    )


@check(
    Severity.LOW,
    controls=(
        "cis-1.2/1.19",
        "cis-1.4/1.18",
        "cis-1.5/1.18",
        "cis-2.0/1.18",
        "cis-3.0/1.18",
        "cis-4.0/1.18",
        "cis-5.0/1.17",
        "cis-6.0/2.17",
        "cis-7.0/2.16",
        "config/ec2-instance-profile-attached",
        "iam-best-practice/2",
    ),
    fix="aws ec2 associate-iam-instance-profile --region {it.region} --instance-id {it.id}"
    " --iam-instance-profile Name=<a profile whose role may do what the instance needs>",
)
def instance_without_role(instance: Instance, ctx: Context) -> Problems:  # noqa: ARG001
    """EC2 instance has no role.

    What runs on it can reach AWS with stored keys only, and Systems Manager cannot reach it with a role of its own. An
    instance profile that holds no role is as good as none.
    """
    if instance.profile is None:
        yield Problem(f"{_named(instance.resource)} has no instance profile")
    elif instance.empty_profile:
        yield Problem(
            f"the profile of {_named(instance.resource)} holds no role: {_named(instance.profile)}",
            {"profile": instance.profile},
        )


@check(
    Severity.MEDIUM,
    controls=("iam-best-practice/6", "iam-anti-pattern/4"),
    fix=BOUND,
)
def administrator_workload(workload: WorkloadRole, ctx: Context) -> Problems:  # noqa: ARG001
    """Workload runs with an administrator's role.

    A fault in its code, or in a library of it, then gives away the account. Few programs need to do everything. Stacks
    are left out, since they run nothing, and so are instances on the internet, which are told by themselves.
    """
    if workload.administrator and workload.type != STACK and not workload.public:
        starts = "is started" if workload.purpose == "execution" else "runs"
        yield Problem(
            f"{_named(workload.resource)} {starts} with {workload.role_name}, an administrator", {"role": workload.role}
        )


@check(
    Severity.HIGH,
    controls=("iam-best-practice/6", "iam-anti-pattern/4"),
    fix=BOUND,
)
def internet_facing_administrator(workload: WorkloadRole, ctx: Context) -> Problems:  # noqa: ARG001
    """Instance with a public address has an administrator's role.

    One request to a program that lets itself be sent elsewhere fetches the role's credentials, and with them the
    account. Any other role on such an instance is usual, and what it may do is judged by itself.
    """
    if workload.administrator and workload.public:
        yield Problem(
            f"{_named(workload.resource)} has a public address and the role {workload.role_name}, an administrator",
            {"role": workload.role},
        )


@check(
    Severity.LOW,
    controls=("cis-7.0/2.1.3", "iam-best-practice/13"),
    fix="move what runs here to a member account; keep what manages the organization",
)
def workload_in_management_account(account: ManagementWorkloads, ctx: Context) -> Problems:  # noqa: ARG001
    """Workloads run in the organization's management account.

    No service control policy binds the management account, and who takes it over has every member. Whatever runs there
    is a way in that no guardrail closes.
    """
    if account.management and account.types:
        yield Problem(f"the management account runs {', '.join(account.types)}")
