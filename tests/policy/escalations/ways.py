"""What a way to grant or to withhold a technique is, and the lists of them."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from auditor.policy.techniques import Technique
from tests.policy.escalations.stages import Inapplicable, Stage, staged

Build = Callable[[Stage], bool | None]
"""Grants or withholds on a stage; False where it cannot be done there."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way; `by_role` and `flavour` choose the stage, `gives` the techniques by what they give (all if empty)."""

    name: str
    grants: bool
    build: Build
    by_role: bool = False
    flavour: str = ""
    gives: tuple[str, ...] = ()
    path: str = "/"

    def on(self, technique: Technique) -> Stage | None:
        """A stage on which it is done; None where the way does not apply to the technique."""
        if self.gives and technique.gives not in self.gives:
            return None
        stage = staged(technique, by_role=self.by_role, flavour=self.flavour, path=self.path)
        try:
            done = stage is not None and self.build(stage) in (True, None)
        except Inapplicable:
            return None
        return stage if done else None


GRANTS: list[Way] = []
WITHHOLDS: list[Way] = []


def _named(build: Build) -> str:
    name: str = getattr(build, "__name__", "")
    return re.sub("_+", " ", name).strip()


def grants(*, by_role: bool = False, flavour: str = "", gives: tuple[str, ...] = ()) -> Callable[[Build], Build]:
    """Lists a function as a way to grant, by its name."""

    def listed(build: Build) -> Build:
        GRANTS.append(Way(name=_named(build), grants=True, build=build, by_role=by_role, flavour=flavour, gives=gives))
        return build

    return listed


def withholds(*, by_role: bool = False, flavour: str = "", gives: tuple[str, ...] = ()) -> Callable[[Build], Build]:
    """Lists a function as a way to withhold, by its name."""

    def listed(build: Build) -> Build:
        WITHHOLDS.append(
            Way(name=_named(build), grants=False, build=build, by_role=by_role, flavour=flavour, gives=gives)
        )
        return build

    return listed
