"""What the organization knows of the account: its name, its tags and the units above it.

Any account may ask which organization it is in. All else is answered to the management account and to delegated
administrators only, so that a member's evidence ends there.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from auditor.aws.session import GLOBAL_CONFIG, Aws
from auditor.aws.source import Asked, MalformedEvidenceError, Reading, Shape, Source, validated
from auditor.aws.tags import Tag, by_key
from auditor.aws.told import Told
from auditor.core.model import Owner, Subject, Unavailable
from auditor.core.subjects.organization import Affiliation, OrganizationMember

NO_ORGANIZATION = Unavailable(reason="the account is in no organization", inapplicable=True)
NOT_ANSWERED = Unavailable(
    reason="the organization tells it to its management account and delegated administrators only", inapplicable=True
)
LACKING = Unavailable(reason="the evidence lacks it, though the management account may ask for it")


class OrganizationShape(Shape):
    """The part of Organization that is read."""

    management: str = Field(alias="MasterAccountId")
    id: str = Field(alias="Id")
    features: Literal["ALL", "CONSOLIDATED_BILLING"] = Field(alias="FeatureSet")


class AccountShape(Shape):
    """The part of Account that is read."""

    id: str = Field(alias="Id")
    name: str = Field(alias="Name")


class Parent(Shape):
    """An entry of Parents."""

    id: str = Field(alias="Id")
    type: Literal["ROOT", "ORGANIZATIONAL_UNIT"] = Field(alias="Type")


class Known(Shape):
    """The first answer: null where there is no organization (the API says AWSOrganizationsNotInUseException)."""

    organization: OrganizationShape | None = Field(alias="Organization")


class Member(Shape):
    """The other answers, joined; `parents` are the units from the account's own up to the root."""

    account: AccountShape = Field(alias="Account")
    tags: list[Tag] = Field(alias="Tags")
    parents: list[Parent] = Field(alias="Parents")


def gather(aws: Aws, _: Mapping[str, Any]) -> Asked:
    """One call, and where AWS answers them two more and one for each level of the tree, of which there are six.

    In a run over the organization one, for the tags: the rest was told beforehand.
    """
    if aws.told:
        return _as_told(aws.told)
    organizations = aws.client("organizations")
    try:
        organization = _without(organizations.describe_organization()["Organization"], "MasterAccountEmail")
    except organizations.exceptions.AWSOrganizationsNotInUseException:
        return Asked(raw={"Organization": None})
    try:
        member = _member(organizations, aws.owner.account)
    except organizations.exceptions.AccessDeniedException:
        # AWS words a missing permission and a member that may not ask alike; a member gets no answer by design.
        if organization["MasterAccountId"] == aws.owner.account:
            raise
        member = {}
    return Asked(raw={"Organization": organization, **member})


def _as_told(told: Told) -> Asked:
    organizations = told.session.client("organizations", config=GLOBAL_CONFIG)
    return Asked(
        raw={
            "Organization": dict(told.organization),
            "Account": dict(told.account),
            "Tags": _tags(organizations, told.account["Id"]),
            "Parents": told.parents,
        },
        made_at=told.as_of,
    )


def _member(organizations: Any, account: str) -> dict[str, Any]:
    return {
        "Account": _without(organizations.describe_account(AccountId=account)["Account"], "Email"),
        "Tags": _tags(organizations, account),
        "Parents": _parents(organizations, account),
    }


def _tags(organizations: Any, account: str) -> list[Any]:
    pages = organizations.get_paginator("list_tags_for_resource").paginate(ResourceId=account)
    return list(pages.build_full_result()["Tags"])


def _without(answer: Mapping[str, Any], address: str) -> dict[str, Any]:
    """The answer without the address that a root user signs in with, and gets a new password sent to."""
    return {name: it for name, it in answer.items() if name != address}


def _parents(organizations: Any, account: str) -> list[Any]:
    """The units above the account, upwards; each child has one parent, and only the root has none."""
    parents: list[Any] = []
    child: str | None = account
    while child:
        pages = organizations.get_paginator("list_parents").paginate(ChildId=child)
        above = pages.build_full_result()["Parents"]
        parents += above
        child = next((it["Id"] for it in above if it["Type"] != "ROOT"), None)
    return parents


def unseen(raw: Any, owner: Owner, member: str) -> Unavailable | None:
    """Why evidence that begins with DescribeOrganization's answer says nothing else; None if it has `member`.

    Raises MalformedEvidenceError where that answer is none.
    """
    organization = validated(Known, raw).organization
    if organization is None:
        return NO_ORGANIZATION
    if member in raw:
        return None
    return LACKING if organization.management == owner.account else NOT_ANSWERED


def read(raw: Any, owner: Owner) -> Reading:
    """The account's affiliation, and the one member, or why the account is none that can be seen.

    A management account is a member like any other.
    """
    affiliation = _affiliation(validated(Known, raw).organization, owner)
    if why := unseen(raw, owner, "Account"):
        return Reading(subjects=[affiliation], gaps={OrganizationMember: {owner.account: why}})
    member = validated(Member, raw)
    if member.account.id != owner.account:
        raise MalformedEvidenceError("Account.Id", f"{member.account.id} is not the account {owner.account}")
    kinds = [it.type for it in member.parents]
    if kinds.count("ROOT") != 1 or kinds[-1] != "ROOT":
        raise MalformedEvidenceError("Parents", "they do not lead from the account up to the root")
    return Reading(subjects=[affiliation, _subject(member)])


def _affiliation(organization: OrganizationShape | None, owner: Owner) -> Subject:
    return Affiliation(
        resource=owner.account,
        uid="account",
        organization=organization.id if organization else None,
        management=organization.management if organization else None,
        all_features=organization is not None and organization.features == "ALL",
        root=owner.root_arn,
    )


def _subject(member: Member) -> OrganizationMember:
    return OrganizationMember(
        resource=member.account.id,
        uid=member.account.id,
        name=member.account.name,
        path=tuple(it.id for it in reversed(member.parents)),
        tags=by_key(member.tags),
    )


ORGANIZATION = Source(
    name="organization",
    actions=(
        "organizations:DescribeAccount",
        "organizations:DescribeOrganization",
        "organizations:ListParents",
        "organizations:ListTagsForResource",
    ),
    kinds=(Affiliation, OrganizationMember),
    gather=gather,
    read=read,
)
