"""What of its members' root access the organization manages centrally.

Answered to the management account and to the delegated administrator of IAM only. A refusal that says how the
organization is set up is an answer, kept with its code.
"""

from collections.abc import Mapping
from typing import Any, Literal

from botocore.exceptions import ClientError
from pydantic import Field

from auditor.aws.session import Aws
from auditor.aws.source import Asked, Reading, Shape, Source, validated
from auditor.aws.sources.organization import NO_ORGANIZATION, NOT_ANSWERED
from auditor.core.model import GLOBAL, Owner
from auditor.core.subjects.organization import CentralRootAccess

NOT_ENABLED = ("ServiceAccessNotEnabled", "OrganizationNotInAllFeaturesMode")
"""Neither feature can be on without these."""

UNSEEN = {
    "AccountNotManagementOrDelegatedAdministrator": NOT_ANSWERED,
    "OrganizationNotFound": NO_ORGANIZATION,
}
Code = Literal[
    "ServiceAccessNotEnabled",
    "OrganizationNotInAllFeaturesMode",
    "AccountNotManagementOrDelegatedAdministrator",
    "OrganizationNotFound",
]


class Features(Shape):
    """The answer, or the code of the error that was it."""

    enabled: list[str] = Field(alias="EnabledFeatures")
    error: Code | None = Field(alias="Error", default=None)


def gather(aws: Aws, _: Mapping[str, Any]) -> Asked:
    """One call."""
    iam = aws.client("iam")
    try:
        answer = iam.list_organizations_features()
    except ClientError as error:
        # The API reference names the codes without the suffix, the service's model with it.
        code = error.response["Error"]["Code"].removesuffix("Exception")
        if code not in (*NOT_ENABLED, *UNSEEN):
            raise
        return Asked(raw={"EnabledFeatures": [], "Error": code})
    return Asked(raw={"EnabledFeatures": answer.get("EnabledFeatures", [])})


def read(raw: Any, owner: Owner) -> Reading:
    """The one subject, or why it cannot be seen."""
    features = validated(Features, raw)
    if features.error in UNSEEN:
        return Reading(subjects=[], gaps={CentralRootAccess: {GLOBAL: UNSEEN[features.error]}})
    return Reading(
        subjects=[
            CentralRootAccess(
                resource=owner.account,
                uid="account",
                credentials="RootCredentialsManagement" in features.enabled,
                sessions="RootSessions" in features.enabled,
            )
        ]
    )


ORGANIZATION_FEATURES = Source(
    name="organization-features",
    actions=("iam:ListOrganizationsFeatures",),
    kinds=(CentralRootAccess,),
    gather=gather,
    read=read,
)
