"""The search finds every path that was made, and none that was not, by every way to grant and to withhold."""

from collections import Counter
from functools import cache

import pytest

from auditor.policy.techniques import techniques
from tests.policy.escalations import AT_LEAST, Case, covering
from tests.policy.escalations.ways import GRANTS, WITHHOLDS

PARTS = 8
"""In which the cases are told, so that several processes can judge them."""


@cache
def cases() -> tuple[Case, ...]:
    return tuple(covering())


def wrong(case: Case) -> str:
    verdict = case.judged()
    return verdict.wrong and f"{case.name}: {case.stage.begins.arn.rpartition(':')[2]} {verdict.wrong}"


@pytest.mark.parametrize("part", range(PARTS))
def test_every_path_is_found_and_no_other(part: int) -> None:
    told = [it for it in map(wrong, cases()[part::PARTS]) if it]
    assert not told, "\n".join(told)


def test_every_way_and_every_technique_is_covered() -> None:
    assert {it.way.name for it in cases()} == {it.name for it in (*GRANTS, *WITHHOLDS)}
    by_technique = Counter((it.technique.id, it.way.grants) for it in cases())
    assert {key: count for key, count in by_technique.items() if count < AT_LEAST} == {}
    assert len(by_technique) == 2 * len(techniques())


def test_names_of_ways_are_their_own() -> None:
    for ways in (GRANTS, WITHHOLDS):
        assert [name for name, count in Counter(it.name for it in ways).items() if count > 1] == []
