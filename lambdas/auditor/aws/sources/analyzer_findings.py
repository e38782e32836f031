"""Active findings of every active analyzer."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from auditor.aws.regional import each_region
from auditor.aws.session import Aws
from auditor.aws.source import Asked, Moment, Reading, Shape, Source, validated
from auditor.aws.sources import analyzers
from auditor.core.model import GLOBAL, Owner, Unavailable
from auditor.core.subjects.access_analyzer import Analyzer, AnalyzerFinding


class FindingShape(Shape):
    """An entry of ListFindingsV2, with the analyzer that was asked: the API's answer does not repeat it."""

    id: str
    type: str = Field(alias="findingType", default="ExternalAccess")
    status: str
    about: str | None = Field(alias="resource", default=None)
    about_type: str = Field(alias="resourceType")
    created: Moment = Field(alias="createdAt")
    updated: Moment = Field(alias="updatedAt")
    error: str | None = None
    analyzer: str = Field(alias="analyzerArn", default="")

    @property
    def region(self) -> str:
        """The analyzer's Region; the resource's where the evidence does not name the analyzer."""
        parts = (self.analyzer or self.about or "").split(":")
        return (parts[3] if len(parts) > 3 else "") or GLOBAL  # noqa: PLR2004  (the Region is an ARN's fourth part)


class Listing(Shape):
    """The answers of all analyzers, joined."""

    findings: list[FindingShape]


def gather(aws: Aws, needed: Mapping[str, Any]) -> Asked:
    """The active findings, one page a hundred of them, Regions side by side."""
    active: dict[str, list[str]] = {}
    for analyzer in analyzers.read(needed[analyzers.ANALYZERS.name], aws.owner).subjects:
        if isinstance(analyzer, Analyzer) and analyzer.active:
            active.setdefault(analyzer.region, []).append(analyzer.resource)

    def listed(client: Any, region: str) -> list[Any]:
        paginator = client.get_paginator("list_findings_v2")
        return [
            {**finding, "analyzerArn": arn}
            for arn in active[region]
            for page in paginator.paginate(analyzerArn=arn, filter={"status": {"eq": ["ACTIVE"]}})
            for finding in page["findings"]
        ]

    found, gaps = each_region(aws, "accessanalyzer", active, listed)
    return Asked(raw={"findings": found}, gaps=gaps)


def read(raw: Any, _: Owner) -> Reading:
    """One subject for each active finding; a resource that could not be analyzed is a gap."""
    active = [it for it in validated(Listing, raw).findings if it.status == "ACTIVE"]
    failed = {
        it.about or it.id: Unavailable(reason=f"Access Analyzer could not analyze it ({it.error})")
        for it in active
        if it.error
    }
    return Reading(subjects=[_finding(it) for it in active if not it.error], gaps={AnalyzerFinding: failed})


def _finding(shape: FindingShape) -> AnalyzerFinding:
    return AnalyzerFinding(
        resource=shape.about or shape.id,
        uid=shape.id,
        region=shape.region,
        type=shape.type,
        about_type=shape.about_type,
        analyzer=shape.analyzer,
        created=shape.created,
        updated=shape.updated,
    )


ANALYZER_FINDINGS = Source(
    name="analyzer-findings",
    actions=("access-analyzer:ListFindings",),
    kinds=(AnalyzerFinding,),
    gather=gather,
    read=read,
    needs=(analyzers.ANALYZERS.name,),
)
