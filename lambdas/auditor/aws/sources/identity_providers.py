"""SAML and OpenID Connect identity providers."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from auditor.aws.session import Aws
from auditor.aws.source import Asked, Moment, Reading, Shape, Source, validated
from auditor.core.model import Owner
from auditor.core.subjects.entities import IdentityProvider


class Oidc(Shape):
    """An entry of OpenIDConnectProviderList."""

    arn: str = Field(alias="Arn")


class Saml(Shape):
    """An entry of SAMLProviderList."""

    arn: str = Field(alias="Arn")
    valid_until: Moment | None = Field(alias="ValidUntil", default=None)


class Providers(Shape):
    """Both answers, joined."""

    oidc: list[Oidc] = Field(alias="OpenIDConnectProviderList")
    saml: list[Saml] = Field(alias="SAMLProviderList")


def gather(aws: Aws, _: Mapping[str, Any]) -> Asked:
    """Two calls."""
    iam = aws.client("iam")
    oidc = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    saml = iam.list_saml_providers()["SAMLProviderList"]
    return Asked(raw={"OpenIDConnectProviderList": oidc, "SAMLProviderList": saml})


def read(raw: Any, _: Owner) -> Reading:
    """One subject a provider."""
    providers = validated(Providers, raw)
    oidc = [IdentityProvider(resource=it.arn, uid=it.arn, protocol="oidc", valid_until=None) for it in providers.oidc]
    saml = [
        IdentityProvider(resource=it.arn, uid=it.arn, protocol="saml", valid_until=it.valid_until)
        for it in providers.saml
    ]
    return Reading(subjects=[*oidc, *saml])


IDENTITY_PROVIDERS = Source(
    name="identity-providers",
    actions=("iam:ListOpenIDConnectProviders", "iam:ListSAMLProviders"),
    kinds=(IdentityProvider,),
    gather=gather,
    read=read,
)
