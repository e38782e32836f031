"""A case of a check: what it flags, with the exact words, and what it leaves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from auditor.core.check import Check, Context, Limits
from auditor.core.model import Subject
from auditor.core.scopes import Scope

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
"""The clock of every case."""


@dataclass(frozen=True)
class Case:
    """A check with subjects: `fails` maps those that it flags to its words, `passes` are those that it leaves.

    `shows` is the evidence of those flagged whose evidence is not to be told from the words. `left_out` are subjects
    of the sources that must not become subjects of the check at all.
    """

    check: Check
    fails: Mapping[Subject, str] = field(default_factory=dict)
    shows: Mapping[Subject, Mapping[str, Any]] = field(default_factory=dict)
    passes: tuple[Subject, ...] = ()
    left_out: tuple[Subject, ...] = ()
    limits: Limits = field(default_factory=Limits)
    scopes: tuple[Scope, ...] = ()

    def context(self, now: datetime = NOW) -> Context:
        """What the check knows besides the subject."""
        return Context(now=now, limits=self.limits, scopes=self.scopes)
