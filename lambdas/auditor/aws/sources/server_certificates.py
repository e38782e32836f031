"""TLS certificates kept in IAM."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from auditor.aws.session import Aws
from auditor.aws.source import Asked, Moment, Reading, Shape, Source, validated
from auditor.core.model import Owner
from auditor.core.subjects.entities import ServerCertificate


class Metadata(Shape):
    """An entry of ServerCertificateMetadataList."""

    arn: str = Field(alias="Arn")
    uid: str = Field(alias="ServerCertificateId")
    name: str = Field(alias="ServerCertificateName")
    expires: Moment = Field(alias="Expiration")


class Listing(Shape):
    """The whole answer."""

    certificates: list[Metadata] = Field(alias="ServerCertificateMetadataList")


def gather(aws: Aws, _: Mapping[str, Any]) -> Asked:
    """All certificates' metadata."""
    pages = aws.client("iam").get_paginator("list_server_certificates").paginate(PaginationConfig={"PageSize": 1000})
    return Asked(raw=pages.build_full_result())


def read(raw: Any, _: Owner) -> Reading:
    """One subject a certificate."""
    certificates = validated(Listing, raw).certificates
    return Reading(
        subjects=[
            ServerCertificate(resource=it.arn, uid=it.uid, name=it.name, expires=it.expires) for it in certificates
        ]
    )


SERVER_CERTIFICATES = Source(
    name="server-certificates",
    actions=("iam:ListServerCertificates",),
    kinds=(ServerCertificate,),
    gather=gather,
    read=read,
)
