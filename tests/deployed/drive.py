"""Sets a deployed stack going and hears what it says: schedules, functions, topics, queues."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.deployed.emulator import Emulator

_PATIENCE = 60.0


@dataclass(frozen=True, kw_only=True)
class Response:
    """What a function answered: its parsed payload, and the error type if it failed (`Unhandled`)."""

    payload: Any
    error: str | None


@dataclass(frozen=True, kw_only=True)
class Message:
    """What came to a queue, and when (in Unix seconds): the text, and of a topic's message its attributes by name."""

    text: str
    at: float
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        """The text, read as JSON."""
        return json.loads(self.text)


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """A queue that hears a topic or a bus; it remembers what has come."""

    emulator: Emulator
    url: str
    known: list[Message] = field(default_factory=list)

    def heard(self) -> list[Message]:
        """Everything that has come until now, in no order."""
        while some := _received(self.emulator, self.url):
            self.known.extend(map(_message, some))
        return list(self.known)


def _message(it: Mapping[str, Any]) -> Message:
    body, at = json.loads(it["Body"]), int(it["Attributes"]["SentTimestamp"]) / 1000
    if body.get("Type") != "Notification":
        return Message(text=it["Body"], at=at)
    attributes = {name: value["Value"] for name, value in body.get("MessageAttributes", {}).items()}
    return Message(text=body["Message"], at=at, attributes=attributes)


def invoke(emulator: Emulator, function: str, payload: object) -> Response:
    """Invoke a function and wait for its answer."""
    answer = emulator.client("lambda").invoke(FunctionName=function, Payload=json.dumps(payload))
    return Response(payload=json.loads(answer["Payload"].read()), error=answer.get("FunctionError"))


def hand_in(emulator: Emulator, function: str) -> None:
    """Invoke a function without waiting for its answer, as a schedule does."""
    emulator.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload="{}")


def failures_of(emulator: Emulator, function: str) -> str:
    """Return the URL of the queue that gets what a function could not do."""
    found = emulator.client("lambda").get_function_event_invoke_config(FunctionName=function, Qualifier="$LATEST")
    return queue_of(emulator, found["DestinationConfig"]["OnFailure"]["Destination"])


def queue_of(emulator: Emulator, arn: str) -> str:
    """Return the URL of a queue."""
    return str(emulator.client("sqs").get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"])


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


def schedule_of(emulator: Emulator, function: str) -> str:
    """Return the name of the one schedule that starts a function."""
    client = emulator.client("scheduler")
    names = [it["Name"] for it in client.list_schedules()["Schedules"]]
    arns = {name: client.get_schedule(Name=name)["Target"]["Arn"] for name in names}
    (found,) = [str(name) for name, arn in arns.items() if arn.endswith(f":{function}")]
    return found


@contextmanager
def paused(emulator: Emulator, schedule: str) -> Iterator[None]:
    """Let a schedule start nothing by itself meanwhile; `fire` still does."""
    client = emulator.client("scheduler")
    kept = ("Name", "GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "Target")
    found = {name: it for name, it in client.get_schedule(Name=schedule).items() if name in kept}
    client.update_schedule(**found, State="DISABLED")
    try:
        yield
    finally:
        client.update_schedule(**found, State="ENABLED")


def listen(emulator: Emulator, topic: str, policy: object = None) -> Inbox:
    """Subscribe a new queue, which lets only this topic (ARN) send, to the topic: to what a filter policy lets pass."""
    url, arn = _queue(emulator, "sns.amazonaws.com", topic)
    attributes = {"FilterPolicy": json.dumps(policy)} if policy else {}
    emulator.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    return Inbox(emulator=emulator, url=url)


def listen_on_bus(emulator: Emulator, bus: str, pattern: object) -> Inbox:
    """Make a new queue the target of a new rule on a bus (name) for the events that match a pattern."""
    client, name = emulator.client("events"), f"rule-{uuid4().hex}"
    rule = client.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
    url, arn = _queue(emulator, "events.amazonaws.com", rule)
    client.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
    return Inbox(emulator=emulator, url=url)


def _queue(emulator: Emulator, service: str, source: str) -> tuple[str, str]:
    """A new queue's URL and ARN."""
    queues = emulator.client("sqs")
    url = queues.create_queue(QueueName=f"hears-{uuid4().hex}")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": source}},
    }
    policy = {"Version": "2012-10-17", "Statement": allowed}
    queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    return url, arn


def received(emulator: Emulator, url: str) -> list[Any]:
    """Take the bodies of up to ten messages that a queue holds now, read as JSON, and delete them."""
    return [json.loads(it["Body"]) for it in _received(emulator, url)]


def _received(emulator: Emulator, url: str) -> list[dict[str, Any]]:
    client = emulator.client("sqs")
    asked = {"MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["SentTimestamp"]}
    found: list[dict[str, Any]] = client.receive_message(QueueUrl=url, **asked).get("Messages", [])
    for message in found:
        client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


@contextmanager
def window(emulator: Emulator, function: str, seconds: int) -> Iterator[int]:
    """Let the function's event source mapping wait so long for a batch to fill meanwhile; yields what it was."""
    client = emulator.client("lambda")
    (mapping,) = client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    before = int(mapping["MaximumBatchingWindowInSeconds"])
    client.update_event_source_mapping(UUID=mapping["UUID"], MaximumBatchingWindowInSeconds=seconds)
    try:
        yield before
    finally:
        client.update_event_source_mapping(UUID=mapping["UUID"], MaximumBatchingWindowInSeconds=before)


def logged(emulator: Emulator, function: str) -> str:
    """Return all that a function has written to its log."""
    logs = emulator.client("logs")
    group = emulator.client("lambda").get_function_configuration(FunctionName=function)["LoggingConfig"]["LogGroup"]
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    return "\n".join(event["message"] for page in pages for event in page["events"])


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
