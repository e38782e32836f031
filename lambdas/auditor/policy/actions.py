"""Every action of AWS: what it does, on which resources, under which condition keys; loaded when it is first asked.

`actions.gz` is compiled by `make actions`. Its first line is a JSON object: `schema`, `source`, `version`, `updated`,
`resource_controlled` (prefixes of the services that resource control policies bind), `keys` (pairs of name and type)
and `everywhere`, the number of those, the first ones, that any request may have. Each other line is a service, in
fields that tabs separate: prefix, name, the names of its actions, and a JSON object with its `resources` (name, ARN,
keys) and, in the names' order, its `actions` (number of the access level, uses of resources, keys, dependent actions,
whether it is retired). Keys, and resources within their service, are numbers in these lists.

An action that is not known here may exist nevertheless: AWS adds some every day.
"""

import gzip
import json
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from auditor.policy.covering import admits, plain

SCHEMA = 1
SHIPPED = files("auditor") / "policy" / "actions.gz"
LONGEST = 128
"""Characters: more than any action's name has."""

LONGEST_KEY = 512
REMEMBERED = 1 << 15
LAST = "\U0010ffff"
"""The last character there is."""

PLACEHOLDER = re.compile(r"\$\{[^}]*\}|<[^>]*>")
"""Where a name of a key or resource in the documentation stands for any."""


class Level(StrEnum):
    """What an action does: the highest of AWS's access levels that it has, or ours where AWS's misleads."""

    LIST = "List"
    READ = "Read"
    WRITE = "Write"
    TAGGING = "Tagging"
    PERMISSIONS = "Permissions management"


@dataclass(frozen=True, slots=True)
class Key:
    """A condition key, with the placeholders of the documentation: ``aws:PrincipalTag/${TagKey}``.

    `type` is ``String``, ``ARN``, ``Bool``, ``Numeric``, ``Date`` or ``IPAddress``; `many` says that a request can have
    several values of it; `everywhere` that requests to any service may have it.
    """

    name: str
    type: str
    many: bool
    everywhere: bool


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A type of resources: `arn` with AWS's placeholders, and the condition keys of requests about one."""

    name: str
    arn: str
    keys: tuple[str, ...]

    @property
    def pattern(self) -> str:
        """The ARNs of all resources of the type, as a pattern of the policy language."""
        return PLACEHOLDER.sub("*", self.arn)


@dataclass(frozen=True, slots=True)
class Use:
    """That an action is about a type of resources, always or sometimes, and the condition keys it has then."""

    resource: ResourceType
    required: bool
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Action:
    """An action, ``iam:PassRole``. Without `uses` it is about no resource: only ``*`` grants it.

    `dependent` are actions that a call of it may need besides. `retired` says that AWS has ended it.
    """

    name: str
    level: Level
    uses: tuple[Use, ...]
    keys: tuple[str, ...]
    dependent: tuple[str, ...]
    retired: bool

    @property
    def all_keys(self) -> frozenset[str]:
        """Every condition key, in lower case, that its request may have besides those of all requests."""
        parts: Iterable[tuple[str, ...]] = (self.keys, *((*it.keys, *it.resource.keys) for it in self.uses))
        return frozenset(key.lower() for part in parts for key in part)


@dataclass(frozen=True, slots=True)
class Service:
    """A service; `actions` by name in lower case, without the prefix."""

    prefix: str
    name: str
    actions: Mapping[str, Action]
    resources: tuple[ResourceType, ...]

    @property
    def retired(self) -> bool:
        """Whether AWS has ended it."""
        return all(it.retired for it in self.actions.values())


@dataclass(frozen=True, slots=True)
class Database:
    """The file, read as far as everybody needs it: `lines` are the fields of the services, by prefix.

    `resource_controlled` are the prefixes of the services that resource control policies bind.
    """

    source: str
    version: str
    updated: str
    resource_controlled: frozenset[str]
    keys: tuple[Key, ...]
    lines: Mapping[str, list[str]]


@cache
def database() -> Database:
    """The shipped database. Raises ValueError if it is of another schema."""
    head, *lines = gzip.decompress(SHIPPED.read_bytes()).decode().split("\n")
    told = json.loads(head)
    if told["schema"] != SCHEMA:
        raise ValueError(f"actions.gz has schema {told['schema']}, and {SCHEMA} is read")
    services = (line.split("\t") for line in lines)
    return Database(
        source=told["source"],
        version=told["version"],
        updated=told["updated"],
        resource_controlled=frozenset(told["resource_controlled"]),
        keys=tuple(_key(name, kind, at < told["everywhere"]) for at, (name, kind) in enumerate(told["keys"])),
        lines={fields[0]: fields for fields in services},
    )


def _key(name: str, kind: str, everywhere: bool) -> Key:  # noqa: FBT001  (a fact of the line)
    return Key(name, kind.removeprefix("ArrayOf"), kind.startswith("ArrayOf"), everywhere)


def prefixes() -> Iterable[str]:
    """The prefixes of all services, sorted."""
    return database().lines.keys()


@cache
def service(prefix: str) -> Service | None:
    """The service with the prefix, in any case; None if it is not known."""
    fields = database().lines.get(prefix.lower())
    if fields is None:
        return None
    prefix, name, names, facts = fields
    told = json.loads(facts)
    resources = tuple(ResourceType(name, arn, _names(keys)) for name, arn, keys in told["resources"])
    pairs = zip(names.split(), told["actions"], strict=True)
    actions = {it.lower(): _action(f"{prefix}:{it}", facts, resources) for it, facts in pairs}
    return Service(prefix, name, MappingProxyType(actions), resources)


def _action(name: str, facts: list[Any], resources: tuple[ResourceType, ...]) -> Action:
    level, uses, keys, dependent, retired = facts
    return Action(
        name=name,
        level=tuple(Level)[level],
        uses=tuple(Use(resources[at], bool(required), _names(more)) for at, required, more in uses),
        keys=_names(keys),
        dependent=tuple(dependent),
        retired=bool(retired),
    )


def _names(numbers: list[int]) -> tuple[str, ...]:
    return tuple(database().keys[it].name for it in numbers)


def known(action: str) -> Action | None:
    """The action of that name, in any case; None if it is not known. A pattern is no name."""
    prefix, _, name = action.lower().partition(":")
    found = service(prefix) if prefix in database().lines else None
    return found.actions.get(name) if found else None


@lru_cache(maxsize=REMEMBERED)
def matching(pattern: str) -> tuple[str, ...]:
    """The actions that a pattern with ``*`` and ``?`` admits, in any case, retired ones too; in AWS's spelling.

    A trailing star is cheap; any other wildcard is compared with each action of the service, or of all services.
    """
    pattern = plain(pattern.lower())
    if len(pattern.replace("*", "")) > LONGEST:
        return ()
    literal = re.split(r"[*?]", pattern, maxsplit=1)[0]
    if literal == pattern:
        found = known(pattern)
        return (found.name,) if found else ()
    begin, colon, _ = literal.partition(":")
    chosen = [begin] if colon else [it for it in prefixes() if it.startswith(begin)]
    candidates = (pair for prefix in chosen for pair in _beginning(prefix, literal))
    if pattern == f"{literal}*":
        return tuple(name for _, name in candidates)
    return tuple(name for lower, name in candidates if admits(pattern, lower))


def _beginning(prefix: str, literal: str) -> Sequence[tuple[str, str]]:
    """The actions of a service, in lower case and in AWS's spelling, that begin with a text in lower case."""
    spelled = _spelled(prefix)
    return spelled[bisect_left(spelled, (literal,)) : bisect_left(spelled, (literal + LAST,))]


@cache
def _spelled(prefix: str) -> tuple[tuple[str, str], ...]:
    fields = database().lines.get(prefix)
    return tuple(sorted((f"{prefix}:{it.lower()}", f"{prefix}:{it}") for it in fields[2].split())) if fields else ()


@lru_cache(maxsize=REMEMBERED)
def condition_key(name: str) -> Key | None:
    """The condition key that a policy names, in any case: ``aws:principaltag/team``; None if it is not known."""
    exact, forms = _keys()
    lower = name.lower()[:LONGEST_KEY]
    near = (*forms.get(lower.partition(":")[0], ()), *forms.get("", ()))
    fitting = (key for form, key in near if len(lower) >= len(form) and admits(form, lower))
    return exact.get(lower) or next(fitting, None)


@cache
def _keys() -> tuple[Mapping[str, Key], Mapping[str, list[tuple[str, Key]]]]:
    """By name in lower case; and those with placeholders as patterns, by what is before the colon if that is fixed."""
    exact = {key.name.lower(): key for key in database().keys}
    forms: defaultdict[str, list[tuple[str, Key]]] = defaultdict(list)
    for lower, key in exact.items():
        if PLACEHOLDER.search(lower):
            form = PLACEHOLDER.sub("*", lower)
            prefix = form.partition(":")[0]
            forms["" if "*" in prefix else prefix].append((form, key))
    return exact, forms
