"""The evidence bucket."""

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from auditor.aws import run_store
from infra.acknowledge import acknowledge

RUNS = cdk.Duration.days(30)
"""How long the bucket keeps what runs hand from one function to the next."""


class EvidenceBucket(Construct):
    """Versioned, private, encrypted, TLS only; evidence goes when it is `days` old, replaced versions too."""

    def __init__(self, scope: Construct, *, days: int) -> None:
        """Make the bucket; it outlives the stack."""
        super().__init__(scope, "Evidence")
        kept = cdk.Duration.days(days)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            versioned=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            lifecycle_rules=[
                s3.LifecycleRule(expiration=kept, noncurrent_version_expiration=kept),
                s3.LifecycleRule(
                    prefix=f"{run_store.PREFIX}/", expiration=RUNS, noncurrent_version_expiration=cdk.Duration.days(1)
                ),
            ],
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        acknowledge(self.bucket, S1="who reads evidence is CloudTrail's to record, with data events on this bucket")
