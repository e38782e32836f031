"""Paths to administrator as a tree: who goes on by the same steps stands in one place, administrators are the roots.

What does not fit a picture is put together: first those that nobody goes through and that go on alike, then all that
do, then the administrators, and at last the least dangerous of those that lead to the same place.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from auditor.core.check import Severity
from auditor.core.subjects.escalation import EscalationPath, PathStep
from auditor.policy.steps import short
from auditor.policy.techniques import techniques
from auditor.render.wording import joined, number

MOST_LINES = 48
"""Lines of a picture up to which no more is put together."""

MOST_ALIKE = 24
"""Lines that lead to the same place, where everything else has been put together."""

NAMES = 3
"""Names that a sentence has."""

LONGEST_CHAIN = 4
"""Single principals one after the other that are drawn; more of them are one box."""

NO_KEY = "~"
"""What comes behind every date."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A path, and how severe it is."""

    path: EscalationPath
    severity: Severity

    @property
    def rank(self) -> tuple[int, int, int, str, str]:
        """Its place among others: the most severe first, then the shortest, the riskiest, the oldest key."""
        key = self.path.oldest_key
        old = key.isoformat() if key else NO_KEY
        return -self.severity, len(self.path.steps), -len(list(risks(self.path))), old, self.path.resource


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What a picture is of: the paths of an account, and how many of its users and roles were judged.

    `administrators` are the ARNs of those that are administrators already, `unseen` what might forbid a step and was
    not seen, `unjudged` how many users and roles were not seen. `able` are how many of the account can become one, if
    not all of them are drawn: then the picture is about the one that was `asked` for.
    """

    account: str
    evidence_at: datetime
    drawn: Sequence[Drawn]
    principals: int = 0
    administrators: frozenset[str] = frozenset()
    unseen: tuple[str, ...] = ()
    unjudged: int = 0
    able: int | None = None
    asked: EscalationPath | None = None

    @property
    def can(self) -> int:
        """How many of the account are no administrators and can become one."""
        return sum(bool(it.path.steps) for it in self.drawn) if self.able is None else self.able


@dataclass(frozen=True)
class Move:
    """All that one principal does before somebody else goes on."""

    actor: str
    steps: tuple[PathStep, ...]


@dataclass(frozen=True)
class End:
    """Where paths end: at principals by their ARNs, or groups; at none where somebody gets new rights itself."""

    arns: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Row:
    """Principals that go on alike, and those that come to them. `moves` are what they do, `members` their paths.

    In a `chain` they go on one after the other, the first one first.
    """

    arns: tuple[str, ...]
    moves: tuple[Move, ...]
    members: tuple[Drawn, ...]
    rows: list["Row"] = field(default_factory=list)
    chain: bool = False

    @cached_property
    def severities(self) -> Counter[Severity]:
        """How many paths are how severe: its own, or those that come through it where it has none."""
        own = Counter(it.severity for it in self.members)
        return own or sum((it.severities for it in self.rows), Counter())

    @property
    def severity(self) -> Severity:
        """The worst."""
        return max(self.severities)

    @property
    def ways(self) -> list[tuple[str, ...]]:
        """The techniques by which they go on, each way once."""
        return list(dict.fromkeys(tuple(step.technique for step in move.steps) for move in self.moves))

    @property
    def assumed(self) -> bool:
        """Whether each of them goes on by something that was not seen; of a chain, whether one of them does."""
        return (any if self.chain else all)(_assumed(it) for it in self.moves)

    @property
    def proviso(self) -> str:
        """The condition keys still to be met: ``if aws:SourceIp``; empty if there are none."""
        keys = [{key for step in it.steps for key in step.conditions} for it in self.moves]
        named = ", ".join(sorted(set[str]().union(*keys)))
        return "" if not named else f"if {named}" if all(keys) else f"some only if {named}"

    @property
    def lines(self) -> int:
        """How many lines it takes, with those that come to it."""
        return sum(it.lines for it in self.rows) or 1

    @property
    def depth(self) -> int:
        """How many come one after the other, it included."""
        return 1 + max((it.depth for it in self.rows), default=0)

    @property
    def rank(self) -> tuple[int, int, int, str, str]:
        """Its place among others: the most severe first, then the most, the riskiest, the oldest key."""
        risk, old = min((it.rank[2:4] for it in self.members), default=(0, NO_KEY))
        return -self.severity, -len(self.arns), risk, old, self.arns[0]


@dataclass(kw_only=True)
class Root:
    """Administrators, and those that come to them."""

    end: End
    rows: list[Row]


def moves(path: EscalationPath) -> tuple[Move, ...]:
    """The path's steps, those that one principal makes one after the other together."""
    found: list[Move] = []
    for step in path.steps:
        if found and found[-1].actor == step.actor:
            found[-1] = Move(step.actor, (*found[-1].steps, step))
        else:
            found.append(Move(step.actor, (step,)))
    return tuple(found)


def end_of(last: Move) -> End:
    """Where somebody is after the last move."""
    step = last.steps[-1]
    reaches = _gives().get(step.technique) in ("become", "join") and step.target not in ("", last.actor)
    return End((step.target,)) if reaches else End()


def _gives() -> Mapping[str, str]:
    return {it.id: it.gives for it in techniques()}


def _assumed(move: Move) -> bool:
    return any(step.assumed for step in move.steps)


Station = tuple[Move, ...]
"""Somebody on the way: what it still has to do."""


class Forest:
    """All stations of the paths, and which lead to which."""

    def __init__(self, drawn: Iterable[Drawn]) -> None:
        """Of these paths; one without steps is none."""
        self.members = defaultdict[Station, list[Drawn]](list)
        self.before = defaultdict[Station, list[Station]](list)
        self.ends = defaultdict[End, list[Station]](list)
        seen = set[Station]()
        for it in sorted(drawn, key=lambda it: it.rank):
            station = moves(it.path)
            if station:
                self.members[station].append(it)
            while station and station not in seen:
                seen.add(station)
                if len(station) == 1:
                    self.ends[end_of(station[0])].append(station)
                else:
                    self.before[station[1:]].append(station)
                station = station[1:]

    def roots(self, *, all_alike: bool, one_end: bool, most: int | None = None) -> list[Root]:
        """The trees. `all_alike` puts together also those that somebody goes through, `one_end` all administrators.

        Of the ways to one place all but `most` are put together.
        """
        ends = dict(self.ends)
        if one_end:
            others = [it for it in ends if it.arns]
            arns = tuple(sorted({arn for it in others for arn in it.arns}))
            together = [station for it in others for station in ends.pop(it)]
            ends |= {End(arns): together} if together else {}
        roots = [Root(end=end, rows=self._rows(it, all_alike, most)) for end, it in ends.items()]
        for root in roots:
            root.rows = list(map(_chained, root.rows))
        return sorted(roots, key=lambda it: (min(row.rank[:2] for row in it.rows), it.end.arns))

    def _rows(self, stations: Iterable[Station], all_alike: bool, most: int | None) -> list[Row]:  # noqa: FBT001
        alike: dict[object, list[Station]] = {}
        for it in stations:
            ways = tuple(step.technique for step in it[0].steps), _assumed(it[0])
            alike.setdefault(ways if all_alike or it not in self.before else it, []).append(it)
        rows = sorted((self._row(it, all_alike, most) for it in alike.values()), key=lambda it: it.rank)
        if most is None or len(rows) <= most:
            return rows
        rest = {move for row in rows[most - 1 :] for move in row.moves}
        left = [station for group in alike.values() for station in group if station[0] in rest]
        return [*rows[: most - 1], self._row(left, all_alike, most)]

    def _row(self, stations: Sequence[Station], all_alike: bool, most: int | None) -> Row:  # noqa: FBT001
        before = [it for station in stations for it in self.before.get(station, ())]
        return Row(
            arns=tuple(sorted({it[0].actor for it in stations})),
            moves=tuple(dict.fromkeys(it[0] for it in stations)),
            members=tuple(sorted((it for station in stations for it in self.members[station]), key=lambda it: it.rank)),
            rows=self._rows(before, all_alike, most) if before else [],
        )


def _chained(row: Row) -> Row:
    """The row, or one for the many that come one after the other, each from no other place; so all that comes to it."""
    run = [row]
    while len(run[-1].arns) == len(run[-1].rows) == len(run[-1].rows[0].arns) == 1:
        run.append(run[-1].rows[0])
    if len(run) <= LONGEST_CHAIN:
        row.rows = list(map(_chained, row.rows))
        return row
    return Row(
        arns=tuple(it.arns[0] for it in reversed(run)),
        moves=tuple(move for it in reversed(run) for move in it.moves),
        members=tuple(member for it in reversed(run) for member in it.members),
        rows=list(map(_chained, run[-1].rows)),
        chain=True,
    )


def trees(drawn: Iterable[Drawn]) -> list[Root]:
    """The trees of the paths, as much put together as it takes for a picture that can be looked at."""
    forest = Forest(drawn)
    found: list[Root] = []
    for all_alike, one_end in ((False, False), (True, False), (True, True)):
        found = forest.roots(all_alike=all_alike, one_end=one_end)
        if sum(row.lines for root in found for row in root.rows) <= MOST_LINES:
            return found
    return forest.roots(all_alike=True, one_end=True, most=MOST_ALIKE)


def titles(row: Row) -> list[str]:
    """What those of a row do, in words: a sentence for each way."""
    known = {it.id: it.title for it in techniques()}
    return [", then ".join(known.get(it, it) for it in way) for way in row.ways]


def answer(path: EscalationPath) -> str:
    """What there is to say of one principal."""
    who = short(path.resource)
    if path.administrator:
        return f"{who} is administrator already"
    if path.steps:
        return f"{who} can become administrator in {number(len(path.steps), 'step')}"
    others = f"; it can make {joined(map(short, path.others), NAMES)} administrator" if path.others else ""
    return f"{who} has no path to administrator{others}"


def risks(path: EscalationPath) -> Iterator[str]:
    """What makes it worse: no second factor, keys, doors to the outside."""
    if path.without_mfa:
        yield "no MFA"
    if path.oldest_key:
        yield f"key of {path.oldest_key:%Y-%m-%d}"
    if path.outside:
        yield "open to outsiders"


def counted(arns: Sequence[str]) -> str:
    """``12 users, 3 roles``."""
    kinds = Counter(short(arn).partition("/")[0] for arn in arns)
    return ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in sorted(kinds.items(), reverse=True))
