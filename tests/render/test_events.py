import json
from typing import Any

import pytest
from hypothesis import given

from auditor.core.life import Acknowledgement, Event, Record, Resolution
from auditor.core.telling import Gap
from auditor.render.events import SCHEMA, detail_type, event, gap_detail_type, gap_event
from tests.build import ACCOUNT, NOW, OWNER, ago, audited, evaluation, finding, record
from tests.render.letters import gaps, hostile_records, rule

NULL = type(None)
FORM: dict[str, tuple[type, ...]] = {
    "schema": (str,),
    "id": (str,),
    "event": (str,),
    "version": (int,),
    "at": (str,),
    "first_seen": (str,),
    "standing": (str,),
    "resolution": (str, NULL),
    "baseline": (bool,),
    "acknowledged": (dict, NULL),
    "exception": (dict, NULL),
    "partition": (str,),
    "finding": (dict,),
}
GAP_FORM: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("schema", "id", "event", "at", "partition", "account", "check"), (str,)),
    "version": (int,),
    "reason": (str, NULL),
}
FINDING = {
    *("id", "check", "severity", "account", "resource", "resource_type", "region"),
    *("reason", "evidence", "controls", "fix", "scopes"),
}


def sent(told: Record) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(event(told))
    return document


def assert_of_form(document: dict[str, Any], form: dict[str, tuple[type, ...]]) -> None:
    assert set(document) == set(form)
    assert [name for name, value in document.items() if type(value) not in form[name]] == []


@given(hostile_records())
def test_event_has_exactly_the_documented_keys(hostile: Record) -> None:
    document = sent(hostile)
    assert_of_form(document, FORM)
    assert set(document["finding"]) == FINDING
    assert set(document["exception"] or {"id", "owner", "until", "reason"}) == {"id", "owner", "until", "reason"}


def test_event_is_the_documented_form() -> None:
    document = sent(record(finding(), Event.RESOLVED, resolution=Resolution.RESOURCE_DELETED))
    assert {name: value for name, value in document.items() if name != "finding"} == {
        "schema": "auditor.finding/1",
        "id": f"{finding().id}-2",
        "event": "RESOLVED",
        "version": 2,
        "at": "2026-11-20T06:00:00+00:00",
        "first_seen": "2026-11-11T06:00:00+00:00",
        "standing": "RESOLVED",
        "resolution": "RESOURCE_DELETED",
        "baseline": False,
        "acknowledged": None,
        "exception": None,
        "partition": "aws",
    }
    assert document["finding"]["id"] == finding().id
    assert document["finding"]["account"] == OWNER.account


def test_event_says_who_looks_after_it() -> None:
    seen = Acknowledgement(by="ana", at=ago(1), note="on it")
    document = sent(record(finding(), Event.ACKNOWLEDGED, acknowledged=seen))
    assert document["acknowledged"] == {"by": "ana", "at": "2026-11-19T06:00:00+00:00", "note": "on it"}


def test_event_says_which_exception_covers_it() -> None:
    document = sent(record(finding(), Event.EXCEPTED, exception=rule()))
    assert document["standing"] == "EXCEPTED"
    assert document["exception"] == {
        "id": rule().id,
        "owner": "payments",
        "until": "2026-11-27",
        "reason": "the vendor rotates it in spring",
    }


def test_event_says_that_the_first_audit_opened_it() -> None:
    assert sent(record(finding(), baseline=True))["baseline"] is True


def test_open_finding_has_no_resolution() -> None:
    assert sent(record(finding()))["resolution"] is None


def test_machines_get_whole_key_ids() -> None:
    assert sent(record(finding("AKIAIOSFODNN7EXAMPLE")))["finding"]["resource"] == "AKIAIOSFODNN7EXAMPLE"


def test_every_transition_of_a_life_is_another_document() -> None:
    gone = {"stale-access-key": ("AKIA1",)}
    there = [evaluation(finding(), age=age) for age in (3, 1)]
    life = [there[0], evaluation(age=2, looked_at=gone), there[1], evaluation(looked_at=gone)]
    documents = [sent(next(iter(audited(*life[:length]).records.values()))) for length in range(1, len(life) + 1)]
    assert [it["event"] for it in documents] == ["OPENED", "RESOLVED", "REOPENED", "RESOLVED"]
    assert len({it["id"] for it in documents}) == len(life)


@given(hostile_records())
def test_event_is_ascii_json_whatever_things_are_called(hostile: Record) -> None:
    assert event(hostile).isascii()
    assert event(hostile).isprintable()
    document = sent(hostile)
    assert document["schema"] == SCHEMA
    assert document["finding"]["reason"] == hostile.finding.reason


@pytest.mark.parametrize(
    ("happened", "called"),
    [
        (Event.OPENED, "Finding Opened"),
        (Event.REOPENED, "Finding Reopened"),
        (Event.EXCEPTION_ENDED, "Finding Exception Ended"),
        (Event.CHANGED, "Finding Changed"),
        (Event.EXCEPTED, "Finding Excepted"),
        (Event.RESOLVED, "Finding Resolved"),
        (Event.ACKNOWLEDGED, "Finding Acknowledged"),
        (Event.RENAMED, "Finding Renamed"),
    ],
)
def test_every_transition_has_its_name_on_a_bus(happened: Event, called: str) -> None:
    assert detail_type(record(finding(), happened)) == called


def test_gap_is_the_documented_form() -> None:
    assert json.loads(gap_event(OWNER, NOW, 7, Gap(check="unused-role", reason="AccessDenied"))) == {
        "schema": "auditor.gap/1",
        "id": f"aws-{ACCOUNT}-7-unused-role",
        "event": "AUDIT_GAP",
        "version": 7,
        "at": "2026-11-20T06:00:00+00:00",
        "partition": "aws",
        "account": ACCOUNT,
        "check": "unused-role",
        "reason": "AccessDenied",
    }


def test_gap_without_a_reason_has_ended() -> None:
    ended = Gap(check="unused-role", reason="")
    document = json.loads(gap_event(OWNER, NOW, 8, ended))
    assert (document["event"], document["reason"]) == ("AUDIT_GAP_ENDED", None)
    assert gap_detail_type(ended) == "Audit Gap Ended"
    assert gap_detail_type(Gap(check="unused-role", reason="AccessDenied")) == "Audit Gap"


@given(gaps)
def test_gap_is_ascii_json_of_its_form(gap: Gap) -> None:
    written = gap_event(OWNER, NOW, 1, gap)
    assert written.isascii()
    assert_of_form(json.loads(written), GAP_FORM)
