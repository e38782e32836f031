"""Which accounts a deployment audits, how it enters them, and how many at once."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails

from auditor.core.roster import Selection
from auditor.settings.words import AccountId, UnitId, fault

MOST_LISTED = 10_000

OrganizationId = Annotated[str, Field(pattern=r"^o-[a-z0-9]{10,32}$")]
RoleName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_+=,.@-]{1,64}$")]
ExternalId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_+=,.@:/-]{8,1224}$")]
Reason = Annotated[str, Field(min_length=3, max_length=200)]


class AccountsSettings(BaseModel, frozen=True, extra="forbid"):
    """Without an organization and without `listed` accounts, the deployment audits the account it is in.

    With `organization` it audits all of its accounts, or those below `organizational_units` and those that are
    `listed`; always the one it is in, too. `excluded` are left out, each for a reason. `audit_account` is the one that
    the deployment is in; it becomes the `role` in all others, with `external_id`. `at_once` accounts are audited at a
    time, and the first ones begin within `spread_minutes`. A run has failed if more than `tolerated_percent` of the
    accounts could not be audited.
    """

    audit_account: AccountId | None = None
    organization: OrganizationId | None = None
    organizational_units: list[UnitId] = []
    listed: list[AccountId] = []
    excluded: dict[AccountId, Reason] = {}
    role: RoleName = "account-auditor"
    external_id: ExternalId | None = None
    at_once: Annotated[int, Field(ge=1, le=1000)] = 20
    spread_minutes: Annotated[int, Field(ge=0, le=120)] = 5
    tolerated_percent: Annotated[int, Field(ge=0, le=100)] = 20

    @property
    def others(self) -> bool:
        """Whether any account but the deployment's own is audited."""
        return self.organization is not None or bool(set(self.listed) - {self.audit_account})

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if faults := list(self._faults()):
            raise ValidationError.from_exception_data(type(self).__name__, faults)
        return self

    def _faults(self) -> Iterator[InitErrorDetails]:
        if self.organizational_units and not self.organization:
            yield fault("organizational_units", "organization is missing: whose units are they?")
        for setting, given in {"listed": self.listed, "organizational_units": self.organizational_units}.items():
            if twice := sorted({it for it in given if given.count(it) > 1} if len(given) != len(set(given)) else ()):
                yield fault(setting, f"named more than once: {', '.join(twice)}")
        if len(self.listed) > MOST_LISTED:
            yield fault("listed", f"{len(self.listed):,} accounts; more than {MOST_LISTED:,} need an organization")
        for account in sorted({*self.listed, self.audit_account or ""} & set(self.excluded)):
            yield fault(f"excluded.{account}", "is to be audited, too: it is listed, or the audit account")
        for setting in ("audit_account", "external_id") if self.others else ():
            if getattr(self, setting) is None:
                yield fault(setting, "is missing: other accounts can be entered with it only")

    def selection(self, here: str) -> Selection:
        """As the core takes it, for a deployment in the account `here`."""
        return Selection(
            here=here,
            organization=self.organization,
            units=frozenset(self.organizational_units),
            listed=frozenset(self.listed),
            excluded=self.excluded,
        )
