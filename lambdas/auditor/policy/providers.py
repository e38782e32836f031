"""Which roles an identity provider opens."""

from auditor.core.derivation import Derivation, Made
from auditor.core.model import Observed, Unavailable
from auditor.core.subjects.entities import IdentityProvider, Role, TrustedProvider
from auditor.policy.document import MalformedPolicyError
from auditor.policy.trust import admissions


def trusted_providers(providers: Observed[IdentityProvider], roles: Observed[Role]) -> Made:
    """Every provider with the roles that trust it; while a trust cannot be read, those without a role were not seen."""
    trusting: dict[str, list[str]] = {}
    unread = ""
    for role in roles.subjects:
        try:
            for admission in admissions(role.trust):
                trusting.setdefault(admission.party.value, []).append(role.resource)
        except MalformedPolicyError as error:
            unread = f"the trust policy of {role.resource} cannot be read: {error}"
    found = [
        TrustedProvider(**vars(it), roles=tuple(dict.fromkeys(trusting.get(it.resource, ()))))
        for it in providers.subjects
    ]
    unsure = [it for it in found if unread and not it.roles]
    gaps = {it.resource: Unavailable(reason=unread) for it in unsure}
    return Made([it for it in found if it not in unsure], gaps)


DERIVATIONS = (Derivation(TrustedProvider, (IdentityProvider, Role), trusted_providers),)
