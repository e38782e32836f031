"""The outbox: what the table's stream says was written is told."""

from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from auditor import settings
from auditor.aws.findings_stream import notices, table_name
from auditor.aws.topics import Topics

logger = Logger(service="auditor")


@logger.inject_lambda_context
def handler(event: dict[str, Any], _: LambdaContext) -> None:
    """Tell a batch of stream records; a failure makes the stream deliver it again."""
    told = settings.from_environment(settings.NotifySettings)
    topics = Topics(
        sns=boto3.client("sns"), text=told.text_topic_arn, chat=told.chat_topic_arn, events=told.events_topic_arn
    )
    table = table_name(event["Records"])
    for notice in notices(event["Records"]):
        topics.tell(notice, table)
        logger.info("told", extra={"account": notice.owner.account, "counts": notice.counts, "empty": notice.empty})
