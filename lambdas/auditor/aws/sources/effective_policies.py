"""What the organization's management policies come to for the account; any account may ask that for itself.

That there is none of a type is an answer, kept with the code that AWS gives it.
"""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError
from pydantic import Field

from auditor.aws.session import Aws
from auditor.aws.source import Asked, MalformedEvidenceError, Reading, Shape, Source, validated
from auditor.aws.sources.organization import NO_ORGANIZATION
from auditor.core.model import GLOBAL, Gaps, Owner, Subject, Unavailable
from auditor.core.subjects.organization import AiOptOut, BackupRules, EffectivePolicy, TagRules
from auditor.policy.document import MalformedPolicyError, decode

KINDS: dict[str, type[EffectivePolicy]] = {
    "AISERVICES_OPT_OUT_POLICY": AiOptOut,
    "BACKUP_POLICY": BackupRules,
    "TAG_POLICY": TagRules,
}
"""Kind by AWS's type of policy."""

NONE = "EffectivePolicyNotFoundException"
"""No policy of that type applies to the account; asked of the management account: the type is not enabled."""

UNSUPPORTED = "UnsupportedAPIEndpointException"
NOT_SUPPORTED = Unavailable(reason="the partition has no such policies", inapplicable=True)
LACKING = Unavailable(reason="the evidence lacks it, though every account may ask for it")


class PolicyShape(Shape):
    """EffectivePolicy, or the type and the code of the error that was the answer."""

    type: str = Field(alias="PolicyType")
    content: str | None = Field(alias="PolicyContent", default=None)
    error: str | None = Field(alias="Error", default=None)


class Listing(Shape):
    """The answers of all types, joined; null where there is no organization."""

    policies: list[PolicyShape] | None = Field(alias="EffectivePolicies")


def gather(aws: Aws, _: Mapping[str, Any]) -> Asked:
    """One call for each type of policy."""
    organizations = aws.client("organizations")
    try:
        return Asked(raw={"EffectivePolicies": [_asked(organizations, kind) for kind in KINDS]})
    except organizations.exceptions.AWSOrganizationsNotInUseException:
        return Asked(raw={"EffectivePolicies": None})


def _asked(organizations: Any, kind: str) -> dict[str, Any]:
    try:
        return dict(organizations.describe_effective_policy(PolicyType=kind)["EffectivePolicy"])
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in (NONE, UNSUPPORTED):
            raise
        return {"PolicyType": kind, "Error": code}


def read(raw: Any, owner: Owner) -> Reading:
    """One subject for each type, whether or not there is a policy of it; of several answers the last counts."""
    listed = validated(Listing, raw).policies
    if listed is None:
        return Reading(subjects=[], gaps={kind: {GLOBAL: NO_ORGANIZATION} for kind in KINDS.values()})
    subjects: list[Subject] = []
    gaps: dict[type[Subject], Gaps] = {kind: {GLOBAL: LACKING} for kind in KINDS.values()}
    for number, policy in {it.type: (number, it) for number, it in enumerate(listed)}.values():
        kind = KINDS.get(policy.type)
        if kind and policy.error == UNSUPPORTED:
            gaps[kind] = {GLOBAL: NOT_SUPPORTED}
        elif kind:
            del gaps[kind]
            subjects.append(kind(resource=owner.account, uid="account", content=_content(number, policy)))
    return Reading(subjects=subjects, gaps=gaps)


def _content(number: int, policy: PolicyShape) -> Mapping[str, Any] | None:
    place = f"EffectivePolicies[{number}]"
    if policy.error == NONE:
        return None
    if policy.content is None:
        raise MalformedEvidenceError(place, f"neither PolicyContent nor {NONE}")
    try:
        return decode(policy.content)
    except MalformedPolicyError as error:
        raise MalformedEvidenceError(f"{place}.PolicyContent", str(error)) from error


EFFECTIVE_POLICIES = Source(
    name="effective-policies",
    actions=("organizations:DescribeEffectivePolicy",),
    kinds=tuple(KINDS.values()),
    gather=gather,
    read=read,
)
