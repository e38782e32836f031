"""The outbox: what the table's stream says was written is handed on, to machines at once and to people's queues."""

from datetime import date, timedelta
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from auditor import settings
from auditor.aws.machines import Machines
from auditor.aws.outbox import Handed, Outbox, Telling
from auditor.aws.session import new_session

logger = Logger(service="auditor")


class Redrive(BaseModel):
    """An operator's input: hand on what was written since that day, and was not handed on."""

    since: date


@logger.inject_lambda_context
def handler(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Hand on a batch of stream records, or what was left behind; the stream delivers the rest of a batch again."""
    told = settings.from_environment(settings.NotifySettings)
    session = new_session()
    outbox = Outbox(
        table=session.resource("dynamodb").Table(told.table_name),
        machines=Machines(
            sns=session.client("sns"),
            events=session.client("events"),
            topic=told.events_topic_arn,
            bus=told.bus_name,
        ),
        telling=_telling(settings.deployment()),
        now=settings.now(),
    )
    if "redrive" in event:
        handed = outbox.again(settings.validated(Redrive, event["redrive"]).since)
        _log(handed)
        return {"handed_on": handed.count, "stopped": handed.reason}
    handed = outbox.hand_on(event["Records"])
    _log(handed)
    return {"batchItemFailures": [{"itemIdentifier": handed.stopped_at}] if handed.stopped_at else []}


def _telling(deployment: settings.Deployment) -> Telling:
    alerts = deployment.alerts
    return Telling(
        channels=deployment.routes(),
        alert_at=deployment.alert_at(),
        escalate_to=alerts.escalate_to,
        escalate_after=timedelta(hours=alerts.escalate_after_hours),
    )


def _log(handed: Handed) -> None:
    if handed.stopped_at:
        logger.error("stopped", extra={"at": handed.stopped_at, "reason": handed.reason, "before": handed.count})
    else:
        logger.info("handed on", extra={"count": handed.count})
