"""What each principal can do next to get more rights: every technique with the set of targets it works on."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

from auditor.policy.access import Held, Standing
from auditor.policy.landscape import EVERYTHING, Landscape, lasting
from auditor.policy.techniques import Technique
from auditor.policy.universe import at_places, first, members
from auditor.policy.uses import Use, Uses

FEW = 8
"""Groups that are tried one by one; of more, all together."""


class Node(NamedTuple):
    """A user or role by its place, and how it stands.

    `boosted`: with every permission that its boundary leaves; `unbound`: without its boundary; `groups`: a set of
    groups that it has joined.
    """

    place: int
    boosted: bool = False
    unbound: bool = False
    groups: int = 0


class Step(NamedTuple):
    """A technique used by somebody on a target: `arn` is empty for the account itself.

    `through` is what it goes through: a workload, a policy, a group, a provider. `assumed` says that evidence lacks
    the workloads, so that there being one is assumed.
    """

    actor: Node
    technique: Technique
    arn: str = ""
    through: str = ""
    assumed: bool = False


@dataclass(frozen=True, kw_only=True)
class Mine:
    """All that one node can do."""

    administrator: Use | None = None
    become: tuple[Use, ...] = ()
    boost: tuple[Use, ...] = ()
    unbind: tuple[Use, ...] = ()
    boost_groups: tuple[Use, ...] = ()
    add: tuple[Use, ...] = ()
    becoming: int = field(init=False, default=0)
    becoming_surely: int = field(init=False, default=0)
    boosting: int = field(init=False, default=0)
    unbinding: int = field(init=False, default=0)
    boosting_groups: int = field(init=False, default=0)
    adding: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """The unions, which the search asks for again and again."""
        for name, uses in {
            "becoming": self.become,
            "becoming_surely": [it for it in self.become if not it.assumed],
            "boosting": self.boost,
            "unbinding": self.unbind,
            "boosting_groups": self.boost_groups,
            "adding": self.add,
        }.items():
            union = 0
            for use in uses:
                union |= use.on
            object.__setattr__(self, name, union)


NOTHING = Mine()


class Moves:
    """The moves of every node of a landscape, each worked out when it is asked for."""

    def __init__(self, landscape: Landscape, today: date) -> None:
        """By the techniques that work on that day."""
        self.land = landscape
        self.uses = Uses(landscape, today)
        self._mine = dict[Node, Mine]()
        held = list(enumerate(landscape.group_policies))
        self._useful = at_places(at for at, policies in held if self.uses.compiled.allowed(policies))
        self._forbidding = at_places(at for at, policies in held if self._forbids(policies))

    def standing(self, node: Node) -> Standing:
        """What a node stands on."""
        standing = self.land.standings.by_arn[self.land.principals.arns[node.place]]
        if node.groups:
            joined = [held for at in members(node.groups) for held in self.land.group_policies[at]]
            standing = replace(standing, identity=(*standing.identity, *joined))
        if node.boosted:
            standing = replace(standing, identity=(EVERYTHING, *lasting(standing.identity)))
        return replace(standing, boundary=None) if node.unbound else standing

    def _forbids(self, policies: Iterable[Held]) -> bool:
        """Whether they deny any action of a technique."""
        compiled = self.uses.compiled
        return any(said.denies for policy in policies for said in compiled.of(policy.document).values())

    def of(self, node: Node) -> Mine:
        """All that a node can do."""
        found = self._mine.get(node)
        if found is None:
            found = self._mine[node] = self._work_out(node)
        return found

    def _work_out(self, node: Node) -> Mine:
        found: dict[str, list[Use]] = {}
        for gives, use in self.uses.of(self.standing(node), node.place):
            found.setdefault(gives, []).append(use)
        if not found:
            return NOTHING
        others = self.land.users & ~(1 << node.place)
        for use in found.get("add", ()):
            groups = 0 if creates(use.technique) else use.on & self.land.administrator_groups
            if groups:
                found.setdefault("boost", []).append(Use(use.technique, others, groups))
        return Mine(
            administrator=min(found.get("administrator", ()), key=lambda it: it.assumed, default=None),
            **{name: tuple(found.get(name, ())) for name in ("become", "boost", "unbind", "boost_groups", "add")},
        )

    def joinable(self, node: Node) -> int:
        """The groups that it can join; a role by a new user."""
        if self.land.users >> node.place & 1:
            return self.of(node).adding
        return self.by_new_user(node)

    def by_new_user(self, node: Node) -> int:
        """The groups into which it can put a user that it creates."""
        found = 0
        for use in self.of(node).add:
            found |= use.on if creates(use.technique) else 0
        return found

    def joined(self, node: Node) -> list[Node]:
        """The nodes that it is after joining groups: one by one if they are few, and all that forbid nothing.

        Groups that open others are joined first, but no more than one after the other.
        """
        useful = self.joinable(node) & self._useful & ~node.groups if node.groups.bit_count() <= 1 else 0
        if not useful:
            return []
        free = useful & ~self._forbidding
        few = useful if useful.bit_count() <= FEW else useful & self._forbidding
        each = [node._replace(groups=node.groups | 1 << at) for at in members(few)]
        together = node._replace(groups=node.groups | free)
        return each if not free or (free & few and free.bit_count() == 1) else [*each, together]

    def becoming(self, node: Node, at: int) -> Step:
        """The step by which the node becomes somebody."""
        uses = sorted((it for it in self.of(node).become if it.on >> at & 1), key=lambda it: it.assumed)
        return self._step(node, uses[0], at)

    def changing(self, node: Node, at: int, then: Node) -> Step:
        """The step by which the node changes somebody, or itself."""
        mine = self.of(node)
        boosts = then.boosted and not (node.place == at and node.boosted)
        uses, whom = (mine.boost, self.land.holders) if boosts else (mine.unbind, self.land.bounded_by)
        return self._step(node, next(it for it in uses if it.on >> at & 1), at, whom)

    def joining(self, node: Node, groups: int, *, by_new_user: bool = False) -> tuple[Step, ...]:
        """The steps by which it joins the groups."""
        must_create = by_new_user or not self.land.users >> node.place & 1
        steps = []
        for at in members(groups):
            uses = [it for it in self.of(node).add if it.on >> at & 1]
            use = next(it for it in reversed(uses) if not must_create or creates(it.technique))
            steps.append(Step(node, use.technique, self.land.groups.arns[at]))
        return tuple(steps)

    def changing_group(self, node: Node, at: int) -> Step:
        """The step by which it boosts a group."""
        use = next(it for it in self.of(node).boost_groups if it.on >> at & 1)
        policies = members(use.through) if use.technique.target == "policy" else ()
        through = (self.land.policies.arns[it] for it in policies if self.land.held_by_groups[it] >> at & 1)
        return Step(node, use.technique, self.land.groups.arns[at], next(through, ""))

    def _step(self, node: Node, use: Use, at: int, by_policy: tuple[int, ...] = ()) -> Step:
        kinds = {
            "workload": (self.land.workloads, self.land.roles_of_workloads),
            "policy": (self.land.policies, by_policy),
            "group": (self.land.groups, self.land.group_members),
            "provider": (self.land.providers, self.land.trusting_provider),
        }
        through = ""
        if use.technique.gives == "join":
            through = self.land.groups.arns[first(use.through)]
        elif use.through:
            universe, stands_for = kinds[use.technique.target]
            through = next(universe.arns[it] for it in members(use.through) if stands_for[it] >> at & 1)
        return Step(node, use.technique, self.land.principals.arns[at], through, use.assumed)


def creates(technique: Technique) -> bool:
    """Whether it works through a user that the actor creates."""
    return any(it.action == "iam:CreateUser" for it in technique.needs)
