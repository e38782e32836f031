"""Who can become an administrator: every user and role with its shortest path."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from auditor.core.derivation import Derivation, Made
from auditor.core.model import Observed, Unavailable
from auditor.core.subjects.credentials import AccessKey, User
from auditor.core.subjects.entities import Group, IdentityProvider, Policy, Principal, Role, UserDetail
from auditor.core.subjects.escalation import EscalationPath, PathStep
from auditor.core.subjects.organization import Affiliation, GuardrailLevel, OrganizationMember, OrganizationRoot
from auditor.core.subjects.workloads import LOOKED_FOR, Workload, WorkloadRole
from auditor.policy.administering import readable
from auditor.policy.document import MalformedPolicyError
from auditor.policy.escalation import Search
from auditor.policy.landscape import EVERYTHING, Landscape, Seen
from auditor.policy.moves import Moves, Node
from auditor.policy.naming import ACCOUNT
from auditor.policy.standing import standings, surroundings
from auditor.policy.steps import Steps
from auditor.policy.trust import admissions
from auditor.policy.universe import first


@dataclass(frozen=True, kw_only=True)
class Around:
    """What makes a path worse, by who has it, as far as it was seen."""

    users: Mapping[str, User] | None
    keys: Mapping[str, list[AccessKey]] | None
    unseen: tuple[str, ...]

    def told(self, it: Principal) -> EscalationPath:
        """The principal without any path yet."""
        path = EscalationPath(
            resource=it.resource, uid=it.uid, tags=it.tags, kind=it.kind, name=it.name, unseen=self.unseen
        )
        if it.kind == "Role":
            return replace(path, outside=_outside(it), without_mfa=False, has_key=False)
        user = self.users.get(it.resource) if self.users is not None else None
        keys = self.keys.get(it.resource, []) if self.keys is not None else None
        active = [key.created for key in keys or () if key.active]
        return replace(
            path,
            outside=False,
            has_key=None if keys is None else bool(active),
            oldest_key=min(active, default=None),
            without_mfa=None
            if user is None
            else not user.mfa_active and bool(user.password_enabled or user.active_keys),
        )


def _outside(role: Principal) -> bool | None:
    """Whether its trust admits everybody, another account or a provider; None if it cannot be read."""
    own = role.resource.split(":")[ACCOUNT]
    try:
        return any(it.everybody or bool(it.provider) or it.account not in ("", own) for it in admissions(role.trust))
    except MalformedPolicyError:
        return None


def paths(  # noqa: PLR0913, PLR0917  (a kind of facts each)
    principals: Observed[Principal],
    details: Observed[UserDetail],
    groups: Observed[Group],
    policies: Observed[Policy],
    roles: Observed[Role],
    providers: Observed[IdentityProvider] | Unavailable,
    workloads: Observed[Workload] | Unavailable,
    running: Observed[WorkloadRole] | Unavailable,
    users: Observed[User] | Unavailable,
    keys: Observed[AccessKey] | Unavailable,
    affiliations: Observed[Affiliation] | Unavailable,
    roots: Observed[OrganizationRoot] | Unavailable,
    members: Observed[OrganizationMember] | Unavailable,
    levels: Observed[GuardrailLevel] | Unavailable,
) -> Made | Unavailable:
    """Every user and role with its path. A policy of the organization that cannot be read makes all of them unseen."""
    hidden = list(_opaque(principals.subjects, [*details.subjects, *roles.subjects], policies.subjects))
    everybody = [*principals.subjects, *hidden]
    if not everybody:
        return Made([])
    account, now = everybody[0].resource.split(":")[ACCOUNT], principals.as_of
    seen = Seen(
        principals=everybody,
        groups=groups.subjects,
        policies=policies.subjects,
        providers=None if isinstance(providers, Unavailable) else providers.subjects,
        workloads=_running(running, workloads, roles.subjects),
        kinds=_looked_for(workloads),
        facts={**_credentials(users), **_profiled(roles.subjects), **_account(affiliations)},
        unreported=_unreported(users, details.subjects),
    )
    try:
        around = surroundings(account, now, affiliations, (roots, members, levels), users)
        standing = standings(everybody, around)
        moves = Moves(Landscape(seen, standing), now.date())
        search = Search(moves.land, moves)
    except MalformedPolicyError as error:
        return Unavailable(reason=f"a policy of the organization cannot be read: {error}")
    return _told(search, Around(users=_by_arn(users), keys=_by_user(keys), unseen=standing.unseen), hidden)


def _told(search: Search, around: Around, hidden: Iterable[Principal]) -> Made:
    """Everybody with their paths, but for those of whom it is not known whether they have one."""
    opaque = {it.resource for it in hidden}
    told = list(_subjects(search, around))
    gaps = _leading_to(search, opaque, [it for it in told if not (it.steps or it.administrator)])
    return Made([it for it in told if it.resource not in gaps and it.resource not in opaque], gaps)


def _opaque(
    seen: Iterable[Principal], entities: Iterable[UserDetail | Role], policies: Iterable[Policy]
) -> Iterator[Principal]:
    """The users and roles of which it was not seen what they may do: others may become them all the same.

    A boundary that was not seen, or cannot be read, counts as none.
    """
    known = {it.resource for it in seen}
    managed = {it.resource: it.document for it in policies if it.owner is None}
    for it in entities:
        if it.resource not in known:
            bounds = managed.get(it.boundary or "", {})
            yield Principal(
                resource=it.resource,
                uid=it.uid,
                name=it.name,
                path=it.path,
                created=it.created,
                tags=it.tags,
                kind="Role" if isinstance(it, Role) else "User",
                boundary=it.boundary,
                bounds=bounds if readable(bounds) else EVERYTHING.document,
                trust=it.trust if isinstance(it, Role) else {},
            )


def _leading_to(search: Search, opaque: Iterable[str], told: Iterable[EscalationPath]) -> dict[str, Unavailable]:
    """Those without a path who get to what was not completely seen: whether they have a path is unknown."""
    land, gaps = search.land, {}
    hidden, joining = land.principals.of(opaque), _joining(search)
    for it in told if hidden or joining else ():
        reached = search.reached(land.principals.index[it.resource])
        groups = (joining[at] for at in joining if reached >> at & 1)
        if reached & hidden:
            arn = land.principals.arns[first(reached & hidden)]
            gaps[it.resource] = Unavailable(reason=f"it can become {arn}, whose rights were not completely seen")
        elif group := next((arn for arn, needs_user in groups if not needs_user or reached & land.users), ""):
            gaps[it.resource] = Unavailable(reason=f"it can join {group}, whose rights were not completely seen")
    return gaps


def _joining(search: Search) -> dict[int, tuple[str, bool]]:
    """By place, a group that was not seen and that somebody can join, or, where it says so, put users into."""
    land, moves, found = search.land, search.moves, dict[int, tuple[str, bool]]()
    for at in range(len(land.acting)) if land.opaque_groups else ():
        own = moves.joinable(Node(at)) & land.opaque_groups
        others = moves.of(Node(at)).adding & land.opaque_groups
        if own or others:
            found[at] = land.groups.arns[first(own or others)], not own
    return found


def _by_arn(users: Observed[User] | Unavailable) -> Mapping[str, User] | None:
    return None if isinstance(users, Unavailable) else {it.resource: it for it in users.subjects}


def _by_user(keys: Observed[AccessKey] | Unavailable) -> Mapping[str, list[AccessKey]] | None:
    if isinstance(keys, Unavailable):
        return None
    held: dict[str, list[AccessKey]] = {}
    for it in keys.subjects:
        held.setdefault(it.user_arn, []).append(it)
    return held


def _running(
    running: Observed[WorkloadRole] | Unavailable, workloads: Observed[Workload] | Unavailable, roles: Iterable[Role]
) -> list[Workload] | None:
    """The workloads with their roles, also with those of which it was not seen what they may do."""
    if isinstance(running, Unavailable):
        return None
    of_hidden = [it for it in _subjects_of(workloads) if it.resource in running.gaps]
    by_name = {it.name: it.resource for it in roles}
    by_profile = {profile: it.resource for it in roles for profile in it.instance_profiles}
    named = ((it, by_profile.get(it.profile or "") or by_name.get(_last(it.role))) for it in of_hidden)
    return [*running.subjects, *(replace(it, role=role) for it, role in named)]


def _subjects_of(workloads: Observed[Workload] | Unavailable) -> Sequence[Workload]:
    return () if isinstance(workloads, Unavailable) else workloads.subjects


def _last(arn: str | None) -> str:
    return (arn or "").rpartition("/")[2]


def _looked_for(workloads: Observed[Workload] | Unavailable) -> frozenset[str]:
    """The kinds of workloads that were completely seen: a gap's key is a Region, or a Region and a kind."""
    if isinstance(workloads, Unavailable):
        return frozenset()
    gaps = [key for key, gap in workloads.gaps.items() if not gap.inapplicable]
    if any("/" not in key for key in gaps):
        return frozenset()
    return LOOKED_FOR - {key.partition("/")[2] for key in gaps}


Facts = Mapping[str, frozenset[str]]


def _unreported(users: Observed[User] | Unavailable, details: Iterable[UserDetail]) -> frozenset[str]:
    """The users that are not in the credential report, which can be four hours old."""
    reported = () if isinstance(users, Unavailable) else users.subjects
    return frozenset(it.resource for it in details) - {it.resource for it in reported}


def _credentials(users: Observed[User] | Unavailable) -> Facts:
    """What techniques ask of users: AWS asks for a user's MFA device at sign-in, so that a password is not enough."""
    if isinstance(users, Unavailable):
        return {}
    keys = {it.resource: sum(slot.active or slot.rotated is not None for slot in it.keys) for it in users.subjects}
    password = {it.resource for it in users.subjects if it.password_enabled}
    device = {it.resource for it in users.subjects if it.mfa_active}
    return {
        "keys": frozenset(arn for arn, count in keys.items() if count),
        "fewer-than-two-keys": frozenset(arn for arn, count in keys.items() if count < MOST_KEYS),
        "password": frozenset(password - device),
        "mfa-device": frozenset(password & device),
        "no-password": frozenset(keys.keys() - password - device),
    }


MOST_KEYS = 2
"""Access keys that a user can have."""


def _profiled(roles: Iterable[Role]) -> Facts:
    return {"instance-profile": frozenset(it.resource for it in roles if it.instance_profiles)}


def _account(affiliations: Observed[Affiliation] | Unavailable) -> Facts:
    if isinstance(affiliations, Unavailable):
        return {}
    return {"management-account": frozenset(it.resource for it in affiliations.subjects if it.is_management)}


MOST_TOLD = 20
"""Steps of a path that are told: nobody reads more, and a chain of thousands would be told thousands of times."""


def _subjects(search: Search, around: Around) -> Iterator[EscalationPath]:
    land = search.land
    steps = Steps(search.moves)
    found = {at: tuple(map(steps.told, search.path(at, MOST_TOLD))) for at in range(len(land.acting))}
    shared = Counter(key for path in found.values() for key in {_opening(it) for it in path})
    for at, path in found.items():
        subject = around.told(land.acting[at])
        if land.administrators >> at & 1:
            yield replace(subject, administrator=True)
        elif path:
            best = max(path, key=lambda it: shared[_opening(it)])
            more = search.length(at) - len(path) if len(path) == MOST_TOLD else 0
            yield replace(subject, steps=path, more=more, remedy=best.fix, closes=shared[_opening(best)])
        else:
            yield replace(subject, others=search.others(at))


def _opening(step: PathStep) -> tuple[str, str]:
    """What opens a step: the permission that fewest have, which is the last one it takes, and what allows it."""
    return step.technique, step.permissions[0] if step.permissions else ""


DERIVATIONS = (
    Derivation(
        EscalationPath,
        (Principal, UserDetail, Group, Policy, Role),
        paths,
        uses=(
            IdentityProvider,
            Workload,
            WorkloadRole,
            User,
            AccessKey,
            Affiliation,
            OrganizationRoot,
            OrganizationMember,
            GuardrailLevel,
        ),
    ),
)
