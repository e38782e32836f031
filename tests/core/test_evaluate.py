import string
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.checks import CATALOGUE
from auditor.core.check import Check, Context, Limits, Problem, Problems, Severity, check
from auditor.core.evaluate import (
    LONGEST_LINE,
    LONGEST_LIST,
    LONGEST_REASON,
    LONGEST_SENTENCE,
    LONGEST_TEXT,
    Evaluation,
    Finding,
    Skip,
    evaluate,
    finding_id,
)
from auditor.core.model import Membership, Observed, Owner, Subject, Unavailable
from auditor.core.subjects.access_analyzer import ExternalAccess
from auditor.core.subjects.credentials import User
from auditor.core.subjects.entities import Policy, Role
from auditor.core.subjects.organization import OrganizationMember
from tests.build import (
    ADMINISTRATOR,
    NOW,
    OWNER,
    access_key,
    ago,
    analyzer,
    arn,
    evaluation,
    external_access,
    observed,
    policy,
    role,
    snapshot,
    user,
)
from tests.build import skip as skipped

STALE = CATALOGUE["stale-access-key"]
UNUSED = CATALOGUE["unused-role"]
ADMIN = CATALOGUE["administrator-policy"]
TEXT = st.text(max_size=20)


@check(Severity.LOW, controls=("fsbp/IAM.1",), fix="look at {it.name}")
def fragile(it: Role, ctx: Context) -> Problems:
    """Role breaks the check.

    Some evidence is always stranger than a check expects.
    """
    del ctx
    yield Problem("half an answer")
    if it.name == "strange":
        raise KeyError(it.name)


def audited(*checks: Check, limits: Limits | None = None, **facts: Observed[Subject] | Unavailable) -> Evaluation:
    kinds: dict[str, type[Subject]] = {"roles": Role, "users": User, "keys": STALE.kind, "policies": Policy}
    seen = snapshot({kinds[name]: known for name, known in facts.items()})
    return evaluate(seen, checks, Context(now=NOW, limits=limits or Limits()))


def named(name: str, uid: str) -> Role:
    return replace(role(age=400), name=name, uid=uid, resource=arn(f"role/{name}"))


def only(result: Evaluation) -> Finding:
    (found,) = result.findings
    return found


# Not seen is not clean.


def test_unavailable_kind_is_skipped_and_not_examined() -> None:
    result = audited(UNUSED, roles=Unavailable(reason="authorization-details: AccessDenied"))
    assert result.skipped == (
        Skip(check="unused-role", scope=None, reason="authorization-details: AccessDenied", inapplicable=False),
    )
    assert (result.findings, result.examined) == ((), {})


def test_kind_that_no_source_gives_is_skipped() -> None:
    assert audited(UNUSED).gaps == {"unused-role": "no source gives it"}


def test_gap_is_skipped_and_the_rest_is_judged() -> None:
    result = audited(UNUSED, roles=observed(named("a", "AROA1"), gaps={arn("role/b"): "unreadable"}))
    assert [skip.scope for skip in result.skipped] == [arn("role/b")]
    assert result.examined["unused-role"].uids == {"AROA1"}


def test_check_that_was_not_selected_is_neither_examined_nor_skipped() -> None:
    result = audited(UNUSED, roles=observed(role()), keys=Unavailable(reason="denied"))
    assert set(result.examined) == {"unused-role"}
    assert result.skipped == ()


def test_empty_account_was_examined() -> None:
    assert audited(UNUSED, roles=observed()).examined["unused-role"].uids == frozenset()


def test_crashing_check_is_a_skip_of_that_subject_alone() -> None:
    result = audited(fragile, UNUSED, roles=observed(named("strange", "AROA1"), named("plain", "AROA2")))
    assert result.skipped == (
        Skip(
            check="fragile",
            scope=arn("role/strange"),
            reason="the check failed with KeyError: 'strange'",
            inapplicable=False,
        ),
    )
    assert {(it.check, it.uid) for it in result.findings} == {
        ("fragile", "AROA2"),
        ("unused-role", "AROA1"),
        ("unused-role", "AROA2"),
    }
    assert result.examined["fragile"].uids == {"AROA2"}


def test_policy_that_iam_would_not_accept_is_a_skip() -> None:
    result = audited(ADMIN, policies=observed(policy({"Statement": {"Effect": "Perhaps"}}), policy(ADMINISTRATOR)))
    assert [skip.scope for skip in result.skipped] == [arn("policy/everything")]
    assert len(result.findings) == 1


def test_what_is_listed_only_while_it_is_a_problem_is_fixed_when_it_is_gone() -> None:
    """What somebody else found, and access keys: they are listed while one of the user's is active."""
    facts = {it.kind: observed() for it in CATALOGUE.values()}
    examined = evaluate(snapshot(facts), CATALOGUE.values()).examined
    assert {check for check, it in examined.items() if it.gone_is_fixed} == {
        *("external-access", "unused-access", "internal-access"),
        *("stale-access-key", "idle-access-key", "unrequested-access-key", "long-term-key-in-use"),
    }


def test_analyzers_that_were_asked_and_the_one_that_told_are_kept() -> None:
    check, found = CATALOGUE["external-access"], external_access()
    zone, other = found.via, analyzer("us-east-1").resource
    seen = replace(observed(found), via=frozenset({zone, other}))
    result = evaluate(snapshot({ExternalAccess: seen}), [check])
    assert only(result).via == analyzer().resource
    assert result.examined[check.id].via == {zone, other}


def test_what_the_account_itself_tells_is_via_nobody() -> None:
    result = audited(UNUSED, roles=observed(role()))
    assert only(result).via == ""
    assert result.examined["unused-role"].via == set()


# What a finding says.


def test_evidence_time_is_the_sources_not_the_runs() -> None:
    result = audited(STALE, keys=observed(access_key(age=91), age=0.1))
    assert (only(result).evidence_at, result.examined["stale-access-key"].as_of) == (ago(0.1), ago(0.1))
    assert result.evidence_at == NOW


def test_clock_defaults_to_when_the_evidence_was_gathered() -> None:
    seen = snapshot({STALE.kind: observed(access_key(age=91))})
    assert evaluate(seen, [STALE]).findings == evaluate(seen, [STALE], Context(now=NOW)).findings
    assert evaluate(seen, [STALE], Context(now=NOW - timedelta(days=1))).findings == ()


def test_key_is_told_with_the_user_who_holds_it() -> None:
    found = only(audited(STALE, keys=observed(access_key(age=91))))
    assert (found.resource, found.uid, found.principal) == ("AKIA1", "AKIA1", arn("user/ana"))
    assert found.fix == "aws iam update-access-key --user-name ana --access-key-id AKIA1 --status Inactive"


@pytest.mark.parametrize(
    ("owner", "resource_type"), [(None, "AWS::IAM::ManagedPolicy"), (arn("user/ana"), "AWS::IAM::Policy")]
)
def test_inline_policy_is_told_apart_from_a_managed_one(owner: str | None, resource_type: str) -> None:
    found = only(audited(ADMIN, policies=observed(policy(ADMINISTRATOR, owner=owner))))
    assert (found.resource_type, found.principal) == (resource_type, owner or arn("policy/everything"))


def test_finding_has_the_tags_of_its_subject_and_the_limits_it_was_judged_by() -> None:
    limits = Limits(role_idle=timedelta(days=30))
    tagged = replace(role(age=60), tags={"team": "payments"})
    found = only(audited(UNUSED, roles=observed(tagged), limits=limits))
    assert (found.tags, found.limits) == ({"team": "payments"}, {"role_idle": timedelta(days=30)})


def test_evidence_is_plain_json() -> None:
    assert only(audited(UNUSED, roles=observed(role(age=91)))).evidence == {
        "created": "2026-08-21T06:00:00+00:00",
        "last_used": None,
    }


def saying(reason: str, **evidence: Any) -> Evaluation:
    """What a check of one's own may say of a role."""
    own = replace(UNUSED, judge=lambda *_: [Problem(reason, evidence)])
    return evaluate(snapshot({Role: observed(role())}), [own])


@pytest.mark.parametrize("value", [0.5, {1, 2}, [1], NOW.date(), (1, 2), {"a": 1}, timedelta(1)])
def test_evidence_that_no_table_takes_is_a_skip_of_that_subject(value: Any) -> None:
    result = saying("x", given=value)
    assert (result.findings, [it.scope for it in result.skipped]) == ((), [role().resource])


def test_long_texts_are_cut_where_they_would_not_fit() -> None:
    one, other = (only(saying(f"{'r' * 500_000}{it}", a=f"{'e' * 500_000}{it}", b=("l" * 500_000,))) for it in "xy")
    assert len(one.reason) == LONGEST_SENTENCE + len(" …")
    assert max(map(len, (one.evidence["a"], *one.evidence["b"]))) < LONGEST_TEXT + 50
    assert one.reason == other.reason
    assert one.material != other.material


@pytest.mark.parametrize("length", [1, LONGEST_TEXT])
def test_texts_of_the_longest_length_are_whole(length: int) -> None:
    found = only(saying("r" * length * 10, a="e" * length))
    assert (found.reason, found.evidence) == ("r" * length * 10, {"a": "e" * length})


def test_findings_are_sorted_most_severe_first() -> None:
    subjects = observed(named("b", "AROA1"), named("a", "AROA2"))
    result = audited(UNUSED, fragile, STALE, ADMIN, roles=subjects, keys=observed(access_key(age=91)))
    assert [(it.severity.name, it.check, it.resource[-1]) for it in result.findings] == [
        ("HIGH", "stale-access-key", "1"),
        ("LOW", "fragile", "a"),
        ("LOW", "fragile", "b"),
        ("LOW", "unused-role", "a"),
        ("LOW", "unused-role", "b"),
    ]


@given(
    checks=st.permutations([UNUSED, fragile]),
    roles=st.permutations([named("a", "AROA1"), named("b", "AROA2"), named("c", "AROA3")]),
)
def test_order_of_checks_and_subjects_changes_no_finding(checks: list[Check], roles: list[Role]) -> None:
    first = audited(UNUSED, fragile, roles=observed(named("a", "AROA1"), named("b", "AROA2"), named("c", "AROA3")))
    assert audited(*checks, roles=observed(*roles)).findings == first.findings


def test_same_subject_twice_in_the_evidence_is_one_finding() -> None:
    assert len(audited(UNUSED, roles=observed(role(age=91), role(age=91))).findings) == 1


# The same evidence under other limits.

days = st.integers(0, 200)


@given(ages=st.lists(days, max_size=4, unique=True), limit=days, other=days)
def test_findings_under_other_limits_are_those_of_an_audit_with_them(ages: list[int], limit: int, other: int) -> None:
    seen = observed(*(replace(role(age=age), uid=f"AROA{age}", resource=arn(f"role/r{age}")) for age in ages))
    one, two = (Limits(role_idle=timedelta(days=it)) for it in (limit, other))
    ids = {it.id for it in audited(UNUSED, roles=seen, limits=two).findings}
    assert audited(UNUSED, roles=seen, limits=one).under(UNUSED.id, two) == ids


def test_evidence_is_judged_again_only_when_somebody_asks_and_once() -> None:
    judged: list[str] = []

    def noted(it: Role, ctx: Context) -> Problems:
        judged.append(it.uid)
        return UNUSED.judge(it, ctx)

    result = audited(replace(UNUSED, judge=noted), roles=observed(role()))
    assert judged == ["AROA1"]
    tight = Limits(role_idle=timedelta(days=1))
    assert result.under(UNUSED.id, tight) == result.under(UNUSED.id, tight)
    assert judged == ["AROA1"] * 2


def test_checks_may_be_given_once() -> None:
    """As an iterator they are spent when other limits are asked about."""
    result = evaluate(snapshot({Role: observed(role())}), iter([UNUSED]))
    assert result.under(UNUSED.id, Limits(role_idle=timedelta(days=1))) == {only(result).id}


# The account in its organization.

MEMBER = OrganizationMember(
    resource=OWNER.account, uid=OWNER.account, name="payments", path=("r-1", "ou-1"), tags={"team": "a"}
)


def test_account_is_known_as_its_organization_names_it() -> None:
    result = evaluate(snapshot({OrganizationMember: observed(MEMBER)}), [])
    assert result.membership == Membership(name="payments", path=("r-1", "ou-1"), tags={"team": "a"})


@pytest.mark.parametrize("seen", [observed(), Unavailable(reason="not in an organization", inapplicable=True)])
def test_account_outside_any_organization_has_no_membership(seen: Observed[Subject] | Unavailable) -> None:
    assert evaluate(snapshot({OrganizationMember: seen}), []).membership is None
    assert evaluate(snapshot({}), []).membership is None


# Identity.


def test_identity_is_forever() -> None:
    """Whoever changes this makes every finding of every account a new one."""
    assert finding_id(OWNER, "unused-role", "AROA1", "") == "34760652851b03d0a07de8e5209f1002"


places = st.fixed_dictionaries({"name": TEXT, "resource": TEXT, "region": TEXT, "tags": st.dictionaries(TEXT, TEXT)})


@given(place=places, age=st.integers(91, 4000), limit=st.integers(1, 90))
def test_identity_is_not_about_names_places_tags_ages_or_limits(place: dict[str, Any], age: int, limit: int) -> None:
    changed = replace(role(age=age), **place)
    result = audited(UNUSED, roles=observed(changed), limits=Limits(role_idle=timedelta(days=limit)))
    assert only(result).id == finding_id(OWNER, "unused-role", "AROA1", "")


def test_identity_is_not_about_severity_and_wording() -> None:
    louder = replace(UNUSED, severity=Severity.CRITICAL, title="x", rationale="x", controls=(), fix="x")
    quiet, loud = (only(audited(it, roles=observed(role()))) for it in (UNUSED, louder))
    assert quiet.id == loud.id
    assert quiet.material == loud.material


def test_renamed_check_keeps_the_identity_of_what_it_finds() -> None:
    renamed = replace(UNUSED, id="idle-role", formerly=("unused-role", "dormant-role"))
    before, since = (only(audited(it, roles=observed(role()))) for it in (UNUSED, renamed))
    assert (before.id, before.material) == (since.id, since.material)
    assert (before.check, since.check) == ("unused-role", "idle-role")


def test_rename_keeps_the_identity_and_recreation_does_not() -> None:
    check = CATALOGUE["console-without-mfa"]
    ana = user(mfa_active=False)
    anna, another_ana = replace(ana, name="anna", resource=arn("user/anna")), replace(ana, uid="AIDA2")
    before, renamed, recreated = (only(audited(check, users=observed(it))).id for it in (ana, anna, another_ana))
    assert before == renamed != recreated


@given(st.lists(st.tuples(*[st.sampled_from(["a", "b", "aa"])] * 5), min_size=2, max_size=2, unique=True))
def test_identity_is_about_everything_else(parts: list[tuple[str, str, str, str, str]]) -> None:
    one, other = (finding_id(Owner(account=a, partition=p), c, u, d) for a, p, c, u, d in parts)
    assert one != other
    assert set(one) <= set(string.hexdigits.lower())
    assert len(one) == 32


@check(Severity.LOW, controls=("fsbp/IAM.1",), fix="look at it")
def twofold(it: Role, ctx: Context) -> Problems:
    """Role breaks one check twice.

    A discriminator tells the two problems apart.
    """
    del it, ctx
    yield Problem("here", discriminator="here")
    yield Problem("there", discriminator="there")


def test_discriminator_tells_two_problems_of_a_subject_apart() -> None:
    assert len({it.id for it in audited(twofold, roles=observed(role())).findings}) == 2


# Material evidence.


def material_of(holders: Iterable[str]) -> str:
    return only(audited(ADMIN, policies=observed(policy(ADMINISTRATOR, attached_to=tuple(holders))))).material


@given(evidence=st.dictionaries(TEXT, TEXT), other=st.dictionaries(TEXT, TEXT))
def test_material_is_the_evidence_and_nothing_else(evidence: dict[str, str], other: dict[str, str]) -> None:
    found = only(audited(STALE, keys=observed(access_key(age=91))))
    backwards = dict(reversed(evidence.items()))
    one, same, different = (replace(found, evidence=it).material for it in (evidence, backwards, other))
    assert one == same == replace(found, evidence=evidence, reason="x", title="x", fix="x").material
    assert (one == different) == (evidence == other)


def test_long_lists_are_cut_where_they_would_not_fit() -> None:
    found = only(audited(ADMIN, policies=observed(policy(ADMINISTRATOR, attached_to=tuple(map(str, range(5000)))))))
    *spelled_out, rest = found.evidence["attached_to"]
    assert spelled_out == [str(number) for number in range(LONGEST_LIST)]
    assert len(spelled_out) == 20
    assert rest.startswith("and 4980 more (sha256 ")


def test_list_of_the_longest_length_is_whole() -> None:
    holders = tuple(map(str, range(LONGEST_LIST)))
    found = only(audited(ADMIN, policies=observed(policy(ADMINISTRATOR, attached_to=holders))))
    assert found.evidence["attached_to"] == list(holders)


def test_change_beyond_the_end_of_a_long_list_is_material() -> None:
    holders = [str(number) for number in range(60)]
    assert material_of(holders) == material_of(holders)
    assert material_of(holders) != material_of([*holders[:-1], "another"])
    assert material_of(holders) != material_of(holders[:-1])


# Gaps in words.


def test_gaps_are_told_by_check_and_reason() -> None:
    result = evaluation(
        skipped=(skipped("eu-west-1", "b"), skipped("eu-west-2", "b"), skipped(check="a"), skipped("x", "c"))
    )
    assert result.gaps == {"a": "AccessDenied", "b": "AccessDenied: eu-west-1, eu-west-2", "c": "AccessDenied: x"}


def test_gaps_by_design_are_shown_and_raise_no_alarm() -> None:
    result = evaluation(skipped=(skipped(check="a", inapplicable=True), skipped(check="b")))
    assert (set(result.gaps), set(result.unplanned_gaps)) == ({"a", "b"}, {"b"})


@given(number=st.integers(1, 200))
def test_line_of_gaps_is_bounded(number: int) -> None:
    line = evaluation(skipped=tuple(skipped(f"r{it}") for it in range(number))).gaps["stale-access-key"]
    assert line.count(", ") <= LONGEST_LINE
    assert line.endswith(f", and {number - LONGEST_LINE} more") == (number > LONGEST_LINE)


@given(number=st.integers(1, 200))
def test_line_of_gaps_is_bounded_though_each_has_a_reason_of_its_own(number: int) -> None:
    reasons = tuple(replace(skipped(f"r{it}"), reason=f"reason {it}") for it in range(number))
    told = evaluation(skipped=reasons).gaps["stale-access-key"]
    assert len(told.split("; ")) == min(number, LONGEST_LINE + 1)
    assert told.endswith(f"; and {number - LONGEST_LINE} more") == (number > LONGEST_LINE)


@given(number=st.integers(1, 60), length=st.integers(1, 5000))
def test_text_of_gaps_is_bounded_however_long_the_reasons(number: int, length: int) -> None:
    reasons = tuple(replace(skipped("r" * length), reason=f"{it} {'x' * length}") for it in range(number))
    told = evaluation(skipped=reasons).gaps["stale-access-key"]
    assert len(told) <= LONGEST_TEXT + len(" …")
    assert told.endswith(" …") == (len(told) > LONGEST_TEXT)


@pytest.mark.parametrize(("checks", "longest"), [(50, LONGEST_TEXT), (51, 3921), (500, 400)])
def test_gaps_of_all_checks_fit_one_table_item(checks: int, longest: int) -> None:
    gaps = tuple(
        replace(skipped("r" * 2000), check=f"c{check}", reason=f"{part}")
        for check in range(checks)
        for part in range(9)
    )
    lines = evaluation(skipped=gaps).gaps.values()
    assert {len(line) for line in lines} == {longest + len(" …")}
    assert sum(map(len, lines)) < 210_000


def test_gaps_with_one_beginning_share_a_line() -> None:
    """What differs only beyond the length that is told is one reason."""
    same = "x" * LONGEST_REASON
    gaps = tuple(replace(skipped(scope), reason=f"{same}{scope}") for scope in ("a", "b"))
    assert evaluation(skipped=gaps).gaps == {"stale-access-key": f"{same}: a, b"}
