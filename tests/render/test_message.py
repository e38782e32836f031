from pathlib import Path

import pytest
from hypothesis import given

from auditor.core.check import Severity
from auditor.core.reconcile import Event
from auditor.render.escape import plain
from auditor.render.message import SPELLED_OUT, WIDTH, subject, text
from auditor.render.notice import Notice
from tests.build import ACCOUNT, finding, notice, record
from tests.render.notices import NAMES, hostile_notices, ordinary

GOLDEN = Path(__file__).with_name("golden_message.txt")


def many(number: int, event: Event = Event.OPENED) -> Notice:
    return notice(*(record(finding(f"key {it}"), event) for it in range(number)))


def test_ordinary_day_reads_well() -> None:
    written = f"Subject: {subject(ordinary())}\n\n{text(ordinary(), 'findings')}"
    assert written == GOLDEN.read_text(encoding="utf-8")


@given(hostile_notices)
def test_message_is_plain_lines_that_fit_whatever_things_are_called(hostile: Notice) -> None:
    lines = text(hostile, "findings").split("\n")
    assert max(map(len, lines)) <= WIDTH
    assert all(line == plain(line) for line in lines)
    assert all(not line.endswith(" ") for line in lines)


@given(hostile_notices)
def test_subject_is_what_sns_takes(hostile: Notice) -> None:
    line = subject(hostile)
    assert 0 < len(line) < 100
    assert line.isascii()
    assert line.isprintable()


def test_subject_of_a_bad_day_is_what_sns_takes() -> None:
    records = [record(finding(str(number)), event) for number in range(1200) for event in Event]
    line = subject(notice(*records, blind={"unused-role": "denied"}))
    assert len(line) == 99
    assert line.startswith(f"[HIGH] AWS account {ACCOUNT}: 1200 new, ")


def test_subject_says_how_bad_where_and_what() -> None:
    assert subject(ordinary()) == "[CRITICAL] AWS account 111122223333: 2 new, 1 reopened, 1 changed, 2 resolved"


def test_headline_of_everything_at_once_fits() -> None:
    records = [record(finding(str(number)), event) for number, event in enumerate(Event)]
    head, rest, *_ = text(notice(*records, blind={"a": "x", "b": "x"}), "findings").split("\n")
    assert f"{head} {rest}" == (
        f"AWS account {ACCOUNT}: 1 new, 1 reopened, 1 changed, 1 resolved, 2 checks not possible"
    )
    assert len(head) <= WIDTH


@pytest.mark.parametrize("table", ["AuditorStack-FindingsTable1A2B3C4D-1ABCDEFGHIJKL", "t" * 255])
def test_name_of_the_table_fits_and_is_whole(table: str) -> None:
    told = text(many(1), table)
    assert max(map(len, told.split("\n"))) <= WIDTH
    assert told.replace("\n", "").endswith(f"In full, in the DynamoDB table{table}")


def test_only_what_happened_has_a_section() -> None:
    told = text(many(1), "findings")
    assert "NEW (1)" in told
    assert not [
        word for word in ("REOPENED", "CHANGED", "RESOLVED", "NOT LOOKED AT", "Looked at again") if word in told
    ]


def test_what_is_too_much_is_counted_by_check() -> None:
    told = text(many(SPELLED_OUT + 30), "findings")
    assert told.count("    What   ") == SPELLED_OUT
    assert "    and 30 more:\n    30 x stale-access-key (HIGH)\n" in told


@pytest.mark.parametrize("event", Event)
def test_everything_is_spelled_out_while_it_fits(event: Event) -> None:
    assert " more:" not in text(many(SPELLED_OUT, event), "findings")


def test_resolved_says_how_and_since_when() -> None:
    told = " ".join(text(many(1, Event.RESOLVED), "findings").split())
    assert f"- HIGH {finding().title}: key 0 (fixed, open since 2026-11-11)" in told


def test_what_was_not_looked_at_is_told_with_the_reason() -> None:
    told = text(notice(blind={"unused-role": "AccessDenied", "idle-access-key": "AccessDenied"}), "findings")
    assert "  - idle-access-key, unused-role: AccessDenied\n" in told


@pytest.mark.parametrize("name", NAMES)
def test_reason_of_not_looking_is_hostile_too(name: str) -> None:
    told = text(notice(blind={"unused-role": f"denied {name}"}, seeing_again=("x",)), "findings")
    assert max(map(len, told.split("\n"))) <= WIDTH
    assert not set(told) & set("\x1b\r\t\x00\u202e")


def test_checks_that_see_again_are_named() -> None:
    assert "\nLooked at again: a, b\n" in text(notice(seeing_again=("a", "b")), "findings")


def test_key_ids_are_masked_everywhere() -> None:
    key = "AKIAIOSFODNN7EXAMPLE"
    for event in Event:
        told = text(notice(record(finding(key, reason=f"{key} is old"), event)), "findings")
        assert key not in told
        assert "AKIA...MPLE" in told


def test_most_severe_is_told_first() -> None:
    low, high = (record(finding(name, severity=Severity[name])) for name in ("LOW", "HIGH"))
    told = text(notice(low, high), "findings")
    assert told.index(" 1. HIGH") < told.index(" 2. LOW")
