"""Policy documents, in every form that IAM accepts and returns."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from auditor.policy.match import matches, overlap, whole

VARIABLES_SINCE = "2012-10-17"
"""The version of the policy language that has variables. A document without one is of the version before."""

PASSING = "iam:passrole"
PASSED_TO = "iam:passedtoservice"
"""The condition key that requests to pass a role have, and no others."""

DEMANDS = {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"}
"""Comparisons that a value has to pass."""


class MalformedPolicyError(ValueError):
    """A document that IAM would not have accepted; the message names the place."""


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One key of a Condition block: `operator` and `key` in lower case, as AWS compares them; values as text."""

    operator: str
    key: str
    values: tuple[str, ...]

    @property
    def named(self) -> bool:
        """Whether it demands one of some values of the key, none of which is any value."""
        comparison = self.operator.rpartition(":")[2].removesuffix("ifexists")
        return comparison in DEMANDS and bool(self.values) and all(value.strip("*?") for value in self.values)

    @property
    def certain(self) -> bool:
        """Whether it demands such a value also of a request that lacks the key."""
        return self.named and not self.operator.startswith("forallvalues:") and not self.operator.endswith("ifexists")


@dataclass(frozen=True, kw_only=True)
class Party:
    """One entry of Principal: `kind` is ``AWS``, ``Service``, ``Federated``, ``CanonicalUser`` or ``*``."""

    kind: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement; ``Not…`` elements are in `not_actions`, `not_resources` and `not_parties`.

    What a statement does not have is None: an element that is there and empty speaks of nothing. `conditions` are the
    names of its condition keys, `clauses` what they are compared with. `number` counts from 1; `variables` says that
    the document's version knows policy variables.
    """

    sid: str | None
    allow: bool
    actions: tuple[str, ...] | None = None
    not_actions: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    not_resources: tuple[str, ...] | None = None
    parties: tuple[Party, ...] | None = None
    not_parties: tuple[Party, ...] | None = None
    conditions: tuple[str, ...] = ()
    clauses: tuple[Clause, ...] = ()
    number: int = 0
    variables: bool = True

    @property
    def on_everything(self) -> bool:
        """Whether it speaks of every action on every resource."""
        return _any(EVERY_ACTION, self.actions) and _any(EVERY_RESOURCE, self.resources)

    @property
    def proviso(self) -> str:
        """Its conditions, as a sentence goes on: `` if aws:SourceIp is met``; empty if there are none."""
        return f" if {', '.join(self.conditions)} is met" if self.conditions else ""

    @property
    def services_named(self) -> tuple[str, ...]:
        """The services, in lower case, of which it demands that a role be passed to one of them."""
        named = (it for it in self.clauses if it.key == PASSED_TO and it.named)
        return tuple(value.lower() for clause in named for value in clause.values)

    def speaks_of(self, action: str) -> bool:
        """Whether it speaks of the action, or of all the actions of a pattern; case does not count.

        Only the passing of a role has a service that it is passed to: whatever else stands beside such a demand is
        never met.
        """
        action = action.lower()
        if action != PASSING and any(it.key == PASSED_TO and it.certain for it in self.clauses):
            return False
        if self.actions is not None:
            return self._lists(action)
        return not any(overlap(it.lower(), action) for it in self.not_actions or ())

    def about_action(self, action: str) -> bool:
        """Whether it speaks of the action, which is in lower case and no pattern, whatever its conditions are."""
        return self._lists(action) is (self.actions is not None)

    def _lists(self, action: str) -> bool:
        """Whether its Action or NotAction admits the action."""
        names, patterns = self._folded
        return action in names or any(matches(it, action) for it in patterns)

    @cached_property
    def _folded(self) -> tuple[frozenset[str], tuple[str, ...]]:
        """The names and the patterns of its Action or NotAction in lower case: most are names."""
        folded = [it.lower() for it in (self.actions if self.actions is not None else self.not_actions) or ()]
        patterns = tuple(it for it in folded if "*" in it or "?" in it)
        return frozenset(folded).difference(patterns), patterns

    def reaches(self, resource: str) -> bool:
        """Whether it speaks of all resources that the pattern of an ARN admits."""
        if self.resources is not None:
            return any(EVERY_RESOURCE.fullmatch(it) or matches(whole(it), resource) for it in self.resources)
        return self.not_resources is not None and not any(overlap(whole(it), resource) for it in self.not_resources)


WILD = r"\?*\*[*?]*"
EVERY_ACTION = re.compile(rf"{WILD}(:{WILD})?")
EVERY_RESOURCE = re.compile(rf"{WILD}|arn:(aws[a-z-]*:)?({WILD}:)*{WILD}")
"""``*``, and ARN patterns with nothing but a partition in them."""


def _any(everything: re.Pattern[str], patterns: tuple[str, ...] | None) -> bool:
    return any(everything.fullmatch(pattern) for pattern in patterns or ())


class Document(dict[str, Any]):
    """A document that is read once, however many checks ask it."""

    @cached_property
    def statements(self) -> tuple["Statement", ...]:
        """What `statements` gives."""
        return tuple(_read(self))


class Unreadable(Document):
    """What stands for a text that is no policy document: whoever asks for its statements hears why."""

    def __init__(self, why: MalformedPolicyError) -> None:
        """An empty document."""
        super().__init__()
        self.why = why

    @property
    def statements(self) -> tuple["Statement", ...]:
        """There are none. Raises MalformedPolicyError."""
        raise self.why


def decode(document: str | Mapping[str, Any]) -> Document:
    """A document as a mapping: IAM's API returns it URL-encoded, boto3 and the AWS CLI decoded.

    Raises MalformedPolicyError if it is not a JSON object.
    """
    if not isinstance(document, str):
        return Document(document)
    try:
        # IAM encodes what it returns, the brace too; what begins with one means its per cent signs.
        decoded = json.loads(document if document.lstrip().startswith("{") else unquote(document))
    except (ValueError, RecursionError) as error:
        raise MalformedPolicyError(f"not a policy document: {error}") from error
    if not isinstance(decoded, dict):
        raise MalformedPolicyError("not a policy document: a JSON object is expected")
    return Document(decoded)


def statements(document: Mapping[str, Any]) -> Iterable[Statement]:
    """The statements of a document; single objects and strings count as lists of one, as in IAM.

    Raises MalformedPolicyError, with the statement's number, for an effect or element that IAM does not know.
    """
    return document.statements if isinstance(document, Document) else _read(document)


def _read(document: Mapping[str, Any]) -> Iterator[Statement]:
    if document.get("Statement") is None:
        raise MalformedPolicyError("the document has no Statement")
    for number, raw in enumerate(_list(document["Statement"]), start=1):
        if not isinstance(raw, Mapping) or raw.get("Effect") not in ("Allow", "Deny"):
            raise MalformedPolicyError(f"statement {number}: an object with Effect Allow or Deny is expected")
        if "Action" not in raw and "NotAction" not in raw:
            raise MalformedPolicyError(f"statement {number}: neither Action nor NotAction")
        clauses = tuple(_clauses(raw.get("Condition") or {}, number))
        yield Statement(
            sid=raw.get("Sid") or None,
            allow=raw["Effect"] == "Allow",
            actions=_strings(raw, "Action", number),
            not_actions=_strings(raw, "NotAction", number),
            resources=_strings(raw, "Resource", number),
            not_resources=_strings(raw, "NotResource", number),
            parties=_parties(raw, "Principal", number),
            not_parties=_parties(raw, "NotPrincipal", number),
            conditions=tuple(sorted({name for name, _ in clauses})),
            clauses=tuple(clause for _, clause in clauses),
            number=number,
            variables=document.get("Version") == VARIABLES_SINCE,
        )


def _clauses(condition: Any, number: int) -> Iterator[tuple[str, Clause]]:
    """Each key as it is written, and its clause."""
    blocks = condition if isinstance(condition, Mapping) else {"": condition}
    if not all(isinstance(block, Mapping) for block in blocks.values()):
        raise MalformedPolicyError(f"statement {number}: Condition is not an object of objects")
    for operator, block in blocks.items():
        for key, values in block.items():
            yield str(key), Clause(operator=str(operator).lower(), key=str(key).lower(), values=_texts(values, number))


def _texts(values: Any, number: int) -> tuple[str, ...]:
    """The values of a condition: JSON's booleans and numbers are the same as their text."""
    if any(isinstance(value, Mapping | list) for value in _list(values)):
        raise MalformedPolicyError(f"statement {number}: Condition compares with something else than values")
    return tuple(value if isinstance(value, str) else json.dumps(value) for value in _list(values))


def _parties(raw: Mapping[str, Any], element: str, number: int) -> tuple[Party, ...] | None:
    if element not in raw:
        return None
    if raw[element] == "*":
        return (Party(kind="*", value="*"),)
    if not isinstance(raw[element], Mapping):
        raise MalformedPolicyError(f"statement {number}: {element} is neither * nor an object")
    named = {kind: _strings(raw[element], kind, number) or () for kind in raw[element]}
    return tuple(Party(kind=str(kind), value=value) for kind, values in named.items() for value in values)


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
    return _surviving(statement for statement in statements(document) if statement.on_everything)


def grant(document: Mapping[str, Any], action: str, resource: str = "*") -> Statement | None:
    """The statement that allows the action on all that the ARN pattern admits, unless the same document denies that.

    Both may be patterns: ``kms:*`` asks for all of KMS. A denial counts if it has no condition; of several statements
    one without conditions is preferred. Raises MalformedPolicyError as `statements` does.
    """
    return _surviving(it for it in statements(document) if it.speaks_of(action) and it.reaches(resource))


def _surviving(said: Iterable[Statement]) -> Statement | None:
    """Of statements about the same the least conditional Allow, unless one denies it whatever happens."""
    about = list(said)
    if any(not statement.allow and not statement.conditions for statement in about):
        return None
    return min((it for it in about if it.allow), key=lambda it: len(it.conditions), default=None)


def every(kind: str, near: str) -> str:
    """The ARN pattern of all resources of a kind (``kms:key``, ``iam:role``) in the account that `near` lies in."""
    (service, _, name), (_, partition, _, _, account, *_) = kind.partition(":"), near.split(":")
    return f"arn:{partition}:{service}:{'' if service == 'iam' else '*'}:{account}:{name}/*"
