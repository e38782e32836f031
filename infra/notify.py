"""The outbox: from the table's stream to machines, and to the queues of people's channels."""

import json

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from auditor.aws import findings_stream, machines, outbox
from auditor.aws.schema import CHANGED_BY_DAY
from auditor.settings import NotifySettings, environment
from infra.function import AuditorFunction
from infra.machines import Machines


class Notify(Construct):
    """The function that hands on what was written, and its place at the stream.

    It may also be invoked by hand, to hand on again what its dead letters were about.
    """

    def __init__(self, scope: Construct, *, code: lambda_.Code, table: dynamodb.Table, told: Machines) -> None:
        """Make both."""
        super().__init__(scope, "Notify")
        names = {
            "table_name": table.table_name,
            "events_topic_arn": told.topic.topic_arn,
            "bus_name": told.bus.event_bus_name,
        }
        self.of = AuditorFunction(
            self,
            "notify",
            code=code,
            environment=environment(NotifySettings, names),
            timeout=cdk.Duration.minutes(5),
            memory=512,
        )
        self.dead_letters = self.of.keeping_failures()
        self._allow(table, told)
        self._place(table.table_stream_arn or "")

    def _allow(self, table: dynamodb.Table, told: Machines) -> None:
        self.of.allow("ReadTheStream", findings_stream.ACTIONS, [table.table_stream_arn or ""])
        self.of.allow("HandOn", outbox.TABLE_ACTIONS, [table.table_arn])
        self.of.allow("FindAgain", outbox.INDEX_ACTIONS, [f"{table.table_arn}/index/{CHANGED_BY_DAY.name}"])
        self.of.allow("Publish", machines.TOPIC_ACTIONS, [told.topic.topic_arn])
        self.of.allow("PutOnTheBus", machines.BUS_ACTIONS, [told.bus.event_bus_arn])

    def _place(self, stream: str) -> None:
        """Batches wait for a few seconds only: what belongs together is put together where it is told.

        What cannot be handed on is tried again for as long as AWS may not be well, and holds up what comes after it.
        """
        lambda_.CfnEventSourceMapping(
            self,
            "Stream",
            function_name=self.of.function.function_name,
            event_source_arn=stream,
            starting_position="TRIM_HORIZON",
            batch_size=100,
            maximum_batching_window_in_seconds=5,
            function_response_types=["ReportBatchItemFailures"],
            bisect_batch_on_function_error=True,
            maximum_retry_attempts=50,
            maximum_record_age_in_seconds=6 * 3600,
            filter_criteria=lambda_.CfnEventSourceMapping.FilterCriteriaProperty(
                filters=[lambda_.CfnEventSourceMapping.FilterProperty(pattern=json.dumps(findings_stream.PATTERN))]
            ),
            destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(
                on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(destination=self.dead_letters.queue_arn)
            ),
        ).node.add_dependency(self.of.role)
