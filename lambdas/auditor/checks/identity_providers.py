"""SAML and OpenID Connect identity providers."""

from auditor.core.check import Context, Problem, Problems, Severity, check, day
from auditor.core.subjects.entities import IdentityProvider, IdentityProviderDetail, TrustedProvider


@check(
    Severity.MEDIUM,
    controls=("iam-best-practice/1", "iam-best-practice/9", "iam-anti-pattern/5"),
    fix="aws iam update-saml-provider --saml-provider-arn {it.resource} --saml-metadata-document <file>",
)
def expired_saml_certificate(provider: IdentityProvider, ctx: Context) -> Problems:
    """Certificate of a SAML provider has expired.

    Nobody can sign in through it, and what people then use instead is a user with a password.
    """
    if provider.valid_until and provider.valid_until <= ctx.now:
        reason = f"the certificate of {provider.name} expired {day(provider.valid_until)}"
        yield Problem(reason, {"valid_until": provider.valid_until})


@check(
    Severity.LOW,
    controls=("iam-best-practice/1",),
    fix="aws iam update-saml-provider --saml-provider-arn {it.resource} --saml-metadata-document <file>",
)
def expiring_saml_certificate(provider: IdentityProvider, ctx: Context) -> Problems:
    """Certificate of a SAML provider expires soon.

    On that day nobody can sign in through it any more. New metadata with the next certificate can be uploaded before.
    """
    end, limit = provider.valid_until, ctx.limits.certificate_notice
    if end and ctx.now < end < ctx.now + limit:
        reason = f"the certificate of {provider.name} expires {day(end)} (notice {limit.days} days)"
        yield Problem(reason, {"valid_until": end})


@check(
    Severity.MEDIUM,
    controls=("config/iam-oidc-provider-client-id-list-check", "iam-best-practice/10"),
    fix="aws iam get-open-id-connect-provider --open-id-connect-provider-arn {it.resource}"
    "   # and take the audience out that nobody approved",
    setting="oidc_audiences",
)
def unapproved_oidc_audience(provider: IdentityProviderDetail, ctx: Context) -> Problems:
    """OpenID Connect provider takes tokens for an audience that nobody approved.

    An audience is an application: each one more is one more issuer of tokens for the roles that trust the provider.
    """
    approved = ctx.limits.oidc_audiences
    unknown = tuple(it for it in provider.audiences if it not in approved)
    if unknown and approved:
        yield Problem(f"{provider.name} takes tokens for {', '.join(unknown)}", {"audiences": unknown})


@check(
    Severity.LOW,
    controls=("iam-best-practice/9", "iam-anti-pattern/5", "iam-manager/9"),
    fix="aws iam list-roles --query Roles[].AssumeRolePolicyDocument | grep -F -e {it.resource}"
    "   # if nothing is found and nobody misses the provider, let it go",
)
def unused_identity_provider(provider: TrustedProvider, ctx: Context) -> Problems:  # noqa: ARG001
    """Identity provider is trusted by no role.

    It opens nothing today, and everything that the next role grants whom it signs in.
    """
    if not provider.roles:
        yield Problem(f"no role trusts {provider.name}")
