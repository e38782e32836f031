"""An account as somebody who wants more rights sees it: what there is to take over, to change, to pass and to use."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any

from auditor.core.subjects.entities import AWS_PATHS, Group, IdentityProvider, Policy, Principal
from auditor.core.subjects.workloads import EXECUTION, Workload
from auditor.policy.access import Held, Standing
from auditor.policy.administering import disarming, empowering, everything, limiting
from auditor.policy.conditions import Known
from auditor.policy.document import statements
from auditor.policy.standing import Standings, policies_of
from auditor.policy.trusted_parties import trusted_providers, trusted_services
from auditor.policy.universe import Universe, at_places, members

BOUNDARY = "iam:permissionsboundary"

EVERYTHING = Held(
    name="a policy that allows everything",
    document={"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
)

MOST_VERSIONS = 5
"""Versions that a managed policy can have."""

OF_POLICIES: Mapping[str, Callable[[Policy], bool]] = {
    "other-version": lambda it: any(map(empowering, it.other_versions)),
    "fewer-than-five-versions": lambda it: 1 + len(it.other_versions) < MOST_VERSIONS,
    "five-versions": lambda it: 1 + len(it.other_versions) >= MOST_VERSIONS,
}
"""What techniques ask of policies."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The facts about an account. `providers` is None where they were not seen: then those count that a role trusts.

    `workloads` is None where they were not seen, `kinds` are those that are looked for.

    `facts` are sets of ARNs by what is known of them, as techniques call it: ``password``, ``instance-profile``;
    `unreported` are users of whom nothing is known that they sign in with.
    """

    principals: Sequence[Principal]
    groups: Sequence[Group]
    policies: Sequence[Policy]
    providers: Sequence[IdentityProvider] | None = None
    workloads: Sequence[Workload] | None = None
    kinds: frozenset[str] = frozenset()
    facts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unreported: frozenset[str] = frozenset()


ALWAYS_WITH_A_ROLE = ("AWS::CodeBuild::Project", "AWS::Glue::Job", "AWS::Lambda::Function")


class Landscape:
    """Everything of an account that a technique can be about, as sets; users and roles are one universe."""

    def __init__(self, seen: Seen, standings: Standings) -> None:
        """Of the facts; service-linked roles are left out: only AWS can change, pass or assume them."""
        self.seen, self.standings = seen, standings
        self.facts, self.unsure = cache(self._facts), cache(self._unsure)
        acting = sorted(
            (it for it in seen.principals if it.kind != "Group" and not it.path.startswith(AWS_PATHS[0])),
            key=lambda it: (it.created, it.resource),  # the oldest first: who is new changes nobody's path
        )
        self.acting = acting
        self.principals = Universe([it.resource for it in acting], [_facts(it) for it in acting])
        self.users = at_places(at for at, it in enumerate(acting) if it.kind == "User")
        # IAM Identity Center keeps its roles from being changed, passed or trusted by anything else.
        self.reserved = at_places(at for at, it in enumerate(acting) if it.path.startswith(AWS_PATHS))
        self.roles = self.principals.everything & ~self.users
        known = [standings.by_arn[it.resource].known for it in acting]
        self.bounded = at_places(at for at, it in enumerate(acting) if it.boundary and limiting(it.bounds, known[at]))
        self.groups = Universe([it.resource for it in seen.groups])
        own = [it for it in seen.policies if it.owner is None and not it.aws_managed]
        # AWS tells no tags of policies where it tells the rest: none that are there are all that are known.
        self.policies = Universe([it.resource for it in own], [_tags(it.tags or None) for it in own])
        # Nothing that runs in a task gets the role with which ECS starts it.
        self.running = [it for it in seen.workloads or () if it.purpose != EXECUTION]
        self.workloads = Universe(list(dict.fromkeys(it.resource for it in self.running)))
        existing = None if seen.providers is None else {it.resource for it in seen.providers}
        trusted = {value for it in acting if it.kind == "Role" for value in trusted_providers(it)}
        self.providers = Universe(sorted(trusted if existing is None else trusted & existing))

    @cached_property
    def unbound_administrators(self) -> int:
        """Those that are administrators, or would be without their permissions boundary."""
        return at_places(at for at, it in enumerate(self.acting) if self._administers(it))

    @cached_property
    def administrators(self) -> int:
        """Those that hold a policy that allows everything, of whom nothing takes the rights over IAM away again."""
        return self.unbound_administrators & ~self.bounded

    def _administers(self, principal: Principal) -> bool:
        standing = self.standings.by_arn[principal.resource]
        held = [it.document for it in standing.identity]
        return any(everything(it, standing.known) for it in held) and not self._disarmed(standing, held)

    @cached_property
    def disarmed(self) -> int:
        """Those from whom a Deny takes the rights over IAM, whatever else they get.

        One in an own inline policy does not count: it goes when somebody rewrites that.
        """
        return self.disarmed_without(0)

    def disarmed_without(self, rewritten: int) -> int:
        """The same without what a set of own policies says."""
        gone = {id(self._own_policies[at].document) for at in members(rewritten)}
        standings = (self.standings.by_arn[it.resource] for it in self.acting)
        left = ((it, [held.document for held in lasting(it.identity)]) for it in standings)
        return at_places(
            at for at, (it, held) in enumerate(left) if self._disarmed(it, [doc for doc in held if id(doc) not in gone])
        )

    @staticmethod
    def _disarmed(standing: Standing, held: Iterable[Mapping[str, Any]]) -> bool:
        """Whether these policies, or those of the organization, take the rights over IAM."""
        above = (it.document for level in standing.service_control for it in level)
        return disarming([*held, *above], standing.arn, standing.known)

    @cached_property
    def group_members(self) -> tuple[int, ...]:
        """By group, its members."""
        return tuple(self.principals.of(it.members) for it in self.seen.groups)

    @cached_property
    def group_policies(self) -> tuple[tuple[Held, ...], ...]:
        """By group, what it holds; nothing where that was not seen."""
        held = {it.resource: it for it in self.seen.principals if it.kind == "Group"}
        return tuple(_held(held[arn]) if arn in held else () for arn in self.groups.arns)

    @cached_property
    def opaque_groups(self) -> int:
        """The groups of which it was not seen what they hold."""
        held = {it.resource for it in self.seen.principals if it.kind == "Group"}
        return self.groups.everything & ~self.groups.of(held)

    @cached_property
    def holders(self) -> tuple[int, ...]:
        """By own policy, the users and roles that hold it, also through a group."""
        by_group = dict(zip(self.groups.arns, self.group_members, strict=True))
        return tuple(
            self.principals.of(it.attached_to) | _union(by_group.get(arn, 0) for arn in it.attached_to)
            for it in self._own_policies
        )

    @cached_property
    def held_by_groups(self) -> tuple[int, ...]:
        """By own policy, the groups that hold it."""
        return tuple(self.groups.of(it.attached_to) for it in self._own_policies)

    @cached_property
    def bounded_by(self) -> tuple[int, ...]:
        """By own policy, the users and roles that it bounds."""
        return tuple(self.principals.of(it.boundary_of) for it in self._own_policies)

    @cached_property
    def _own_policies(self) -> list[Policy]:
        own = {it.resource: it for it in self.seen.policies if it.owner is None}
        return [own[arn] for arn in self.policies.arns]

    @cached_property
    def administrator_policies(self) -> tuple[str, ...]:
        """ARNs of managed policies that allow everything, AWS's own first."""
        return self._managed(("AdministratorAccess",), everything)

    @cached_property
    def empowering_policies(self) -> tuple[str, ...]:
        """ARNs of managed policies that make an administrator, if only by what they allow of IAM."""
        most = self.administrator_policies
        return tuple(dict.fromkeys([most[0], *self._managed(("IAMFullAccess",), empowering), *most]))

    def _managed(self, of_aws: Iterable[str], wanted: Callable[[Mapping[str, Any]], bool]) -> tuple[str, ...]:
        own = [it.resource for it in self.seen.policies if it.owner is None and wanted(it.document)]
        return tuple(dict.fromkeys([*(f"arn:{self.partition}:iam::aws:policy/{it}" for it in of_aws), *own]))

    @property
    def partition(self) -> str:
        """The partition of AWS that the account is in."""
        return self.principals.arns[0].split(":")[1] if self.principals.arns else "aws"

    def _facts(self, name: str) -> int:
        """The principals, or own policies, of which a technique asks something; all where that was not seen."""
        if name in OF_POLICIES:
            return at_places(at for at, it in enumerate(self._own_policies) if OF_POLICIES[name](it))
        found = self.seen.facts.get(name)
        return self.principals.everything if found is None else self.principals.of(found | self.seen.unreported)

    def _unsure(self, name: str) -> int:
        """Those principals of whom it was not seen what a technique asks; of no name nobody."""
        return self.facts(name) & ~self.principals.of(self.seen.facts.get(name, ())) if name else 0

    def is_so(self, name: str) -> bool:
        """Whether a fact is true of the account, or may be; no name is always true."""
        return not name or self.seen.facts.get(name) != frozenset()

    def is_known(self, name: str) -> bool:
        """Whether it was seen whether a fact is true of the account."""
        return not name or name in self.seen.facts

    @cached_property
    def administrator_groups(self) -> int:
        """The groups whose members are administrators."""
        held = enumerate(self.group_policies)
        return at_places(
            at
            for at, policies in held
            if any(everything(it.document) for it in policies)
            and not disarming((it.document for it in policies), self.groups.arns[at])
        )

    @cached_property
    def _trusted_services(self) -> Mapping[str, int]:
        """By service principal, the roles that trust it on this account's behalf."""
        found: dict[str, list[int]] = {}
        for at, it in enumerate(self.acting):
            for service in trusted_services(it) if it.kind == "Role" else ():
                found.setdefault(service, []).append(at)
        return {service: at_places(places) for service, places in found.items()}

    def trusting(self, services: Iterable[str]) -> int:
        """The roles that trust one of these services."""
        return _union(self._trusted_services.get(it, 0) for it in services)

    @cached_property
    def trusting_provider(self) -> tuple[int, ...]:
        """By identity provider, the roles that trust it."""
        found: dict[str, list[int]] = {}
        for at, it in enumerate(self.acting):
            for value in trusted_providers(it) if it.kind == "Role" else ():
                found.setdefault(value, []).append(at)
        return tuple(at_places(found.get(arn, ())) for arn in self.providers.arns)

    @cached_property
    def roles_of_workloads(self) -> tuple[int, ...]:
        """By workload, the roles that it runs with."""
        found: dict[str, list[str]] = {}
        for it in self.running:
            found.setdefault(it.resource, []).append(it.role or "")
        return tuple(self.principals.of(found[arn]) for arn in self.workloads.arns)

    def workloads_of(self, kind: str) -> int | None:
        """The workloads of CloudFormation's type; None where that type was not looked for."""
        if self.seen.workloads is None or kind not in self.seen.kinds:
            return None
        return self.workloads.of(it.resource for it in self.running if it.type == kind)

    def exists(self, kind: str) -> bool | None:
        """Whether there is a workload of CloudFormation's type; None where that is not known; no type always exists.

        Evidence has workloads with roles: of most types there may be others.
        """
        seen = self.workloads_of(kind) if kind else 1
        return True if seen else False if seen == 0 and kind in ALWAYS_WITH_A_ROLE else None


def _union(sets: Iterable[int]) -> int:
    found = 0
    for it in sets:
        found |= it
    return found


def _held(principal: Principal) -> tuple[Held, ...]:
    """What a group holds, as its members do."""
    return tuple(replace(it, via=principal.resource) for it in policies_of(principal))


def _facts(principal: Principal) -> Known:
    """What is known of a request about the principal."""
    boundary = (principal.boundary,) if principal.boundary else ()
    return {BOUNDARY: boundary, **_tags(principal.tags)}


def _tags(tags: Mapping[str, str] | None) -> Known:
    if tags is None:
        return {}
    families = ("aws:resourcetag/", "iam:resourcetag/")
    return dict.fromkeys(families, ()) | {f"{it}{key.lower()}": (tags[key],) for it in families for key in tags}


def lasting(policies: Iterable[Held]) -> list[Held]:
    """Those of somebody's policies that forbid anything, but for own inline ones: those go when they are rewritten."""
    others = (it for it in policies if it.via or not it.name.startswith("inline policy "))
    return [it for it in others if any(not said.allow for said in statements(it.document))]


def expanded(chosen: int, by_member: Sequence[int]) -> int:
    """The union of what the members of a set stand for."""
    return _union(by_member[at] for at in members(chosen))
