"""Sets of an account's resources as whole numbers, bit by bit, so that 10,000 are met with one operation."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from auditor.policy.conditions import Known
from auditor.policy.document import EVERY_RESOURCE
from auditor.policy.match import among, whole


class Universe:
    """Resources in a fixed order: bit 0 of a set is the first."""

    def __init__(self, arns: Sequence[str], facts: Sequence[Known] = ()) -> None:
        """Of these ARNs; `facts` is what is known of requests on each."""
        self.arns, self.facts = tuple(arns), tuple(facts) or ({},) * len(arns)
        self.index = {arn: at for at, arn in enumerate(self.arns)}
        self.everything = (1 << len(self.arns)) - 1
        self._answers = dict[str, int]()

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.arns)

    def matching(self, pattern: str) -> int:
        """Those that a pattern admits: a short ARN's missing fields are ``*``."""
        found = self._answers.get(pattern)
        if found is None:
            found = self._answers[pattern] = self._matching(pattern)
        return found

    def _matching(self, pattern: str) -> int:
        if EVERY_RESOURCE.fullmatch(pattern):
            return self.everything
        return self.of(among(self._sorted, whole(pattern)))

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
