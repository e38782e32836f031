"""The scheduled audit."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from auditor.aws import evidence_store, findings_table
from auditor.aws.sources import ACTIONS
from auditor.settings import AuditSettings, Deployment, environment
from infra.acknowledge import acknowledge, logical_id
from infra.function import AuditorFunction


class Audit(Construct):
    """The schedule and the function it starts; the role is what the sources, the bucket and the table ask for."""

    def __init__(
        self,
        scope: Construct,
        *,
        code: lambda_.Code,
        deployment: Deployment,
        table: dynamodb.Table,
        bucket: s3.Bucket,
    ) -> None:
        """Make both."""
        super().__init__(scope, "Audit")
        told = {
            "table_name": table.table_name,
            "evidence_bucket": bucket.bucket_name,
            "limits": deployment.limits_json(),
        }
        self.of = AuditorFunction(
            self,
            "audit",
            code=code,
            environment=environment(AuditSettings, told),
            timeout=cdk.Duration.minutes(15),
            memory=1024,
        )
        self._allow(table, bucket)
        self.of.function.configure_async_invoke(
            retry_attempts=2,
            max_event_age=cdk.Duration.hours(2),
            on_failure=destinations.SqsDestination(self.of.dead_letters),
        )
        self._schedule(deployment)

    def _allow(self, table: dynamodb.Table, bucket: s3.Bucket) -> None:
        self.of.allow("ReadTheAccount", ACTIONS, ["*"])
        self.of.allow("RecordFindings", findings_table.ACTIONS, [table.table_arn])
        self.of.allow("KeepEvidence", evidence_store.ACTIONS, [bucket.arn_for_objects(f"{evidence_store.PREFIX}/*")])
        objects = f"IAM5[Resource::<{logical_id(bucket)}.Arn>/{evidence_store.PREFIX}/*]"
        reads = "the account-wide reads of IAM, EC2 and Access Analyzer know no resource"
        acknowledge(self.of.role, **{"IAM5[Resource::*]": reads, objects: "each audit has objects of its own"})

    def _schedule(self, deployment: Deployment) -> None:
        own = {"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}}
        caller = iam.ServicePrincipal("scheduler.amazonaws.com").with_conditions(own)
        role = iam.Role(self, "ScheduleRole", assumed_by=caller)
        role.add_to_policy(
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[self.of.function.function_arn])
        )
        role.add_to_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[self.of.dead_letters.queue_arn]))
        scheduler.CfnSchedule(
            self,
            "Schedule",
            schedule_expression=deployment.schedule,
            schedule_expression_timezone=deployment.timezone,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(
                mode="FLEXIBLE", maximum_window_in_minutes=15
            ),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=self.of.function.function_arn,
                role_arn=role.role_arn,
                input="{}",
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_retry_attempts=3, maximum_event_age_in_seconds=3600
                ),
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=self.of.dead_letters.queue_arn),
            ),
        )
