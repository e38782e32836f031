"""IAM Roles Anywhere: who outside AWS gets roles with a certificate."""

from datetime import timedelta

from auditor.core.check import Context, Problem, Problems, Severity, check, day
from auditor.core.subjects.roles_anywhere import ProfileAccess, TrustAnchor

DISABLE_ANCHOR = "aws rolesanywhere disable-trust-anchor --region {it.region} --trust-anchor-id {it.id}"
DISABLE_PROFILE = "aws rolesanywhere disable-profile --region {it.region} --profile-id {it.id}"


@check(
    Severity.MEDIUM,
    controls=("iam-best-practice/6", "iam-best-practice/10", "iam-anti-pattern/4"),
    fix="aws rolesanywhere update-profile --region {it.region} --profile-id {it.id}"
    " --managed-policy-arns <what its sessions need at most>",
)
def unbounded_anywhere_profile(profile: ProfileAccess, ctx: Context) -> Problems:  # noqa: ARG001
    """Roles Anywhere profile gives an administrator's role without narrowing it.

    Whoever has a certificate of a trusted authority, or its private key from a server's disk, then has the account. A
    session policy, or managed policies, say what its sessions may do at most, whatever the role may.
    """
    if profile.enabled and profile.administrators:
        names = ", ".join(role.rpartition("/")[2] for role in profile.administrators)
        yield Problem(
            f"the profile {profile.name} gives {names}, with all that an administrator may",
            {"roles": profile.administrators},
        )


@check(
    Severity.LOW,
    controls=("iam-best-practice/9",),
    fix=DISABLE_PROFILE,
)
def anywhere_profile_without_role(profile: ProfileAccess, ctx: Context) -> Problems:  # noqa: ARG001
    """Roles Anywhere profile names a role that does not exist.

    It is left over from something. Whoever makes a role of that name again, for whatever, gives it to the holders of
    certificates as far as its trust policy lets them.
    """
    if profile.enabled and profile.missing:
        names = ", ".join(role.rpartition("/")[2] for role in profile.missing)
        yield Problem(f"the profile {profile.name} names roles that do not exist: {names}", {"roles": profile.missing})


@check(
    Severity.LOW,
    controls=("iam-best-practice/9",),
    fix="aws rolesanywhere update-trust-anchor --region {it.region} --trust-anchor-id {it.id}"
    " --source <the next certificate beside the present one>",
)
def expiring_trust_anchor(anchor: TrustAnchor, ctx: Context) -> Problems:
    """Roles Anywhere trust anchor has a certificate that ends soon, or has ended.

    On that day nothing that relies on it gets a role any more, and in the hurry keys are made that stay. One that has
    ended long ago is left over.
    """
    left, notice = anchor.valid_until - ctx.now, ctx.limits.certificate_notice
    if anchor.enabled and timedelta(days=left.days) < notice:
        ends = "ended" if left <= timedelta() else "ends"
        yield Problem(
            f"a certificate of the trust anchor {anchor.name} {ends} on {day(anchor.valid_until)}"
            f" (limit {notice.days} days before)",
            {"valid_until": anchor.valid_until},
        )


@check(
    Severity.LOW,
    controls=("iam-best-practice/10",),
    fix=f"make an authority with a key of ML-DSA, let its certificates take over, then: {DISABLE_ANCHOR}",
)
def classical_trust_anchor(anchor: TrustAnchor, ctx: Context) -> Problems:  # noqa: ARG001
    """Roles Anywhere trust anchor is not post-quantum.

    Authorities live for decades. Once their keys can be computed, anybody can sign a certificate that this account
    trusts; ML-DSA, which AWS Private CA offers, withstands that.
    """
    if anchor.enabled and anchor.classical:
        algorithms = ", ".join(anchor.algorithms)
        yield Problem(
            f"the authority of the trust anchor {anchor.name} signs with {algorithms}",
            {"algorithms": anchor.algorithms},
        )
