"""Filter patterns: the examples of AWS's documentation, the corners of its rules, and texts that are none."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.filter_pattern import DEEPEST, Combination, Condition, Json, PatternError, Terms, parse

SAMPLE = {
    "eventType": "UpdateTrail",
    "sourceIPAddress": "111.111.111.111",
    "arrayKey": ["value", "another value"],
    "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
    "SomeObject": None,
    "ThisFlag": True,
    "latency": 501.5,
    "errorCode": "Client.UnauthorizedOperation",
    "quoted": 'say "no"',
    "starred": "Ev*ent",
}
PEOPLE = {
    "user": {"id": 1, "email": "John.Stiles@example.com"},
    "users": [{"id": 2, "email": "John.Doe@example.com"}, {"id": 3, "email": "Jane.Doe@example.com"}],
    "actions": ["GET", "PUT", "DELETE"],
    "coordinates": [[0, 1, 2], [4, 5, 6], [7, 8, 9]],
}


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{ $.eventType = "UpdateTrail" }', True),
        ("{ $.eventType = UpdateTrail }", True),
        ("{$.eventType=UpdateTrail}", True),
        ('{ $.eventType = "updatetrail" }', False),
        ("{ $.sourceIPAddress != 123.123.* }", True),
        ("{ $.sourceIPAddress != 111.111.* }", False),
        ('{ $.arrayKey[0] = "value" }', True),
        ('{ $.arrayKey[1] = "value" }', False),
        ('{ $.arrayKey[*] = "another value" }', True),
        ('{ $.arrayKey[9] = "value" }', False),
        ("{ $.objectList[1].id = 2 }", True),
        ("{ $.objectList[*].name = a }", True),
        ("{ $.eventType[0] = U }", False),
        ("{ $.SomeObject IS NULL }", True),
        ("{ $.eventType IS NULL }", False),
        ("{ $.SomeOtherObject IS NULL }", False),
        ("{ $.SomeOtherObject NOT EXISTS }", True),
        ("{ $.SomeObject NOT EXISTS }", False),
        ("{ $.SomeObject EXISTS }", True),
        ("{ $.ThisFlag IS TRUE }", True),
        ("{ $.ThisFlag IS FALSE }", False),
        ("{ $.eventType IS TRUE }", False),
        ("{ $.latency >= 500 }", True),
        ("{ $.latency < 10e3 }", True),
        ("{ $.latency > +501.5 }", False),
        ("{ $.latency <= 501.5 }", True),
        ("{ $.latency = 501.5 }", True),
        ("{ $.eventType > 1 }", False),
    ],
)
def test_documented_condition(pattern: str, *, matches: bool) -> None:
    assert parse(pattern).matches(SAMPLE) is matches


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{ $.errorCode = "*UnauthorizedOperation" }', True),
        ("{ $.errorCode = *UnauthorizedOperation }", True),
        ('{ $.errorCode = "Client*" }', True),
        ('{ $.errorCode = "*Unauthorized*" }', True),
        ("{ $.errorCode = * }", True),
        ('{ $.errorCode = "Operation" }', False),
        ("{ $.absent = * }", False),
        ("{ $.starred = Ev*ent }", True),
        ("{ $.errorCode = Client*Operation }", False),
        (r'{ $.quoted = "say \"no\"" }', True),
        ("{ $.errorCode = %Unauthorized% }", True),
        ("{ $.errorCode = %^Unauthorized% }", False),
        ("{ $.errorCode = %^Client[.]U% }", True),
        ("{ $.errorCode != %^Client% }", False),
        (r"{ $.sourceIPAddress = %^\d{3}% }", True),
    ],
)
def test_asterisks_stand_at_the_ends_and_expressions_anywhere(pattern: str, *, matches: bool) -> None:
    assert parse(pattern).matches(SAMPLE) is matches


@pytest.mark.parametrize("operator", ["=", "!="])
@pytest.mark.parametrize("selector", ["$.absent", "$.SomeObject", "$.arrayKey", "$.objectList[0]", "$.absent.deeper"])
def test_what_is_no_value_compares_as_nothing(selector: str, operator: str) -> None:
    """Also with ``!=``: a filter that excludes a value of a property matches no event without that property."""
    assert not parse(f"{{ {selector} {operator} x }}").matches(SAMPLE)


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }', True),
        ('{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }', False),
        (
            '{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch && $.actions[2] = nomatch }',
            True,
        ),
        (
            '{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = no) && $.actions[2] = nomatch }',
            False,
        ),
    ],
)
def test_documented_order_of_operations(pattern: str, *, matches: bool) -> None:
    assert parse(pattern).matches(PEOPLE) is matches


def test_boolean_that_is_compared_with_a_text_is_not_judged() -> None:
    pattern = parse("{ $.ThisFlag = true }")
    with pytest.raises(PatternError, match=r"^\$\.ThisFlag is a boolean"):
        pattern.matches(SAMPLE)


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("", True),
        ("UpdateTrail", True),
        ('"another value"', True),
        ("UpdateTrail StopLogging", False),
        ("UpdateTrail -StopLogging", True),
        ('UpdateTrail -"another value"', False),
        ("?StopLogging ?UpdateTrail", True),
        ("?StopLogging ?DeleteTrail", False),
        ('"\\"eventType\\":\\"UpdateTrail\\""', True),
        ("updatetrail", False),
    ],
)
def test_terms_are_looked_for_in_the_text(pattern: str, *, matches: bool) -> None:
    assert parse(pattern).matches(SAMPLE) is matches


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{", "the closing brace is missing"),
        ("{}", "the end stands where a selector should be"),
        ("{ $.a = 1 } more", "the closing brace is missing"),
        ("{ $.a }", "the end stands where a sign should be"),
        ("{ $.a = }", "$.a = lacks its value"),
        ("{ $.a && $.b = 1 }", "&& compares nothing"),
        ("{ ($.a = 1 }", "the end stands where ) should be"),
        ("{ $.a = 1) }", ") stands where the pattern should end"),
        ("{ $.a IS }", "the end stands where a word should be"),
        ("{ $.a IS 3 }", "IS 3 asks nothing"),
        ("{ $.a < b }", "b is no number"),
        ("{ $.a = 'b' }", "'b' cannot be read"),
        ('{ $.a = "b }', '"b cannot be read'),
        ("{ $.a = %(x)% }", "%(x)% is no regular expression that can be judged"),
        ("{ $.a = %x*y*z*% }", "%x*y*z*% is no regular expression that can be judged"),
        ("{ $.a = %[% }", "%[% is no regular expression: unterminated character set at position 0"),
        ("[ip, user, status = 4*]", "[ip, user, status = 4*] is no list of terms"),
        ("%Root%", "%Root% is no list of terms"),
        ("?a b", "optional terms stand beside others, where AWS ignores them"),
    ],
)
def test_what_cannot_be_judged_says_why(pattern: str, message: str) -> None:
    with pytest.raises(PatternError) as error:
        parse(pattern)
    assert str(error.value) == message


@pytest.mark.parametrize("depth", [DEEPEST, 5000])
def test_parentheses_are_read_to_a_depth(depth: int) -> None:
    text = f"{{ {'(' * depth}$.a = 1{')' * depth} }}"
    if depth == DEEPEST:
        assert parse(text) == parse("{ $.a = 1 }")
    else:
        with pytest.raises(PatternError, match=r"^the parentheses are too deep$"):
            parse(text)


signs = st.sampled_from('{}()[]$.*%"\\&|=!<> -?+aE1_\n')
texts = st.one_of(st.text(), st.text(signs, max_size=40), st.text(signs, max_size=40).map(lambda it: f"{{ $.a{it} }}"))
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
events = st.dictionaries(
    st.sampled_from("abE1"),
    st.recursive(leaves, lambda it: st.lists(it, max_size=3) | st.dictionaries(st.sampled_from("abE1"), it)),
)


@given(texts, events)
def test_any_text_is_a_pattern_or_a_pattern_error(text: str, event: dict[str, Any]) -> None:
    with suppress(PatternError):
        assert parse(text).matches(event) in (True, False)


selectors = st.lists(
    st.sampled_from(["event-Name", "user_Identity", "a1", "*"]).map(".{}".format)
    | st.sampled_from(["[0]", "[12]", "[*]"]),
    min_size=1,
    max_size=4,
).map(lambda steps: "$" + "".join(steps))
words = st.text("abcXYZ019.*:/@_-", min_size=1, max_size=12)
quoted = st.text().map(lambda it: '"' + it.replace("\\", "\\\\").replace('"', '\\"') + '"')
conditions = st.one_of(
    st.builds(Condition, selectors, st.sampled_from(["=", "!="]), words | quoted | st.just("%^a.c%")),
    st.builds(Condition, selectors, st.sampled_from(["<", ">", "<=", ">="]), st.integers(-99, 99).map(str)),
    st.builds(Condition, selectors, st.sampled_from(["IS NULL", "IS TRUE", "IS FALSE", "EXISTS", "NOT EXISTS"])),
)
combinations = st.recursive(
    conditions,
    lambda it: st.builds(Combination, st.sampled_from(["&&", "||"]), st.lists(it, min_size=2, max_size=3).map(tuple)),
    max_leaves=8,
)


@given(combinations)
def test_pattern_is_read_as_it_is_written(condition: Condition | Combination) -> None:
    assert parse(str(Json(condition))) == Json(condition)


@given(st.lists(st.text(st.characters(codec="ascii"), min_size=1, max_size=6), max_size=4))
def test_quoted_terms_are_found_in_the_text_that_holds_them(terms: list[str]) -> None:
    event = {"text": terms}
    written = [json.dumps(term)[1:-1] for term in terms]
    escaped = [term.replace("\\", "\\\\").replace('"', '\\"') for term in written]
    pattern = parse(" ".join(f'"{term}"' for term in escaped))
    assert pattern == Terms(required=tuple(written))
    assert pattern.matches(event)
