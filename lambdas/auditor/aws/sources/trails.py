"""CloudTrail's trails in every enabled Region, with what they record and whether they do."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from auditor.aws.regional import each_region, each_resource
from auditor.aws.session import Aws
from auditor.aws.source import Asked, Reading, Shape, Source, validated
from auditor.aws.sources import regions
from auditor.core.model import Owner, Unavailable
from auditor.core.subjects.access_analyzer import EnabledRegion
from auditor.core.subjects.trails import FieldSelector, Trail, TrailHolder

LACKING = Unavailable(reason="the evidence lacks its status or its event selectors")
OF_ANOTHER = Unavailable(reason="the organization's trail, which tells this account no more", inapplicable=True)


class EventSelectorShape(Shape):
    """An entry of EventSelectors."""

    kind: str = Field(alias="ReadWriteType", default="All")
    management: bool = Field(alias="IncludeManagementEvents", default=True)
    excluded: list[str] = Field(alias="ExcludeManagementEventSources", default=[])

    @property
    def fields(self) -> tuple[FieldSelector, ...]:
        """The same as an advanced selector would say it."""
        only = {"ReadOnly": ("true",), "WriteOnly": ("false",)}.get(self.kind, ())
        return (
            FieldSelector(field="eventCategory", equals=("Management",)),
            FieldSelector(field="readOnly", equals=only),
            FieldSelector(field="eventSource", not_equals=tuple(self.excluded)),
        )


class FieldSelectorShape(Shape):
    """An entry of FieldSelectors."""

    field: str = Field(alias="Field")
    equals: tuple[str, ...] = Field(alias="Equals", default=())
    starts: tuple[str, ...] = Field(alias="StartsWith", default=())
    ends: tuple[str, ...] = Field(alias="EndsWith", default=())
    not_equals: tuple[str, ...] = Field(alias="NotEquals", default=())
    not_starts: tuple[str, ...] = Field(alias="NotStartsWith", default=())
    not_ends: tuple[str, ...] = Field(alias="NotEndsWith", default=())


class AdvancedShape(Shape):
    """An entry of AdvancedEventSelectors."""

    fields: list[FieldSelectorShape] = Field(alias="FieldSelectors")


class SelectorsShape(Shape):
    """The answer of GetEventSelectors, which holds one of the two."""

    basic: list[EventSelectorShape] = Field(alias="EventSelectors", default=[])
    advanced: list[AdvancedShape] = Field(alias="AdvancedEventSelectors", default=[])

    @property
    def all(self) -> tuple[tuple[FieldSelector, ...], ...]:
        """Each selector as the conditions that an event must meet."""
        advanced = [tuple(FieldSelector(**dict(it)) for it in selector.fields) for selector in self.advanced]
        return (*(it.fields for it in self.basic if it.management), *advanced)


class StatusShape(Shape):
    """The part of GetTrailStatus's answer that is read."""

    logging: bool = Field(alias="IsLogging")
    failing: str = Field(alias="LatestDeliveryError", default="")
    log_failing: str = Field(alias="LatestCloudWatchLogsDeliveryError", default="")


class TrailShape(Shape):
    """An entry of trailList, with the answers of the other two calls."""

    arn: str = Field(alias="TrailARN", pattern=r"^arn:[^:]+:cloudtrail:[^:]+:[0-9]{12}:trail/")
    name: str = Field(alias="Name")
    home: str = Field(alias="HomeRegion")
    multi_region: bool = Field(alias="IsMultiRegionTrail", default=False)
    global_events: bool = Field(alias="IncludeGlobalServiceEvents", default=False)
    organization: bool = Field(alias="IsOrganizationTrail", default=False)
    validated: bool = Field(alias="LogFileValidationEnabled", default=False)
    log_group: str = Field(
        alias="CloudWatchLogsLogGroupArn",
        default="",
        pattern=r"^(arn:[^:]+:logs:[^:]+:[0-9]{12}:log-group:[^:]+(:\*)?)?$",
    )
    status: StatusShape | None = Field(alias="Status", default=None)
    selectors: SelectorsShape | None = Field(alias="Selectors", default=None)

    def of(self, owner: Owner) -> bool:
        """Whether it is the account's own."""
        return self.arn.split(":")[4] == owner.account


class Listing(Shape):
    """The answers of all Regions, each trail once."""

    trails: list[TrailShape] = Field(alias="trailList")


def gather(aws: Aws, needed: Mapping[str, Any]) -> Asked:
    """One call a Region, then two for each trail in its home Region, side by side.

    A trail of all Regions, and the organization's in a member account, is seen in each Region as its shadow.
    """
    enabled = regions.read(needed[regions.REGIONS.name], aws.owner).subjects
    names = [it.resource for it in enabled if isinstance(it, EnabledRegion)]
    found, gaps = each_region(aws, "cloudtrail", names, lambda client, _: client.describe_trails()["trailList"])
    trails = {trail["TrailARN"]: trail for trail in found}
    homes = {arn: trail["HomeRegion"] for arn, trail in trails.items()}
    answers, unseen = each_resource(aws, "cloudtrail", homes, _asked)
    more = {answer["TrailARN"]: answer for answer in answers}
    return Asked(
        raw={"trailList": [{**trail, **more.get(arn, {})} for arn, trail in sorted(trails.items())]},
        gaps={**gaps, **unseen},
    )


def _asked(client: Any, arn: str) -> list[Any]:
    """Status and selectors; the organization's trail may be unknown to a member account that asks for it."""
    try:
        status, selectors = client.get_trail_status(Name=arn), client.get_event_selectors(TrailName=arn)
    except client.exceptions.TrailNotFoundException:
        return []
    return [{"TrailARN": arn, "Status": _plain(status), "Selectors": _plain(selectors)}]


def _plain(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: it for name, it in answer.items() if name != "ResponseMetadata"}


def read(raw: Any, owner: Owner) -> Reading:
    """The account, and one subject for each trail; one whose status or selectors are missing is a gap."""
    trails = validated(Listing, raw).trails
    unseen = [it for it in trails if it.status is None or it.selectors is None]
    return Reading(
        subjects=[
            TrailHolder(resource=owner.account, uid="account", partition=owner.partition),
            *(_trail(it, it.status, it.selectors, owner) for it in trails if it.status and it.selectors),
        ],
        gaps={Trail: {it.arn: LACKING if it.of(owner) else OF_ANOTHER for it in unseen}},
    )


def _trail(shape: TrailShape, status: StatusShape, selectors: SelectorsShape, owner: Owner) -> Trail:
    return Trail(
        resource=shape.arn,
        uid=shape.arn,
        region=shape.home,
        name=shape.name,
        own=shape.of(owner),
        organization=shape.organization,
        multi_region=shape.multi_region,
        global_events=shape.global_events,
        logging=status.logging,
        validated=shape.validated,
        log_group=shape.log_group.removesuffix(":*"),
        failing=status.failing,
        log_failing=status.log_failing,
        selectors=selectors.all,
    )


TRAILS = Source(
    name="trails",
    actions=("cloudtrail:DescribeTrails", "cloudtrail:GetEventSelectors", "cloudtrail:GetTrailStatus"),
    kinds=(TrailHolder, Trail),
    gather=gather,
    read=read,
    needs=(regions.REGIONS.name,),
)
