"""Root users of an organization's members, managed from one place."""

from auditor.core.check import Context, Problem, Problems, Severity, check
from auditor.core.subjects.organization import CentralRootAccess, ManagedRoot


@check(
    Severity.MEDIUM,
    controls=("cis-7.0/2.1.1", "iam-best-practice/5"),
    fix="from the management account: aws iam enable-organizations-root-credentials-management"
    " && aws iam enable-organizations-root-sessions",
)
def decentralized_root_access(organization: CentralRootAccess, ctx: Context) -> Problems:  # noqa: ARG001
    """Organization does not manage its members' root access centrally.

    Every member account then keeps a root user with a password that somebody can reset through a mailbox, and a device
    that somebody has to keep. Managed centrally, members need no root credentials at all.
    """
    lacks = {"root credentials": not organization.credentials, "root sessions": not organization.sessions}
    missing = tuple(name for name, lacking in lacks.items() if lacking)
    if missing:
        yield Problem(f"central management is off for {' and '.join(missing)}", {"missing": missing})


@check(
    Severity.HIGH,
    controls=("iam-best-practice/5", "iam-anti-pattern/3"),
    fix="as root, deactivate its access keys; then, in the management account's IAM console, Root access management,"
    " take the credentials from this account   # they can be set anew from there",
)
def remaining_root_credentials(root: ManagedRoot, ctx: Context) -> Problems:  # noqa: ARG001
    """Root user has credentials although its organization manages them centrally.

    That the feature is on removes nothing: each account's password, keys and certificates work until they are taken
    away, and nobody looks after them any more.
    """
    if root.left:
        yield Problem(f"the root user still has {' and '.join(root.left)}", {"left": root.left})
