from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.decide import (
    DecisionError,
    acknowledge,
    close_account,
    end_exception,
    excuse,
    gone,
    make_exception,
    matched,
    miss,
)
from auditor.core.exceptions import ExceptionRule, Rules
from auditor.core.life import (
    NEVER,
    Acknowledgement,
    Change,
    Changes,
    Event,
    Header,
    Ledger,
    Missed,
    Resolution,
    Standing,
    Status,
)
from auditor.core.model import Membership
from auditor.core.reconcile import counted, reconcile
from tests.build import NOW, after, ago, audited, evaluation, events, exception_rule, finding, only

STALE = "stale-access-key"
ONE, TWO, THREE = (finding(uid).id for uid in ("AKIA1", "AKIA2", "AKIA3"))
NONE = Rules()

KNOWN = audited(
    evaluation(finding("AKIA1"), finding("AKIA2"), finding("AKIA3"), age=2),
    evaluation(finding("AKIA1"), finding("AKIA2"), age=1, looked_at={STALE: ("AKIA3",)}),
)
"""Two open findings, and a third that was mended yesterday."""


def by_hand(*rules: ExceptionRule) -> Ledger:
    """What is known once somebody has made these exceptions."""
    known = KNOWN
    for rule in rules:
        known = after(make_exception(known, rule, NONE, ago(0.5)), known)
    return known


def header(changes: Changes) -> Header:
    assert changes.header
    return changes.header


# Somebody has seen it.


def test_acknowledged_finding_says_by_whom_when_and_why_and_nothing_else_of_it_moves() -> None:
    changes = acknowledge(KNOWN, ONE, "ana", "until spring", NOW)
    seen, before = only(changes), KNOWN.records[ONE]
    assert seen == replace(
        before,
        event=Event.ACKNOWLEDGED,
        version=2,
        changed_at=NOW,
        acknowledged=Acknowledgement(by="ana", at=NOW, note="until spring"),
    )
    assert changes.transitions[0].before == before
    assert changes.header == KNOWN.header


def test_what_is_excepted_can_be_acknowledged_and_stays_excepted() -> None:
    seen = only(acknowledge(by_hand(exception_rule()), ONE, "ana", "", NOW))
    assert (seen.event, seen.standing, seen.version) == (Event.ACKNOWLEDGED, Standing.EXCEPTED, 3)


def test_what_came_back_can_be_acknowledged_again() -> None:
    known = after(acknowledge(KNOWN, ONE, "ana", "", ago(0.5)), KNOWN)
    known = audited(evaluation(looked_at={STALE: ("AKIA1",)}), evaluation(finding(), age=-1), ledger=known)
    again = only(acknowledge(known, ONE, "bo", "", ago(-2)))
    assert again.acknowledged == Acknowledgement(by="bo", at=ago(-2))


# An exception that somebody makes.


def test_exception_that_was_made_covers_at_once() -> None:
    rule = exception_rule(resource="AKIA1")
    changes = make_exception(KNOWN, rule, NONE, NOW)
    covered = only(changes)
    assert (covered.event, covered.exception, covered.changed_at) == (Event.EXCEPTED, rule, NOW)
    assert (covered.version, covered.status, covered.opened_at) == (2, Status.OPEN, ago(2))
    assert (changes.added, changes.removed) == (rule, None)
    assert (header(changes).open, header(changes).excepted) == ({"HIGH": 1}, 1)


def test_exception_covers_nothing_that_is_resolved() -> None:
    assert sorted(events(make_exception(KNOWN, exception_rule(), NONE, NOW))) == [
        ("AKIA1", Event.EXCEPTED),
        ("AKIA2", Event.EXCEPTED),
    ]


@pytest.mark.parametrize("rule", [exception_rule(check="unused-role"), exception_rule(ends=-1)])
def test_exception_that_covers_nothing_is_kept_all_the_same(rule: ExceptionRule) -> None:
    changes = make_exception(KNOWN, rule, NONE, NOW)
    assert changes == Changes(transitions=(), header=KNOWN.header, added=rule)


def test_longer_exception_takes_over_and_a_shorter_one_does_not() -> None:
    known = by_hand(exception_rule(resource="AKIA1"))
    longer, shorter = (exception_rule(resource="AKIA1", ends=days) for days in (20, 5))
    assert only(make_exception(known, longer, NONE, NOW)).exception == longer
    assert make_exception(known, shorter, NONE, NOW).transitions == ()


def test_exception_of_the_file_that_ends_later_covers_first() -> None:
    of_file = exception_rule(ends=30)
    changes = make_exception(KNOWN, exception_rule(), Rules(exceptions=(of_file,)), NOW)
    assert {it.after.exception for it in changes.transitions} == {of_file}


def test_exception_can_be_made_before_the_first_audit() -> None:
    assert make_exception(Ledger(), exception_rule(), NONE, NOW) == Changes(
        transitions=(), header=None, added=exception_rule()
    )


def test_next_audit_agrees_with_what_was_decided() -> None:
    known = by_hand(exception_rule(resource="AKIA1"))
    again = after(acknowledge(known, TWO, "ana", "", ago(0.4)), known)
    known = after(end_exception(again, exception_rule(resource="AKIA1").id, NONE, ago(0.3)), again)
    seen = audited(evaluation(finding("AKIA1"), finding("AKIA2")), ledger=known)
    assert seen.records == known.records


# An exception that somebody ends.


def test_end_by_hand_is_an_end_at_once() -> None:
    rule = exception_rule(resource="AKIA1")
    changes = end_exception(by_hand(rule), rule.id, NONE, NOW)
    ended = only(changes)
    assert (ended.event, ended.standing, ended.exception) == (Event.EXCEPTION_ENDED, Standing.OPEN, None)
    assert (ended.version, ended.changed_at) == (3, NOW)
    assert (changes.added, changes.removed) == (None, rule)
    assert (header(changes).open, header(changes).excepted) == ({"HIGH": 2}, 0)


def test_what_another_exception_covers_too_stays_excepted() -> None:
    short, long = (exception_rule(resource="AKIA1", ends=days) for days in (5, 20))
    changes = end_exception(by_hand(long, short), long.id, NONE, NOW)
    assert (only(changes).event, only(changes).exception) == (Event.EXCEPTED, short)
    assert end_exception(by_hand(long, short), short.id, NONE, NOW).transitions == ()


def test_what_the_file_excepts_stays_excepted() -> None:
    rule, of_file = exception_rule(resource="AKIA1"), exception_rule(resource="AKIA1", ends=1)
    changes = end_exception(by_hand(rule), rule.id, Rules(exceptions=(of_file,)), NOW)
    assert (only(changes).event, only(changes).exception) == (Event.EXCEPTED, of_file)


def test_exception_made_and_ended_leaves_only_its_history() -> None:
    rule = exception_rule()
    known = by_hand(rule)
    ended = after(end_exception(known, rule.id, NONE, NOW), known)
    assert (ended.exceptions, ended.header) == ((), KNOWN.header)
    assert {uid: it.exception for uid, it in ended.records.items()} == dict.fromkeys((ONE, TWO, THREE))
    assert {uid: it.version for uid, it in ended.records.items()} == {ONE: 3, TWO: 3, THREE: 2}


# An account that is no more.


def test_closed_account_has_nothing_open_not_even_what_was_excepted() -> None:
    known = by_hand(exception_rule(resource="AKIA2"))
    changes = close_account(known, NOW)
    assert sorted(events(changes)) == [("AKIA1", Event.RESOLVED), ("AKIA2", Event.RESOLVED)]
    assert {it.after.resolution for it in changes.transitions} == {Resolution.ACCOUNT_CLOSED}
    assert {it.after.standing for it in changes.transitions} == {Standing.RESOLVED}
    assert {it.after.changed_at for it in changes.transitions} == {NOW}
    assert (header(changes).open, header(changes).excepted) == ({}, 0)


def test_account_is_closed_once() -> None:
    closed = after(close_account(KNOWN, NOW), KNOWN)
    assert close_account(closed, NOW) == Changes(transitions=(), header=closed.header)


def test_account_that_was_never_audited_can_be_closed() -> None:
    assert close_account(Ledger(), NOW) == Changes(transitions=(), header=None)


def test_account_that_is_back_has_its_findings_back() -> None:
    closed = after(close_account(KNOWN, ago(0.5)), KNOWN)
    reopened = audited(evaluation(finding()), ledger=closed).records[ONE]
    assert (reopened.event, reopened.first_seen, reopened.version) == (Event.REOPENED, ago(2), 3)


# What cannot be done.

RULE = exception_rule(resource="AKIA1")
ACKNOWLEDGED = after(acknowledge(KNOWN, ONE, "ana", "", NOW), KNOWN)

REFUSALS: Mapping[str, tuple[Ledger, Callable[[Ledger], Changes], str]] = {
    "unknown": (KNOWN, lambda it: acknowledge(it, "f00", "bo", "", NOW), "finding f00 is unknown"),
    "never-audited": (Ledger(), lambda it: acknowledge(it, ONE, "bo", "", NOW), f"finding {ONE} is unknown"),
    "resolved": (
        KNOWN,
        lambda it: acknowledge(it, THREE, "bo", "", NOW),
        f"finding {THREE} is resolved since 2026-11-19",
    ),
    "acknowledged": (
        ACKNOWLEDGED,
        lambda it: acknowledge(it, ONE, "bo", "", NOW),
        f"finding {ONE} was acknowledged by ana",
    ),
    "made": (
        by_hand(RULE),
        lambda it: make_exception(it, RULE, NONE, NOW),
        f"exception {RULE.id} is there already, until 2026-11-30",
    ),
    "not-made": (KNOWN, lambda it: end_exception(it, RULE.id, NONE, NOW), f"exception {RULE.id} is unknown"),
    "of-the-file": (
        KNOWN,
        lambda it: end_exception(it, RULE.id, Rules(exceptions=(RULE,)), NOW),
        f"exception {RULE.id} is unknown",
    ),
}


@pytest.mark.parametrize("why", REFUSALS)
def test_refusal_says_why_and_changes_nothing(why: str) -> None:
    ledger, decide, message = REFUSALS[why]
    before = deepcopy(ledger)
    with pytest.raises(DecisionError) as refused:
        decide(ledger)
    assert str(refused.value) == message
    assert ledger == before


# Before it is decided: what a rule is about.


def test_rule_is_tried_on_what_is_open() -> None:
    about, left = matched(KNOWN, exception_rule(resource="*2"), NONE)
    assert ([it.finding.uid for it in about], [it.finding.uid for it in left]) == (["AKIA2"], ["AKIA1"])


# Whatever is decided, in whatever order.

RULES = [exception_rule(resource=it, ends=days) for it in ("*", "AKIA1", "AKIA?") for days in (-1, 3)]
FILE = Rules(exceptions=(exception_rule(resource="AKIA2", ends=1),))
ids, rules_made, standing = st.sampled_from([ONE, TWO, THREE]), st.sampled_from(RULES), st.sampled_from([NONE, FILE])
decisions = st.one_of(
    st.tuples(st.just(acknowledge), ids, st.just("ana"), st.just("")),
    st.tuples(st.just(make_exception), rules_made, standing),
    st.tuples(st.just(end_exception), rules_made.map(lambda it: it.id), standing),
    st.tuples(st.just(close_account)),
)


def decided(*taken: tuple[Any, ...]) -> list[tuple[Ledger, Changes]]:
    """Each decision that was not refused: what was known before it, and what it changed."""
    known, done = KNOWN, []
    for number, (decide, *said) in enumerate(taken):
        try:
            changes = decide(known, *said, NOW + timedelta(minutes=number))
        except DecisionError:
            continue
        done.append((known, changes))
        known = after(changes, known)
    return done


def step(change: Change) -> tuple[Any, ...]:
    """What no decision may move, and that the version moved by one."""
    before, record = change.before, change.after
    assert before
    same = before.first_seen == record.first_seen and before.opened_at == record.opened_at
    return (
        same,
        record.version - before.version,
        before.finding == record.finding,
        record.changed_at > before.changed_at,
    )


@given(st.lists(decisions, max_size=6))
def test_every_decision_is_the_next_step_of_each_life_it_touches(taken: list[tuple[Any, ...]]) -> None:
    for known, changes in decided(*taken):
        touched = [it.after.finding.id for it in changes.transitions]
        assert len(set(touched)) == len(touched)
        assert [it.before for it in changes.transitions] == [known.records[it] for it in touched]
        assert {step(it) for it in changes.transitions} <= {(True, 1, True, True)}


@given(st.lists(decisions, max_size=6))
def test_decision_counts_what_is_open_and_says_nothing_about_audits(taken: list[tuple[Any, ...]]) -> None:
    for known, changes in decided(*taken):
        assert known.header
        told = counted(known.header, after(changes, known).records.values())
        assert changes.header
        at = max(changes.header.seen.values(), default=NOW)
        closed = replace(told, seen=dict.fromkeys(told.seen, at), closed=True)
        assert changes.header in (told, closed)


def test_audit_gathered_before_an_account_was_closed_opens_nothing_again() -> None:
    known = audited(evaluation(finding(), age=3))
    closed = after(close_account(known, ago(1)), known)
    assert reconcile(evaluation(finding(), age=2), closed).transitions == ()
    assert events(reconcile(evaluation(finding()), closed)) == [("AKIA1", Event.REOPENED)]


@given(st.lists(decisions, max_size=6))
def test_decision_changes_nothing_that_says_the_same(taken: list[tuple[Any, ...]]) -> None:
    for _, changes in decided(*taken):
        for it in changes.transitions:
            assert it.before
            assert (it.before.standing, it.before.exception, it.before.acknowledged) != (
                *(it.after.standing, it.after.exception, it.after.acknowledged),
            )


def test_account_with_exceptions_alone_is_not_audited_by_a_decision() -> None:
    """The table has written a header for it, which says only that somebody wrote."""
    known = Ledger(header=Header(evidence_at=NEVER, version=1), exceptions=(RULE,))
    assert end_exception(known, RULE.id, NONE, NOW) == Changes(transitions=(), header=known.header, removed=RULE)


# A run could not look into the account, or nobody needs to.


def missed(ledger: Ledger, at: float = 0, reason: str = "AccessDenied") -> Ledger:
    return after(miss(ledger, ago(at), reason), ledger)


def test_missed_account_keeps_all_that_is_known_of_it() -> None:
    changes = miss(KNOWN, NOW, "AccessDenied")
    assert changes.transitions == ()
    assert KNOWN.header
    assert header(changes) == replace(KNOWN.header, missed=Missed(at=NOW, reason="AccessDenied"))
    assert header(changes).blind == {"account-not-audited": "AccessDenied"}


def test_account_that_was_never_audited_can_be_missed() -> None:
    changes = miss(Ledger(), NOW, "AccessDenied")
    assert header(changes) == Header(evidence_at=NEVER, missed=Missed(at=NOW, reason="AccessDenied"))
    assert not header(changes).audited


def test_account_that_was_audited_at_the_clock_or_later_was_not_missed() -> None:
    for at in (1, 1.5):
        changes = miss(KNOWN, ago(at), "AccessDenied")
        assert changes == Changes(transitions=(), header=KNOWN.header)


def test_run_that_is_repeated_says_what_came_of_it_last() -> None:
    again = miss(missed(KNOWN), NOW, "Throttled")
    assert header(again).missed == Missed(at=NOW, reason="Throttled")


def test_older_run_takes_nothing_back_of_what_a_newer_one_missed() -> None:
    known = missed(KNOWN)
    assert miss(known, ago(0.5), "long ago").header == known.header
    never = missed(Ledger())
    assert miss(never, ago(0.5), "long ago").header == never.header


def test_audit_at_the_clock_of_the_run_that_missed_it_makes_good_for_it() -> None:
    assert header(reconcile(evaluation(), missed(KNOWN))).missed is None
    assert header(reconcile(evaluation(), missed(Ledger()))).missed is None


def test_audit_before_the_run_that_missed_it_does_not() -> None:
    known = missed(KNOWN)
    assert header(reconcile(evaluation(age=0.5), known)).missed == Missed(at=NOW, reason="AccessDenied")


def test_excused_account_is_as_if_nobody_had_missed_it() -> None:
    assert KNOWN.header
    assert excuse(missed(KNOWN)) == Changes(transitions=(), header=replace(KNOWN.header, excused=True))
    assert excuse(Ledger()) == Changes(transitions=(), header=None)
    assert excuse(missed(Ledger())).header == Header(evidence_at=NEVER, excused=True)


def test_audit_of_an_excused_account_excuses_it_no_more() -> None:
    assert KNOWN.header
    excused = replace(KNOWN, header=excuse(KNOWN).header)
    assert not header(reconcile(evaluation(finding("AKIA1"), age=-1), excused)).excused


def test_gone_account_is_missed_unless_somebody_has_closed_it() -> None:
    assert header(gone(KNOWN, NOW, "left")).missed == Missed(at=NOW, reason="left")
    closed = after(close_account(KNOWN, NOW), KNOWN)
    assert gone(closed, NOW + timedelta(days=1), "left") == Changes(transitions=(), header=closed.header)


def test_account_that_is_planned_is_missed_though_it_was_closed() -> None:
    closed = after(close_account(KNOWN, NOW), KNOWN)
    again = header(miss(closed, NOW + timedelta(days=1), "no role"))
    assert (again.closed, again.missed) == (False, Missed(at=NOW + timedelta(days=1), reason="no role"))


def test_place_of_a_missed_account_is_as_told_now_with_the_tags_that_were_known() -> None:
    assert KNOWN.header
    here = replace(KNOWN, header=replace(KNOWN.header, membership=Membership(name="old", tags={"a": "b"})))
    moved = header(miss(here, NOW + timedelta(days=1), "no role", Membership(name="new", path=("r-1",))))
    assert moved.membership == Membership(name="new", path=("r-1",), tags={"a": "b"})


def test_closed_account_is_missed_no_more_and_the_next_audit_opens_it() -> None:
    known = missed(KNOWN)
    closed = after(close_account(known, NOW), known)
    assert closed.header
    assert (closed.header.missed, closed.header.closed, closed.header.blind) == (None, True, {})
    assert not header(reconcile(evaluation(finding("AKIA1"), age=-1), closed)).closed


def test_closed_account_that_was_never_audited_is_closed() -> None:
    known = missed(Ledger())
    assert close_account(known, NOW) == Changes(transitions=(), header=Header(evidence_at=NEVER, closed=True))


def test_closed_account_that_a_later_run_misses_is_closed_no_more() -> None:
    closed = after(close_account(KNOWN, ago(0.5)), KNOWN)
    assert not header(miss(closed, NOW, "AccessDenied")).closed
