"""Every minute: people are told what waits for their channel."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import urllib3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from auditor import settings
from auditor.aws import exceptions_file
from auditor.aws.daily import Daily
from auditor.aws.mailroom import Mailroom, Told, known_channels
from auditor.aws.post import Post
from auditor.aws.session import new_session
from auditor.aws.webhook import Webhook

logger = Logger(service="auditor")
metrics = Metrics(namespace="Auditor", service="tell")


@logger.inject_lambda_context
@metrics.log_metrics
def handler(_event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Tell every channel; what went out, and what a medium did not take."""
    told = sum((mailroom.tell() for mailroom in mailrooms()), Told())
    metrics.add_metric(name="LettersDelivered", unit=MetricUnit.Count, value=told.delivered)
    metrics.add_metric(name="LettersUndelivered", unit=MetricUnit.Count, value=len(told.undelivered))
    outcome = {"delivered": told.delivered, "undelivered": list(told.undelivered)}
    logger.info("told", extra=outcome)
    return outcome


def mailrooms() -> list[Mailroom]:
    """One for each channel of the deployment."""
    names, deployment, now = settings.from_environment(settings.TellSettings), settings.deployment(), settings.now()
    session = new_session()
    table = session.resource("dynamodb").Table(names.table_name)
    post = Post(
        sns=session.client("sns"),
        text=names.text_topic_arn,
        chat=names.chat_topic_arn,
        webhook=Webhook(secrets=session.client("secretsmanager"), http=urllib3.PoolManager()),
        webhooks={name: it.webhook_secret for name, it in deployment.channels.items()},
    )
    daily = Daily(
        table=table,
        channels=deployment.routes(),
        exceptions=exceptions_file.shipped(now.date()),
        hour=deployment.alerts.digest_hour,
        zone=ZoneInfo(deployment.timezone),
        quiet=deployment.alerts.quiet_digest,
    )
    after = timedelta(hours=deployment.alerts.escalate_after_hours)
    return [
        Mailroom(channel=name, table=table, post=post, daily=daily, now=now, escalate_after=after)
        for name in known_channels(table, deployment.channels)
    ]
