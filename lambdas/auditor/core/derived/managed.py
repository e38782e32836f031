"""The account's users and roles as one fact, and its own policies with their holders' tags."""

from auditor.core.derivation import Derivation, Made
from auditor.core.model import Observed
from auditor.core.subjects.credentials import AccountSummary
from auditor.core.subjects.entities import Group, Policy, Role, UserDetail
from auditor.core.subjects.managed import HeldPolicy, Roster


def roster(users: Observed[UserDetail], roles: Observed[Role], summaries: Observed[AccountSummary]) -> Made:
    """Everybody who can be named as a manager; whoever is a gap is there all the same."""
    seen = (it.resource for it in (*users.subjects, *roles.subjects))
    there = frozenset({*seen, *users.gaps, *roles.gaps})
    return Made(Roster(resource=it.resource, uid="account", entities=there) for it in summaries.subjects)


def held_policies(
    users: Observed[UserDetail], groups: Observed[Group], roles: Observed[Role], policies: Observed[Policy]
) -> Made:
    """The policies that somebody in the account wrote, without those that only bound."""
    tags = {it.resource: it.tags for it in (*users.subjects, *groups.subjects, *roles.subjects)}
    own = (it for it in policies.subjects if not it.aws_managed and not it.boundary_only)
    return Made(
        HeldPolicy(**vars(it), held_by={arn: tags.get(arn) for arn in (it.owner, *it.attached_to) if arn}) for it in own
    )


DERIVATIONS = (
    Derivation(Roster, (UserDetail, Role, AccountSummary), roster),
    Derivation(HeldPolicy, (UserDetail, Group, Role, Policy), held_policies),
)
