"""Checks by their names: those they have, and those they had."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property

from auditor.core.check import Check


@dataclass(frozen=True)
class Catalogue:
    """The checks that an audit asks, by id, in their order."""

    checks: Mapping[str, Check]

    @cached_property
    def renamed(self) -> dict[str, str]:
        """The present id by each former one."""
        return {former: it.id for it in self.checks.values() for former in it.formerly}

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name that a check has or had."""
        return frozenset({*self.checks, *self.renamed})

    def with_(self, others: Iterable[Check]) -> "Catalogue":
        """These and others, which have other names."""
        return replace(self, checks={**self.checks, **{it.id: it for it in others}})

    def present(self, name: str) -> str | None:
        """The id of the check that has or had this name; None if none ever did."""
        present = self.renamed.get(name, name)
        return present if present in self.checks else None

    def unknown(self, name: str) -> str:
        """What to write instead of the name of no check, as a sentence goes on after the name."""
        if name in self.renamed:
            return f"is called {self.renamed[name]!r} now"
        similar = get_close_matches(name, self.checks, n=1)
        return f"is no check: is {similar[0]!r} meant?" if similar else "is no check: `auditor checks` lists them"
