"""`auditor redrive`: the dead letters say since when, the function does it, and they go only if it did all."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from moto import mock_aws

from auditor.cli import redrive
from tests.aws.wire import new_session
from tests.build import NOW
from tests.cli.conftest import Auditor

INFO = {"batchSize": 2, "startSequenceNumber": "11", "endSequenceNumber": "12"}


@dataclass(kw_only=True)
class Deployed:
    """The notify function, of which it is known what it was asked, and its dead letters in moto."""

    answer: dict[str, Any] = field(default_factory=lambda: {"handed_on": 3, "stopped": ""})
    error: dict[str, str] = field(default_factory=dict)
    asked: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sqs = new_session().client("sqs")
        self.queue = self.sqs.create_queue(QueueName="dead-letters")["QueueUrl"]

    def client(self, service: str, **_: object) -> Any:
        return self.sqs if service == "sqs" else SimpleNamespace(invoke=self.invoke)

    def invoke(self, **asked: Any) -> dict[str, Any]:
        self.asked.append((asked["FunctionName"], json.loads(asked["Payload"])))
        return {"Payload": io.BytesIO(json.dumps(self.answer).encode()), **self.error}

    def letter(self, body: str) -> None:
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=body)

    def batch(self, day: str) -> None:
        info = {**INFO, "approximateArrivalOfFirstRecord": f"{day}T06:00:01.000Z"}
        self.letter(json.dumps({"requestContext": {}, "DDBStreamBatchInfo": info}))

    @property
    def left(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return sum(map(int, found.values()))


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    with mock_aws(), time_machine.travel(NOW, tick=True):  # long polling needs a clock that goes
        made = Deployed()
        monkeypatch.setattr(redrive, "boto3", SimpleNamespace(Session=lambda: made))
        yield made


def test_everything_since_the_oldest_dead_letter_is_handed_on_and_the_queue_emptied(
    auditor: Auditor, deployed: Deployed
) -> None:
    for day in ("2026-11-19", "2026-11-17", "2026-11-18"):
        deployed.batch(day)
    done = auditor("redrive", "--function", "notify", "--queue", deployed.queue)
    assert done.code == 0, done.err
    assert deployed.asked == [("notify", {"redrive": {"since": "2026-11-16"}})]
    assert "handed on since 2026-11-16: 3; dead letters taken away: 3" in done.err
    assert done.err.count("dead letter: batchSize 2, startSequenceNumber 11, endSequenceNumber 12") == 3
    assert deployed.left == 0


@pytest.mark.parametrize(
    ("answer", "error", "why"),
    [
        ({"handed_on": 1, "stopped": "Publish: AuthorizationError"}, {}, "handed on 1, then stopped: Publish"),
        ({"errorMessage": "TABLE_NAME: Field required"}, {"FunctionError": "Unhandled"}, "TABLE_NAME"),
    ],
)
def test_dead_letters_stay_if_not_all_was_handed_on(
    auditor: Auditor, deployed: Deployed, answer: dict[str, Any], error: dict[str, str], why: str
) -> None:
    deployed.batch("2026-11-19")
    deployed.answer, deployed.error = answer, error
    done = auditor("redrive", "--function", "notify", "--queue", deployed.queue)
    assert (done.code, deployed.left) == (2, 1)
    assert why in done.err
    assert "the dead letters stay" in done.err


@pytest.mark.parametrize("body", ["rubbish", "[1]", '{"DDBStreamBatchInfo": "x"}', '{"DDBStreamBatchInfo": {}}'])
def test_dead_letter_that_says_nothing_counts_from_the_day_before_it_was_sent(
    auditor: Auditor, deployed: Deployed, body: str
) -> None:
    deployed.letter(body)
    assert auditor("redrive", "--function", "notify", "--queue", deployed.queue).code == 0
    assert deployed.asked == [("notify", {"redrive": {"since": "2026-11-19"}})]


def test_day_that_is_told_counts(auditor: Auditor, deployed: Deployed) -> None:
    assert auditor("redrive", "--function", "notify", "--since", "2026-11-01").code == 0
    assert deployed.asked == [("notify", {"redrive": {"since": "2026-11-01"}})]


def test_very_old_dead_letter_asks_for_no_more_than_the_queue_keeps(auditor: Auditor, deployed: Deployed) -> None:
    deployed.batch("2020-01-01")
    assert auditor("redrive", "--function", "notify", "--queue", deployed.queue).code == 0
    assert deployed.asked == [("notify", {"redrive": {"since": "2026-11-06"}})]


@pytest.mark.parametrize(
    ("since", "why"),
    [
        ((), "say from which day on"),
        (("--since", "soon"), "is not a day"),
        (("--since", "2026-11-21"), "is still to come"),
    ],
)
def test_what_is_not_said_well_asks_nothing(
    auditor: Auditor, deployed: Deployed, since: tuple[str, ...], why: str
) -> None:
    done = auditor("redrive", "--function", "notify", "--queue", deployed.queue, *since)
    assert why in done.says_why_in_one_line()
    assert deployed.asked == []
