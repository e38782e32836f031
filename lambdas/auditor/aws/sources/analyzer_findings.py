"""Active findings of every active analyzer."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError
from pydantic import Field

from auditor.aws.regional import each_region
from auditor.aws.session import Aws
from auditor.aws.source import Asked, Moment, Reading, Shape, Source, validated
from auditor.aws.sources import analyzers
from auditor.core.model import GLOBAL, Gaps, Owner, Unavailable
from auditor.core.subjects.access_analyzer import Analyzer, AnalyzerFinding

MOST_FINDINGS = 100_000
"""In one Region: of more than these there is no list that helps anybody, and they would fill a function's memory."""


class TooManyFindingsError(BotoCoreError):  # type: ignore[misc]  # botocore is untyped
    """Not all findings of a Region were listed."""

    fmt = "the findings are too many, or come too slowly, to list them all: {count} were seen"


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
    owner: str | None = Field(alias="resourceOwnerAccount", default=None)

    @property
    def region(self) -> str:
        """The analyzer's Region; the resource's where the evidence does not name the analyzer."""
        parts = (self.analyzer or self.about or "").split(":")
        return (parts[3] if len(parts) > 3 else "") or GLOBAL  # noqa: PLR2004  (the Region is an ARN's fourth part)


class Listing(Shape):
    """The answers of all analyzers, joined."""

    findings: list[FindingShape]


def gather(aws: Aws, needed: Mapping[str, Any]) -> Asked:
    """The active findings about the account, one page a hundred of them, Regions side by side.

    What the organization's analyzers found here may have been told beforehand: then they are not asked.
    """
    active: dict[str, list[str]] = {}
    asked = {it["arn"] for it in aws.told.analyzers} if aws.told else set()
    for analyzer in analyzers.read(needed[analyzers.ANALYZERS.name], aws.owner).subjects:
        if isinstance(analyzer, Analyzer) and analyzer.active and analyzer.resource not in asked:
            active.setdefault(analyzer.region, []).append(analyzer.resource)
    found, gaps = listed(aws, active, {"resourceOwnerAccount": {"eq": [aws.owner.account]}})
    if aws.told:
        found, gaps = [*found, *aws.told.findings], {**aws.told.finding_gaps, **gaps}
    return Asked(raw={"findings": found}, gaps=gaps)


def listed(aws: Aws, active: Mapping[str, list[str]], narrowed: Mapping[str, Any]) -> tuple[list[Any], Gaps]:
    """The active findings of analyzers, which are given by Region, as the filter has it; and why Regions lack them."""
    criteria = {"status": {"eq": ["ACTIVE"]}, **narrowed}

    def ask(client: Any, region: str) -> list[Any]:
        found: list[Any] = []
        for arn in active[region]:
            for page in client.get_paginator("list_findings_v2").paginate(analyzerArn=arn, filter=criteria):
                found += [{**finding, "analyzerArn": arn} for finding in page["findings"]]
                if aws.late or len(found) > MOST_FINDINGS:
                    raise TooManyFindingsError(count=len(found))
        return found

    return each_region(aws, "accessanalyzer", active, ask)


def read(raw: Any, owner: Owner) -> Reading:
    """One subject for each active finding about the account; a resource that could not be analyzed is a gap."""
    found = (it for it in validated(Listing, raw).findings if it.owner in {None, owner.account})
    active = [it for it in found if it.status == "ACTIVE"]
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
