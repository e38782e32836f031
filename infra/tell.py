"""The mailroom: every minute, from the queues of people's channels to their topics and webhooks."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from constructs import Construct

from auditor.aws import mailroom, post, webhook
from auditor.aws.schema import CHANGED_BY_DAY, OPEN_BY_SEVERITY
from auditor.settings import ChannelSettings, TellSettings, environment
from infra.function import AuditorFunction
from infra.schedule import Schedule, Start
from infra.topics import Topics

MINUTE = cdk.Duration.minutes(1)


class Tell(Construct):
    """The function that writes to people, started every minute; what it could not do, the next minute tries again."""

    def __init__(
        self,
        scope: Construct,
        *,
        code: lambda_.Code,
        channels: Mapping[str, ChannelSettings],
        table: dynamodb.Table,
        topics: Topics,
    ) -> None:
        """Make both."""
        super().__init__(scope, "Tell")
        told = {
            "table_name": table.table_name,
            "text_topic_arn": topics.default.text.topic_arn,
            "chat_topic_arn": topics.default.chat.topic_arn,
        }
        self.of = AuditorFunction(
            self,
            "tell",
            code=code,
            environment=environment(TellSettings, told),
            timeout=cdk.Duration.minutes(2),
            memory=512,
        )
        self.of.allow("EmptyTheQueues", mailroom.TABLE_ACTIONS, [table.table_arn])
        indexes = [f"{table.table_arn}/index/{index.name}" for index in (CHANGED_BY_DAY, OPEN_BY_SEVERITY)]
        self.of.allow("SumUpTheDay", mailroom.INDEX_ACTIONS, indexes)
        self.of.allow("Tell", post.TOPIC_ACTIONS, topics.arns)
        if secrets := sorted({it.webhook_secret for it in channels.values() if it.webhook_secret}):
            self.of.allow("ReadWebhooks", webhook.ACTIONS, secrets)
        self.dead_letters = self.of.keeping_failures()
        self.of.function.configure_async_invoke(
            retry_attempts=0, max_event_age=MINUTE, on_failure=destinations.SqsDestination(self.dead_letters)
        )
        arn = self.of.function.function_arn
        start = Start(arn=arn, action="lambda:InvokeFunction", dead_letters=self.dead_letters)
        Schedule(self, start, expression="rate(1 minute)")
