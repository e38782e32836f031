"""Access keys with their ids and true creation dates, of the users whose report shows an active key."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from auditor.aws.each_user import each_user
from auditor.aws.session import Aws
from auditor.aws.source import Asked, Moment, Reading, Shape, Source, validated
from auditor.aws.sources import credential_report
from auditor.core.model import Owner
from auditor.core.subjects.credentials import CredentialRow, KeyMetadata


class Metadata(Shape):
    """An entry of AccessKeyMetadata."""

    user: str = Field(alias="UserName")
    id: str = Field(alias="AccessKeyId")
    status: Literal["Active", "Inactive", "Expired"] = Field(alias="Status")
    created: Moment = Field(alias="CreateDate")


class Listing(Shape):
    """The answers of all users, joined."""

    keys: list[Metadata] = Field(alias="AccessKeyMetadata")


def gather(aws: Aws, needed: Mapping[str, Any]) -> Asked:
    """One call for each user with an active key."""
    rows = credential_report.read(needed[credential_report.CREDENTIAL_REPORT.name], aws.owner).subjects
    keys = each_user(aws, _with_active_key(rows), "list_access_keys", "AccessKeyMetadata")
    return Asked(raw={"AccessKeyMetadata": keys})


def _with_active_key(rows: list[Any]) -> Iterator[str]:
    for row in rows:
        if isinstance(row, CredentialRow) and not row.is_root and any(slot.active for slot in row.keys):
            yield row.name


def read(raw: Any, _: Owner) -> Reading:
    """One subject a key."""
    keys = validated(Listing, raw).keys
    return Reading(
        subjects=[
            KeyMetadata(resource=it.id, uid=it.id, user=it.user, active=it.status == "Active", created=it.created)
            for it in keys
        ]
    )


ACCESS_KEYS = Source(
    name="access-keys",
    actions=("iam:ListAccessKeys",),
    kinds=(KeyMetadata,),
    gather=gather,
    read=read,
    needs=(credential_report.CREDENTIAL_REPORT.name,),
)
