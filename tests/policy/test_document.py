import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.policy.document import (
    Clause,
    MalformedPolicyError,
    Party,
    Statement,
    administrator_statement,
    decode,
    every,
    grant,
    statements,
)
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


@pytest.mark.parametrize("resource", ["arn:aws:s3:::logs/%2A", "%22", "100%25"])
def test_per_cent_signs_of_a_text_that_is_not_encoded_stay(resource: str) -> None:
    """Organizations gives its policies as they were written."""
    document = {"Statement": {**DENY, "Resource": resource}}
    assert decode(f"\n{json.dumps(document)}") == document


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


# What a statement speaks of.


def test_every_element_of_a_statement_is_read() -> None:
    given = {
        "Sid": "mine",
        "NotAction": "iam:*",
        "NotResource": ["arn:aws:s3:::a", "arn:aws:s3:::b"],
        "Principal": {"AWS": ["111122223333", "*"], "Service": "ec2.amazonaws.com"},
        "Condition": {"ForAnyValue:StringLike": {"aws:TagKeys": ["a*", "b"]}, "Bool": {"aws:SecureTransport": True}},
    }
    assert read(**given) == Statement(
        sid="mine",
        allow=True,
        not_actions=("iam:*",),
        not_resources=("arn:aws:s3:::a", "arn:aws:s3:::b"),
        parties=(
            Party(kind="AWS", value="111122223333"),
            Party(kind="AWS", value="*"),
            Party(kind="Service", value="ec2.amazonaws.com"),
        ),
        conditions=("aws:SecureTransport", "aws:TagKeys"),
        clauses=(
            Clause(operator="foranyvalue:stringlike", key="aws:tagkeys", values=("a*", "b")),
            Clause(operator="bool", key="aws:securetransport", values=("true",)),
        ),
        number=1,
        variables=False,
    )


def test_everybody_is_read_without_a_kind() -> None:
    assert read(Action="*", Principal="*").parties == (Party(kind="*", value="*"),)
    assert read(Action="*", NotPrincipal={"AWS": "1"}).not_parties == (Party(kind="AWS", value="1"),)
    assert read(Action="*").parties is None


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (False, "false"), (4711, "4711"), ("x", "x"), (1.5, "1.5")]
)
def test_values_of_conditions_are_texts(value: object, text: str) -> None:
    (clause,) = read(Action="*", Condition={"NumericEquals": {"s3:max-keys": [value]}}).clauses
    assert clause.values == (text,)


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        ({"Principal": "somebody"}, "Principal is neither * nor an object"),
        ({"Principal": ["*"]}, "Principal is neither * nor an object"),
        ({"Principal": None}, "Principal is neither * nor an object"),
        ({"NotPrincipal": 1}, "NotPrincipal is neither * nor an object"),
        ({"Principal": {"AWS": {"Ref": "x"}}}, "AWS holds something else than strings"),
        ({"Condition": {"Bool": {"x": {"y": 1}}}}, "Condition compares with something else than values"),
    ],
)
def test_malformed_element_is_named(broken: dict[str, Any], what: str) -> None:
    with pytest.raises(MalformedPolicyError, match=f"^statement 1: {re.escape(what)}$"):
        read(Action="*", **broken)


@pytest.mark.parametrize(
    ("operator", "values", "named", "certain"),
    [
        ("StringEquals", "x", True, True),
        ("ForAnyValue:StringLike", ["x*", "y"], True, True),
        ("ArnLike", "arn:aws:iam::*:role/x", True, True),
        ("StringEqualsIgnoreCase", "x", True, True),
        ("StringEqualsIfExists", "x", True, False),
        ("ForAllValues:StringEquals", "x", True, False),
        ("StringLike", ["x", "*"], False, False),
        ("StringLike", "?*", False, False),
        ("StringEquals", [], False, False),
        ("StringNotEquals", "x", False, False),
        ("Null", "false", False, False),
        ("Bool", "true", False, False),
    ],
)
def test_clause_demands_a_value_only_if_it_compares_for_one(
    operator: str, values: Any, *, named: bool, certain: bool
) -> None:
    (clause,) = read(Action="*", Condition={operator: {"k": values}}).clauses
    assert (clause.named, clause.certain) == (named, certain)


@pytest.mark.parametrize(
    ("elements", "action", "speaks"),
    [
        ({"Action": "kms:Decrypt"}, "KMS:decrypt", True),
        ({"Action": "KMS:De*"}, "kms:Decrypt", True),
        ({"Action": "kms:De?rypt"}, "kms:Decrypt", True),
        ({"Action": "*"}, "kms:*", True),
        ({"Action": "kms:De*"}, "kms:*", False),
        ({"Action": []}, "kms:Decrypt", False),
        ({"NotAction": "s3:*"}, "kms:*", True),
        ({"NotAction": "kms:Encrypt"}, "kms:Decrypt", True),
        ({"NotAction": "kms:Encrypt"}, "kms:*", False),
        ({"NotAction": "*:De*"}, "kms:Decrypt", False),
        ({"NotAction": []}, "kms:Decrypt", True),
    ],
)
def test_statement_speaks_of_an_action(elements: dict[str, Any], action: str, *, speaks: bool) -> None:
    assert read(**elements).speaks_of(action) is speaks


KEYS = "arn:aws:kms:*:111122223333:key/*"


@pytest.mark.parametrize(
    ("elements", "resource", "reaches"),
    [
        ({"Resource": "*"}, "*", True),
        ({"Resource": "arn:*"}, "*", True),
        ({"Resource": KEYS}, "*", False),
        ({"Resource": "*"}, KEYS, True),
        ({"Resource": "arn:aws:kms"}, KEYS, True),
        ({"Resource": "arn:aws:kms:*:*:key/*"}, KEYS, True),
        ({"Resource": ["arn:aws:s3:::x", KEYS]}, KEYS, True),
        ({"Resource": "arn:aws:kms:eu-west-1:111122223333:key/*"}, KEYS, False),
        ({"Resource": "arn:aws:kms:*:444455556666:key/*"}, KEYS, False),
        ({"Resource": "arn:aws-cn:kms:*:*:key/*"}, KEYS, False),
        ({"Resource": "ARN:aws:kms:*:*:key/*"}, KEYS, False),
        ({"NotResource": "arn:aws:s3:::x"}, KEYS, True),
        ({"NotResource": "arn:aws:kms:*:*:key/1"}, KEYS, False),
        ({"NotResource": "arn:aws:s3:::x"}, "*", False),
        ({}, "*", False),
    ],
)
def test_statement_reaches_resources(elements: dict[str, Any], resource: str, *, reaches: bool) -> None:
    assert read(Action="*", **elements).reaches(resource) is reaches


@pytest.mark.parametrize(
    ("kind", "near", "pattern"),
    [
        ("kms:key", "arn:aws:iam::111122223333:policy/x", KEYS),
        ("iam:role", "arn:aws-cn:iam::111122223333:user/ana", "arn:aws-cn:iam::111122223333:role/*"),
    ],
)
def test_every_resource_of_a_kind_is_of_the_account(kind: str, near: str, pattern: str) -> None:
    assert every(kind, near) == pattern


DECRYPT = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}


@pytest.mark.parametrize(
    ("denial", "bites"),
    [
        ({"Action": "kms:*", "Resource": "*"}, True),
        ({"Action": "*", "NotResource": "arn:aws:s3:::x"}, True),
        ({"NotAction": "s3:*", "Resource": KEYS}, True),
        ({"Action": "kms:Encrypt", "Resource": "*"}, False),
        ({"Action": "kms:*", "Resource": "arn:aws:kms:*:*:key/1"}, False),
        ({"Action": "kms:*", "Resource": "*", **CONDITION}, False),
    ],
)
def test_grant_stands_unless_it_is_denied_whole_and_for_certain(denial: dict[str, Any], *, bites: bool) -> None:
    document = {"Statement": [DECRYPT, {"Effect": "Deny", **denial}]}
    assert (grant(document, "kms:Decrypt", KEYS) is None) is bites


def test_grant_without_conditions_is_preferred() -> None:
    document = {"Statement": [{**DECRYPT, **CONDITION}, {**DECRYPT, "Sid": "always"}]}
    found = grant(document, "kms:Decrypt")
    assert found
    assert (found.sid, found.proviso) == ("always", "")
    guarded = grant({"Statement": {**DECRYPT, **CONDITION}}, "kms:Decrypt")
    assert guarded
    assert guarded.proviso == " if aws:SecureTransport is met"
