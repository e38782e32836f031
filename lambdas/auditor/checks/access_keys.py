"""Access keys of IAM users: long-term credentials that work for whoever holds them."""

from auditor.core.check import Context, Problem, Problems, Severity, check, day
from auditor.core.subjects.credentials import AccessKey


@check(
    Severity.HIGH,
    controls=(
        "cis-1.2/1.4",
        "cis-1.4/1.14",
        "cis-3.0/1.14",
        "cis-5.0/1.13",
        "cis-6.0/2.13",
        "cis-7.0/2.12",
        "fsbp/IAM.3",
        "pci-4.0.1/8.6.3",
        "config/access-keys-rotated",
        "trusted-advisor/DqdJqYeRm5",
        "iam-best-practice/2",
        "iam-best-practice/4",
        "iam-anti-pattern/1",
    ),
    fix="aws iam update-access-key --user-name {it.user} --access-key-id {it.id} --status Inactive",
)
def stale_access_key(key: AccessKey, ctx: Context) -> Problems:
    """Active access key is older than the rotation limit.

    A leaked key works until somebody notices. Rotation bounds how long that can be. The key's creation counts: the
    credential report's rotation date also moves when an old key is only switched off and on again.
    """
    age, limit = ctx.age(key.created), ctx.limits.key_age
    if key.active and age > limit:
        yield Problem(f"{key.id} of {key.user} is {age.days} days old (limit {limit.days})", {"created": key.created})


@check(
    Severity.MEDIUM,
    controls=(
        "cis-1.2/1.3",
        "cis-1.4/1.12",
        "cis-3.0/1.12",
        "cis-5.0/1.11",
        "cis-6.0/2.11",
        "cis-7.0/2.11",
        "fsbp/IAM.8",
        "fsbp/IAM.22",
        "pci-4.0.1/8.2.6",
        "nist-800-53-r5/AC-2(3)",
        "config/iam-user-unused-credentials-check",
        "iam-best-practice/4",
        "iam-best-practice/9",
        "iam-anti-pattern/5",
        "iam-manager/9",
    ),
    fix="aws iam update-access-key --user-name {it.user} --access-key-id {it.id} --status Inactive",
)
def idle_access_key(key: AccessKey, ctx: Context) -> Problems:
    """Active access key was not used for a long time.

    An idle key is pure risk: nothing breaks when it is switched off, and nobody notices when it is stolen. A key that
    was never used is as idle as it is old.
    """
    since, limit = key.last_used or key.created, ctx.limits.key_idle
    if key.active and ctx.age(since) > limit:
        use = f"was last used {day(since)}" if key.last_used else f"was created {day(since)} and never used"
        doubt = "; or its other key: the report does not tell them apart" if len(key.rows) > 1 else ""
        evidence = {"last_used": key.last_used, "created": key.created}
        yield Problem(f"{key.id} of {key.user} {use} (limit {limit.days} days{doubt})", evidence)
