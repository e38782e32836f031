"""Condition blocks: every operator, with what a request has, lacks and leaves unknown."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.policy.probes.probe import USER_GUIDE, Row

OPERATORS = f"{USER_GUIDE}reference_policies_elements_condition_operators.html"
LOGIC = f"{USER_GUIDE}reference_policies_condition-logic-multiple-context-keys-or-values.html"
SETS = f"{USER_GUIDE}reference_policies_condition-single-vs-multi-valued-context-keys.html"
SET_EXAMPLES = f"{USER_GUIDE}reference_policies_condition_examples-multi-valued-context-keys.html"
CONDITION = f"{USER_GUIDE}reference_policies_elements_condition.html"

UNKNOWN = None
"""What a request has of a key of which nothing is known."""

Had = str | tuple[str, ...] | None
Case = tuple[str, str, Any, Had, bool | None]
"""A claim, an operator, what the policy has, what the request has, and whether that is met."""


def rows(topic: str, page: str, key: str, cases: Iterable[Case]) -> Iterator[Row]:
    """Blocks with one key, numbered."""
    for number, (claim, operator, wanted, had, met) in enumerate(cases, start=1):
        values = had if isinstance(had, tuple) else (had,) if had is not None else ()
        yield Row(
            id=f"{topic}-{number}",
            claim=claim,
            page=page,
            condition={operator: {key: wanted}},
            known={} if had is UNKNOWN else {key.lower(): values},
            met=met,
            unmet=frozenset({key.lower()}) if met is None else frozenset(),
        )


ABSENT: tuple[str, ...] = ()

TEXT = rows(
    "string",
    f"{OPERATORS}#Conditions_String",
    "aws:PrincipalTag/team",
    (
        ("Equal texts are equal", "StringEquals", "red", "red", True),
        ("Other texts are not", "StringEquals", "red", "blue", False),
        ("The case of values counts", "StringEquals", "red", "Red", False),
        ("What is absent equals nothing", "StringEquals", "red", ABSENT, False),
        ("What is unknown may be equal", "StringEquals", "red", UNKNOWN, None),
        ("StringEquals knows no wildcards", "StringEquals", "r*", "red", False),
        ("StringEquals takes a star for a star", "StringEquals", "r*", "r*", True),
        ("StringEquals takes a question mark for one", "StringEquals", "re?", "red", False),
        ("An empty text equals an empty text", "StringEquals", "", "", True),
        ("A negated comparison is not met by an equal text", "StringNotEquals", "red", "red", False),
        ("A negated comparison is met by another text", "StringNotEquals", "red", "blue", True),
        ("The case counts in a negated comparison", "StringNotEquals", "red", "Red", True),
        ("A negated comparison is met by what is absent", "StringNotEquals", "red", ABSENT, True),
        ("A negated comparison of what is unknown is open", "StringNotEquals", "red", UNKNOWN, None),
        ("The case does not count where it is ignored", "StringEqualsIgnoreCase", "red", "RED", True),
        ("Other texts differ whatever their case", "StringEqualsIgnoreCase", "red", "blue", False),
        ("Ignoring the case is no wildcard", "StringEqualsIgnoreCase", "r*", "red", False),
        ("What is absent equals nothing in any case", "StringEqualsIgnoreCase", "red", ABSENT, False),
        ("A negated comparison can ignore the case", "StringNotEqualsIgnoreCase", "red", "RED", False),
        ("Texts that differ whatever their case differ", "StringNotEqualsIgnoreCase", "red", "blue", True),
        ("Absent differs whatever the case", "StringNotEqualsIgnoreCase", "red", ABSENT, True),
        ("A star stands for any run of characters", "StringLike", "r*d", "rad and red", True),
        ("A star stands for nothing too", "StringLike", "red*", "red", True),
        ("A question mark stands for one character", "StringLike", "r?d", "red", True),
        ("A question mark does not stand for two", "StringLike", "r?d", "reed", False),
        ("A part matches only with a wildcard", "StringLike", "re", "red", False),
        ("The case counts beside wildcards", "StringLike", "R*", "red", False),
        ("A dot is a dot", "StringLike", "t2.*", "t2a", False),
        ("Brackets are no set", "StringLike", "[rb]*", "red", False),
        ("A lone star does not match what is absent", "StringLike", "*", ABSENT, False),
        ("An empty pattern matches an empty text", "StringLike", "", "", True),
        ("A negated pattern is not met by what matches", "StringNotLike", "r*", "red", False),
        ("A negated pattern is met by what does not match", "StringNotLike", "r*", "blue", True),
        ("A negated pattern is met by what is absent", "StringNotLike", "r*", ABSENT, True),
        ("A negated pattern of what is unknown is open", "StringNotLike", "r*", UNKNOWN, None),
    ),
)

NUMBERS = rows(
    "number",
    f"{OPERATORS}#Conditions_Numeric",
    "s3:max-keys",
    (
        ("Equal numbers are equal", "NumericEquals", "10", "10", True),
        ("Numbers are compared, not their texts", "NumericEquals", "10", "10.0", True),
        ("Numbers may be written as numbers", "NumericEquals", 10, "10", True),
        ("Other numbers are not equal", "NumericEquals", "10", "11", False),
        ("An absent number equals none", "NumericEquals", "10", ABSENT, False),
        ("An unknown number may be equal", "NumericEquals", "10", UNKNOWN, None),
        ("A negated comparison is met by another number", "NumericNotEquals", "10", "11", True),
        ("A negated comparison is not met by an equal number", "NumericNotEquals", "10", "10.0", False),
        ("A negated comparison is met by an absent number", "NumericNotEquals", "10", ABSENT, True),
        ("Nine is less than ten, though not as a text", "NumericLessThan", "10", "9", True),
        ("Ten is not less than ten", "NumericLessThan", "10", "10", False),
        ("A negative number is less", "NumericLessThan", "0", "-1", True),
        ("An absent number is not less", "NumericLessThan", "10", ABSENT, False),
        ("Ten is at most ten", "NumericLessThanEquals", "10", "10", True),
        ("Eleven is not at most ten", "NumericLessThanEquals", "10", "11", False),
        ("A hundred is more than twenty", "NumericGreaterThan", "20", "100", True),
        ("Ten is not more than ten", "NumericGreaterThan", "10", "10", False),
        ("An absent number is not more", "NumericGreaterThan", "10", ABSENT, False),
        ("Ten is at least ten", "NumericGreaterThanEquals", "10", "10", True),
        ("A decimal fraction is compared", "NumericGreaterThanEquals", "10.5", "10.25", False),
        ("An unknown number may be at least ten", "NumericGreaterThanEquals", "10", UNKNOWN, None),
    ),
)

DATES = rows(
    "date",
    f"{OPERATORS}#Conditions_Date",
    "aws:CurrentTime",
    (
        ("Equal moments are equal", "DateEquals", "2026-11-20T06:00:00Z", "2026-11-20T06:00:00Z", True),
        ("Moments are compared, not texts", "DateEquals", "2026-11-20T06:00:00Z", "2026-11-20T07:00:00+01:00", True),
        ("A day is its midnight", "DateEquals", "2026-11-20", "2026-11-20T00:00:00Z", True),
        ("A moment may have no seconds", "DateEquals", "2026-11-20T06:00Z", "2026-11-20T06:00:00Z", True),
        ("A moment may have parts of seconds", "DateLessThan", "2026-11-20T06:00:00.50Z", "2026-11-20T06:00:00Z", True),
        ("A month is its first midnight", "DateEquals", "2026-11", "2026-11-01T00:00:00Z", True),
        ("Other moments are not equal", "DateEquals", "2026-11-20T06:00:00Z", "2026-11-20T06:00:01Z", False),
        ("An absent moment equals none", "DateEquals", "2026-11-20T06:00:00Z", ABSENT, False),
        ("A negated comparison is met by another", "DateNotEquals", "2026-11-20T06:00:00Z", "2026-11-20", True),
        ("A negated comparison is not met by the same", "DateNotEquals", "2026-11-20", "2026-11-20T00:00:00Z", False),
        ("A negated comparison is met by an absent moment", "DateNotEquals", "2026-11-20", ABSENT, True),
        ("Yesterday is before today", "DateLessThan", "2026-11-20", "2026-11-19T23:59:59Z", True),
        ("A moment is not before itself", "DateLessThan", "2026-11-20", "2026-11-20T00:00:00Z", False),
        ("A moment is not after itself", "DateGreaterThan", "2026-11-20", "2026-11-20T00:00:00Z", False),
        ("Tomorrow is after today", "DateGreaterThan", "2026-11-20", "2026-11-21T00:00:00Z", True),
        ("An absent moment is not after any", "DateGreaterThan", "2026-11-20", ABSENT, False),
        ("A moment is at or before itself", "DateLessThanEquals", "2026-11-20", "2026-11-20T00:00:00Z", True),
        ("A later one is not", "DateLessThanEquals", "2026-11-20", "2026-11-20T00:00:01Z", False),
        ("A moment is at or after itself", "DateGreaterThanEquals", "2026-11-20", "2026-11-20T00:00:00Z", True),
        ("An earlier one is not", "DateGreaterThanEquals", "2026-11-20", "2026-11-19T23:59:59Z", False),
        ("Seconds since 1970 are a moment", "DateEquals", "1795154400", "2026-11-20T06:00:00Z", True),
        ("They may be what the request has", "DateLessThan", "2026-11-20T06:00:01Z", "1795154400", True),
        ("They are compared with each other as numbers", "DateGreaterThan", "999999999", "1795154400", True),
        ("An unknown moment may be any", "DateGreaterThan", "2026-11-20", UNKNOWN, None),
    ),
)

BOOLEANS = rows(
    "boolean",
    f"{OPERATORS}#Conditions_Boolean",
    "aws:MultiFactorAuthPresent",
    (
        ("True is true", "Bool", "true", "true", True),
        ("JSON's true is true", "Bool", True, "true", True),
        ("False is not true", "Bool", "true", "false", False),
        ("False is false", "Bool", "false", "false", True),
        ("What is absent is not true", "Bool", "true", ABSENT, False),
        ("What is absent is not false", "Bool", "false", ABSENT, False),
        ("What is unknown may be true", "Bool", "true", UNKNOWN, None),
        ("What is absent passes with IfExists", "BoolIfExists", "false", ABSENT, True),
        ("What is there is compared with IfExists", "BoolIfExists", "false", "true", False),
    ),
)

BINARY = rows(
    "binary",
    f"{OPERATORS}#Conditions_BinaryEquals",
    "demo:Digest",
    (
        ("Equal bytes are equal", "BinaryEquals", "QmluYXJ5VmFsdWU=", "QmluYXJ5VmFsdWU=", True),
        ("The case of their text counts", "BinaryEquals", "QmluYXJ5VmFsdWU=", "qmluyxj5vmfsdwu=", False),
        ("Absent bytes equal none", "BinaryEquals", "QmluYXJ5VmFsdWU=", ABSENT, False),
        ("Absent bytes pass with IfExists", "BinaryEqualsIfExists", "QmluYXJ5VmFsdWU=", ABSENT, True),
    ),
)

NETWORK = ["203.0.113.0/24", "2001:DB8:1234:5678::/64"]

ADDRESSES = rows(
    "address",
    f"{OPERATORS}#Conditions_IPAddress",
    "aws:SourceIp",
    (
        ("An address lies in its network", "IpAddress", "203.0.113.0/24", "203.0.113.255", True),
        ("An address lies in no other network", "IpAddress", "203.0.113.0/24", "203.0.114.0", False),
        ("Addresses are compared, not their texts", "IpAddress", "10.0.0.0/8", "10.255.0.1", True),
        ("An address without a prefix is itself", "IpAddress", "203.0.113.7", "203.0.113.7", True),
        ("An address without a prefix is no other", "IpAddress", "203.0.113.7", "203.0.113.77", False),
        ("Everything lies in the whole network", "IpAddress", "0.0.0.0/0", "203.0.113.7", True),
        ("IPv6 addresses lie in networks", "IpAddress", NETWORK, "2001:db8:1234:5678::1", True),
        ("IPv6 addresses lie in no other", "IpAddress", NETWORK, "2001:db8:1234:5679::1", False),
        ("An IPv6 address has several texts", "IpAddress", "2001:db8::1", "2001:0DB8:0:0:0:0:0:1", True),
        ("IPv4 beside IPv6", "IpAddress", NETWORK, "203.0.113.1", True),
        ("The whole of IPv4 holds no IPv6", "IpAddress", "0.0.0.0/0", "2001:db8::1", False),
        ("An absent address lies nowhere", "IpAddress", "0.0.0.0/0", ABSENT, False),
        ("An unknown address may lie there", "IpAddress", "203.0.113.0/24", UNKNOWN, None),
        ("A negated network is met from outside", "NotIpAddress", NETWORK, "198.51.100.1", True),
        ("A negated network is not met from inside", "NotIpAddress", NETWORK, "203.0.113.9", False),
        ("A negated network is met by an absent address", "NotIpAddress", NETWORK, ABSENT, True),
        ("An unknown address may lie outside", "NotIpAddress", NETWORK, UNKNOWN, None),
    ),
)

TOPIC = "arn:aws:sns:eu-west-1:111122223333:orders"

ARNS = rows(
    "arn",
    f"{OPERATORS}#Conditions_ARN",
    "aws:SourceArn",
    (
        ("Equal ARNs are equal", "ArnEquals", TOPIC, TOPIC, True),
        ("ArnEquals knows wildcards", "ArnEquals", "arn:aws:sns:*:111122223333:ord*", TOPIC, True),
        ("Another ARN is not equal", "ArnEquals", TOPIC, f"{TOPIC}2", False),
        ("ArnLike knows wildcards", "ArnLike", "arn:aws:sns:*:111122223333:order?", TOPIC, True),
        ("The case of ARNs counts", "ArnLike", "arn:aws:sns:*:111122223333:Ord*", TOPIC, False),
        ("A dot of an ARN is a dot", "ArnLike", "arn:aws:sns:*:*:or.ers", TOPIC, False),
        (
            "A star of an ARN stays in its field",
            "ArnLike",
            "arn:aws:sns:*:111122223333:finance/*",
            "arn:aws:sns:us-east-2:999999999999:store/abc:111122223333:finance/document.txt",
            False,
        ),
        (
            "A star of a text does not",
            "StringLike",
            "arn:aws:sns:*:111122223333:finance/*",
            "arn:aws:sns:us-east-2:999999999999:store/abc:111122223333:finance/document.txt",
            True,
        ),
        ("The last field is all the rest", "ArnLike", "arn:aws:a:b:c:d*g", "arn:aws:a:b:c:d:e:f:g", True),
        ("An absent ARN is like none", "ArnLike", "arn:aws:sns:*:*:*", ABSENT, False),
        ("An unknown ARN may be like it", "ArnEquals", TOPIC, UNKNOWN, None),
        ("A negated ARN is not met by an equal one", "ArnNotEquals", TOPIC, TOPIC, False),
        ("A negated ARN is met by another", "ArnNotEquals", TOPIC, f"{TOPIC}2", True),
        ("ArnNotEquals knows wildcards", "ArnNotEquals", "arn:aws:sns:*:*:*", TOPIC, False),
        ("A negated ARN is met by an absent one", "ArnNotLike", TOPIC, ABSENT, True),
        ("A negated pattern is not met by what matches", "ArnNotLike", "arn:aws:sns:*:*:ord*", TOPIC, False),
        ("An absent ARN passes with IfExists", "ArnLikeIfExists", TOPIC, ABSENT, True),
    ),
)

IF_EXISTS = rows(
    "if-exists",
    f"{OPERATORS}#Conditions_IfExists",
    "ec2:InstanceType",
    (
        ("What is absent passes", "StringLikeIfExists", ["t1.*", "t2.*"], ABSENT, True),
        ("What is there has to match", "StringLikeIfExists", ["t1.*", "t2.*"], "m3.large", False),
        ("What is there may match", "StringLikeIfExists", ["t1.*", "t2.*"], "t2.micro", True),
        ("What is unknown may be there and not match", "StringLikeIfExists", ["t1.*", "t2.*"], UNKNOWN, None),
        ("What is absent passes a comparison", "StringEqualsIfExists", "t2.micro", ABSENT, True),
        ("What is there is compared", "StringEqualsIfExists", "t2.micro", "t2.nano", False),
        ("What is absent passes a negated comparison", "StringNotEqualsIfExists", "t2.micro", ABSENT, True),
        ("What is there does not pass its negation", "StringNotEqualsIfExists", "t2.micro", "t2.micro", False),
        ("The case is ignored with IfExists", "StringEqualsIgnoreCaseIfExists", "T2.micro", "t2.MICRO", True),
        ("An absent number passes", "NumericLessThanIfExists", "3", ABSENT, True),
        ("A number that is there is compared", "NumericLessThanIfExists", "3", "3", False),
        ("An absent date passes", "DateGreaterThanIfExists", "2026-11-20", ABSENT, True),
        ("A date that is there is compared", "DateGreaterThanIfExists", "2026-11-20", "2026-11-19", False),
        ("An absent address passes", "IpAddressIfExists", "203.0.113.0/24", ABSENT, True),
        ("An address that is there is compared", "IpAddressIfExists", "203.0.113.0/24", "198.51.100.1", False),
        ("An absent address passes a negated network", "NotIpAddressIfExists", "203.0.113.0/24", ABSENT, True),
    ),
)

NULL = rows(
    "null",
    f"{OPERATORS}#Conditions_Null",
    "aws:TokenIssueTime",
    (
        ("What is absent is null", "Null", "true", ABSENT, True),
        ("What is there is not null", "Null", "true", "2026-11-20T06:00:00Z", False),
        ("What is there is there", "Null", "false", "2026-11-20T06:00:00Z", True),
        ("What is absent is not there", "Null", "false", ABSENT, False),
        ("JSON's booleans ask for it too", "Null", False, "2026-11-20T06:00:00Z", True),
        ("What is unknown may be absent", "Null", "true", UNKNOWN, None),
    ),
)

KEYS = ["cost", "team*"]

SETS_OF_VALUES = (
    *rows(
        "all-values",
        SETS,
        "aws:TagKeys",
        (
            ("Every value is in the list", "ForAllValues:StringEquals", ["a", "b", "c"], ("a", "c"), True),
            ("One value is not in the list", "ForAllValues:StringEquals", ["a", "b"], ("a", "z"), False),
            ("No value is in the list", "ForAllValues:StringEquals", ["a", "b"], ("y", "z"), False),
            ("Of no values all are in the list", "ForAllValues:StringEquals", ["a", "b"], ABSENT, True),
            ("Unknown values may not be in the list", "ForAllValues:StringEquals", ["a", "b"], UNKNOWN, None),
            ("Every value matches a pattern", "ForAllValues:StringLike", KEYS, ("team-a", "cost", "team"), True),
            ("One value matches no pattern", "ForAllValues:StringLike", KEYS, ("team-a", "owner"), False),
            ("No values pass with IfExists", "ForAllValues:StringEqualsIfExists", ["a"], ABSENT, True),
            ("Case of the qualifier's operator", "ForAllValues:StringEqualsIgnoreCase", ["A"], ("a", "A"), True),
            ("Every ARN is like one", "ForAllValues:ArnLike", "arn:aws:s3:::a*", ("arn:aws:s3:::ab",), True),
        ),
    ),
    *rows(
        "all-values-negated",
        SET_EXAMPLES,
        "aws:TagKeys",
        (
            ("The value that is listed", "ForAllValues:StringNotLike", "key1*", ("key1:legal",), False),
            ("Both values are listed", "ForAllValues:StringNotLike", "key1*", ("key1:hr", "key1:personnel"), False),
            ("No value is listed", "ForAllValues:StringNotLike", "key1*", ("key2:audit",), True),
            ("There are no values", "ForAllValues:StringNotLike", "key1*", ABSENT, True),
            ("One value is listed", "ForAllValues:StringNotEquals", ["a", "b"], ("a", "z"), False),
            ("None of several is listed", "ForAllValues:StringNotEquals", ["a", "b"], ("y", "z"), True),
            ("Unknown values may be listed", "ForAllValues:StringNotEquals", ["a", "b"], UNKNOWN, None),
        ),
    ),
    *rows(
        "any-value",
        SETS,
        "aws:TagKeys",
        (
            ("One value is in the list", "ForAnyValue:StringEquals", ["a", "b"], ("b", "z"), True),
            ("No value is in the list", "ForAnyValue:StringEquals", ["a", "b"], ("y", "z"), False),
            ("Of no values none is in the list", "ForAnyValue:StringEquals", ["a", "b"], ABSENT, False),
            ("Unknown values may be in the list", "ForAnyValue:StringEquals", ["a", "b"], UNKNOWN, None),
            ("One value matches a pattern", "ForAnyValue:StringLike", KEYS, ("owner", "team-a"), True),
            ("No value matches a pattern", "ForAnyValue:StringLike", KEYS, ("owner", "costs"), False),
            ("One value is not listed", "ForAnyValue:StringNotEquals", ["a", "b"], ("a", "z"), True),
            ("Every value is listed", "ForAnyValue:StringNotEquals", ["a", "b"], ("a", "b"), False),
            ("Of no values none is not listed", "ForAnyValue:StringNotEquals", ["a", "b"], ABSENT, False),
            ("One value matches no pattern", "ForAnyValue:StringNotLike", "a*", ("ab", "z"), True),
            ("Every value matches the pattern", "ForAnyValue:StringNotLike", "a*", ("ab", "ac"), False),
        ),
    ),
)

LISTS = (
    *rows(
        "any-of",
        LOGIC,
        "aws:PrincipalTag/team",
        (
            ("One of several values is enough", "StringEquals", ["blue", "red"], "red", True),
            ("One of several patterns is enough", "StringLike", ["b*", "r*"], "red", True),
            ("One of several numbers is enough", "NumericEquals", ["1", "2"], "2", True),
            ("None of several values", "StringEquals", ["blue", "green"], "red", False),
            ("A list of one is a value", "StringEquals", ["red"], "red", True),
        ),
    ),
    *rows(
        "none-of",
        LOGIC,
        "aws:PrincipalTag/team",
        (
            ("A negated list is met by none of its values", "StringNotEquals", ["blue", "green"], "red", True),
            ("A negated list is not met by its last value", "StringNotEquals", ["blue", "red"], "red", False),
            ("A negated list is not met by its first value", "StringNotEquals", ["red", "blue"], "red", False),
            ("A negated list of patterns", "StringNotLike", ["b*", "r*"], "red", False),
            ("A negated list of numbers", "NumericNotEquals", ["1", "2"], "2", False),
            ("A negated list of moments", "DateNotEquals", ["2026-11-20", "2026-11-21"], "2026-11-21", False),
            ("A negated list of ARNs", "ArnNotLike", ["arn:aws:a:b:c:d", TOPIC], TOPIC, False),
            ("A negated list is met by what is absent", "StringNotEquals", ["blue", "red"], ABSENT, True),
        ),
    ),
)


TEAM, ADDRESS = "aws:PrincipalTag/team", "aws:SourceIp"
RED, INSIDE = {TEAM.lower(): ("red",)}, {ADDRESS.lower(): ("203.0.113.7",)}
BLUE, OUTSIDE = {TEAM.lower(): ("blue",)}, {ADDRESS.lower(): ("198.51.100.1",)}
BOTH: dict[str, dict[str, Any]] = {"StringEquals": {TEAM: "red"}, "IpAddress": {ADDRESS: "203.0.113.0/24"}}
KEYS_OF_ONE: dict[str, dict[str, Any]] = {"StringEquals": {TEAM: "red", "aws:RequestedRegion": "eu-west-1"}}
EUROPE = {"aws:requestedregion": ("eu-west-1",)}
GUARDED: dict[str, dict[str, Any]] = {
    "ForAllValues:StringEquals": {"aws:TagKeys": ["a"]},
    "Null": {"aws:TagKeys": "false"},
}
SPAN: dict[str, dict[str, Any]] = {
    "NumericGreaterThan": {"s3:max-keys": "5"},
    "NumericLessThan": {"s3:max-keys": "10"},
}
CONTRADICTION: dict[str, dict[str, Any]] = {"StringEquals": {TEAM: "red"}, "StringNotEquals": {TEAM: "red"}}
MADE_UP: dict[str, dict[str, Any]] = {"StringResembles": {TEAM: "red"}}


def row(number: int, claim: str, condition: dict[str, dict[str, Any]], known: Mapping[str, Any], *unmet: str) -> Row:
    """A block whose truth is open: it hangs on `unmet`."""
    keys = frozenset(key.lower() for key in unmet)
    return Row(id=f"open-{number}", claim=claim, page=LOGIC, condition=condition, known=known, met=None, unmet=keys)


def settled(
    number: int, claim: str, condition: dict[str, dict[str, Any]], known: Mapping[str, Any], *, met: bool
) -> Row:
    return Row(id=f"several-{number}", claim=claim, page=LOGIC, condition=condition, known=known, met=met)


SEVERAL = (
    settled(1, "Two operators that are met", BOTH, RED | INSIDE, met=True),
    settled(2, "The second of two operators is not met", BOTH, RED | OUTSIDE, met=False),
    settled(3, "The first of two operators is not met", BOTH, BLUE | INSIDE, met=False),
    settled(4, "Two keys of one operator that are met", KEYS_OF_ONE, RED | EUROPE, met=True),
    settled(5, "One of two keys of one operator is not met", KEYS_OF_ONE, BLUE | EUROPE, met=False),
    settled(6, "What is not met is not met whatever is unknown", BOTH, BLUE, met=False),
    settled(7, "Null guards ForAllValues against what is absent", GUARDED, {"aws:tagkeys": ()}, met=False),
    settled(8, "Null lets through what is there", GUARDED, {"aws:tagkeys": ("a",)}, met=True),
    settled(9, "Two comparisons of one key", SPAN, {"s3:max-keys": ("7",)}, met=True),
    settled(10, "One of two comparisons of one key is not met", SPAN, {"s3:max-keys": ("10",)}, met=False),
    settled(11, "A contradiction is not met by the value", CONTRADICTION, RED, met=False),
    settled(12, "A contradiction is not met by another value", CONTRADICTION, BLUE, met=False),
    settled(13, "An operator that nobody knows beside one that fails", BOTH | MADE_UP, RED | OUTSIDE, met=False),
    row(1, "What hangs on one key names that one", BOTH, RED, ADDRESS),
    row(2, "What hangs on two keys names both", BOTH, {}, TEAM, ADDRESS),
    row(3, "What hangs on one of an operator's keys names it", KEYS_OF_ONE, EUROPE, TEAM),
    row(4, "An operator that nobody knows is open, whatever the value", MADE_UP, RED, TEAM),
)

CASES = tuple(
    Row(
        id=f"key-case-{number}",
        claim="The case of a key does not count",
        page=CONDITION,
        condition={"StringEquals": {key: "ana"}},
        known={"aws:username": ("ana",)},
        met=True,
    )
    for number, key in enumerate(("aws:username", "AWS:UserName", "aws:USERNAME"), start=1)
)

ROWS: tuple[Row, ...] = (
    *TEXT,
    *NUMBERS,
    *DATES,
    *BOOLEANS,
    *BINARY,
    *ADDRESSES,
    *ARNS,
    *IF_EXISTS,
    *NULL,
    *SETS_OF_VALUES,
    *LISTS,
    *SEVERAL,
    *CASES,
)
