"""From an evaluation to what people and machines are told, step by step, with every AWS call in reach."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import boto3
import urllib3
from botocore.config import Config
from moto.events.models import EventPattern
from moto.sns.models import sns_backends

from auditor.aws.daily import Daily
from auditor.aws.findings_stream import PATTERN
from auditor.aws.findings_table import FindingsTable
from auditor.aws.machines import Machines
from auditor.aws.mailroom import Mailroom, Told
from auditor.aws.outbox import Handed, Outbox, Telling
from auditor.aws.post import Post
from auditor.aws.webhook import Webhook
from auditor.core.evaluate import Evaluation
from auditor.core.exceptions import Rules
from auditor.core.life import Changes
from tests.aws.conftest import Store
from tests.aws.faults import Layer
from tests.aws.wire import new_session

REGION = "us-east-1"
MOTO_ACCOUNT = "123456789012"
DIGEST_HOUR = 8
KINDS_OF_LETTERS = ("text", "chat")
TOPICS = (*KINDS_OF_LETTERS, "events")


LAYER = Layer()
"""What may happen to the calls of every office."""


@cache
def client(service: str, endpoint: str | None, attempts: int) -> Any:
    """One for all offices: it is slow to make, and large. DynamoDB's is boto3's resource."""
    session = _session()
    make = session.resource if service == "dynamodb" else session.client
    return make(service, endpoint_url=endpoint, config=Config(retries={"total_max_attempts": attempts}))


@cache
def _session() -> boto3.Session:
    return LAYER.mount(_outside_of_moto())


def _outside_of_moto() -> boto3.Session:
    """A session with the credentials of every other one: DynamoDB Local has a database for each access key."""
    session = new_session()
    session._session.set_credentials("testing", "testing", "testing")
    return session


def never(_: float) -> None:
    raise AssertionError("a race was lost that nobody ran")


@dataclass(kw_only=True)
class Office:
    """Each step is what one function does; SNS and EventBridge are moto's."""

    store: Store
    attempts: int = 5
    telling: Telling = field(default_factory=Telling)
    rules: Rules = field(default_factory=Rules)
    quiet: bool = False
    read_up_to: int = 0

    def __post_init__(self) -> None:
        sns = self.client("sns")
        for name in self._topics():
            sns.create_topic(Name=self._name(name))
        self.client("events").create_event_bus(Name=self._name("bus"))

    def _topics(self) -> list[str]:
        return [*TOPICS, *(f"{kind}-{it.name}" for kind in KINDS_OF_LETTERS for it in self.telling.channels)]

    def _name(self, what: str) -> str:
        return f"{self.store.name}-{what}"

    def topic(self, what: str) -> str:
        return f"arn:aws:sns:{REGION}:{MOTO_ACCOUNT}:{self._name(what)}"

    def client(self, service: str) -> Any:
        return client(service, self.store.endpoint if service == "dynamodb" else None, self.attempts)

    @property
    def table(self) -> Any:
        return self.client("dynamodb").Table(self.store.name)

    def copy(self, store: Store) -> "Office":
        """An office with another, empty store, where all has been done that was done here; the stream is read."""
        twin = replace(self, store=store, read_up_to=0)
        with twin.table.batch_writer() as writer:
            for item in self.store.items().values():
                writer.put_item(Item=item)
        twin.read_up_to = max(int(it["dynamodb"]["SequenceNumber"]) for it in twin._shard())
        for name in self._topics():
            twin._published(name).extend(self._published(name))
        return twin

    # What the functions do.

    def audit(self, seen: Evaluation) -> Changes:
        return FindingsTable(table=self.table, pause=never).record(seen, self.rules)

    def hand_on(self, now: datetime, records: list[dict[str, Any]] | None = None) -> Handed:
        """Hand on what the stream has; as its mapping does, go on after what was handed on."""
        given = self.stream() if records is None else records
        handed = self.outbox(now).hand_on(given)
        sequences = [it["dynamodb"]["SequenceNumber"] for it in given]
        done = sequences.index(handed.stopped_at) if handed.stopped_at else len(given)
        if records is None and done:
            self.read_up_to = int(sequences[done - 1])
        return handed

    def outbox(self, now: datetime) -> Outbox:
        machines = Machines(
            sns=self.client("sns"),
            events=self.client("events"),
            topic=self.topic("events"),
            bus=self._name("bus"),
        )
        return Outbox(table=self.table, machines=machines, telling=self.telling, now=now)

    def tell(self, now: datetime, channel: str = "default") -> Told:
        return self.mailroom(now, channel).tell()

    def mailroom(self, now: datetime, channel: str = "default") -> Mailroom:
        table = self.table
        post = Post(
            sns=self.client("sns"),
            text=self.topic("text"),
            chat=self.topic("chat"),
            webhook=Webhook(secrets=None, http=urllib3.PoolManager()),
            webhooks=dict.fromkeys(["default", *(it.name for it in self.telling.channels)]),
        )
        daily = Daily(
            table=table,
            channels=self.telling.channels,
            exceptions=self.rules.exceptions,
            hour=DIGEST_HOUR,
            zone=ZoneInfo("UTC"),
            quiet=self.quiet,
        )
        after = self.telling.escalate_after
        return Mailroom(channel=channel, table=table, post=post, daily=daily, now=now, escalate_after=after)

    # What comes of it.

    def stream(self) -> list[dict[str, Any]]:
        """What the stream delivers now, through the filter of the event source mapping."""
        pattern = EventPattern.load(json.dumps(PATTERN))
        new = (it for it in self._shard() if int(it["dynamodb"]["SequenceNumber"]) > self.read_up_to)
        kept = ({name: it[name] for name in ("eventName", "dynamodb")} for it in new)
        return [it for it in kept if pattern.matches_event(json.loads(json.dumps(it, default=str)))]

    def _shard(self) -> list[dict[str, Any]]:
        streams = streams_of(self.store.endpoint)
        arn = streams.list_streams(TableName=self.store.name)["Streams"][0]["StreamArn"]
        records: list[dict[str, Any]] = []
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            start = {"ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
            iterator = streams.get_shard_iterator(StreamArn=arn, **start)["ShardIterator"]
            while iterator:
                answer = streams.get_records(ShardIterator=iterator, Limit=1000)
                records += map(_with_empty_maps, answer["Records"])
                iterator = answer.get("NextShardIterator") if answer["Records"] else None
        return records

    def sent(self, topic: str) -> list[tuple[str, str | None, dict[str, Any]]]:
        """Body, subject and attributes of what was published on one topic."""
        return [(body, subject, attributes or {}) for _, body, subject, attributes, _ in self._published(topic)]

    def _published(self, topic: str) -> list[Any]:
        """As moto keeps it."""
        return sns_backends[MOTO_ACCOUNT][REGION].topics[self.topic(topic)].sent_notifications

    def machine_ids(self) -> Counter[str]:
        """How often machines were told each document, by its id."""
        return Counter(json.loads(body)["id"] for body, _, _ in self.sent("events"))

    def letter_ids(self, topic: str = "chat") -> Counter[str]:
        """How often each letter was sent, by its id."""
        return Counter(json.loads(body)["id"] for body, _, _ in self.sent(topic))

    def letters(self, topic: str = "text") -> list[str]:
        """The subjects of what people were told."""
        return [subject or "" for _, subject, _ in self.sent(topic)]

    def items(self, prefix: str) -> dict[tuple[str, str], dict[str, Any]]:
        return {key: it for key, it in self.store.items().items() if key[0].startswith(prefix)}


def _with_empty_maps(record: dict[str, Any]) -> dict[str, Any]:
    """DynamoDB Local leaves an empty map's type out of its stream, which DynamoDB does not."""
    images = {name: it for name, it in record["dynamodb"].items() if name in {"OldImage", "NewImage"}}
    whole = {name: _typed(it) for name, it in images.items()}
    return record | {"dynamodb": record["dynamodb"] | whole}


def _typed(image: dict[str, Any]) -> dict[str, Any]:
    typed = {name: value or {"M": {}} for name, value in image.items()}
    return {name: {"M": _typed(it["M"])} if it.get("M") else it for name, it in typed.items()}


@cache
def streams_of(endpoint: str | None) -> Any:
    """Moto does not know the endpoints that carry the account's number."""
    config = Config(account_id_endpoint_mode="disabled")
    return _outside_of_moto().client("dynamodbstreams", endpoint_url=endpoint, config=config)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def texts(value: Any) -> Iterator[str]:
    """Every text in an item."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for it in value.values():
            yield from texts(it)
    elif isinstance(value, list):
        for it in value:
            yield from texts(it)
