import json
from typing import Any

from hypothesis import given

from auditor.core.reconcile import Event, Record, Resolution
from auditor.render.events import SCHEMA, event
from tests.build import OWNER, evaluation, finding, record
from tests.core.test_reconcile import audited, clean
from tests.render.notices import hostile_records


def sent(told: Record) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(event(told))
    return document


def test_event_is_the_documented_form() -> None:
    document = sent(record(finding(), Event.RESOLVED, resolution=Resolution.RESOURCE_DELETED))
    assert {name: value for name, value in document.items() if name != "finding"} == {
        "schema": "auditor.finding/1",
        "event": "RESOLVED",
        "version": 2,
        "at": "2026-11-20T06:00:00+00:00",
        "first_seen": "2026-11-11T06:00:00+00:00",
        "resolution": "RESOURCE_DELETED",
        "partition": "aws",
    }
    assert document["finding"]["id"] == finding().id
    assert document["finding"]["account"] == OWNER.account


def test_open_finding_has_no_resolution() -> None:
    assert sent(record(finding()))["resolution"] is None


def test_machines_get_whole_key_ids() -> None:
    assert sent(record(finding("AKIAIOSFODNN7EXAMPLE")))["finding"]["resource"] == "AKIAIOSFODNN7EXAMPLE"


def test_every_transition_of_a_life_is_another_document() -> None:
    life = [evaluation(finding(), age=3), clean("AKIA1", age=2), evaluation(finding(), age=1), clean("AKIA1")]
    documents = [sent(next(iter(audited(*life[:length]).records.values()))) for length in range(1, len(life) + 1)]
    assert [it["event"] for it in documents] == ["OPENED", "RESOLVED", "REOPENED", "RESOLVED"]
    assert len({(it["finding"]["id"], it["version"]) for it in documents}) == len(life)


@given(hostile_records())
def test_event_is_ascii_json_whatever_things_are_called(hostile: Record) -> None:
    assert event(hostile).isascii()
    assert event(hostile).isprintable()
    document = sent(hostile)
    assert document["schema"] == SCHEMA
    assert document["finding"]["reason"] == hostile.finding.reason
