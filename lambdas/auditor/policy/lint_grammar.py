"""The grammar of policies: which elements a document has, and of what type they are."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from auditor.policy.lint_codes import Remark, shown
from auditor.policy.written import Kind, Written, listed

VERSIONS = ("2012-10-17", "2008-10-17")
ELEMENTS = {"Version", "Id", "Statement"}
OF_STATEMENTS = {
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"),
}
PAIRS = (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal"))
LISTS = ("Action", "NotAction", "Resource", "NotResource")
SID = re.compile(r"[A-Za-z0-9]*")
STRICT = {Kind.IDENTITY, Kind.BOUNDARY, Kind.TRUST}
"""IAM's own documents: their Sids are unique, and of letters and digits."""


def of_document(document: Mapping[str, Any]) -> Iterator[Remark]:
    """What is said of the document around its statements."""
    for element in document:
        if element not in ELEMENTS:
            yield Remark("INVALID_POLICY_ELEMENT", f"a policy has no element {shown(element)}", (element,))
    if "Version" not in document:
        yield Remark("MISSING_VERSION", f"without Version {VERSIONS[0]} there are no policy variables", ())
    elif not isinstance(document["Version"], str):
        yield Remark("DATA_TYPE_MISMATCH", "Version is not text", ("Version",))
    elif document["Version"] not in VERSIONS:
        message = (
            f"there is no version {shown(document['Version'])} of the policy language; the newest is {VERSIONS[0]}"
        )
        yield Remark("INVALID_VERSION", message, ("Version",))
    if "Id" in document and not isinstance(document["Id"], str):
        yield Remark("DATA_TYPE_MISMATCH", "Id is not text", ("Id",))
    yield from _of_statements(document)


def _of_statements(document: Mapping[str, Any]) -> Iterator[Remark]:
    if document.get("Statement") in (None, []):
        yield Remark("MISSING_STATEMENT", "the policy has no statement", ())
    for statement, path in listed(document.get("Statement"), ("Statement",)):
        if not isinstance(statement, Mapping):
            yield Remark("DATA_TYPE_MISMATCH", "a statement is not an object", path)


def of_statement(it: Written) -> Iterator[Remark]:
    """What is said of the elements of a statement."""
    for element in it.raw:
        if element not in OF_STATEMENTS:
            yield Remark("INVALID_POLICY_ELEMENT", f"a statement has no element {shown(element)}", (*it.path, element))
    for rule in (_effect, _sid, _pairs, _needs, _lists, _condition):
        yield from rule(it)


def _effect(it: Written) -> Iterator[Remark]:
    effect, place = it.raw.get("Effect"), (*it.path, "Effect")
    if effect is None:
        yield Remark("MISSING_EFFECT", "the statement has no Effect", it.path)
    elif not isinstance(effect, str):
        yield Remark("DATA_TYPE_MISMATCH", "Effect is not text", place)
    elif effect not in {"Allow", "Deny"}:
        yield Remark("INVALID_EFFECT", f"Effect is {shown(effect)} and not Allow or Deny", place)


def _sid(it: Written) -> Iterator[Remark]:
    sid, place = it.raw.get("Sid"), (*it.path, "Sid")
    if "Sid" in it.raw and not isinstance(sid, str):
        yield Remark("DATA_TYPE_MISMATCH", "Sid is not text", place)
    elif sid == "":
        yield Remark("EMPTY_SID_VALUE", "Sid is empty", place)
    elif isinstance(sid, str) and it.kind in STRICT and not SID.fullmatch(sid):
        yield Remark("UNSUPPORTED_SID", f"Sid {shown(sid)} has other characters than letters and digits", place)


def _pairs(it: Written) -> Iterator[Remark]:
    for one, other in PAIRS:
        if one in it.raw and other in it.raw:
            message = f"{one} and {other} exclude each other"
            yield Remark("UNSUPPORTED_ELEMENT_COMBINATION", message, (*it.path, other))


def _needs(it: Written) -> Iterator[Remark]:
    present = it.raw.keys()
    if not {"Action", "NotAction"} & present:
        yield Remark("MISSING_ACTION", "the statement has neither Action nor NotAction", it.path)
    if it.kind is not Kind.TRUST and not {"Resource", "NotResource"} & present:
        yield Remark("MISSING_RESOURCE", "the statement has neither Resource nor NotResource", it.path)
    if it.kind.names_principals and not {"Principal", "NotPrincipal"} & present:
        yield Remark("MISSING_PRINCIPAL", "the statement has no Principal", it.path)


def _lists(it: Written) -> Iterator[Remark]:
    for element in LISTS:
        if element not in it.raw:
            continue
        place = (*it.path, element)
        if it.raw[element] == []:
            what = element.removeprefix("Not")
            yield Remark(f"EMPTY_ARRAY_{what.upper()}", f"{element} is empty: the statement says nothing", place)
        if it.raw[element] is None:
            yield Remark("DATA_TYPE_MISMATCH", f"{element} is null", place)
        for value, path in listed(it.raw[element], place):
            if not isinstance(value, str):
                yield Remark("DATA_TYPE_MISMATCH", f"{element} holds something else than text", path)


def _condition(it: Written) -> Iterator[Remark]:
    condition, place = it.raw.get("Condition", {"": {"": ""}}), (*it.path, "Condition")
    if not isinstance(condition, Mapping):
        yield Remark("DATA_TYPE_MISMATCH", "Condition is not an object", place)
    elif not condition:
        yield Remark("EMPTY_OBJECT_CONDITION", "Condition is empty: the statement applies always", place)
    for operator, block in condition.items() if isinstance(condition, Mapping) else ():
        if not isinstance(block, Mapping):
            yield Remark("DATA_TYPE_MISMATCH", f"{shown(operator)} is not an object", (*place, operator))
        elif not block:
            yield Remark("EMPTY_OBJECT_CONDITION", f"{shown(operator)} has no key", (*place, operator))


def sids(statements: list[Written]) -> Iterator[Remark]:
    """Statements that have the Sid of an earlier one."""
    seen: set[str] = set()
    for it in statements:
        sid = it.raw.get("Sid")
        if isinstance(sid, str) and sid:
            if sid in seen:
                code = "UNIQUE_SIDS_RECOMMENDED" if it.kind is Kind.RESOURCE else "UNIQUE_SIDS_REQUIRED"
                yield Remark(code, f"another statement has the Sid {shown(sid)} too", (*it.path, "Sid"))
            seen.add(sid)


STATEMENT: tuple[Callable[[Written], Iterator[Remark]], ...] = (of_statement,)
DOCUMENT: tuple[Callable[[list[Written]], Iterator[Remark]], ...] = (sids,)
