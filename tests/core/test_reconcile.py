from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from auditor.checks import CATALOGUE
from auditor.core.check import Context, Severity
from auditor.core.evaluate import Evaluation, Finding, Skip, evaluate
from auditor.core.life import NEVER, Change, Changes, Event, Header, Ledger, Resolution, Run, Status
from auditor.core.model import Membership
from auditor.core.reconcile import KEPT_RUNS, reconcile
from auditor.core.scopes import Scope, Selector
from auditor.core.subjects.credentials import AccessKey, CredentialRow, KeyMetadata, User
from auditor.policy.derive import derive
from tests.build import (
    NO_KEY,
    NOW,
    access_key,
    after,
    ago,
    arn,
    audited,
    credential_row,
    evaluation,
    events,
    finding,
    key_metadata,
    key_slot,
    observed,
    only,
    skip,
    snapshot,
    user,
)

STALE = "stale-access-key"


def clean(*uids: str, age: float = 0, check: str = STALE, **fields: Any) -> Evaluation:
    """An evaluation that looked at these subjects and found nothing."""
    return evaluation(age=age, looked_at={check: uids}, **fields)


BOS = finding("AKIA9", principal=arn("user/bo"))
BROKEN = audited(evaluation(finding(), age=2))
"""One open finding in evidence of two days ago."""


# The life of a finding.


def test_first_look_opens() -> None:
    opened = only(reconcile(evaluation(finding()), Ledger()))
    assert (opened.event, opened.status, opened.version) == (Event.OPENED, Status.OPEN, 1)
    assert opened.first_seen == opened.opened_at == opened.changed_at == ago(0)


def test_seen_again_is_no_change() -> None:
    changes = reconcile(evaluation(finding()), BROKEN)
    assert changes.transitions == ()


def test_other_words_are_no_change() -> None:
    later = finding(reason="AKIA1 of ana is 93 days old (limit 90)", title="x", fix="x", controls=())
    assert reconcile(evaluation(later), BROKEN).transitions == ()


@pytest.mark.parametrize(
    "different",
    [
        finding(evidence={"created": "another"}),
        finding(severity=Severity.CRITICAL),
        finding(severity=Severity.CRITICAL, resource="renamed"),
    ],
)
def test_other_substance_is_a_change(different: Finding) -> None:
    changed = only(reconcile(evaluation(different), BROKEN))
    assert (changed.event, changed.status, changed.version) == (Event.CHANGED, Status.OPEN, 2)
    assert (changed.first_seen, changed.opened_at, changed.changed_at) == (ago(2), ago(2), ago(0))
    assert changed.finding == different


@pytest.mark.parametrize(
    "different",
    [
        finding(resource="renamed"),
        finding(principal=arn("user/anna")),
        finding(check="older-access-key", id=finding().id),
    ],
)
def test_other_name_alone_is_no_change_of_substance(different: Finding) -> None:
    renamed = only(reconcile(evaluation(different), BROKEN))
    assert (renamed.event, renamed.status, renamed.version) == (Event.RENAMED, Status.OPEN, 2)
    assert (renamed.first_seen, renamed.opened_at, renamed.changed_at) == (ago(2), ago(2), ago(0))
    assert renamed.finding == different


def test_subject_seen_without_the_problem_is_fixed() -> None:
    resolved = only(reconcile(clean("AKIA1"), BROKEN))
    assert (resolved.event, resolved.status, resolved.resolution) == (
        Event.RESOLVED,
        Status.RESOLVED,
        Resolution.FIXED,
    )
    assert (resolved.first_seen, resolved.changed_at, resolved.version) == (ago(2), ago(0), 2)


def test_subject_not_seen_any_more_is_deleted() -> None:
    assert only(reconcile(clean("AKIA2"), BROKEN)).resolution is Resolution.RESOURCE_DELETED


def test_absence_of_what_somebody_else_found_is_good_news() -> None:
    """A finding of Access Analyzer is itself the subject: it is gone because somebody mended what it was about."""
    seen = clean("f-2", check="external-access")
    examined = {check: replace(it, gone_is_fixed=True) for check, it in seen.examined.items()}
    known = audited(evaluation(finding("f-1", "external-access"), age=1))
    assert only(reconcile(replace(seen, examined=examined), known)).resolution is Resolution.FIXED


def test_problem_that_comes_back_is_reopened_with_its_history() -> None:
    reopened = only(reconcile(evaluation(finding()), audited(clean("AKIA1", age=1), ledger=BROKEN)))
    assert (reopened.event, reopened.status, reopened.resolution) == (Event.REOPENED, Status.OPEN, None)
    assert (reopened.first_seen, reopened.opened_at, reopened.version) == (ago(2), ago(0), 3)


def test_resolved_stays_resolved() -> None:
    assert reconcile(clean("AKIA1"), audited(clean("AKIA1", age=1), ledger=BROKEN)).transitions == ()


def test_rotated_key_resolves_the_old_finding_and_opens_another() -> None:
    changes = reconcile(evaluation(finding("AKIA2")), BROKEN)
    assert sorted(events(changes)) == [("AKIA1", Event.RESOLVED), ("AKIA2", Event.OPENED)]


def test_recreated_namesake_is_another_finding() -> None:
    ana, second = (finding(uid, "console-without-mfa", resource="user/ana") for uid in ("AIDA1", "AIDA2"))
    changes = reconcile(evaluation(second), audited(evaluation(ana, age=1)))
    assert sorted(events(changes)) == [("AIDA1", Event.RESOLVED), ("AIDA2", Event.OPENED)]


def test_renamed_user_is_the_same_finding() -> None:
    ana, anna = (finding("AIDA1", "console-without-mfa", resource=f"user/{name}") for name in ("ana", "anna"))
    assert events(reconcile(evaluation(anna), audited(evaluation(ana, age=1)))) == [("AIDA1", Event.RENAMED)]


# Not seen is not clean.


def test_skipped_check_resolves_nothing() -> None:
    assert reconcile(evaluation(skipped=(skip(),)), BROKEN).transitions == ()


def test_unselected_check_resolves_nothing() -> None:
    assert reconcile(clean("AROA1", check="unused-role"), BROKEN).transitions == ()


def test_empty_evaluation_resolves_nothing() -> None:
    assert reconcile(evaluation(), BROKEN).transitions == ()


def test_subject_that_is_a_gap_resolves_nothing() -> None:
    assert reconcile(clean("AKIA2", skipped=(skip("AKIA1"),)), BROKEN).transitions == ()


def test_gap_by_design_resolves_nothing_either() -> None:
    assert reconcile(clean("AKIA2", skipped=(skip("AKIA1", inapplicable=True),)), BROKEN).transitions == ()


def test_gap_that_names_the_principal_resolves_nothing_of_it() -> None:
    """A user whose keys were not completely seen: which of them is gone is not known."""
    changes = reconcile(clean(skipped=(skip(arn("user/ana")),)), audited(evaluation(finding(), BOS, age=2)))
    assert events(changes) == [("AKIA9", Event.RESOLVED)]


def test_gap_of_another_check_or_subject_is_no_excuse() -> None:
    gaps = (skip("AKIA2"), skip("AKIA1", "idle-access-key"), skip("eu-west-1"), skip(arn("user/bo")))
    assert events(reconcile(clean("AKIA1", skipped=gaps), BROKEN)) == [("AKIA1", Event.RESOLVED)]


def test_region_that_was_not_seen_resolves_nothing_there() -> None:
    here, there = (finding(region, "external-access", region=region) for region in ("eu-west-1", "us-east-1"))
    seen = clean(check="external-access", skipped=(skip("eu-west-1", "external-access"),))
    changes = reconcile(seen, audited(evaluation(here, there, age=1)))
    assert events(changes) == [("us-east-1", Event.RESOLVED)]


@pytest.mark.parametrize(("asked", "resolved"), [((), 0), (("b",), 0), (("a",), 1), (("a", "b"), 1)])
def test_finding_is_resolved_only_where_the_analyzer_that_told_it_was_asked(
    asked: tuple[str, ...], resolved: int
) -> None:
    known = audited(evaluation(finding("f-1", "external-access", via="a"), age=1))
    assert len(reconcile(clean(check="external-access", via=asked), known).transitions) == resolved


def test_older_evidence_changes_nothing_at_all() -> None:
    assert reconcile(clean("AKIA1", age=3), BROKEN) == Changes(transitions=(), header=None)
    older = evaluation(finding(severity=Severity.CRITICAL), finding("AKIA2"), age=3)
    assert reconcile(older, BROKEN) == Changes(transitions=(), header=None)


def test_evidence_of_the_same_age_resolves_nothing() -> None:
    """A credential report is handed out for four hours: the same one cannot tell that something was fixed since."""
    assert reconcile(clean("AKIA1", age=2), BROKEN).transitions == ()


def test_evidence_of_the_same_age_can_open() -> None:
    """The report may be the same while what it was joined with is newer."""
    assert events(reconcile(evaluation(finding(), finding("AKIA2"), age=2), BROKEN)) == [("AKIA2", Event.OPENED)]


def test_late_run_with_an_older_report_resolves_nothing() -> None:
    late = clean("AKIA1")
    examined = {check: replace(it, as_of=ago(2.1)) for check, it in late.examined.items()}
    changes = reconcile(replace(late, examined=examined), BROKEN)
    assert changes.transitions == ()
    assert changes.header
    assert changes.header.seen == {STALE: ago(2)}


def test_late_run_does_not_reopen_what_newer_evidence_resolved() -> None:
    fixed = audited(clean("AKIA1", age=1), ledger=BROKEN)
    assert reconcile(evaluation(finding(), age=1.5), fixed).transitions == ()


@pytest.mark.parametrize("last", [evaluation(finding(severity=Severity.LOW), age=1), clean("AKIA1", age=1)])
def test_older_evidence_changes_nothing_though_the_newer_run_died_before_its_header(last: Evaluation) -> None:
    written = Ledger(header=None, records=audited(last, ledger=BROKEN).records)
    assert reconcile(evaluation(finding(), age=1.5), written).transitions == ()


# The header: how far the account was seen.


def test_header_counts_what_is_open_by_severity() -> None:
    worse = finding("root", "root-access-key", severity=Severity.CRITICAL)
    known = audited(evaluation(finding(), finding("AKIA2"), worse, age=1), evaluation(finding("AKIA2")))
    assert known.header
    assert known.header.open == {"CRITICAL": 1, "HIGH": 1}


def run(age: float, findings: int = 0, transitions: int = 0, skipped: int = 0) -> Run:
    return Run(evidence_at=ago(age), findings=findings, transitions=transitions, skipped=skipped)


FIRST = run(2, findings=1, transitions=1)
"""The audit behind `BROKEN`."""


def test_header_tells_what_should_have_been_seen() -> None:
    gaps = (skip(), skip(check="internal-access", inapplicable=True))
    header = reconcile(evaluation(skipped=gaps), Ledger()).header
    assert header == Header(evidence_at=ago(0), gaps={STALE: "AccessDenied"}, runs=(run(0, skipped=1),))


def test_run_without_change_writes_the_header_alone() -> None:
    header = Header(evidence_at=ago(0), seen={STALE: ago(0)}, open={"HIGH": 1}, runs=(run(0, findings=1), FIRST))
    assert reconcile(evaluation(finding()), BROKEN) == Changes(transitions=(), header=header)


@pytest.mark.parametrize(
    ("found", "number"), [((finding(), finding("AKIA2")), 2), ((finding(evidence={"created": "another"}),), 1)]
)
def test_header_counts_what_is_open_whenever_something_was_written(found: tuple[Finding, ...], number: int) -> None:
    """The same evidence, judged by other limits."""
    again = reconcile(evaluation(*found, age=2), BROKEN)
    assert again.header == Header(evidence_at=ago(2), seen={STALE: ago(2)}, open={"HIGH": number}, runs=(FIRST,))


def test_older_audit_counts_what_it_opened_and_says_nothing_about_now() -> None:
    late = evaluation(finding("AROA1", "unused-role"), age=3, skipped=(skip(check="unused-access"),))
    assert reconcile(late, BROKEN).header == Header(
        evidence_at=ago(2), seen={STALE: ago(2), "unused-role": ago(3)}, open={"HIGH": 2}, runs=(FIRST,)
    )


def test_header_keeps_the_last_audits_newest_first() -> None:
    known = audited(*(clean("AKIA1", age=age) for age in range(KEPT_RUNS + 3, 0, -1)))
    assert known.header
    assert known.header.runs == tuple(run(age) for age in range(1, KEPT_RUNS + 1))


def test_audit_that_was_broken_off_counts_what_it_had_written_when_it_is_repeated() -> None:
    found = evaluation(finding(), finding("AKIA2"))
    written, _ = reconcile(found, Ledger()).transitions
    broken_off = Ledger(header=Header(evidence_at=NEVER, version=1), records={written.after.finding.id: written.after})
    changes = reconcile(found, broken_off)
    assert events(changes) == [("AKIA2", Event.OPENED)]
    assert changes.header
    assert changes.header.runs == (run(0, findings=2, transitions=2),)


def of_member(name: str, *, age: float) -> Evaluation:
    return replace(evaluation(age=age), membership=Membership(name=name, path=("r-1", "ou-1"), tags={"team": "a"}))


def test_account_keeps_the_name_it_had_while_its_organization_is_not_seen() -> None:
    header = audited(of_member("payments", age=2), evaluation(age=1)).header
    assert header
    assert header.membership == Membership(name="payments", path=("r-1", "ou-1"), tags={"team": "a"})


@pytest.mark.parametrize("order", [(2, 1), (1, 2)])
def test_newest_evidence_names_the_account(order: tuple[int, ...]) -> None:
    header = audited(*(of_member(f"named {age} days ago", age=age) for age in order)).header
    assert header
    assert header.membership
    assert header.membership.name == "named 1 days ago"


def test_audit_of_the_same_moment_does_not_overwrite_what_was_not_seen_in_it() -> None:
    known = audited(evaluation(skipped=(skip(),)))
    assert reconcile(evaluation(skipped=(skip(check="unused-role"),)), known) == Changes(transitions=(), header=None)


def test_skipped_check_keeps_the_age_of_what_was_seen_of_it() -> None:
    known = audited(evaluation(skipped=(skip(),)), ledger=BROKEN)
    assert known.header
    assert (known.header.evidence_at, known.header.seen) == (ago(0), {STALE: ago(2)})


def test_late_look_at_another_check_leaves_the_header_at_the_newest() -> None:
    known = audited(evaluation(skipped=(skip(),), age=0), clean("AROA1", check="unused-role", age=1))
    assert known.header
    assert known.header.evidence_at == ago(0)
    assert known.header.gaps == {STALE: "AccessDenied"}
    assert known.header.seen == {"unused-role": ago(1)}


# As a person mends it.


def test_key_that_was_deactivated_as_its_fix_says_is_fixed_and_not_deleted() -> None:
    """A user without an active key is not asked for keys: the evidence lists none."""

    def at(age: float, *keys: KeyMetadata) -> Evaluation:
        row = credential_row(keys=(key_slot(age=91, active=bool(keys)), NO_KEY))
        facts = derive({CredentialRow: observed(row, age=age), KeyMetadata: observed(*keys, age=age)})
        return evaluate(replace(snapshot(facts), gathered_at=ago(age)), [CATALOGUE[STALE]], Context(now=NOW))

    fixed = only(reconcile(at(0), audited(at(1, key_metadata(age=91)))))
    assert (fixed.finding.uid, fixed.resolution) == ("AKIA1", Resolution.FIXED)


WEB = Scope(name="web", manager=arn("role/web"), selectors=(Selector(names=("ana",)),))
OTHERS = Scope(name="others", manager=arn("role/others"), selectors=(Selector(names=("bo",)),))


@pytest.mark.parametrize(
    ("scopes", "resolution"),
    [
        ((OTHERS,), Resolution.THRESHOLD_CHANGED),
        ((), Resolution.THRESHOLD_CHANGED),
        ((WEB, OTHERS), Resolution.FIXED),
        ((WEB,), Resolution.FIXED),
    ],
)
def test_nothing_is_fixed_by_taking_its_scope_out_of_the_settings(
    scopes: tuple[Scope, ...], resolution: Resolution
) -> None:
    def at(age: float, *scopes: Scope, mfa: bool) -> Evaluation:
        ana = user(password_enabled=False, active_keys=1, mfa_active=mfa)
        seen = snapshot({User: observed(ana, age=age)})
        context = Context(now=NOW, scopes=scopes)
        return evaluate(replace(seen, gathered_at=ago(age)), [CATALOGUE["managed-user-without-mfa"]], context)

    known = audited(at(1, WEB, OTHERS, mfa=False))
    assert only(reconcile(at(0, *scopes, mfa=WEB in scopes), known)).resolution is resolution


def test_check_that_goes_by_no_scope_is_fixed_whatever_the_scopes_are() -> None:
    def at(age: float, *scopes: Scope, key_age: float) -> Evaluation:
        seen = snapshot({AccessKey: observed(access_key(age=key_age), age=age)})
        context = Context(now=NOW, scopes=scopes)
        return evaluate(replace(seen, gathered_at=ago(age)), [CATALOGUE[STALE]], context)

    fixed = only(reconcile(at(0, key_age=9), audited(at(1, WEB, key_age=91))))
    assert fixed.resolution is Resolution.FIXED


# Whatever the order of looks, complete or partial.

CHECKS = ("one", "two")
THERE = "analyzer there"
SUBJECTS = [(uid, region) for uid in ("a", "b", "c") for region in ("here", "there")]


def broken(check: str, subject: tuple[str, str], material: str) -> Finding:
    """What is there is told by the analyzer there, what is here by the account itself."""
    uid, region = subject
    named, via = f"{uid}@{region}", THERE if region == "there" else ""
    return finding(named, check, region=region, resource=named, principal=uid, via=via, evidence={"since": material})


problems = st.dictionaries(st.sampled_from(SUBJECTS), st.sampled_from(["x", "y"]))
named_scopes = ["here", "there", "a", "b", "c", *(f"{uid}@{region}" for uid, region in SUBJECTS)]
scopes = st.lists(st.sampled_from(named_scopes), max_size=2)


@st.composite
def looks(draw: st.DrawFn, *, age: float, complete: bool = False) -> Evaluation:
    """An evaluation of evidence of that age: each check done, done with gaps, skipped, or not selected."""
    found: list[Finding] = []
    skipped: list[Skip] = []
    looked_at: dict[str, tuple[str, ...]] = {}
    for check in CHECKS:
        how = "done" if complete else draw(st.sampled_from(["done", "gaps", "skipped", "unselected"]))
        if how == "skipped":
            skipped.append(skip(check=check))
        if how in {"done", "gaps"}:
            unseen = set(draw(scopes)) if how == "gaps" else set()
            looked_at[check] = tuple(draw(st.lists(st.sampled_from([f"{u}@{r}" for u, r in SUBJECTS]))))
            skipped += [skip(scope, check) for scope in unseen]
            all_found = [broken(check, subject, material) for subject, material in draw(problems).items()]
            found += [it for it in all_found if not {it.region, it.resource, it.principal} & unseen]
    asked = complete or draw(st.booleans())
    told = [it for it in found if asked or not it.via]
    return evaluation(*told, age=age, looked_at=looked_at, skipped=tuple(skipped), via=(THERE,) if asked else ())


@st.composite
def histories(draw: st.DrawFn, size: int = 6) -> list[Evaluation]:
    """Evaluations in the order in which they arrive, which is not always that of their evidence."""
    ages = draw(st.lists(st.integers(0, 9), min_size=1, max_size=size, unique=True))
    return [draw(looks(age=age)) for age in ages]


def steps(history: Iterable[Evaluation]) -> list[tuple[Ledger, Evaluation, Changes]]:
    known, taken = Ledger(), []
    for look in history:
        changes = reconcile(look, known)
        taken.append((known, look, changes))
        known = after(changes, known)
    return taken


def transitions(history: Iterable[Evaluation]) -> list[Change]:
    return [change for _, _, changes in steps(history) for change in changes.transitions]


def still_open(ledger: Ledger) -> dict[str, Finding]:
    return {uid: it.finding for uid, it in ledger.records.items() if it.status is Status.OPEN}


@given(histories())
def test_replay_changes_nothing_and_writes_nothing(history: list[Evaluation]) -> None:
    for known, look, changes in steps(history):
        assert reconcile(look, after(changes, known)) == Changes(transitions=(), header=None)


@given(histories())
def test_first_seen_never_moves(history: list[Evaluation]) -> None:
    for change in transitions(history):
        assert change.before is None or change.after.first_seen == change.before.first_seen


@given(histories())
def test_every_transition_is_the_next_version(history: list[Evaluation]) -> None:
    for change in transitions(history):
        assert change.after.version == (change.before.version if change.before else 0) + 1


@given(histories())
def test_transition_starts_where_the_last_one_ended(history: list[Evaluation]) -> None:
    for known, _, changes in steps(history):
        ids = [change.after.finding.id for change in changes.transitions]
        assert len(set(ids)) == len(ids)
        assert [change.before for change in changes.transitions] == [known.records.get(it) for it in ids]


@given(histories())
def test_events_follow_the_life(history: list[Evaluation]) -> None:
    allowed = {
        (None, Event.OPENED, Status.OPEN),
        (Status.OPEN, Event.CHANGED, Status.OPEN),
        (Status.OPEN, Event.RESOLVED, Status.RESOLVED),
        (Status.RESOLVED, Event.REOPENED, Status.OPEN),
    }
    for change in transitions(history):
        before = change.before.status if change.before else None
        assert (before, change.after.event, change.after.status) in allowed
        assert (change.after.resolution is None) == (change.after.status is Status.OPEN)


@given(histories())
def test_only_what_was_completely_seen_in_newer_evidence_is_resolved(history: list[Evaluation]) -> None:
    for _, look, changes in steps(history):
        for change in changes.transitions:
            if change.after.event is Event.RESOLVED:
                assert change.before
                was = change.before.finding
                gaps = {it.scope for it in look.skipped if it.check == was.check}
                assert not gaps & {None, was.region, was.resource, was.principal}
                assert not was.via or was.via in look.examined[was.check].via
                assert look.examined[was.check].as_of > was.evidence_at
                assert was.id not in {it.id for it in look.findings}


@given(histories())
def test_evidence_never_goes_back(history: list[Evaluation]) -> None:
    for change in transitions(history):
        assert change.before is None or change.after.finding.evidence_at >= change.before.finding.evidence_at
    headers = [known.header for known, _, _ in steps(history) if known.header]
    for earlier, later in pairwise(headers):
        assert later.evidence_at >= earlier.evidence_at
        assert all(later.seen[check] >= seen for check, seen in earlier.seen.items())


@given(histories())
def test_header_moves_by_one_and_counts_what_is_open(history: list[Evaluation]) -> None:
    for known, _, changes in steps(history):
        if changes.header:
            assert changes.header.version == (known.header.version if known.header else 0)
            assert sum(changes.header.open.values()) + changes.header.excepted == len(still_open(after(changes, known)))
            assert not known.header or replace(changes.header, version=known.header.version) != known.header
        else:
            assert changes.transitions == ()


@given(history=histories(), last=looks(age=-1, complete=True))
def test_complete_look_leaves_open_what_it_found(history: list[Evaluation], last: Evaluation) -> None:
    known = audited(*history, last)
    assert set(still_open(known)) == {it.id for it in last.findings}
    assert all(known.records[it.id].finding.evidence == it.evidence for it in last.findings)


@given(history=histories(size=3), older=looks(age=-1, complete=True), newer=looks(age=-2, complete=True))
def test_two_runs_that_finish_in_either_order_agree(
    history: list[Evaluation], older: Evaluation, newer: Evaluation
) -> None:
    in_order, swapped = audited(*history, older, newer), audited(*history, newer, older)
    open_in_order, open_swapped = still_open(in_order), still_open(swapped)
    assert {uid: it.material for uid, it in open_in_order.items()} == {
        uid: it.material for uid, it in open_swapped.items()
    }
    assert in_order.header
    assert swapped.header
    assert (in_order.header.evidence_at, in_order.header.open) == (swapped.header.evidence_at, swapped.header.open)


@given(history=histories(), partial=looks(age=-1))
def test_partial_look_touches_only_what_it_saw(history: list[Evaluation], partial: Evaluation) -> None:
    known = audited(*history)
    assume(known.records)
    touched = {change.after.finding.check for change in reconcile(partial, known).transitions}
    assert touched <= set(partial.examined)


# Judged in another account.

HANDED_OVER = evaluation(looked_at={}, skipped=(replace(skip(inapplicable=True), elsewhere="111122223334"),))


def test_what_is_judged_in_another_account_is_resolved_as_that_and_is_back_if_it_is_judged_here_again() -> None:
    change = only(reconcile(HANDED_OVER, BROKEN))
    assert (change.event, change.resolution) == (Event.RESOLVED, Resolution.JUDGED_ELSEWHERE)
    after_it = after(reconcile(HANDED_OVER, BROKEN), BROKEN)
    assert reconcile(HANDED_OVER, after_it).transitions == ()
    back = only(reconcile(evaluation(finding(), age=-1), after_it))
    assert (back.event, back.resolution) == (Event.REOPENED, None)


def test_late_audit_hands_nothing_over() -> None:
    assert reconcile(replace(HANDED_OVER, evidence_at=ago(3)), BROKEN).transitions == ()


def test_gap_of_one_region_hands_nothing_over() -> None:
    gap = replace(skip("eu-west-1", inapplicable=True), elsewhere="111122223334")
    assert reconcile(evaluation(looked_at={}, skipped=(gap,)), BROKEN).transitions == ()
    assert reconcile(replace(evaluation(finding()), skipped=(gap,)), BROKEN).transitions == ()


def test_gap_by_design_that_nobody_fills_elsewhere_resolves_nothing() -> None:
    gap = evaluation(looked_at={}, skipped=(skip(inapplicable=True),))
    assert reconcile(gap, BROKEN).transitions == ()
