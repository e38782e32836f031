"""Policy documents, in every form that IAM accepts and returns."""

import json
import re
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
        return _any(EVERY_ACTION, self.actions) and _any(EVERY_RESOURCE, self.resources)


WILD = r"[*?]*\*[*?]*"
EVERY_ACTION = re.compile(rf"{WILD}(:{WILD})?")
EVERY_RESOURCE = re.compile(rf"{WILD}|arn:(aws[a-z-]*:)?({WILD}:)*{WILD}")
"""``*``, and ARN patterns with nothing but a partition in them."""


def _any(everything: re.Pattern[str], patterns: tuple[str, ...] | None) -> bool:
    return any(everything.fullmatch(pattern) for pattern in patterns or ())


def decode(document: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """A document as a mapping: IAM's API returns it URL-encoded, boto3 and the AWS CLI decoded.

    Raises MalformedPolicyError if it is not a JSON object.
    """
    if not isinstance(document, str):
        return document
    try:
        decoded = json.loads(unquote(document))
    except (ValueError, RecursionError) as error:
        raise MalformedPolicyError(f"not a policy document: {error}") from error
    if not isinstance(decoded, dict):
        raise MalformedPolicyError("not a policy document: a JSON object is expected")
    return decoded


def statements(document: Mapping[str, Any]) -> Iterator[Statement]:
    """The statements of a document; single objects and strings count as lists of one, as in IAM.

    Raises MalformedPolicyError, with the statement's number, for an effect or element that IAM does not know.
    """
    if document.get("Statement") is None:
        raise MalformedPolicyError("the document has no Statement")
    for number, raw in enumerate(_list(document["Statement"]), start=1):
        if not isinstance(raw, Mapping) or raw.get("Effect") not in ("Allow", "Deny"):
            raise MalformedPolicyError(f"statement {number}: an object with Effect Allow or Deny is expected")
        if "Action" not in raw and "NotAction" not in raw:
            raise MalformedPolicyError(f"statement {number}: neither Action nor NotAction")
        yield Statement(
            sid=raw.get("Sid") or None,
            allow=raw["Effect"] == "Allow",
            actions=_strings(raw, "Action", number),
            resources=_strings(raw, "Resource", number),
            conditions=_condition_keys(raw.get("Condition") or {}, number),
        )


def _condition_keys(condition: Any, number: int) -> tuple[str, ...]:
    blocks = condition.values() if isinstance(condition, Mapping) else [condition]
    if not all(isinstance(block, Mapping) for block in blocks):
        raise MalformedPolicyError(f"statement {number}: Condition is not an object of objects")
    return tuple(sorted({str(key) for block in blocks for key in block}))


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _strings(raw: Mapping[str, Any], element: str, number: int) -> tuple[str, ...] | None:
    if element not in raw:
        return None
    values = _list(raw[element])
    if not all(isinstance(value, str) for value in values):
        raise MalformedPolicyError(f"statement {number}: {element} holds something else than strings")
    return tuple(values)


def administrator_statement(document: Mapping[str, Any]) -> Statement | None:
    """The statement that allows every action on every resource, unless the same document denies just that.

    One without conditions is preferred. Raises MalformedPolicyError as `statements` does.
    """
    everything = [statement for statement in statements(document) if statement.on_everything]
    if any(not statement.allow and not statement.conditions for statement in everything):
        return None
    return min((it for it in everything if it.allow), key=lambda it: len(it.conditions), default=None)
