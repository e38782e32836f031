"""Users, groups, roles and policies with their relations: one call a thousand of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field

from auditor.aws.session import Aws
from auditor.aws.source import Asked, Moment, Reading, Shape, Source, validated
from auditor.aws.tags import Tag, by_key
from auditor.core.model import Owner, Unavailable
from auditor.core.subjects.entities import Attachments, Group, Policy, Role, UserDetail
from auditor.policy.document import MalformedPolicyError, Unreadable, decode

Document = str | dict[str, Any]


MISSING = Unavailable(reason="attached, but the evidence lacks it")


class Attached(Shape):
    """A managed policy on an entity."""

    policy_arn: str = Field(alias="PolicyArn")


class Inline(Shape):
    """A policy inside an entity."""

    name: str = Field(alias="PolicyName")
    document: Document = Field(alias="PolicyDocument")


class Boundary(Shape):
    """A permissions boundary."""

    arn: str = Field(alias="PermissionsBoundaryArn")


class EntityShape(Shape):
    """What users, groups and roles have in common; groups cannot be tagged or bounded."""

    arn: str = Field(alias="Arn")
    path: str = Field(alias="Path")
    created: Moment = Field(alias="CreateDate")
    attached: list[Attached] = Field(alias="AttachedManagedPolicies", default=[])
    tags: list[Tag] = Field(alias="Tags", default=[])
    boundary: Boundary | None = Field(alias="PermissionsBoundary", default=None)


class UserShape(EntityShape):
    """An entry of UserDetailList."""

    uid: str = Field(alias="UserId")
    name: str = Field(alias="UserName")
    inline: list[Inline] = Field(alias="UserPolicyList", default=[])
    groups: list[str] = Field(alias="GroupList", default=[])


class GroupShape(EntityShape):
    """An entry of GroupDetailList."""

    uid: str = Field(alias="GroupId")
    name: str = Field(alias="GroupName")
    inline: list[Inline] = Field(alias="GroupPolicyList", default=[])


class LastUsed(Shape):
    """When a role was last used; empty if it was not in the last 400 days."""

    date: Moment | None = Field(alias="LastUsedDate", default=None)


class InstanceProfile(Shape):
    """An instance profile that a role is in."""

    arn: str = Field(alias="Arn")


class RoleShape(EntityShape):
    """An entry of RoleDetailList."""

    uid: str = Field(alias="RoleId")
    name: str = Field(alias="RoleName")
    inline: list[Inline] = Field(alias="RolePolicyList", default=[])
    last_used: LastUsed | None = Field(alias="RoleLastUsed", default=None)
    trust: Document = Field(alias="AssumeRolePolicyDocument")
    profiles: list[InstanceProfile] = Field(alias="InstanceProfileList", default=[])


class Version(Shape):
    """A version of a managed policy."""

    document: Document | None = Field(alias="Document", default=None)
    is_default: bool = Field(alias="IsDefaultVersion")


class PolicyShape(Shape):
    """An entry of Policies. AWS tells no tags here: evidence has them where somebody added them.

    UpdateDate is when the default version was made or chosen.
    """

    arn: str = Field(alias="Arn")
    uid: str = Field(alias="PolicyId")
    name: str = Field(alias="PolicyName")
    changed: Moment | None = Field(alias="UpdateDate", default=None)
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


def read(raw: Any, owner: Owner) -> Reading:
    """Users, groups, roles, policies of every kind in their default version, and what is attached to anybody."""
    details = validated(Details, raw)
    holders, bounded = _holders(details.entities), _bounded(details.entities)
    gaps: dict[str, Unavailable] = {}
    policies: list[Policy] = []
    for shape in details.policies:
        document = next((version.document for version in shape.versions if version.is_default), None)
        if document is None:
            gaps[shape.arn] = Unavailable(reason="the evidence lacks its default version")
        else:
            policies.append(_managed(shape, document, holders.get(shape.arn, ()), bounded.get(shape.arn, ())))
    missing = {*holders, *bounded} - {shape.arn for shape in details.policies}
    gaps |= dict.fromkeys(missing, MISSING)
    inline = [_inline(entity, policy) for entity in details.entities for policy in entity.inline]
    return Reading(
        subjects=[
            *map(_user, details.users),
            *(_group(group, details.users) for group in details.groups),
            *map(_role, details.roles),
            *policies,
            *inline,
            _attachments(details, owner),
        ],
        gaps={Policy: gaps},
    )


def _holders(entities: Iterable[EntityShape]) -> dict[str, tuple[str, ...]]:
    """The entities that each managed policy is attached to."""
    return _collected((attached.policy_arn, entity.arn) for entity in entities for attached in entity.attached)


def _bounded(entities: Iterable[EntityShape]) -> dict[str, tuple[str, ...]]:
    """The entities that each managed policy bounds."""
    return _collected((entity.boundary.arn, entity.arn) for entity in entities if entity.boundary)


def _attachments(details: Details, owner: Owner) -> Attachments:
    return Attachments(
        resource=owner.account,
        uid="account",
        by_roles=tuple(sorted(_holders(details.roles))),
        by_anyone=tuple(sorted(_holders(details.entities))),
    )


def _collected(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    collected: dict[str, tuple[str, ...]] = {}
    for policy, entity in sorted(pairs):
        collected[policy] = (*collected.get(policy, ()), entity)
    return collected


def _common(shape: UserShape | GroupShape | RoleShape) -> dict[str, Any]:
    return {
        "resource": shape.arn,
        "uid": shape.uid,
        "name": shape.name,
        "path": shape.path,
        "created": shape.created,
        "attached": tuple(it.policy_arn for it in shape.attached),
        "inline": tuple(it.name for it in shape.inline),
        "boundary": shape.boundary.arn if shape.boundary else None,
        "tags": by_key(shape.tags),
    }


def _user(shape: UserShape) -> UserDetail:
    return UserDetail(**_common(shape), groups=tuple(shape.groups))


def _group(shape: GroupShape, users: Iterable[UserShape]) -> Group:
    return Group(**_common(shape), members=tuple(it.arn for it in users if shape.name in it.groups))


def _role(shape: RoleShape) -> Role:
    return Role(
        **_common(shape),
        last_used=shape.last_used.date if shape.last_used else None,
        trust=_decoded(shape.trust),
        instance_profiles=tuple(it.arn for it in shape.profiles),
    )


def _managed(
    shape: PolicyShape, document: Document, attached_to: tuple[str, ...], boundary_of: tuple[str, ...]
) -> Policy:
    return Policy(
        resource=shape.arn,
        uid=shape.uid,
        name=shape.name,
        owner=None,
        attached_to=attached_to,
        boundary_of=boundary_of,
        changed=shape.changed,
        document=_decoded(document),
        other_versions=tuple(
            _decoded(it.document) for it in shape.versions if it.document is not None and not it.is_default
        ),
        tags=by_key(shape.tags),
    )


def _inline(entity: UserShape | GroupShape | RoleShape, policy: Inline) -> Policy:
    return Policy(
        resource=entity.arn,
        uid=f"{entity.uid}/{policy.name}",
        name=policy.name,
        owner=entity.arn,
        attached_to=(entity.arn,),
        document=_decoded(policy.document),
        tags=by_key(entity.tags),
    )


def _decoded(document: Document) -> Mapping[str, Any]:
    """The document; one that cannot be read is an answer about whoever holds it, not about everybody."""
    try:
        return decode(document)
    except MalformedPolicyError as error:
        return Unreadable(error)


AUTHORIZATION_DETAILS = Source(
    name="authorization-details",
    actions=("iam:GetAccountAuthorizationDetails",),
    kinds=(UserDetail, Group, Role, Policy, Attachments),
    gather=gather,
    read=read,
)
