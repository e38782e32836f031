import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.render.mrkdwn import MORE, size, within, words
from tests.render.letters import texts


@given(texts, st.integers(0, 120))
def test_words_fit_and_hold_no_markup(text: str, limit: int) -> None:
    told = words(text, limit)
    assert size(told) <= limit
    assert not set(told) & set("<>`*~@\n")
    assert told.count("&") == sum(told.count(it) for it in ("&amp;", "&lt;", "&gt;"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("prod_payments (eu)", "prod_payments (eu)"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("https://example.org", "https:/ /example.org"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIA...MPLE"),
        ("a\nb", "a\\nb"),
    ],
)
def test_words_stay_readable(text: str, told: str) -> None:
    assert words(text, 100) == told


def test_words_are_not_cut_in_the_middle_of_an_escape() -> None:
    assert words("ab&", 6) == "ab"
    assert words("ab&", 7) == "ab&amp;"


def test_emoji_is_two_units() -> None:
    assert size("a\N{PILE OF POO}") == 3
    assert words("\N{PILE OF POO}" * 3, 5) == "\N{PILE OF POO}" * 2


def test_lines_that_just_fit_are_whole() -> None:
    assert within(["a" * 50, "b" * 49], 100) == ["a" * 50, "b" * 49]
    assert within(["a" * 50, "b" * 50], 100) == ["a" * 50, MORE.format(1)]


@given(st.lists(st.text(max_size=40), max_size=20), st.integers(60, 400))
def test_lines_are_told_whole_or_counted(lines: list[str], limit: int) -> None:
    told = within(lines, limit)
    assert size("\n".join(told)) <= limit
    whole = told if told == lines else told[:-1]
    assert lines[: len(whole)] == whole
    assert told == lines or told[-1] == MORE.format(len(lines) - len(whole))
