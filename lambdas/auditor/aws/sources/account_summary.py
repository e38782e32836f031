"""The account summary: counts, and what exists of the root user's credentials at this moment."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from auditor.aws.session import Aws
from auditor.aws.source import Asked, Reading, Shape, Source, validated
from auditor.core.model import Owner
from auditor.core.subjects.credentials import AccountSummary


class SummaryMap(Shape):
    """The entries that are read. AWS leaves AccountPasswordPresent out of older answers, and root then has one.

    That root has no signing certificate is the credential report's to say.
    """

    mfa: int = Field(alias="AccountMFAEnabled")
    keys: int = Field(alias="AccountAccessKeysPresent")
    password: int = Field(alias="AccountPasswordPresent", default=1)
    certificates: int = Field(alias="AccountSigningCertificatesPresent", default=0)


class Summary(Shape):
    """The whole answer."""

    entries: SummaryMap = Field(alias="SummaryMap")


def gather(aws: Aws, _: Mapping[str, Any]) -> Asked:
    """One call."""
    return Asked(raw={"SummaryMap": aws.client("iam").get_account_summary()["SummaryMap"]})


def read(raw: Any, owner: Owner) -> Reading:
    """The one summary."""
    entries = validated(Summary, raw).entries
    summary = AccountSummary(
        resource=owner.account,
        uid="account",
        root_password=bool(entries.password),
        root_keys=bool(entries.keys),
        root_mfa=bool(entries.mfa),
        root_certificates=bool(entries.certificates),
    )
    return Reading(subjects=[summary])


ACCOUNT_SUMMARY = Source(
    name="account-summary",
    actions=("iam:GetAccountSummary",),
    kinds=(AccountSummary,),
    gather=gather,
    read=read,
)
