"""What accounts are judged by, as a deployment says it: limits, severities, who deviates from them, managed scopes."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, create_model, model_validator
from pydantic_core import InitErrorDetails

from auditor.core.check import Limits
from auditor.core.scopes import Scope, Selector
from auditor.core.standards import Override
from auditor.settings.words import AccountId, Count, Days, Names, SeverityName, Strict, TagKey, UnitId, fault

CheckId = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)+$")]
ScopeName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Pattern = Annotated[str, Field(min_length=1, max_length=512)]
Path = Annotated[str, Field(pattern=r"^[/*](.*[/*])?$", max_length=512)]
ManagerArn = Annotated[
    str, Field(pattern=r"^arn:(\*|aws[a-z-]*):iam::(\*|[0-9]{12}):(role|user)/([!-~]+/)?[A-Za-z0-9_+=,.@-]+$")
]
OwnedKinds = Annotated[tuple[Literal["User", "Group", "Role"], ...], Field(max_length=3)]
TYPES: dict[Any, Any] = {timedelta: Days, int: Count, tuple[str, ...]: Names}
SPECIAL: dict[str, Any] = {"owned_kinds": OwnedKinds}
"""Limits that not every value of their type is one for."""

SETTABLE: dict[str, Any] = {
    limit.name: (SPECIAL.get(limit.name, TYPES[limit.type]), limit.default) for limit in fields(Limits)
}
LimitSettings: Any = create_model("LimitSettings", __base__=Strict, **SETTABLE)
"""`Limits` as a deployment gives them: times in whole days."""

_OPTIONAL: dict[str, Any] = {name: (kind | None, None) for name, (kind, _) in SETTABLE.items()}
OtherLimits: Any = create_model("OtherLimits", __base__=Strict, **_OPTIONAL)
"""Those of them that are others; None for what is not."""


class SelectorSettings(BaseModel, frozen=True, extra="forbid"):
    """Entities: on one of the paths, with one of the names, and with every tag; at least one of the three is said."""

    paths: list[Path] = []
    names: list[Pattern] = []
    tags: dict[TagKey, Pattern] = {}

    @model_validator(mode="after")
    def _something_is_said(self) -> Self:
        if not (self.paths or self.names or self.tags):
            raise ValueError("it needs paths or names or tags")
        return self


class ScopeSettings(BaseModel, frozen=True, extra="forbid"):
    """What the role or user `manager` manages: everything that one of the entities' selectors selects."""

    manager: ManagerArn
    entities: tuple[SelectorSettings, ...]

    @model_validator(mode="after")
    def _something_is_in_it(self) -> Self:
        if not self.entities:
            raise ValueError("it needs entities")
        return self

    def scope(self, name: str) -> Scope:
        """As the core takes it."""
        selectors = (Selector(paths=tuple(it.paths), names=tuple(it.names), tags=it.tags) for it in self.entities)
        return Scope(name=name, manager=self.manager, selectors=tuple(selectors))


class OverrideSettings(BaseModel, frozen=True, extra="forbid"):
    """What is other in some accounts, or in all below some organizational units; a scope by its name, whole."""

    accounts: list[AccountId] = []
    organizational_units: list[UnitId] = []
    limits: OtherLimits = OtherLimits()
    severities: dict[CheckId, SeverityName] = {}
    scopes: dict[ScopeName, ScopeSettings] = {}

    def override(self) -> Override:
        """As the core takes it."""
        return Override(
            accounts=frozenset(self.accounts),
            units=frozenset(self.organizational_units),
            limits={name: value for name, value in dict(self.limits).items() if value is not None},
            severities=self.severities,
            scopes=tuple(it.scope(name) for name, it in self.scopes.items()),
        )


def contested(overrides: Sequence[OverrideSettings]) -> Iterator[InitErrorDetails]:
    """Overrides of nobody, and accounts and units that two of them name."""
    claims = defaultdict[tuple[str, str], list[int]](list)
    for number, it in enumerate(overrides):
        named = {"accounts": it.accounts, "organizational_units": it.organizational_units}
        if not any(named.values()):
            yield fault(f"overrides.{number}", f"is of nobody: it needs {' or '.join(named)}")
        for setting, values in named.items():
            for value in values:
                claims[setting, value].append(number)
    for (setting, value), (first, *others) in claims.items():
        for number in others:
            yield fault(f"overrides.{number}.{setting}", f"{value} is named by overrides.{first} already")
