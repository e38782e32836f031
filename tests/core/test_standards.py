"""What an account is judged by."""

from datetime import timedelta
from typing import Any

import pytest

from auditor.checks import OURS
from auditor.core.catalogue import Catalogue
from auditor.core.check import Check, Context, Limits, Problem, Problems, Severity, check
from auditor.core.evaluate import Evaluation, Finding, evaluate
from auditor.core.life import Event, Resolution
from auditor.core.model import Membership
from auditor.core.reconcile import reconcile
from auditor.core.scopes import Scope, Selector
from auditor.core.standards import Override, Standards
from auditor.core.subjects.entities import Principal, Role
from tests.build import ACCOUNT, ADMINISTRATOR, NOW, OWNER, ago, arn, audited, observed, only, principal, role, snapshot

ROOT, FAR, NEAR = "r-ab12", "ou-ab12-11111111", "ou-ab12-22222222"
HERE = Membership(name="shop", path=(ROOT, FAR, NEAR))
UNUSED = OURS.checks["unused-role"]
SHOP = Scope(name="shop", manager="arn:*:iam::*:role/deploy", selectors=(Selector(paths=("/shop/*",)),))


def days(count: int) -> dict[str, Any]:
    return {"key_age": timedelta(days=count)}


def override(count: int, *units: str, account: str = "") -> Override:
    return Override(accounts=frozenset(filter(None, [account])), units=frozenset(units), limits=days(count))


@pytest.mark.parametrize(
    ("overrides", "membership", "age"),
    [
        ((), HERE, 90),
        ((override(1, ROOT),), HERE, 1),
        ((override(2, FAR), override(1, ROOT)), HERE, 2),
        ((override(3, NEAR), override(2, FAR), override(1, ROOT)), HERE, 3),
        ((override(4, account=ACCOUNT), override(3, NEAR)), HERE, 4),
        ((override(3, NEAR), override(4, account=ACCOUNT)), None, 4),
        ((override(3, NEAR, ROOT),), None, 90),
        ((override(3, NEAR),), Membership(name="x", path=(ROOT, FAR)), 90),
        ((override(4, account="999999999999"),), HERE, 90),
    ],
)
def test_most_specific_override_holds(overrides: tuple[Override, ...], membership: Membership | None, age: int) -> None:
    context = Standards(overrides=overrides).context(NOW, OWNER, membership)
    assert context == Context(now=NOW, limits=Limits(key_age=timedelta(days=age)))


def test_overrides_are_taken_setting_by_setting() -> None:
    standards = Standards(
        limits=Limits(password_length=20),
        severities={"unused-role": Severity.HIGH, "idle-access-key": Severity.INFO},
        overrides=(
            Override(units=frozenset({FAR}), limits=days(30), severities={"unused-role": Severity.INFO}),
            Override(accounts=frozenset({ACCOUNT}), severities={"unused-role": Severity.CRITICAL}),
        ),
    )
    context = standards.context(NOW, OWNER, HERE)
    assert context.limits == Limits(password_length=20, key_age=timedelta(days=30))
    assert context.severities == {"unused-role": Severity.CRITICAL, "idle-access-key": Severity.INFO}


def scope(name: str, manager: str) -> Scope:
    selector = Selector(paths=("/*",))
    return Scope(name=name, manager=f"arn:aws:iam::{ACCOUNT}:role/{manager}", selectors=(selector,))


def test_scope_is_another_where_an_override_says_so() -> None:
    standards = Standards(
        scopes=(scope("platform", "deploy"), scope("data", "etl")),
        overrides=(
            Override(units=frozenset({FAR}), scopes=(scope("platform", "unit"), scope("lab", "lab"))),
            Override(accounts=frozenset({ACCOUNT}), scopes=(scope("platform", "own"),)),
            Override(accounts=frozenset({"999999999999"}), scopes=(scope("data", "elsewhere"),)),
        ),
    )
    context = standards.context(NOW, OWNER, HERE)
    assert context.scopes == (scope("platform", "own"), scope("data", "etl"), scope("lab", "lab"))
    assert standards.scope_names == ("platform", "data", "lab")


def test_only_units_need_to_know_where_the_account_is() -> None:
    assert Standards(overrides=(override(1, ROOT),)).by_unit
    assert not Standards(overrides=(override(1, account=ACCOUNT),)).by_unit


@check(Severity.LOW, controls=("fsbp/IAM.1",), fix="look", formerly=("plain-part",))
def plain_role(it: Role, ctx: Context) -> Problems:
    """Role is there.

    It is what the test is about.
    """
    del ctx
    yield Problem(f"{it.name} is there")


KNOWN = Catalogue({"plain-role": plain_role})


def test_former_name_of_a_check_counts_as_its_present_one() -> None:
    given = {"plain-part": Severity.HIGH}
    standards = Standards(severities=given, overrides=(Override(accounts=frozenset({ACCOUNT}), severities=given),))
    assert list(standards.faults(KNOWN)) == []
    known = standards.known_by(KNOWN)
    assert (known.severities, known.overrides[0].severities) == ({"plain-role": Severity.HIGH},) * 2


@pytest.mark.parametrize(
    ("severities", "line"),
    [
        ({"plain-rule": Severity.LOW}, "plain-rule: is no check: is 'plain-role' meant?"),
        ({"zzz-zzz": Severity.LOW}, "zzz-zzz: is no check: `auditor checks` lists them"),
        (
            {"plain-part": Severity.LOW, "plain-role": Severity.LOW},
            "plain-part: is called 'plain-role' now, and that is named too",
        ),
    ],
)
def test_severity_of_no_check_is_a_line_with_its_place(severities: dict[str, Severity], line: str) -> None:
    assert list(Standards(severities=severities).faults(KNOWN)) == [f"severities.{line}"]
    nested = Standards(overrides=(Override(), Override(severities=severities)))
    assert list(nested.faults(KNOWN)) == [f"overrides.1.severities.{line}"]


# What comes of it.


def look(*checks: Check, standards: Standards | None = None, age: float = 0, **fields: Any) -> Evaluation:
    subjects = observed(role(path="/shop/", **fields), age=age)
    seen = snapshot({Role: subjects, Principal: observed(principal(documents=(ADMINISTRATOR,)), age=age)})
    return evaluate(seen, checks, (standards or Standards()).context(ago(age), OWNER, None))


def found(evaluation: Evaluation) -> Finding:
    (it,) = evaluation.findings
    return it


def test_severity_that_a_setting_raises_is_a_change_of_the_same_finding() -> None:
    raised = Standards(severities={"unused-role": Severity.CRITICAL})
    changed = only(reconcile(look(UNUSED, standards=raised), audited(look(UNUSED, age=1))))
    assert (changed.event, changed.finding.severity, changed.version) == (Event.CHANGED, Severity.CRITICAL, 2)
    assert reconcile(look(UNUSED, standards=raised), audited(look(UNUSED, age=1, standards=raised))).transitions == ()


def test_finding_is_of_the_scopes_that_its_subject_is_in() -> None:
    assert found(look(UNUSED, standards=Standards(scopes=(SHOP,)))).scopes == ("shop",)
    assert found(look(UNUSED)).scopes == ()


def test_new_scope_is_written_and_told_to_nobody() -> None:
    moved = only(reconcile(look(UNUSED, standards=Standards(scopes=(SHOP,))), audited(look(UNUSED, age=1))))
    assert (moved.event, moved.finding.scopes) == (Event.RENAMED, ("shop",))


def test_scopes_stay_while_the_tags_cannot_be_seen() -> None:
    by_tag = Standards(scopes=(Scope(name="till", manager=SHOP.manager, selectors=(Selector(tags={"a": "b"}),)),))
    known = audited(look(UNUSED, standards=by_tag, age=1, tags={"a": "b"}))
    assert reconcile(look(UNUSED, standards=by_tag, tags=None), known).transitions == ()


def test_finding_about_a_manager_is_of_what_it_manages() -> None:
    it = found(look(OURS.checks["overreaching-manager"], standards=Standards(scopes=(SHOP,))))
    assert (it.resource, it.scopes) == (arn("role/deploy"), ("shop",))


def test_scopes_that_are_set_no_more_fix_nothing() -> None:
    check = OURS.checks["overreaching-manager"]
    known = audited(look(check, standards=Standards(scopes=(SHOP,)), age=1))
    gone = look(check)
    assert gone.unset == {"overreaching-manager"}
    assert only(reconcile(gone, known)).resolution is Resolution.THRESHOLD_CHANGED


def test_check_knows_whether_what_it_goes_by_is_set() -> None:
    context = Context(now=NOW, limits=Limits(owned_kinds=("User",)))
    assert context.has("")
    assert context.has("owned_kinds")
    assert not context.has("scopes")
    assert Context(now=NOW, scopes=(SHOP,)).has("scopes")
    assert look(UNUSED).unset == frozenset()
