import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.policy.match import matches, overlap, whole

patterns = st.text("ab*?", max_size=8)
texts = st.text("abc", max_size=8)


def as_expression(pattern: str) -> re.Pattern[str]:
    """The meaning of a pattern, as Python's expressions have it."""
    return re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern), re.DOTALL)


@given(patterns, texts)
def test_pattern_admits_what_its_expression_does(pattern: str, text: str) -> None:
    assert matches(pattern, text) is bool(as_expression(pattern).fullmatch(text))


@given(patterns, patterns, texts)
def test_pattern_admits_whatever_a_pattern_admits_that_it_admits(wide: str, narrow: str, text: str) -> None:
    assert not (matches(wide, narrow) and matches(narrow, text)) or matches(wide, text)


@given(patterns)
def test_pattern_admits_itself(pattern: str) -> None:
    assert matches(pattern, pattern)
    assert matches("*", pattern)


@pytest.mark.parametrize(
    ("wide", "narrow", "admits"),
    [
        ("kms:*", "kms:De*", True),
        ("kms:De*", "kms:*", False),
        ("kms:?*", "kms:*", False),
        ("kms:*?", "kms:?*", True),
        ("*?", "??*", True),
        ("kms:?", "kms:*", False),
        ("**", "*", True),
        ("a*b*", "a*b", True),
        ("a*b", "a*b*", False),
        ("", "", True),
        ("*", "", True),
        ("?", "", False),
    ],
)
def test_pattern_admits_another(wide: str, narrow: str, *, admits: bool) -> None:
    assert matches(wide, narrow) is admits


@given(patterns, patterns, texts)
def test_patterns_that_admit_one_text_overlap(one: str, other: str, text: str) -> None:
    assert not (matches(one, text) and matches(other, text)) or overlap(one, other)


@given(patterns, texts)
def test_overlap_with_a_text_is_admission(pattern: str, text: str) -> None:
    assert overlap(pattern, text) is overlap(text, pattern) is matches(pattern, text)


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("a*", "*b", True),
        ("a*", "b*", False),
        ("*a", "*b", False),
        ("?", "*", True),
        ("a?", "?b", True),
        ("?", "", False),
    ],
)
def test_patterns_overlap(one: str, other: str, *, shared: bool) -> None:
    assert overlap(one, other) is overlap(other, one) is shared


@pytest.mark.parametrize("pattern", ["*a" * 1000 + "b", "?*" * 1000 + "b", "*" * 2000 + "b"])
def test_hostile_pattern_is_answered_soon(pattern: str) -> None:
    assert not matches(pattern, "a" * 2000)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("arn:aws:sqs", "arn:aws:sqs:*:*:*"),
        ("arn:aws:kms:*", "arn:aws:kms:*:*:*"),
        ("arn:aws:s3:::ledger", "arn:aws:s3:::ledger"),
        ("arn:aws:iam::1:role/a:b", "arn:aws:iam::1:role/a:b"),
        ("*", "*"),
        ("", ""),
    ],
)
def test_short_arn_is_completed(short: str, long: str) -> None:
    assert whole(short) == long
