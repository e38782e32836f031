"""The root user: it can do everything, and nothing can bound it."""

from auditor.core.check import Because, Context, Problem, Problems, Severity, check, day
from auditor.core.subjects.credentials import RootMfa, RootUser


@check(
    Severity.CRITICAL,
    controls=(
        "cis-1.2/1.12",
        "cis-1.4/1.4",
        "cis-1.5/1.4",
        "cis-2.0/1.4",
        "cis-3.0/1.4",
        "cis-4.0/1.4",
        "cis-5.0/1.3",
        "cis-6.0/2.3",
        "cis-7.0/2.4",
        "fsbp/IAM.4",
        "pci-4.0/7.2.3",
        "pci-4.0/8.2.2",
        "nist-800-53-r5/AC-6",
        "nist-800-53-r5/AC-6(2)",
        "nist-800-53-r5/AC-6(10)",
        "config/iam-root-access-key-check",
        "trusted-advisor/c2vlfg0f4h",
        "iam-best-practice/5",
        "iam-anti-pattern/3",
    ),
    fix="as root, deactivate the key: console, Security credentials, Access keys, Actions, Deactivate",
    because=(Because.GUARDED,),
)
def root_access_key(root: RootUser, ctx: Context) -> Problems:  # noqa: ARG001
    """Root user has an access key.

    Whoever finds the key owns the account: no policy, boundary or guardrail of the account limits it, and it works
    without a second factor.
    """
    if root.has_access_key:
        slots = [slot for slot in root.keys if slot.active]
        used = max((slot.last_used for slot in slots if slot.last_used), default=None)
        rotated = tuple(slot.rotated.isoformat() for slot in slots if slot.rotated)
        use = f"last used {day(used)}" if used else "no use on record"
        yield Problem(
            f"the root user has {_count(len(slots))}, {use}", {"active_since": rotated}, because=_guarded(root)
        )


def _guarded(root: RootUser) -> tuple[Because, ...]:
    return (Because.GUARDED,) if root.guarded else ()


def _count(active: int) -> str:
    return {0: "an access key", 1: "an active access key"}.get(active, f"{active} active access keys")


@check(
    Severity.HIGH,
    controls=("iam-best-practice/5", "iam-anti-pattern/3"),
    fix="as root, deactivate the certificate: console, Security credentials, X.509 signing certificates",
)
def root_signing_certificate(root: RootUser, ctx: Context) -> Problems:  # noqa: ARG001
    """Root user has an X.509 signing certificate.

    It signs requests to interfaces that AWS has replaced, as root, without a second factor, and no report says whether
    it is used.
    """
    if root.has_certificate:
        active = [slot for slot in root.certificates if slot.active]
        since = tuple(slot.rotated.isoformat() for slot in active if slot.rotated)
        yield Problem("the root user has an active signing certificate", {"active_since": since})


@check(
    Severity.CRITICAL,
    controls=(
        "cis-1.2/1.13",
        "cis-1.2/1.14",
        "cis-1.4/1.5",
        "cis-1.4/1.6",
        "cis-1.5/1.5",
        "cis-1.5/1.6",
        "cis-2.0/1.5",
        "cis-2.0/1.6",
        "cis-3.0/1.5",
        "cis-3.0/1.6",
        "cis-4.0/1.5",
        "cis-4.0/1.6",
        "cis-5.0/1.4",
        "cis-5.0/1.5",
        "cis-6.0/2.4",
        "cis-6.0/2.5",
        "cis-7.0/2.5",
        "cis-7.0/2.6",
        "fsbp/IAM.9",
        "fsbp/IAM.6",
        "pci-4.0/8.4.1",
        "pci-4.0/8.4.2",
        "pci-4.0/8.4.3",
        "pci-4.0.1/8.4.2",
        "nist-800-53-r5/IA-2(1)",
        "nist-800-53-r5/IA-2(2)",
        "nist-800-53-r5/IA-2(6)",
        "nist-800-53-r5/IA-2(8)",
        "config/root-account-mfa-enabled",
        "config/root-account-hardware-mfa-enabled",
        "trusted-advisor/7DAFEmoDos",
        "iam-best-practice/3",
        "iam-best-practice/5",
        "iam-anti-pattern/3",
    ),
    fix="as root, assign a passkey or a hardware device: console, Security credentials, Multi-factor authentication",
    because=(Because.GUARDED,),
)
def root_without_mfa(root: RootUser, ctx: Context) -> Problems:  # noqa: ARG001
    """Root user has no multi-factor authentication.

    The password alone, or a reset of it through the mailbox, then opens the whole account.
    """
    if root.has_credentials and not root.mfa_active:
        yield Problem("the root user can sign in without a second factor", because=_guarded(root))


@check(
    Severity.MEDIUM,
    controls=(
        "cis-1.2/1.14",
        "cis-1.4/1.6",
        "cis-1.5/1.6",
        "cis-2.0/1.6",
        "cis-3.0/1.6",
        "cis-4.0/1.6",
        "cis-5.0/1.5",
        "cis-6.0/2.5",
        "cis-7.0/2.6",
        "fsbp/IAM.6",
        "pci-4.0/8.4.1",
        "pci-4.0.1/8.4.2",
        "nist-800-53-r5/IA-2(1)",
        "nist-800-53-r5/IA-2(6)",
        "config/root-account-hardware-mfa-enabled",
        "iam-best-practice/3",
        "iam-best-practice/5",
    ),
    fix="as root, add a passkey or a hardware device, then deactivate the virtual one: console, Security credentials",
)
def root_with_virtual_mfa(root: RootMfa, ctx: Context) -> Problems:  # noqa: ARG001
    """Root user's second factor is a virtual device.

    The seed of a virtual device can be copied from a phone or its backup, and the copy leaves no trace; a passkey or a
    hardware device cannot be copied.
    """
    if root.has_credentials and root.virtual:
        yield Problem("the root user's MFA is a virtual device", {"devices": root.virtual})


@check(
    Severity.HIGH,
    controls=(
        "cis-1.2/1.1",
        "cis-1.4/1.7",
        "cis-1.5/1.7",
        "cis-2.0/1.7",
        "cis-3.0/1.7",
        "cis-4.0/1.7",
        "cis-5.0/1.6",
        "cis-6.0/2.6",
        "cis-7.0/2.7",
        "iam-best-practice/5",
        "iam-anti-pattern/3",
    ),
    fix="use an administrator role instead, and keep root for the tasks that need it; find the use in CloudTrail",
    because=(Because.GUARDED,),
)
def recent_root_use(root: RootUser, ctx: Context) -> Problems:
    """Root user was used recently.

    Few tasks need root. Any other use is a habit that no guardrail can stop, or somebody who should not be there.
    """
    uses = {f"access key {n}": slot.last_used for n, slot in enumerate(root.keys, start=1) if slot.last_used}
    uses |= {"password": root.password_last_used} if root.password_last_used else {}
    if not uses:
        return
    by, last = max(uses.items(), key=lambda use: use[1])
    if ctx.age(last) <= ctx.limits.root_use:
        yield Problem(
            f"the root user was used on {day(last)} ({by})", {"last_used": last, "by": by}, because=_guarded(root)
        )
