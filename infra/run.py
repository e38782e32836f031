"""A run over all accounts: what plans it, what carries it out, what sums it up, and when."""

import json

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from auditor.aws import organization_view, run_store, runs_table
from auditor.aws.schema import CHANGED_BY_DAY
from auditor.settings import Deployment, PlanSettings, SummariseSettings, environment
from infra.acknowledge import acknowledge, acknowledge_stars
from infra.audit import Audit
from infra.dead_letters import DeadLetters
from infra.definition import LABEL, definition, substitutions
from infra.entering import may_enter
from infra.function import AuditorFunction
from infra.schedule import Retries, Schedule, Start

RESULT_ACTIONS = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject")
"""What a Distributed Map needs to write its results; it reads its items with one of them."""

LOOK_ACTIONS = ("states:DescribeExecution", "states:RedriveExecution", "states:StopExecution")
"""What it needs on its executions: to follow and to end them, and to go on where a run that was stopped has been."""

OBJECTS = "each run has objects of its own"

CLOCK = json.dumps({"now": "<aws.scheduler.scheduled-time>"})
"""EventBridge Scheduler fills it in: the same for every attempt."""


class Run(Construct):
    """The schedule starts `machine`, which has the `plan` carried out by the audit function and then summed up."""

    def __init__(
        self,
        scope: Construct,
        *,
        code: lambda_.Code,
        deployment: Deployment,
        audit: Audit,
        table: dynamodb.Table,
        bucket: s3.Bucket,
    ) -> None:
        """Make all of it."""
        super().__init__(scope, "Run")
        told = {"table_name": table.table_name, "evidence_bucket": bucket.bucket_name}
        self.plan, self.summarise = (
            AuditorFunction(
                self,
                name,
                code=code,
                environment=environment(told_by, told),
                timeout=cdk.Duration.minutes(15),
                memory=megabytes,
            )
            for name, told_by, megabytes in (("plan", PlanSettings, 1024), ("summarise", SummariseSettings, 512))
        )
        self._allow(deployment, table, bucket)
        self.machine = self._machine(deployment, audit, bucket)
        self.dead_letters = self._scheduled(deployment)

    def _allow(self, deployment: Deployment, table: dynamodb.Table, bucket: s3.Bucket) -> None:
        index, runs = f"{table.table_arn}/index/{CHANGED_BY_DAY.name}", bucket.arn_for_objects(f"{run_store.PREFIX}/*")
        if deployment.accounts.organization:
            self.plan.allow("ReadTheOrganization", organization_view.ACTIONS, ["*"])
            acknowledge_stars(self.plan.role, "nobody knows beforehand what an organization has", "*")
        may_enter(self.plan, deployment.accounts)
        self.plan.allow("PlanRuns", runs_table.PLAN_ACTIONS, [table.table_arn])
        self.plan.allow("WriteTheRun", run_store.WRITE_ACTIONS, [runs])
        self.summarise.allow("SumUpRuns", runs_table.SUMMARISE_ACTIONS, [table.table_arn])
        self.summarise.allow("ReadTheRun", run_store.READ_ACTIONS, [runs])
        for it in (self.plan, self.summarise):
            it.allow("FindAccounts", runs_table.INDEX_ACTIONS, [index])
            acknowledge_stars(it.role, OBJECTS, runs)

    def _machine(self, deployment: Deployment, audit: Audit, bucket: s3.Bucket) -> stepfunctions.CfnStateMachine:
        stack = cdk.Stack.of(self)
        name = f"{stack.stack_name}-run"
        called = {"Plan": self.plan, "Audit": audit.of, "Summarise": self.summarise}
        role = self._role(name, list(called.values()), bucket)
        machine = stepfunctions.CfnStateMachine(
            self,
            "Machine",
            state_machine_name=name,
            role_arn=role.role_arn,
            definition_string=json.dumps(definition(deployment.accounts, deployment.silence_hours)),
            definition_substitutions=substitutions(stack.partition, **called),
        )
        machine.node.add_dependency(role)
        acknowledge(
            machine,
            SF1="Step Functions itself keeps every event of a run for 90 days, and its results lie in the bucket",
            SF2="the functions' logs and metrics say what took how long",
        )
        return machine

    def _role(self, machine: str, called: list[AuditorFunction], bucket: s3.Bucket) -> iam.Role:
        """The map starts executions of its own state machine, and looks after them."""
        stack = cdk.Stack.of(self)
        own = {"StringEquals": {"aws:SourceAccount": stack.account}}
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com").with_conditions(own))
        states = f"arn:{stack.partition}:states:{stack.region}:{stack.account}"
        runs = bucket.arn_for_objects(f"{run_store.PREFIX}/*")
        executions = [f"{states}:execution:{machine}{them}:*" for them in ("", f"/{LABEL}")]
        for sid, actions, resources in (
            ("CallFunctions", ["lambda:InvokeFunction"], [it.function.function_arn for it in called]),
            ("StartAccounts", ["states:StartExecution"], [f"{states}:stateMachine:{machine}"]),
            ("LookAfterAccounts", LOOK_ACTIONS, executions),
            ("KeepResults", RESULT_ACTIONS, [runs]),
        ):
            role.add_to_policy(iam.PolicyStatement(sid=sid, actions=list(actions), resources=resources))
        acknowledge_stars(role, OBJECTS, runs)
        acknowledge_stars(role, "each account is an execution of its own", *executions)
        return role

    def _scheduled(self, deployment: Deployment) -> DeadLetters:
        dead_letters = DeadLetters(self)
        Schedule(
            self,
            Start(arn=self.machine.attr_arn, action="states:StartExecution", dead_letters=dead_letters, told=CLOCK),
            expression=deployment.schedule,
            timezone=deployment.timezone,
            window=cdk.Duration.minutes(15),
            retries=Retries(maximum_retry_attempts=3, maximum_event_age_in_seconds=3600),
        )
        return dead_letters
