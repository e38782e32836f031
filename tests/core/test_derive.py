from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.aws.sources import SOURCES
from auditor.core.derived.credentials import MOST_KEYS, match_keys
from auditor.core.model import Facts, Observed, Subject, Unavailable
from auditor.core.subjects.access_analyzer import (
    Analyzer,
    AnalyzerCoverage,
    EnabledRegion,
    ExternalAccess,
    InternalAccess,
    Region,
    UnusedAccess,
)
from auditor.core.subjects.credentials import (
    AccessKey,
    AccountSummary,
    CredentialRow,
    KeyMetadata,
    KeySlot,
    RootMfa,
    RootUser,
    User,
)
from auditor.core.subjects.entities import (
    IdentityProvider,
    IdentityProviderDetail,
    ServerCertificate,
    ServerCertificateDetail,
    UserDetail,
)
from auditor.policy.derive import DERIVATIONS, derive
from tests.build import (
    NO_KEY,
    OWNER,
    account_summary,
    ago,
    analyzer,
    analyzer_finding,
    arn,
    certificate,
    credential_row,
    enabled_region,
    identity_provider,
    key_metadata,
    key_slot,
    observed,
    root_row,
    server_certificate,
    user_detail,
    virtual_device,
)

DENIED = Unavailable(reason="AccessDenied")
NOBODY_ASKED = Unavailable(reason="nobody asked", inapplicable=True)
NEWER = Unavailable(reason="newer than the credential report", inapplicable=True)
LACKING = Unavailable(reason="the credential report lacks it")
CHANGED = Unavailable(reason="a key changed after the credential report was made", inapplicable=True)
UNLISTED = Unavailable(reason="its active keys are not listed")
SOURCE_KINDS: tuple[type[Subject], ...] = tuple(kind for source in SOURCES for kind in source.kinds)
NOT_SEEN = {"eu-west-1": DENIED}
NEEDS = [(it.gives, kind) for it in DERIVATIONS for kind in it.needs if kind in SOURCE_KINDS]


def facts(*subjects: Subject) -> dict[type[Subject], Observed[Subject] | Unavailable]:
    """What the sources say of an account with these subjects and a root user, every source having answered."""
    defaults = [it for it in (root_row(), account_summary()) if not any(_same(it, subject) for subject in subjects)]
    everything = (*subjects, *defaults)
    return {kind: observed(*(it for it in everything if type(it) is kind)) for kind in SOURCE_KINDS}


def _same(default: Subject, subject: Subject) -> bool:
    return type(default) is type(subject) and default.resource == subject.resource


def seen(kind: type[Subject], known: Facts) -> Observed[Subject]:
    found = derive(known)[kind]
    assert isinstance(found, Observed), found
    return found


def unseen(kind: type[Subject], known: Facts) -> Unavailable:
    found = derive(known)[kind]
    assert isinstance(found, Unavailable), found
    return found


def the_root(*subjects: Subject) -> RootUser:
    (root,) = seen(RootUser, facts(*subjects)).subjects
    assert isinstance(root, RootUser)
    return root


def the_keys(*subjects: Subject) -> dict[str, AccessKey]:
    found = seen(AccessKey, facts(*subjects)).subjects
    return {key.id: key for key in found if isinstance(key, AccessKey)}


# What a derivation takes over from its inputs.


@pytest.mark.parametrize(("gives", "kind"), NEEDS, ids=[f"{gives.__name__}-{kind.__name__}" for gives, kind in NEEDS])
def test_unavailable_input_makes_unavailable(gives: type[Subject], kind: type[Subject]) -> None:
    assert unseen(gives, facts() | {kind: DENIED}) == DENIED


@pytest.mark.parametrize(("gives", "kind"), NEEDS, ids=[f"{gives.__name__}-{kind.__name__}" for gives, kind in NEEDS])
def test_what_cannot_be_seen_by_design_stays_so(gives: type[Subject], kind: type[Subject]) -> None:
    assert unseen(gives, facts() | {kind: NOBODY_ASKED}).inapplicable


@pytest.mark.parametrize(("gives", "kind"), NEEDS, ids=[f"{gives.__name__}-{kind.__name__}" for gives, kind in NEEDS])
def test_what_follows_from_what_is_judged_elsewhere_is_judged_here(gives: type[Subject], kind: type[Subject]) -> None:
    assert unseen(gives, facts() | {kind: replace(NOBODY_ASKED, elsewhere="111122223334")}) == NOBODY_ASKED


def test_kind_without_a_source_is_unavailable_not_empty() -> None:
    known = facts()
    del known[CredentialRow]
    assert unseen(User, known).reason == "no source gives CredentialRow"


def test_unavailable_travels_through_two_derivations() -> None:
    assert unseen(RootMfa, facts() | {CredentialRow: DENIED}) == DENIED


def test_derived_facts_are_as_old_as_their_oldest_input() -> None:
    known = facts() | {UserDetail: observed(user_detail(), age=0), CredentialRow: observed(credential_row(), age=0.2)}
    assert seen(User, known).as_of == ago(0.2)


def test_derived_facts_have_the_gaps_of_their_inputs() -> None:
    known = facts() | {EnabledRegion: observed(gaps={"me-south-1": "off"}), Analyzer: observed(gaps={"x": "denied"})}
    assert {scope: gap.reason for scope, gap in seen(Region, known).gaps.items()} == {
        "me-south-1": "off",
        "x": "denied",
    }


def test_source_facts_are_left_as_they_are() -> None:
    known = facts(user_detail())
    assert {kind: derive(known)[kind] for kind in known} == known


# The root user.


def test_root_user_is_the_only_row_that_is_no_user() -> None:
    assert the_root(root_row(password_last_used=ago(3)), credential_row(), user_detail()).password_last_used == ago(3)


def test_report_without_root_row_is_no_sign_of_a_clean_root() -> None:
    assert "no row for the root user" in unseen(RootUser, facts() | {CredentialRow: observed(credential_row())}).reason


@pytest.mark.parametrize(
    ("in_summary", "in_report", "has_key"),
    [(False, False, False), (True, False, True), (False, True, True), (True, True, True)],
)
def test_root_key_in_either_source_counts(*, in_summary: bool, in_report: bool, has_key: bool) -> None:
    slot = key_slot(age=9) if in_report else NO_KEY
    assert the_root(account_summary(keys=in_summary), root_row(keys=(NO_KEY, slot))).has_access_key is has_key


@pytest.mark.parametrize(
    ("in_summary", "in_report", "has_certificate"),
    [(False, False, False), (True, False, True), (False, True, True), (True, True, True)],
)
def test_root_certificate_in_either_source_counts(*, in_summary: bool, in_report: bool, has_certificate: bool) -> None:
    row = root_row(certificates=(certificate(active=False), certificate(active=in_report)))
    assert the_root(account_summary(certificates=in_summary), row).has_certificate is has_certificate


@pytest.mark.parametrize(("in_summary", "in_report"), [(False, True), (True, False), (False, False)])
def test_root_mfa_counts_only_where_both_sources_have_it(*, in_summary: bool, in_report: bool) -> None:
    assert not the_root(account_summary(mfa=in_summary), root_row(mfa_active=in_report)).mfa_active


def test_removed_root_credentials_are_known_by_the_summary() -> None:
    assert not the_root(account_summary(password=False)).has_credentials
    assert the_root(account_summary(password=False, keys=True)).has_credentials


def test_only_roots_own_virtual_devices_are_roots() -> None:
    devices = (
        virtual_device(arn("mfa/phone"), OWNER.root_arn),
        virtual_device(arn("mfa/anas"), arn("user/ana")),
        virtual_device(arn("mfa/unused"), None),
    )
    (mfa,) = seen(RootMfa, facts(*devices)).subjects
    assert isinstance(mfa, RootMfa)
    assert mfa.virtual == (arn("mfa/phone"),)


@pytest.mark.parametrize(("password", "console"), [(True, True), (False, False), (None, False)])
def test_key_knows_whether_and_since_when_its_user_has_the_console(*, password: bool | None, console: bool) -> None:
    row = credential_row(age=50, password_enabled=password, keys=(key_slot(age=9), NO_KEY))
    key = the_keys(row, key_metadata(age=9))["AKIA1"]
    assert (key.console, key.user_created) == (console, ago(50))


# Users.


def test_user_joins_detail_and_report() -> None:
    row = credential_row(mfa_active=False, keys=(key_slot(age=9), key_slot(age=8)))
    (user,) = seen(User, facts(user_detail(uid="AIDA7"), row)).subjects
    assert isinstance(user, User)
    assert (user.uid, user.mfa_active, user.active_keys, user.password_last_used) == ("AIDA7", False, 2, ago(1))


@pytest.mark.parametrize(
    ("age", "gap"), [(0.1, NEWER), (0.2, NEWER), (0.2 + 30 / 86_400, NEWER), (0.2 + 90 / 86_400, LACKING), (9, LACKING)]
)
def test_user_that_the_report_lacks_is_a_gap_by_design_only_while_newer_than_it(age: float, gap: Unavailable) -> None:
    known = facts(user_detail("ana"), user_detail("new", age=age))
    found = seen(User, known | {CredentialRow: observed(root_row(), credential_row("ana"), age=0.2)})
    assert [user.resource for user in found.subjects] == [arn("user/ana")]
    assert found.gaps == {arn("user/new"): gap}


def test_deleted_namesakes_credentials_are_not_the_new_users() -> None:
    found = seen(User, facts(user_detail("ana", age=1, uid="AIDA2"), credential_row("ana", age=400)))
    assert (found.subjects, found.gaps) == ((), {arn("user/ana"): NEWER})


def test_sources_may_date_a_user_a_moment_apart() -> None:
    assert seen(User, facts(user_detail(age=400), credential_row(age=400.0005))).subjects


def test_user_carries_its_tags() -> None:
    detail = replace(user_detail(), tags={"team": "red"})
    (user,) = seen(User, facts(detail, credential_row())).subjects
    assert user.tags == {"team": "red"}


def test_user_that_the_report_does_not_date_is_still_joined() -> None:
    assert seen(User, facts(user_detail(), credential_row(age=None))).subjects


def test_user_that_only_the_report_knows_is_a_gap_by_design() -> None:
    """Deleted since the report was made, most likely; the next report tells."""
    found = seen(User, facts(user_detail("ana"), credential_row("ana"), credential_row("gone")))
    assert [user.resource for user in found.subjects] == [arn("user/ana")]
    assert found.gaps == {
        arn("user/gone"): Unavailable(reason="only the credential report knows it", inapplicable=True)
    }


def test_report_of_users_without_any_users_is_not_by_design() -> None:
    found = seen(User, facts(credential_row("ana"), credential_row("bo")))
    assert found.subjects == ()
    assert set(found.gaps) == {arn("user/ana"), arn("user/bo")}
    assert not any(gap.inapplicable for gap in found.gaps.values())


def test_root_row_is_no_user_that_is_missing() -> None:
    assert seen(User, facts()).gaps == {}


# Access keys: the report has slots without ids, the list has ids without use.


def test_key_gets_the_use_of_its_slot() -> None:
    row = credential_row(keys=(key_slot(age=50, used=3), key_slot(age=20, used=1)))
    keys = the_keys(row, key_metadata("AKIAOLD", age=50), key_metadata("AKIANEW", age=20))
    assert (keys["AKIAOLD"].last_used, keys["AKIANEW"].last_used) == (ago(3), ago(1))


def test_slots_are_told_apart_by_their_state() -> None:
    row = credential_row(keys=(key_slot(age=5, used=3, active=False), key_slot(age=4, used=1)))
    keys = the_keys(row, key_metadata("AKIAOFF", age=90, active=False), key_metadata("AKIAON", age=80))
    assert (keys["AKIAOFF"].last_used, keys["AKIAON"].last_used) == (ago(3), ago(1))


def test_reactivated_key_keeps_its_creation() -> None:
    key = the_keys(credential_row(keys=(key_slot(age=2, used=1), NO_KEY)), key_metadata("AKIA1", age=400))["AKIA1"]
    assert (key.created, key.last_used) == (ago(400), ago(1))


def test_reactivated_key_is_known_by_the_other_that_was_not() -> None:
    row = credential_row(keys=(key_slot(age=2, used=1), key_slot(age=30, used=9)))
    keys = the_keys(row, key_metadata("AKIAOLD", age=400), key_metadata("AKIANEW", age=30))
    assert (keys["AKIAOLD"].last_used, keys["AKIANEW"].last_used) == (ago(1), ago(9))


def test_keys_that_cannot_be_told_apart_are_judged_by_the_worse() -> None:
    row = credential_row(keys=(key_slot(age=2, used=1), key_slot(age=3)))
    keys = the_keys(row, key_metadata("AKIA1", age=400), key_metadata("AKIA2", age=300))
    assert [(len(key.rows), key.last_used) for key in keys.values()] == [(2, None), (2, None)]


def test_key_newer_than_the_report_makes_its_user_a_gap_and_takes_no_ones_slot() -> None:
    row = credential_row(keys=(key_slot(age=50, used=3), NO_KEY))
    found = seen(AccessKey, facts(row, key_metadata("AKIAOLD", age=50), key_metadata("AKIANEW", age=1)))
    assert [key.uid for key in found.subjects] == ["AKIAOLD"]
    assert found.gaps == {arn("user/ana"): CHANGED}


def test_key_switched_off_after_the_report_makes_its_user_a_gap() -> None:
    found = seen(AccessKey, facts(credential_row(keys=(key_slot(age=50), NO_KEY)), key_metadata(age=50, active=False)))
    assert (found.subjects, found.gaps) == ((), {arn("user/ana"): CHANGED})


def test_second_key_deleted_after_the_report_makes_its_user_a_gap() -> None:
    row = credential_row(keys=(key_slot(age=50), key_slot(age=20)))
    found = seen(AccessKey, facts(row, key_metadata("AKIAOLD", age=50)))
    assert [key.uid for key in found.subjects] == ["AKIAOLD"]
    assert found.gaps == {arn("user/ana"): CHANGED}


def test_user_whose_active_keys_are_not_listed_at_all_was_not_looked_at() -> None:
    found = seen(AccessKey, facts(credential_row("ana", keys=(key_slot(age=50), NO_KEY)), credential_row("bo")))
    assert (found.subjects, found.gaps) == ((), {arn("user/ana"): UNLISTED})


def test_inactive_keys_need_not_be_listed() -> None:
    """Only users with an active key are asked for theirs."""
    slot = key_slot(age=50, active=False)
    one, both = credential_row("ana", keys=(slot, NO_KEY)), credential_row("bo", keys=(slot, slot))
    found = seen(AccessKey, facts(one, both, root_row(keys=(key_slot(age=9), NO_KEY))))
    assert (found.subjects, found.gaps) == ((), {})


def test_keys_that_the_sources_agree_about_leave_no_gap() -> None:
    row = credential_row(keys=(key_slot(age=50), key_slot(age=20, active=False)))
    assert seen(AccessKey, facts(row, key_metadata("A", age=50), key_metadata("B", age=20, active=False))).gaps == {}


@pytest.mark.parametrize(("age", "gap"), [(0.1, NEWER), (50, LACKING)])
def test_key_of_a_user_that_the_report_does_not_know_is_a_gap_itself(age: float, gap: Unavailable) -> None:
    known = facts(key_metadata(user="new", age=age)) | {CredentialRow: observed(root_row(), age=0.2)}
    assert (seen(AccessKey, known).subjects, seen(AccessKey, known).gaps) == ((), {"AKIA1": gap})


@pytest.mark.parametrize(("number", "told_apart"), [(MOST_KEYS, True), (MOST_KEYS + 1, False), (10_000, False)])
def test_more_keys_of_a_user_than_can_be_are_not_told_apart(number: int, *, told_apart: bool) -> None:
    keys = [key_metadata(f"AKIA{it}", age=50) for it in range(number)]
    found = seen(AccessKey, facts(credential_row(keys=(key_slot(age=50), NO_KEY)), *keys))
    assert bool(found.subjects) is told_apart
    assert set(found.gaps) == (set() if told_apart else {arn("user/ana")})


@pytest.mark.parametrize(
    ("used", "fits"), [(51, False), (50 + 90 / 86_400, False), (50 + 30 / 86_400, True), (3, True)]
)
def test_slot_that_was_used_before_a_key_was_created_is_not_that_keys(used: float, *, fits: bool) -> None:
    """The key was re-made in its place after the report, or the slot is another's."""
    assert bool(match_keys([key_metadata(age=50)], [key_slot(age=2, used=used), NO_KEY])) is fits


def test_roots_keys_are_no_users_keys() -> None:
    row = root_row(keys=(key_slot(age=50), NO_KEY))
    assert the_keys(row, key_metadata(age=50, user="<root_account>")) == {}


def test_key_belongs_to_its_users_arn() -> None:
    row = credential_row("bo", resource=arn("user/team/bo"), keys=(key_slot(age=5), NO_KEY))
    assert the_keys(row, key_metadata(age=5, user="bo"))["AKIA1"].principal == arn("user/team/bo")


TWO_HOLDERS = tuple(credential_row(name, keys=(key_slot(age=50), NO_KEY)) for name in ("ana", "bo"))
TWO_KEYS = (key_metadata("AKIAANA", age=50), key_metadata("AKIABO", age=50, user="bo"))


def test_key_carries_the_tags_of_its_user_and_of_nobody_else() -> None:
    ana = replace(user_detail("ana"), tags={"team": "red"})
    keys = the_keys(*TWO_HOLDERS, *TWO_KEYS, ana, user_detail("bo"))
    assert {uid: key.tags for uid, key in keys.items()} == {"AKIAANA": {"team": "red"}, "AKIABO": {}}


@pytest.mark.parametrize("details", [DENIED, NOBODY_ASKED, observed(gaps=NOT_SEEN, age=9)])
def test_key_is_judged_even_where_its_users_tags_were_not_seen(details: Any) -> None:
    known = facts(*TWO_HOLDERS, *TWO_KEYS)
    found = seen(AccessKey, known | {UserDetail: details})
    assert {key.resource: key.tags for key in found.subjects} == {"AKIAANA": None, "AKIABO": None}
    assert (found.gaps, found.as_of) == ({}, ago(0))
    del known[UserDetail]
    assert seen(AccessKey, known) == found


slots = st.builds(key_slot, age=st.none() | st.integers(0, 4), used=st.none() | st.integers(0, 4), active=st.booleans())
held = st.lists(
    st.builds(key_metadata, uid=st.sampled_from(["A", "B"]), age=st.integers(0, 4), active=st.booleans()),
    max_size=2,
    unique_by=lambda key: key.uid,
)


@given(keys=held, pair=st.tuples(slots, slots))
def test_matching_never_gives_a_key_an_impossible_slot(keys: list[KeyMetadata], pair: tuple[KeySlot, KeySlot]) -> None:
    by_id = {key.uid: key for key in keys}
    for uid, given_slots in match_keys(keys, pair).items():
        assert given_slots
        for slot in given_slots:
            assert slot.active == by_id[uid].active
            assert slot.rotated is not None
            assert by_id[uid].created <= slot.rotated + timedelta(minutes=1)
            assert slot.last_used is None or by_id[uid].created <= slot.last_used + timedelta(minutes=1)


@given(keys=held, pair=st.tuples(slots, slots))
def test_matching_does_not_depend_on_the_order(keys: list[KeyMetadata], pair: tuple[KeySlot, KeySlot]) -> None:
    there, back = match_keys(keys, pair), match_keys(keys[::-1], pair[::-1])
    assert {uid: set(found) for uid, found in there.items()} == {uid: set(found) for uid, found in back.items()}


@given(
    ages=st.tuples(st.integers(1, 50), st.integers(1, 50)).filter(lambda it: it[0] != it[1]),
    uses=st.tuples(st.integers(0, 9), st.integers(0, 9)),
)
def test_keys_that_were_never_reactivated_are_always_told_apart(ages: tuple[int, int], uses: tuple[int, int]) -> None:
    keys = [key_metadata(uid, age=age) for uid, age in zip("AB", ages, strict=True)]
    pair = [key_slot(age=age, used=min(use, age)) for age, use in zip(ages, uses, strict=True)]
    assert match_keys(keys, pair[::-1]) == {"A": (pair[0],), "B": (pair[1],)}


# Regions and Access Analyzer.


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({"type": "ACCOUNT"}, True),
        ({"type": "ORGANIZATION"}, True),
        ({"type": "ACCOUNT", "active": False}, False),
        ({"type": "ACCOUNT_UNUSED_ACCESS"}, False),
        ({"type": "ORGANIZATION_UNUSED_ACCESS"}, False),
        ({"type": "ORGANIZATION_INTERNAL_ACCESS"}, False),
        ({"type": "ACCOUNT", "region": "us-east-1"}, False),
    ],
)
def test_region_counts_active_analyzers_for_external_access(fields: dict[str, Any], *, counts: bool) -> None:
    (found,) = seen(Region, facts(enabled_region("eu-west-1"), analyzer(**fields))).subjects
    assert isinstance(found, Region)
    assert found.external_analyzers == (("zone",) if counts else ())


def test_external_finding_keeps_all_that_the_analyzer_said() -> None:
    raw = analyzer_finding()
    (found,) = seen(ExternalAccess, facts(enabled_region(), analyzer(), raw)).subjects
    assert vars(found) == vars(raw)


def test_region_without_analyzer_was_not_looked_at_for_external_access() -> None:
    found = seen(ExternalAccess, facts(enabled_region("eu-west-1"), enabled_region("us-east-1"), analyzer("us-east-1")))
    assert found.gaps["eu-west-1"].inapplicable
    assert set(found.gaps) == {"eu-west-1"}


def test_region_whose_analyzers_were_not_seen_is_no_subject() -> None:
    known = facts(enabled_region("eu-west-1"), enabled_region("us-east-1")) | {Analyzer: observed(gaps=NOT_SEEN)}
    assert [subject.resource for subject in seen(Region, known).subjects] == ["us-east-1"]


def test_gap_of_a_region_is_not_hidden_by_one_of_design() -> None:
    known = facts(enabled_region("eu-west-1")) | {Analyzer: observed(gaps=NOT_SEEN)}
    assert seen(ExternalAccess, known).gaps == {"eu-west-1": DENIED}


ORDERED = pytest.mark.parametrize("kind", [UnusedAccess, InternalAccess])


@ORDERED
@pytest.mark.parametrize("gaps", [{}, {"eu-west-1": NOBODY_ASKED}])
def test_analysis_that_nobody_ordered_is_unavailable_by_design(
    kind: type[Subject], gaps: dict[str, Unavailable]
) -> None:
    known = facts(enabled_region()) | {Analyzer: observed(analyzer("us-east-1"), gaps=gaps)}
    assert unseen(kind, known).inapplicable


@ORDERED
def test_analyzer_that_could_not_be_seen_is_not_absent_by_design(kind: type[Subject]) -> None:
    why = unseen(kind, facts(enabled_region("eu-west-1")) | {Analyzer: observed(gaps=NOT_SEEN)})
    assert not why.inapplicable
    assert why.reason.endswith("was seen, and not every Region was: eu-west-1")


@ORDERED
def test_findings_whose_analyzer_is_not_seen_are_told_all_the_same(kind: type[Subject]) -> None:
    raw = (analyzer_finding(type="UnusedPermission", uid="u"), analyzer_finding(type="InternalAccess", uid="i"))
    found = seen(kind, facts(enabled_region(), *raw))
    assert [type(subject) for subject in found.subjects] == [kind]
    assert found.via == frozenset()


@pytest.mark.parametrize(
    ("kind", "purpose"), [(ExternalAccess, ""), (UnusedAccess, "_UNUSED_ACCESS"), (InternalAccess, "_INTERNAL_ACCESS")]
)
def test_only_active_analyzers_of_the_purpose_were_asked(kind: type[Subject], purpose: str) -> None:
    asked = [analyzer(name, type=f"ACCOUNT{purpose}") for name in ("eu-west-1", "us-east-1")]
    off = analyzer("eu-west-2", type=f"ACCOUNT{purpose}", active=False)
    other = analyzer("eu-west-3", type="ACCOUNT_SOMETHING_ELSE")
    assert seen(kind, facts(enabled_region(), *asked, off, other)).via == {it.resource for it in asked}


@pytest.mark.parametrize("scope", ["ACCOUNT", "ORGANIZATION"])
@pytest.mark.parametrize(
    ("kind", "purpose", "types"),
    [
        (ExternalAccess, "", {"ExternalAccess", "SomethingNew"}),
        (InternalAccess, "_INTERNAL_ACCESS", {"InternalAccess"}),
        (
            UnusedAccess,
            "_UNUSED_ACCESS",
            {"UnusedIAMRole", "UnusedIAMUserAccessKey", "UnusedIAMUserPassword", "UnusedPermission", "UnusedNewly"},
        ),
    ],
)
def test_findings_go_to_the_check_of_their_type(kind: type[Subject], purpose: str, types: set[str], scope: str) -> None:
    """What AWS adds is told as external access rather than by nobody."""
    every = ("ExternalAccess", "InternalAccess", "UnusedIAMRole", "UnusedIAMUserAccessKey", "UnusedIAMUserPassword")
    raw = [
        analyzer_finding(type=name, uid=name) for name in (*every, "UnusedPermission", "UnusedNewly", "SomethingNew")
    ]
    found = seen(kind, facts(enabled_region(), analyzer(type=f"{scope}{purpose}"), *raw))
    assert {subject.uid for subject in found.subjects} == types
    assert {type(subject) for subject in found.subjects} == {kind}


def covered(*analyzers: Analyzer, gaps: dict[str, Unavailable] | None = None) -> Observed[Subject] | Unavailable:
    return derive({AccountSummary: observed(account_summary()), Analyzer: observed(*analyzers, gaps=gaps)})[
        AnalyzerCoverage
    ]


UNUSED = analyzer(type="ORGANIZATION_UNUSED_ACCESS")


def test_account_is_covered_by_the_active_analyzers_of_any_region() -> None:
    seen = covered(analyzer("eu-west-1"), analyzer("us-east-1"), UNUSED, replace(UNUSED, type="X", active=False))
    assert isinstance(seen, Observed)
    (account,) = seen.subjects
    assert isinstance(account, AnalyzerCoverage)
    assert (account.resource, account.types) == (OWNER.account, ("ACCOUNT", "ORGANIZATION_UNUSED_ACCESS"))


def test_analyzer_may_be_in_a_region_that_did_not_answer() -> None:
    gaps = {"us-east-1": DENIED, "ap-east-1": NOBODY_ASKED}
    assert covered(analyzer(), gaps=gaps) == Unavailable(reason="not every Region told its analyzers: us-east-1")
    assert isinstance(covered(UNUSED, gaps=gaps), Observed)
    assert isinstance(covered(analyzer(), gaps={"ap-east-1": NOBODY_ASKED}), Observed)


@pytest.mark.parametrize(
    ("listed", "detail", "thing"),
    [
        (IdentityProvider, IdentityProviderDetail, identity_provider()),
        (ServerCertificate, ServerCertificateDetail, server_certificate()),
    ],
)
def test_what_was_listed_only_is_a_gap_of_its_details(
    listed: type[Subject], detail: type[Subject], thing: Subject
) -> None:
    told, untold = replace(thing, tags={"team": "red"}), replace(thing, resource="other", tags=None)
    facts = {listed: observed(told, untold, gaps={"third": "denied"})}
    seen = derive(facts)[detail]
    assert isinstance(seen, Observed)
    assert [(type(it), it.resource, it.tags) for it in seen.subjects] == [(detail, thing.resource, {"team": "red"})]
    why = Unavailable(reason="the evidence lists it without its tags and whatever else is told one by one")
    assert seen.gaps == {"other": why, "third": Unavailable(reason="denied")}
