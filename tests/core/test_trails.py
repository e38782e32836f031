"""What the account's trails record together, and what a trail that was not seen leaves open."""

from typing import Any

import pytest

from auditor.core import sample_events
from auditor.core.model import Observed, Subject, Unavailable
from auditor.core.subjects.access_analyzer import EnabledRegion
from auditor.core.subjects.trails import AccountTrails, FieldSelector, RecordedRegion, Trail, TrailHolder
from auditor.policy.derive import derive
from tests.build import ACCOUNT, enabled_region, observed, selector, trail, trail_holder

REGIONS = ("eu-west-1", "us-east-1")
HIDDEN = trail("hidden").resource
DENIED = Unavailable(reason="denied")
CLOSED = Unavailable(reason="explicit deny in a service control policy", inapplicable=True)
HOLDER = trail_holder()
DATA_ONLY = (FieldSelector(field="eventCategory", equals=("Data",)),)


def known(kind: type[Subject], *trails: Trail, gaps: dict[str, Any] | None = None) -> Observed[Any]:
    facts = {
        EnabledRegion: observed(*map(enabled_region, REGIONS)),
        Trail: observed(*trails, gaps=gaps),
        TrailHolder: observed(HOLDER, gaps=gaps),
    }
    seen = derive(facts)[kind]
    assert isinstance(seen, Observed)
    return seen


def account(*trails: Trail, gaps: dict[str, Any] | None = None) -> AccountTrails | None:
    return next(iter(known(AccountTrails, *trails, gaps=gaps).subjects), None)


def unrecorded(*trails: Trail) -> tuple[str, ...]:
    seen = account(*trails)
    assert seen
    return seen.unrecorded


def test_multi_region_trails_that_log_are_the_accounts() -> None:
    seen = account(trail("b"), trail("a"), trail("here", multi_region=False), trail("stopped", logging=False))
    assert seen == AccountTrails(resource=ACCOUNT, uid="account", multi_region=("a", "b"))


def test_account_without_trails_is_there() -> None:
    everything = ("reads", "writes", "kms.amazonaws.com", "rdsdata.amazonaws.com")
    assert account() == AccountTrails(resource=ACCOUNT, uid="account", multi_region=(), unrecorded=everything)


@pytest.mark.parametrize(
    ("selectors", "left_out"),
    [
        ((selector(),), ()),
        ((selector(reads=False),), ("reads",)),
        ((selector(writes=False),), ("writes", "kms.amazonaws.com", "rdsdata.amazonaws.com")),
        ((selector(without=("kms.amazonaws.com",)),), ("kms.amazonaws.com",)),
        ((selector(reads=False), selector(writes=False)), ()),
        ((DATA_ONLY,), ("reads", "writes", "kms.amazonaws.com", "rdsdata.amazonaws.com")),
        ((), ("reads", "writes", "kms.amazonaws.com", "rdsdata.amazonaws.com")),
    ],
)
def test_selectors_leave_out_what_they_do_not_take(
    selectors: tuple[tuple[FieldSelector, ...], ...], left_out: tuple[str, ...]
) -> None:
    assert unrecorded(trail(selectors=selectors)) == left_out


def test_trails_record_together() -> None:
    halves = trail("a", selectors=(selector(reads=False),)), trail("b", selectors=(selector(writes=False),))
    assert unrecorded(*halves) == ()


@pytest.mark.parametrize(
    ("field", "takes"),
    [
        (FieldSelector(field="eventName"), True),
        (FieldSelector(field="eventName", equals=("Other", "StopLogging")), True),
        (FieldSelector(field="eventName", starts=("Stop",)), True),
        (FieldSelector(field="eventName", ends=("Trail",)), False),
        (FieldSelector(field="eventName", not_equals=("StopLogging",)), False),
        (FieldSelector(field="eventName", not_starts=("Start",)), True),
        (FieldSelector(field="eventName", not_ends=("Logging",)), False),
        (FieldSelector(field="eventName", starts=("Stop",), not_ends=("Logging",)), False),
        (FieldSelector(field="readOnly", equals=("false",)), True),
        (FieldSelector(field="userIdentity.arn", ends=(":assumed-role/operator/ana",)), True),
        (FieldSelector(field="userIdentity.arn.deeper", equals=("x",)), False),
        (FieldSelector(field="sessionCredentialFromConsole", not_equals=("true",)), True),
    ],
)
def test_field_selector_takes_what_its_operators_say(field: FieldSelector, *, takes: bool) -> None:
    event = sample_events.call(HOLDER, "cloudtrail.amazonaws.com", "StopLogging")
    assert field.takes(event) is takes
    assert trail(selectors=((field,),)).records(event) is takes


@pytest.mark.parametrize("gaps", [{HIDDEN: DENIED}, {"eu-west-1": DENIED, "us-east-1": DENIED}])
def test_account_whose_trails_were_not_seen_is_not_judged(gaps: dict[str, Unavailable]) -> None:
    seen = known(AccountTrails, trail(selectors=(selector(reads=False),)), gaps=gaps)
    assert seen.subjects == ()
    assert seen.gaps[ACCOUNT] == DENIED


def test_account_whose_regions_are_all_closed_is_not_judged() -> None:
    assert known(AccountTrails, gaps={"eu-west-1": CLOSED, "us-east-1": CLOSED}).gaps[ACCOUNT] == CLOSED


def test_account_is_judged_by_the_regions_that_answered_since_each_shows_every_multi_region_trail() -> None:
    seen = account(gaps={"eu-west-1": DENIED})
    assert seen
    assert seen.multi_region == ()


@pytest.mark.parametrize("gaps", [{HIDDEN: DENIED}, {"eu-west-1": DENIED, "us-east-1": DENIED}])
def test_account_with_a_trail_that_records_everything_is_fine_whatever_else_there_is(gaps: dict[str, Any]) -> None:
    seen = account(trail(), gaps=gaps)
    assert seen
    assert (seen.multi_region, seen.unrecorded) == (("all",), ())


def covered(*trails: Trail, gaps: dict[str, Any] | None = None) -> dict[str, tuple[str, ...]]:
    return {it.name: it.trails for it in known(RecordedRegion, *trails, gaps=gaps).subjects}


def test_regions_are_covered_by_multi_region_trails_and_those_at_home_in_them() -> None:
    here = trail("here", multi_region=False)
    assert covered(here) == {"eu-west-1": ("here",), "us-east-1": ()}
    assert covered(here, trail()) == {"eu-west-1": ("all", "here"), "us-east-1": ("all",)}


@pytest.mark.parametrize("fields", [{"logging": False}, {"selectors": (selector(writes=False),)}])
def test_trail_that_does_not_log_changes_covers_nothing(fields: dict[str, Any]) -> None:
    assert covered(trail(**fields)) == {"eu-west-1": (), "us-east-1": ()}


def test_region_that_did_not_answer_is_not_judged_unless_a_trail_is_seen_to_cover_it() -> None:
    gaps = {"us-east-1": DENIED}
    assert covered(gaps=gaps) == {"eu-west-1": ()}
    assert known(RecordedRegion, gaps=gaps).gaps == gaps
    assert covered(trail(), gaps=gaps) == {"eu-west-1": ("all",), "us-east-1": ("all",)}


def test_trail_whose_status_was_not_seen_leaves_every_region_open_that_no_other_covers() -> None:
    seen = known(RecordedRegion, trail("here", multi_region=False), gaps={HIDDEN: DENIED})
    assert [it.name for it in seen.subjects] == ["eu-west-1"]
    assert seen.gaps == {HIDDEN: DENIED, "us-east-1": DENIED}


def test_region_that_is_closed_stays_a_gap_by_design() -> None:
    assert known(RecordedRegion, gaps={"us-east-1": CLOSED}).gaps == {"us-east-1": CLOSED}
