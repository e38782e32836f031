import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from auditor.core.check import Severity
from auditor.core.life import Event
from auditor.core.telling import Kind
from auditor.render import letters
from auditor.render.chat import DESCRIPTION_LIMIT, notification
from auditor.render.letter import Letter, Section
from auditor.render.mrkdwn import SPELLED_OUT
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


def sent(letter: Letter) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(notification(letter))
    return document


def content(letter: Letter) -> dict[str, Any]:
    part: dict[str, Any] = sent(letter)["content"]
    return part


def units(text: str) -> int:
    """The service may count as Java does: an emoji is two."""
    return len(text.encode("utf-16-le")) // 2


def assert_taken_by_the_service(document: dict[str, Any]) -> None:
    """What is of another form is dropped without a word."""
    assert set(document) == {"version", "source", "id", "content", "metadata"}
    assert (document["version"], document["source"]) == ("1.0", "custom")
    part = document["content"]
    assert set(part) == {"textType", "title", "description", "nextSteps", "keywords"}
    assert part["textType"] == "client-markdown"
    assert 0 < units(part["title"]) <= 250
    assert 0 < units(part["description"]) <= 8000
    assert all(0 < units(step) <= 350 for step in part["nextSteps"])
    assert all(0 < units(word) <= 75 for word in part["keywords"])
    assert set(document["metadata"]) == {"threadId", "summary", "enableCustomActions"}
    assert document["metadata"]["enableCustomActions"] is False


def shown(letter: Letter) -> str:
    """Everything that the service makes markup of, line by line."""
    part, metadata = content(letter), sent(letter)["metadata"]
    return "\n".join([part["title"], part["description"], metadata["summary"], *part["nextSteps"], *part["keywords"]])


def outside_of_code(text: str) -> str:
    """What is not in a code span: every other piece of each line between backticks."""
    return "\n".join("".join(line.split("`")[::2]) for line in text.split("\n"))


def assert_harmless(text: str) -> None:
    assert not unseen(text)
    assert not set(text) & set("<>")
    assert text.count("&") == sum(text.count(it) for it in ("&amp;", "&lt;", "&gt;"))
    assert not [line for line in text.split("\n") if line.count("`") % 2]
    assert not set(outside_of_code(text)) & set("@~")
    assert "://" not in outside_of_code(text)
    assert KEY not in text


@given(hostile_letters() | any_letters)
def test_notification_is_of_the_services_form(letter: Letter) -> None:
    assert_taken_by_the_service(sent(letter))
    assert notification(letter).isascii()
    assert len(notification(letter)) < 262_144


@given(hostile_letters() | any_letters)
def test_nothing_hostile_is_a_mention_a_link_or_half_a_code_span(letter: Letter) -> None:
    assert_harmless(shown(letter))


@pytest.mark.parametrize("name", [*NAMES, *LONG_NAMES])
def test_hundred_and_fifty_hostile_findings_fit(name: str) -> None:
    records = [
        record(finding(f"{number}", reason=name, resource=name, principal=name, fix=name or "x"), event)
        for number in range(50)
        for event in (Event.OPENED, Event.REOPENED, Event.EXCEPTION_ENDED)
    ]
    told = alert(*records, name=name)
    assert_taken_by_the_service(sent(told))
    assert_harmless(shown(told))


@pytest.mark.parametrize("line", ["&" * 200, "\N{PILE OF POO}" * 200, "\u202e" * 200, "a"])
def test_description_that_is_too_long_ends_with_whole_lines_and_the_number_of_the_others(line: str) -> None:
    letter = replace(ordinary(), sections=(Section(title="Much", lines=(line,) * 3000),))
    *given_lines, rest = content(letter)["description"].split("\n")
    left = int(rest.removeprefix("… and more: ").removesuffix(" lines, see the findings table"))
    assert len(given_lines) + left == 1 + 2 + 3000
    assert len({it for it in given_lines if it.startswith("•")}) == 1
    assert units("\n".join([*given_lines, rest])) > DESCRIPTION_LIMIT - 1300


def test_description_fits_whatever_the_length_of_its_lines() -> None:
    for length in range(1, 200, 7):
        letter = replace(ordinary(), sections=(Section(title="Much", lines=("&" * length,) * 500),))
        assert units(content(letter)["description"]) <= DESCRIPTION_LIMIT


def test_names_are_in_code_spans() -> None:
    told = content(alert(record(finding(reason="*bold* <!channel> `x`"))))["description"]
    assert ": `*bold* &lt;!channel&gt; ʼxʼ`\n" in told  # noqa: RUF001


def test_ordinary_day_reads_well() -> None:
    day = ordinary_records()
    told = content(alert(day["root"], day["zone"], name="prod-payments"))
    assert told["title"] == "[CRITICAL] AWS account 111122223333 (prod-payments): 1 new, 1 reopened"
    assert told["description"].split("\n") == [
        "2026-11-20 06:00 UTC",
        "",
        "*New (1)*",
        "• *CRITICAL* Root user has an access key: `the root user has an active access key, no use on record`",
        "   `arn:aws:iam::111122223333:root`, `caad01e6e5ddfee6cd30adca2f807dd4`",
        "",
        "*Reopened (1)*",
        (
            "• *MEDIUM* Enabled Region has no analyzer for external access: "
            "`nothing in eu-west-1 is analyzed for external access`"
        ),
        "   `eu-west-1`, `b9c5735ec6882f69c3adf01f97406369`",
    ]


def test_next_steps_are_the_fixes_and_how_to_acknowledge() -> None:
    day = ordinary_records()
    assert content(alert(day["root"]))["nextSteps"] == [
        (
            "Root user has an access key: `as root, deactivate the key: console, Security credentials, Access keys, "
            "Actions, Deactivate`"
        ),
        (
            "Look after it (Root user has an access key): "
            "`auditor findings ack caad01e6e5ddfee6cd30adca2f807dd4 --by NAME`"
        ),
    ]


def test_command_that_does_not_fit_is_left_out_whole() -> None:
    short, long = (record(finding(uid, fix=fix)) for uid, fix in (("a", "mend"), ("b", f"mend {'x' * 400}")))
    steps = content(alert(short, long))["nextSteps"]
    assert [step for step in steps if "mend" in step] == [f"{finding().title}: `mend`"]


def test_digest_asks_nobody_to_acknowledge() -> None:
    assert not [it for it in content(digest(record(finding())))["nextSteps"] if "ack" in it]


def test_what_is_too_much_is_counted() -> None:
    told = content(alert(*(record(finding(f"{number}")) for number in range(20))))["description"]
    assert told.count("• *HIGH*") == SPELLED_OUT
    assert told.endswith("\n• and 4 more\n• and 8 x stale-access-key (HIGH)")


def test_one_account_is_one_thread() -> None:
    assert sent(ordinary())["metadata"]["threadId"] == f"auditor-{ACCOUNT}"
    assert content(ordinary())["keywords"][:2] == [Severity.CRITICAL.name, ACCOUNT]


def test_many_accounts_are_the_thread_of_their_kind() -> None:
    spread = letters.spread(bundle(*map(of, range(6)), kind=Kind.SPREAD), NOW)
    assert sent(spread)["metadata"]["threadId"] == "auditor-spread"


def test_same_letter_is_the_same_notification() -> None:
    assert sent(ordinary())["id"] == ordinary().id
    assert notification(ordinary()) == notification(ordinary())
