"""Metric filters on the trails' log groups, the alarms on their metrics, and the subscribers of the alarms' topics."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field

from auditor.aws.alarms import AlarmShape, CompositeShape, Metric
from auditor.aws.regional import each_region
from auditor.aws.session import Aws
from auditor.aws.source import Asked, Reading, Shape, Source, validated
from auditor.aws.sources import trails
from auditor.core.model import Owner
from auditor.core.subjects.monitoring import Alarm, MetricFilter, TrailLogGroup
from auditor.core.subjects.trails import Trail


class Transformation(Shape):
    """An entry of metricTransformations."""

    name: str = Field(alias="metricName")
    namespace: str = Field(alias="metricNamespace")
    value: str = Field(alias="metricValue")
    dimensions: Mapping[str, str] = Field(default={})

    @property
    def count(self) -> float:
        """By how much one event raises the metric; 0 where the value is a property of the event."""
        return float(self.value) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", self.value) else 0


class FilterShape(Shape):
    """An entry of metricFilters."""

    name: str = Field(alias="filterName")
    pattern: str = Field(alias="filterPattern", default="")
    transformations: list[Transformation] = Field(alias="metricTransformations")
    transformed: bool = Field(alias="applyOnTransformedLogs", default=False)
    criteria: str = Field(alias="fieldSelectionCriteria", default="")
    system_dimensions: list[str] = Field(alias="emitSystemFieldDimensions", default=[])

    @property
    def counts(self) -> dict[Metric, float]:
        """The metrics that an alarm can watch, and by how much one event raises each."""
        seen = [] if self.system_dimensions else self.transformations
        return {(it.namespace, it.name): it.count for it in seen if it.count > 0 and not it.dimensions}


class LogGroupShape(Shape):
    """A log group that was asked, with its filters."""

    arn: str = Field(pattern=r"^arn:[^:]+:logs:[^:]+:[0-9]{12}:log-group:.")
    filters: list[FilterShape] = Field(alias="metricFilters")

    @property
    def region(self) -> str:
        """The Region, which only the ARN tells."""
        return self.arn.split(":")[3]


class Subscription(Shape):
    """An entry of Subscriptions, without its endpoint."""

    topic: str = Field(alias="TopicArn")
    arn: str = Field(alias="SubscriptionArn")


class Listing(Shape):
    """The answers of all Regions, joined."""

    groups: list[LogGroupShape] = Field(alias="logGroups")
    alarms: list[AlarmShape] = Field(alias="MetricAlarms")
    composites: list[CompositeShape] = Field(alias="CompositeAlarms")
    subscriptions: list[Subscription] = Field(alias="Subscriptions")

    def known(self, group: LogGroupShape, owner: Owner) -> TrailLogGroup:
        """The log group with its filters, and they with their alarms."""
        return TrailLogGroup(
            resource=group.arn,
            uid=group.arn,
            region=group.region,
            filters=tuple(self._filter(it, group.region, owner) for it in group.filters),
        )

    def _filter(self, shape: FilterShape, region: str, owner: Owner) -> MetricFilter:
        return MetricFilter(
            name=shape.name,
            pattern=shape.pattern,
            narrowed=shape.transformed or bool(shape.criteria),
            alarms=tuple(
                self._alarm(alarm, count, owner)
                for metric, count in shape.counts.items()
                for alarm in self.alarms
                if alarm.region == region and metric in alarm.watched
            ),
        )

    def _alarm(self, shape: AlarmShape, count: float, owner: Owner) -> Alarm:
        following = (it for it in self.composites if it.region == shape.region and it.follows(shape))
        targets = {*shape.targets, *(target for it in following for target in it.targets)}
        return Alarm(
            name=shape.name, at_once=shape.at_once(count), acts=bool(targets), told=self._reached(targets, owner)
        )

    def _reached(self, targets: Iterable[str], owner: Owner) -> bool | None:
        """Whether one of the targets reaches anybody; None if at most another account knows."""
        topics = {it for it in targets if _is_topic(it)}
        confirmed = {it.topic for it in self.subscriptions if it.arn.startswith("arn:")}
        if set(targets) - topics or topics & confirmed:
            return True
        return None if any(_account(it) != owner.account for it in topics) else False


def _is_topic(arn: str) -> bool:
    return arn.split(":")[2:3] == ["sns"]


def _account(arn: str) -> str:
    """The account that an ARN of a log group or topic names."""
    return "".join(arn.split(":")[4:5])


def gather(aws: Aws, needed: Mapping[str, Any]) -> Asked:
    """The filters, one page a log group; then one page a hundred alarms of its Region, and one for each topic.

    A Region of which one answer is missing is left out as a whole: half of it would tell a wrong story. So are log
    groups and topics of other accounts, which do not answer.
    """
    known = trails.read(needed[trails.TRAILS.name], aws.owner).subjects
    arns = sorted(
        {it.log_group for it in known if isinstance(it, Trail) and _account(it.log_group) == aws.owner.account}
    )
    by_region = _by_region(arns)
    groups, gaps = each_region(
        aws, "logs", by_region, lambda client, region: [_filters(client, arn) for arn in by_region[region]]
    )
    metrics = {metric for it in groups for shape in validated(LogGroupShape, it).filters for metric in shape.counts}
    counted = {it["arn"].split(":")[3] for it in groups if it["metricFilters"]}
    alarms, unseen = each_region(aws, "cloudwatch", counted, lambda client, _: [_alarms(client, metrics)])
    gaps |= unseen
    topics = _by_region(_topics(alarms, aws.owner))
    subscriptions, unseen = each_region(
        aws, "sns", topics, lambda client, region: [it for arn in topics[region] for it in _subscriptions(client, arn)]
    )
    gaps |= unseen
    raw = {
        "logGroups": [it for it in groups if it["arn"].split(":")[3] not in gaps],
        "MetricAlarms": [it for found in alarms for it in found["MetricAlarms"]],
        "CompositeAlarms": [it for found in alarms for it in found["CompositeAlarms"]],
        "Subscriptions": subscriptions,
    }
    return Asked(raw=raw, gaps=gaps)


def _by_region(arns: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for arn in arns:
        found.setdefault(arn.split(":")[3], []).append(arn)
    return found


def _filters(client: Any, arn: str) -> dict[str, Any]:
    """The filters of a log group; a trail may name one that is gone."""
    try:
        pages = client.get_paginator("describe_metric_filters").paginate(logGroupName=arn.split(":")[6])
        return {"arn": arn, "metricFilters": pages.build_full_result()["metricFilters"]}
    except client.exceptions.ResourceNotFoundException:
        return {"arn": arn, "metricFilters": []}


def _alarms(client: Any, metrics: set[Metric]) -> dict[str, Any]:
    """The alarms of a Region that go by one of the metrics, and those that go by such alarms."""
    pages = client.get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    answer = pages.build_full_result()
    alarms = {it["AlarmArn"]: it for it in answer["MetricAlarms"]}
    shapes = [validated(AlarmShape, it) for it in alarms.values()]
    watching = [it for it in shapes if it.watched & metrics]
    composites = [it for it in answer["CompositeAlarms"] if any(map(validated(CompositeShape, it).follows, watching))]
    return {"MetricAlarms": [alarms[it.arn] for it in watching], "CompositeAlarms": composites}


def _topics(alarms: Iterable[Mapping[str, Any]], owner: Owner) -> list[str]:
    """The account's own topics among the alarms' actions."""
    every = (it for found in alarms for kind in found.values() for it in kind)
    targets = {target for it in every for target in it.get("AlarmActions", ())}
    return sorted(it for it in targets if _is_topic(it) and _account(it) == owner.account)


def _subscriptions(client: Any, topic: str) -> list[dict[str, Any]]:
    """Who is subscribed, without the endpoints: the address of a webhook is a secret. A topic may be gone."""
    try:
        pages = client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        found = pages.build_full_result()["Subscriptions"]
    except client.exceptions.NotFoundException:
        return []
    return [{name: it for name, it in entry.items() if name != "Endpoint"} for entry in found]


def read(raw: Any, owner: Owner) -> Reading:
    """One subject a log group."""
    listing = validated(Listing, raw)
    return Reading(subjects=[listing.known(group, owner) for group in listing.groups])


METRIC_FILTERS = Source(
    name="metric-filters",
    actions=("cloudwatch:DescribeAlarms", "logs:DescribeMetricFilters", "sns:ListSubscriptionsByTopic"),
    kinds=(TrailLogGroup,),
    gather=gather,
    read=read,
    needs=(trails.TRAILS.name,),
)
