"""What the sessions of a Roles Anywhere profile may do, as far as its roles are administrators."""

from collections.abc import Mapping

from auditor.core.derivation import Derivation, Made
from auditor.core.model import Observed, Unavailable
from auditor.core.subjects.entities import Policy, Principal, Role
from auditor.core.subjects.roles_anywhere import AnywhereProfile, ProfileAccess
from auditor.policy.document import MalformedPolicyError, administrator_statement

UNSEEN_ROLE = Unavailable(reason="what one of its roles may do was not seen")
AWS_ADMINISTRATOR = ":iam::aws:policy/AdministratorAccess"
"""How the ARN of AWS's own policy that allows everything ends."""


def profiles(
    seen: Observed[AnywhereProfile],
    roles: Observed[Role],
    principals: Observed[Principal],
    policies: Observed[Policy],
) -> Made:
    """Profiles with what their roles are. One with a role that was not completely seen was not seen itself."""
    existing = {it.resource for it in roles.subjects}
    administrators = {it.resource: it.administrator for it in principals.subjects}
    documents = {it.resource: it for it in policies.subjects if it.owner is None}
    made, gaps = [], {}
    for profile in seen.subjects:
        present = [role for role in profile.roles if role in existing]
        try:
            wide = not _narrows(profile, documents)
            mighty = tuple(role for role in present if administrators[role] and wide)
        except KeyError:
            gaps[profile.resource] = UNSEEN_ROLE
        except MalformedPolicyError as error:
            gaps[profile.resource] = Unavailable(reason=f"a policy of its sessions cannot be read: {error}")
        else:
            missing = tuple(role for role in profile.roles if role not in existing)
            made.append(ProfileAccess(**vars(profile), administrators=mighty, missing=missing))
    return Made(made, gaps)


def _narrows(profile: AnywhereProfile, documents: Mapping[str, Policy]) -> bool:
    """Whether its policies, which together say what a session may do at most, allow less than everything.

    A managed policy that the account does not hold is AWS's own, of which one alone allows everything.
    """
    given = [documents[arn].document for arn in profile.managed if arn in documents]
    given += [profile.session_policy] if profile.session_policy is not None else []
    everything = any(administrator_statement(document) for document in given)
    everything |= any(arn.endswith(AWS_ADMINISTRATOR) for arn in profile.managed)
    return bool(given or profile.managed) and not everything


DERIVATIONS = (Derivation(ProfileAccess, (AnywhereProfile, Role, Principal, Policy), profiles),)
