"""Labelled cases: every technique, by every way to grant and to withhold it, each in an account of its own.

The labels come from how a case is made. Nothing here asks the engine anything: the techniques are read as data.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product

from auditor.core.model import Observed
from auditor.core.subjects.escalation import EscalationPath
from auditor.policy.derive import derive
from auditor.policy.techniques import Technique, techniques
from tests.build import NOW
from tests.policy.escalations import chains, conditions, denied, limits, missing, sessions, trusts, worthless, written
from tests.policy.escalations.stages import Stage, possible
from tests.policy.escalations.ways import GRANTS, WITHHOLDS, Way

__all__ = ["Case", "Verdict", "cases", "covering"]

FAMILIES = (written, missing, denied, limits, chains, worthless, conditions, trusts, sessions)
"""The modules that list ways, as they are imported."""

WAYS = (*GRANTS, *WITHHOLDS)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the engine says of a case; `wrong` is empty where it is right."""

    found: bool
    wrong: str = ""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A technique by a way, on its stage; `positive` is the label."""

    technique: Technique
    way: Way
    stage: Stage

    @property
    def positive(self) -> bool:
        """Of a technique that ended only what else is granted with it leads anywhere."""
        return self.way.grants and (
            not _ended(self.technique) or any(map(self.stage.counts, possible(self.stage.granted)))
        )

    @property
    def name(self) -> str:
        return f"{self.technique.id} / {'+' if self.way.grants else '-'} {self.way.name}"

    def judged(self) -> Verdict:
        """What the engine says."""
        seen = derive(self.stage.account.facts())[EscalationPath]
        assert isinstance(seen, Observed), seen
        (path,) = (it for it in seen.subjects if it.resource == self.stage.begins.arn)
        assert isinstance(path, EscalationPath)
        found = bool(path.steps)
        if path.administrator:
            return Verdict(found=True, wrong="is taken for an administrator")
        if found is not self.positive:
            told = " > ".join(f"{it.technique} ({it.target.rpartition(':')[2]})" for it in path.steps)
            return Verdict(found=found, wrong=f"has a path: {told}" if found else "has no path")
        return Verdict(found=found, wrong=self._misread(path) if found else "")

    def _misread(self, path: EscalationPath) -> str:
        """What is wrong with a path that there is."""
        ids = [it.technique for it in path.steps]
        due = possible(self.stage.granted) or {self.technique.id}
        if not due & set(ids) or not set(ids) <= due | self.stage.before:
            return f"takes {', '.join(ids)}"
        told = {it.lower() for it in path.conditions}
        if told != self.stage.conditions:
            return f"says still to be met: {sorted(told)}, expected {sorted(self.stage.conditions)}"
        assumes = self.technique.target == "workload" and (self.stage.assumed or self.stage.account.workloads is None)
        exists = self.technique.existing
        assumes |= bool(exists) and all(it.type != exists for it in self.stage.account.workloads or ())
        if self.technique.id in ids and bool(path.assumed) is not assumes:
            return f"assumes {path.assumed}"
        return ""


def _ended(technique: Technique) -> bool:
    return technique.ended is not None and technique.ended <= date(NOW.year, NOW.month, NOW.day)


def cases() -> Iterator[Case]:
    """All cases."""
    for technique, way in product(techniques(), WAYS):
        stage = way.on(technique)
        if stage is not None:
            yield Case(technique=technique, way=way, stage=stage)


AT_LEAST = 6
"""Grants, and withholds, of each technique in the covering set."""


def covering() -> Iterator[Case]:
    """Some of all cases: each way once, and each technique by some ways of both sorts."""
    done = set[tuple[bool, str]]()
    for number, technique in enumerate(techniques()):
        for ways in (GRANTS, WITHHOLDS):
            taken = 0
            start = number * AT_LEAST % len(ways)
            for way in (*ways[start:], *ways[:start]):
                mark = way.grants, way.name
                if taken < AT_LEAST or mark not in done:
                    stage = way.on(technique)
                    if stage is not None:
                        done.add(mark)
                        taken += 1
                        yield Case(technique=technique, way=way, stage=stage)
