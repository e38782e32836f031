"""Who holds what: each user, group and role with every policy it has, its own and its groups'."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from auditor.core.derivation import Derivation, Made
from auditor.core.model import Observed, Unavailable
from auditor.core.subjects.entities import Entity, Group, Policy, Principal, Role, UserDetail
from auditor.core.subjects.organization import Affiliation
from auditor.policy.administering import disarming
from auditor.policy.document import MalformedPolicyError, administrator_statement

UNREADABLE = "holds a policy that cannot be read"
UNSEEN = "holds a policy, or is in a group, that was not seen"


@dataclass(frozen=True, kw_only=True)
class _Holdings:
    """What there is to hold."""

    groups: Mapping[str, Group]
    managed: Mapping[str, Policy]
    inline: Mapping[str, list[Policy]]
    everything: Callable[[Policy], bool]
    management: str | None
    organization: str | None

    def principal(self, entity: UserDetail | Group | Role) -> Principal:
        """The entity with all it holds. Raises MalformedPolicyError, and KeyError for a policy that was not seen."""
        groups = [self.groups[name] for name in entity.groups] if isinstance(entity, UserDetail) else []
        inherited = tuple(dict.fromkeys(arn for group in groups for arn in group.attached))
        held = list(self._policies([entity, *groups]))
        policies = [policy for _, policy in held]
        everything = True in list(map(self.everything, policies))  # all are asked: each has to be readable
        bounded = entity.boundary is not None and self._bounds(entity, self.managed[entity.boundary])
        return Principal(
            resource=entity.resource,
            uid=entity.uid,
            name=entity.name,
            path=entity.path,
            created=entity.created,
            attached=entity.attached,
            inline=entity.inline,
            boundary=entity.boundary,
            tags=entity.tags,
            kind=entity.aws_type.rpartition("::")[2],
            groups=tuple(group.resource for group in groups),
            inherited=inherited,
            administrator=everything and not bounded,
            aws_owned=isinstance(entity, Role) and entity.aws_owned,
            management=self.management,
            organization=self.organization,
            documents=tuple(policy.document for policy in policies),
            holdings=tuple((_name(it), "" if holder is entity else holder.resource) for holder, it in held),
            bounds=self.managed[entity.boundary].document if entity.boundary else {},
            trust=entity.trust if isinstance(entity, Role) else {},
        )

    def _bounds(self, entity: Entity, boundary: Policy) -> bool:
        """Whether the boundary allows less than everything, or denies IAM."""
        return not self.everything(boundary) or disarming([boundary.document], entity.resource)

    def _policies(self, holders: list[Entity]) -> Iterator[tuple[Entity, Policy]]:
        for holder in holders:
            yield from ((holder, self.managed[arn]) for arn in holder.attached)
            yield from ((holder, policy) for policy in self.inline.get(holder.resource, ()))


def _name(policy: Policy) -> str:
    return f"inline policy {policy.name}" if policy.owner else policy.name


def principals(
    users: Observed[UserDetail],
    groups: Observed[Group],
    roles: Observed[Role],
    policies: Observed[Policy],
    affiliations: Observed[Affiliation] | Unavailable,
) -> Made:
    """Every user, group and role. One of whose policies one was not seen, or cannot be read, was not seen itself."""
    organizations = () if isinstance(affiliations, Unavailable) else affiliations.subjects
    holdings = _Holdings(
        groups={group.name: group for group in groups.subjects},
        managed={policy.resource: policy for policy in policies.subjects if policy.owner is None},
        inline=_by_owner(policies),
        everything=_remembered(_allows_everything),
        management=next((it.management for it in organizations), None),
        organization=next((it.organization or "" for it in organizations), None),
    )
    found, gaps = [], {}
    entities: list[UserDetail | Group | Role] = [*users.subjects, *groups.subjects, *roles.subjects]
    for entity in entities:
        try:
            found.append(holdings.principal(entity))
        except KeyError:
            gaps[entity.resource] = Unavailable(reason=UNSEEN)
        except MalformedPolicyError as error:
            gaps[entity.resource] = Unavailable(reason=f"{UNREADABLE}: {error}")
    return Made(found, gaps)


def _by_owner(policies: Observed[Policy]) -> dict[str, list[Policy]]:
    inline: dict[str, list[Policy]] = {}
    for policy in policies.subjects:
        if policy.owner:
            inline.setdefault(policy.owner, []).append(policy)
    return inline


def _allows_everything(policy: Policy) -> bool:
    return administrator_statement(policy.document) is not None


def _remembered(ask: Callable[[Policy], bool]) -> Callable[[Policy], bool]:
    """The largest account attaches 1,500 policies to 10,000 principals: each is read once."""
    answers: dict[str, bool] = {}

    def asked(policy: Policy) -> bool:
        if policy.uid not in answers:
            answers[policy.uid] = ask(policy)
        return answers[policy.uid]

    return asked


DERIVATIONS = (Derivation(Principal, (UserDetail, Group, Role, Policy), principals, uses=(Affiliation,)),)
