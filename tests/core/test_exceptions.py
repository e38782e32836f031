from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auditor.core.evaluate import Evaluation
from auditor.core.exceptions import (
    ENDING,
    LONGEST,
    SHORTEST_REASON,
    ExceptionRule,
    Rules,
    ending,
)
from auditor.core.life import NEVER, Changes, Event, Header, Ledger, Record, Resolution, Standing, Status
from auditor.core.model import Owner
from auditor.core.reconcile import reconcile
from tests.build import (
    ACCOUNT,
    NOW,
    after,
    ago,
    audited,
    evaluation,
    events,
    exception_rule,
    finding,
    only,
    skip,
)

STALE = "stale-access-key"
TODAY = NOW.date()
DAY = timedelta(days=1)


# What a rule has to say.


def test_whole_rule_is_without_fault() -> None:
    assert exception_rule().faults(TODAY) == []


def test_rule_may_be_about_anything_by_its_tag_alone() -> None:
    assert exception_rule(account="*", check="*", tag=("team", "*")).faults(TODAY) == []


@pytest.mark.parametrize(
    ("fields", "begins"),
    [
        ({"account": ""}, "account: ''"),
        ({"account": "11112222333"}, "account: '11112222333'"),
        ({"account": "1111222233334"}, "account: "),
        ({"account": f"{ACCOUNT}\n"}, "account: "),
        ({"account": "١١١١٢٢٢٢٣٣٣٣"}, "account: "),
        ({"account": "1111*"}, "account: "),
        ({"resource": ""}, "resource: "),
        ({"resource": " \n"}, "resource: "),
        ({"tag": ("", "x")}, "tag: "),
        ({"tag": ("team", " ")}, "tag: "),
        ({"reason": ""}, "reason: ''"),
        ({"reason": "x" * (SHORTEST_REASON - 1)}, "reason: "),
        ({"reason": " " * SHORTEST_REASON + "x"}, "reason: "),
        ({"owner": "\t"}, "owner: "),
        ({"until": TODAY + LONGEST + DAY}, "until: 2027-11-22"),
    ],
)
def test_fault_is_told_by_its_field(fields: dict[str, Any], begins: str) -> None:
    (fault,) = exception_rule(**fields).faults(TODAY)
    assert fault.startswith(begins)


def test_every_fault_is_told_at_once() -> None:
    bad = exception_rule(account="x", resource="", tag=("", ""), reason="", owner="", ends=400)
    fields = [it.partition(":")[0] for it in bad.faults(TODAY)]
    assert fields == ["account", "resource", "tag", "reason", "owner", "until"]


@pytest.mark.parametrize("fields", [{"reason": "x" * SHORTEST_REASON}, {"until": TODAY + LONGEST}, {"ends": -1}])
def test_what_is_just_enough_is_no_fault(fields: dict[str, Any]) -> None:
    assert exception_rule(**fields).faults(TODAY) == []


def test_same_rule_has_the_same_id() -> None:
    assert exception_rule(tag=("team", "a")).id == exception_rule(tag=("team", "a")).id
    assert exception_rule().id == "x-" + exception_rule().id.removeprefix("x-")[:12]


OTHERWISE: dict[str, Any] = {
    "account": "444455556666",
    "check": "idle-access-key",
    "resource": "AKIA1",
    "tag": ("team", "payments"),
    "reason": "another reason",
    "owner": "somebody else",
    "until": TODAY,
}


@pytest.mark.parametrize("field", OTHERWISE)
def test_other_rule_has_another_id(field: str) -> None:
    assert exception_rule(**{field: OTHERWISE[field]}).id != exception_rule().id


@pytest.mark.parametrize("field", ["account", "check", "resource", "tag"])
def test_rule_is_unlimited_only_without_any_limit(field: str) -> None:
    everything = exception_rule(account="*", check="*")
    assert everything.unlimited
    assert not replace(everything, **{field: OTHERWISE[field]}).unlimited


# What a rule is about.


def test_last_day_is_covered_and_the_next_one_is_not() -> None:
    rule = exception_rule(ends=0)
    assert (rule.active(TODAY - DAY), rule.active(TODAY), rule.active(TODAY + DAY)) == (True, True, False)


@pytest.mark.parametrize(
    ("fields", "about"),
    [
        ({}, True),
        ({"account": "*"}, True),
        ({"account": "444455556666"}, False),
        ({"check": "*"}, True),
        ({"check": "stale-*"}, False),
        ({"check": "idle-access-key"}, False),
        ({"resource": "AKIA1"}, True),
        ({"resource": "AKIA?"}, True),
        ({"resource": "A*1"}, True),
        ({"resource": "AKIA"}, False),
        ({"resource": "KIA1"}, False),
        ({"resource": "akia1"}, False),
        ({"resource": "AKIA??"}, False),
        ({"ends": -1}, True),
    ],
)
def test_rule_is_about_what_its_matcher_says(fields: dict[str, Any], about: bool) -> None:  # noqa: FBT001
    assert exception_rule(**fields).matches(finding()) is about


@pytest.mark.parametrize(
    ("tag", "about"),
    [
        (("team", "payments"), True),
        (("team", "pay*"), True),
        (("team", "*"), True),
        (("team", "pay"), False),
        (("team", "Payments"), False),
        (("Team", "payments"), False),
        (("te*", "payments"), False),
        (("owner", "*"), False),
    ],
)
def test_tag_is_a_key_with_a_glob_over_its_value(tag: tuple[str, str], about: bool) -> None:  # noqa: FBT001
    assert exception_rule(tag=tag).matches(finding(tags={"team": "payments", "env": "prod"})) is about


def test_everything_that_a_rule_names_has_to_be_so() -> None:
    rule = exception_rule(resource="AKIA1", tag=("team", "a"))
    assert rule.matches(finding("AKIA1", tags={"team": "a"}))
    assert not rule.matches(finding("AKIA2", tags={"team": "a"}))
    assert not rule.matches(finding("AKIA1", tags={"team": "b"}))


def test_account_of_the_same_number_in_another_partition_is_matched_by_its_number() -> None:
    assert exception_rule().matches(finding(owner=Owner(account=ACCOUNT, partition="aws-cn")))


@pytest.mark.parametrize(
    ("pattern", "name", "about"),
    [
        ("a[bc]d", "a[bc]d", True),
        ("a[bc]d", "abd", False),
        ("[!a]", "b", False),
        ("[!a]", "[!a]", True),
        ("[]", "[]", True),
        ("[", "[", True),
        ("]", "]", True),
        ("[[]", "[", False),
        ("a.b", "axb", False),
        ("a|b", "a", False),
        ("\\*", "\\anything", True),
        ("*", "", True),
        ("?", "", False),
        ("a*z", "a\n\nz", True),
        ("a?z", "a\nz", True),
        ("a", "a\n", False),
        ("*", "*\n", True),
    ],
)
def test_only_star_and_question_mark_are_special(pattern: str, name: str, about: bool) -> None:  # noqa: FBT001
    assert exception_rule(resource=pattern).matches(finding(resource=name)) is about
    assert exception_rule(tag=("k", pattern)).matches(finding(tags={"k": name})) is about


def matches_by_hand(pattern: str, name: str) -> bool:
    """Which beginnings of the name the pattern has matched so far, character by character."""
    reached = {0}
    for character in pattern:
        if character == "*":
            reached = set(range(min(reached, default=len(name) + 1), len(name) + 1))
        else:
            reached = {it + 1 for it in reached if it < len(name) and character in {"?", name[it]}}
    return len(name) in reached


CHARACTERS = "aA[]!-^*?\\.\n"


@given(pattern=st.text(CHARACTERS, max_size=8), name=st.text(CHARACTERS, max_size=8))
@example(pattern="[a-]", name="a")
@example(pattern="*a?", name="aaa\n")
def test_glob_matches_what_it_says_letter_by_letter(pattern: str, name: str) -> None:
    about = exception_rule(resource=pattern).matches(finding(resource=name))
    assert about == matches_by_hand(pattern, name)


@pytest.mark.parametrize("pattern", ["*a" * 500 + "b", "*?" * 200 + "b", "*" * 5000 + "b", "a*" * 1000 + "b"])
def test_pattern_that_is_made_to_be_slow_is_not(pattern: str) -> None:
    """With naive backtracking none of these would end in this century."""
    assert not exception_rule(resource=pattern).matches(finding(resource="a" * 2000))


# Which rule covers.


def test_of_several_rules_the_one_that_ends_last_covers() -> None:
    short, long, other = exception_rule(ends=1), exception_rule(ends=5), exception_rule(ends=9, check="unused-role")
    assert Rules(exceptions=(long, short, other)).covering(finding(), TODAY) == long


@pytest.mark.parametrize("rules", [[], [exception_rule(ends=-1)], [exception_rule(resource="AKIA2")]])
def test_nothing_is_covered_without_an_active_rule_about_it(rules: list[ExceptionRule]) -> None:
    assert Rules(exceptions=tuple(rules)).covering(finding(), TODAY) is None


NEW, OLD, OTHER = "stale-access-key", "old-access-key", "unused-role"


@pytest.mark.parametrize(
    ("named", "found", "covered"),
    [(OLD, NEW, True), (NEW, OLD, True), (OLD, OLD, True), (OLD, OTHER, False), (OTHER, OLD, False)],
)
def test_rule_covers_a_check_under_all_its_names(named: str, found: str, covered: bool) -> None:  # noqa: FBT001
    rule = exception_rule(check=named)
    rules = Rules(exceptions=(rule,), renamed={OLD: NEW})
    assert rules.covering(finding(check=found), TODAY) == (rule if covered else None)


@pytest.mark.parametrize(("named", "found"), [(OLD, NEW), (NEW, OLD)])
def test_another_name_is_another_check_where_nothing_was_renamed(named: str, found: str) -> None:
    assert Rules(exceptions=(exception_rule(check=named),)).covering(finding(check=found), TODAY) is None


@given(st.permutations([exception_rule(ends=5, owner=it) for it in "abc"]), st.permutations("abc"))
def test_order_of_rules_decides_nothing(rules: list[ExceptionRule], owners: list[str]) -> None:
    again = [exception_rule(ends=5, owner=it) for it in owners]
    given, turned = Rules(exceptions=tuple(rules)), Rules(exceptions=tuple(again))
    assert given.covering(finding(), TODAY) == turned.covering(finding(), TODAY)


# When its end is told.


@pytest.mark.parametrize(("left", "due"), [(15, False), (14, True), (13, False), (7, True), (1, True), (0, False)])
def test_end_is_told_two_weeks_one_week_and_one_day_before(left: int, due: bool) -> None:  # noqa: FBT001
    rule = exception_rule(ends=left)
    assert ending([rule], TODAY - DAY, TODAY) == ([rule] if due else [])


def test_reminder_that_was_missed_is_told_late_but_not_after_the_end() -> None:
    late, ended = exception_rule(ends=6), exception_rule(ends=-1)
    assert ending([late, ended], TODAY - 3 * DAY, TODAY) == [late]


def test_rule_that_ends_first_is_told_first() -> None:
    week, day = exception_rule(ends=7), exception_rule(ends=1)
    assert ending([week, day], TODAY - DAY, TODAY) == [day, week]


@given(st.sets(st.integers(0, 30), min_size=2))
def test_every_step_is_told_by_the_next_reminder_and_once(left: set[int]) -> None:
    """Reminders on days that are so many before the end."""
    rule, days = exception_rule(), sorted(left, reverse=True)
    told = [
        (then, now) for then, now in pairwise(days) if ending([rule], rule.until - then * DAY, rule.until - now * DAY)
    ]
    assert told == [(then, now) for then, now in pairwise(days) if any(then > step >= now for step in ENDING)]


# The names of checks.


def test_check_is_known_by_the_name_it_has_or_had() -> None:
    rules = Rules(checks=frozenset({"new", "same"}), renamed={"old": "new", "gone": "retired-too"})
    assert [rules.present(it) for it in ("old", "new", "same", "never")] == ["new", "new", "same", "never"]
    assert [rules.retired(it) for it in ("old", "new", "same", "never", "gone")] == [False, False, False, True, True]


def test_nothing_is_retired_where_nothing_is_known_about_checks() -> None:
    assert not Rules().retired("never")
    assert Rules(checks=frozenset()).retired("never")


# The life of what is excepted.

BROKEN = audited(evaluation(finding(), age=3))
"""One open finding in evidence of three days ago."""


def rules(*exceptions: ExceptionRule) -> Rules:
    return Rules(exceptions=exceptions)


def excepted(*, ends: float = 10, **fields: Any) -> Ledger:
    """The same, and covered since two days ago."""
    return audited(evaluation(finding(), age=2), ledger=BROKEN, rules=rules(exception_rule(ends=ends, **fields)))


def unseen(age: float = 0) -> Evaluation:
    return evaluation(age=age, skipped=(skip(),))


def header(changes: Changes) -> Header:
    assert changes.header
    return changes.header


@pytest.mark.parametrize("seen", [evaluation(finding()), unseen(), evaluation()])
def test_exception_begins_with_the_next_audit_whatever_it_sees(seen: Evaluation) -> None:
    changes = reconcile(seen, BROKEN, rules(exception_rule()))
    covered = only(changes)
    assert (covered.event, covered.status, covered.standing) == (Event.EXCEPTED, Status.OPEN, Standing.EXCEPTED)
    assert (covered.exception, covered.version, covered.changed_at) == (exception_rule(), 2, ago(0))
    assert (covered.first_seen, covered.opened_at) == (ago(3), ago(3))
    assert (header(changes).open, header(changes).excepted) == ({}, 1)


def test_exception_that_somebody_made_by_hand_covers_as_one_of_the_file_does() -> None:
    by_hand = replace(BROKEN, exceptions=(exception_rule(),))
    assert reconcile(unseen(), by_hand) == reconcile(unseen(), BROKEN, rules(exception_rule()))


def test_exception_that_goes_on_is_no_change() -> None:
    assert reconcile(evaluation(finding()), excepted(), rules(exception_rule())).transitions == ()


def test_finding_that_is_covered_from_the_start_is_opened_as_excepted() -> None:
    opened = only(reconcile(evaluation(finding()), Ledger(), rules(exception_rule())))
    assert (opened.event, opened.standing, opened.version) == (Event.OPENED, Standing.EXCEPTED, 1)


@pytest.mark.parametrize("seen", [evaluation(finding()), unseen(), evaluation()])
def test_exception_ends_after_its_last_day_whatever_is_seen(seen: Evaluation) -> None:
    changes = reconcile(seen, excepted(ends=-1), rules(exception_rule(ends=-1)))
    ended = only(changes)
    assert (ended.event, ended.standing, ended.exception) == (Event.EXCEPTION_ENDED, Standing.OPEN, None)
    assert (ended.version, ended.changed_at, ended.opened_at) == (3, ago(0), ago(3))
    assert (header(changes).open, header(changes).excepted) == ({"HIGH": 1}, 0)


def test_exception_holds_through_its_last_day() -> None:
    assert reconcile(unseen(), excepted(ends=0), rules(exception_rule(ends=0))).transitions == ()


def test_exception_that_was_removed_ends() -> None:
    assert events(reconcile(unseen(), excepted())) == [("AKIA1", Event.EXCEPTION_ENDED)]


def test_exception_ends_once() -> None:
    assert reconcile(unseen(), audited(unseen(1), ledger=excepted())).transitions == ()


def test_longer_exception_takes_the_place_of_the_shorter_without_an_end() -> None:
    short, long = exception_rule(ends=1), exception_rule(ends=30)
    replaced = only(reconcile(unseen(), excepted(ends=1), rules(short, long)))
    assert (replaced.event, replaced.standing, replaced.exception) == (Event.EXCEPTED, Standing.EXCEPTED, long)


def test_shorter_exception_beside_a_longer_one_is_no_change() -> None:
    changes = reconcile(unseen(), excepted(), rules(exception_rule(), exception_rule(ends=1)))
    assert changes.transitions == ()


def test_change_of_what_is_excepted_is_a_change_and_it_stays_excepted() -> None:
    changed = only(reconcile(evaluation(finding(evidence={"n": 2})), excepted(), rules(exception_rule())))
    assert (changed.event, changed.standing, changed.exception) == (Event.CHANGED, Standing.EXCEPTED, exception_rule())


def test_end_of_an_exception_tells_more_than_the_change_that_came_with_it() -> None:
    ended = only(reconcile(evaluation(finding(evidence={"n": 2})), excepted()))
    assert (ended.event, ended.finding.evidence, ended.version) == (Event.EXCEPTION_ENDED, {"n": 2}, 3)


def test_other_name_ends_an_exception_that_names_the_resource() -> None:
    rule = exception_rule(resource="user/ana")
    known = audited(evaluation(finding(resource="user/ana"), age=1), rules=rules(rule))
    renamed = only(reconcile(evaluation(finding(resource="user/anna")), known, rules(rule)))
    assert (renamed.event, renamed.finding.resource) == (Event.EXCEPTION_ENDED, "user/anna")


def mended(age: float = 0) -> Evaluation:
    return evaluation(age=age, looked_at={STALE: ("AKIA1",)})


def test_what_is_resolved_is_excepted_no_more() -> None:
    resolved = only(reconcile(mended(), excepted(), rules(exception_rule())))
    assert (resolved.event, resolved.resolution, resolved.exception) == (Event.RESOLVED, Resolution.FIXED, None)
    assert resolved.standing is Standing.RESOLVED


def test_exception_does_not_touch_what_is_resolved() -> None:
    assert reconcile(mended(), audited(mended(1), ledger=BROKEN), rules(exception_rule())).transitions == ()


@pytest.mark.parametrize(("ends", "standing"), [(10, Standing.EXCEPTED), (-1, Standing.OPEN)])
def test_what_comes_back_is_excepted_only_while_its_exception_lasts(ends: float, standing: Standing) -> None:
    known = audited(mended(1), ledger=excepted(ends=ends), rules=rules(exception_rule(ends=ends)))
    reopened = only(reconcile(evaluation(finding()), known, rules(exception_rule(ends=ends))))
    assert (reopened.event, reopened.standing) == (Event.REOPENED, standing)


def test_retold_findings_of_others_are_left_alone() -> None:
    known = audited(evaluation(finding(), finding("AKIA2"), age=1))
    changes = reconcile(evaluation(finding(), finding("AKIA2")), known, rules(exception_rule(resource="AKIA2")))
    assert events(changes) == [("AKIA2", Event.EXCEPTED)]
    assert (header(changes).open, header(changes).excepted) == ({"HIGH": 1}, 1)


# A late audit has an old clock, and old evidence.


@pytest.mark.parametrize("late", [unseen(1.5), evaluation(finding(), age=1.5)])
def test_late_audit_does_not_bring_back_an_exception_that_ended(late: Evaluation) -> None:
    rule = rules(exception_rule(ends=-1))
    ended = audited(unseen(), ledger=excepted(ends=-1), rules=rule)
    assert reconcile(late, ended, rule).transitions == ()


def test_late_audit_covers_by_the_clock_of_the_newest() -> None:
    covered = only(reconcile(unseen(4), BROKEN, rules(exception_rule())))
    assert (covered.event, covered.changed_at) == (Event.EXCEPTED, ago(3))


PAYMENTS = exception_rule(tag=("team", "payments"))


def tagged(team: str | None, *, age: float = 0) -> Evaluation:
    """An audit that saw the finding with this tag, or (None) did not see its tags."""
    return evaluation(finding(tags=None if team is None else {"team": team}), age=age)


def test_tag_that_was_given_since_is_what_counts() -> None:
    changes = reconcile(tagged("payments"), audited(tagged("search", age=1)), rules(PAYMENTS))
    covered = only(changes)
    assert (covered.event, covered.finding.tags) == (Event.EXCEPTED, {"team": "payments"})
    assert reconcile(tagged("payments"), after(changes, BROKEN), rules(PAYMENTS)).transitions == ()


def test_tag_that_was_taken_since_ends_the_exception() -> None:
    known = audited(tagged("payments", age=1), rules=rules(PAYMENTS))
    ended = only(reconcile(tagged("search"), known, rules(PAYMENTS)))
    assert (ended.event, ended.finding.tags) == (Event.EXCEPTION_ENDED, {"team": "search"})


def test_tag_of_what_was_not_seen_is_the_one_that_is_known() -> None:
    known = audited(tagged("payments", age=1), rules=rules(PAYMENTS))
    assert reconcile(unseen(), known, rules(PAYMENTS)).transitions == ()


def test_tags_that_could_not_be_seen_are_those_that_are_known() -> None:
    known = audited(tagged("payments", age=1), rules=rules(PAYMENTS))
    assert reconcile(tagged(None), known, rules(PAYMENTS)).transitions == ()
    changed = only(reconcile(evaluation(finding(tags=None, evidence={"n": 2})), known, rules(PAYMENTS)))
    assert (changed.event, changed.standing, changed.finding.tags) == (
        *(Event.CHANGED, Standing.EXCEPTED, {"team": "payments"}),
    )


def test_tags_that_nobody_has_seen_yet_except_nothing() -> None:
    opened = only(reconcile(tagged(None), Ledger(), rules(PAYMENTS)))
    assert (opened.standing, opened.finding.tags) == (Standing.OPEN, {})
    assert not PAYMENTS.matches(finding(tags=None))


def test_tag_in_older_evidence_does_not_count() -> None:
    """Neither may the older evidence take the place of the newer."""
    known = audited(tagged("payments", age=1), rules=rules(PAYMENTS))
    assert reconcile(tagged("search", age=2), known, rules(PAYMENTS)).transitions == ()


# Whatever the history.

POOL = [
    exception_rule(ends=-7, resource="*"),
    exception_rule(ends=-4, resource="a"),
    exception_rule(ends=-2, resource="?", tag=("team", "sea*")),
    exception_rule(ends=3, check="*", tag=("team", "pay*")),
    exception_rule(ends=5, account="*", resource="b"),
    exception_rule(ends=5, resource="b", owner="somebody else"),
    exception_rule(ends=9, account="444455556666"),
]
some_rules = st.lists(st.sampled_from(POOL), unique=True, max_size=4)
teams = st.sampled_from(["payments", "search"])
Step = tuple[Evaluation, list[ExceptionRule], list[ExceptionRule]]


@st.composite
def steps(draw: st.DrawFn) -> list[Step]:
    """Audits as they arrive, each with the rules of the file and those made by hand as they are then."""
    ages = draw(st.lists(st.integers(0, 9), min_size=1, max_size=6, unique=True))
    return [(draw(looks(age)), draw(some_rules), draw(some_rules)) for age in ages]


@st.composite
def looks(draw: st.DrawFn, age: int) -> Evaluation:
    if draw(st.integers(0, 3)) == 0:
        return unseen(age)
    found = draw(st.dictionaries(st.sampled_from("abc"), st.tuples(teams, st.sampled_from("xy"))))
    looked_at = {STALE: tuple(draw(st.sets(st.sampled_from("abc"))))}
    told = [finding(uid, tags={"team": team}, evidence={"since": it}) for uid, (team, it) in found.items()]
    return evaluation(*told, age=age, looked_at=looked_at)


def taken(history: Iterable[Step]) -> list[tuple[Ledger, Step, Changes]]:
    """Each step with what was known before it, and what it changed."""
    known, told = Ledger(), []
    for seen, of_file, by_hand in history:
        known = replace(known, exceptions=tuple(by_hand))
        changes = reconcile(seen, known, rules(*of_file))
        told.append((known, (seen, of_file, by_hand), changes))
        known = after(changes, known)
    return told


def open_records(ledger: Ledger) -> list[Record]:
    return [it for it in ledger.records.values() if it.status is Status.OPEN]


@given(steps())
def test_after_an_audit_everything_open_has_the_exception_that_covers_it_that_day(history: list[Step]) -> None:
    """A late audit has the day of the newest one, and tells nothing of what was seen since."""
    for known, (seen, of_file, by_hand), changes in taken(history):
        hold = rules(*of_file, *by_hand)
        before = known.header or Header(evidence_at=NEVER)
        late = seen.evidence_at < before.seen.get(STALE, NEVER)
        told = {} if late else {it.id: it for it in seen.findings}
        day = max(seen.evidence_at, before.evidence_at).date()
        for it in open_records(after(changes, known)):
            assert it.exception == hold.covering(told.get(it.finding.id, it.finding), day)


@given(steps())
def test_what_is_excepted_is_counted_apart_and_nothing_twice(history: list[Step]) -> None:
    for known, _, changes in taken(history):
        ledger = after(changes, known)
        assert ledger.header
        is_open = open_records(ledger)
        assert ledger.header.excepted == sum(it.standing is Standing.EXCEPTED for it in is_open)
        assert sum(ledger.header.open.values()) + ledger.header.excepted == len(is_open)


@given(steps())
def test_exceptions_keep_the_order_of_life(history: list[Step]) -> None:
    for known, _, changes in taken(history):
        ids = [it.after.finding.id for it in changes.transitions]
        assert len(set(ids)) == len(ids)
        for it in changes.transitions:
            assert it.before == known.records.get(it.after.finding.id)
            assert it.after.version == (it.before.version if it.before else 0) + 1
            assert it.before is None or it.after.finding.evidence_at >= it.before.finding.evidence_at
            assert it.before is None or it.after.first_seen == it.before.first_seen
            assert it.after.status is Status.OPEN or it.after.exception is None


@given(steps())
def test_event_says_what_happened_to_the_exception(history: list[Step]) -> None:
    for _, _, changes in taken(history):
        for it in changes.transitions:
            if it.before and it.before.status is it.after.status is Status.OPEN:
                moved = it.before.exception != it.after.exception
                assert (it.after.event is Event.EXCEPTED) == (moved and it.after.exception is not None)
                assert (it.after.event is Event.EXCEPTION_ENDED) == (moved and it.after.exception is None)
            else:
                assert it.after.event in {Event.OPENED, Event.REOPENED, Event.RESOLVED}


@given(steps())
def test_same_audit_under_the_same_rules_changes_nothing_more(history: list[Step]) -> None:
    for known, (seen, of_file, _), changes in taken(history):
        assert reconcile(seen, after(changes, known), rules(*of_file)) == Changes(transitions=(), header=None)
