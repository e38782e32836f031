"""Watching the watcher: alarms that reach the people who get the findings, and a dashboard."""

from collections.abc import Mapping
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from infra.dead_letters import DeadLetters
from infra.function import AuditorFunction
from infra.topics import Topics

DAY = cdk.Duration.days(1)
HOUR = cdk.Duration.hours(1)
FIVE_MINUTES = cdk.Duration.minutes(5)
IGNORE = cloudwatch.TreatMissingData.IGNORE
ENDS = {"Failed": "failed", "Aborted": "was stopped", "TimedOut": "took too long"}


class Watch(Construct):
    """Alarms for errors, dead letters, silence, what was not audited, and everything that people would not hear of."""

    def __init__(
        self,
        scope: Construct,
        *,
        machine: stepfunctions.CfnStateMachine,
        functions: Mapping[str, AuditorFunction],
        dead_letters: Mapping[str, DeadLetters],
        topics: Topics,
        hours: int,
    ) -> None:
        """Watch the state machine, and functions and dead letters by name; a run must end well once in `hours`."""
        super().__init__(scope, "Watch")
        self.action = actions.SnsAction(topics.default.text)
        for name, it in functions.items():
            failed = it.function.metric_errors(period=FIVE_MINUTES)
            self._alarm(f"{name}Errors", f"the {name} function failed", failed)
        for name, queue in dead_letters.items():
            self._alarm(f"{name}DeadLetters", f"what {name} gave up waits in its queue", _waiting(queue))
        self._watch_runs(machine, hours)
        self._watch_accounts()
        self._watch_telling(functions["Notify"], functions["Tell"])
        if topics.slack:
            self._watch_slack(topics.slack)
        self._dashboard(machine, functions, dead_letters)

    def _watch_runs(self, machine: stepfunctions.CfnStateMachine, hours: int) -> None:
        for end, said in ENDS.items():
            ended = _executions(machine, end, FIVE_MINUTES)
            self._alarm(f"Run{end}", f"a run over the accounts {said}", ended)
        started = _executions(machine, "Started", HOUR)
        self._alarm("NotStarted", f"no run over the accounts was started in {hours} hours", started, **_lacking(hours))
        completed = _metric("summarise", "RunCompleted", "Sum", HOUR)
        self._alarm("Silence", f"no run over the accounts was completed in {hours} hours", completed, **_lacking(hours))

    def _watch_accounts(self) -> None:
        """Between two runs nothing is known anew: an alarm stays as it is, and is told once."""
        for name, description, metric in (
            ("ChecksSkipped", "an audit could not look at everything it should", _metric("audit", "ChecksSkipped")),
            ("NotAudited", "accounts could not be audited", _metric("summarise", "AccountsNotAudited")),
            ("Lost", "accounts that were audited before are missing", _metric("summarise", "AccountsLost")),
        ):
            self._alarm(name, description, metric, treat_missing_data=IGNORE)

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

    def _dashboard(
        self,
        machine: stepfunctions.CfnStateMachine,
        functions: Mapping[str, AuditorFunction],
        dead_letters: Mapping[str, DeadLetters],
    ) -> None:
        board = cloudwatch.Dashboard(self, "Dashboard", default_interval=cdk.Duration.days(14))
        accounts = ("AccountsPlanned", "AccountsAudited", "AccountsNotAudited", "AccountsSkipped")
        board.add_widgets(
            _graph("Accounts", [_metric("summarise", it, period=DAY) for it in accounts]),
            _graph("Runs", [_executions(machine, it, DAY) for it in ("Started", "Succeeded", *ENDS)]),
            _graph("Seconds an account", _spread("Seconds")),
            _graph("Calls an account", _spread("Calls")),
        )
        board.add_widgets(
            _graph("Open findings seen", [_metric("audit", "Findings", period=DAY)]),
            _graph("Transitions", [_metric("audit", "Transitions", "Sum", DAY)]),
            _graph("Checks skipped", [_metric("audit", "ChecksSkipped", period=DAY)]),
            _graph("Sources unavailable", [_metric("audit", "SourcesUnavailable", period=DAY)]),
        )
        each = [it.function for it in functions.values()]
        board.add_widgets(
            _graph("Errors", [it.metric_errors(period=HOUR) for it in each]),
            _graph("Duration", [it.metric_duration(period=HOUR, statistic="Maximum") for it in each]),
            _graph("Dead letters", [_waiting(it) for it in dead_letters.values()]),
            _graph("Letters undelivered", [_metric("tell", "LettersUndelivered")]),
        )


def _waiting(queue: DeadLetters) -> cloudwatch.Metric:
    return queue.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES)


def _executions(machine: stepfunctions.CfnStateMachine, what: str, period: cdk.Duration) -> cloudwatch.Metric:
    """How many executions of the state machine were started, or ended so."""
    return cloudwatch.Metric(
        namespace="AWS/States",
        metric_name=f"Executions{what}",
        dimensions_map={"StateMachineArn": machine.attr_arn},
        statistic="Sum",
        period=period,
    )


def _spread(name: str) -> list[cloudwatch.Metric]:
    return [_metric("audit", name, statistic, DAY) for statistic in ("p50", "Maximum")]


def _lacking(periods: int) -> dict[str, Any]:
    """What makes an alarm of a metric that was not there for so many of its periods."""
    return {
        "evaluation_periods": periods,
        "datapoints_to_alarm": periods,
        "comparison_operator": cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        "treat_missing_data": cloudwatch.TreatMissingData.BREACHING,
    }


def _metric(service: str, name: str, statistic: str = "Maximum", period: cdk.Duration = HOUR) -> cloudwatch.Metric:
    """A metric that a function writes."""
    return cloudwatch.Metric(
        namespace="Auditor", metric_name=name, dimensions_map={"service": service}, statistic=statistic, period=period
    )


def _graph(title: str, metrics: list[cloudwatch.Metric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=metrics, width=6)
