from hypothesis import given
from hypothesis import strategies as st

from auditor.policy.match import matches, whole
from auditor.policy.universe import Universe, at_places, first, members

NAMES = st.text("ab/-", min_size=1, max_size=4)
PATTERNS = st.text("ab/-*?", min_size=1, max_size=5)


def arn(name: str) -> str:
    return f"arn:aws:iam::111122223333:user/{name}"


@given(st.lists(NAMES, unique=True), PATTERNS)
def test_a_pattern_finds_what_it_matches_one_by_one(names: list[str], pattern: str) -> None:
    universe = Universe([arn(name) for name in names])
    expected = {at for at, it in enumerate(universe.arns) if matches(whole(arn(pattern)), it)}
    assert set(members(universe.matching(arn(pattern)))) == expected


@given(st.sets(st.integers(0, 300)))
def test_a_set_of_places_has_these_members(places: set[int]) -> None:
    assert list(members(at_places(places))) == sorted(places)
    assert not places or first(at_places(places)) == min(places)


def test_everything_and_short_patterns_admit_all() -> None:
    universe = Universe([arn("ana"), "arn:aws:iam::111122223333:role/deploy"])
    assert universe.matching("*") == universe.matching("arn:aws:iam::*") == universe.everything == 0b11
    assert universe.matching("arn:aws:iam::111122223333:user/*") == 0b01


def test_what_it_does_not_hold_is_in_none_of_its_sets() -> None:
    universe = Universe([arn("ana")])
    assert universe.of([arn("bob")]) == universe.matching(arn("bob")) == 0
    assert universe.of([arn("bob"), arn("ana")]) == 1
