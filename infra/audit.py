"""What audits one account."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from auditor.aws import evidence_store, findings_table, run_store
from auditor.aws.sources import ACTIONS
from auditor.settings import AuditSettings, Deployment, environment
from infra.acknowledge import acknowledge_stars
from infra.entering import may_enter
from infra.function import AuditorFunction


class Audit(Construct):
    """The function; its role is what the sources, the bucket and the table ask for, and the way into other accounts."""

    def __init__(
        self,
        scope: Construct,
        *,
        code: lambda_.Code,
        deployment: Deployment,
        table: dynamodb.Table,
        bucket: s3.Bucket,
    ) -> None:
        """Make it."""
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
        if deployment.accounts.organization:
            runs = bucket.arn_for_objects(f"{run_store.PREFIX}/*")
            self.of.allow("ReadTheRun", run_store.READ_ACTIONS, [runs])
            acknowledge_stars(self.of.role, "each run has objects of its own", runs)
        may_enter(self.of, deployment.accounts)

    def _allow(self, table: dynamodb.Table, bucket: s3.Bucket) -> None:
        self.of.allow("ReadTheAccount", ACTIONS, ["*"])
        self.of.allow("RecordFindings", findings_table.ACTIONS, [table.table_arn])
        kept, latest = (bucket.arn_for_objects(f"{it}/*") for it in (evidence_store.PREFIX, evidence_store.LATEST))
        self.of.allow("KeepEvidence", evidence_store.KEEP_ACTIONS, [kept, latest])
        self.of.allow("RecallEvidence", evidence_store.RECALL_ACTIONS, [latest])
        self.of.allow("FindEvidence", evidence_store.LIST_ACTIONS, [bucket.bucket_arn])
        acknowledge_stars(self.of.role, "the reads of the account know no resource beforehand", "*")
        acknowledge_stars(self.of.role, "each account, and each audit, has objects of its own", kept, latest)
