"""A Lambda function of ours: its own role with exactly what it is given, and its own log group."""

from collections.abc import Iterable, Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.acknowledge import acknowledge
from infra.dead_letters import DeadLetters

LOG_ACTIONS = ("logs:CreateLogStream", "logs:PutLogEvents")
ENTERING = {"audit": "AccountAuditor-audit", "plan": "AccountAuditor-plan"}
"""The roles that enter other accounts: those trust the names before there are the roles, and after they were made anew.
"""


class AuditorFunction(Construct):
    """One handler of the package; `function` is it, `role` what it may do."""

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
        caller = iam.ServicePrincipal("lambda.amazonaws.com")
        self.role = iam.Role(self, "Role", assumed_by=caller, role_name=ENTERING.get(name))
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
        acknowledge(self.function, L1="Python 3.13 is what the dependencies are locked for and tested with")
        self.allow("WriteLogs", LOG_ACTIONS, [group.log_group_arn])

    def allow(self, sid: str, actions: Iterable[str], resources: Iterable[str]) -> None:
        """Let the function do `actions` on `resources`; nothing else widens its role."""
        self.role.add_to_principal_policy(
            iam.PolicyStatement(sid=sid, actions=sorted(actions), resources=list(resources))
        )

    def keeping_failures(self) -> DeadLetters:
        """A queue for what it cannot do, if nobody waits for its answer."""
        dead_letters = DeadLetters(self)
        self.allow("KeepFailures", ["sqs:SendMessage"], [dead_letters.queue_arn])
        return dead_letters
