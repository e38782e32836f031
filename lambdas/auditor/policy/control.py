"""Who comes under somebody's control: whom they can become, one after the other, and what these can do together."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from auditor.policy.moves import Moves, Node, Step
from auditor.policy.universe import first, members

Reach = Callable[[Node], int]
"""Whom a node can become next."""


class Lift(NamedTuple):
    """A change of somebody under control that lets them win: by whom, and how they stand then."""

    actors: tuple[int, ...]
    place: int
    boosted: bool
    unbound: bool


class Together(NamedTuple):
    """What some principals can do among themselves: whom they can boost, and whom they can unbind."""

    boosting: int
    unbinding: int


class Control:
    """Closures over an account, each worked out once for all who can become the same."""

    def __init__(self, moves: Moves, reach: Reach) -> None:
        """By these moves, as far as `reach` says."""
        self.moves, self.reach = moves, reach
        self._closures = dict[int, int]()
        self._together = dict[int, Together]()

    def held(self, node: Node) -> int:
        """Everybody under its control, itself too."""
        start = self.reach(node) | 1 << node.place
        if start not in self._closures:
            self._closures[start] = self._closed(start)
        return self._closures[start]

    def _closed(self, start: int) -> int:
        found = new = start
        while new:
            following = 0
            for place in members(new):
                following |= self.reach(Node(place))
            new = following & ~found
            found |= new
        return found

    def together(self, held: int) -> Together:
        """What those under control can do, as they are."""
        if held not in self._together:
            boosting = unbinding = 0
            for place in members(held):
                mine = self.moves.of(Node(place))
                boosting |= mine.boosting
                unbinding |= mine.unbinding
            self._together[held] = Together(boosting, unbinding)
        return self._together[held]

    def lifts(self, node: Node, boosted: int, unbound: int, both: int) -> Iterator[Lift]:
        """The changes that win, given who wins once boosted, once unbound, or only as both."""
        held, mine = self.held(node), self.moves.of(node)
        theirs = self.together(held)
        up, off = (theirs.boosting | mine.boosting) & held, (theirs.unbinding | mine.unbinding) & held
        if up & boosted:
            yield self._lift(node, held, first(up & boosted), boosted=True)
        if off & unbound:
            yield self._lift(node, held, first(off & unbound), unbound=True)
        if up & off & both:
            yield self._lift(node, held, first(up & off & both), boosted=True, unbound=True)

    def _lift(self, node: Node, held: int, place: int, *, boosted: bool = False, unbound: bool = False) -> Lift:
        wanted = [name for name, needed in (("unbinding", unbound), ("boosting", boosted)) if needed]
        actors = tuple(
            next(
                actor
                for actor in (node.place, *members(held))
                if getattr(self.moves.of(self.as_held(node, actor)), name) >> place & 1
            )
            for name in wanted
        )
        return Lift(actors, place, boosted, unbound)

    def as_held(self, node: Node, place: int) -> Node:
        """Somebody under control as they stand: the node itself in its own way."""
        return node if place == node.place else Node(place)

    def chain(self, node: Node, place: int) -> tuple[Step, ...]:
        """The steps by which somebody comes under its control, as few as there can be."""
        came: dict[int, int] = {}
        found, queue = 1 << node.place, [node.place]
        for at in queue:
            new = self.reach(self.as_held(node, at)) & ~found
            found |= new
            came |= dict.fromkeys(members(new), at)
            queue += members(new)
            if found >> place & 1:
                break
        steps: list[Step] = []
        while place != node.place:
            steps.append(self.moves.becoming(self.as_held(node, came[place]), place))
            place = came[place]
        return tuple(reversed(steps))
