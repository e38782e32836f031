"""Conditions, three-valued: what is known of a request settles some of them, and the others are unknown.

The operators and what they do with keys that a request lacks:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TypeVar

from auditor.policy.document import Clause
from auditor.policy.match import ARN_FIELDS, matches

Known = Mapping[str, tuple[str, ...]]
"""What is known of a request: values by context key, in lower case. No values: the request lacks the key. A key that
is not there is unknown; a family's prefix that is there (``aws:principaltag/``) says that all of the family are."""

VARIABLE = re.compile(r"\$\{([^{}]*)\}")
LITERAL = {"*": "\ue000", "?": "\ue001", "$": "$"}
"""What the variables ``${*}``, ``${?}`` and ``${$}`` stand for, as patterns take it: no wildcards."""

NOTHING = "\0"
"""The value of a variable that the request lacks: it is equal to nothing."""

_TO_LITERAL = str.maketrans({char: LITERAL[char] for char in "*?"})
_FROM_LITERAL = str.maketrans({LITERAL[char]: char for char in "*?"})
OTHER_NAMES = {"arnequals": "arnlike", "arnnotequals": "arnnotlike"}
"""Operators that do the same."""


def seen(known: Known, key: str) -> tuple[str, ...] | None:
    """The values of a key, in lower case; None if they are unknown."""
    values = known.get(key)
    if values is None and "/" in key and f"{key.partition('/')[0]}/" in known:
        return ()
    return values


def expand(text: str, known: Known) -> str | None:
    """A pattern with its policy variables filled in, whose values have no wildcards; None if one is unknown."""
    if "${" not in text:
        return text
    unknown = False

    def fill(variable: re.Match[str]) -> str:
        nonlocal unknown
        value = _value(variable[1], known)
        unknown |= value is None
        return value or ""

    filled = VARIABLE.sub(fill, text)
    return None if unknown else filled


def _value(variable: str, known: Known) -> str | None:
    if variable in LITERAL:
        return LITERAL[variable]
    key, _, default = (part.strip() for part in variable.partition(","))
    values = seen(known, key.lower())
    if values is None or len(values) > 1:
        return None
    return (values[0] if values else default.strip("'") or NOTHING).translate(_TO_LITERAL)


def widened(text: str) -> str:
    """A pattern that admits whatever its policy variables may be."""
    return VARIABLE.sub(lambda variable: LITERAL.get(variable[1], "*"), text)


def as_text(value: str) -> str:
    """A value of a request as `matches` compares it with an expanded pattern: its stars are no wildcards."""
    return value.translate(_TO_LITERAL)


def _equals(pattern: str, value: str) -> bool:
    return pattern.translate(_FROM_LITERAL) == value


def _equals_ignoring_case(pattern: str, value: str) -> bool:
    return pattern.translate(_FROM_LITERAL).lower() == value.lower()


def _like(pattern: str, value: str) -> bool:
    return matches(pattern, as_text(value))


def _arn_like(pattern: str, value: str) -> bool:
    """Field by field: no wildcard reaches over a colon, but in the last field, or as the whole pattern."""
    if pattern == "*":
        return True
    patterns, fields = pattern.split(":", ARN_FIELDS - 1), as_text(value).split(":", ARN_FIELDS - 1)
    same = len(patterns) == len(fields) == ARN_FIELDS
    return same and all(matches(own, field) for own, field in zip(patterns, fields, strict=True))


def _same_bool(pattern: str, value: str) -> bool:
    return pattern.lower() == value.lower() in ("true", "false")


T = TypeVar("T", float, datetime)


NUMBER = re.compile(r"\s*[+-]?(\d{1,300}(\.\d{0,300})?|\.\d{1,300})([eE][+-]?\d{1,3})?\s*")


MONTH = re.compile(r"\d{4}-\d{2}")


def _number(text: str) -> float | None:
    number = float(text) if NUMBER.fullmatch(text) else math.nan
    return number if math.isfinite(number) else None


def _date(text: str) -> datetime | None:
    """ISO 8601, of which a month is enough, or seconds since 1970."""
    seconds = _number(text)
    try:
        moment = (
            datetime.fromisoformat(f"{text}-01" if MONTH.fullmatch(text) else text)
            if seconds is None
            else datetime.fromtimestamp(seconds, tz=UTC)
        )
    except (ValueError, OverflowError, OSError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _compared(read: Callable[[str], T | None], holds: Callable[[T, T], bool]) -> Callable[[str, str], bool]:
    """A comparison of the request's value, on the left, with the policy's; what cannot be read is not met."""

    def compare(pattern: str, value: str) -> bool:
        wanted, given = read(pattern), read(value)
        return wanted is not None and given is not None and holds(given, wanted)

    return compare


@lru_cache(maxsize=1 << 12)
def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _within(pattern: str, value: str) -> bool:
    wanted, given = _network(pattern), _network(value)
    if isinstance(wanted, IPv4Network) and isinstance(given, IPv4Network):
        return given.subnet_of(wanted)
    return isinstance(wanted, IPv6Network) and isinstance(given, IPv6Network) and given.subnet_of(wanted)


ORDER: Mapping[str, Callable[..., bool]] = {
    "equals": lambda given, wanted: given == wanted,
    "lessthan": lambda given, wanted: given < wanted,
    "lessthanequals": lambda given, wanted: given <= wanted,
    "greaterthan": lambda given, wanted: given > wanted,
    "greaterthanequals": lambda given, wanted: given >= wanted,
}
COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "stringequals": _equals,
    "stringequalsignorecase": _equals_ignoring_case,
    "stringlike": _like,
    "arnlike": _arn_like,
    "bool": _same_bool,
    "binaryequals": str.__eq__,
    "ipaddress": _within,
    **{f"numeric{name}": _compared(_number, holds) for name, holds in ORDER.items()},
    **{f"date{name}": _compared(_date, holds) for name, holds in ORDER.items()},
}
"""By operator, in lower case: whether the policy's value, expanded, is met by the request's."""

NEGATED = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotlike": "arnlike",
    "notipaddress": "ipaddress",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
}
TEXTUAL = ("string", "arn")
"""How the operators begin that take policy variables."""


@dataclass(frozen=True, kw_only=True)
class Operator:
    """An operator, taken apart. `quantifier` is ``forallvalues``, ``foranyvalue`` or empty."""

    comparison: str
    negated: bool
    if_exists: bool
    quantifier: str


@lru_cache(maxsize=1 << 10)
def operator(name: str) -> Operator | None:
    """An operator by its name in lower case; None if there is no such operator."""
    quantifier, _, rest = name.rpartition(":")
    base = rest.removesuffix("ifexists")
    base = OTHER_NAMES.get(base, base)
    comparison = NEGATED.get(base, base)
    known = comparison in COMPARISONS or (comparison == "null" and name == "null")
    if not known or quantifier not in ("", "forallvalues", "foranyvalue"):
        return None
    return Operator(
        comparison=comparison, negated=base in NEGATED, if_exists=rest.endswith("ifexists"), quantifier=quantifier
    )


def judge(clauses: Iterable[Clause], known: Known, *, variables: bool = True) -> bool | None:
    """Whether all are met; None if that hangs on what is unknown. An operator that does not exist is unknown too.

    `variables` says whether the document's version knows policy variables.
    """
    met: bool | None = True
    for clause in clauses:
        holds = judged(clause, known, variables=variables)
        if holds is False:
            return False
        met = holds and met
    return met


def unmet(clauses: Iterable[Clause], known: Known, *, variables: bool = True) -> Iterator[str]:
    """The keys of those that hang on what is unknown: their own, in lower case, or those of their variables."""
    for it in clauses:
        if judged(it, known, variables=variables) is None:
            unknown = [name for value in it.values for name in unknown_variables(value, known)]
            yield from [it.key] if seen(known, it.key) is None or not unknown else unknown


def unknown_variables(text: str, known: Known) -> Iterator[str]:
    """The keys of the policy variables in a pattern that are unknown, as they are written."""
    names = (it[1] for it in VARIABLE.finditer(text))
    return (name.partition(",")[0].strip() for name in names if _value(name, known) is None)


def judged(clause: Clause, known: Known, *, variables: bool = True) -> bool | None:
    """Whether one clause is met; None if that is unknown."""
    how, values = operator(clause.operator), seen(known, clause.key)
    if how is None:
        return None
    if how.comparison == "null":
        return None if values is None else ("false" if values else "true") in map(str.lower, clause.values)
    lacking = how.if_exists or how.quantifier == "forallvalues" or (how.negated and not how.quantifier)
    if values is None:
        return True if lacking and not how.negated and "*" in clause.values and _wild(how) else None
    if not values:
        return lacking
    wanted = _wanted(clause, how, known, variables=variables)
    outcomes = [_one(how, wanted, value) for value in values]
    every = how.quantifier == "forallvalues" or (how.negated and not how.quantifier)
    return _all(outcomes) if every else _any(outcomes)


def _wild(how: Operator) -> bool:
    return how.comparison in ("stringlike", "arnlike")


def _wanted(clause: Clause, how: Operator, known: Known, *, variables: bool) -> list[str | None]:
    if not (variables and how.comparison.startswith(TEXTUAL)):
        return list(clause.values)
    return [expand(value, known) for value in clause.values]


def _one(how: Operator, wanted: list[str | None], value: str) -> bool | None:
    compare = COMPARISONS[how.comparison]
    met = _any([None if it is None else compare(it, value) for it in wanted])
    return met if met is None else met is not how.negated


def _any(outcomes: list[bool | None]) -> bool | None:
    return True if True in outcomes else None if None in outcomes else False


def _all(outcomes: list[bool | None]) -> bool | None:
    return False if False in outcomes else None if None in outcomes else True
