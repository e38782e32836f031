"""IAM Roles Anywhere in every enabled Region: trust anchors with their certificate authorities, and profiles."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from auditor.aws.certificates import Authority, UnreadableCertificateError, authorities, is_classical
from auditor.aws.inventory import pages
from auditor.aws.regional import each_region, each_resource
from auditor.aws.session import Aws
from auditor.aws.source import Asked, MalformedEvidenceError, Moment, Reading, Shape, Source, validated
from auditor.aws.sources import regions
from auditor.core.model import Owner, Subject, Unavailable, kind_in
from auditor.core.subjects.roles_anywhere import AnywhereProfile, TrustAnchor
from auditor.policy.document import MalformedPolicyError, decode

NO_CERTIFICATE = Unavailable(reason="its certificate authority has no certificate", inapplicable=True)
UNSEEN_AUTHORITY = Unavailable(reason="the evidence lacks its certificate authority")
NO_AUTHORITY = Unavailable(reason="it trusts certificates by themselves, and no authority", inapplicable=True)


class SourceData(Shape):
    """Where an anchor's certificates are: in AWS Private CA, or here."""

    authority: str | None = Field(alias="acmPcaArn", default=None)
    certificates: str | None = Field(alias="x509CertificateData", default=None)


class AnchorSource(Shape):
    """An anchor's source."""

    data: SourceData = Field(alias="sourceData", default=SourceData())


class AnchorShape(Shape):
    """An entry of trustAnchors."""

    id: str = Field(alias="trustAnchorId")
    arn: str = Field(alias="trustAnchorArn", pattern=r"^arn:[^:]+:rolesanywhere:[^:]+:")
    name: str
    source: AnchorSource
    enabled: bool


class ProfileShape(Shape):
    """An entry of profiles."""

    id: str = Field(alias="profileId")
    arn: str = Field(alias="profileArn", pattern=r"^arn:[^:]+:rolesanywhere:[^:]+:")
    name: str
    enabled: bool
    roles: list[str] = Field(alias="roleArns", default=[])
    session_policy: str | None = Field(alias="sessionPolicy", default=None)
    managed: list[str] = Field(alias="managedPolicyArns", default=[])


class AuthorityConfiguration(Shape):
    """How an authority signs."""

    algorithm: str = Field(alias="KeyAlgorithm")


class AuthorityShape(Shape):
    """An entry of CertificateAuthorities, as AWS Private CA describes one; without a certificate it has no end yet."""

    arn: str = Field(alias="Arn")
    configuration: AuthorityConfiguration = Field(alias="CertificateAuthorityConfiguration")
    not_after: Moment | None = Field(alias="NotAfter", default=None)


class Listing(Shape):
    """The answers of all Regions, joined."""

    anchors: list[AnchorShape] = Field(alias="trustAnchors")
    profiles: list[ProfileShape]
    authorities: list[AuthorityShape] = Field(alias="CertificateAuthorities", default=[])


def gather(aws: Aws, needed: Mapping[str, Any]) -> Asked:
    """Two calls a Region, and one for each authority of AWS Private CA."""
    names = regions.enabled(needed, aws.owner)
    anchors, no_anchors = each_region(
        aws, "rolesanywhere", names, lambda client, _: pages(client, "list_trust_anchors", "trustAnchors")
    )
    profiles, no_profiles = each_region(
        aws, "rolesanywhere", names, lambda client, _: pages(client, "list_profiles", "profiles")
    )
    known, unknown = _authorities(aws, anchors)
    return Asked(
        raw={"trustAnchors": anchors, "profiles": profiles, "CertificateAuthorities": known},
        gaps={
            **{kind_in(region, TrustAnchor.aws_type): gap for region, gap in no_anchors.items()},
            **{kind_in(region, AnywhereProfile.aws_type): gap for region, gap in no_profiles.items()},
            **unknown,
        },
    )


def _authorities(aws: Aws, anchors: list[Any]) -> tuple[list[Any], dict[str, Unavailable]]:
    """The authorities in AWS Private CA, and why the anchors on others were not seen: one may be gone, or another's."""
    behind = {it.get("trustAnchorArn", ""): it["source"].get("sourceData", {}).get("acmPcaArn") for it in anchors}
    homes = {arn: arn.split(":")[3] for arn in behind.values() if arn}

    def described(client: Any, arn: str) -> list[Any]:
        return [client.describe_certificate_authority(CertificateAuthorityArn=arn)["CertificateAuthority"]]

    known, unknown = each_resource(aws, "acm-pca", homes, described)
    return known, {anchor: unknown[arn] for anchor, arn in behind.items() if arn in unknown}


def read(raw: Any, _: Owner) -> Reading:
    """One subject for each anchor and profile."""
    listing = validated(Listing, raw)
    known = {it.arn: it for it in listing.authorities}
    anchors: list[Subject] = []
    gaps: dict[str, Unavailable] = {}
    for number, shape in enumerate(listing.anchors):
        try:
            behind = _behind(shape.source.data, known)
        except UnreadableCertificateError as error:
            raise MalformedEvidenceError(f"trustAnchors[{number}].source", str(error)) from error
        if isinstance(behind, Unavailable):
            gaps[shape.arn] = behind
        else:
            anchors.append(_anchor(shape, behind))
    profiles = [_profile(number, shape) for number, shape in enumerate(listing.profiles)]
    return Reading(subjects=[*anchors, *profiles], gaps={TrustAnchor: gaps})


def _behind(data: SourceData, known: Mapping[str, AuthorityShape]) -> list[Authority] | Unavailable:
    """The authorities behind an anchor. Raises UnreadableCertificateError."""
    if data.certificates is not None:
        return authorities(data.certificates)
    if data.authority is None:
        return NO_AUTHORITY
    it = known.get(data.authority)
    if it is None:
        return UNSEEN_AUTHORITY
    return [Authority(it.configuration.algorithm, it.not_after)] if it.not_after else NO_CERTIFICATE


def _anchor(shape: AnchorShape, behind: list[Authority]) -> TrustAnchor:
    return TrustAnchor(
        resource=shape.arn,
        uid=shape.arn,
        region=shape.arn.split(":")[3],
        id=shape.id,
        name=shape.name,
        enabled=shape.enabled,
        algorithms=tuple(sorted({it.algorithm for it in behind})),
        classical=any(is_classical(it.algorithm) for it in behind),
        valid_until=min(it.valid_until for it in behind),
        tags=None,
    )


def _profile(number: int, shape: ProfileShape) -> AnywhereProfile:
    try:
        policy = decode(shape.session_policy) if shape.session_policy else None
    except MalformedPolicyError as error:
        raise MalformedEvidenceError(f"profiles[{number}].sessionPolicy", str(error)) from error
    return AnywhereProfile(
        resource=shape.arn,
        uid=shape.arn,
        region=shape.arn.split(":")[3],
        id=shape.id,
        name=shape.name,
        enabled=shape.enabled,
        roles=tuple(shape.roles),
        session_policy=policy,
        managed=tuple(shape.managed),
        tags=None,
    )


ROLES_ANYWHERE = Source(
    name="roles-anywhere",
    actions=(
        "acm-pca:DescribeCertificateAuthority",
        "rolesanywhere:ListProfiles",
        "rolesanywhere:ListTrustAnchors",
    ),
    kinds=(TrustAnchor, AnywhereProfile),
    gather=gather,
    read=read,
    needs=(regions.REGIONS.name,),
)
