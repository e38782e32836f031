"""What each principal of an account stands on: its policies, what bounds it, and what is known of its requests."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from auditor.core.model import Observed, Unavailable
from auditor.core.subjects.credentials import User
from auditor.core.subjects.entities import AWS_PATHS, Principal
from auditor.core.subjects.organization import Affiliation, GuardrailLevel, OrganizationMember, OrganizationRoot
from auditor.policy.access import Held, Request, Standing, decide
from auditor.policy.conditions import Known
from auditor.policy.document import statements
from auditor.policy.guardrails import RESOURCE_CONTROL, SERVICE_CONTROL

MFA = "aws:multifactorauthpresent"
Level = tuple[Held, ...]


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What holds for the whole account.

    `service_control` and `resource_control` have a tuple for each level, the root's first, and are empty where none
    binds; `unseen` says what of all this was not seen. `no_mfa` are the ARNs of users without any MFA device.
    """

    known: Known
    service_control: tuple[Level, ...] = ()
    resource_control: tuple[Level, ...] = ()
    no_mfa: frozenset[str] = frozenset()
    unseen: tuple[str, ...] = ()


def surroundings(
    account: str,
    now: datetime,
    affiliations: Observed[Affiliation] | Unavailable,
    guarding: tuple[
        Observed[OrganizationRoot] | Unavailable,
        Observed[OrganizationMember] | Unavailable,
        Observed[GuardrailLevel] | Unavailable,
    ],
    users: Observed[User] | Unavailable,
) -> Surroundings:
    """What binds the account, as far as it was seen; `now` is the evidence's time.

    Raises MalformedPolicyError for a policy of the organization that cannot be read.
    """
    known: dict[str, tuple[str, ...]] = {
        "aws:principalaccount": (account,),
        "aws:resourceaccount": (account,),
        "aws:principalisawsservice": ("false",),
        "aws:viaawsservice": ("false",),
        "aws:securetransport": ("true",),
        "aws:currenttime": (now.isoformat(),),
        "aws:epochtime": (str(int(now.timestamp())),),
        # Sessions are as new as one likes; anybody gets one.
        "aws:tokenissuetime": (now.isoformat(),),
    }
    found = Surroundings(known=known)
    if isinstance(users, Observed):
        found = replace(found, no_mfa=frozenset(it.resource for it in users.subjects if not it.mfa_active))
    if isinstance(affiliations, Unavailable) or not affiliations.subjects:
        return replace(found, unseen=("the organization",))
    (affiliation,) = affiliations.subjects[:1]
    organization = (affiliation.organization,) if affiliation.organization else ()
    known |= {"aws:principalorgid": organization, "aws:resourceorgid": organization}
    if not organization:
        known |= {"aws:principalorgpaths": (), "aws:resourceorgpaths": ()}
    known |= _placed(affiliation, guarding[1])
    if not organization or affiliation.is_management:
        return found
    return _guarded(found, *guarding)


def _placed(affiliation: Affiliation, members: Observed[OrganizationMember] | Unavailable) -> Known:
    """Where in its organization the account is, if that was seen."""
    if isinstance(members, Unavailable) or not members.subjects or not affiliation.organization:
        return {}
    orgpath = ("/".join([affiliation.organization, *members.subjects[0].path]) + "/",)
    return {"aws:principalorgpaths": orgpath, "aws:resourceorgpaths": orgpath}


def _guarded(
    found: Surroundings,
    roots: Observed[OrganizationRoot] | Unavailable,
    members: Observed[OrganizationMember] | Unavailable,
    levels: Observed[GuardrailLevel] | Unavailable,
) -> Surroundings:
    """The same with the organization's policies, which have to be readable; without those that were not seen."""
    unseen = replace(found, unseen=("the organization's policies",))
    if isinstance(roots, Unavailable) or isinstance(members, Unavailable) or isinstance(levels, Unavailable):
        return unseen
    if not roots.subjects or not members.subjects:
        return unseen
    path = (*members.subjects[0].path, members.subjects[0].resource)
    attached = {(it.type, it.resource): it for it in levels.subjects}
    enabled = [it for it in (SERVICE_CONTROL, RESOURCE_CONTROL) if it in roots.subjects[0].policy_types]
    if any((kind, level) not in attached for kind in enabled for level in path):
        return unseen
    by_kind = {kind: tuple(_level(attached[kind, level]) for level in path) for kind in enabled}
    return replace(
        found,
        service_control=by_kind.get(SERVICE_CONTROL, ()),
        resource_control=by_kind.get(RESOURCE_CONTROL, ()),
    )


def _level(level: GuardrailLevel) -> Level:
    for policy in level.policies:
        tuple(statements(policy.document))
    return tuple(Held(name=f"{it.name} of {level.resource}", document=it.document) for it in level.policies)


def policies_of(principal: Principal) -> Level:
    """The policies that a user, group or role holds, by their names."""
    names = principal.holdings or (("a policy", ""),) * len(principal.documents)
    pairs = zip(names, principal.documents, strict=True)
    return tuple(Held(name=name, document=document, via=via) for (name, via), document in pairs)


def standing_of(principal: Principal, around: Surroundings) -> Standing:
    """What a user or role stands on. Service-linked roles are outside the organization's policies."""
    boundary = Held(name=(principal.boundary or "").rpartition("/")[2], document=principal.bounds)
    linked = principal.path.startswith(AWS_PATHS[0])
    standing = Standing(
        arn=principal.resource,
        identity=policies_of(principal),
        boundary=boundary if principal.boundary else None,
        service_control=() if linked else around.service_control,
        resource_control=() if linked else around.resource_control,
        known={**around.known, **_known(principal)},
    )
    return _without_mfa(standing) if principal.resource in around.no_mfa else standing


def _known(principal: Principal) -> Known:
    """What is known of each of its requests. A session can have other tags than its role."""
    tags = {f"aws:principaltag/{key.lower()}": (value,) for key, value in (principal.tags or {}).items()}
    known = {"aws:principalarn": (principal.resource,), **tags}
    if principal.kind != "User":
        return {**known, "aws:principaltype": ("AssumedRole",), "aws:username": ()}
    complete: dict[str, tuple[str, ...]] = {} if principal.tags is None else {"aws:principaltag/": ()}
    own = {"aws:principaltype": ("User",), "aws:username": (principal.name,), "aws:userid": (principal.uid,)}
    return {**known, **complete, **own, "aws:federatedprovider": (), "aws:sourceidentity": ()}


def _without_mfa(standing: Standing) -> Standing:
    """Of a user who has no device, and cannot get one by itself, that no request is made with MFA."""
    enabling = decide(standing, Request(action="iam:EnableMFADevice", resource=standing.arn))
    absent: Known = {MFA: (), "aws:multifactorauthage": ()}
    return standing if enabling.allowed else replace(standing, known={**standing.known, **absent})


@dataclass(frozen=True, kw_only=True)
class Standings:
    """The users and roles of an account by ARN, and the trust policies of its roles."""

    by_arn: Mapping[str, Standing]
    trusts: Mapping[str, Held] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()


def standings(principals: Iterable[Principal], around: Surroundings) -> Standings:
    """What everybody stands on. Groups do nothing by themselves."""
    acting = [it for it in principals if it.kind != "Group"]
    return Standings(
        by_arn={it.resource: standing_of(it, around) for it in acting},
        trusts={it.resource: Held(name="trust policy", document=it.trust) for it in acting if it.kind == "Role"},
        unseen=around.unseen,
    )
