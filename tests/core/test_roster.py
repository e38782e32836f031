"""Which accounts a run is about, whatever the organization and the settings say of them."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.life import NEVER
from auditor.core.roster import (
    LEFT,
    OUTSIDE,
    SKIPPED,
    STRANGER,
    UNLISTED,
    Assignment,
    Known,
    Listed,
    Listing,
    Roster,
    RosterError,
    Run,
    Selection,
    Work,
    roster,
    unreached,
    whole,
)
from tests.build import NOW, ago

HERE, PROD, DEV, OLD, NEW = "111111111111", "222222222222", "333333333333", "444444444444", "555555555555"
ROOT, PRODUCTION, SANDBOX = "r-1", "ou-1-prod", "ou-1-sandbox"
UNITS = frozenset({ROOT, PRODUCTION, SANDBOX, f"{SANDBOX}-deep"})
ALONE = Selection(here=HERE)
ALL = Selection(here=HERE, organization="o-1")


def listing(**states: str) -> Listing:
    """The deployment's account at the root, one in production, one deep in the sandbox; in other states if it says."""
    paths = {HERE: (ROOT,), PROD: (ROOT, PRODUCTION), DEV: (ROOT, SANDBOX, f"{SANDBOX}-deep")}
    known = {"here": HERE, "prod": PROD, "dev": DEV}
    state = {known[name]: it for name, it in states.items()}
    accounts = (Listed(account=it, state=state.get(it, "ACTIVE"), path=path) for it, path in paths.items())
    return Listing(accounts=tuple(accounts), units=UNITS)


def known(account: str, age: float | None = 1, missed: float | None = None) -> Known:
    """An account that was audited (None: never) and missed so many days ago."""
    evidence_at = NEVER if age is None else ago(age)
    return Known(account=account, evidence_at=evidence_at, missed_at=None if missed is None else ago(missed))


def plan(selection: Selection = ALL, seen: Listing | None = None, *before: Known) -> Roster:
    return roster(selection, seen, before, NOW)


def work(it: Roster) -> dict[str, Work]:
    """What is done about each account, if it is one thing."""
    assert len({one.account for one in it.assignments}) == len(it.assignments)
    return {one.account: one.work for one in it.assignments}


def audits(*accounts: str) -> dict[str, Work]:
    return dict.fromkeys(accounts, Work.AUDIT)


# --- who is selected ----------------------------------------------------------------------------------------------

SELECTIONS: dict[str, tuple[Selection, Listing | None, set[str]]] = {
    "alone": (ALONE, None, {HERE}),
    "a list": (replace(ALONE, listed=frozenset({PROD, NEW})), None, {HERE, PROD, NEW}),
    "everything": (ALL, listing(), {HERE, PROD, DEV}),
    "a unit": (replace(ALL, units=frozenset({PRODUCTION})), listing(), {HERE, PROD}),
    "a unit far above": (replace(ALL, units=frozenset({SANDBOX})), listing(), {HERE, DEV}),
    "the root": (replace(ALL, units=frozenset({ROOT})), listing(), {HERE, PROD, DEV}),
    "a list of the organization": (replace(ALL, listed=frozenset({DEV})), listing(), {HERE, DEV}),
    "a unit and a list": (
        replace(ALL, units=frozenset({PRODUCTION}), listed=frozenset({DEV})),
        listing(),
        {HERE, PROD, DEV},
    ),
    "all but one": (replace(ALL, excluded={DEV: "sandbox"}), listing(), {HERE, PROD}),
    "all but here": (replace(ALL, excluded={HERE: "elsewhere"}), listing(), {PROD, DEV}),
    "a list but one": (
        replace(ALONE, listed=frozenset({PROD, DEV}), excluded={DEV: "sandbox"}),
        None,
        {HERE, PROD},
    ),
}


@pytest.mark.parametrize(("selection", "seen", "expected"), SELECTIONS.values(), ids=SELECTIONS)
def test_accounts_are_those_of_the_settings(selection: Selection, seen: Listing | None, expected: set[str]) -> None:
    it = plan(selection, seen)
    assert it.planned == tuple(sorted(expected))
    assert work(it) == audits(*expected)
    assert it.lost == ()


def test_skipped_accounts_have_their_reasons() -> None:
    selection = replace(ALL, units=frozenset({SANDBOX}), excluded={HERE: "moves next week"})
    assert plan(selection, listing()).skipped == {PROD: OUTSIDE, HERE: "excluded: moves next week"}


@pytest.mark.parametrize("state", [*SKIPPED, "FROZEN"])
def test_account_that_is_not_active_is_skipped(state: str) -> None:
    it = plan(ALL, listing(prod=state))
    assert it.planned == (HERE, DEV)
    assert it.skipped == {PROD: SKIPPED.get(state, "AWS says it is FROZEN")}
    assert work(it) == audits(HERE, DEV)


def test_unit_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(RosterError, match=r"^o-1 has no organizational unit ou-1-a, ou-1-b$"):
        plan(replace(ALL, units=frozenset({"ou-1-b", "ou-1-a", PRODUCTION})), listing())


def test_unit_without_an_active_account_is_an_error_though_the_deployments_own_is_left() -> None:
    with pytest.raises(
        RosterError, match=r"^no account is left to audit in ou-1-prod \(222222222222: AWS has suspended"
    ):
        plan(replace(ALL, units=frozenset({PRODUCTION})), listing(prod="SUSPENDED"))


def test_nothing_left_to_audit_is_an_error() -> None:
    selection = replace(ALL, excluded={HERE: "elsewhere"})
    with pytest.raises(RosterError, match=r"^no account is left to audit in o-1 \(111111111111: excluded: elsewhere; "):
        plan(selection, listing(prod="SUSPENDED", dev="SUSPENDED"))
    with pytest.raises(RosterError, match="no account is left to audit in the settings"):
        plan(replace(ALONE, excluded={HERE: "elsewhere"}))


def test_listed_stranger_is_not_audited() -> None:
    it = plan(replace(ALL, listed=frozenset({PROD, NEW})), listing())
    assert it.planned == (HERE, PROD, NEW)
    assert it.assignments == (
        Assignment(account=HERE, work=Work.AUDIT),
        Assignment(account=PROD, work=Work.AUDIT),
        Assignment(account=NEW, work=Work.MISS, reason=STRANGER),
    )


def test_own_account_is_no_stranger_though_the_organization_does_not_list_it() -> None:
    assert work(plan(replace(ALL, here=NEW), listing()))[NEW] is Work.AUDIT


# --- what was there before ----------------------------------------------------------------------------------------


def test_account_that_left_the_organization_is_missed_and_lost() -> None:
    it = plan(ALL, listing(), known(PROD), known(OLD))
    assert Assignment(account=OLD, work=Work.GONE, reason=LEFT) in it.assignments
    assert it.lost == (OLD,)
    assert OLD not in it.planned


def test_account_that_the_settings_list_no_more_is_missed_and_lost() -> None:
    it = plan(ALONE, None, known(HERE), known(OLD))
    assert it.assignments == (
        Assignment(account=OLD, work=Work.GONE, reason=UNLISTED),
        Assignment(account=HERE, work=Work.AUDIT),
    )
    assert it.lost == (OLD,)


def test_account_that_was_excluded_is_not_lost() -> None:
    selection = replace(ALL, excluded={OLD: "sold", DEV: "sandbox"})
    it = plan(selection, listing(), known(OLD), known(DEV))
    assert (it.lost, work(it)) == ((), dict.fromkeys((OLD, DEV), Work.EXCUSE) | audits(HERE, PROD))


@pytest.mark.parametrize("state", ["SUSPENDED", "PENDING_CLOSURE"])
def test_account_that_is_suspended_now_is_lost_and_keeps_its_findings(state: str) -> None:
    it = plan(ALL, listing(prod=state), known(PROD))
    assert (it.lost, work(it)) == ((PROD,), {PROD: Work.EXCUSE} | audits(HERE, DEV))


def test_account_that_was_moved_out_of_the_units_is_lost() -> None:
    it = plan(replace(ALL, units=frozenset({PRODUCTION})), listing(), known(DEV))
    assert (it.lost, work(it)) == ((DEV,), {DEV: Work.EXCUSE} | audits(HERE, PROD))


def test_account_that_is_lost_is_so_once() -> None:
    suspended = plan(ALL, listing(prod="SUSPENDED"), replace(known(PROD), excused=True))
    assert (suspended.lost, work(suspended)) == ((), audits(HERE, DEV))
    assert plan(ALL, listing(), known(OLD, missed=1)).lost == ()


def test_account_that_was_skipped_and_then_left_is_gone() -> None:
    it = plan(ALL, listing(), replace(known(OLD), excused=True))
    assert Assignment(account=OLD, work=Work.GONE, reason=LEFT) in it.assignments


def test_closed_account_is_ended_if_it_is_known_and_not_lost() -> None:
    closed = listing(prod="CLOSED", dev="CLOSED")
    it = plan(ALL, closed, known(PROD, missed=1))
    assert it.assignments == (
        Assignment(account=PROD, work=Work.END, reason="the account is closed"),
        Assignment(account=HERE, work=Work.AUDIT),
    )
    assert it.lost == ()


@pytest.mark.parametrize("selection", [replace(ALL, excluded={PROD: "sold"}), ALL], ids=["excluded", "suspended"])
def test_account_that_was_missed_and_is_skipped_now_is_excused(selection: Selection) -> None:
    it = plan(selection, listing(prod="SUSPENDED"), known(PROD, missed=1), known(DEV, age=None, missed=1))
    assert work(it) == {PROD: Work.EXCUSE} | audits(HERE, DEV)


# --- the same clock again -----------------------------------------------------------------------------------------


def test_same_clock_again_audits_only_whom_it_has_not_audited() -> None:
    it = plan(ALL, listing(), known(HERE, age=0), known(PROD, age=0.1, missed=0))
    assert it.planned == (HERE, PROD, DEV)
    assert work(it) == audits(PROD, DEV)


def test_account_that_was_audited_later_than_the_clock_is_done() -> None:
    assert work(plan(ALL, listing(), known(HERE, age=-1))) == audits(PROD, DEV)


def test_run_that_is_done_has_nothing_to_do() -> None:
    assert plan(ALL, listing(), *(known(it, age=0) for it in (HERE, PROD, DEV))).assignments == ()


# --- what became of it --------------------------------------------------------------------------------------------


def test_unreached_accounts_are_neither_audited_nor_missed_at_the_clock() -> None:
    given = plan(ALL, listing())
    now = [known(HERE, age=0), known(PROD, missed=1)]
    assert unreached(given, now, NOW) == [PROD, DEV]
    assert unreached(given, [*now[:1], known(PROD, missed=0), known(DEV, age=None, missed=0)], NOW) == []


def test_run_is_summed_up() -> None:
    given = plan(ALL, listing(dev="CLOSED"), known(DEV), known(OLD))
    now = [known(HERE, age=0), known(PROD, missed=0), known(OLD, missed=0)]
    assert whole(given, now, NOW, {"the account is closed": 1}, "") == Run(
        clock=NOW,
        planned=2,
        audited=1,
        not_audited=2,
        ended=1,
        skipped={"the account is closed": 1},
        lost=(OLD,),
        finished=True,
    )


@pytest.mark.parametrize(
    ("missed", "tolerated", "failure"),
    [
        (0, 0, ""),
        (1, 0, "1 of 5 accounts could not be audited"),
        (1, 20, ""),
        (2, 20, "2 of 5 accounts could not be audited"),
        (5, 100, ""),
    ],
)
def test_run_has_failed_if_it_missed_more_than_is_tolerated(missed: int, tolerated: int, failure: str) -> None:
    assert Run(clock=NOW, planned=5, audited=5 - missed, not_audited=missed + 2).failure(tolerated) == failure


def test_run_that_broke_off_has_failed_whatever_is_tolerated() -> None:
    assert Run(clock=NOW, planned=5, error="RosterError: no").failure(100) == "RosterError: no"


# --- whatever there is --------------------------------------------------------------------------------------------

accounts = st.sampled_from([HERE, PROD, DEV, OLD, NEW])
anything = st.fixed_dictionaries(
    {
        "selection": st.builds(
            Selection,
            here=st.just(HERE),
            organization=st.just("o-1"),
            units=st.frozensets(st.sampled_from(sorted(UNITS))),
            listed=st.frozensets(accounts),
            excluded=st.dictionaries(accounts, st.just("because")),
        ),
        "listing": st.none()
        | st.builds(
            lambda here, prod, dev: listing(here=here, prod=prod, dev=dev),
            *[st.sampled_from(["ACTIVE", *SKIPPED])] * 3,
        ),
        "known": st.lists(
            st.builds(known, accounts, st.sampled_from([None, 0, 1]), st.sampled_from([None, 0, 1])),
            unique_by=lambda it: it.account,
        ),
    }
)


@given(anything)
def test_no_account_is_forgotten_and_none_is_done_twice(given_: dict[str, Any]) -> None:
    before = {it.account: it for it in given_["known"]}
    try:
        it = roster(**given_, clock=NOW)
    except RosterError:
        return
    assert set(it.planned).isdisjoint(it.skipped)
    told = work(it)
    seen = {one.account for one in given_["listing"].accounts} if given_["listing"] else set()
    for account in {*before, *seen, HERE, *given_["selection"].listed}:
        assert account in told or account in it.skipped or before[account].audited(NOW)
    assert {account for account, what in told.items() if what is Work.AUDIT} <= set(it.planned)
    assert {account for account, what in told.items() if what is Work.END} <= set(it.skipped) & before.keys()
