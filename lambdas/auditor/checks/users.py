"""IAM users: their passwords, their use, and the policies they hold themselves."""

from auditor.core.check import Because, Context, Problem, Problems, Severity, check, day, reasons
from auditor.core.subjects.credentials import User, UserWithServices
from auditor.core.subjects.entities import Principal, UserDetail
from auditor.policy.document import administrator_statement

SUSPENDED = (
    "aws iam put-user-policy --user-name {it.name} --policy-name suspended --policy-document "
    '\'{{"Version":"2012-10-17","Statement":{{"Effect":"Deny","Action":"*","Resource":"*"}}}}\''
)
"""Nothing is lost by it, and everything stops."""


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
        "pci-4.0/8.2.6",
        "pci-4.0.1/8.2.6",
        "nist-800-53-r5/AC-2",
        "nist-800-53-r5/AC-2(1)",
        "nist-800-53-r5/AC-2(3)",
        "config/iam-user-unused-credentials-check",
        "access-analyzer/UnusedIAMUserPassword",
        "iam-best-practice/9",
        "iam-anti-pattern/5",
        "iam-manager/9",
    ),
    fix='aws iam update-login-profile --user-name {it.name} --password "$(openssl rand -base64 48)"'
    "   # nobody knows it; set another when the user comes back",
    because=(Because.ADMINISTRATOR,),
)
def idle_console_password(user: User, ctx: Context) -> Problems:
    """Console password was not used for a long time.

    Nobody notices when an idle password is guessed. A password that was not used since it was set is as idle as it is
    old.
    """
    used, limit = user.password_last_used, ctx.limits.password_idle
    changed = user.password_last_changed or user.created
    since = max(used or changed, changed)
    if user.password_enabled and ctx.age(since) > limit:
        use = f"was last used {day(used)}" if since == used else f"was set {day(since)} and not used since"
        yield Problem(
            f"the console password of {user.name} {use} (limit {limit.days} days)",
            {"last_used": user.password_last_used, "changed": user.password_last_changed},
            because=reasons({Because.ADMINISTRATOR: user.administrator}),
        )


@check(
    Severity.LOW,
    controls=(
        "pci-4.0/7.2.4",
        "pci-4.0/8.2.6",
        "pci-4.0.1/8.2.6",
        "nist-800-53-r5/AC-2",
        "nist-800-53-r5/AC-2(1)",
        "nist-800-53-r5/AC-2(3)",
        "iam-best-practice/9",
        "iam-anti-pattern/5",
        "iam-manager/9",
    ),
    fix=SUSPENDED,
    because=(Because.ADMINISTRATOR,),
)
def idle_user(user: UserWithServices, ctx: Context) -> Problems:
    """User can sign in, and did not for a long time.

    Nobody misses a user whom nobody uses, and nobody notices when somebody else does. A user, a password and a key that
    are new have until the limit. AWS does not tell whether a service-specific credential is used: who has an active one
    is left to the checks of those.
    """
    limit = ctx.limits.user_idle
    keys = [slot for slot in user.keys if slot.active]
    uses = (user.password_last_used, *(slot.last_used for slot in user.keys))
    begun = (user.password_last_changed if user.password_enabled else None, *(slot.rotated for slot in keys))
    since = max(moment for moment in (user.created, *uses, *begun) if moment)
    signs_in = (user.password_enabled or user.active_keys) and not user.services
    if signs_in and ctx.age(since) > limit:
        yield Problem(
            f"{user.name} used neither a password nor a key since {day(since)} (limit {limit.days} days)",
            {"since": since},
            because=reasons({Because.ADMINISTRATOR: user.administrator}),
        )


@check(
    Severity.INFO,
    controls=("iam-best-practice/9", "iam-anti-pattern/5", "iam-manager/9"),
    fix=SUSPENDED,
)
def user_without_credentials(user: UserWithServices, ctx: Context) -> Problems:
    """User has nothing to sign in with.

    It still holds its policies and groups, and whoever may give it a password or a key gets them. A new user has until
    the limit. SSH keys for CodeCommit are not seen.
    """
    limit = ctx.limits.user_idle
    certificates = any(slot.active for slot in user.certificates)
    if user.password_enabled or user.active_keys or certificates or user.services:
        return
    if ctx.age(user.created) > limit:
        yield Problem(f"{user.name}, created {day(user.created)}, has no active credential (limit {limit.days} days)")


@check(
    Severity.LOW,
    controls=(
        "cis-1.4/1.13",
        "cis-1.5/1.13",
        "cis-2.0/1.13",
        "cis-3.0/1.13",
        "cis-4.0/1.13",
        "cis-5.0/1.12",
        "cis-6.0/2.12",
        "iam-best-practice/4",
        "iam-anti-pattern/1",
    ),
    fix="aws iam list-access-keys --user-name {it.name}"
    "   # then, for the one not needed: aws iam update-access-key --status Inactive",
    because=(Because.ADMINISTRATOR,),
)
def second_active_key(user: User, ctx: Context) -> Problems:  # noqa: ARG001
    """User has more than one active access key.

    The second key is for the hours of a rotation. Left active, it doubles what can leak, and usually nobody knows which
    of the two is used.
    """
    if user.active_keys > 1:
        yield Problem(
            f"{user.name} has {user.active_keys} active access keys",
            {"active_keys": user.active_keys},
            because=reasons({Because.ADMINISTRATOR: user.administrator}),
        )


@check(
    Severity.MEDIUM,
    controls=("iam-best-practice/2", "iam-best-practice/4", "iam-anti-pattern/1"),
    fix="aws iam list-signing-certificates --user-name {it.name}"
    "   # then, for each: aws iam update-signing-certificate --status Inactive",
    because=(Because.ADMINISTRATOR,),
)
def active_signing_certificate(user: User, ctx: Context) -> Problems:  # noqa: ARG001
    """User has an active X.509 signing certificate.

    It signs requests to interfaces that AWS has replaced, it never ends, and no report says whether it is used.
    """
    active = [slot for slot in user.certificates if slot.active]
    if active:
        yield Problem(
            f"{user.name} has an active signing certificate",
            {"active_since": tuple(slot.rotated.isoformat() for slot in active if slot.rotated)},
            because=reasons({Because.ADMINISTRATOR: user.administrator}),
        )


@check(
    Severity.LOW,
    controls=(
        "cis-1.2/1.16",
        "cis-1.4/1.15",
        "cis-1.5/1.15",
        "cis-2.0/1.15",
        "cis-3.0/1.15",
        "cis-4.0/1.15",
        "cis-5.0/1.14",
        "cis-6.0/2.14",
        "cis-7.0/2.13",
        "fsbp/IAM.2",
        "nist-800-53-r5/AC-2",
        "nist-800-53-r5/AC-3(7)",
        "config/iam-user-no-policies-check",
        "iam-best-practice/7",
        "iam-anti-pattern/4",
    ),
    fix="aws iam list-attached-user-policies --user-name {it.name}; aws iam list-user-policies --user-name {it.name}"
    "   # give each to a group of the user, then: aws iam detach-user-policy",
)
def policies_on_user(user: UserDetail, ctx: Context) -> Problems:  # noqa: ARG001
    """User holds policies of its own.

    What a person may do should follow from the groups of their work. What was given to one user alone outlives the
    work, and no review of the groups shows it.
    """
    held = len(user.attached) + len(user.inline)
    if held:
        count = "a policy" if held == 1 else f"{held} policies"
        evidence = {"attached": user.attached, "inline": user.inline}
        yield Problem(f"{user.name} holds {count} outside its groups", evidence)


@check(
    Severity.HIGH,
    controls=(
        "nist-800-53-r5/AC-6",
        "pci-4.0/7.2.2",
        "iam-best-practice/6",
        "iam-best-practice/7",
        "iam-anti-pattern/4",
    ),
    fix="let {it.name} assume a role for what needs an administrator, then detach the policy; to see what it uses:"
    " aws iam generate-service-last-accessed-details --granularity ACTION_LEVEL --arn {it.resource}",
)
def administrator_user(principal: Principal, ctx: Context) -> Problems:  # noqa: ARG001
    """User is an administrator by a policy of its own.

    Its password and keys then own the account for as long as they exist, and no review of the groups shows it. Any
    policy that allows everything counts, whatever its name; one that a permissions boundary holds down does not.
    """
    if principal.kind != "User" or not principal.administrator:
        return
    if any(administrator_statement(document) for document in principal.own_documents):
        evidence = {"attached": principal.attached, "inline": principal.inline}
        yield Problem(f"{principal.name} is an administrator by a policy of its own", evidence)


@check(
    Severity.LOW,
    controls=("config/iam-user-group-membership-check", "iam-best-practice/9", "iam-manager/9"),
    fix="aws iam add-user-to-group --user-name {it.name} --group-name <the group of its work>",
)
def user_outside_groups(user: UserDetail, ctx: Context) -> Problems:  # noqa: ARG001
    """User is in no group.

    Groups say whose work a user does. Without one nobody can tell what the user should be able to do, or who reviews
    it.
    """
    if not user.groups:
        yield Problem(f"{user.name} is in no group")
