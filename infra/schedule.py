"""What starts a function on time."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from infra.function import AuditorFunction

Retries = scheduler.CfnSchedule.RetryPolicyProperty
NONE = Retries(maximum_retry_attempts=0, maximum_event_age_in_seconds=60)
"""EventBridge Scheduler gives up after a minute at the earliest."""


class Schedule(Construct):
    """A schedule with a role that can start its function, and keep what it could not start, and nothing else."""

    def __init__(
        self,
        scope: Construct,
        of: AuditorFunction,
        *,
        expression: str,
        timezone: str = "UTC",
        window: cdk.Duration | None = None,
        retries: Retries = NONE,
    ) -> None:
        """Start `of` as `expression` says, somewhen in `window` from then, or exactly then; without any input."""
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
                arn=of.function.function_arn,
                role_arn=self._role(of).role_arn,
                input="{}",
                retry_policy=retries,
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=of.dead_letters.queue_arn),
            ),
        )

    def _role(self, of: AuditorFunction) -> iam.Role:
        own = {"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}}
        caller = iam.ServicePrincipal("scheduler.amazonaws.com").with_conditions(own)
        role = iam.Role(self, "Role", assumed_by=caller)
        for action, resource in {
            "lambda:InvokeFunction": of.function.function_arn,
            "sqs:SendMessage": of.dead_letters.queue_arn,
        }.items():
            role.add_to_policy(iam.PolicyStatement(actions=[action], resources=[resource]))
        return role
