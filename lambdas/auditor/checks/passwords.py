"""The account's password policy, rule by rule; where none is set, AWS's default is judged."""

from auditor.core.check import Context, Problem, Problems, Severity, check
from auditor.core.subjects.credentials import PasswordPolicy

RULES = (
    "aws iam update-account-password-policy --minimum-password-length 14 --password-reuse-prevention 24"
    " --require-symbols --require-numbers --require-uppercase-characters --require-lowercase-characters"
    " --allow-users-to-change-password"
)
RESET = "   # it resets what it does not name: add what get-account-password-policy shows"
MEND = RULES + RESET


def _whose(policy: PasswordPolicy) -> str:
    return "the password policy" if policy.set else "AWS's default, since no password policy is set,"


@check(
    Severity.MEDIUM,
    controls=(
        "fsbp/IAM.7",
        "fsbp/IAM.10",
        "pci-4.0/8.3.6",
        "pci-4.0.1/8.3.6",
        "nist-800-53-r5/IA-5(1)",
        "config/iam-password-policy",
        "trusted-advisor/Yw2K9puPzl",
        "iam-best-practice/3",
    ),
    fix=MEND,
)
def default_password_policy(policy: PasswordPolicy, ctx: Context) -> Problems:  # noqa: ARG001
    """Account has no password policy of its own.

    AWS's default then holds: eight characters of three of the four classes, used again and again for ever.
    """
    if not policy.set:
        yield Problem("no password policy is set: AWS's default holds")


@check(
    Severity.MEDIUM,
    controls=(
        "cis-1.2/1.9",
        "cis-1.4/1.8",
        "cis-1.5/1.8",
        "cis-2.0/1.8",
        "cis-3.0/1.8",
        "cis-4.0/1.8",
        "cis-5.0/1.7",
        "cis-6.0/2.7",
        "cis-7.0/2.8",
        "fsbp/IAM.7",
        "fsbp/IAM.10",
        "fsbp/IAM.15",
        "pci-4.0/8.3.6",
        "pci-4.0/8.6.3",
        "pci-4.0.1/8.3.6",
        "pci-4.0.1/8.6.3",
        "nist-800-53-r5/IA-5(1)",
        "config/iam-password-policy",
        "iam-best-practice/3",
    ),
    fix=MEND,
)
def short_passwords(policy: PasswordPolicy, ctx: Context) -> Problems:
    """Account allows short passwords.

    Short passwords are guessed, or found in lists of leaked ones. AWS's default takes eight characters.
    """
    length, limit = policy.minimum_length, ctx.limits.password_length
    if length < limit:
        yield Problem(f"{_whose(policy)} allows {length} characters (limit {limit})", {"minimum_length": length})


@check(
    Severity.LOW,
    controls=(
        "cis-1.2/1.10",
        "cis-1.4/1.9",
        "cis-1.5/1.9",
        "cis-2.0/1.9",
        "cis-3.0/1.9",
        "cis-4.0/1.9",
        "cis-5.0/1.8",
        "cis-6.0/2.8",
        "cis-7.0/2.9",
        "fsbp/IAM.10",
        "fsbp/IAM.16",
        "pci-4.0/8.3.7",
        "pci-4.0.1/8.3.7",
        "nist-800-53-r5/IA-5(1)",
        "config/iam-password-policy",
        "iam-best-practice/3",
    ),
    fix=MEND,
)
def reusable_passwords(policy: PasswordPolicy, ctx: Context) -> Problems:
    """Account allows old passwords again.

    Who has to change a password that leaked goes back to it if that is allowed. AWS's default remembers none.
    """
    kept, limit = policy.reuse_prevention, ctx.limits.password_reuse
    if kept < limit:
        remembered = f"remembers {kept or 'no'} old password{'s' if kept > 1 else ''}"
        yield Problem(f"{_whose(policy)} {remembered} (limit {limit})", {"reuse_prevention": kept})


@check(
    Severity.LOW,
    controls=(
        "cis-1.2/1.5",
        "fsbp/IAM.7",
        "fsbp/IAM.10",
        "fsbp/IAM.11",
        "pci-4.0/8.3.6",
        "pci-4.0/8.6.3",
        "pci-4.0.1/8.3.6",
        "pci-4.0.1/8.6.3",
        "nist-800-53-r5/IA-5(1)",
        "config/iam-password-policy",
        "trusted-advisor/Yw2K9puPzl",
        "iam-best-practice/3",
    ),
    fix=MEND,
)
def passwords_without_upper_case(policy: PasswordPolicy, ctx: Context) -> Problems:  # noqa: ARG001
    """Account allows passwords without an upper-case letter.

    Each class of characters that a password may do without makes a guess shorter; length does more. AWS's default asks
    for three of the four classes, so this one may be missing.
    """
    if not policy.upper:
        yield Problem(f"{_whose(policy)} allows passwords without an upper-case letter")


@check(
    Severity.LOW,
    controls=(
        "cis-1.2/1.6",
        "fsbp/IAM.7",
        "fsbp/IAM.10",
        "fsbp/IAM.12",
        "pci-4.0/8.3.6",
        "pci-4.0/8.6.3",
        "pci-4.0.1/8.3.6",
        "pci-4.0.1/8.6.3",
        "nist-800-53-r5/IA-5(1)",
        "config/iam-password-policy",
        "trusted-advisor/Yw2K9puPzl",
        "iam-best-practice/3",
    ),
    fix=MEND,
)
def passwords_without_lower_case(policy: PasswordPolicy, ctx: Context) -> Problems:  # noqa: ARG001
    """Account allows passwords without a lower-case letter.

    Each class of characters that a password may do without makes a guess shorter; length does more. AWS's default asks
    for three of the four classes, so this one may be missing.
    """
    if not policy.lower:
        yield Problem(f"{_whose(policy)} allows passwords without a lower-case letter")


@check(
    Severity.LOW,
    controls=(
        "cis-1.2/1.8",
        "fsbp/IAM.7",
        "fsbp/IAM.10",
        "fsbp/IAM.14",
        "pci-4.0/8.3.6",
        "pci-4.0/8.6.3",
        "pci-4.0.1/8.3.6",
        "pci-4.0.1/8.6.3",
        "nist-800-53-r5/IA-5(1)",
        "config/iam-password-policy",
        "trusted-advisor/Yw2K9puPzl",
        "iam-best-practice/3",
    ),
    fix=MEND,
)
def passwords_without_number(policy: PasswordPolicy, ctx: Context) -> Problems:  # noqa: ARG001
    """Account allows passwords without a number.

    Each class of characters that a password may do without makes a guess shorter; length does more. AWS's default asks
    for three of the four classes, so this one may be missing.
    """
    if not policy.number:
        yield Problem(f"{_whose(policy)} allows passwords without a number")


@check(
    Severity.LOW,
    controls=(
        "cis-1.2/1.7",
        "fsbp/IAM.7",
        "fsbp/IAM.13",
        "pci-4.0/8.3.6",
        "pci-4.0/8.6.3",
        "pci-4.0.1/8.3.6",
        "nist-800-53-r5/IA-5(1)",
        "config/iam-password-policy",
        "trusted-advisor/Yw2K9puPzl",
        "iam-best-practice/3",
    ),
    fix=MEND,
)
def passwords_without_symbol(policy: PasswordPolicy, ctx: Context) -> Problems:  # noqa: ARG001
    """Account allows passwords without a symbol.

    Each class of characters that a password may do without makes a guess shorter; length does more. AWS's default asks
    for three of the four classes, so this one may be missing.
    """
    if not policy.symbol:
        yield Problem(f"{_whose(policy)} allows passwords without a symbol")


@check(
    Severity.LOW,
    controls=(
        "cis-1.2/1.11",
        "fsbp/IAM.10",
        "fsbp/IAM.17",
        "pci-4.0/8.3.9",
        "pci-4.0/8.3.10.1",
        "pci-4.0.1/8.3.9",
        "pci-4.0.1/8.3.10.1",
        "config/iam-password-policy",
    ),
    fix=f"{RULES} --max-password-age 90{RESET}",
)
def long_lived_passwords(policy: PasswordPolicy, ctx: Context) -> Problems:
    """Account lets passwords live for a long time, or for ever.

    A stolen password works until it is changed. AWS and NIST ask for no change without a reason any more, since people
    answer with a number at the end; some frameworks still do. AWS's default never ends a password.
    """
    days, limit = policy.max_age_days or None, ctx.limits.password_age.days
    if days is None or days > limit:
        life = f"lets passwords live for {days} days" if days else "never ends a password"
        yield Problem(f"{_whose(policy)} {life} (limit {limit} days)", {"max_age_days": days})
