"""Watching the watcher: alarms that reach the people who get the findings, and a dashboard."""

from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from constructs import Construct

from infra.function import AuditorFunction
from infra.topics import Topics

HOUR = cdk.Duration.hours(1)
FIVE_MINUTES = cdk.Duration.minutes(5)
IGNORE = cloudwatch.TreatMissingData.IGNORE


class Watch(Construct):
    """Alarms for errors, dead letters, silence, skipped checks, and everything that people would not hear of."""

    def __init__(
        self,
        scope: Construct,
        *,
        audit: AuditorFunction,
        notify: AuditorFunction,
        tell: AuditorFunction,
        topics: Topics,
        hours: int,
    ) -> None:
        """Watch all functions; an audit must complete at least once in `hours`."""
        super().__init__(scope, "Watch")
        self.action = actions.SnsAction(topics.default.text)
        functions = [audit, notify, tell]
        for it in functions:
            name = it.node.id
            self._alarm(f"{name}Errors", f"the {name} function failed", it.function.metric_errors(period=FIVE_MINUTES))
            self._alarm(f"{name}DeadLetters", f"what the {name} function could not do waits in its queue", _waiting(it))
        self._watch_audits(hours)
        self._watch_telling(notify, tell)
        if topics.slack:
            self._watch_slack(topics.slack)
        self._dashboard(functions)

    def _watch_audits(self, hours: int) -> None:
        skipped = _metric("audit", "ChecksSkipped", "Maximum", HOUR)
        # Between two audits nothing is known anew: the alarm stays as it is, and is told once.
        self._alarm(
            "ChecksSkipped", "an audit could not look at everything it should", skipped, treat_missing_data=IGNORE
        )
        completed = _metric("audit", "AuditCompleted", "Sum", HOUR)
        self._alarm("Silence", f"no audit was completed in {hours} hours", completed, **_lacking(hours))

    def _watch_telling(self, notify: AuditorFunction, tell: AuditorFunction) -> None:
        behind = notify.function.metric("IteratorAge", statistic="Maximum", period=FIVE_MINUTES)
        self._alarm("Untold", "findings wait for an hour to be handed on", behind, threshold=3_600_000)
        undelivered = _metric("tell", "LettersUndelivered", "Maximum", FIVE_MINUTES)
        self._alarm("Undelivered", "a channel could not be told", undelivered)
        started = tell.function.metric_invocations(period=FIVE_MINUTES)
        self._alarm("Mute", "nothing has been told for 15 minutes, whatever there was", started, **_lacking(3))

    def _watch_slack(self, configurations: list[str]) -> None:
        """Amazon Q drops what it does not understand without a word, and counts it in one Region only."""
        here = cdk.Fn.condition_equals(cdk.Aws.REGION, "us-east-1")
        counted = cdk.CfnCondition(self, "AmazonQCountsHere", expression=here)
        for name in configurations:
            dropped = cloudwatch.Metric(
                namespace="AWS/Chatbot",
                metric_name="UnsupportedEvents",
                dimensions_map={"ConfigurationName": name},
                statistic="Sum",
                period=FIVE_MINUTES,
            )
            alarm = self._alarm(f"Dropped-{name}", f"Amazon Q dropped a message for {name}", dropped)
            cast("cdk.CfnResource", alarm.node.default_child).cfn_options.condition = counted

    def _alarm(self, name: str, description: str, metric: cloudwatch.Metric, **different: Any) -> cloudwatch.Alarm:
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
        return alarm

    def _dashboard(self, functions: list[AuditorFunction]) -> None:
        board = cloudwatch.Dashboard(self, "Dashboard", default_interval=cdk.Duration.days(14))
        day = cdk.Duration.days(1)
        board.add_widgets(
            _graph("Open findings seen", [_metric("audit", "Findings", "Maximum", day)]),
            _graph("Transitions", [_metric("audit", "Transitions", "Sum", day)]),
            _graph("Checks skipped", [_metric("audit", "ChecksSkipped", "Maximum", day)]),
        )
        board.add_widgets(
            _graph("Errors", [it.function.metric_errors(period=HOUR) for it in functions]),
            _graph("Duration", [it.function.metric_duration(period=HOUR, statistic="Maximum") for it in functions]),
            _graph("Dead letters", [_waiting(it) for it in functions]),
            _graph("Letters undelivered", [_metric("tell", "LettersUndelivered", "Maximum", HOUR)]),
        )


def _waiting(it: AuditorFunction) -> cloudwatch.Metric:
    return it.dead_letters.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES)


def _lacking(periods: int) -> dict[str, Any]:
    """What makes an alarm of a metric that was not there for so many of its periods."""
    return {
        "evaluation_periods": periods,
        "datapoints_to_alarm": periods,
        "comparison_operator": cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        "treat_missing_data": cloudwatch.TreatMissingData.BREACHING,
    }


def _metric(service: str, name: str, statistic: str, period: cdk.Duration) -> cloudwatch.Metric:
    """A metric that a function writes."""
    return cloudwatch.Metric(
        namespace="Auditor", metric_name=name, dimensions_map={"service": service}, statistic=statistic, period=period
    )


def _graph(title: str, metrics: list[cloudwatch.Metric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=metrics, width=8)
