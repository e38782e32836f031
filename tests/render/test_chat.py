import json
import re
from itertools import cycle, islice, product
from typing import Any

import pytest
from hypothesis import given

from auditor.core.check import Severity
from auditor.core.reconcile import Event
from auditor.render.chat import DESCRIPTION_LIMIT, LINE_LIMIT, SPELLED_OUT, notification
from auditor.render.notice import Notice
from tests.build import ACCOUNT, finding, notice, record
from tests.render.notices import NAMES, hostile_notices, ordinary


def sent(told: Notice) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(notification(told))
    return document


def content(told: Notice) -> dict[str, Any]:
    part: dict[str, Any] = sent(told)["content"]
    return part


def assert_taken_by_the_service(document: dict[str, Any]) -> None:
    """What is of another form is dropped without a word."""
    assert set(document) == {"version", "source", "content", "metadata"}
    assert (document["version"], document["source"]) == ("1.0", "custom")
    part = document["content"]
    assert set(part) == {"textType", "title", "description", "keywords"}
    assert part["textType"] == "client-markdown"
    assert 0 < len(part["title"]) <= 250
    assert 0 < len(part["description"]) <= 8000
    assert all(0 < len(word) <= 75 for word in part["keywords"])
    assert set(document["metadata"]) <= {"threadId", "summary", "additionalContext", "enableCustomActions"}


@given(hostile_notices)
def test_notification_is_of_the_services_form(hostile: Notice) -> None:
    assert_taken_by_the_service(sent(hostile))
    assert len(notification(hostile).encode()) < 262_144


def test_a_thousand_hostile_records_fit() -> None:
    records = [
        record(finding(str(number), reason=name, resource=name), event)
        for number, (event, name) in enumerate(islice(cycle(product(Event, NAMES)), 1000))
    ]
    blind = {f"check {number}": NAMES[number] * 9 for number in range(len(NAMES))}
    assert_taken_by_the_service(sent(notice(*records, blind=blind, seeing_again=("x",) * 1000)))


def test_description_of_a_bad_day_fits() -> None:
    records = [
        record(finding(str(it), reason="x" * 5000, resource="&" * 5000), event) for it in range(9) for event in Event
    ]
    assert_taken_by_the_service(sent(notice(*records)))


def test_bad_day_is_told_of_every_event() -> None:
    records = [
        record(finding(str(it), reason="x" * 400, resource="y" * 400), event) for it in range(40) for event in Event
    ]
    told = content(notice(*records))["description"]
    assert all(f"*{word} (40)*" in told for word in ("New", "Reopened", "Changed", "Resolved"))


@pytest.mark.parametrize("name", ["&" * 5000, "`<>&" * 999, "\u202e" * 5000])
def test_description_that_is_too_long_ends_with_a_whole_line_and_the_number_of_the_others(name: str) -> None:
    records = [record(finding(str(it), reason=name, resource=name), event) for it in range(9) for event in Event]
    description = content(notice(*records))["description"]
    *lines, rest = description.split("\n")
    left = re.fullmatch(r"… and more: (\d+) lines, see the findings table", rest)
    assert left
    assert len(lines) + int(left[1]) == 1 + len(Event) * (1 + SPELLED_OUT + 1)
    assert {line.count("`") for line in lines} <= {0, 2}
    assert all(line.endswith("`") for line in lines if "`" in line)
    assert len(description) > DESCRIPTION_LIMIT - 2000


def test_description_fits_with_the_number_of_the_lines_that_do_not() -> None:
    for length in range(LINE_LIMIT):
        records = [record(finding(str(it), reason="&" * length), event) for it in range(9) for event in Event]
        assert len(content(notice(*records))["description"]) <= DESCRIPTION_LIMIT


@given(hostile_notices)
def test_code_spans_end_in_their_line(hostile: Notice) -> None:
    description = content(hostile)["description"]
    assert not [line for line in description.split("\n") if line.count("`") % 2]


@given(hostile_notices)
def test_nothing_hostile_is_a_mention_or_a_link(hostile: Notice) -> None:
    description = content(hostile)["description"]
    assert "<" not in description
    assert ">" not in description


def test_names_are_in_code_spans() -> None:
    told = content(notice(record(finding(reason="*bold* <!channel> `x`"))))["description"]
    assert told.endswith(": `*bold* &lt;!channel&gt; ʼxʼ`")  # noqa: RUF001


def test_ordinary_day_reads_well() -> None:
    assert content(ordinary())["title"] == (
        "[CRITICAL] AWS account 111122223333: 2 new, 1 reopened, 1 changed, 2 resolved"
    )
    assert content(ordinary())["description"].split("\n") == [
        "Audit of 2026-11-20 06:00 UTC",
        "*New (2)*",
        "• CRITICAL Root user has an access key: `the root user has an active access key, no use on record`",
        "• HIGH Active access key is older than the rotation limit: `AKIA...MPLE of ana is 91 days old (limit 90)`",
        "*Reopened (1)*",
        (
            "• MEDIUM Enabled Region has no analyzer for external access: "
            "`nothing in eu-west-1 is analyzed for external access`"
        ),
        "*Changed (1)*",
        "• HIGH Policy allows every action on every resource: `everything allows * on *; held by role/deploy`",
        "*Resolved (2)*",
        "• HIGH Console user has no multi-factor authentication: `arn:aws:iam::111122223333:user/bo`",
        "• LOW Role was not used for a long time: `arn:aws:iam::111122223333:role/old`",
    ]


def test_what_is_too_much_is_counted_by_check() -> None:
    told = content(notice(*(record(finding(str(number))) for number in range(SPELLED_OUT + 4))))["description"]
    assert told.endswith("\n• 4 x stale-access-key (HIGH)")
    assert told.count("• HIGH") == SPELLED_OUT


def test_blindness_is_told_with_its_reason() -> None:
    told = content(notice(blind={"unused-role": "AccessDenied: <x>"}))["description"]
    assert "*Not looked at:* unused-role: `AccessDenied: &lt;x&gt;`" in told


def test_one_account_is_one_thread() -> None:
    assert sent(ordinary())["metadata"]["threadId"] == f"auditor-{ACCOUNT}"
    assert content(ordinary())["keywords"] == [Severity.CRITICAL.name, ACCOUNT]
