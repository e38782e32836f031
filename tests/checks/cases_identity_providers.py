from auditor.checks.identity_providers import (
    expired_saml_certificate,
    expiring_saml_certificate,
    unapproved_oidc_audience,
    unused_identity_provider,
)
from auditor.core.case import Case
from auditor.core.check import Limits
from auditor.core.subjects.entities import IdentityProviderDetail, TrustedProvider
from tests.build import ago, arn, identity_provider

GITLAB = "oidc-provider/gitlab.com"


def trusted(name: str, *roles: str) -> TrustedProvider:
    return TrustedProvider(**vars(identity_provider(name)), roles=roles)


def taking(*audiences: str) -> IdentityProviderDetail:
    return IdentityProviderDetail(**vars(identity_provider(GITLAB, audiences=audiences)))


CASES = (
    Case(
        expired_saml_certificate,
        fails={
            identity_provider(valid_until=ago(1)): "the certificate of adfs expired 2026-11-19",
            identity_provider(valid_until=ago(0)): "the certificate of adfs expired 2026-11-20",
        },
        passes=(identity_provider(valid_until=ago(-1)), identity_provider(), identity_provider(GITLAB)),
    ),
    Case(
        expiring_saml_certificate,
        fails={
            identity_provider(valid_until=ago(-29)): "the certificate of adfs expires 2026-12-19 (notice 30 days)",
            identity_provider(valid_until=ago(-1)): "the certificate of adfs expires 2026-11-21 (notice 30 days)",
        },
        passes=(
            identity_provider(valid_until=ago(-30)),
            identity_provider(valid_until=ago(0)),
            identity_provider(valid_until=ago(1)),
            identity_provider(),
        ),
    ),
    Case(
        unapproved_oidc_audience,
        fails={
            taking("sts.amazonaws.com", "https://x"): "gitlab.com takes tokens for https://x",
        },
        passes=(taking("sts.amazonaws.com"), taking()),
        limits=Limits(oidc_audiences=("sts.amazonaws.com",)),
    ),
    Case(
        unused_identity_provider,
        fails={
            trusted(GITLAB): "no role trusts gitlab.com",
            trusted("saml-provider/adfs"): "no role trusts adfs",
        },
        passes=(trusted(GITLAB, arn("role/deploy")),),
    ),
)
