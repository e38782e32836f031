"""What starts something on time."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from infra.dead_letters import DeadLetters

Retries = scheduler.CfnSchedule.RetryPolicyProperty
NONE = Retries(maximum_retry_attempts=0, maximum_event_age_in_seconds=60)
"""EventBridge Scheduler gives up after a minute at the earliest."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """What is started: by `action` on `arn`, with `told` as its input; `dead_letters` keep what could not be."""

    arn: str
    action: str
    dead_letters: DeadLetters
    told: str = "{}"


class Schedule(Construct):
    """A schedule with a role that can start one thing, and keep what it could not start, and nothing else."""

    def __init__(
        self,
        scope: Construct,
        start: Start,
        *,
        expression: str,
        timezone: str = "UTC",
        window: cdk.Duration | None = None,
        retries: Retries = NONE,
    ) -> None:
        """Do it as `expression` says, somewhen in `window` from then, or exactly then."""
        super().__init__(scope, "Schedule")
        flexible = scheduler.CfnSchedule.FlexibleTimeWindowProperty
        scheduler.CfnSchedule(
            self,
            "Schedule",
            schedule_expression=expression,
            schedule_expression_timezone=timezone,
            flexible_time_window=(
                flexible(mode="FLEXIBLE", maximum_window_in_minutes=window.to_minutes())
                if window
                else flexible(mode="OFF")
            ),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=start.arn,
                role_arn=self._role(start).role_arn,
                input=start.told,
                retry_policy=retries,
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=start.dead_letters.queue_arn),
            ),
        )

    def _role(self, start: Start) -> iam.Role:
        own = {"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}}
        caller = iam.ServicePrincipal("scheduler.amazonaws.com").with_conditions(own)
        role = iam.Role(self, "Role", assumed_by=caller)
        for action, resource in {start.action: start.arn, "sqs:SendMessage": start.dead_letters.queue_arn}.items():
            role.add_to_policy(iam.PolicyStatement(actions=[action], resources=[resource]))
        return role
