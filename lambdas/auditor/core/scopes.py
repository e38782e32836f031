"""Managed scopes: which IAM entities are whose, and who may manage them.

A deployment says it; AWS knows nothing of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Self

from auditor.core.glob import covers, matches
from auditor.core.model import Owner

ANY = "*"
ARN_PARTS = 6


@dataclass(frozen=True, kw_only=True)
class Entity:
    """A user, group, role or policy by its ARN: what it is, its path (``/`` or ``/a/b/``) and its name."""

    kind: str
    path: str
    name: str


def entity(arn: str) -> Entity | None:
    """What an ARN of IAM names; None for any other ARN, for the root user, and for what is no ARN."""
    parts = arn.split(":", ARN_PARTS - 1)
    if len(parts) < ARN_PARTS or parts[2] != "iam" or "/" not in parts[-1]:
        return None
    kind, _, tail = parts[-1].partition("/")
    path, slash, name = f"/{tail}".rpartition("/")
    return Entity(kind=kind, path=f"{path}{slash}", name=name)


@dataclass(frozen=True, kw_only=True)
class Selector:
    """Entities by patterns: one of the paths, one of the names, and every tag; what is empty is any.

    `tags` are patterns by key. What has no tags, or none that could be seen, is selected by no tag.
    """

    paths: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)

    def selects(self, it: Entity, tags: Mapping[str, str] | None) -> bool:
        """Whether the entity is one of those."""
        known = tags or {}
        return (
            _any(self.paths, it.path)
            and _any(self.names, it.name)
            and all(key in known and matches(pattern, known[key]) for key, pattern in self.tags.items())
        )

    @property
    def anywhere(self) -> bool:
        """Whether it goes by tags alone."""
        return not (self.paths or self.names)

    def holds(self, tail: str) -> bool:
        """Whether all entities whose path and name are as the pattern `tail` are among those, whatever their tags.

        A star of IAM goes beyond a slash: a pattern for names is taken for one of a policy's that means the same.
        """
        return any(covers(own, tail) for path, name in self._pairs() for own in _tails(path, name))

    def _pairs(self) -> Iterable[tuple[str, str]]:
        return product(self.paths or ("/*",), self.names or (ANY,))


def _any(patterns: tuple[str, ...], text: str) -> bool:
    return not patterns or any(matches(it, text) for it in patterns)


def _tails(path: str, name: str) -> tuple[str, ...]:
    """Path and name as they follow the kind in an ARN; ``/a/*`` is the path ``/a/`` too."""
    if path.endswith("/*"):
        return f"{path[:-1]}{name}", f"{path}/{name}"
    return (f"{path.rstrip('/')}/{name}",)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What one manager manages: all that one of the selectors selects, in every account.

    `manager` is the ARN of a role or user. In `Scope.in_` its account and partition may be ``*``.
    """

    name: str
    manager: str
    selectors: tuple[Selector, ...]

    def in_(self, owner: Owner) -> Self:
        """The scope as it is for one account: a manager of any account is this account's own."""
        _, partition, service, region, account, resource = self.manager.split(":", ARN_PARTS - 1)
        partition, account = _given(partition, owner.partition), _given(account, owner.account)
        return replace(self, manager=f"arn:{partition}:{service}:{region}:{account}:{resource}")

    @property
    def home(self) -> str:
        """The account that the manager is in."""
        return self.manager.split(":")[4]

    def owns(self, arn: str, tags: Mapping[str, str] | None) -> bool:
        """Whether the entity is managed in this scope; what is no entity of IAM never is."""
        it = entity(arn)
        return it is not None and any(selector.selects(it, tags) for selector in self.selectors)


def _given(part: str, own: str) -> str:
    return own if part == ANY else part


def owning(scopes: Iterable[Scope], arn: str, tags: Mapping[str, str] | None) -> tuple[str, ...]:
    """The names of the scopes that the entity is in."""
    return tuple(it.name for it in scopes if it.owns(arn, tags))


def managed_by(scopes: Iterable[Scope], arn: str) -> tuple[Scope, ...]:
    """The scopes that this role or user manages."""
    return tuple(it for it in scopes if it.manager == arn)
