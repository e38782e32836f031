"""The outbox: from the table's stream to the topics."""

import json

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from auditor.aws import findings_stream, topics
from auditor.settings import NotifySettings, environment
from infra.function import AuditorFunction
from infra.topics import Topics


class Notify(Construct):
    """The function that tells, and its place at the stream."""

    def __init__(self, scope: Construct, *, code: lambda_.Code, table: dynamodb.Table, topics_: Topics) -> None:
        """Make both. A batch is what comes together within a minute, so that one audit is one message."""
        super().__init__(scope, "Notify")
        told = {
            "text_topic_arn": topics_.text.topic_arn,
            "chat_topic_arn": topics_.chat.topic_arn,
            "events_topic_arn": topics_.events.topic_arn,
        }
        self.of = AuditorFunction(
            self,
            "notify",
            code=code,
            environment=environment(NotifySettings, told),
            timeout=cdk.Duration.minutes(2),
            memory=256,
        )
        stream = table.table_stream_arn or ""
        self.of.allow("Tell", topics.ACTIONS, list(told.values()))
        self.of.allow("ReadTheStream", findings_stream.ACTIONS, [stream])
        lambda_.CfnEventSourceMapping(
            self,
            "Stream",
            function_name=self.of.function.function_name,
            event_source_arn=stream,
            starting_position="TRIM_HORIZON",
            batch_size=1000,
            maximum_batching_window_in_seconds=60,
            bisect_batch_on_function_error=True,
            maximum_retry_attempts=5,
            filter_criteria=lambda_.CfnEventSourceMapping.FilterCriteriaProperty(
                filters=[lambda_.CfnEventSourceMapping.FilterProperty(pattern=json.dumps(findings_stream.PATTERN))]
            ),
            destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(
                on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(destination=self.of.dead_letters.queue_arn)
            ),
        ).node.add_dependency(self.of.role)
