"""TLS certificates kept in IAM."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError
from pydantic import Field

from auditor.aws.session import Aws
from auditor.aws.source import Asked, Moment, Reading, Shape, Source, validated
from auditor.aws.tags import Tag, by_key
from auditor.core.model import Owner
from auditor.core.subjects.entities import ServerCertificate


class Metadata(Shape):
    """An entry of ServerCertificateMetadataList, with the tags that GetServerCertificate tells."""

    arn: str = Field(alias="Arn")
    uid: str = Field(alias="ServerCertificateId")
    name: str = Field(alias="ServerCertificateName")
    expires: Moment = Field(alias="Expiration")
    tags: list[Tag] | None = Field(alias="Tags", default=None)


class Listing(Shape):
    """The whole answer."""

    certificates: list[Metadata] = Field(alias="ServerCertificateMetadataList")


def gather(aws: Aws, _: Mapping[str, Any]) -> Asked:
    """All certificates' metadata, and one call a certificate for its tags; an account has twenty unless AWS gave more.

    One that was deleted meanwhile is left out.
    """
    iam = aws.client("iam")
    pages = iam.get_paginator("list_server_certificates").paginate(PaginationConfig={"PageSize": 1000})
    listed = pages.build_full_result()["ServerCertificateMetadataList"]
    told = [{**it, "Tags": tags} for it in listed if (tags := _tags(iam, it["ServerCertificateName"])) is not None]
    return Asked(raw={"ServerCertificateMetadataList": told})


def _tags(iam: Any, name: str) -> list[Any] | None:
    try:
        return list(iam.get_server_certificate(ServerCertificateName=name)["ServerCertificate"].get("Tags", []))
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise
        return None


def read(raw: Any, _: Owner) -> Reading:
    """One subject a certificate."""
    certificates = validated(Listing, raw).certificates
    return Reading(
        subjects=[
            ServerCertificate(
                resource=it.arn,
                uid=it.uid,
                name=it.name,
                expires=it.expires,
                tags=None if it.tags is None else by_key(it.tags),
            )
            for it in certificates
        ]
    )


SERVER_CERTIFICATES = Source(
    name="server-certificates",
    actions=("iam:GetServerCertificate", "iam:ListServerCertificates"),
    kinds=(ServerCertificate,),
    gather=gather,
    read=read,
)
