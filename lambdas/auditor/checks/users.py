"""IAM users and their console passwords, and the policy that the passwords obey."""

from collections.abc import Iterator

from auditor.core.check import Context, Limits, Problem, Problems, Severity, check, day
from auditor.core.subjects.credentials import PasswordPolicy, User

PASSWORD_RULES = ("set", "minimum_length", "reuse_prevention", "upper", "lower", "number", "symbol")
"""What of a password policy is judged."""


@check(
    Severity.HIGH,
    controls=(
        "cis-1.2/1.2",
        "cis-1.4/1.10",
        "cis-3.0/1.10",
        "cis-5.0/1.9",
        "cis-6.0/2.9",
        "cis-7.0/2.10",
        "fsbp/IAM.5",
        "fsbp/IAM.19",
        "pci-4.0.1/8.4.2",
        "nist-800-53-r5/IA-2(1)",
        "nist-800-53-r5/IA-2(2)",
        "config/mfa-enabled-for-iam-console-access",
        "iam-best-practice/3",
        "iam-anti-pattern/2",
        "iam-manager/8",
    ),
    fix="the user assigns a device: console, Security credentials; until then: "
    "aws iam attach-user-policy --user-name {it.name} --policy-arn <a policy that denies without MFA>",
)
def console_without_mfa(user: User, ctx: Context) -> Problems:  # noqa: ARG001
    """Console user has no multi-factor authentication.

    A password that was guessed, reused or phished is then enough to act as the user.
    """
    if user.password_enabled and not user.mfa_active:
        yield Problem(f"{user.name} can sign in to the console without a second factor")


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
        "iam-best-practice/9",
        "iam-anti-pattern/5",
        "iam-manager/9",
    ),
    fix='aws iam update-login-profile --user-name {it.name} --password "$(openssl rand -base64 48)"'
    "   # nobody knows it; set another when the user comes back",
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
        )


@check(
    Severity.LOW,
    controls=(
        "cis-1.4/1.13",
        "cis-3.0/1.13",
        "cis-5.0/1.12",
        "cis-6.0/2.12",
        "iam-best-practice/4",
        "iam-anti-pattern/1",
    ),
    fix="aws iam list-access-keys --user-name {it.name}"
    "   # then, for the one not needed: aws iam update-access-key --status Inactive",
)
def second_active_key(user: User, ctx: Context) -> Problems:  # noqa: ARG001
    """User has more than one active access key.

    The second key is for the hours of a rotation. Left active, it doubles what can leak, and usually nobody knows which
    of the two is used.
    """
    if user.active_keys > 1:
        yield Problem(f"{user.name} has {user.active_keys} active access keys", {"active_keys": user.active_keys})


@check(
    Severity.MEDIUM,
    controls=(
        "cis-1.2/1.9",
        "cis-1.2/1.10",
        "cis-1.4/1.8",
        "cis-1.4/1.9",
        "cis-3.0/1.8",
        "cis-3.0/1.9",
        "cis-5.0/1.7",
        "cis-5.0/1.8",
        "cis-6.0/2.7",
        "cis-6.0/2.8",
        "cis-7.0/2.8",
        "cis-7.0/2.9",
        "fsbp/IAM.7",
        "fsbp/IAM.15",
        "fsbp/IAM.16",
        "pci-4.0.1/8.3.6",
        "nist-800-53-r5/IA-5(1)",
        "config/iam-password-policy",
        "trusted-advisor/Yw2K9puPzl",
        "iam-best-practice/3",
    ),
    fix="aws iam update-account-password-policy --minimum-password-length 14 --password-reuse-prevention 24"
    " --require-symbols --require-numbers --require-uppercase-characters --require-lowercase-characters"
    " --allow-users-to-change-password   # it resets what it does not name: add what get-account-password-policy shows",
)
def weak_password_policy(policy: PasswordPolicy, ctx: Context) -> Problems:
    """Account's password policy is weaker than it should be.

    Short or reused passwords are guessed from lists of leaked ones. Without a policy of its own an account takes any
    eight characters.
    """
    weak = tuple(_weaknesses(policy, ctx.limits))
    if weak:
        which = "the password policy" if policy.set else "no password policy is set; AWS's default"
        yield Problem(f"{which} has {', '.join(weak)}", {name: getattr(policy, name) for name in PASSWORD_RULES})


def _weaknesses(policy: PasswordPolicy, limits: Limits) -> Iterator[str]:
    if policy.minimum_length < limits.password_length:
        yield f"a minimum length of {policy.minimum_length} (limit {limits.password_length})"
    if policy.reuse_prevention < limits.password_reuse:
        yield f"{policy.reuse_prevention or 'no'} old passwords remembered (limit {limits.password_reuse})"
    demands = {
        "upper-case": policy.upper,
        "lower-case": policy.lower,
        "numeric": policy.number,
        "symbol": policy.symbol,
    }
    if missing := [name for name, demanded in demands.items() if not demanded]:
        yield f"no demand for {'/'.join(missing)} characters"
