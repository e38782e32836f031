"""The scheduled audit."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_s3 as s3
from constructs import Construct

from auditor.aws import evidence_store, findings_table
from auditor.aws.sources import ACTIONS
from auditor.settings import AuditSettings, Deployment, environment
from infra.acknowledge import acknowledge, logical_id
from infra.function import AuditorFunction
from infra.schedule import Retries, Schedule


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
        told = {"table_name": table.table_name, "evidence_bucket": bucket.bucket_name}
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
        Schedule(
            self,
            self.of,
            expression=deployment.schedule,
            timezone=deployment.timezone,
            window=cdk.Duration.minutes(15),
            retries=Retries(maximum_retry_attempts=3, maximum_event_age_in_seconds=3600),
        )

    def _allow(self, table: dynamodb.Table, bucket: s3.Bucket) -> None:
        self.of.allow("ReadTheAccount", ACTIONS, ["*"])
        self.of.allow("RecordFindings", findings_table.ACTIONS, [table.table_arn])
        kept, latest = (bucket.arn_for_objects(f"{it}/*") for it in (evidence_store.PREFIX, evidence_store.LATEST))
        self.of.allow("KeepEvidence", evidence_store.KEEP_ACTIONS, [kept, latest])
        self.of.allow("RecallEvidence", evidence_store.RECALL_ACTIONS, [latest])
        self.of.allow("FindEvidence", evidence_store.LIST_ACTIONS, [bucket.bucket_arn])
        reads = "the reads of the account, and of what runs in its Regions, know no resource beforehand"
        objects = {
            f"IAM5[Resource::<{logical_id(bucket)}.Arn>/{it}/*]": "each account, and each audit, has objects of its own"
            for it in (evidence_store.PREFIX, evidence_store.LATEST)
        }
        acknowledge(self.of.role, **{"IAM5[Resource::*]": reads, **objects})
