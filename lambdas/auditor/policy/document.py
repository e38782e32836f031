"""Policy documents, in every form that IAM accepts and returns."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote


class MalformedPolicyError(ValueError):
    """A document that IAM would not have accepted; the message names the place."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement. `actions` and `resources` are None where it has NotAction or NotResource instead."""

    sid: str | None
    allow: bool
    actions: tuple[str, ...] | None
    resources: tuple[str, ...] | None
    conditions: tuple[str, ...]

    @property
    def on_everything(self) -> bool:
        """Whether it speaks of every action on every resource."""
        return _only_stars(self.actions, "*:") and _only_stars(self.resources, "*")


def _only_stars(patterns: tuple[str, ...] | None, allowed: str) -> bool:
    return any("*" in pattern and not pattern.strip(allowed) for pattern in patterns or ())


def decode(document: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """A document as a mapping: IAM's API returns it URL-encoded, boto3 and the AWS CLI decoded.

    Raises MalformedPolicyError if it is not a JSON object.
    """
    if not isinstance(document, str):
        return document
    try:
        decoded = json.loads(unquote(document))
    except ValueError as error:
        message = f"not a policy document: {error}"
        raise MalformedPolicyError(message) from error
    if not isinstance(decoded, dict):
        message = "not a policy document: a JSON object is expected"
        raise MalformedPolicyError(message)
    return decoded


def statements(document: Mapping[str, Any]) -> Iterator[Statement]:
    """The statements of a document; single objects and strings count as lists of one, as in IAM.

    Raises MalformedPolicyError, with the statement's number, for an effect or element that IAM does not know.
    """
    for number, raw in enumerate(_list(document.get("Statement")), start=1):
        if not isinstance(raw, Mapping) or raw.get("Effect") not in {"Allow", "Deny"}:
            message = f"statement {number}: an object with Effect Allow or Deny is expected"
            raise MalformedPolicyError(message)
        yield Statement(
            sid=raw.get("Sid") or None,
            allow=raw["Effect"] == "Allow",
            actions=_strings(raw, "Action", number),
            resources=_strings(raw, "Resource", number),
            conditions=tuple(sorted(key for keys in (raw.get("Condition") or {}).values() for key in keys)),
        )


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _strings(raw: Mapping[str, Any], element: str, number: int) -> tuple[str, ...] | None:
    if element not in raw:
        return None
    values = _list(raw[element])
    if not all(isinstance(value, str) for value in values):
        message = f"statement {number}: {element} holds something else than strings"
        raise MalformedPolicyError(message)
    return tuple(values)


def administrator_statement(document: Mapping[str, Any]) -> Statement | None:
    """The statement that allows every action on every resource, unless the same document denies just that.

    One without conditions is preferred. Raises MalformedPolicyError as `statements` does.
    """
    everything = [statement for statement in statements(document) if statement.on_everything]
    if any(not statement.allow and not statement.conditions for statement in everything):
        return None
    return min((it for it in everything if it.allow), key=lambda it: len(it.conditions), default=None)
