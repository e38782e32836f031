"""Machines: what a topic and a bus are told, in how many calls, and that a refusal is not swallowed."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import example, given
from hypothesis import strategies as st
from moto import mock_aws
from moto.events.models import EventPattern

from auditor.aws.machines import (
    BUS_ACTIONS,
    BYTES_IN_ONE_BATCH,
    IN_ONE_BATCH,
    SOURCE,
    TOPIC_ACTIONS,
    Announcement,
    Machines,
    RefusedError,
    of_gap,
    of_record,
)
from auditor.core.check import Severity
from auditor.core.evaluate import LONGEST_LIST
from auditor.core.life import NEVER, NOT_AUDITED, Event, Header, Missed, Record
from auditor.core.telling import Gap
from tests.aws.listeners import on_topic
from tests.aws.wire import Params, Refused, Reply, Wire, always, new_session
from tests.build import ACCOUNT, NOW, OWNER, arn, finding, record

TOPIC, BUS = f"arn:aws:sns:us-east-1:{ACCOUNT}:events", "auditor"
TAKEN = 256 * 1024
"""Bytes that SNS takes in one PublishBatch, and EventBridge in one PutEvents."""

HEADER = Header(evidence_at=NOW, version=7)


def published(params: Params) -> dict[str, Any]:
    entries = params["PublishBatchRequestEntries"]
    return {"Successful": [{"Id": it["Id"], "MessageId": "m"} for it in entries], "Failed": []}


def put(params: Params) -> dict[str, Any]:
    return {"FailedEntryCount": 0, "Entries": [{"EventId": "e"} for _ in params["Entries"]]}


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What went over the wire, call by call."""

    wire: Wire

    @property
    def batches(self) -> list[list[dict[str, Any]]]:
        """Of the topic."""
        return [call.params["PublishBatchRequestEntries"] for call in self.wire.named("PublishBatch")]

    @property
    def puts(self) -> list[list[dict[str, Any]]]:
        """On the bus."""
        return [call.params["Entries"] for call in self.wire.named("PutEvents")]

    @property
    def messages(self) -> list[str]:
        return [entry["Message"] for batch in self.batches for entry in batch]

    @property
    def details(self) -> list[str]:
        return [entry["Detail"] for batch in self.puts for entry in batch]


def told(announcements: Sequence[Announcement], topic: Reply = published, bus: Reply = put) -> Heard:
    wire, machines = listening()
    wire.calls.clear()
    wire.script = {"PublishBatch": topic, "PutEvents": bus}
    machines.tell(announcements)
    return Heard(wire=wire)


@cache
def listening() -> tuple[Wire, Machines]:
    """One for all examples: a client takes its time to be made."""
    session, wire = new_session(), Wire()
    wire.mount(session)
    return wire, Machines(sns=session.client("sns"), events=session.client("events"), topic=TOPIC, bus=BUS)


def records(count: int, **fields: Any) -> list[Record]:
    return [record(finding(f"AKIA{number:04}", **fields)) for number in range(count)]


def announced(*given: Record) -> list[Announcement]:
    return [of_record(it, "default") for it in given]


def attributes(entry: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    return {name: (it["DataType"], it["StringValue"]) for name, it in entry["MessageAttributes"].items()}


# --- batches ------------------------------------------------------------------------------------------------------


def test_nothing_to_tell_is_no_call() -> None:
    assert told([]).wire.calls == []


def test_every_transition_is_told_ten_a_call_in_order() -> None:
    heard = told(announced(*records(25)))
    assert [len(batch) for batch in heard.batches] == [10, 10, 5]
    assert [len(batch) for batch in heard.puts] == [10, 10, 5]
    assert all(len({entry["Id"] for entry in batch}) == len(batch) for batch in heard.batches)
    assert [json.loads(it)["finding"]["resource"] for it in heard.messages] == [f"AKIA{n:04}" for n in range(25)]
    assert heard.wire.actions == {*TOPIC_ACTIONS, *BUS_ACTIONS}


def test_topic_and_bus_get_the_same_document() -> None:
    heard = told(announced(*records(12)))
    assert heard.details == heard.messages
    assert {json.loads(it)["schema"] for it in heard.messages} == {"auditor.finding/1"}


def bulky(size: int) -> Announcement:
    """As large as its document and the longest attributes make it."""
    hostile = finding(region="\x00" * 5000, resource_type="🗝" * 5000, check="c" * 5000)
    return replace(of_record(record(hostile), "d" * 5000), document="x" * size)


def sns_bytes(entry: Mapping[str, Any]) -> int:
    named = ((name, *it.values()) for name, it in entry["MessageAttributes"].items())
    return len(entry["Message"].encode()) + sum(len(part.encode()) for parts in named for part in parts)


def bus_bytes(entry: Mapping[str, Any]) -> int:
    """As EventBridge counts it."""
    return 14 + sum(len(entry[name].encode()) for name in ("Source", "DetailType", "Detail"))


@example([BYTES_IN_ONE_BATCH // IN_ONE_BATCH] * IN_ONE_BATCH)
@given(st.lists(st.integers(1, BYTES_IN_ONE_BATCH) | st.integers(1, 100), max_size=40))
def test_calls_are_as_large_as_aws_takes_and_leave_nothing_out(sizes: list[int]) -> None:
    heard = told([bulky(size) for size in sizes])
    assert [len(it) for it in heard.messages] == sizes
    assert [len(it) for it in heard.details] == sizes
    assert all(1 <= len(batch) <= IN_ONE_BATCH for batch in (*heard.batches, *heard.puts))
    assert max((sum(map(sns_bytes, batch)) for batch in heard.batches), default=0) <= TAKEN
    assert max((sum(map(bus_bytes, batch)) for batch in heard.puts), default=0) <= TAKEN


def test_calls_are_as_few_as_aws_lets_them() -> None:
    half = BYTES_IN_ONE_BATCH // 2
    heard = told([bulky(size) for size in (half, half, 1, half)])
    assert [[len(it["Message"]) for it in batch] for batch in heard.batches] == [[half, half], [1, half]]


def test_ten_events_of_the_longest_evidence_fit_into_a_batch() -> None:
    holders = [arn(f"role/{'team/' * 102}{'r' * 60}{number:04}") for number in range(LONGEST_LIST)]
    heard = told(announced(*records(10, evidence={"attached_to": holders})))
    assert [len(batch) for batch in heard.batches] == [10]


# --- refusals -----------------------------------------------------------------------------------------------------


def refusing(params: Params) -> dict[str, Any]:
    """SNS's answer that refuses the first two messages of a batch."""
    entries = params["PublishBatchRequestEntries"]
    failed = [{"Id": it["Id"], "Code": "InternalError", "SenderFault": False} for it in entries[:2]]
    return {"Successful": [{"Id": it["Id"], "MessageId": "m"} for it in entries[2:]], "Failed": failed}


def dropping(params: Params) -> dict[str, Any]:
    """EventBridge's answer that refuses the last event of a batch."""
    taken = [{"EventId": "e"} for _ in params["Entries"][1:]]
    return {"FailedEntryCount": 1, "Entries": [*taken, {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow"}]}


def test_message_that_sns_refuses_is_an_error_that_counts() -> None:
    with pytest.raises(RefusedError, match=r"^SNS refused 2 of 3 messages: InternalError$"):
        told(announced(*records(3)), topic=refusing)


def test_event_that_eventbridge_refuses_is_an_error_that_counts() -> None:
    with pytest.raises(RefusedError, match=r"^EventBridge refused 1 of 3 messages: ThrottlingException$"):
        told(announced(*records(3)), bus=dropping)


def test_refusal_in_a_later_batch_is_an_error() -> None:
    def dropping_of_two(params: Params) -> dict[str, Any]:
        return dropping(params) if len(params["Entries"]) == 2 else put(params)

    with pytest.raises(RefusedError, match="EventBridge refused 1 of 2 messages"):
        told(announced(*records(12)), bus=dropping_of_two)


@pytest.mark.parametrize("operation", ["topic", "bus"])
def test_refused_call_is_not_swallowed(operation: str) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        told(announced(*records(3)), **{operation: always(Refused("AccessDenied"))})


# --- what can be filtered by --------------------------------------------------------------------------------------


def test_transition_says_what_it_may_be_filtered_by() -> None:
    resolved = record(finding(severity=Severity.LOW, region="eu-west-1"), Event.RESOLVED)
    (batch,) = told([of_record(resolved, "payments")]).batches
    assert attributes(batch[0]) == {
        "severity": ("String", "LOW"),
        "severity_num": ("Number", "2"),
        "account": ("String", ACCOUNT),
        "partition": ("String", "aws"),
        "check": ("String", "stale-access-key"),
        "event": ("String", "RESOLVED"),
        "resource_type": ("String", "AWS::IAM::AccessKey"),
        "region": ("String", "eu-west-1"),
        "channel": ("String", "payments"),
    }


@pytest.mark.parametrize(
    ("reason", "event", "detail_type"),
    [("AccessDenied", "AUDIT_GAP", "Audit Gap"), ("", "AUDIT_GAP_ENDED", "Audit Gap Ended")],
)
def test_gap_says_what_it_may_be_filtered_by(reason: str, event: str, detail_type: str) -> None:
    heard = told([of_gap(OWNER, HEADER, Gap(check="unused-role", reason=reason), "default")])
    assert attributes(heard.batches[0][0]) == {
        "account": ("String", ACCOUNT),
        "partition": ("String", "aws"),
        "check": ("String", "unused-role"),
        "event": ("String", event),
        "channel": ("String", "default"),
    }
    assert heard.puts[0][0]["DetailType"] == detail_type
    document = json.loads(heard.messages[0])
    assert (document["event"], document["at"], document["version"]) == (event, NOW.isoformat(), 7)


def test_gap_of_a_whole_account_is_of_the_run_that_could_not_look() -> None:
    header = Header(evidence_at=NEVER, missed=Missed(at=NOW, reason="AccessDenied"), version=1)
    gap = Gap(check=NOT_AUDITED, reason="AccessDenied")
    heard = told([of_gap(OWNER, header, gap, "default"), of_gap(OWNER, HEADER, replace(gap, reason=""), "default")])
    documents = [json.loads(it) for it in heard.messages]
    assert [(it["check"], it["event"], it["at"]) for it in documents] == [
        ("account-not-audited", "AUDIT_GAP", NOW.isoformat()),
        ("account-not-audited", "AUDIT_GAP_ENDED", NOW.isoformat()),
    ]


HOSTILE = st.text(st.characters())
"""Any code point, surrogates that no encoding takes among them."""


@given(HOSTILE, HOSTILE, st.sampled_from(Severity), st.sampled_from(Event))
def test_attributes_are_what_sns_takes_whatever_is_found(
    resource_type: str, region: str, severity: Severity, event: Event
) -> None:
    found = finding(resource_type=resource_type, region=region, severity=severity)
    ((entry,),) = told([of_record(record(found, event), "default")]).batches
    assert 7 <= len(entry["MessageAttributes"]) <= 10
    for name, (kind, value) in attributes(entry).items():
        assert re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", name)
        assert re.fullmatch(r"[ -~]+" if kind == "String" else r"[1-5]", value)
    assert json.loads(entry["Message"])["finding"]["region"] == region


# --- on moto ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A topic and a bus on moto, with those who listen."""

    session: Any
    topic: str

    def tell(self, *announcements: Announcement) -> None:
        sns, events = self.session.client("sns"), self.session.client("events")
        Machines(sns=sns, events=events, topic=self.topic, bus=BUS).tell(announcements)


@pytest.fixture
def stage() -> Iterator[Stage]:
    with mock_aws():
        session = new_session()
        session.client("events").create_event_bus(Name=BUS)
        yield Stage(session=session, topic=session.client("sns").create_topic(Name="events")["TopicArn"])


CRITICAL = record(finding("AKIA5", severity=Severity.CRITICAL))
HIGH_RESOLVED = record(finding("AKIA4", severity=Severity.HIGH), Event.RESOLVED)
MEDIUM = record(finding("AKIA3", severity=Severity.MEDIUM, check="idle-access-key"))
LOW_ELSEWHERE = record(finding("AKIA2", severity=Severity.LOW, owner=replace(OWNER, account="999988887777")))
ALL = (CRITICAL, HIGH_RESOLVED, MEDIUM, LOW_ELSEWHERE)


@pytest.mark.parametrize(
    ("policy", "heard"),
    [
        (None, ["AKIA5", "AKIA4", "AKIA3", "AKIA2"]),
        ({"severity": ["CRITICAL"]}, ["AKIA5"]),
        ({"severity_num": [{"numeric": [">=", 4]}]}, ["AKIA5", "AKIA4"]),
        ({"account": ["999988887777"]}, ["AKIA2"]),
        ({"event": ["OPENED"], "check": ["stale-access-key"]}, ["AKIA5", "AKIA2"]),
        ({"event": ["OPENED"], "check": ["idle-access-key"]}, ["AKIA3"]),
        ({"resource_type": [{"prefix": "AWS::IAM::"}], "severity": ["LOW", "MEDIUM"]}, ["AKIA3", "AKIA2"]),
    ],
)
def test_subscription_hears_what_its_filter_policy_lets_through(
    stage: Stage, policy: dict[str, Any] | None, heard: list[str]
) -> None:
    listener = on_topic(stage.session, stage.topic, policy)
    stage.tell(*announced(*ALL))
    documents = [json.loads(it["Message"]) for it in listener.heard()]
    assert sorted(it["finding"]["resource"] for it in documents) == sorted(heard)


def test_gap_passes_no_filter_for_severities_and_one_for_gaps(stage: Stage) -> None:
    severe = on_topic(stage.session, stage.topic, {"severity_num": [{"numeric": [">=", 0]}]})
    gaps = on_topic(stage.session, stage.topic, {"event": ["AUDIT_GAP"], "account": [ACCOUNT]})
    stage.tell(of_gap(OWNER, HEADER, Gap(check="unused-role", reason="AccessDenied"), "default"))
    assert severe.heard() == []
    assert [json.loads(it["Message"])["check"] for it in gaps.heard()] == ["unused-role"]


def test_bus_of_aws_takes_what_it_is_told(stage: Stage) -> None:
    stage.tell(*announced(*ALL))  # and would have raised


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ({"source": ["account-auditor"]}, [0, 1, 2, 3]),
        ({"detail-type": ["Finding Resolved"]}, [1]),
        ({"detail": {"finding": {"severity": ["CRITICAL", "LOW"]}}}, [0, 3]),
        ({"detail": {"event": ["OPENED"], "finding": {"account": [ACCOUNT]}}}, [0, 2]),
    ],
)
def test_rule_of_the_bus_can_match_what_happened(pattern: dict[str, Any], matched: list[int]) -> None:
    rule = EventPattern.load(json.dumps(pattern))
    (entries,) = told(announced(*ALL)).puts
    delivered: list[Any] = [
        {"source": it["Source"], "detail-type": it["DetailType"], "detail": json.loads(it["Detail"])} for it in entries
    ]
    assert [number for number, event in enumerate(delivered) if rule.matches_event(event)] == matched


@pytest.mark.parametrize(
    ("event", "named"),
    [(Event.OPENED, "Finding Opened"), (Event.EXCEPTION_ENDED, "Finding Exception Ended")],
)
def test_bus_names_what_happened(event: Event, named: str) -> None:
    ((entry,),) = told(announced(record(finding(), event))).puts
    assert (entry["Source"], entry["DetailType"], entry["EventBusName"]) == (SOURCE, named, BUS)
