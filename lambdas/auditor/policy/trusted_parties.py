"""Which services and identity providers a role's trust policy lets have the role."""

from collections.abc import Iterator

from auditor.core.subjects.entities import Principal
from auditor.policy.conditions import judge
from auditor.policy.document import MalformedPolicyError, Statement, statements
from auditor.policy.naming import ACCOUNT

BY_SERVICE = {"Service": "sts:AssumeRole", "Federated": "sts:AssumeRoleWithWebIdentity"}
"""How a service gets a role, by the way in which the trust policy names it."""


def trusted_services(role: Principal) -> Iterator[str]:
    """The services that can get the role for this account: China's names are the others' with an ending."""
    admitted, turned_away = dict[str, None](), set[str]()
    for statement in _trust(role):
        # Cognito's identity pools are a service that a trust policy names as a provider.
        services = {it.value: it.kind for it in statement.parties or () if it.kind in BY_SERVICE}
        for name, kind in services.items():
            service = name.removesuffix(".cn")
            known = {"aws:sourceaccount": (role.resource.split(":")[ACCOUNT],), "aws:principalservicename": (service,)}
            met = judge(statement.clauses, known, variables=statement.variables)
            if statement.allow and met is not False:
                admitted[service] = None
            elif not statement.allow and met and statement.speaks_of(BY_SERVICE[kind]):
                turned_away.add(service)
    yield from (it for it in admitted if it not in turned_away)


def trusted_providers(role: Principal) -> Iterator[str]:
    """The identity providers whose users can get the role."""
    for statement in _trust(role):
        yield from (it.value for it in statement.parties or () if statement.allow and it.kind == "Federated")


def _trust(role: Principal) -> Iterator[Statement]:
    try:
        yield from statements(role.trust)
    except MalformedPolicyError:  # it was told with the role's trust: nobody gets in by what cannot be read
        return
