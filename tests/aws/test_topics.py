"""The topics: who is told what, in how many messages, and that a refusal is not swallowed."""

import json
import re
from typing import Any

import pytest

from auditor.aws.topics import ACTIONS, PublishError, Topics
from auditor.core.check import Severity
from auditor.core.evaluate import LONGEST_LIST
from auditor.core.reconcile import Event, Record
from auditor.render.notice import Notice
from tests.aws.wire import Params, Refused, Reply, Wire, always, new_session
from tests.build import ACCOUNT, arn, finding, notice, record

TEXT, CHAT, EVENTS = (f"arn:aws:sns:eu-west-1:{ACCOUNT}:{name}" for name in ("text", "chat", "events"))
LARGEST_BATCH = 256 * 1024
"""Bytes that SNS takes in one PublishBatch."""


def accepted(params: Params) -> dict[str, Any]:
    entries = params["PublishBatchRequestEntries"]
    return {"Successful": [{"Id": it["Id"], "MessageId": "m"} for it in entries], "Failed": []}


def told(it: Notice, batch: Reply = accepted) -> Wire:
    session, wire = new_session(), Wire(script={"Publish": always({"MessageId": "m"}), "PublishBatch": batch})
    wire.mount(session)
    Topics(sns=session.client("sns"), text=TEXT, chat=CHAT, events=EVENTS).tell(it, "findings")
    return wire


def records(count: int, **fields: Any) -> tuple[Record, ...]:
    return tuple(record(finding(f"AKIA{number:04}", **fields)) for number in range(count))


def batches(wire: Wire) -> list[list[dict[str, Any]]]:
    return [call.params["PublishBatchRequestEntries"] for call in wire.named("PublishBatch")]


def published(wire: Wire) -> dict[str, Params]:
    return {call.params["TopicArn"]: call.params for call in wire.named("Publish")}


def test_empty_notice_is_not_told() -> None:
    assert told(notice()).calls == []


def test_people_chat_and_machines_are_told_each_on_their_topic() -> None:
    wire = told(notice(*records(1)))
    assert {call.params["TopicArn"] for call in wire.calls} == {TEXT, CHAT, EVENTS}
    assert published(wire)[TEXT]["Message"].startswith(f"AWS account {ACCOUNT}: 1 new\n")
    assert json.loads(published(wire)[CHAT]["Message"])["source"] == "custom"
    assert json.loads(batches(wire)[0][0]["Message"])["schema"] == "auditor.finding/1"
    assert wire.actions == set(ACTIONS)


def test_chat_message_has_no_subject_and_no_attributes() -> None:
    assert set(published(told(notice(*records(1))))[CHAT]) == {"TopicArn", "Message"}


def test_machines_are_told_every_transition_ten_a_batch() -> None:
    wire = told(notice(*records(25)))
    assert [len(batch) for batch in batches(wire)] == [10, 10, 5]
    assert all(len({entry["Id"] for entry in batch}) == len(batch) for batch in batches(wire))
    messages = [json.loads(entry["Message"]) for batch in batches(wire) for entry in batch]
    assert [it["finding"]["resource"] for it in messages] == [f"AKIA{number:04}" for number in range(25)]
    assert len(wire.named("Publish")) == 2


def test_blindness_alone_is_told_to_people_and_is_no_event() -> None:
    wire = told(notice(blind={"unused-role": "AccessDenied"}))
    assert [call.params["TopicArn"] for call in wire.calls] == [CHAT, TEXT]


def test_refused_messages_are_an_error_that_counts_them() -> None:
    def refusing(params: Params) -> dict[str, Any]:
        entries = params["PublishBatchRequestEntries"]
        failed = [{"Id": it["Id"], "Code": "InternalError", "SenderFault": False} for it in entries[:2]]
        return {"Successful": [], "Failed": failed}

    with pytest.raises(PublishError, match=r"^2 of 3 messages were refused: InternalError$"):
        told(notice(*records(3)), refusing)


def test_refused_call_is_not_swallowed() -> None:
    with pytest.raises(Exception, match="AuthorizationError"):
        told(notice(*records(3)), always(Refused("AuthorizationError")))


def values(attributes: Any) -> dict[str, tuple[str, str]]:
    return {name: (it["DataType"], it["StringValue"]) for name, it in attributes.items()}


def test_message_for_people_can_be_filtered_by_severity_and_account() -> None:
    two = (record(finding(severity=Severity.LOW)), record(finding("AKIA2", severity=Severity.CRITICAL)))
    assert values(published(told(notice(*two)))[TEXT]["MessageAttributes"]) == {
        "severity": ("String", "CRITICAL"),
        "severity_num": ("Number", "5"),
        "account": ("String", ACCOUNT),
    }


def test_event_can_be_filtered_by_what_it_is() -> None:
    resolved = record(finding(severity=Severity.LOW, region="eu-west-1"), Event.RESOLVED)
    ((entry,),) = batches(told(notice(resolved)))
    assert values(entry["MessageAttributes"]) == {
        "severity": ("String", "LOW"),
        "severity_num": ("Number", "2"),
        "account": ("String", ACCOUNT),
        "check": ("String", "stale-access-key"),
        "event": ("String", "RESOLVED"),
        "region": ("String", "eu-west-1"),
    }


@pytest.mark.parametrize("hostile", ["a\nBcc: b@example.com", "\x1b[31mred", "ключ", "x" * 500])
def test_subject_is_what_sns_takes_whatever_the_findings_are_called(hostile: str) -> None:
    it = record(finding(resource=hostile, title=hostile, reason=hostile, check="stale-access-key"))
    blind = {f"check-{number}": hostile for number in range(50)}
    subject = published(told(notice(it, blind=blind)))[TEXT]["Subject"]
    assert re.fullmatch(r"[!-~][ -~]{0,98}", subject)
    assert subject.startswith("[HIGH] ")
    assert ACCOUNT in subject


def test_ten_events_of_the_longest_evidence_fit_into_a_batch() -> None:
    holders = [arn(f"role/{'team/' * 102}{'r' * 60}{number:04}") for number in range(LONGEST_LIST)]
    wire = told(notice(*records(10, evidence={"attached_to": holders})))
    assert [len(batch) for batch in batches(wire)] == [10]
    assert sum(len(it["Message"]) for it in batches(wire)[0]) <= LARGEST_BATCH
