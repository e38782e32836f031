"""Instances of IAM Identity Center in every enabled Region: the account's own, and its organization's."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from auditor.aws.regional import each_region
from auditor.aws.session import Aws
from auditor.aws.source import Asked, Reading, Shape, Source, validated
from auditor.aws.sources import regions
from auditor.core.model import Owner
from auditor.core.subjects.access_analyzer import EnabledRegion
from auditor.core.subjects.sign_in import IdentityCenterInstance


class InstanceShape(Shape):
    """An entry of Instances; its ARN names neither a Region nor an account."""

    arn: str = Field(alias="InstanceArn")
    status: str = Field(alias="Status", default="ACTIVE")


class Listing(Shape):
    """The answers of all Regions, joined."""

    instances: list[InstanceShape] = Field(alias="Instances")


def gather(aws: Aws, needed: Mapping[str, Any]) -> Asked:
    """One call a Region, side by side."""
    enabled = regions.read(needed[regions.REGIONS.name], aws.owner).subjects
    names = [it.resource for it in enabled if isinstance(it, EnabledRegion)]
    found, gaps = each_region(aws, "sso-admin", names, _listed)
    return Asked(raw={"Instances": found}, gaps=gaps)


def _listed(client: Any, _: str) -> list[Any]:
    return list(client.get_paginator("list_instances").paginate().build_full_result()["Instances"])


def read(raw: Any, _: Owner) -> Reading:
    """One subject an instance, however many Regions it answers in."""
    by_arn = {it.arn: it for it in validated(Listing, raw).instances}
    return Reading(
        subjects=[
            IdentityCenterInstance(resource=it.arn, uid=it.arn, active=it.status == "ACTIVE") for it in by_arn.values()
        ]
    )


IDENTITY_CENTER = Source(
    name="identity-center",
    actions=("sso:ListInstances",),
    kinds=(IdentityCenterInstance,),
    gather=gather,
    read=read,
    needs=(regions.REGIONS.name,),
)
