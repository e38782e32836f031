"""IAM roles."""

from auditor.core.check import Context, Problem, Problems, Severity, check, day
from auditor.core.subjects.entities import SPELLED_OUT, Principal, Role
from auditor.policy.trust import admissions, excluding


@check(
    Severity.LOW,
    controls=(
        "pci-4.0/7.2.5.1",
        "nist-800-53-r5/AC-2(3)",
        "access-analyzer/UnusedIAMRole",
        "iam-best-practice/9",
        "iam-anti-pattern/5",
        "iam-manager/9",
    ),
    fix="aws iam put-role-policy --role-name {it.name} --policy-name suspended --policy-document "
    '\'{{"Version":"2012-10-17","Statement":{{"Effect":"Deny","Action":"*","Resource":"*"}}}}\'',
)
def unused_role(role: Role, ctx: Context) -> Problems:
    """Role was not used for a long time.

    Every role is a way in for whoever its trust policy admits; one that nobody uses is a way in that nobody watches. A
    role that was never used is as idle as it is old. Service-linked roles and those of IAM Identity Center are left
    out: AWS makes and removes them.
    """
    since, limit = role.last_used or role.created, ctx.limits.role_idle
    if not role.aws_owned and ctx.age(since) > limit:
        use = f"was last used {day(since)}" if role.last_used else f"has no use on record, created {day(since)}"
        yield Problem(
            f"{role.name} {use} (limit {limit.days} days; AWS keeps 400)",
            {"last_used": role.last_used, "created": role.created},
        )


@check(
    Severity.HIGH,
    controls=("nist-800-53-r5/AC-6", "iam-best-practice/6", "iam-anti-pattern/4", "iam-manager/1"),
    fix="aws iam put-role-permissions-boundary --role-name {it.name} --permissions-boundary <policy>",
)
def administrator_role(principal: Principal, ctx: Context) -> Problems:  # noqa: ARG001
    """Role of people, pipelines or other accounts is administrator.

    Whoever may assume it owns the account. Roles that only services of AWS may assume are left out, and so are those
    of IAM Identity Center: who has them is decided there.
    """
    if principal.kind == "Role" and principal.administrator and not principal.aws_owned:
        admitted = tuple(sorted({it.party.value for it in admissions(principal.trust) if it.party.kind != "Service"}))
        excluded = tuple(f"everybody but {party.value}" for party in excluding(principal.trust))
        if admitted or excluded:
            who = (*admitted, *excluded)
            names = ", ".join(who) if len(who) <= SPELLED_OUT else f"{len(who)} principals"
            yield Problem(f"{principal.name} is administrator and can be assumed by {names}", {"admitted": who})


@check(
    Severity.LOW,
    controls=("iam-best-practice/9", "iam-anti-pattern/5", "iam-manager/9"),
    fix="aws iam put-role-policy --role-name {it.name} --policy-name suspended --policy-document "
    '\'{{"Version":"2012-10-17","Statement":{{"Effect":"Deny","Action":"*","Resource":"*"}}}}\'',
)
def role_without_policy(role: Role, ctx: Context) -> Problems:  # noqa: ARG001
    """Role holds no policy at all.

    It is left over, or waits to be given rights that nobody will look at again. What resource policies grant it is
    not seen here.
    """
    if not (role.attached or role.inline or role.aws_owned):
        yield Problem(f"{role.name} holds no policy")


CLOUDWATCH_SHARING = "CloudWatch-CrossAccountSharingRole"


@check(
    Severity.MEDIUM,
    controls=("iam-best-practice/11", "iam-anti-pattern/6"),
    fix="aws iam get-role --role-name {it.name}   # and take the accounts that need not look out of its trust policy",
)
def cloudwatch_sharing_role(role: Role, ctx: Context) -> Problems:  # noqa: ARG001
    """Account shows its CloudWatch data to other accounts.

    The sharing role of CloudWatch lets other accounts read metrics, dashboards and, if it was chosen so, logs and
    traces. It is either meant, and then excepted with a reason, or left over.
    """
    if role.name == CLOUDWATCH_SHARING:
        yield Problem(f"{role.name} lets other accounts read CloudWatch", {"attached": role.attached})
