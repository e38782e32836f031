"""The findings table."""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from auditor.aws.schema import INDEXES, PROJECTED

STRING = dynamodb.AttributeType.STRING
CARRIES = {True: "KEYS_ONLY", False: "INCLUDE"}


class FindingsTable(Construct):
    """On demand, with point-in-time recovery, a stream of old and new images, and the indexes the code knows."""

    def __init__(self, scope: Construct) -> None:
        """Make the table; it outlives the stack."""
        super().__init__(scope, "Findings")
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="pk", type=STRING),
            sort_key=dynamodb.Attribute(name="sk", type=STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.DEFAULT,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
            time_to_live_attribute="expires_at",
            deletion_protection=True,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        for index in INDEXES:
            self.table.add_global_secondary_index(
                index_name=index.name,
                partition_key=dynamodb.Attribute(name=index.partition_key, type=STRING),
                sort_key=dynamodb.Attribute(name=index.sort_key, type=STRING),
                projection_type=dynamodb.ProjectionType[CARRIES[index.keys_only]],
                non_key_attributes=None if index.keys_only else [it for it in PROJECTED if it not in index.keys],
            )
