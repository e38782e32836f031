import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from auditor.render.letter import Letter, Section
from auditor.render.slack import payload
from tests.build import finding, record
from tests.render.letters import LONG_NAMES, NAMES, alert, any_letters, hostile_letters, ordinary
from tests.render.test_chat import assert_harmless, units

LIMITS = {"header": ("plain_text", 150), "section": ("mrkdwn", 3000), "context": ("mrkdwn", 3000)}


def sent(letter: Letter) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(payload(letter))
    return document


def texts(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each text object with the type of its block."""
    for block in document["blocks"]:
        held = block["elements"] if block["type"] == "context" else [block["text"]]
        yield from ((block["type"], it) for it in held)


def assert_taken_by_slack(document: dict[str, Any]) -> None:
    assert set(document) == {"text", "blocks", "unfurl_links", "unfurl_media"}
    assert 0 < len(document["blocks"]) <= 50
    for kind, it in texts(document):
        form, limit = LIMITS[kind]
        assert it["type"] == form
        assert 0 < units(it["text"]) <= limit
        assert set(it) == {"type", "text", "emoji" if form == "plain_text" else "verbatim"}
    assert units(document["text"]) + sum(units(it["text"]) for _, it in texts(document)) <= 10_000


def shown(document: dict[str, Any]) -> str:
    return "\n".join([document["text"], *(it["text"] for _, it in texts(document))])


@given(hostile_letters() | any_letters)
def test_payload_is_of_slacks_form(letter: Letter) -> None:
    assert_taken_by_slack(sent(letter))
    assert payload(letter).isascii()


@given(hostile_letters() | any_letters)
def test_nothing_hostile_is_a_mention_a_link_or_half_a_code_span(letter: Letter) -> None:
    assert_harmless(shown(sent(letter)))


@given(hostile_letters() | any_letters)
def test_slack_makes_links_of_nothing_by_itself(letter: Letter) -> None:
    assert all(it.get("verbatim") is True or it.get("emoji") is False for _, it in texts(sent(letter)))


@pytest.mark.parametrize("name", [*NAMES, *LONG_NAMES])
def test_many_sections_of_hostile_lines_fit(name: str) -> None:
    sections = tuple(Section(title=f"{number}", lines=(name,) * 9) for number in range(80))
    assert_taken_by_slack(sent(replace(ordinary(), sections=sections)))


def test_many_small_sections_are_all_there_in_few_blocks() -> None:
    sections = tuple(Section(title=f"section {number}", lines=("x",)) for number in range(150))
    document = sent(replace(ordinary(), sections=sections))
    assert_taken_by_slack(document)
    assert all(f"*section {number}*" in shown(document) for number in range(150))


def test_sections_are_blocks_of_their_own() -> None:
    blocks = sent(ordinary())["blocks"]
    assert [it["type"] for it in blocks] == ["header", "context", "section", "section", "section"]
    assert [it["text"]["text"].split("\n")[0] for it in blocks[2:]] == ["*New (2)*", "*Reopened (1)*", "*To do*"]


def test_header_says_how_bad_where_and_what() -> None:
    document = sent(ordinary())
    headline = "[CRITICAL] AWS account 111122223333 (prod-payments): 2 new, 1 reopened"
    assert document["text"] == headline
    assert document["blocks"][0]["text"]["text"] == headline


def test_context_has_the_time_and_the_ids() -> None:
    (context,) = sent(ordinary())["blocks"][1]["elements"]
    assert context["text"] == f"2026-11-20 06:00 UTC, 111122223333, message `{ordinary().id}`"


def test_only_control_characters_are_escaped() -> None:
    told = shown(sent(alert(record(finding(reason="""a & b < c > d "e" 'f'""")))))
    assert """`a &amp; b &lt; c &gt; d "e" 'f'`""" in told


def test_letter_without_anything_to_do_has_no_such_block() -> None:
    letter = replace(ordinary(), sections=(), opening="Nothing changed.")
    assert [text["text"] for _, text in texts(sent(letter))][2:] == ["Nothing changed."]
