"""Users, groups, roles and policies with their relations: one call a thousand of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field

from auditor.aws.session import Aws
from auditor.aws.source import Asked, MalformedEvidenceError, Moment, Reading, Shape, Source, validated
from auditor.aws.tags import Tag, by_key
from auditor.core.model import Owner, Unavailable
from auditor.core.subjects import Group, Policy, Role, UserDetail
from auditor.policy.document import MalformedPolicyError, decode

Document = str | dict[str, Any]


MISSING = Unavailable(reason="attached, but the evidence lacks it")


class Attached(Shape):
    """A managed policy on an entity."""

    policy_arn: str = Field(alias="PolicyArn")


class Inline(Shape):
    """A policy inside an entity."""

    name: str = Field(alias="PolicyName")
    document: Document = Field(alias="PolicyDocument")


class Entity(Shape):
    """What users, groups and roles have in common; groups cannot be tagged."""

    arn: str = Field(alias="Arn")
    path: str = Field(alias="Path")
    created: Moment = Field(alias="CreateDate")
    attached: list[Attached] = Field(alias="AttachedManagedPolicies", default=[])
    tags: list[Tag] = Field(alias="Tags", default=[])


class UserShape(Entity):
    """An entry of UserDetailList."""

    uid: str = Field(alias="UserId")
    name: str = Field(alias="UserName")
    inline: list[Inline] = Field(alias="UserPolicyList", default=[])


class GroupShape(Entity):
    """An entry of GroupDetailList."""

    uid: str = Field(alias="GroupId")
    name: str = Field(alias="GroupName")
    inline: list[Inline] = Field(alias="GroupPolicyList", default=[])


class LastUsed(Shape):
    """When a role was last used; empty if it was not in the last 400 days."""

    date: Moment | None = Field(alias="LastUsedDate", default=None)


class RoleShape(Entity):
    """An entry of RoleDetailList."""

    uid: str = Field(alias="RoleId")
    name: str = Field(alias="RoleName")
    inline: list[Inline] = Field(alias="RolePolicyList", default=[])
    last_used: LastUsed | None = Field(alias="RoleLastUsed", default=None)


class Version(Shape):
    """A version of a managed policy."""

    document: Document | None = Field(alias="Document", default=None)
    is_default: bool = Field(alias="IsDefaultVersion")


class PolicyShape(Shape):
    """An entry of Policies. AWS tells no tags here: evidence has them where somebody added them."""

    arn: str = Field(alias="Arn")
    uid: str = Field(alias="PolicyId")
    name: str = Field(alias="PolicyName")
    boundary_uses: int = Field(alias="PermissionsBoundaryUsageCount", default=0)
    versions: list[Version] = Field(alias="PolicyVersionList", default=[])
    tags: list[Tag] = Field(alias="Tags", default=[])


class Details(Shape):
    """The whole answer."""

    users: list[UserShape] = Field(alias="UserDetailList")
    groups: list[GroupShape] = Field(alias="GroupDetailList")
    roles: list[RoleShape] = Field(alias="RoleDetailList")
    policies: list[PolicyShape] = Field(alias="Policies")

    @property
    def entities(self) -> list[UserShape | GroupShape | RoleShape]:
        """Everything that can hold a policy."""
        return [*self.users, *self.groups, *self.roles]


def gather(aws: Aws, _: Mapping[str, Any]) -> Asked:
    """All entities and policies; AWS managed policies only while something in the account uses them."""
    pages = (
        aws.client("iam")
        .get_paginator("get_account_authorization_details")
        .paginate(PaginationConfig={"PageSize": 1000})
    )
    return Asked(raw=pages.build_full_result())


def read(raw: Any, _: Owner) -> Reading:
    """Users, groups, roles, and policies of every kind in their default version."""
    details = validated(Details, raw)
    holders = _holders(details.entities)
    gaps: dict[str, Unavailable] = {}
    policies: list[Policy] = []
    for shape in details.policies:
        document = next((version.document for version in shape.versions if version.is_default), None)
        if document is None:
            gaps[shape.arn] = Unavailable(reason="the evidence lacks its default version")
        else:
            policies.append(_managed(shape, document, tuple(holders.get(shape.arn, ()))))
    gaps |= dict.fromkeys(holders.keys() - {shape.arn for shape in details.policies}, MISSING)
    inline = [_inline(entity, policy) for entity in details.entities for policy in entity.inline]
    return Reading(
        subjects=[
            *map(_user, details.users),
            *map(_group, details.groups),
            *map(_role, details.roles),
            *policies,
            *inline,
        ],
        gaps={Policy: gaps},
    )


def _holders(entities: Iterable[Entity]) -> dict[str, list[str]]:
    holders: dict[str, list[str]] = {}
    for entity in sorted(entities, key=lambda it: it.arn):
        for attached in entity.attached:
            holders.setdefault(attached.policy_arn, []).append(entity.arn)
    return holders


def _user(shape: UserShape) -> UserDetail:
    return UserDetail(
        resource=shape.arn, uid=shape.uid, name=shape.name, created=shape.created, tags=by_key(shape.tags)
    )


def _group(shape: GroupShape) -> Group:
    return Group(resource=shape.arn, uid=shape.uid, name=shape.name)


def _role(shape: RoleShape) -> Role:
    return Role(
        resource=shape.arn,
        uid=shape.uid,
        name=shape.name,
        path=shape.path,
        created=shape.created,
        last_used=shape.last_used.date if shape.last_used else None,
        tags=by_key(shape.tags),
    )


def _managed(shape: PolicyShape, document: Document, attached_to: tuple[str, ...]) -> Policy:
    return Policy(
        resource=shape.arn,
        uid=shape.uid,
        name=shape.name,
        owner=None,
        attached_to=attached_to,
        boundary_only=not attached_to and shape.boundary_uses > 0,
        document=_decoded(shape.arn, document),
        tags=by_key(shape.tags),
    )


def _inline(entity: UserShape | GroupShape | RoleShape, policy: Inline) -> Policy:
    return Policy(
        resource=entity.arn,
        uid=f"{entity.uid}/{policy.name}",
        name=policy.name,
        owner=entity.arn,
        attached_to=(entity.arn,),
        boundary_only=False,
        document=_decoded(f"{entity.arn}, policy {policy.name}", policy.document),
        tags=by_key(entity.tags),
    )


def _decoded(place: str, document: Document) -> Mapping[str, Any]:
    try:
        return decode(document)
    except MalformedPolicyError as error:
        raise MalformedEvidenceError(place, str(error)) from error


AUTHORIZATION_DETAILS = Source(
    name="authorization-details",
    actions=("iam:GetAccountAuthorizationDetails",),
    kinds=(UserDetail, Group, Role, Policy),
    gather=gather,
    read=read,
)
