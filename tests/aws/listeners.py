"""Queues on moto that hear a topic through a filter policy."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import boto3

NUMBERS = count()
YEARS = 10 * 365 * 24 * 3600
"""Seconds for which messages are kept that were sent on a day of the past, and are read today."""


@dataclass(frozen=True, kw_only=True)
class Listener:
    """`url` is its queue's."""

    sqs: Any
    url: str

    def heard(self) -> list[dict[str, Any]]:
        """The bodies of what has come, in order."""
        bodies: list[dict[str, Any]] = []
        while messages := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            bodies += (json.loads(it["Body"]) for it in messages)
            for it in messages:
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=it["ReceiptHandle"])
        return bodies


def on_topic(session: boto3.Session, topic: str, policy: Mapping[str, Any] | None = None) -> Listener:
    """What a subscription with that filter policy hears."""
    sqs = session.client("sqs")
    kept = {"MessageRetentionPeriod": str(YEARS)}
    url = sqs.create_queue(QueueName=f"listener-{next(NUMBERS)}", Attributes=kept)["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    filtered = {"FilterPolicy": json.dumps(policy)} if policy else {}
    session.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=filtered)
    return Listener(sqs=sqs, url=url)
