"""How people get into the account: with a password of it, or through what federates them."""

from collections.abc import Iterator

from auditor.core.derivation import Derivation, Made
from auditor.core.model import Observed, Unavailable
from auditor.core.subjects.credentials import AccountSummary, User
from auditor.core.subjects.entities import IdentityProvider
from auditor.core.subjects.sign_in import IdentityCenterInstance, LocalUser, SignIn

MACHINES = (
    "api.bitbucket.org",
    "app.terraform.io",
    "gitlab.com",
    "oidc.circleci.com",
    "oidc.eks.",
    "token.actions.githubusercontent.com",
)
"""How the names of OpenID Connect providers begin that vouch for pipelines and pods, never for people."""

Instances = Observed[IdentityCenterInstance] | Unavailable


def sign_in(
    summaries: Observed[AccountSummary],
    users: Observed[User],
    providers: Observed[IdentityProvider],
    instances: Instances,
) -> Made:
    """The account's ways in. Where somebody, or a way, was not seen and could change the answer, there is none."""
    (summary,) = summaries.subjects
    ways = _federations(providers, instances)
    if isinstance(ways, Unavailable):
        return Made([], {summary.resource: ways})
    names = tuple(sorted(it.name for it in users.subjects if it.password_enabled))
    if users.gaps and not names and not ways:
        return Made([], {summary.resource: next(iter(users.gaps.values()))})
    return Made([SignIn(resource=summary.resource, uid="account", password_users=names, federations=ways)])


def local_users(users: Observed[User], providers: Observed[IdentityProvider], instances: Instances) -> Made:
    """Every user beside the ways of signing in without one."""
    ways = _federations(providers, instances)
    if isinstance(ways, Unavailable):
        return Made([], {it.resource: ways for it in users.subjects})
    return Made(
        LocalUser(
            resource=it.resource,
            uid=it.uid,
            name=it.name,
            password_enabled=it.password_enabled,
            administrator=it.administrator,
            federations=ways,
            tags=it.tags,
        )
        for it in users.subjects
    )


def _federations(providers: Observed[IdentityProvider], instances: Instances) -> tuple[str, ...] | Unavailable:
    """ARNs of what federates people; or why it is not known whether there is any."""
    found = [*_for_people(providers), *_active(instances)]
    unseen = [instances] if isinstance(instances, Unavailable) else instances.gaps.values()
    why = next((it for it in unseen if not it.inapplicable), None)
    return why if why and not found else tuple(sorted(found))


def _for_people(providers: Observed[IdentityProvider]) -> Iterator[str]:
    for provider in providers.subjects:
        if provider.protocol == "saml" or not provider.resource.partition("/")[2].startswith(MACHINES):
            yield provider.resource


def _active(instances: Instances) -> list[str]:
    return [] if isinstance(instances, Unavailable) else [it.resource for it in instances.subjects if it.active]


DERIVATIONS = (
    Derivation(SignIn, (AccountSummary, User, IdentityProvider), sign_in, uses=(IdentityCenterInstance,)),
    Derivation(LocalUser, (User, IdentityProvider), local_users, uses=(IdentityCenterInstance,)),
)
