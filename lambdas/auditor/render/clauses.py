"""Conditions in words: what a request has to be like."""

from collections.abc import Sequence

from auditor.policy.conditions import operator
from auditor.policy.document import Clause, Statement

SPELLED_OUT = 3
"""Values that a sentence has room for."""

VERBS = {
    "stringequals": ("is", "is not"),
    "stringequalsignorecase": ("is", "is not"),
    "stringlike": ("is like", "is not like"),
    "arnlike": ("is like", "is not like"),
    "bool": ("is", "is not"),
    "binaryequals": ("is", "is not"),
    "ipaddress": ("is in", "is not in"),
    "numericequals": ("is", "is not"),
    "numericlessthan": ("is below", ""),
    "numericlessthanequals": ("is at most", ""),
    "numericgreaterthan": ("is above", ""),
    "numericgreaterthanequals": ("is at least", ""),
    "dateequals": ("is", "is not"),
    "datelessthan": ("is before", ""),
    "datelessthanequals": ("is not after", ""),
    "dategreaterthan": ("is after", ""),
    "dategreaterthanequals": ("is not before", ""),
}
"""By comparison, what is said of a key, and what where the operator is a negated one."""


def spelled(clause: Clause, statement: Statement) -> str:
    """The clause's key as the statement writes it."""
    return next((it for it in statement.conditions if it.lower() == clause.key), clause.key)


def in_words(clause: Clause, statement: Statement) -> str:
    """``aws:SourceIp is in 10.0.0.0/8 or 192.0.2.1``; an operator that does not exist is named."""
    key, how = spelled(clause, statement), operator(clause.operator)
    if how is None:
        return f"{key} meets {clause.operator}, which is no operator"
    if how.comparison == "null":
        return f"{key} is {'absent' if 'true' in map(str.lower, clause.values) else 'present'}"
    subject = {"": key, "forallvalues": f"each value of {key}", "foranyvalue": f"a value of {key}"}[how.quantifier]
    absent = ", or is absent" if how.if_exists else ""
    return f"{subject} {VERBS[how.comparison][how.negated]} {_either(clause.values)}{absent}"


def not_met(clause: Clause, statement: Statement) -> str:
    """The contrary: ``aws:MultiFactorAuthPresent is not true``, ``aws:SourceIp is in 10.0.0.0/8``."""
    key, how = spelled(clause, statement), operator(clause.operator)
    if how is None:
        return f"{key} does not meet {clause.operator}, which is no operator"
    if how.comparison == "null":
        return f"{key} is {'present' if 'true' in map(str.lower, clause.values) else 'absent'}"
    if how.quantifier:
        return f"it is not so that {in_words(clause, statement)}"
    verb = VERBS[how.comparison][not how.negated] or VERBS[how.comparison][0].replace("is ", "is not ", 1)
    return f"{key} {verb.replace('is not not ', 'is ')} {_either(clause.values)}"


def _either(values: Sequence[str]) -> str:
    """``a``, ``a or b``, ``a, b, c or one of 4 more``."""
    more = len(values) - SPELLED_OUT
    shown = [*values[:SPELLED_OUT], *([f"one of {more} more"] if more > 0 else [])]
    return " or ".join(filter(None, [", ".join(shown[:-1]), shown[-1]])) if shown else "nothing"
