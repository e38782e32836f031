"""Conditions: operators, keys and how they go together."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from auditor.policy.actions import Key, condition_key, service
from auditor.policy.lint_codes import Remark, shown
from auditor.policy.lint_values import VALUES
from auditor.policy.written import Comparison, Written

FAMILIES: Mapping[str, str] = {
    **dict.fromkeys(("stringequals", "stringnotequals", "stringlike", "stringnotlike"), "String"),
    **dict.fromkeys(("stringequalsignorecase", "stringnotequalsignorecase"), "String"),
    **dict.fromkeys(("numericequals", "numericnotequals"), "Numeric"),
    **{f"numeric{sign}": "Numeric" for sign in ("lessthan", "lessthanequals", "greaterthan", "greaterthanequals")},
    **dict.fromkeys(("dateequals", "datenotequals"), "Date"),
    **{f"date{sign}": "Date" for sign in ("lessthan", "lessthanequals", "greaterthan", "greaterthanequals")},
    **dict.fromkeys(("arnequals", "arnlike", "arnnotequals", "arnnotlike"), "ARN"),
    **dict.fromkeys(("ipaddress", "notipaddress"), "IPAddress"),
    "bool": "Bool",
    "binaryequals": "Binary",
    "null": "Null",
}
"""What an operator, in lower case, compares."""

LIKE = {"stringlike", "stringnotlike", "arnlike", "arnnotlike", "arnequals", "arnnotequals"}
FITTING: Mapping[str, set[str]] = {
    "String": {"String", "ARN", "Binary"},
    "ARN": {"ARN", "String"},
    "Bool": {"Bool"},
    "Numeric": {"Numeric"},
    "Date": {"Date", "Numeric"},
    "IPAddress": {"IPAddress"},
}
"""The operators that fit a key: a text may well be an ARN, and a moment the number of its second."""

UNTRUSTWORTHY = {"aws:referer": "aws:Referer", "aws:useragent": "aws:UserAgent"}
PAIRED = {"aws:vpcsourceip": ("aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn")}
TAGS = ("aws:requesttag", "aws:resourcetag", "aws:principaltag")
QUALIFIERS = {"", "forallvalues", "foranyvalue"}


def family(test: Comparison) -> str:
    """What its operator compares; empty for one that there is not."""
    return FAMILIES.get(test.operator, "") if test.qualifier in QUALIFIERS else ""


def operators(it: Written) -> Iterator[Remark]:
    """Operators that there are not, or that make no sense with their qualifier."""
    for operator, block in _blocks(it).items():
        place = (*it.path, "Condition", operator)
        qualifier, colon, bare = operator.lower().rpartition(":")
        base = bare.removesuffix("ifexists")
        if base not in FAMILIES or (colon and qualifier not in QUALIFIERS - {""}):
            yield Remark("INVALID_CONDITION_OPERATOR", f"there is no operator {shown(operator)}", place)
        elif base == "null" and base != bare:
            yield Remark("NULL_WITH_IF_EXISTS", "Null asks whether the key exists, and has no IfExists", place)
        elif base == "null" and colon:
            yield Remark("NULL_WITH_QUALIFIER", f"{shown(operator)} is met always or never", place)
        yield from _twice(block, place)


def _blocks(it: Written) -> dict[str, Mapping[str, Any]]:
    condition = it.raw.get("Condition")
    blocks = condition.items() if isinstance(condition, Mapping) else ()
    return {operator: block for operator, block in blocks if isinstance(block, Mapping)}


def _twice(block: Mapping[str, Any], place: tuple[str | int, ...]) -> Iterator[Remark]:
    seen: dict[str, str] = {}
    for key in block:
        if seen.setdefault(key.lower(), key) != key:
            message = f"{shown(key)} is the same key as {shown(seen[key.lower()])}: case does not count"
            yield Remark("DUPLICATE_KEYS_WITH_DIFFERENT_CASE", message, (*place, key))


def keys(it: Written) -> Iterator[Remark]:
    """Keys that there are not, or that are no ground for a decision."""
    for test in it.tests:
        known = condition_key(test.key)
        yield from _unknown(test) if known is None else _known(it, test, known)


def _unknown(test: Comparison) -> Iterator[Remark]:
    prefix, colon, name = test.key.partition(":")
    lower = prefix.lower()
    if not colon or not name:
        message = f"{shown(test.key)} is not written like a condition key, service:name"
        yield Remark("INVALID_CONDITION_KEY_FORMAT", message, test.path)
    elif test.key.lower().rstrip("/") in TAGS:
        message = f"{shown(test.key)} needs the key of a tag: {shown(test.key.rstrip('/'))}/<tag>"
        yield Remark("MISSING_TAG_KEY_IN_CONDITION", message, test.path)
    elif test.key.lower() == "aws:arn":
        yield Remark("UNSUPPORTED_GLOBAL_CONDITION_KEY", "aws:ARN is now aws:PrincipalArn", test.path)
    elif lower == "aws":
        yield Remark("INVALID_GLOBAL_CONDITION_KEY", f"no condition key {shown(test.key)} is known", test.path)
    elif service(lower):
        message = f"{lower} has no condition key {shown(name)} that is known"
        yield Remark("INVALID_SERVICE_CONDITION_KEY", message, test.path)
    elif "." not in lower:  # what has a dot is the host of an identity provider
        yield Remark("INVALID_SERVICE", f"no service {shown(prefix)} is known", test.path)


def _known(it: Written, test: Comparison, known: Key) -> Iterator[Remark]:
    compares = family(test)
    if compares and compares != "Null" and compares not in FITTING[known.type]:
        message = f"{known.name} is of type {known.type}, and {shown(test.written)} compares {compares}"
        yield Remark("TYPE_MISMATCH", message, test.path)
    if known.type == "ARN" and test.operator in {"stringlike", "stringnotlike"}:
        message = f"a star of {shown(test.written)} also spans the fields of an ARN; compare {known.name} with ArnLike"
        yield Remark("STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS", message, test.path)
    if known.many and not test.qualifier and compares not in {"", "Null"}:
        message = f"{known.name} can have several values; say ForAllValues or ForAnyValue"
        yield Remark("MISSING_QUALIFIER", message, test.path)
    if not known.many and test.qualifier == "forallvalues" and it.allow and it.kind.grants:
        message = f"ForAllValues is also met without {known.name}, which has one value; leave it out"
        yield Remark("FORALLVALUES_WITH_SINGLE_VALUED_KEY", message, test.path)
    if test.key.lower() in UNTRUSTWORTHY:
        yield Remark("UNTRUSTWORTHY_CONDITION_KEY", f"{known.name} is whatever the caller says it is", test.path)
    paired = PAIRED.get(test.key.lower(), ())
    if paired and not it.keys & set(paired):
        message = f"{known.name} is an address in any VPC; ask for aws:SourceVpc or aws:SourceVpce as well"
        yield Remark("MISSING_PAIRED_CONDITION_KEYS", message, test.path)


def audiences(it: Written) -> Iterator[Remark]:
    """Qualifiers on the audience of a token, which is one."""
    for test in it.tests:
        if test.qualifier == "foranyvalue" and test.key.lower().endswith(":aud") and it.allow:
            message = f"{shown(test.key)} has one value; leave out ForAnyValue"
            yield Remark("FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE", message, test.path)


def values(it: Written) -> Iterator[Remark]:
    """What is said of the values, by what the operator compares."""
    for test in it.tests:
        yield from _emptiness(test)
        yield from _json_types(test)
        for rule in VALUES.get(family(test), ()):
            yield from rule(test)
        variable = next((place for text, place in test.texts if it.variables and "${" in text), None)
        if variable and family(test) not in {"String", "ARN", ""}:
            message = f"{shown(test.written)} takes no policy variables"
            yield Remark("INVALID_VARIABLE_FOR_OPERATOR", message, variable)
        starred = next((place for text, place in test.texts if _stars(text)), None)
        if starred and family(test) == "String" and test.operator not in LIKE:
            message = f"{shown(test.written)} takes * and ? as they are written; StringLike takes them for wildcards"
            yield Remark("WILDCARD_WITHOUT_LIKE_OPERATOR", message, starred)


def _stars(text: str) -> bool:
    """Whether there are wildcards beside those that are escaped, ``${*}``."""
    bare = text.replace("${*}", "").replace("${?}", "")
    return "*" in bare or "?" in bare


def _emptiness(test: Comparison) -> Iterator[Remark]:
    if test.values:
        return
    if test.qualifier == "forallvalues":
        code, meaning = "EMPTY_ARRAY_CONDITION_FORALLVALUES", "only a request without the key meets it"
    elif test.qualifier == "foranyvalue":
        code, meaning = "EMPTY_ARRAY_CONDITION_FORANYVALUE", "no request meets it"
    elif test.if_exists:
        code, meaning = "EMPTY_ARRAY_CONDITION_IFEXISTS", "only a request without the key meets it"
    else:
        code, meaning = "EMPTY_ARRAY_CONDITION", "it compares with nothing"
    yield Remark(code, f"{shown(test.key)} has no value: {meaning}", test.path)


def _json_types(test: Comparison) -> Iterator[Remark]:
    structured = next((place for value, place in test.values if isinstance(value, Mapping | list)), None)
    if structured:
        yield Remark("DATA_TYPE_MISMATCH", f"{shown(test.key)} is compared with something else than values", structured)
    elif len({_json_type(value) for value, _ in test.values}) > 1:
        message = f"the values of {shown(test.key)} are of several JSON types"
        yield Remark("INVALID_CONDITION_DATA_TYPE", message, test.path)


def _json_type(value: Any) -> str:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


STATEMENT: tuple[Callable[[Written], Iterator[Remark]], ...] = (operators, keys, audiences, values)
