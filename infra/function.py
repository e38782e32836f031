"""A Lambda function of ours: its own role with exactly what it is given, its own log group, failures kept."""

from collections.abc import Iterable, Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.acknowledge import acknowledge

LOG_ACTIONS = ("logs:CreateLogStream", "logs:PutLogEvents")


class AuditorFunction(Construct):
    """One handler of the package. `function` is it, `dead_letters` where what it could not do ends up."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        code: lambda_.Code,
        environment: Mapping[str, str],
        timeout: cdk.Duration,
        memory: int,
    ) -> None:
        """Make the function ``auditor.handlers.<name>``; `memory` in MiB."""
        super().__init__(scope, name.capitalize())
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.dead_letters = sqs.Queue(self, "DeadLetters", enforce_ssl=True, retention_period=cdk.Duration.days(14))
        group = logs.LogGroup(
            self, "Logs", retention=logs.RetentionDays.THREE_MONTHS, removal_policy=cdk.RemovalPolicy.DESTROY
        )
        self.function = lambda_.Function(
            self,
            "Function",
            code=code,
            handler=f"auditor.handlers.{name}.handler",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            environment=dict(environment),
            timeout=timeout,
            memory_size=memory,
            log_group=group,
            role=self.role.without_policy_updates(),
        )
        acknowledge(self.dead_letters, SQS3="it is the dead-letter queue itself, and an alarm watches it")
        acknowledge(self.function, L1="Python 3.13 is what the dependencies are locked for and tested with")
        self.allow("WriteLogs", LOG_ACTIONS, [group.log_group_arn])
        self.allow("KeepFailures", ["sqs:SendMessage"], [self.dead_letters.queue_arn])

    def allow(self, sid: str, actions: Iterable[str], resources: Iterable[str]) -> None:
        """Let the function do `actions` on `resources`; nothing else widens its role."""
        self.role.add_to_principal_policy(
            iam.PolicyStatement(sid=sid, actions=sorted(actions), resources=list(resources))
        )
