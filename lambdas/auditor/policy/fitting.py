"""Statements into documents that IAM takes: alike ones joined, and no document larger than a managed policy may be."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from auditor.policy.match import matches

MANAGED = 6144
"""Characters of a managed policy, white space not counted."""

VERSIONS = ("2012-10-17", "2008-10-17")
"""The second has no policy variables: what looks like one is text, and has to stay in a document of that version."""


@dataclass(frozen=True, kw_only=True)
class Clipping:
    """A statement as it is written in JSON, the version it needs, and the names of the policies that it comes from."""

    statement: Mapping[str, Any] = field(hash=False)
    version: str = VERSIONS[0]
    origins: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A document, its size in characters, and the policies that each of its statements comes from."""

    document: Mapping[str, Any] = field(hash=False)
    origins: tuple[tuple[str, ...], ...]

    @property
    def size(self) -> int:
        """Characters that count against the quota, those inside of strings all of them."""
        return _length(self.document)

    @property
    def fits(self) -> bool:
        """Whether it can be a managed policy."""
        return self.size <= MANAGED


def _length(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def fitted(clippings: Iterable[Clipping]) -> tuple[Fitted, ...]:
    """As few documents as one pass finds, denials first. One that cannot be cut any more may be too large."""
    joined = _joined(clippings)
    joined.sort(key=lambda it: it.statement["Effect"] == "Allow")
    by_version = ([it for it in joined if it.version == version] for version in VERSIONS)
    return tuple(document for same in by_version for document in _packed(same))


def _joined(clippings: Iterable[Clipping]) -> list[Clipping]:
    """Statements that differ in their actions only become one; a denial stays as it is, once."""
    found: dict[str, Clipping] = {}
    for clipping in clippings:
        key = json.dumps([clipping.version, _sameness(clipping.statement)], sort_keys=True)
        before = found.get(key)
        found[key] = _both(before, clipping) if before else clipping
    return list(found.values())


def _sameness(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    """All that two statements have to share so that they can be one."""
    ignored = {"Sid", "Action"} if statement["Effect"] == "Allow" and "Action" in statement else {"Sid"}
    return {name: value for name, value in statement.items() if name not in ignored}


def _both(one: Clipping, other: Clipping) -> Clipping:
    origins = tuple(dict.fromkeys([*one.origins, *other.origins]))
    if one.statement["Effect"] == "Deny" or "Action" not in one.statement:
        return replace(one, origins=origins)
    actions = least([*_listed(one.statement["Action"]), *_listed(other.statement["Action"])])
    return replace(one, statement={**one.statement, "Action": actions}, origins=origins)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def least(actions: Iterable[str]) -> list[str]:
    """The patterns without those that another one of them admits, in any case; of equal ones the first."""
    spelled: dict[str, str] = {}
    for action in actions:
        spelled.setdefault(action.lower(), action)
    order = {lower: place for place, lower in enumerate(spelled)}
    wild: dict[str, list[str]] = {}
    for lower in spelled:
        if set(lower) & set("*?"):
            wild.setdefault(_service(lower), []).append(lower)

    def admitted(lower: str) -> bool:
        others = (it for it in (*wild.get(_service(lower), ()), *wild.get("", ())) if it != lower)
        return any(matches(it, lower) and (order[it] < order[lower] or not matches(lower, it)) for it in others)

    return [action for lower, action in spelled.items() if not admitted(lower)]


def _service(pattern: str) -> str:
    """The service that a pattern names; empty if it may be of several."""
    prefix, colon, _ = pattern.partition(":")
    return prefix if colon and not set(prefix) & set("*?") else ""


def _packed(clippings: list[Clipping]) -> Iterator[Fitted]:
    """One document after the other, each as full as the order of the statements lets it be."""
    document: Fitted | None = None
    for clipping in (part for it in clippings for part in _cut(it)):
        fuller = _added(document, clipping)
        if document and not fuller.fits:
            yield document
            fuller = _added(None, clipping)
        document = fuller
    if document:
        yield document


def _added(document: Fitted | None, clipping: Clipping) -> Fitted:
    before = document.document["Statement"] if document else []
    statements = [*before, _named(clipping.statement, {it.get("Sid") for it in before})]
    origins = (*(document.origins if document else ()), clipping.origins)
    return Fitted(document={"Version": clipping.version, "Statement": statements}, origins=origins)


def _named(statement: Mapping[str, Any], taken: set[str | None]) -> Mapping[str, Any]:
    """The statement with a Sid that no other one has, if it has one."""
    name, number = statement.get("Sid"), 1
    while name and name in taken:
        number += 1
        name = f"{statement['Sid']}{number}"
    return {**statement, "Sid": name} if name else statement


def _cut(clipping: Clipping) -> Iterator[Clipping]:
    """The statement in parts that say the same together, each small enough for a document if that is possible."""
    statement = clipping.statement
    element = next((it for it in ("Action", "Resource") if len(_listed(statement.get(it))) > 1), None)
    if element is None or _added(None, clipping).fits:
        yield clipping
        return
    values = statement[element]
    half = len(values) // 2
    for part in (values[:half], values[half:]):
        yield from _cut(replace(clipping, statement={**statement, element: part}))
