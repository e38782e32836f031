"""Trust policies: who is admitted to a role, and what is demanded of them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.policy.document import Clause, Party, Statement, statements

ASSUMING = ("sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity")
ACCOUNT = re.compile(r"\d{12}")
ORGANIZATION = ("aws:principalorgid", "aws:principalorgpaths")
WHO = ("aws:principalaccount", "aws:principalarn")
"""Keys by which a statement for everybody admits somebody only."""

AUDIENCE = {"accounts.google.com": ("aud", "oaud"), "www.amazon.com": ("app_id",), "graph.facebook.com": ("app_id",)}
"""How the providers that IAM knows by itself call the application; every other one calls it ``aud``."""

TENANT = {
    "token.actions.githubusercontent.com": re.compile(
        r"(repo|repository(_owner)?(_id)?|(job_)?workflow_ref|enterprise(_id)?):[^*?/:]+([/:].*)?"
    ),
    "gitlab.com": re.compile(r"project_path:[^*?/:]+/.*"),
    "app.terraform.io": re.compile(r"organization:[^*?:]+:.*"),
}
"""Of providers that sign in everybody's workloads: what a subject looks like that names whose workload it is."""


def _account_field(arn: str) -> str:
    return "".join(arn.split(":")[4:5])


@dataclass(frozen=True, kw_only=True)
class Admission:
    """A party that a trust policy admits, with all that is demanded of it; `conditions` are for people."""

    party: Party
    conditions: tuple[str, ...] = ()
    clauses: tuple[Clause, ...] = ()

    @property
    def everybody(self) -> bool:
        """Whether the party is anybody at all."""
        return self.party.value == "*" and not self.fenced

    @property
    def fenced(self) -> bool:
        """Whether only members of an organization are admitted."""
        return self.demands(*ORGANIZATION)

    @property
    def account(self) -> str:
        """The account that the party is in; empty for everybody, services and providers."""
        if self.party.kind != "AWS":
            return ""
        found = ACCOUNT.fullmatch(self.party.value) or ACCOUNT.fullmatch(_account_field(self.party.value))
        return found[0] if found else ""

    @property
    def proviso(self) -> str:
        """Its conditions, as a sentence goes on."""
        return f" if {', '.join(self.conditions)} is met" if self.conditions else ""

    @property
    def provider(self) -> str:
        """Host and path of the OpenID Connect provider, as condition keys begin; empty for any other party."""
        if self.party.kind != "Federated" or ":saml-provider/" in self.party.value:
            return ""
        return self.party.value.rpartition(":oidc-provider/")[2].lower()

    @property
    def own_provider(self) -> str:
        """The same of a provider that the account set up; empty for those that IAM knows by itself."""
        return self.provider if ":oidc-provider/" in self.party.value else ""

    @property
    def names_source(self) -> bool:
        """Whether the resource for which a service acts has to be in certain accounts."""
        sources = [clause for clause in self.clauses if clause.certain and clause.key == "aws:sourcearn"]
        return any(all(ACCOUNT.fullmatch(_account_field(value)) for value in it.values) for it in sources)

    @property
    def audience_keys(self) -> tuple[str, ...]:
        """The condition keys that hold the application that a token of the provider is for."""
        return tuple(f"{self.provider}:{name}" for name in AUDIENCE.get(self.provider, ("aud",)))

    @property
    def names_audience(self) -> bool:
        """Whether the token has to be for a certain application. A token always has an audience."""
        return any(clause.named and clause.key in self.audience_keys for clause in self.clauses)

    @property
    def names_subject(self) -> bool:
        """Whether the token has to be about somebody: by a claim besides the audience that names whose it is."""
        about = [it for it in self.clauses if it.named and it.key.startswith(f"{self.provider}:")]
        return any(clause.key not in self.audience_keys and self._names_tenant(clause) for clause in about)

    def _names_tenant(self, clause: Clause) -> bool:
        claim = clause.key.rpartition(":")[2]
        form = TENANT.get(self.provider)
        values = clause.values if claim == "sub" else tuple(f"{claim}:{value}" for value in clause.values)
        return form is None or all(form.fullmatch(value) for value in values)

    def demands(self, *keys: str) -> bool:
        """Whether one of these condition keys (in lower case) has to have one of some values."""
        return any(clause.certain and clause.key in keys for clause in self.clauses)


def admissions(trust: Mapping[str, Any]) -> Iterator[Admission]:
    """Everybody whom a trust policy admits; nobody where it denies everybody whatever happens.

    Raises MalformedPolicyError as `statements` does.
    """
    said = [it for it in statements(trust) if any(it.speaks_of(action) for action in ASSUMING)]
    denied = [it for it in said if not it.allow and any(party.value == "*" for party in it.parties or ())]
    if any(not statement.clauses for statement in denied):
        return
    fences = tuple(fence for statement in denied for fence in _fences(statement))
    for statement in said:
        for party in statement.parties or () if statement.allow else ():
            yield from _named(party, statement.conditions, (*statement.clauses, *fences))


def excluding(trust: Mapping[str, Any]) -> tuple[Party, ...]:
    """The parties of every Allow that admits everybody but them."""
    said = [it for it in statements(trust) if it.allow and any(it.speaks_of(action) for action in ASSUMING)]
    return tuple(party for statement in said for party in statement.not_parties or ())


def _fences(denied: Statement) -> Iterator[Clause]:
    """What everybody has to meet whom a Deny of the rest spares: "not equal" denied is "equal" demanded."""
    for clause in denied.clauses if len(denied.clauses) == 1 else ():
        yield Clause(operator=clause.operator.replace("not", "", 1), key=clause.key, values=clause.values)


def _named(party: Party, conditions: tuple[str, ...], clauses: tuple[Clause, ...]) -> Iterator[Admission]:
    """The party, or those of everybody whom a condition names."""
    chosen = [it for it in clauses if party.value == "*" and it.certain and it.key in WHO]
    values = [Party(kind="AWS", value=value) for clause in chosen[:1] for value in clause.values]
    named = [Admission(party=it, conditions=conditions, clauses=clauses) for it in values]
    if named and all(it.account for it in named):
        yield from named
    else:
        yield Admission(party=party, conditions=conditions, clauses=clauses)
