"""Watching the watcher: alarms that reach the people who get the findings, and a dashboard."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.function import AuditorFunction

HOUR = cdk.Duration.hours(1)
FIVE_MINUTES = cdk.Duration.minutes(5)
IGNORE = cloudwatch.TreatMissingData.IGNORE


class Watch(Construct):
    """Alarms for errors, dead letters, silence and skipped checks."""

    def __init__(
        self,
        scope: Construct,
        *,
        audit: AuditorFunction,
        notify: AuditorFunction,
        topic: sns.Topic,
        silence_hours: int,
    ) -> None:
        """Watch both functions; an audit must complete at least once in `silence_hours`."""
        super().__init__(scope, "Watch")
        self.action = actions.SnsAction(topic)
        for it in (audit, notify):
            name = it.node.id
            self._alarm(f"{name}Errors", f"the {name} function failed", it.function.metric_errors(period=FIVE_MINUTES))
            self._alarm(f"{name}DeadLetters", f"what the {name} function could not do waits in its queue", _waiting(it))
        behind = notify.function.metric("IteratorAge", statistic="Maximum", period=FIVE_MINUTES)
        self._alarm("Untold", "findings wait for an hour to be told", behind, threshold=3_600_000)
        skipped = _metric("ChecksSkipped", "Maximum", HOUR)
        # Between two audits nothing is known anew: the alarm stays as it is, and is told once.
        self._alarm(
            "ChecksSkipped", "an audit could not look at everything it should", skipped, treat_missing_data=IGNORE
        )
        self._alarm(
            "Silence",
            f"no audit was completed in {silence_hours} hours",
            _metric("AuditCompleted", "Sum", HOUR),
            evaluation_periods=silence_hours,
            datapoints_to_alarm=silence_hours,
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
        )
        self._dashboard([audit, notify])

    def _alarm(self, name: str, description: str, metric: cloudwatch.Metric, **different: Any) -> None:
        """An alarm at the first datapoint of one or more, unless it is to be `different`; its end is told too."""
        usual: dict[str, Any] = {
            "threshold": 1,
            "evaluation_periods": 1,
            "comparison_operator": cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            "treat_missing_data": cloudwatch.TreatMissingData.NOT_BREACHING,
        }
        told = f"Account auditor: {description}"
        alarm = cloudwatch.Alarm(self, name, alarm_description=told, metric=metric, **(usual | different))
        alarm.add_alarm_action(self.action)
        alarm.add_ok_action(self.action)

    def _dashboard(self, functions: list[AuditorFunction]) -> None:
        board = cloudwatch.Dashboard(self, "Dashboard", default_interval=cdk.Duration.days(14))
        day = cdk.Duration.days(1)
        board.add_widgets(
            _graph("Open findings seen", [_metric("Findings", "Maximum", day)]),
            _graph("Transitions", [_metric("Transitions", "Sum", day)]),
            _graph("Checks skipped", [_metric("ChecksSkipped", "Maximum", day)]),
        )
        board.add_widgets(
            _graph("Errors", [it.function.metric_errors(period=HOUR) for it in functions]),
            _graph("Duration", [it.function.metric_duration(period=HOUR, statistic="Maximum") for it in functions]),
            _graph("Dead letters", [_waiting(it) for it in functions]),
        )


def _waiting(it: AuditorFunction) -> cloudwatch.Metric:
    return it.dead_letters.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES)


def _metric(name: str, statistic: str, period: cdk.Duration) -> cloudwatch.Metric:
    """A metric that the audit function writes."""
    return cloudwatch.Metric(
        namespace="Auditor", metric_name=name, dimensions_map={"service": "audit"}, statistic=statistic, period=period
    )


def _graph(title: str, metrics: list[cloudwatch.Metric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=metrics, width=8)
