"""A case of a check: what it flags, with the exact words, and what it leaves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.core.check import Check, Limits
from auditor.core.model import Subject


@dataclass(frozen=True)
class Case:
    """`shows` is the evidence of those flagged whose evidence is not to be told from the words.

    `left_out` are subjects of the sources that must not become subjects of the check at all.
    """

    check: Check
    fails: Mapping[Subject, str] = field(default_factory=dict)
    shows: Mapping[Subject, Mapping[str, Any]] = field(default_factory=dict)
    passes: tuple[Subject, ...] = ()
    left_out: tuple[Subject, ...] = ()
    limits: Limits = field(default_factory=Limits)
