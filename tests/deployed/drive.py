"""Sets a deployed stack going and hears what it says: schedules, functions, topics, queues."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.deployed.emulator import Emulator

_PATIENCE = 30.0


@dataclass(frozen=True, kw_only=True)
class Response:
    """What a function answered: its parsed payload, and the error type if it failed (`Unhandled`)."""

    payload: Any
    error: str | None


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """A queue that hears a topic."""

    emulator: Emulator
    url: str

    def heard(self) -> list[str]:
        """Take the messages of the topic that have come, in no order."""
        return [json.loads(body)["Message"] for body in received(self.emulator, self.url)]

    def messages(self, count: int, within: float = _PATIENCE) -> list[str]:
        """Take at least `count` messages of the topic; raises `TimeoutError` if fewer come in time."""
        found: list[str] = []

        def enough() -> bool:
            found.extend(self.heard())
            return len(found) >= count

        eventually(enough, within)
        return found


def invoke(emulator: Emulator, function: str, payload: object) -> Response:
    """Invoke a function and wait for its answer."""
    answer = emulator.client("lambda").invoke(FunctionName=function, Payload=json.dumps(payload))
    return Response(payload=json.loads(answer["Payload"].read()), error=answer.get("FunctionError"))


def fire(emulator: Emulator, name: str, within: float = _PATIENCE) -> None:
    """Let the scheduler start the target of a schedule now: once, with its role and its input.

    Returns when it was started, without waiting for its end. The role is used only if it trusts the scheduler for the
    schedule's group, so a function that never runs may mean a wrong role. Raises `TimeoutError`.
    """
    client = emulator.client("scheduler")
    schedule = client.get_schedule(Name=name)
    once = f"{name}-now"[-64:]
    client.create_schedule(
        Name=once,
        GroupName=schedule["GroupName"],
        ScheduleExpression=f"at({datetime.now(UTC) - timedelta(seconds=1):%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=schedule["Target"],
        ActionAfterCompletion="DELETE",
    )
    eventually(lambda: once not in [it["Name"] for it in client.list_schedules()["Schedules"]], within)


def schedules(emulator: Emulator) -> tuple[str, ...]:
    """Return the names of all schedules."""
    return tuple(it["Name"] for it in emulator.client("scheduler").list_schedules()["Schedules"])


def listen(emulator: Emulator, topic: str) -> Inbox:
    """Subscribe a new queue, which lets only this topic send, to a topic (ARN)."""
    queues = emulator.client("sqs")
    url = queues.create_queue(QueueName=f"hears-{topic.rpartition(':')[2]}"[:80])["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        },
    }
    queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    emulator.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return Inbox(emulator=emulator, url=url)


def received(emulator: Emulator, url: str) -> list[str]:
    """Take the bodies of up to ten messages that a queue holds now, and delete them."""
    client, bodies = emulator.client("sqs"), []
    for message in client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        bodies.append(message["Body"])
        client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def discard_at_once(emulator: Emulator, function: str) -> None:
    """Let the function's event source mapping give a failing batch up after one second.

    The emulator knows no retry limit: only a record's age sends a batch to the on-failure destination, and
    CloudFormation takes no age under a minute.
    """
    client = emulator.client("lambda")
    for mapping in client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]:
        client.update_event_source_mapping(UUID=mapping["UUID"], MaximumRecordAgeInSeconds=1)


def eventually(holds: Callable[[], bool], within: float = _PATIENCE) -> None:
    """Wait until something holds; raises `TimeoutError`."""
    if not happens(holds, within):
        raise TimeoutError(f"not within {within} s")


def happens(holds: Callable[[], bool], within: float) -> bool:
    """Tell whether something comes to hold in time (seconds)."""
    deadline = time.monotonic() + within
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return held


def items(emulator: Emulator, table: str) -> Sequence[dict[str, Any]]:
    """Return every item of a table, in DynamoDB's JSON."""
    pages = emulator.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    return [item for page in pages for item in page["Items"]]
