"""What an account is judged by: the deployment's limits and severities, and who deviates from them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from auditor.core.catalogue import Catalogue
from auditor.core.check import Context, Limits, Severity
from auditor.core.model import Membership, Owner
from auditor.core.scopes import Scope


@dataclass(frozen=True, kw_only=True)
class Override:
    """Limits by name, severities by check, and scopes of some accounts, or of all below some organizational units."""

    accounts: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    limits: Mapping[str, Any] = field(default_factory=dict)
    severities: Mapping[str, Severity] = field(default_factory=dict)
    scopes: tuple[Scope, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Standards:
    """What holds for every account of a deployment, and for some of them instead.

    `severities` are by the ids of checks, which are their present ones after `known_by`.
    """

    limits: Limits = field(default_factory=Limits)
    severities: Mapping[str, Severity] = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()
    scopes: tuple[Scope, ...] = ()

    @property
    def by_unit(self) -> bool:
        """Whether anything depends on where in its organization an account is."""
        return any(it.units for it in self.overrides)

    @property
    def scope_names(self) -> tuple[str, ...]:
        """The names of the scopes that there are anywhere."""
        everywhere = (*self.scopes, *(scope for it in self.overrides for scope in it.scopes))
        return tuple(dict.fromkeys(scope.name for scope in everywhere))

    def faults(self, catalogue: Catalogue) -> Iterator[str]:
        """A line for each name of a severity that is no check's, or a second name of one, beginning with its place."""
        places = {"severities": self.severities}
        places |= {f"overrides.{number}.severities": it.severities for number, it in enumerate(self.overrides)}
        for place, severities in places.items():
            for name in severities:
                present = catalogue.present(name)
                if present is None:
                    yield f"{place}.{name}: {catalogue.unknown(name)}"
                elif present != name and present in severities:
                    yield f"{place}.{name}: {catalogue.unknown(name)}, and that is named too"

    def known_by(self, catalogue: Catalogue) -> Self:
        """The same with the names that the checks have now."""
        overrides = (replace(it, severities=_renamed(it.severities, catalogue)) for it in self.overrides)
        return replace(self, severities=_renamed(self.severities, catalogue), overrides=tuple(overrides))

    def context(self, now: datetime, owner: Owner, membership: Membership | None) -> Context:
        """What the account is judged by at `now`, setting by setting: its own, its nearest unit's, everybody's.

        Where the path is not known, no unit's override holds.
        """
        limits, severities, scopes = self.limits, dict(self.severities), {it.name: it for it in self.scopes}
        for it in self._of(owner, membership):
            limits = limits.replaced(it.limits)
            severities |= it.severities
            scopes |= {scope.name: scope for scope in it.scopes}
        here = tuple(scope.in_(owner) for scope in scopes.values())
        return Context(now=now, limits=limits, severities=severities, scopes=here)

    def _of(self, owner: Owner, membership: Membership | None) -> Iterator[Override]:
        """The overrides for the account, the most specific last."""
        for unit in membership.path if membership else ():
            yield from (it for it in self.overrides if unit in it.units)
        yield from (it for it in self.overrides if owner.account in it.accounts)


def _renamed(severities: Mapping[str, Severity], catalogue: Catalogue) -> dict[str, Severity]:
    return {catalogue.renamed.get(name, name): severity for name, severity in severities.items()}


NO_UNITS = "no organizational unit's overrides hold, because the account's units are not known"
"""What to say where the path is not known and something depends on it."""
