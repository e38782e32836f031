from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from auditor.core.check import Severity
from auditor.core.life import Event
from auditor.core.telling import Kind
from auditor.render import letters
from auditor.render.letter import Letter, Section
from auditor.render.message import BODY_LIMIT, WIDTH, subject, text
from auditor.render.wording import SPELLED_OUT
from tests.build import ACCOUNT, NOW, finding, record
from tests.render.letters import (
    KEY,
    LONG_NAMES,
    NAMES,
    alert,
    any_letters,
    bundle,
    digest,
    hostile_letters,
    of,
    ordinary,
    ordinary_records,
    unseen,
)

GOLDEN = Path(__file__).with_name("golden_message.txt")


def many(number: int) -> Letter:
    return alert(*(record(finding(f"key {it}")) for it in range(number)))


def lines(letter: Letter) -> list[str]:
    return text(letter, "findings").split("\n")


def test_ordinary_day_reads_well() -> None:
    today = digest(*(it for it in ordinary_records().values() if it.event is not Event.OPENED), name="prod-payments")
    written = [f"Subject: {subject(it)}\n\n{text(it, 'findings')}" for it in (ordinary(), today)]
    assert f"\n{'=' * WIDTH}\n\n".join(written) == GOLDEN.read_text(encoding="utf-8")


@given(hostile_letters() | any_letters)
def test_message_is_plain_lines_that_fit_whatever_things_are_called(letter: Letter) -> None:
    assert max(map(len, lines(letter))) <= WIDTH
    assert not unseen(text(letter, "findings"))
    assert not [line for line in lines(letter) if line.endswith(" ")]


@given(hostile_letters() | any_letters)
def test_subject_is_what_sns_takes(letter: Letter) -> None:
    line = subject(letter)
    assert 0 < len(line) < 100
    assert line.isascii()
    assert line.isprintable()
    assert line.startswith(f"[{letter.severity.name}]")


@given(hostile_letters() | any_letters)
def test_no_key_id_is_whole(letter: Letter) -> None:
    told = text(letter, "findings")
    assert KEY not in told.replace("\n", "").replace(" ", "")
    assert KEY not in subject(letter)


def test_subject_says_how_bad_where_and_what() -> None:
    assert subject(ordinary()) == "[CRITICAL] AWS account 111122223333 (prod-payments): 2 new, 1 reopened"


def test_subject_that_is_too_long_says_so() -> None:
    told = replace(ordinary(), headline="x" * 200)
    assert subject(told) == f"[CRITICAL] {'x' * 85}..."


def test_longest_name_of_an_account_leaves_room_for_what_happened() -> None:
    told = alert(record(finding()), record(finding("AKIA2"), Event.REOPENED), name="n" * 50)
    assert subject(told).endswith("n...): 1 new, 1 reopened")


@pytest.mark.parametrize("table", ["AuditorStack-FindingsTable1A2B3C4D-1ABCDEFGHIJKL", "t" * 255])
def test_name_of_the_table_fits_and_is_whole(table: str) -> None:
    told = text(many(1), table)
    assert max(map(len, told.split("\n"))) <= WIDTH
    assert table in told.replace("\n", "").replace(" ", "")


def test_message_ends_with_where_to_ask_and_its_id() -> None:
    *_, command, table, identity, end = lines(ordinary())
    assert command == "    auditor findings show ID"
    assert table == "Table    findings"
    assert identity == f"Message  {ordinary().id}"
    assert end == ""


def test_letter_without_ids_says_how_to_list_what_it_is_about() -> None:
    spread = letters.spread(bundle(*map(of, range(6)), kind=Kind.SPREAD), NOW)
    assert "    auditor findings list --check stale-access-key" in lines(spread)
    assert "    auditor findings list" in lines(digest())


def test_what_is_too_much_is_counted_by_check() -> None:
    told = text(many(SPELLED_OUT + 30), "findings")
    assert told.count("    What   ") == SPELLED_OUT
    assert "\n\n    and 30 x stale-access-key (HIGH)\n" in told


def test_everything_is_spelled_out_while_it_fits() -> None:
    assert "    and " not in text(many(SPELLED_OUT), "findings")


def test_message_that_is_too_big_says_how_much_is_left_out() -> None:
    lots = Section(title="Much", lines=tuple("\N{PILE OF POO}" * 70 for _ in range(3000)))
    told = text(replace(ordinary(), sections=(lots,)), "findings")
    assert BODY_LIMIT - 1000 < len(told.encode()) < BODY_LIMIT + 1000
    assert "\n... and 2" in told
    assert told.endswith(f"Message  {ordinary().id}\n")


def test_empty_parts_are_left_out() -> None:
    told = text(alert(record(finding(reason="", fix=""))), "findings")
    assert "What" not in told
    assert "    Do" not in told


@pytest.mark.parametrize("name", [*NAMES, *LONG_NAMES])
def test_hostile_reason_is_seen_and_does_nothing(name: str) -> None:
    told = text(alert(record(finding(reason=f"why {name}"))), "findings")
    assert not unseen(told)
    assert "    What   why" in told


def test_most_severe_is_told_first() -> None:
    low, high = (record(finding(name, severity=Severity[name])) for name in ("LOW", "HIGH"))
    told = text(alert(low, high), "findings")
    assert told.index(" 1. HIGH") < told.index(" 2. LOW")


def test_account_is_named_once() -> None:
    assert text(ordinary(), "findings").count(f"{ACCOUNT} (prod-payments)") == 1
