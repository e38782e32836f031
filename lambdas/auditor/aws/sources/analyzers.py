"""IAM Access Analyzer's analyzers in every enabled Region."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from auditor.aws.regional import each_region
from auditor.aws.session import Aws
from auditor.aws.source import Asked, Reading, Shape, Source, validated
from auditor.aws.sources import regions
from auditor.core.model import Owner
from auditor.core.subjects.access_analyzer import Analyzer, EnabledRegion


class AnalyzerShape(Shape):
    """An entry of analyzers."""

    arn: str = Field(pattern=r"^arn:[^:]+:access-analyzer:[^:]+:[^:]*:")
    name: str
    type: str
    status: str
    tags: dict[str, str] = Field(default_factory=dict)

    @property
    def region(self) -> str:
        """The Region, which only the ARN tells."""
        return self.arn.split(":")[3]

    @property
    def account(self) -> str:
        """The account that has it, which only the ARN tells."""
        return self.arn.split(":")[4]


class Listing(Shape):
    """The answers of all Regions, joined."""

    analyzers: list[AnalyzerShape]


def gather(aws: Aws, needed: Mapping[str, Any]) -> Asked:
    """One call a Region, side by side; the organization's analyzers may have been told beforehand."""
    enabled = regions.read(needed[regions.REGIONS.name], aws.owner).subjects

    names = [it.resource for it in enabled if isinstance(it, EnabledRegion)]
    found, gaps = each_region(aws, "accessanalyzer", names, _listed)
    if aws.told:
        own = {it["arn"] for it in found}
        found += [it for it in aws.told.analyzers if it["arn"] not in own]
        gaps = {**aws.told.analyzer_gaps, **gaps}
    return Asked(raw={"analyzers": found}, gaps=gaps)


def _listed(client: Any, _: str) -> list[Any]:
    return list(client.get_paginator("list_analyzers").paginate().build_full_result()["analyzers"])


def read(raw: Any, owner: Owner) -> Reading:
    """One subject an analyzer; the tags of the organization's are the business of the account that has it."""
    return Reading(
        subjects=[
            Analyzer(
                resource=it.arn,
                uid=it.arn,
                region=it.region,
                name=it.name,
                type=it.type,
                active=it.status == "ACTIVE",
                tags=it.tags if it.account == owner.account else None,
            )
            for it in validated(Listing, raw).analyzers
        ]
    )


ANALYZERS = Source(
    name="analyzers",
    actions=("access-analyzer:ListAnalyzers",),
    kinds=(Analyzer,),
    gather=gather,
    read=read,
    needs=(regions.REGIONS.name,),
)
