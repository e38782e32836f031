"""CloudWatch's alarms as it lists them: what they go by, and what they set off."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import Field

from auditor.aws.source import Shape

Metric = tuple[str, str]
"""Namespace and name. Metrics with dimensions are left out: no alarm sees all their values."""

FIRED = re.compile(r'ALARM\(\s*"?([^")]+?)"?\s*\)')
"""An alarm's name or ARN in the rule of a composite alarm."""

EXCEEDS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
}
SILENCE = ("LessThanThreshold", "LessThanOrEqualToThreshold", "LessThanLowerThreshold")
"""Operators of alarms that go off when nothing happens."""


class MetricShape(Shape):
    """A Metric."""

    name: str = Field(alias="MetricName")
    namespace: str = Field(alias="Namespace")
    dimensions: list[Any] = Field(alias="Dimensions", default=[])


class StatShape(Shape):
    """A MetricStat."""

    metric: MetricShape = Field(alias="Metric")


class QueryShape(Shape):
    """An entry of Metrics: a metric, or an expression over others."""

    stat: StatShape | None = Field(alias="MetricStat", default=None)


class ActionShape(Shape):
    """What metric alarms and composite ones have in common."""

    name: str = Field(alias="AlarmName")
    arn: str = Field(alias="AlarmArn", pattern=r"^arn:[^:]+:cloudwatch:[^:]+:")
    enabled: bool = Field(alias="ActionsEnabled", default=True)
    actions: list[str] = Field(alias="AlarmActions", default=[])

    @property
    def region(self) -> str:
        """The Region, which only the ARN tells."""
        return self.arn.split(":")[3]

    @property
    def targets(self) -> tuple[str, ...]:
        """ARNs of what it sets off."""
        return tuple(self.actions) if self.enabled else ()


class CompositeShape(ActionShape):
    """An entry of CompositeAlarms."""

    rule: str = Field(alias="AlarmRule")

    def follows(self, alarm: ActionShape) -> bool:
        """Whether it goes off with that alarm: only a rule without conditions besides is sure to."""
        conditional = re.search(r"\b(AND|NOT)\b", self.rule)
        return conditional is None and not {alarm.name, alarm.arn}.isdisjoint(FIRED.findall(self.rule))


class AlarmShape(ActionShape):
    """An entry of MetricAlarms. Metric math has Metrics instead of a metric of its own."""

    metric: str = Field(alias="MetricName", default="")
    namespace: str = Field(alias="Namespace", default="")
    dimensions: list[Any] = Field(alias="Dimensions", default=[])
    queries: list[QueryShape] = Field(alias="Metrics", default=[])
    statistic: str = Field(alias="Statistic", default="")
    threshold: float | None = Field(alias="Threshold", default=None)
    operator: str = Field(alias="ComparisonOperator", default="")
    periods: int = Field(alias="EvaluationPeriods", default=1)
    datapoints: int | None = Field(alias="DatapointsToAlarm", default=None)

    @property
    def watched(self) -> set[Metric]:
        """The metrics by whose rise it goes off."""
        if self.operator in SILENCE:
            return set()
        named = [it.stat.metric for it in self.queries if it.stat and not it.stat.metric.dimensions]
        own = {(self.namespace, self.metric)} if self.metric and not self.dimensions else set()
        return {(it.namespace, it.name) for it in named} | own

    def at_once(self, count: float) -> bool | None:
        """Whether one event, which raises the metric by `count`, sets it off; None if it goes by metric math."""
        if self.queries or self.threshold is None:
            return None
        raised = 1.0 if self.statistic == "SampleCount" else count
        exceeds = EXCEEDS.get(self.operator)
        return (self.datapoints or self.periods) == 1 and exceeds is not None and exceeds(raised, self.threshold)
