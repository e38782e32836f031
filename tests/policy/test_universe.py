from hypothesis import given
from hypothesis import strategies as st

from auditor.policy.document import EVERY_RESOURCE
from auditor.policy.match import matches, whole
from auditor.policy.universe import Universe, at_places, first, members
from tests.work import lines

NAMES = st.text("ab/-", min_size=1, max_size=4)
PATTERNS = st.text("ab/-*?", min_size=1, max_size=5)


def arn(name: str) -> str:
    return f"arn:aws:iam::111122223333:user/{name}"


@given(st.lists(NAMES, unique=True), PATTERNS)
def test_a_pattern_finds_what_it_matches_one_by_one(names: list[str], pattern: str) -> None:
    universe = Universe([arn(name) for name in names])
    expected = {at for at, it in enumerate(universe.arns) if matches(whole(arn(pattern)), it)}
    assert set(members(universe.matching(arn(pattern)))) == expected


ANY_ARNS = st.builds(
    "arn:{}:{}::{}:{}".format,
    st.sampled_from(["aws", "aws-cn"]),
    st.sampled_from(["iam", "sns"]),
    st.sampled_from(["1", "12"]),
    st.text("ab:/", max_size=5),
)
ANY_PATTERNS = st.lists(
    st.sampled_from(["arn", "aws", "iam", "", "*", "?", "1*", "1?", "a*", "??", "*b", "aws*", "i*m"]),
    min_size=1,
    max_size=8,
).map(":".join)


@given(st.lists(ANY_ARNS, unique=True, max_size=6), ANY_PATTERNS | ANY_PATTERNS.map("arn:*:{}".format))
def test_a_wildcard_can_stand_for_fields_that_all_share_and_for_colons(arns: list[str], pattern: str) -> None:
    universe = Universe(arns)
    expected = {at for at, it in enumerate(arns) if EVERY_RESOURCE.fullmatch(pattern) or matches(whole(pattern), it)}
    assert set(members(universe.matching(pattern))) == expected


def test_a_star_for_the_account_is_found_among_ten_thousand_as_among_ten() -> None:
    few, many = (Universe([arn(f"app{at}-x") for at in range(size)]) for size in (10, 10_000))
    assert many.matching("arn:aws:iam::*:user/app7-*") == few.matching("arn:aws:iam::*:user/app7-*") == 1 << 7
    work = [lines(lambda it=it: it.matching("arn:aws:iam::*:user/app8-*")) for it in (few, many)]  # type: ignore[misc]
    assert work[1] < 2 * work[0]


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
