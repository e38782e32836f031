"""IAM roles."""

from auditor.core.check import Context, Problem, Problems, Severity, check, day
from auditor.core.subjects.entities import Role


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
