"""Of which resources of a universe a statement speaks."""

import re

from auditor.policy.conditions import Known, expand, operator, seen, widened
from auditor.policy.document import Clause, Statement
from auditor.policy.universe import Universe

WILD = re.compile(r"[*?\ue000\ue001]")
"""Wildcards, and what stands for them where they are none."""


def having(clause: Clause, among: Universe, known: Known, *, variables: bool) -> int:
    """Those that may meet a condition on the target: few, where it demands one of some values by name."""
    values = [expand(it, known) if variables else it for it in clause.values]
    how = operator(clause.operator)
    exact = clause.certain and how is not None and how.comparison in ("stringequals", "stringlike", "arnlike")
    named = [it for it in values if it is not None and not WILD.search(it)]
    if not exact or len(named) < len(values) or seen(known, clause.key) is not None:
        return among.everything
    return among.having(clause.key, named)


def of_resources(statement: Statement, among: Universe, known: Known) -> int:
    """Those that its Resource or NotResource speaks of: as many as may be for an Allow, for a Deny the certain ones."""
    if statement.resources is None and statement.not_resources is None:
        return among.everything
    listed = statement.resources is not None
    found = 0
    for pattern in (statement.resources if listed else statement.not_resources) or ():
        filled = expand(pattern, known) if statement.variables else pattern
        if filled is not None:
            found |= among.matching(filled)
        elif statement.allow is listed:  # what hangs on a variable widens an Allow, and narrows a Deny
            found |= among.matching(widened(pattern))
    return found if listed else among.everything & ~found
