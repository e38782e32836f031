"""A case of a check: what it flags, with the exact words, and what it leaves."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from auditor.core.check import Check, Limits
from auditor.core.model import Subject


@dataclass(frozen=True)
class Case:
    """`left_out` are subjects of the sources that must not become subjects of the check at all."""

    check: Check
    fails: Mapping[Subject, str] = field(default_factory=dict)
    passes: tuple[Subject, ...] = ()
    left_out: tuple[Subject, ...] = ()
    limits: Limits = field(default_factory=Limits)
