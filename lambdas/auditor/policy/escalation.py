"""Who can become an administrator, and how: a search over the principals of an account.

Everybody's moves are found first, each a technique with the set of its targets. Then the winners spread backwards from
the administrators: who can become one of them wins a step later. What nobody can do alone, the principals that somebody
can become may do together; that is tried last, for those that have not won.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from auditor.policy.landscape import Landscape
from auditor.policy.moves import Moves, Node, Step
from auditor.policy.universe import first, members


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
        self._closures = dict[int, int]()
        everybody = landscape.principals.everything
        start = Won(
            plain=landscape.administrators,
            boosted=everybody & ~landscape.bounded & ~landscape.disarmed,
            unbound=landscape.unbound_administrators,
        )
        self.won = [NOBODY, start]
        """After how many steps who has won; the first is for moves of two steps that one cannot make in one."""
        self._spread()
        self._together()

    def path(self, place: int) -> tuple[Step, ...]:
        """The steps of a principal that is no administrator; none if there is no path."""
        node: Node | None = Node(place)
        steps: list[Step] = []
        while node is not None and node in self.move:
            steps += self.move[node].steps
            node = self.move[node].then
        return tuple(steps)

    def reached(self, place: int) -> int:
        """Everybody whom a principal can become, one after the other."""
        return self._closed(self.moves.of(Node(place)).becoming) | 1 << place

    def others(self, place: int) -> tuple[str, ...]:
        """ARNs of those whom a principal can make administrator: for one that can become none of them."""
        land, mine = self.land, self.moves.of(Node(place))
        armed = mine.boosting & ~land.disarmed
        lifted = armed & (~land.bounded | mine.unbinding) | (mine.unbinding & land.unbound_administrators)
        return tuple(land.principals.arns[at] for at in members(lifted & ~land.administrators))

    def _spread(self) -> None:
        waiting = list(self._nodes())
        idle = 0
        while waiting and idle < MOST_STEPS_OF_A_MOVE:
            found = {node: move for node in waiting if (move := self._winning(node))}
            self.move |= found
            waiting = [node for node in waiting if node not in found]
            self.won.append(_with(self.won[-1], found))
            idle = 0 if found else idle + 1

    def _nodes(self) -> Iterator[Node]:
        """Everybody who is no administrator, in every way to stand that matters."""
        for place in members(self.land.principals.everything & ~self.land.administrators):
            yield Node(place)
            if (self.land.bounded | self.land.disarmed) >> place & 1:
                yield Node(place, boosted=True)
            if (self.land.bounded & ~self.land.unbound_administrators) >> place & 1:
                yield Node(place, unbound=True)
            yield from self.moves.joined(Node(place))

    def _winning(self, node: Node) -> Move | None:
        """The move that wins now, if there is one: those of one step first, and the surest of them."""
        mine, (before, last) = self.moves.of(node), self.won[-2:]
        for then in self._changed(node):
            if self._has_won(then, last):
                return Move((self.moves.changing(node, node.place, then),), self._then(then))
        for reach in (mine.becoming_surely, mine.becoming):
            if reach & last.plain:
                at = first(reach & last.plain)
                return Move((self.moves.becoming(node, at),), self._then(Node(at)))
        joined = self._joined(node, last)
        if joined is None and mine.administrator:
            return Move((Step(node, mine.administrator.technique, assumed=mine.administrator.assumed),), None)
        return joined or self._of_two_steps(node, before)

    def _joined(self, node: Node, won: Won) -> Move | None:
        """The move of joining groups, or of putting a new user into one: that has no boundary."""
        land, moves = self.land, self.moves
        if new := moves.by_new_user(node) & land.administrator_groups:
            return Move(moves.joining(node, new & -new, by_new_user=True), None)
        then = node._replace(boosted=True, groups=0)
        group = moves.joinable(node) & land.administrator_groups
        if group and self._has_won(then, won):
            return Move(moves.joining(node, group & -group), self._then(then))
        for joined in moves.joined(node):
            if joined in self.move:
                return Move(moves.joining(node, joined.groups), joined)
        return None

    def _changed(self, node: Node) -> Iterator[Node]:
        """How it can stand after changing itself."""
        mine = self.moves.of(node)
        if mine.boosting >> node.place & 1 and not node.boosted:
            yield node._replace(boosted=True, groups=0)
        if mine.unbinding >> node.place & 1 and self.land.bounded >> node.place & 1 and not node.unbound:
            yield node._replace(unbound=True, groups=0)

    def _of_two_steps(self, node: Node, before: Won) -> Move | None:
        """Change somebody, then become them; join a group that one has changed."""
        mine = self.moves.of(node)
        for kind, chosen in (("boosted", mine.boosting & before.boosted), ("unbound", mine.unbinding & before.unbound)):
            both = chosen & mine.becoming
            if both:
                at = first(both)
                then = Node(at, boosted=kind == "boosted", unbound=kind == "unbound")
                steps = self.moves.changing(node, at, then), self.moves.becoming(node, at)
                return Move(steps, self._then(then))
        if before.anyhow and (both := mine.boosting & mine.unbinding & mine.becoming & ~self.land.disarmed):
            return Move(self._twice(node, first(both)), None)
        group = self.moves.joinable(node) & mine.boosting_groups
        then = node._replace(boosted=True, groups=0)
        if group and self._has_won(then, before):
            change = self.moves.changing_group(node, first(group))
            return Move((change, *self.moves.joining(node, group & -group)), self._then(then))
        return None

    def _twice(self, node: Node, at: int) -> tuple[Step, ...]:
        """Take somebody's boundary off, give them everything, and become them."""
        off, up = Node(at, unbound=True), Node(at, boosted=True)
        return self.moves.changing(node, at, off), self.moves.changing(node, at, up), self.moves.becoming(node, at)

    def _has_won(self, node: Node, won: Won) -> bool:
        if node.boosted and node.unbound:
            return won.anyhow and not self.land.disarmed >> node.place & 1
        among = won.boosted if node.boosted else won.unbound if node.unbound else won.plain
        return bool(among >> node.place & 1) and (node in self.move or not node.groups)

    def _then(self, node: Node) -> Node | None:
        return node if node in self.move else None

    def _together(self) -> None:
        """What the principals that somebody can become can do for one another."""
        able = 0
        for place in members(self.land.principals.everything):
            mine = self.moves.of(Node(place))
            able |= bool(mine.boosting or mine.unbinding) << place
        for place in members(self.land.principals.everything & ~self.land.administrators):
            node = Node(place)
            if node not in self.move and self.moves.of(node).becoming:
                self._try_together(node, able)

    def _try_together(self, node: Node, able: int) -> None:
        if (self._closed(self.moves.of(node).becoming) | 1 << node.place) & able:
            control = Control(self.moves, node)
            for actor, place in control.changes():
                move = self._by_another(control, actor, place)
                if move:
                    self.move[node] = move
                    return

    def _closed(self, becoming: int) -> int:
        """Everybody who can be become by those whom somebody can become: the same for all who can become the same."""
        if becoming not in self._closures:
            found = new = becoming
            while new:
                following = 0
                for place in members(new):
                    following |= self.moves.of(Node(place)).becoming
                new = following & ~found
                found |= new
            self._closures[becoming] = found
        return self._closures[becoming]

    def _by_another(self, control: "Control", actor: int, place: int) -> Move | None:
        """One changes another, both under the same control, and that wins."""
        mine, won = self.moves.of(Node(actor)), self.won[-1]
        for kind, chosen in (("boosted", mine.boosting & won.boosted), ("unbound", mine.unbinding & won.unbound)):
            if chosen >> place & 1:
                then = Node(place, boosted=kind == "boosted", unbound=kind == "unbound")
                change = self.moves.changing(Node(actor), place, then)
                return Move((*control.chain(actor), change, *control.chain(place)), self._then(then))
        return None


MOST_STEPS_OF_A_MOVE = 2


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
    return Won(plain=plain, boosted=boosted, unbound=unbound)


class Control:
    """Those that somebody can become, one after the other, and how."""

    def __init__(self, moves: Moves, start: Node) -> None:
        """From the start, breadth first."""
        self.moves, self.start = moves, start
        self.held = 1 << start.place
        self._from = dict[int, int]()
        queue = [start.place]
        for place in queue:
            new = moves.of(Node(place)).becoming & ~self.held
            self.held |= new
            for at in members(new):
                self._from[at] = place
                queue.append(at)

    def changes(self) -> Iterator[tuple[int, int]]:
        """Pairs under control of which the first can change the second."""
        for actor in members(self.held):
            mine = self.moves.of(Node(actor))
            for place in members((mine.boosting | mine.unbinding) & self.held):
                yield actor, place

    def chain(self, place: int) -> tuple[Step, ...]:
        """The steps by which somebody there comes under control."""
        steps: list[Step] = []
        while place != self.start.place:
            steps.append(self.moves.becoming(Node(self._from[place]), place))
            place = self._from[place]
        return tuple(reversed(steps))
