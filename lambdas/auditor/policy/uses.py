"""On whom each technique works, for somebody who stands as they do."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from typing import NamedTuple

from auditor.policy.access import Standing
from auditor.policy.conditions import Known
from auditor.policy.document import PASSED_TO, PASSING
from auditor.policy.landscape import BOUNDARY, Landscape, expanded
from auditor.policy.naming import is_role
from auditor.policy.powers import Compiled, Powers
from auditor.policy.techniques import Need, Technique, techniques
from auditor.policy.trusting import ASSUMING, Trusting
from auditor.policy.universe import Universe, at_places, members

NEW_BOUNDARY = ("iam:putuserpermissionsboundary", "iam:putrolepermissionsboundary")
CREATING = ("iam:createuser", "iam:createrole")
POLICY = "iam:policyarn"
FEW = 8
"""Policies that are tried when one is to be chosen."""


class Use(NamedTuple):
    """A technique with the principals that it works on, and, if it goes through something else, the set of that.

    `assumed` says that it was not seen whether what the technique asks for is so.
    """

    technique: Technique
    on: int
    through: int = 0
    assumed: bool = False


class Uses:
    """The techniques in one account."""

    def __init__(self, landscape: Landscape, today: date) -> None:
        """Those that work on that day."""
        self.land = landscape
        self.techniques = tuple(it for it in techniques() if it.ended is None or it.ended > today)
        self.compiled = Compiled(need.action for it in self.techniques for need in it.needs)
        self.powers = Powers(self.compiled)
        self.trusting = Trusting(landscape, self.powers)
        self._needed = [
            (it, self.compiled.mask(need.action for need in it.needs if need.place != "trusted"))
            for it in self.techniques
        ]
        self._candidates = dict[int, list[Technique]]()
        self._requested = dict[str, tuple[Known, ...]]()
        self._with_boundary = {
            arn: Universe(landscape.principals.arns, [{**it, BOUNDARY: (arn,)} for it in landscape.principals.facts])
            for arn in landscape.administrator_policies[:FEW]
        }
        self._eligible = {it.id: self._targets(it) for it in self.techniques}
        self._disarmed_without = cache(landscape.disarmed_without)
        self._rearmed = self._rearm()

    def _rearm(self) -> int:
        """Those who are disarmed only by policies that somebody can rewrite: the landscape counts them as armed then.

        Nothing but the rewriting boosts them.
        """
        land, rewritable = self.land, 0
        fencing = at_places(at for at, holders in enumerate(land.holders) if holders & land.disarmed)
        for place in members(land.principals.everything & ~land.administrators) if fencing else ():
            standing = land.standings.by_arn[land.principals.arns[place]]
            for it in self._possible(standing):
                if it.target == "policy":
                    rewritable |= self._on(standing, it, land.policies, self._eligible[it.id] & fencing)
        disarmed = self._disarmed_without(rewritable) if rewritable else land.disarmed
        rearmed, land.disarmed = land.disarmed & ~disarmed, disarmed
        return rearmed

    def of(self, standing: Standing, place: int) -> Iterator[tuple[str, Use]]:
        """What each technique gives somebody at that place, and on whom."""
        for technique in self._possible(standing):
            yield from self._uses(standing, place, technique)

    def _possible(self, standing: Standing) -> list[Technique]:
        """Those whose actions its policies all allow on something; assuming roles needs no policy at all."""
        mask = self.compiled.allowed(standing.identity)
        if standing.boundary:
            mask &= self.compiled.allowed([standing.boundary])
        if mask not in self._candidates:
            self._candidates[mask] = [
                it for it, needed in self._needed if needed & ~mask == 0 or it.needs[0].action.lower() == ASSUMING
            ]
        return self._candidates[mask]

    def _targets(self, technique: Technique) -> int:
        """The principals, groups, policies … that the technique can be about, whoever uses it."""
        land = self.land
        everything = {
            "user": land.users,
            "role": land.roles,
            "group": land.groups.everything,
            "policy": land.policies.everything,
        }.get(technique.target, 0)
        if technique.target == "role" and technique.service:
            everything &= land.trusting(technique.service)
        if technique.target in ("user", "role") and not _assumes(technique):
            everything &= ~land.reserved
        return everything & land.facts(technique.when) if technique.when else everything

    def _uses(self, standing: Standing, place: int, technique: Technique) -> Iterator[tuple[str, Use]]:
        """What the technique gives the node, and on whom."""
        land = self.land
        if technique.target == "account":
            if land.is_so(technique.when) and self._met(standing, technique, technique.needs):
                yield technique.gives, Use(technique, 0, assumed=not land.is_known(technique.when))
        elif technique.target == "workload":
            yield from self._through_workload(standing, technique)
        elif technique.target == "provider":
            reached = self._on(standing, technique, land.providers, land.providers.everything)
            yield from _if_any("become", technique, expanded(reached, land.trusting_provider), reached)
        elif technique.target == "policy":
            reached = self._on(standing, technique, land.policies, self._eligible[technique.id])
            # A policy that is somebody's boundary can be rewritten too, into one that allows everything.
            fenced = self._rearmed and self._rearmed & self._disarmed_without(reached)
            yield from _if_any("boost", technique, expanded(reached, land.holders) & ~fenced, reached)
            yield from _if_any("unbind", technique, expanded(reached, land.bounded_by), reached)
            yield from _if_any("boost_groups", technique, expanded(reached, land.held_by_groups), reached)
        elif technique.target == "group":
            yield from self._through_group(standing, technique)
        else:
            reached = self._on(standing, technique, land.principals, self._eligible[technique.id])
            others = {"become": ~(1 << place), "boost": ~self._rearmed}.get(technique.gives, -1)
            there = land.exists(technique.existing)
            reached = 0 if there is False else reached
            unsure = land.principals.everything if there is None else land.unsure(technique.when)
            yield from _if_any(technique.gives, technique, reached & others & ~unsure)
            yield from _if_any(technique.gives, technique, reached & others & unsure, assumed=True)

    def _through_group(self, standing: Standing, technique: Technique) -> Iterator[tuple[str, Use]]:
        reached = self._on(standing, technique, self.land.groups, self._eligible[technique.id])
        if technique.gives == "join":
            yield from _if_any("add", technique, reached)
        else:
            boosted = expanded(reached, self.land.group_members) & ~self._rearmed
            yield from _if_any("boost", technique, boosted, reached)
            yield from _if_any("boost_groups", technique, reached)

    def _through_workload(self, standing: Standing, technique: Technique) -> Iterator[tuple[str, Use]]:
        """The roles of existing workloads; where those were not seen, the roles that trust the service."""
        land = self.land
        seen = land.workloads_of(technique.workload)
        if seen is None:
            roles = land.trusting(technique.service) & ~land.reserved
            if roles and self._met(standing, technique, technique.needs):
                yield from _if_any("become", technique, roles, assumed=True)
            return
        reached = self._on(standing, technique, land.workloads, seen)
        yield from _if_any("become", technique, expanded(reached, land.roles_of_workloads), reached)

    def _met(self, standing: Standing, technique: Technique, needs: Iterable[Need]) -> bool:
        """Whether all needs are met on some resource, those of one resource together."""
        together: dict[str, tuple[str, ...]] = {}
        for at, need in enumerate(needs):
            key = need.place if need.place in ("new", "target") else f"{at}@{need.place}"
            together[key] = (*together.get(key, ()), need.action.lower())
        return any(
            all(
                self.powers.anywhere(in_session(standing), actions, _asked(known, actions), named=True)
                if key.endswith("@trusted")
                else self.powers.anywhere(standing, actions, _asked(known, actions))
                for key, actions in together.items()
            )
            for known in self.requests(technique)
        )

    def requests(self, technique: Technique) -> tuple[Known, ...]:
        """What a request may say that its sender chooses: the policy to attach, the boundary of somebody new."""
        if technique.id not in self._requested:
            self._requested[technique.id] = tuple(self._requests(technique))
        return self._requested[technique.id]

    def _requests(self, technique: Technique) -> Iterator[Known]:
        actions = {it.action.lower() for it in technique.needs}
        services: list[Known] = [{PASSED_TO: (it,)} for it in self._names(technique)] or [{}]
        policies: list[Known] = [{}]
        if any(it.startswith("iam:attach") for it in actions):
            policies = [{POLICY: (it,)} for it in self.land.empowering_policies[:FEW]]
        boundaries: list[Known] = [{}]
        if actions & set(CREATING):
            boundaries = [{BOUNDARY: ()}, *({BOUNDARY: (it,)} for it in self.land.administrator_policies[:FEW])]
        for service in services:
            for policy in policies:
                for boundary in boundaries:
                    yield {**service, **policy, **boundary}

    def _names(self, technique: Technique) -> Iterator[str]:
        """The service principals that a role can be passed to: in China some have names of their own."""
        for name in technique.service:
            yield name
            if self.land.partition == "aws-cn":
                yield f"{name}.cn"

    def _on(self, standing: Standing, technique: Technique, among: Universe, eligible: int) -> int:
        """The eligible targets on which all needs are met."""
        reached = eligible
        for need in technique.needs:
            if need.place not in ("", "new") and reached:
                reached &= self._met_on(standing, technique, need, among)
        others = [it for it in technique.needs if it.place in ("", "new")]
        return reached if reached and (not others or self._met(standing, technique, others)) else 0

    def _met_on(self, standing: Standing, technique: Technique, need: Need, among: Universe) -> int:
        action = need.action.lower()
        if action == ASSUMING and need.place == "trusted":
            return self.powers.on(in_session(standing), action, among, {}, named=True)
        if action == ASSUMING:
            return self.trusting.assumable(standing)
        if action in NEW_BOUNDARY:
            found = 0
            for universe in self._with_boundary.values():
                found |= self.powers.on(standing, action, universe, {})
            return found
        if need.place == "holder":
            roles = self._chosen(standing, technique, action, self.land.principals)
            return at_places(at for at, held in enumerate(self.land.roles_of_workloads) if held & roles)
        return self._chosen(standing, technique, action, among)

    def _chosen(self, standing: Standing, technique: Technique, action: str, among: Universe) -> int:
        """Where the action is allowed by one of the requests that its sender may choose."""
        found = 0
        if action == PASSING or action.startswith("iam:attach"):
            for request in self.requests(technique):
                reached = self.powers.on(standing, action, among, _asked(request, (action,)))
                # What is only over IAM gives nothing that a boundary leaves of the rest.
                whole = set(request.get(POLICY, ())) <= set(self.land.administrator_policies)
                found |= reached if whole or among is not self.land.principals else reached & ~self.land.bounded
            return found
        return self.powers.on(standing, action, among, {})


def in_session(standing: Standing) -> Standing:
    """The same, as the session that a trust policy may name: no boundary limits that by being silent."""
    if not is_role(standing.arn):
        return standing
    name = standing.arn.rpartition("/")[2]
    prefix = standing.arn.partition(":role/")[0].replace(":iam:", ":sts:")
    return replace(standing, arn=f"{prefix}:assumed-role/{name}/session")


def _asked(request: Known, actions: Iterable[str]) -> Known:
    """The request for these actions: only the passing of a role has a service that it is passed to."""
    return request if PASSING in actions else {**request, PASSED_TO: ()}


def _assumes(technique: Technique) -> bool:
    return technique.needs[0].action.lower() == ASSUMING


def _if_any(
    gives: str, technique: Technique, on: int, through: int = 0, *, assumed: bool = False
) -> Iterator[tuple[str, Use]]:
    if on:
        yield gives, Use(technique, on, through, assumed)
