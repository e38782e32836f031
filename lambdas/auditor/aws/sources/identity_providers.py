"""SAML and OpenID Connect identity providers, with whose tokens they take."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError
from pydantic import Field

from auditor.aws.session import Aws
from auditor.aws.source import Asked, Moment, Reading, Shape, Source, validated
from auditor.aws.tags import Tag, by_key
from auditor.core.model import Owner
from auditor.core.subjects.entities import IdentityProvider


class Provider(Shape):
    """What the entries of both lists have in common; `tags` are None where only the list was saved."""

    arn: str = Field(alias="Arn")
    tags: list[Tag] | None = Field(alias="Tags", default=None)

    @property
    def tags_by_key(self) -> dict[str, str] | None:
        """Values by key, None where they were not seen."""
        return None if self.tags is None else by_key(self.tags)


class Oidc(Provider):
    """An entry of OpenIDConnectProviderList, with what GetOpenIDConnectProvider says of it."""

    audiences: list[str] = Field(alias="ClientIDList", default=[])


class Saml(Provider):
    """An entry of SAMLProviderList, with the tags that GetSAMLProvider tells."""

    valid_until: Moment | None = Field(alias="ValidUntil", default=None)


class Providers(Shape):
    """Both lists."""

    oidc: list[Oidc] = Field(alias="OpenIDConnectProviderList")
    saml: list[Saml] = Field(alias="SAMLProviderList")


def gather(aws: Aws, _: Mapping[str, Any]) -> Asked:
    """Two calls, and one a provider. Of a SAML provider's answer only the tags are kept: its metadata is long."""
    iam = aws.client("iam")
    oidc = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    saml = iam.list_saml_providers()["SAMLProviderList"]

    def of_oidc(arn: str) -> dict[str, Any]:
        told = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        return {"Tags": [], "ClientIDList": [], **_without_metadata(told)}

    def of_saml(arn: str) -> dict[str, Any]:
        return {"Tags": iam.get_saml_provider(SAMLProviderArn=arn).get("Tags", [])}

    return Asked(
        raw={
            "OpenIDConnectProviderList": list(_completed(oidc, of_oidc)),
            "SAMLProviderList": list(_completed(saml, of_saml)),
        }
    )


def _completed(
    entries: Iterable[Mapping[str, Any]], told: Callable[[str], Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """The entries with what is told of each; one that was deleted meanwhile is left out."""
    for entry in entries:
        try:
            yield {**entry, **told(entry["Arn"])}
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise


def _without_metadata(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def read(raw: Any, _: Owner) -> Reading:
    """One subject a provider."""
    providers = validated(Providers, raw)
    oidc = [
        IdentityProvider(
            resource=it.arn,
            uid=it.arn,
            protocol="oidc",
            valid_until=None,
            audiences=tuple(it.audiences),
            tags=it.tags_by_key,
        )
        for it in providers.oidc
    ]
    saml = [
        IdentityProvider(resource=it.arn, uid=it.arn, protocol="saml", valid_until=it.valid_until, tags=it.tags_by_key)
        for it in providers.saml
    ]
    return Reading(subjects=[*oidc, *saml])


IDENTITY_PROVIDERS = Source(
    name="identity-providers",
    actions=(
        "iam:GetOpenIDConnectProvider",
        "iam:GetSAMLProvider",
        "iam:ListOpenIDConnectProviders",
        "iam:ListSAMLProviders",
    ),
    kinds=(IdentityProvider,),
    gather=gather,
    read=read,
)
