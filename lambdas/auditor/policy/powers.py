"""On which of an account's resources a principal may do an action, for all of them at once.

The same rules as `access.decide`, for the one question that a search asks a million times. A condition that is unknown
lets an Allow through and keeps a Deny from biting.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.policy.access import Held, Standing, resource_controlled
from auditor.policy.asked import keys_of, of_action
from auditor.policy.conditions import Known, expand, judge, seen, widened
from auditor.policy.document import EVERY_RESOURCE, Clause, Statement, statements
from auditor.policy.match import among
from auditor.policy.naming import is_role
from auditor.policy.reached import having, of_resources
from auditor.policy.resources import about_resource
from auditor.policy.samples import NOTHING_IN_PARTICULAR, common, concrete, documented, shapes
from auditor.policy.universe import Universe, at_places, members

OF_PRINCIPAL = (
    *("aws:principalarn", "aws:principaltag/", "aws:principaltype", "aws:username", "aws:userid"),
    *("aws:multifactorauth", "aws:federatedprovider", "aws:sourceidentity"),
)
"""How condition keys begin that differ from principal to principal."""

OF_REQUEST = ("iam:passedtoservice", "iam:policyarn")
OF_TARGET = ("iam:permissionsboundary",)
TAG_OF_TARGET = "resourcetag/"
MOST_REMEMBERED = 1 << 14
"""Sets of targets by what they hang on: of 10,000 principals each may have its own."""


@dataclass(frozen=True, kw_only=True)
class Speaking:
    """The statements of one document about one action."""

    allows: tuple[Statement, ...] = ()
    denies: tuple[Statement, ...] = ()


class Compiled:
    """Documents, each read once, by the actions that a search asks about."""

    def __init__(self, actions: Iterable[str]) -> None:
        """By these actions, and no others."""
        self.actions = sorted({it.lower() for it in actions})
        self._bits = {action: 1 << at for at, action in enumerate(self.actions)}
        self._patterns = dict[str, frozenset[str]]()
        self._documents = dict[int, tuple[Mapping[str, Any], dict[str, Speaking], int]]()

    def of(self, document: Mapping[str, Any]) -> Mapping[str, Speaking]:
        """What a document says of each action, in lower case."""
        found = self._documents.get(id(document))
        return (found or self._compiled(document))[1]

    def allowed(self, layer: Iterable[Held]) -> int:
        """The set of actions that the policies allow on anything."""
        found = 0
        for held in layer:
            found |= self._compiled(held.document)[2]
        return found

    def mask(self, actions: Iterable[str]) -> int:
        """The set of these actions."""
        return sum({self._bits[it.lower()] for it in actions})

    def _compiled(self, document: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, Speaking], int]:
        found = self._documents.get(id(document))
        if found is None:
            about = self._read(document)
            # The document is kept, so that its id stays its own.
            found = document, about, self.mask(action for action, said in about.items() if said.allows)
            self._documents[id(document)] = found
        return found

    def _read(self, document: Mapping[str, Any]) -> dict[str, Speaking]:
        about: dict[str, list[Statement]] = {}
        for statement in statements(document):
            for action in self._spoken_of(statement):
                about.setdefault(action, []).append(statement)
        return {
            action: Speaking(
                allows=tuple(it for it in said if it.allow), denies=tuple(it for it in said if not it.allow)
            )
            for action, said in about.items()
        }

    def _spoken_of(self, statement: Statement) -> Iterable[str]:
        if statement.actions is not None:
            return {action for pattern in statement.actions for action in self._matching(pattern)}
        return (it for it in self.actions if statement.about_action(it))

    def _matching(self, pattern: str) -> frozenset[str]:
        if pattern not in self._patterns:
            self._patterns[pattern] = frozenset(among(self.actions, pattern.lower()))
        return self._patterns[pattern]


def of_target(clause: Clause) -> bool:
    """Whether it asks about the resource itself."""
    return clause.key.startswith(OF_TARGET) or TAG_OF_TARGET in clause.key


def _moving(statement: Statement) -> bool:
    """Whether what it says hangs on who asks, or on more of the request than the action."""
    variable = statement.variables and any("${" in it for it in _texts(statement))
    return variable or any(it.key.startswith((*OF_PRINCIPAL, *OF_REQUEST)) for it in statement.clauses)


def _texts(statement: Statement) -> Iterator[str]:
    yield from (statement.resources or ())
    yield from (statement.not_resources or ())
    for clause in statement.clauses:
        yield from clause.values


class Powers:
    """Answers for one account."""

    def __init__(self, compiled: Compiled) -> None:
        """Of documents as they are compiled."""
        self.compiled = compiled
        self._asked = dict[int, tuple[str, ...]]()
        self._reached = dict[Hashable, int]()
        self._moving = dict[int, bool]()
        self._samples = dict[str, tuple[str, ...]]()
        self._anywhere = dict[Hashable, bool]()

    def may(self, standing: Standing, action: str) -> bool:
        """Whether any of its identity policies allows the action at all: what is False here is False everywhere."""
        return any(it.allows for it in self._said(standing.identity, action))

    def _said(self, layer: Iterable[Held], action: str) -> Iterator[Speaking]:
        for held in layer:
            said = self.compiled.of(held.document).get(action)
            if said is not None:
                yield said

    def on(self, standing: Standing, action: str, among: Universe, request: Known, *, named: bool = False) -> int:
        """The resources on which the principal may do the action, in lower case.

        With `named` a policy of the resource allows it by the principal's own name: identity policies need not.
        """
        allowed, denied = among.everything, 0
        known = {**of_action(action, standing.arn), **standing.known, **request}
        for layer, must_allow in _layers(standing, action, named=named):
            granted = 0
            for said in self._said(layer, action):
                for deny in said.denies:
                    denied |= self._reach(deny, among, known)
                for allow in said.allows if must_allow else ():
                    granted |= self._reach(allow, among, known)
            allowed &= granted if must_allow else among.everything
            if not allowed:
                return 0
        return allowed & ~denied

    def _reach(self, statement: Statement, among: Universe, known: Known) -> int:
        """What a statement speaks of; a Deny only where it certainly does."""
        keys = self._asked.get(id(statement))
        if keys is None:
            keys = self._asked[id(statement)] = keys_of(statement)
        key = id(statement), id(among), tuple([seen(known, it) for it in keys])
        found = self._reached.get(key)
        if found is None:
            if len(self._reached) >= MOST_REMEMBERED:
                self._reached.clear()
            found = self._reached[key] = _reached(statement, among, known)
        return found

    def _moves(self, statement: Statement) -> bool:
        moving = self._moving.get(id(statement))
        if moving is None:
            moving = self._moving[id(statement)] = _moving(statement)
        return moving

    def anywhere(self, standing: Standing, actions: tuple[str, ...], request: Known, *, named: bool = False) -> bool:
        """Whether there is a resource, which may be a new one, on which the principal may do all of the actions.

        `named` is as in `on`.
        """
        key = named, self._key(standing, actions, request)
        if key not in self._anywhere:
            able = named or all(self.may(standing, it) for it in actions)
            self._anywhere[key] = able and self._try_anywhere(standing, actions, request, named=named)
        return self._anywhere[key]

    def _key(self, standing: Standing, actions: tuple[str, ...], request: Known) -> Hashable:
        """What the answer hangs on: the same statements say the same of everybody whom none of them asks about."""
        said = [
            [each for action in actions for each in self._said(layer, action)]
            for layer, _ in _layers(standing, actions[0])
        ]
        moving = any(self._moves(it) for layer in said for each in layer for it in (*each.allows, *each.denies))
        spoken = tuple(tuple(map(id, layer)) for layer in said)
        return actions, tuple(request.items()), spoken, standing.arn if moving else ""

    def _try_anywhere(self, standing: Standing, actions: tuple[str, ...], request: Known, *, named: bool) -> bool:
        """On samples; where there are more resources than are tried, it is not known that all are denied."""
        asked = [(it, {**of_action(it, standing.arn), **standing.known, **request}) for it in actions]

        def works(sample: str) -> bool:
            return all(self._sampled(standing, action, sample, known, named=named) for action, known in asked)

        account, partition = standing.account, standing.arn.split(":")[1]
        if actions[0] not in self._samples:
            self._samples[actions[0]] = tuple(documented(actions[0], partition, account))
        if any(map(works, self._samples[actions[0]])):
            return True
        untried = common(self._admitting(standing, actions, named=named), shapes(actions[0]))
        if any(works(concrete(it, partition, account)) for it in untried.patterns):
            return True
        barred = [deny for action, known in asked for deny in self._barring(standing, action, known)]
        return not all(any(deny.reaches(it) for deny in barred) for it in untried.unseen)

    def _admitting(self, standing: Standing, actions: tuple[str, ...], *, named: bool) -> Iterator[list[str]]:
        """Lists of patterns, of each of which one has to admit a resource: those allowed, and those spared."""
        for action in actions:
            for layer, must_allow in _layers(standing, action, named=named):
                said = list(self._said(layer, action))
                if must_allow:
                    yield [pattern for each in said for it in each.allows for pattern in _granted(it, standing)]
                spared = (it.not_resources for each in said for it in each.denies)
                yield from ([*it, "*"] for it in spared if it is not None)

    def _barring(self, standing: Standing, action: str, known: Known) -> Iterator[Statement]:
        """The statements that certainly deny the action on some resources."""
        said = (each for layer, _ in _layers(standing, action) for each in self._said(layer, action))
        denies = (it for each in said for it in each.denies)
        return (it for it in denies if judge(it.clauses, known, variables=it.variables))

    def _sampled(self, standing: Standing, action: str, resource: str, known: Known, *, named: bool) -> bool:
        for layer, must_allow in _layers(standing, action, named=named):
            said = list(self._said(layer, action))
            if any(_speaks(it, resource, known) is True for each in said for it in each.denies):
                return False
            if must_allow and all(_speaks(it, resource, known) is False for each in said for it in each.allows):
                return False
        return True


def _granted(allow: Statement, standing: Standing) -> Iterator[str]:
    """Its resources, with the variables that are known, and whatever the others may be."""
    if allow.resources is None:
        yield "*"
    for pattern in allow.resources or ():
        yield (expand(pattern, standing.known) or widened(pattern)) if allow.variables else pattern


def _layers(standing: Standing, action: str, *, named: bool = False) -> Iterator[tuple[tuple[Held, ...], bool]]:
    """Each layer, and whether it has to allow."""
    yield standing.identity, not named
    if standing.boundary:
        yield (standing.boundary,), not named or is_role(standing.arn)
    yield from ((level, True) for level in standing.service_control)
    if standing.resource_control and resource_controlled(action):
        yield from ((level, False) for level in standing.resource_control)


def _reached(statement: Statement, among: Universe, known: Known) -> int:
    """The members that an Allow may speak of, or that a Deny certainly does."""
    own = [it for it in statement.clauses if not of_target(it)]
    verdict = judge(own, known, variables=statement.variables)
    if verdict is False or (verdict is None and not statement.allow):
        return 0
    found = of_resources(statement, among, known)
    asked = [it for it in statement.clauses if of_target(it)]
    for clause in asked if found else ():
        found &= having(clause, among, known, variables=statement.variables)
    if not asked or not found:
        return found
    wanted = (True, None) if statement.allow else (True,)
    kept = (
        at
        for at in members(found)
        if judge(asked, {**known, **among.facts[at]}, variables=statement.variables) in wanted
    )
    return at_places(kept)


def _speaks(statement: Statement, resource: str, known: Known) -> bool | None:
    """Whether it speaks of a resource, of which nothing but the name is known."""
    met = judge(statement.clauses, known, variables=statement.variables)
    if met is False:
        return False
    everything = any(EVERY_RESOURCE.fullmatch(it) for it in statement.resources or ())
    if resource == NOTHING_IN_PARTICULAR:
        reached: bool | None = everything or statement.not_resources is not None
    else:
        reached = everything or about_resource(statement, resource, known)
    return reached if reached is False else met and reached
