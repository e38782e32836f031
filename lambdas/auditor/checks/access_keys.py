"""Access keys of IAM users: long-term credentials that work for whoever holds them."""

from datetime import timedelta

from auditor.core.check import Because, Context, Problem, Problems, Severity, check, day, reasons
from auditor.core.subjects.credentials import AccessKey

DEACTIVATE = "aws iam update-access-key --user-name {it.user} --access-key-id {it.id} --status Inactive"
TOGETHER = timedelta(seconds=10)
"""A key that is hardly younger than its user was made in one go with it; the console did so for years."""


@check(
    Severity.HIGH,
    controls=(
        "cis-1.2/1.4",
        "cis-1.4/1.14",
        "cis-1.5/1.14",
        "cis-2.0/1.14",
        "cis-3.0/1.14",
        "cis-4.0/1.14",
        "cis-5.0/1.13",
        "cis-6.0/2.13",
        "cis-7.0/2.12",
        "fsbp/IAM.3",
        "pci-4.0/8.6.3",
        "pci-4.0.1/8.6.3",
        "nist-800-53-r5/AC-2(1)",
        "nist-800-53-r5/AC-2(3)",
        "config/access-keys-rotated",
        "trusted-advisor/DqdJqYeRm5",
        "iam-best-practice/2",
        "iam-best-practice/4",
        "iam-anti-pattern/1",
    ),
    fix=DEACTIVATE,
    because=(Because.ADMINISTRATOR,),
)
def stale_access_key(key: AccessKey, ctx: Context) -> Problems:
    """Active access key is older than the rotation limit.

    A leaked key works until somebody notices. Rotation bounds how long that can be. The key's creation counts: the
    credential report's rotation date also moves when an old key is only switched off and on again.
    """
    age, limit = ctx.age(key.created), ctx.limits.key_age
    if key.active and age > limit:
        yield Problem(
            f"{key.id} of {key.user} is {age.days} days old (limit {limit.days})",
            {"created": key.created},
            because=reasons({Because.ADMINISTRATOR: key.administrator}),
        )


@check(
    Severity.MEDIUM,
    controls=(
        "cis-1.2/1.3",
        "cis-1.4/1.12",
        "cis-1.5/1.12",
        "cis-2.0/1.12",
        "cis-3.0/1.12",
        "cis-4.0/1.12",
        "cis-5.0/1.11",
        "cis-6.0/2.11",
        "cis-7.0/2.11",
        "fsbp/IAM.8",
        "fsbp/IAM.22",
        "pci-4.0/7.2.5.1",
        "pci-4.0/8.2.6",
        "pci-4.0.1/8.2.6",
        "nist-800-53-r5/AC-2",
        "nist-800-53-r5/AC-2(1)",
        "nist-800-53-r5/AC-2(3)",
        "config/iam-user-unused-credentials-check",
        "access-analyzer/UnusedIAMUserAccessKey",
        "iam-best-practice/4",
        "iam-best-practice/9",
        "iam-anti-pattern/5",
        "iam-manager/9",
    ),
    fix=DEACTIVATE,
    because=(Because.ADMINISTRATOR,),
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
        yield Problem(
            f"{key.id} of {key.user} {use} (limit {limit.days} days{doubt})",
            {"last_used": key.last_used, "created": key.created},
            because=reasons({Because.ADMINISTRATOR: key.administrator}),
        )


@check(
    Severity.LOW,
    controls=(
        "cis-1.2/1.21",
        "cis-1.4/1.11",
        "cis-1.5/1.11",
        "cis-2.0/1.11",
        "cis-3.0/1.11",
        "cis-4.0/1.11",
        "cis-5.0/1.10",
        "cis-6.0/2.10",
        "iam-best-practice/2",
        "iam-best-practice/4",
        "iam-anti-pattern/1",
    ),
    fix=DEACTIVATE,
    because=(Because.ADMINISTRATOR,),
)
def unrequested_access_key(key: AccessKey, ctx: Context) -> Problems:
    """Console user's access key was made along with the user, or never used.

    Who works in the console needs no key, and a key that nobody asked for is kept where nobody looks. One that was made
    by itself has some days in which to be used.
    """
    if not (key.active and key.console):
        return
    together = key.user_created is not None and abs(key.created - key.user_created) <= TOGETHER
    unused = not any(row.last_used for row in key.rows) and ctx.age(key.created) > ctx.limits.key_grace
    if together or unused:
        how = "made together with" if together else f"made on {day(key.created)} and never used by"
        yield Problem(
            f"{key.id} was {how} {key.user}, who signs in to the console",
            {"created": key.created},
            because=reasons({Because.ADMINISTRATOR: key.administrator}),
        )


@check(
    Severity.LOW,
    controls=("iam-best-practice/2", "iam-anti-pattern/1"),
    fix=f"give the workload a role (instance profile, OIDC federation, IAM Roles Anywhere); then: {DEACTIVATE}",
    because=(Because.ADMINISTRATOR,),
)
def long_term_key_in_use(key: AccessKey, ctx: Context) -> Problems:
    """Work is done with a long-term access key.

    A role's credentials end by themselves within hours; a key works wherever it was copied to, until somebody ends it.
    The last use that AWS recorded tells where to look for the workload.
    """
    used = key.last_used
    if key.active and used and ctx.age(used) <= ctx.limits.key_idle:
        row = next(row for row in key.rows if row.last_used == used)
        what = f" for {row.last_used_service}" if row.last_used_service else ""
        where = f" in {row.last_used_region}" if row.last_used_region else ""
        yield Problem(
            f"{key.id} of {key.user} is in use, last on {day(used)}{what}{where}",
            {"created": key.created},
            because=reasons({Because.ADMINISTRATOR: key.administrator}),
        )
