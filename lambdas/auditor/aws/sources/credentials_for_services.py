"""Service-specific credentials: Git passwords of CodeCommit, those of Keyspaces, long-term API keys.

The credential report leaves them out. The answer has no secret in it: AWS shows that once, when a credential is made.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServiceSpecificCredentials.html
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from auditor.aws.session import Aws
from auditor.aws.source import Asked, Moment, Reading, Shape, Source, validated
from auditor.core.model import Owner
from auditor.core.subjects.credentials import ServiceCredentialMetadata

PAGE = 1000
"""The most that IAM lists at once."""


class Credential(Shape):
    """An entry of ServiceSpecificCredentials."""

    user: str = Field(alias="UserName")
    id: str = Field(alias="ServiceSpecificCredentialId")
    service: str = Field(alias="ServiceName")
    status: Literal["Active", "Inactive", "Expired"] = Field(alias="Status")
    created: Moment = Field(alias="CreateDate")
    expires: Moment | None = Field(alias="ExpirationDate", default=None)


class Credentials(Shape):
    """The whole answer."""

    credentials: list[Credential] = Field(alias="ServiceSpecificCredentials")


def gather(aws: Aws, _: Mapping[str, Any]) -> Asked:
    """Those of all users and of all services, one call a page."""
    return Asked(raw={"ServiceSpecificCredentials": list(_listed(aws.client("iam")))})


def _listed(iam: Any) -> Iterator[Any]:
    """Every page: botocore has no paginator for it."""
    answer = iam.list_service_specific_credentials(AllUsers=True, MaxItems=PAGE)
    yield from answer["ServiceSpecificCredentials"]
    while answer.get("IsTruncated"):
        answer = iam.list_service_specific_credentials(AllUsers=True, MaxItems=PAGE, Marker=answer["Marker"])
        yield from answer["ServiceSpecificCredentials"]


def read(raw: Any, _: Owner) -> Reading:
    """One subject a credential."""
    credentials = validated(Credentials, raw).credentials
    return Reading(
        subjects=[
            ServiceCredentialMetadata(
                resource=it.id,
                uid=it.id,
                user=it.user,
                service=it.service,
                active=it.status == "Active",
                created=it.created,
                expires=it.expires,
            )
            for it in credentials
        ]
    )


SERVICE_CREDENTIALS = Source(
    name="service-credentials",
    actions=("iam:ListServiceSpecificCredentials",),
    kinds=(ServiceCredentialMetadata,),
    gather=gather,
    read=read,
)
