import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.policy.document import MalformedPolicyError, Statement, administrator_statement, decode, statements
from tests.build import ADMINISTRATOR, allowing

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}
DENY = {**ALLOW, "Effect": "Deny"}
CONDITION = {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}


def read(**elements: Any) -> Statement:
    (statement,) = statements({"Statement": [{"Effect": "Allow", **elements}]})
    return statement


# Every form in which IAM gives a document.


@pytest.mark.parametrize("written", [dict, json.dumps, lambda it: quote(json.dumps(it))])
def test_document_is_read_decoded_as_text_and_url_encoded(written: Callable[[Any], Any]) -> None:
    assert decode(written(ADMINISTRATOR)) == ADMINISTRATOR


@given(st.dictionaries(st.text(), json_values))
def test_document_survives_iams_encoding(document: dict[str, Any]) -> None:
    assert decode(quote(json.dumps(document), safe="")) == document


@pytest.mark.parametrize("text", ["", "{", "not json", "%7B%22Statement", "[]", '"Statement"', "null", "1"])
def test_text_that_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(MalformedPolicyError, match="not a policy document"):
        decode(text)


@pytest.mark.parametrize("document", [{}, {"Version": "2012-10-17"}, {"Statement": None}, {"statement": ADMINISTRATOR}])
def test_document_without_statement_is_not_an_empty_one(document: dict[str, Any]) -> None:
    with pytest.raises(MalformedPolicyError, match="no Statement"):
        list(statements(document))


def test_empty_list_of_statements_has_none() -> None:
    assert list(statements({"Statement": []})) == []


def test_single_statement_and_single_strings_are_lists_of_one() -> None:
    loose = {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    strict = {"Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"]}]}
    assert list(statements(loose)) == list(statements(strict))


def test_statements_keep_their_order() -> None:
    document = {"Statement": [{**ALLOW, "Sid": "first"}, {**DENY, "Sid": "second"}]}
    assert [(it.sid, it.allow) for it in statements(document)] == [("first", True), ("second", False)]


def test_negated_elements_are_told_apart_from_absent_ones() -> None:
    negated = read(NotAction="iam:*", NotResource="*")
    assert (negated.actions, negated.resources) == (None, None)
    assert read(Action=[], Resource=[]).actions == ()


def test_conditions_are_the_keys_of_all_operators() -> None:
    condition = {"StringEquals": {"b:b": "x", "c:c": ["y"]}, "Bool": {"a:a": "true"}, "StringLike": {"b:b": "z"}}
    assert read(Action="*", Condition=condition).conditions == ("a:a", "b:b", "c:c")


@pytest.mark.parametrize("empty", [{}, {"Condition": None}, {"Condition": {}}, {"Condition": {"Bool": {}}}])
def test_empty_condition_is_none(empty: dict[str, Any]) -> None:
    assert read(Action="*", **empty).conditions == ()


@pytest.mark.parametrize(
    "broken",
    [
        "Allow",
        ["Allow"],
        None,
        {},
        {"Effect": "allow"},
        {"Effect": None},
        {"Effect": "Allow", "Action": 1},
        {"Effect": "Allow", "Action": None, "Resource": [None]},
        {"Effect": "Allow", "Action": ["s3:*", {}]},
        {"Effect": "Allow", "Action": "*", "Resource": {"Fn::Sub": "*"}},
        {"Effect": ["Allow"], "Action": "*"},
        {"Effect": "Allow", "Resource": "*"},
        *({"Effect": "Allow", "Action": "*", "Condition": it} for it in ("x", ["x"], {"Bool": "true"})),
    ],
)
def test_malformed_statement_is_named_by_its_number(broken: object) -> None:
    with pytest.raises(MalformedPolicyError, match=r"^statement 2: "):
        list(statements({"Statement": [ALLOW, broken]}))


# Who is administrator.


@pytest.mark.parametrize(
    ("action", "resource", "everything"),
    [
        ("*", "*", True),
        ("*:*", "*", True),
        (["*"], ["*"], True),
        (["s3:*", "*"], ["arn:aws:s3:::b", "*"], True),
        ("**", "**", True),
        ("", "*", False),
        (":", "*", False),
        ("*", "", False),
        ("*", ":", False),
        ("*", [], False),
        ([], "*", False),
        ("iam:*", "*", False),
        ("*:Get*", "*", False),
        ("?", "*", False),
        ("*?", "*", True),
        (":*", "*", False),
        ("*", "arn:*", True),
        ("*", "arn:aws:*:*:*:*", True),
        ("*", "arn:*:s3:::*", False),
        ("*", "arn:aws:s3:::*", False),
    ],
)
def test_everything_is_only_everything(action: Any, resource: Any, *, everything: bool) -> None:
    assert read(Action=action, Resource=resource).on_everything is everything


def test_unconditional_statement_is_preferred() -> None:
    found = administrator_statement({"Statement": [{**ALLOW, **CONDITION}, {**ALLOW, "Sid": "always"}]})
    assert found
    assert found.sid == "always"


@pytest.mark.parametrize(
    ("denial", "bites"),
    [
        (DENY, True),
        ({**DENY, "Action": ["*:*"]}, True),
        ({**DENY, **CONDITION}, False),
        ({**DENY, "Action": "iam:*"}, False),
        ({**DENY, "Resource": "arn:aws:s3:::ledger"}, False),
        ({"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}, False),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_denial_of_everything_wins_wherever_it_stands(denial: dict[str, Any], *, bites: bool, first: bool) -> None:
    both = [denial, ALLOW] if first else [ALLOW, denial]
    assert (administrator_statement({"Statement": both}) is None) is bites


@given(st.lists(st.sampled_from([ALLOW, DENY, {**ALLOW, **CONDITION}, {**ALLOW, "Action": "s3:*"}])))
def test_administrator_is_a_statement_of_the_document(chosen: list[dict[str, Any]]) -> None:
    found = administrator_statement({"Statement": chosen})
    expected = DENY not in chosen and (ALLOW in chosen or {**ALLOW, **CONDITION} in chosen)
    assert (found is not None) is expected
    assert found is None or found in list(statements({"Statement": chosen}))


def test_malformed_statement_is_not_read_as_harmless() -> None:
    with pytest.raises(MalformedPolicyError):
        administrator_statement({"Statement": [*allowing("s3:*").values(), {"Effect": "Perhaps"}]})
