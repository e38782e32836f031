"""Findings as they live from audit to audit, made by the checks themselves."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.checks import CATALOGUE
from auditor.core.check import Check, Context, Limits
from auditor.core.decide import acknowledge
from auditor.core.evaluate import Evaluation, evaluate
from auditor.core.exceptions import Rules
from auditor.core.life import NEVER, Event, Header, Ledger, Record, Resolution, Standing, Status
from auditor.core.model import Subject, Unavailable
from auditor.core.reconcile import reconcile
from auditor.core.subjects.credentials import AccessKey, User
from auditor.core.subjects.entities import Role
from tests.build import (
    NOW,
    access_key,
    after,
    ago,
    arn,
    audited,
    evaluation,
    events,
    exception_rule,
    finding,
    observed,
    only,
    record,
    role,
    snapshot,
    user,
)

UNUSED = CATALOGUE["unused-role"]
MFA = CATALOGUE["console-without-mfa"]
STALE = CATALOGUE["stale-access-key"]
KINDS: Mapping[str, type[Subject]] = {"roles": Role, "users": User, "keys": AccessKey}


def look(*checks: Check, age: float = 0, limits: Limits | None = None, **subjects: list[Any] | str) -> Evaluation:
    """An audit `age` days ago that saw these subjects; a text is why it could not."""
    facts = {
        KINDS[name]: Unavailable(reason=seen) if isinstance(seen, str) else observed(*seen, age=age)
        for name, seen in subjects.items()
    }
    seen_then = replace(snapshot(facts), gathered_at=ago(age))
    return evaluate(seen_then, checks, Context(now=ago(age), limits=limits or Limits()))


def idle(days: int) -> Limits:
    return Limits(role_idle=timedelta(days=days))


def roles(*seen: Role, age: float = 0, limit: int = 90, check: Check = UNUSED) -> Evaluation:
    return look(check, age=age, limits=idle(limit), roles=list(seen))


def blind(*, age: float = 0, limit: int = 90, check: Check = UNUSED) -> Evaluation:
    return look(check, age=age, limits=idle(limit), roles="AccessDenied")


HUNDRED = role(used=100)
"""Unused for 100 days now."""

USED_TODAY = role(used=0)
KNOWN = audited(roles(HUNDRED, age=3))
"""Its finding under the limit of 90 days, in evidence of three days ago."""


def resolution(look: Evaluation, known: Ledger, rules: Rules | None = None) -> Resolution | None:
    resolved = only(reconcile(look, known, rules))
    assert (resolved.event, resolved.status) == (Event.RESOLVED, Status.RESOLVED)
    return resolved.resolution


# Another limit mends nothing.


def test_raised_limit_is_no_fix() -> None:
    assert resolution(roles(HUNDRED, limit=120), KNOWN) is Resolution.THRESHOLD_CHANGED


def test_fix_is_a_fix_though_the_limit_was_raised_too() -> None:
    assert resolution(roles(USED_TODAY, limit=120), KNOWN) is Resolution.FIXED


def test_what_is_gone_is_deleted_though_the_limit_was_raised_too() -> None:
    assert resolution(roles(limit=120), KNOWN) is Resolution.RESOURCE_DELETED


def test_lowered_limit_opens_and_its_return_is_no_fix() -> None:
    fresh = role(used=60)
    lowered = audited(roles(fresh, age=2), roles(fresh, age=1, limit=30))
    assert [it.event for it in lowered.records.values()] == [Event.OPENED]
    assert resolution(roles(fresh, limit=90), lowered) is Resolution.THRESHOLD_CHANGED


def test_lowered_limit_is_nothing_new_about_what_was_too_much_before() -> None:
    assert reconcile(roles(HUNDRED, limit=30), KNOWN).transitions == ()


def test_limit_that_was_raised_while_the_check_was_skipped_is_no_fix() -> None:
    skipped = audited(blind(age=1, limit=120), ledger=KNOWN)
    assert skipped.records == KNOWN.records
    assert resolution(roles(HUNDRED, limit=120), skipped) is Resolution.THRESHOLD_CHANGED


def test_limit_that_was_raised_twice_is_no_fix() -> None:
    """The record keeps the limits it was opened under: the first step did not concern it."""
    once = audited(roles(HUNDRED, age=2, limit=95), ledger=KNOWN)
    assert once.records == KNOWN.records
    assert resolution(roles(HUNDRED, limit=120), once) is Resolution.THRESHOLD_CHANGED


def test_limit_that_was_raised_and_taken_back_unseen_leaves_a_fix_a_fix() -> None:
    skipped = audited(blind(age=2, limit=120), blind(age=1, limit=90), ledger=KNOWN)
    assert resolution(roles(USED_TODAY), skipped) is Resolution.FIXED


def test_limit_of_something_else_leaves_a_fix_a_fix() -> None:
    other = replace(idle(90), key_age=timedelta(days=365))
    assert resolution(look(UNUSED, limits=other, roles=[USED_TODAY]), KNOWN) is Resolution.FIXED


def test_fix_under_the_limits_of_the_record_asks_for_no_second_judgement() -> None:
    asked: list[Limits] = []

    def under(check: str, limits: Limits) -> frozenset[str]:
        assert check == UNUSED.id
        asked.append(limits)
        return frozenset()

    for limit in (90, 120):
        reconcile(replace(roles(USED_TODAY, limit=limit), under=under), KNOWN)
    assert asked == [idle(90)]


def test_limit_that_is_lowered_again_reopens_with_its_history() -> None:
    raised = audited(roles(HUNDRED, age=1, limit=120), ledger=KNOWN)
    reopened = only(reconcile(roles(HUNDRED), raised))
    assert (reopened.event, reopened.first_seen, reopened.resolution) == (Event.REOPENED, ago(3), None)


days = st.integers(1, 200)


@given(used=days, limits=st.lists(st.none() | days, min_size=1, max_size=4), last=days, mended=st.booleans())
def test_what_would_still_be_wrong_by_the_limits_of_its_record_is_never_fixed(
    used: int, limits: list[int | None], last: int, *, mended: bool
) -> None:
    """Audits under one limit after the other, of which some (None) could not look."""
    then, now = role(used=used), role(used=0 if mended else used)
    looks = [roles(then, age=9 - at, limit=it) if it else blind(age=9 - at) for at, it in enumerate(limits)]
    known = audited(*looks)
    expected = [
        Resolution.THRESHOLD_CHANGED if not mended and used > it.finding.limits["role_idle"].days else Resolution.FIXED
        for it in known.records.values()
        if it.status is Status.OPEN and (mended or used <= last)
    ]
    changes = reconcile(roles(now, limit=last), known).transitions
    assert [it.after.resolution for it in changes if it.after.status is Status.RESOLVED] == expected


# A check that nobody asks any more.

OTHERS = Rules(checks=frozenset({MFA.id}))


@pytest.mark.parametrize("seen", [evaluation(), blind(), look(MFA, users=[user()]), evaluation(age=9)])
def test_finding_of_a_retired_check_is_resolved_whatever_was_seen(seen: Evaluation) -> None:
    retired = only(reconcile(seen, KNOWN, OTHERS))
    assert (retired.event, retired.resolution) == (Event.RESOLVED, Resolution.CHECK_RETIRED)
    assert retired.changed_at == max(seen.evidence_at, ago(3))
    assert retired.finding == KNOWN.records[retired.finding.id].finding


@pytest.mark.parametrize("rules", [None, Rules(), Rules(checks=frozenset({UNUSED.id, MFA.id}))])
def test_check_that_is_known_or_may_be_is_not_retired(rules: Rules | None) -> None:
    assert reconcile(evaluation(), KNOWN, rules).transitions == ()


def test_retired_check_is_retired_once() -> None:
    assert reconcile(evaluation(), audited(evaluation(age=1), ledger=KNOWN, rules=OTHERS), OTHERS).transitions == ()


def test_retired_check_that_returns_reopens_with_its_history() -> None:
    retired = audited(evaluation(age=1), ledger=KNOWN, rules=OTHERS)
    reopened = only(reconcile(roles(HUNDRED), retired))
    assert (reopened.event, reopened.first_seen, reopened.opened_at) == (Event.REOPENED, ago(3), ago(0))


def test_retired_check_leaves_no_exception_behind() -> None:
    excepting = replace(OTHERS, exceptions=(exception_rule(check=UNUSED.id),))
    known = audited(evaluation(age=1), ledger=KNOWN, rules=Rules(exceptions=excepting.exceptions))
    assert [it.standing for it in known.records.values()] == [Standing.EXCEPTED]
    retired = only(reconcile(evaluation(), known, excepting))
    assert (retired.standing, retired.exception) == (Standing.RESOLVED, None)


# A check with another name.

IDLE = replace(UNUSED, id="idle-role", formerly=("unused-role",))
DORMANT = replace(UNUSED, id="dormant-role", formerly=("unused-role", "idle-role"))


def rules_of(check: Check) -> Rules:
    return Rules(checks=frozenset({check.id}), renamed=dict.fromkeys(check.formerly, check.id))


@pytest.mark.parametrize("check", [IDLE, DORMANT])
def test_renamed_check_keeps_its_findings(check: Check) -> None:
    renamed = only(reconcile(roles(HUNDRED, check=check), KNOWN, rules_of(check)))
    assert (renamed.event, renamed.status, renamed.version) == (Event.RENAMED, Status.OPEN, 2)
    assert renamed.finding.id in KNOWN.records
    assert renamed.finding.check == check.id
    assert (renamed.first_seen, renamed.opened_at, renamed.baseline) == (ago(3), ago(3), True)


def test_check_that_was_renamed_twice_keeps_its_findings() -> None:
    once = audited(roles(HUNDRED, age=1, check=IDLE), ledger=KNOWN, rules=rules_of(IDLE))
    twice = only(reconcile(roles(HUNDRED, check=DORMANT), once, rules_of(DORMANT)))
    assert (twice.event, twice.finding.id, twice.first_seen) == (Event.RENAMED, *once.records, ago(3))


@pytest.mark.parametrize("check", [IDLE, DORMANT])
def test_renamed_check_is_not_retired_while_it_is_skipped(check: Check) -> None:
    assert reconcile(blind(check=check), KNOWN, rules_of(check)).transitions == ()


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (roles(USED_TODAY, check=IDLE), Resolution.FIXED),
        (roles(check=IDLE), Resolution.RESOURCE_DELETED),
        (roles(HUNDRED, check=IDLE, limit=120), Resolution.THRESHOLD_CHANGED),
    ],
)
def test_renamed_check_resolves_what_it_found_under_the_name_it_had(seen: Evaluation, why: Resolution) -> None:
    resolved = only(reconcile(seen, KNOWN, rules_of(IDLE)))
    assert (resolved.resolution, resolved.finding.check) == (why, "idle-role")


def test_gap_of_a_renamed_check_resolves_nothing() -> None:
    gap = {HUNDRED.resource: "unreadable"}
    seen = evaluate(snapshot({Role: observed(gaps=gap)}), [IDLE])
    assert reconcile(seen, KNOWN, rules_of(IDLE)).transitions == ()


def test_other_name_resolves_nothing_for_who_does_not_know_of_it() -> None:
    """Without the rules, the old check was just not selected; its findings are seen under the new name."""
    assert [event for _, event in events(reconcile(roles(USED_TODAY, check=IDLE), KNOWN))] == []
    assert [event for _, event in events(reconcile(roles(HUNDRED, check=IDLE), KNOWN))] == [Event.RENAMED]


# A resource with another name, or another resource with the name.


def users(*seen: User, age: float = 0) -> Evaluation:
    return look(MFA, age=age, users=list(seen))


ANA = user(mfa_active=False)


def test_renamed_user_is_the_same_finding_with_its_history() -> None:
    known = audited(users(ANA, age=2))
    renamed = only(reconcile(users(replace(ANA, name="anna", resource=arn("user/anna"))), known))
    assert (renamed.event, renamed.version, renamed.first_seen) == (Event.RENAMED, 2, ago(2))
    assert renamed.finding.id in known.records
    assert renamed.finding.resource == renamed.finding.principal == arn("user/anna")


def test_recreated_user_is_another_finding_and_the_first_is_deleted() -> None:
    changes = reconcile(users(replace(ANA, uid="AIDA2")), audited(users(ANA, age=2)))
    outcome = {it.after.finding.uid: (it.after.event, it.after.resolution) for it in changes.transitions}
    assert outcome == {
        "AIDA1": (Event.RESOLVED, Resolution.RESOURCE_DELETED),
        "AIDA2": (Event.OPENED, None),
    }


def test_rotated_key_ends_the_old_finding_and_the_new_key_begins_its_own() -> None:
    old, new = access_key(age=400), access_key(age=95, uid="AKIA2", resource="AKIA2")
    known = audited(look(STALE, age=6, keys=[old]), look(STALE, age=5, keys=[new]))
    assert [(it.finding.uid, it.status) for it in known.records.values()] == [("AKIA1", Status.RESOLVED)]
    assert events(reconcile(look(STALE, keys=[new]), known)) == [("AKIA2", Event.OPENED)]


# What people said.


def seen_by_ana(known: Ledger) -> Ledger:
    (record_id,) = known.records
    return after(acknowledge(known, record_id, "ana", "on it", ago(2.5)), known)


def test_acknowledgement_outlives_a_change_and_another_name() -> None:
    known = seen_by_ana(KNOWN)
    changed = only(reconcile(roles(replace(HUNDRED, last_used=ago(101))), known))
    renamed = only(reconcile(roles(replace(HUNDRED, resource=arn("role/other"))), known))
    excepted = only(reconcile(evaluation(), known, Rules(exceptions=(exception_rule(check=UNUSED.id),))))
    assert [it.event for it in (changed, renamed, excepted)] == [Event.CHANGED, Event.RENAMED, Event.EXCEPTED]
    assert {it.acknowledged and it.acknowledged.by for it in (changed, renamed, excepted)} == {"ana"}


def test_reopened_finding_is_nobodys() -> None:
    fixed = audited(roles(USED_TODAY, age=1), ledger=seen_by_ana(KNOWN))
    assert [it.acknowledged and it.acknowledged.by for it in fixed.records.values()] == ["ana"]
    assert only(reconcile(roles(HUNDRED), fixed)).acknowledged is None


# The first audit.

SECOND = replace(HUNDRED, uid="AROA2", resource=arn("role/second"))


def baselines(known: Ledger) -> dict[str, bool]:
    return {it.finding.uid: it.baseline for it in known.records.values()}


def test_first_audit_is_the_baseline_and_the_second_is_not() -> None:
    known = audited(roles(HUNDRED, SECOND), roles(HUNDRED, age=-1), ledger=KNOWN)
    assert baselines(known) == {"AROA1": True, "AROA2": False}


def test_audit_of_an_account_that_crashed_in_its_first_one_is_still_the_first() -> None:
    """What was written then is there, under a header that says only that somebody wrote."""
    crashed = Ledger(header=Header(evidence_at=NEVER, version=1), records=KNOWN.records)
    known = audited(roles(HUNDRED, SECOND), ledger=crashed)
    assert baselines(known) == {"AROA1": True, "AROA2": True}
    assert known.header
    assert known.header.audited
    assert (known.header.evidence_at, known.header.open, len(known.header.runs)) == (ago(0), {"LOW": 2}, 1)


def test_account_of_which_only_exceptions_are_known_was_not_audited() -> None:
    known = Ledger(header=Header(evidence_at=NEVER, version=1), exceptions=(exception_rule(),))
    assert baselines(audited(roles(HUNDRED), ledger=known)) == {"AROA1": True}


def test_first_audit_that_could_not_look_was_the_first_all_the_same() -> None:
    assert baselines(audited(blind(age=1), roles(HUNDRED))) == {"AROA1": False}


def test_late_audit_is_not_a_first_one() -> None:
    assert baselines(audited(look(MFA, age=1, users=[]), roles(HUNDRED, age=2))) == {"AROA1": False}


def test_finding_that_comes_back_is_not_of_the_baseline_any_more() -> None:
    assert baselines(audited(roles(USED_TODAY, age=1), roles(HUNDRED), ledger=KNOWN)) == {"AROA1": False}


def test_baseline_outlives_a_change() -> None:
    changed = audited(roles(replace(HUNDRED, last_used=ago(101))), ledger=KNOWN)
    assert [(it.event, it.baseline) for it in changed.records.values()] == [(Event.CHANGED, True)]


# What an operations team asks for.


@pytest.mark.parametrize(
    ("known", "standing"),
    [
        (record(finding()), Standing.OPEN),
        (record(finding(), Event.EXCEPTED, exception=exception_rule()), Standing.EXCEPTED),
        (record(finding(), Event.RESOLVED), Standing.RESOLVED),
    ],
)
def test_standing_is_the_status_with_what_is_excepted_apart(known: Record, standing: Standing) -> None:
    assert known.standing is standing


def test_account_was_audited_once_its_header_has_an_evidence_time() -> None:
    assert not Header(evidence_at=NEVER).audited
    assert Header(evidence_at=NOW).audited
