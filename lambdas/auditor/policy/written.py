"""Statements as they are written, with the place of each part: for what is said of the writing, not of its meaning."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from auditor.policy.lint_codes import Path

At = tuple[str, Path]
"""A text and where it stands."""


class Kind(StrEnum):
    """What a document is: it decides which elements it can have, and whether it grants anything."""

    IDENTITY = "identity"
    RESOURCE = "resource"
    TRUST = "trust"
    SCP = "scp"
    RCP = "rcp"
    BOUNDARY = "boundary"

    @property
    def grants(self) -> bool:
        """Whether an Allow in it gives anybody anything; in the others it only leaves it."""
        return self in {Kind.IDENTITY, Kind.RESOURCE, Kind.TRUST}

    @property
    def names_principals(self) -> bool:
        """Whether its statements have a Principal."""
        return self in {Kind.RESOURCE, Kind.TRUST, Kind.RCP}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One key of a Condition block: `operator` in lower case, without its qualifier and without ``IfExists``.

    `written` is the operator, and `key` the key, as they are written. `values` are what the key is compared with,
    whatever type they have.
    """

    written: str
    operator: str
    qualifier: str
    if_exists: bool
    key: str
    values: tuple[tuple[Any, Path], ...]
    path: Path

    @property
    def texts(self) -> list[At]:
        """The values that are text."""
        return [(value, path) for value, path in self.values if isinstance(value, str)]

    @property
    def negated(self) -> bool:
        """Whether it is met by everything but its values."""
        return "not" in self.operator

    @property
    def demands(self) -> bool:
        """Whether a request has to have the key: without it the test is not met."""
        return not (self.negated or self.if_exists or self.operator == "null" or self.qualifier == "forallvalues")


@dataclass(frozen=True, kw_only=True)
class Written:
    """A statement: the JSON object `raw` at `path` of a document of the kind.

    `variables` says whether the document's version knows policy variables.
    """

    kind: Kind
    raw: Mapping[str, Any]
    path: Path
    variables: bool = True

    @property
    def allow(self) -> bool:
        """Whether its effect is Allow."""
        return self.raw.get("Effect") == "Allow"

    @property
    def grants(self) -> bool:
        """Whether it gives anybody anything."""
        return self.allow and self.kind.grants

    def texts(self, element: str) -> list[At]:
        """The texts of an element that is a text or a list of them; what else is in it is left out."""
        if element not in self._read:
            values = listed(self.raw.get(element), (*self.path, element))
            self._read[element] = [(value, path) for value, path in values if isinstance(value, str)]
        return self._read[element]

    @cached_property
    def _read(self) -> dict[str, list[At]]:
        """The texts of the elements that were asked for."""
        return {}

    @cached_property
    def actions(self) -> list[At]:
        """The patterns of Action, in lower case."""
        return [(text.lower(), path) for text, path in self.texts("Action")]

    @cached_property
    def resources(self) -> list[At]:
        """The patterns of Resource."""
        return self.texts("Resource")

    @cached_property
    def parties(self) -> list[tuple[str, str, Path]]:
        """Kind, value and place of each entry of Principal; everybody is of kind ``*``."""
        return list(_parties(self.raw.get("Principal"), (*self.path, "Principal")))

    @cached_property
    def tests(self) -> list[Comparison]:
        """What its Condition asks, as far as it is an object of objects."""
        return list(_tests(self.raw.get("Condition"), (*self.path, "Condition")))

    @cached_property
    def keys(self) -> set[str]:
        """The condition keys, in lower case."""
        return {it.key.lower() for it in self.tests}


def listed(value: Any, path: Path) -> Iterable[tuple[Any, Path]]:
    """The items of a list, or the single value instead of one; nothing where there is none."""
    if isinstance(value, list):
        return [(it, (*path, at)) for at, it in enumerate(value)]
    return [] if value is None else [(value, path)]


def _parties(principal: Any, path: Path) -> Iterator[tuple[str, str, Path]]:
    if isinstance(principal, str):
        yield "*", principal, path
    elif isinstance(principal, Mapping):
        for kind, values in principal.items():
            for value, place in listed(values, (*path, kind)):
                if isinstance(value, str):
                    yield kind, value, place


def _tests(condition: Any, path: Path) -> Iterator[Comparison]:
    blocks = condition.items() if isinstance(condition, Mapping) else ()
    for written, block in blocks:
        qualifier, colon, bare = written.lower().rpartition(":")
        operator = bare.removesuffix("ifexists")
        for key, values in block.items() if isinstance(block, Mapping) else ():
            place = (*path, written, key)
            yield Comparison(
                written=written,
                operator=operator,
                qualifier=qualifier if colon else "",
                if_exists=operator != bare,
                key=key,
                values=tuple(listed(values, place)),
                path=place,
            )
