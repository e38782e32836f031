import html
import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auditor.render.escape import cell, chat, masked, plain

anything = st.text(alphabet=st.characters())  # surrogates and unassigned characters included
nasty = st.text(alphabet="=+-@ \t\r\n\x00\x1b[31m`*_~<>&|'\"\\\u202e\u2028\u200b\ud800", max_size=30)
hostile = anything | nasty
PASSED = "é ß 日本 ½ \N{PILE OF POO} \\n ok"


@given(hostile)
def test_plain_text_is_one_line_that_moves_nothing(text: str) -> None:
    shown = plain(text)
    assert len(shown.splitlines()) <= 1
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert shown.encode().decode() == shown


@given(hostile)
def test_plain_text_stays_plain(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "S", "M"), include_characters=" ")))
def test_what_can_be_read_is_left(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\r\nc\td", "a\\nb\\r\\nc\\td"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x9b31m", "\\x9b31m"),
        ("user\u202egnp.exe", "user\\u202egnp.exe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("a\u2028b\u2029c\x85d", "a\\u2028b\\u2029c\\x85d"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        (PASSED, PASSED),
    ],
)
def test_what_a_reader_would_not_see_is_shown(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(hostile)
@example("  =1+1")
@example("\u3000=1+1")
def test_cell_is_never_a_formula(text: str) -> None:
    shown = cell(text)
    assert shown.lstrip()[:1] not in {"=", "+", "-", "@"}
    assert not set(shown) & set("\t\r\n\x00")


@pytest.mark.parametrize("text", ['=HYPERLINK("x")', "+1", "-1", "@SUM(A1)", " =1", "-"])
def test_formula_is_a_text_that_says_so(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "ana", "a=b", "'=1", "\\t=1", "1-2", "{}"])
def test_other_cells_are_left(text: str) -> None:
    assert cell(text) == text


@given(hostile)
@example("&lt;`*bold*`&amp;<!channel>")
def test_chat_text_is_one_code_span_without_markup(text: str) -> None:
    shown = chat(text, 40)
    assert re.fullmatch(r"`[^`\n]*`", shown)
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", shown)


@given(
    st.text(alphabet=st.characters(categories=("L", "P", "S"), exclude_characters="`"), max_size=60), st.integers(0, 60)
)
def test_chat_shows_what_was_written_as_far_as_the_limit(text: str, limit: int) -> None:
    assert html.unescape(chat(text, limit)[1:-1]) == masked(text)[:limit]


KEY_ID = st.from_regex(r"A[KS]IA[A-Z0-9]{12,16}", fullmatch=True)


@given(
    key=KEY_ID,
    before=st.sampled_from(["", "key ", "(", "'", ":", "backup_", "é"]),
    after=st.sampled_from(["", " of ana", ")", ".", "_old", "é"]),
)
def test_key_ids_keep_their_last_four(key: str, before: str, after: str) -> None:
    assert masked(f"{before}{key}{after}") == f"{before}{key[:4]}...{key[-4:]}{after}"


def test_every_key_id_of_a_sentence_is_masked() -> None:
    sentence = "AKIAIOSFODNN7EXAMPLE and ASIAIOSFODNN7EXAMPLF and AKIAIOSFODNN7EXAMPLE"
    assert masked(sentence) == "AKIA...MPLE and ASIA...MPLF and AKIA...MPLE"


@pytest.mark.parametrize("text", ["AIDAIOSFODNN7EXAMPLE", "AKIA", "akiaiosfodnn7example", "AKIA...MPLE", "ana"])
def test_what_is_no_key_id_is_left(text: str) -> None:
    assert masked(text) == text


@given(hostile)
def test_chat_masks_before_it_escapes(text: str) -> None:
    assert "IOSFODNN" not in chat(f"{text} AKIAIOSFODNN7EXAMPLE {text}", 1000)


@pytest.mark.parametrize("limit", range(40))
def test_chat_does_not_unmask_where_it_cuts(limit: int) -> None:
    assert "AKIAI" not in chat("the key AKIAIOSFODNN7EXAMPLE of ana is old", limit)
