"""Lint: what AWS's policy validation says of the grammar and the dangers of a document, offline.

The codes are those of Access Analyzer's policy checks, so that people recognise them, and nine of our own
(`lint_codes.OURS`). What needs to know the type of the resource that a policy belongs to is not said.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from itertools import chain
from typing import Any

from auditor.policy import (
    lint_actions,
    lint_conditions,
    lint_grammar,
    lint_kinds,
    lint_principals,
    lint_redundancy,
    lint_resources,
    lint_security,
)
from auditor.policy.lint_codes import SEVERITIES, LintSeverity, Path, Remark, shown
from auditor.policy.places import Place, Places
from auditor.policy.written import Kind, Written, listed

STATEMENT: tuple[Callable[[Written], Iterator[Remark]], ...] = (
    *lint_grammar.STATEMENT,
    *lint_principals.STATEMENT,
    *lint_kinds.STATEMENT,
    *lint_actions.STATEMENT,
    *lint_resources.STATEMENT,
    *lint_conditions.STATEMENT,
    *lint_security.STATEMENT,
    *lint_redundancy.STATEMENT,
)
REMEMBERED = 1 << 13
UNLIMITED = 1 << 62
DOCUMENT: tuple[Callable[[list[Written]], Iterator[Remark]], ...] = (
    *lint_grammar.DOCUMENT,
    *lint_actions.DOCUMENT,
    *lint_redundancy.DOCUMENT,
    *lint_security.DOCUMENT,
)


@dataclass(frozen=True)
class Lint:
    """Something wrong with a document; `path` is written ``Statement[0].Action[1]``, line and column count from 1.

    `kind` is what the document is, or was taken for; empty of a text that is no JSON and of which nobody said.
    """

    code: str
    severity: LintSeverity
    message: str
    path: str
    line: int
    column: int
    kind: str = ""


class NotJsonError(ValueError):
    """A text that is no JSON; `offset` is the number of the character at which that is seen."""

    def __init__(self, message: str, offset: int) -> None:
        """Say why, and where."""
        super().__init__(message)
        self.offset = offset


def lint(document: str | Mapping[str, Any], kind: Kind | None = None, quota: int | None = None) -> tuple[Lint, ...]:
    """All that is wrong with a document, in the order of its lines.

    Line and column are those of the text; those of a document that is given as a mapping are those of its canonical
    print, ``json.dumps(document, indent=2)``. Without a kind it is taken for what it looks like. `quota` are the
    characters it can have, if not those of its kind.
    """
    text = document if isinstance(document, str) else json.dumps(document, indent=2, default=str)
    places = Places(text)
    try:
        read = _read(text) if isinstance(document, str) else document
    except NotJsonError as error:
        remark = Remark("JSON_SYNTAX_ERROR", str(error), ())
        return (_placed(remark, places.at(min(error.offset, len(text))), kind),)
    known = kind or kind_of(read)
    twice = [
        (Remark("DUPLICATE_ELEMENT", f"{spelled(path)} stands here twice", path), at) for path, at in places.duplicates
    ]
    found = [_placed(it, places.at(offset), known) for it, offset in twice]
    found += [_placed(it, places.of(it.path), known) for it in remarks(read, known, quota)]
    return tuple(sorted(found, key=lambda it: (it.line, it.column, it.code)))


def _placed(it: Remark, at: Place, kind: Kind | None) -> Lint:
    severity = SEVERITIES[it.code]
    return Lint(it.code, severity, it.message, spelled(it.path), at.line, at.column, kind or "")


def looks(text: str) -> Kind | None:
    """What a text is taken for if nobody says it; None if it is no JSON."""
    try:
        return kind_of(_read(text))
    except NotJsonError:
        return None


def kind_of(document: Any) -> Kind:
    """What a document is by its looks: with principals that of a role or another resource, otherwise of an identity.

    Who says how a role is assumed, and by whom, means a trust, whatever else is wrong with it. Nothing tells an
    organization's policies and permissions boundaries from these.
    """
    statements = listed(document.get("Statement"), ()) if isinstance(document, Mapping) else ()
    written = [Written(kind=Kind.RESOURCE, raw=raw, path=()) for raw, _ in statements if isinstance(raw, Mapping)]
    if not any({"Principal", "NotPrincipal"} & it.raw.keys() for it in written):
        return Kind.IDENTITY
    if any(action.startswith("sts:assumerole") for it in written for action, _ in it.actions):
        return Kind.TRUST
    trusting = all(action.startswith("sts:") for it in written for action, _ in it.actions)
    return Kind.TRUST if trusting and not any("Resource" in it.raw for it in written) else Kind.RESOURCE


def _read(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise NotJsonError(f"no JSON: {error.msg}", error.pos) from error
    except (ValueError, RecursionError) as error:
        raise NotJsonError(f"no JSON: {error}", 0) from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def spelled(path: Path) -> str:
    """A path as people write it."""
    parts = (f"[{it}]" if isinstance(it, int) else f".{shown(it)}" for it in path)
    return "".join(parts).removeprefix(".")


def remarks(document: Any, kind: Kind, quota: int | None = None) -> Iterator[Remark]:
    """All that is wrong with a document, without lines: where it stands is not looked for."""
    if not isinstance(document, Mapping):
        yield Remark("DATA_TYPE_MISMATCH", "a policy is a JSON object", ())
        return
    yield from lint_grammar.of_document(document)
    yield from lint_kinds.of_size(document, kind, quota)
    statements = list(_statements(document, kind))
    yield from chain.from_iterable(rule(it) for it in statements for rule in STATEMENT)
    yield from chain.from_iterable(rule(statements) for rule in DOCUMENT)


@dataclass(frozen=True)
class _Same:
    """A document that is the same as others of its text."""

    digest: bytes
    document: Mapping[str, Any] = field(compare=False)


def remarks_of(document: Mapping[str, Any], kind: Kind) -> tuple[Remark, ...]:
    """What `remarks` says, but of its size; found once for all that ask, and for all documents that are the same."""
    text = json.dumps(document, sort_keys=True, default=str)
    return _remarks_of(_Same(sha256(text.encode("utf-8", "replace")).digest(), document), kind)


@lru_cache(maxsize=REMEMBERED)
def _remarks_of(same: _Same, kind: Kind) -> tuple[Remark, ...]:
    return tuple(remarks(same.document, kind, UNLIMITED))


def _statements(document: Mapping[str, Any], kind: Kind) -> Iterator[Written]:
    variables = document.get("Version") == lint_grammar.VERSIONS[0]
    for raw, path in listed(document.get("Statement"), ("Statement",)):
        if isinstance(raw, Mapping):
            yield Written(kind=kind, raw=raw, path=path, variables=variables)
