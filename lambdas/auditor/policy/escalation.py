"""Who can become an administrator, and how: a search over the principals of an account.

Everybody's moves are found first, each a technique with the set of its targets. Then the winners spread backwards from
the administrators: who can become one of them wins a step later. What nobody can do alone, the principals that somebody
can become may do together. What had to be assumed is tried last, for those that have not won without.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

from auditor.policy.control import Control, Lift
from auditor.policy.landscape import Landscape
from auditor.policy.moves import Mine, Moves, Node, Step
from auditor.policy.universe import first, members

SPARSE = 64
"""Whoever can become no more than so many is asked again only when one of these has won."""

MOST_STEPS_OF_A_MOVE = 2


class Move(NamedTuple):
    """Steps after which somebody goes on as another node; None: as an administrator."""

    steps: tuple[Step, ...]
    then: Node | None


@dataclass(frozen=True, kw_only=True)
class Won:
    """Those that have won after some number of steps, as sets of places, by how they stand."""

    plain: int
    boosted: int
    unbound: int
    anyhow: bool = True
    """Whether somebody with every permission, and without a boundary, has won."""


NOBODY = Won(plain=0, boosted=0, unbound=0, anyhow=False)


class Search:
    """The search in one account."""

    def __init__(self, landscape: Landscape, moves: Moves) -> None:
        """Over a landscape, by these moves."""
        self.land, self.moves = landscape, moves
        self.move = dict[Node, Move]()
        self.won = Won(
            plain=landscape.administrators,
            boosted=landscape.principals.everything & ~landscape.bounded & ~landscape.disarmed,
            unbound=landscape.unbound_administrators,
        )
        self.waiting = dict.fromkeys(self._nodes())
        for self.assuming in (False, True):
            self.control = Control(moves, self._reach)
            self._spread(NOBODY)
            while self._together():
                self._spread(self.won)

    def path(self, place: int, most: int | None = None) -> tuple[Step, ...]:
        """The steps of a principal that is no administrator, at most so many; none if there is no path."""
        return tuple(islice(self._steps(place), most))

    def length(self, place: int) -> int:
        """The number of steps of its path."""
        return sum(1 for _ in self._steps(place))

    def _steps(self, place: int) -> Iterator[Step]:
        node: Node | None = Node(place)
        while node is not None and node in self.move:
            yield from self.move[node].steps
            node = self.move[node].then

    def reached(self, place: int) -> int:
        """Everybody whom a principal can become, one after the other, also by way of groups and changes of its own."""
        found = self.control.held(Node(place))
        for node in self._standing(place):
            found |= self.control.held(node)
        return found

    def others(self, place: int) -> tuple[str, ...]:
        """ARNs of those whom a principal can make administrator: for one that can become none of them."""
        land, mine = self.land, self.moves.of(Node(place))
        armed = mine.boosting & ~land.disarmed
        lifted = armed & (~land.bounded | mine.unbinding) | (mine.unbinding & land.unbound_administrators)
        return tuple(land.principals.arns[at] for at in members(lifted & ~land.administrators))

    def _nodes(self) -> Iterator[Node]:
        """Everybody who is no administrator, in every way to stand that matters."""
        for place in members(self.land.principals.everything & ~self.land.administrators):
            yield Node(place)
            yield from self._standing(place)

    def _standing(self, place: int) -> Iterator[Node]:
        """The other ways in which somebody can stand."""
        ways = [Node(place)]
        if (self.land.bounded | self.land.disarmed) >> place & 1:
            yield Node(place, boosted=True)
        if (self.land.bounded & ~self.land.unbound_administrators) >> place & 1:
            ways.append(Node(place, unbound=True))
            yield ways[-1]
        for way in ways:
            for joined in self.moves.joined(way):
                yield joined
                yield from self.moves.joined(joined)

    def _reach(self, node: Node) -> int:
        mine = self.moves.of(node)
        return mine.becoming if self.assuming else mine.becoming_surely

    def _spread(self, before: Won) -> None:
        """Rounds in which everybody is asked who can become, or be changed into, somebody that has just won."""
        followers, others = self._followers()
        asked: Iterable[Node] = tuple(self.waiting)
        recent: list[Iterable[Node]] = []
        while asked:
            found = {node: move for node in asked if node in self.waiting and (move := self._winning(node, before))}
            before = self._take(found)
            recent = [*recent[1 - MOST_STEPS_OF_A_MOVE :], found]
            if len(recent) < MOST_STEPS_OF_A_MOVE:
                asked = tuple(self.waiting)
            elif not any(recent):
                return
            else:
                won = [node for nodes in recent for node in nodes]
                asked = dict.fromkeys([*(it for node in won for it in followers.get(node.place, ())), *others])

    def _take(self, found: dict[Node, Move]) -> Won:
        """Let these win; who had won before."""
        before, self.won = self.won, _with(self.won, found)
        self.move |= found
        for node in found:
            del self.waiting[node]
        return before

    def _followers(self) -> tuple[dict[int, list[Node]], list[Node]]:
        """By place, who is to be asked again when somebody there has won; and who always is, having many to become."""
        followers: dict[int, list[Node]] = {}
        others: list[Node] = []
        for node in self.waiting:
            reach = self._reach(node)
            if reach.bit_count() > SPARSE:
                others.append(node)
            else:
                for place in members(reach | 1 << node.place):
                    followers.setdefault(place, []).append(node)
        return followers, others

    def _winning(self, node: Node, before: Won) -> Move | None:
        """The move that wins now, if there is one: those of one step first."""
        mine = self.moves.of(node)
        for then in self._changed(node, mine):
            if self._has_won(then, self.won):
                return Move((self.moves.changing(node, node.place, then),), self._then(then))
        reach = self._reach(node) & self.won.plain
        if reach:
            at = first(reach)
            return Move((self.moves.becoming(node, at),), self._then(Node(at)))
        joined = self._joined(node)
        use = mine.administrator
        if joined is None and use and (self.assuming or not use.assumed):
            return Move((Step(node, use.technique, assumed=use.assumed),), None)
        return joined or self._of_two_steps(node, mine, before)

    def _joined(self, node: Node) -> Move | None:
        """The move of joining groups, or of putting a new user into one: that has no boundary."""
        land, moves = self.land, self.moves
        if new := moves.by_new_user(node) & land.administrator_groups:
            return Move(moves.joining(node, new & -new, by_new_user=True), None)
        then = node._replace(boosted=True, groups=0)
        group = moves.joinable(node) & land.administrator_groups
        if group and self._has_won(then, self.won):
            return Move(moves.joining(node, group & -group), self._then(then))
        for joined in moves.joined(node):
            if joined in self.move:
                return self._by_fewest(node, joined)
        return None

    def _by_fewest(self, node: Node, joined: Node) -> Move:
        """The move of joining: of many groups half of them, as long as one half will do."""
        new = joined.groups & ~node.groups
        while new.bit_count() > 1:
            places = list(members(new))
            halves = (sum(1 << at for at in part) for part in (places[: len(places) // 2], places[len(places) // 2 :]))
            for half in halves:
                fewer = node._replace(groups=node.groups | half)
                move = self.move.get(fewer) or self._winning(fewer, NOBODY)
                if move and move.steps[0].technique.gives != "join":
                    self.move[fewer], joined, new = move, fewer, half
                    break
            else:
                break
        return Move(self.moves.joining(node, joined.groups & ~node.groups), joined)

    def _changed(self, node: Node, mine: Mine) -> Iterator[Node]:
        """How it can stand after changing itself."""
        if mine.boosting >> node.place & 1 and not node.boosted:
            yield node._replace(boosted=True, groups=0)
        if mine.unbinding >> node.place & 1 and self.land.bounded >> node.place & 1 and not node.unbound:
            yield node._replace(unbound=True, groups=0)

    def _of_two_steps(self, node: Node, mine: Mine, before: Won) -> Move | None:
        """Change somebody, then become them; join a group that one has changed."""
        reach = self._reach(node)
        for kind, chosen in (("boosted", mine.boosting & before.boosted), ("unbound", mine.unbinding & before.unbound)):
            if chosen & reach:
                at = first(chosen & reach)
                then = Node(at, boosted=kind == "boosted", unbound=kind == "unbound")
                steps = self.moves.changing(node, at, then), self.moves.becoming(node, at)
                return Move(steps, self._then(then))
        if before.anyhow and (both := mine.boosting & mine.unbinding & reach & ~self.land.disarmed):
            at = first(both)
            return Move((*self._twice(node, node, at), self.moves.becoming(node, at)), None)
        group = self.moves.joinable(node) & mine.boosting_groups
        then = node._replace(boosted=True, groups=0)
        if group and self._has_won(then, before):
            change = self.moves.changing_group(node, first(group))
            return Move((change, *self.moves.joining(node, group & -group)), self._then(then))
        return None

    def _twice(self, unbinder: Node, booster: Node, at: int) -> tuple[Step, Step]:
        """Take somebody's boundary off, and give them everything."""
        off, up = Node(at, unbound=True), Node(at, boosted=True)
        return self.moves.changing(unbinder, at, off), self.moves.changing(booster, at, up)

    def _has_won(self, node: Node, won: Won) -> bool:
        if node.boosted and node.unbound:
            return won.anyhow and not self.land.disarmed >> node.place & 1
        among = won.boosted if node.boosted else won.unbound if node.unbound else won.plain
        return bool(among >> node.place & 1) and (node in self.move or not node.groups)

    def _then(self, node: Node) -> Node | None:
        return node if node in self.move else None

    def _together(self) -> bool:
        """What the principals that somebody can become can do for one another; whether anybody won by it."""
        both = self.land.bounded & ~self.land.disarmed
        found: dict[Node, Move] = {}
        for node in self.waiting:
            if self._reach(node):
                lift = next(self.control.lifts(node, self.won.boosted, self.won.unbound, both), None)
                if lift:
                    found[node] = self._lifted(node, lift)
        self._take(found)
        return bool(found)

    def _lifted(self, node: Node, lift: Lift) -> Move:
        """The steps of a lift: become those who change somebody, let them, and become whom they have changed."""
        then = Node(lift.place, boosted=lift.boosted, unbound=lift.unbound)
        both = [then._replace(boosted=False), then._replace(unbound=False)]
        parts = both if lift.boosted and lift.unbound else [then]
        steps: list[Step] = []
        for actor, way in zip(lift.actors, parts, strict=True):
            steps += self.control.chain(node, actor)
            steps.append(self.moves.changing(self.control.as_held(node, actor), lift.place, way))
        steps += self.control.chain(node, lift.place)
        return Move(tuple(dict.fromkeys(steps)), self._then(then))  # whoever was become on the way still is


def _with(won: Won, found: Iterable[Node]) -> Won:
    plain, boosted, unbound = won.plain, won.boosted, won.unbound
    for node in found:
        if node.groups:
            continue
        bit = 1 << node.place
        if node.boosted:
            boosted |= bit
        elif node.unbound:
            unbound |= bit
        else:
            plain |= bit
    return replace(won, plain=plain, boosted=boosted, unbound=unbound)
