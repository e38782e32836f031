"""The organization's service control and resource control policies at every level, from its root to the account.

Answered to the management account and to delegated administrators only, so that a member's evidence holds which
organization it is in and nothing else.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from auditor.aws.session import Aws
from auditor.aws.source import Asked, MalformedEvidenceError, Reading, Shape, Source, validated
from auditor.aws.sources import organization
from auditor.core.model import GLOBAL, Owner, Subject
from auditor.core.subjects.organization import AttachedPolicy, GuardrailLevel, OrganizationRoot
from auditor.policy.document import MalformedPolicyError, decode

GUARDRAILS = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")

GuardrailType = Literal["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"]


class PolicyType(Shape):
    """An entry of a root's PolicyTypes: a type that was never enabled has none."""

    type: str = Field(alias="Type")
    status: str = Field(alias="Status")


class RootShape(Shape):
    """An entry of Roots, of which there is one."""

    id: str = Field(alias="Id")
    policy_types: list[PolicyType] = Field(alias="PolicyTypes")


class Summary(Shape):
    """The part of PolicySummary that is read."""

    id: str = Field(alias="Id")
    name: str = Field(alias="Name")


class Target(Shape):
    """The answer of ListPoliciesForTarget, with what was asked."""

    id: str = Field(alias="TargetId")
    type: GuardrailType = Field(alias="Type")
    policies: list[Summary] = Field(alias="Policies")


class PolicyShape(Shape):
    """DescribePolicy's Policy; its content is JSON text."""

    summary: Summary = Field(alias="PolicySummary")
    content: str = Field(alias="Content")


class Listing(Shape):
    """All answers, joined: of each level one for every enabled type, and each policy once."""

    roots: list[RootShape] = Field(alias="Roots", min_length=1, max_length=1)
    targets: list[Target] = Field(alias="Targets")
    policies: list[PolicyShape] = Field(alias="Policies")


def gather(aws: Aws, needed: Mapping[str, Any]) -> Asked:
    """One call for the root, one for each level and enabled type, and one for each policy that is attached there."""
    known = needed[organization.ORGANIZATION.name]
    told = {"Organization": known["Organization"]}
    if organization.unseen(known, aws.owner, "Account"):
        return Asked(raw=told)
    if aws.told:
        return Asked(raw={**told, **aws.told.guardrails}, made_at=aws.told.as_of)
    organizations = aws.client("organizations")
    roots = organizations.get_paginator("list_roots").paginate().build_full_result()["Roots"]
    levels = [aws.owner.account, *(it.id for it in validated(organization.Member, known).parents)]
    targets = [
        {"TargetId": level, "Type": kind, "Policies": _attached(organizations, level, kind)}
        for kind in enabled(roots)
        for level in levels
    ]
    ids = sorted({policy["Id"] for target in targets for policy in target["Policies"]})
    policies = [organizations.describe_policy(PolicyId=it)["Policy"] for it in ids]
    return Asked(raw={**told, "Roots": roots, "Targets": targets, "Policies": policies})


def enabled(roots: list[Any]) -> list[str]:
    """The types of guardrails that are in force, from the answer of ListRoots."""
    listed = [it["Type"] for root in roots for it in root.get("PolicyTypes", []) if it["Status"] == "ENABLED"]
    return [it for it in GUARDRAILS if it in listed]


def _attached(organizations: Any, level: str, kind: str) -> list[Any]:
    pages = organizations.get_paginator("list_policies_for_target").paginate(TargetId=level, Filter=kind)
    return list(pages.build_full_result()["Policies"])


def read(raw: Any, owner: Owner) -> Reading:
    """The root, and one subject for each level and type."""
    if why := organization.unseen(raw, owner, "Roots"):
        return Reading(subjects=[], gaps={OrganizationRoot: {GLOBAL: why}, GuardrailLevel: {GLOBAL: why}})
    listing = validated(Listing, raw)
    (root,) = listing.roots
    enabled = tuple(it.type for it in root.policy_types if it.status == "ENABLED")
    return Reading(
        subjects=[
            OrganizationRoot(resource=root.id, uid=root.id, policy_types=enabled),
            *_levels(listing),
        ]
    )


def _levels(listing: Listing) -> Iterator[Subject]:
    documents = {it.summary.id: _document(number, it) for number, it in enumerate(listing.policies)}
    for number, target in enumerate(listing.targets):
        missing = next((it.id for it in target.policies if it.id not in documents), None)
        if missing:
            raise MalformedEvidenceError(f"Targets[{number}].Policies", f"{missing} is not among Policies")
        yield GuardrailLevel(
            resource=target.id,
            uid=f"{target.id}/{target.type}",
            type=target.type,
            policies=tuple(AttachedPolicy(name=it.name, document=documents[it.id]) for it in target.policies),
        )


def _document(number: int, policy: PolicyShape) -> Mapping[str, Any]:
    try:
        return decode(policy.content)
    except MalformedPolicyError as error:
        raise MalformedEvidenceError(f"Policies[{number}].Content", str(error)) from error


ORGANIZATION_POLICIES = Source(
    name="organization-policies",
    actions=("organizations:DescribePolicy", "organizations:ListPoliciesForTarget", "organizations:ListRoots"),
    kinds=(OrganizationRoot, GuardrailLevel),
    gather=gather,
    read=read,
    needs=(organization.ORGANIZATION.name,),
)
