"""The second factor of IAM users: whether there is one, and whether it can be copied."""

from auditor.core.check import Because, Context, Problem, Problems, Severity, check, reasons
from auditor.core.subjects.credentials import User, UserWithDevices, UserWithRights

ASSIGN = (
    "the user assigns a device: console, Security credentials; until then: "
    "aws iam attach-user-policy --user-name {it.name} --policy-arn <a policy that denies without MFA>"
)


@check(
    Severity.HIGH,
    controls=(
        "cis-1.2/1.2",
        "cis-1.4/1.10",
        "cis-1.5/1.10",
        "cis-2.0/1.10",
        "cis-3.0/1.10",
        "cis-4.0/1.10",
        "cis-5.0/1.9",
        "cis-6.0/2.9",
        "cis-7.0/2.10",
        "fsbp/IAM.5",
        "fsbp/IAM.19",
        "pci-4.0/8.4.1",
        "pci-4.0/8.4.2",
        "pci-4.0/8.4.3",
        "pci-4.0.1/8.4.2",
        "nist-800-53-r5/IA-2(1)",
        "nist-800-53-r5/IA-2(2)",
        "nist-800-53-r5/IA-2(6)",
        "nist-800-53-r5/IA-2(8)",
        "config/iam-user-mfa-enabled",
        "config/mfa-enabled-for-iam-console-access",
        "iam-best-practice/3",
        "iam-anti-pattern/2",
        "iam-manager/8",
    ),
    fix=ASSIGN,
    because=(Because.ADMINISTRATOR,),
)
def console_without_mfa(user: User, ctx: Context) -> Problems:  # noqa: ARG001
    """Console user has no multi-factor authentication.

    A password that was guessed, reused or phished is then enough to act as the user.
    """
    if user.password_enabled and not user.mfa_active:
        yield Problem(
            f"{user.name} can sign in to the console without a second factor",
            because=reasons({Because.ADMINISTRATOR: user.administrator}),
        )


@check(
    Severity.LOW,
    controls=(
        "fsbp/IAM.19",
        "pci-4.0/8.4.2",
        "pci-4.0/8.4.3",
        "pci-4.0.1/8.4.2",
        "nist-800-53-r5/IA-2(1)",
        "nist-800-53-r5/IA-2(2)",
        "nist-800-53-r5/IA-2(6)",
        "nist-800-53-r5/IA-2(8)",
        "config/iam-user-mfa-enabled",
        "iam-best-practice/3",
        "iam-anti-pattern/2",
        "iam-manager/8",
    ),
    fix=ASSIGN,
    because=(Because.ADMINISTRATOR,),
)
def key_user_without_mfa(user: User, ctx: Context) -> Problems:  # noqa: ARG001
    """User who has only access keys has no multi-factor authentication.

    A policy can demand a second factor of whoever uses a key, and a user without a device cannot give one. Who has
    neither a password nor an active key has nothing to guard.
    """
    if user.active_keys and not user.password_enabled and not user.mfa_active:
        yield Problem(
            f"{user.name} has active access keys and no second factor",
            because=reasons({Because.ADMINISTRATOR: user.administrator}),
        )


@check(
    Severity.HIGH,
    controls=(
        "pci-4.0/8.4.1",
        "nist-800-53-r5/IA-2(1)",
        "iam-best-practice/3",
        "iam-anti-pattern/2",
        "iam-manager/8",
    ),
    fix=ASSIGN,
)
def administrator_without_mfa(user: UserWithRights, ctx: Context) -> Problems:  # noqa: ARG001
    """Administrator has no multi-factor authentication.

    One password or one key is then the whole account. However a user became an administrator, by a group or by a policy
    of its own, of AWS's or of somebody else's making, it counts.
    """
    if user.administrator and not user.mfa_active and (user.password_enabled or user.active_keys):
        yield Problem(f"{user.name} is an administrator without a second factor")


@check(
    Severity.MEDIUM,
    controls=("iam-best-practice/3", "iam-manager/8"),
    fix="the user adds a passkey or a hardware device, then deactivates the other: console, Security credentials",
)
def administrator_with_virtual_mfa(user: UserWithDevices, ctx: Context) -> Problems:  # noqa: ARG001
    """Administrator's only second factor is a virtual device or a telephone.

    The seed of a virtual device can be copied from a phone or its backup, a text message can be redirected, and the
    code of either can be phished. A passkey or a security key gives nothing away, a hardware device cannot be copied.
    """
    if user.administrator and user.copyable_devices and not user.bound_devices:
        yield Problem(
            f"{user.name} is an administrator whose second factor can be copied", {"devices": user.copyable_devices}
        )
