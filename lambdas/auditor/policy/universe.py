"""Sets of an account's resources as whole numbers, bit by bit, so that 10,000 are met with one operation."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, reduce
from operator import or_

from auditor.policy.conditions import Known, seen
from auditor.policy.document import EVERY_RESOURCE
from auditor.policy.match import ARN_FIELDS, among, matches, whole

HEAD = ARN_FIELDS - 1
"""The fields of an ARN before its last one, in which there can be more colons."""


class Universe:
    """Resources in a fixed order: bit 0 of a set is the first."""

    def __init__(self, arns: Sequence[str], facts: Sequence[Known] = ()) -> None:
        """Of these ARNs; `facts` is what is known of requests on each."""
        self.arns, self.facts = tuple(arns), tuple(facts) or ({},) * len(arns)
        self.index = {arn: at for at, arn in enumerate(self.arns)}
        self.everything = (1 << len(self.arns)) - 1
        self._answers = dict[str, int]()
        self._values = dict[str, tuple[dict[str, int], int]]()

    @cached_property
    def _sorted(self) -> dict[int, list[str]]:
        """By how many colons they have."""
        found: dict[int, list[str]] = {}
        for arn in sorted(self.arns):
            found.setdefault(arn.count(":"), []).append(arn)
        return found

    @cached_property
    def _by_head(self) -> dict[int, dict[tuple[str, ...], list[str]]]:
        """By how many colons they have and by all fields but the last: the last ones."""
        found: dict[int, dict[tuple[str, ...], list[str]]] = {}
        for colons, arns in self._sorted.items():
            heads = found.setdefault(colons, {})
            for *head, rest in (arn.split(":", HEAD) for arn in arns if colons >= HEAD):
                heads.setdefault(tuple(head), []).append(rest)
        return found

    def matching(self, pattern: str) -> int:
        """Those that a pattern admits: a short ARN's missing fields are ``*``."""
        found = self._answers.get(pattern)
        if found is None:
            found = self._answers[pattern] = self._matching(pattern)
        return found

    def _matching(self, pattern: str) -> int:
        if EVERY_RESOURCE.fullmatch(pattern):
            return self.everything
        return self.of(self._admitted(whole(pattern)))

    def _admitted(self, pattern: str) -> Iterator[str]:
        """Where ARN and pattern have as many colons, no wildcard stands for one: each field is met by its own."""
        colons = pattern.count(":")
        for count, arns in self._sorted.items():
            if count == colons >= HEAD:
                yield from self._field_by_field(pattern)
            elif count >= colons:
                yield from among(arns, pattern)

    def _field_by_field(self, pattern: str) -> Iterator[str]:
        *wanted, last = pattern.split(":", HEAD)
        for head, rests in self._by_head[pattern.count(":")].items():
            if all(map(matches, wanted, head)):
                yield from (":".join((*head, rest)) for rest in among(rests, last))

    def having(self, key: str, values: Iterable[str]) -> int:
        """Those of which the key has one of these values, or of which it is unknown."""
        by_value, unknown = self._by_value(key)
        return reduce(or_, (by_value.get(it, 0) for it in values), unknown)

    def _by_value(self, key: str) -> tuple[dict[str, int], int]:
        if key not in self._values:
            found: dict[str, list[int]] = {}
            unknown = []
            for at, fact in enumerate(self.facts):
                values = seen(fact, key)
                if values is None:
                    unknown.append(at)
                for value in values or ():
                    found.setdefault(value, []).append(at)
            self._values[key] = {value: at_places(places) for value, places in found.items()}, at_places(unknown)
        return self._values[key]

    def of(self, arns: Iterable[str]) -> int:
        """The set of these, leaving out what it does not hold."""
        return at_places(self.index[arn] for arn in arns if arn in self.index)


def at_places(places: Iterable[int]) -> int:
    """The set of the members at these places."""
    found = bytearray()
    for place in places:
        if place >> 3 >= len(found):
            found.extend(bytes((place >> 3) + 1 - len(found)))
        found[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(found, "little")


def members(chosen: int) -> Iterator[int]:
    """The places of a set's members, in order."""
    for byte_at, byte in enumerate(chosen.to_bytes((chosen.bit_length() + 7) // 8, "little")):
        if byte:
            for bit in range(8):
                if byte >> bit & 1:
                    yield byte_at * 8 + bit


def first(chosen: int) -> int:
    """The place of the first member of a set that has one."""
    return (chosen & -chosen).bit_length() - 1
