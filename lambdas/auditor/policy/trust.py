"""Trust policies: who is admitted to a role, and what is demanded of them."""

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.policy.callers import (
    PRINCIPAL,
    SOURCE,
    STRANGE_ORGANIZATION,
    Facts,
    Zone,
    nobody,
    of_organization,
    strangers,
)
from auditor.policy.claims import (
    ANOTHER,
    COGNITO,
    EVERYBODYS,
    GOOGLE,
    GUEST,
    STRANGE_GOOGLE_ACCOUNT,
    another_audience,
    any_certificate,
    anybodys_application,
    stranger,
)
from auditor.policy.document import Clause, Party
from auditor.policy.sharing import Entry, Who, sharing

ASSUMING = ("sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity")
EXTERNAL_ID = "sts:externalid"
ROLES_ANYWHERE = "rolesanywhere."
NOWHERE = Zone()
"""For those to whom it does not matter who is outside."""


class Admission(Entry):
    """A party that a trust policy admits."""

    @property
    def everybody(self) -> bool:
        """Whether the party is anybody at all."""
        return self.who is Who.PUBLIC

    @property
    def excluding(self) -> tuple[Party, ...]:
        """Of everybody, those who are not admitted."""
        return self.statement.not_parties or ()

    @property
    def _clauses(self) -> tuple[Clause, ...]:
        return tuple(clause for it in (self.statement, *self.denials) for clause in it.clauses)

    @property
    def fenced(self) -> bool:
        """Whether only members of an organization are admitted: the own one, as far as that is known."""
        own = self.zone.organization
        outside = self.admits(*_strange_organizations())
        return not outside and (own is None or (own != "" and self.admits(of_organization(PRINCIPAL, own))))

    @property
    def guarded(self) -> bool:
        """Whether an external id is demanded that whoever may ask for another one cannot give."""
        return not self.admits({EXTERNAL_ID: ()}, {EXTERNAL_ID: (ANOTHER,)})

    @property
    def provider(self) -> str:
        """Host and path of the OpenID Connect provider, as condition keys begin; empty for any other party."""
        if self.who is not Who.FEDERATED or ":saml-provider/" in self.party.value:
            return ""
        return self.party.value.rpartition(":oidc-provider/")[2].lower()

    @property
    def own_provider(self) -> str:
        """The same of a provider that the account set up; empty for those that IAM knows by itself."""
        return self.provider if ":oidc-provider/" in self.party.value else ""

    @property
    def of_anybodys_application(self) -> bool:
        """Whether an application of anybody's will do, for anybody: of providers that IAM knows by itself."""
        return self.provider in EVERYBODYS and self.admits(anybodys_application(self.provider))

    @property
    def names_audience(self) -> bool:
        """Whether the token, or the assertion, has to be for a certain application."""
        other = another_audience(self.provider) if self.provider else {"saml:aud": (ANOTHER,)}
        return not self.admits(other)

    @property
    def open_to_strangers(self) -> bool:
        """Whether whomever the provider signs in is admitted, as far as the audience does not say who that is."""
        if self.provider == GOOGLE:
            return self.names_audience and self.admits(STRANGE_GOOGLE_ACCOUNT)
        return bool(self.own_provider) and self.admits(stranger(self.provider, self._clauses))

    @property
    def open_to_guests(self) -> bool:
        """Whether those are admitted who did not sign in to an identity pool."""
        return self.provider == COGNITO and self.admits(GUEST)

    @property
    def open_to_sources(self) -> bool:
        """Whether a service is admitted for somebody else's resource, or without saying for which."""
        others = (*strangers(SOURCE, self.zone.partition), nobody(SOURCE))
        return self.who is Who.SERVICE and self.admits(*others)

    @property
    def open_to_certificates(self) -> bool:
        """Whether every certificate is admitted that Roles Anywhere takes."""
        anywhere = self.who is Who.SERVICE and self.party.value.startswith(ROLES_ANYWHERE)
        return anywhere and self.admits(*any_certificate(self._clauses))


def _strange_organizations() -> Iterator[Facts]:
    """Of an account that is in an organization that is not named, or in none."""
    return (of_organization(PRINCIPAL, it) for it in (STRANGE_ORGANIZATION, ""))


def admissions(trust: Mapping[str, Any], zone: Zone = NOWHERE) -> Iterator[Admission]:
    """Everybody whom a trust policy admits, but those of a statement that admits everybody except some.

    Raises MalformedPolicyError as `statements` does.
    """
    return (it for it in _all(trust, zone) if not (it.everybody and it.excluding))


def excluding(trust: Mapping[str, Any], zone: Zone = NOWHERE) -> tuple[Party, ...]:
    """The parties of every statement that admits everybody but them."""
    return tuple(party for it in _all(trust, zone) if it.everybody for party in it.excluding)


def _all(trust: Mapping[str, Any], zone: Zone) -> Iterator[Admission]:
    return (Admission(**vars(it)) for it in sharing(trust, zone, ASSUMING))
