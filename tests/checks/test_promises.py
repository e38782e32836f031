"""Each promise can be broken, and says so."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from auditor.checks import promises
from auditor.checks.managed import missing_manager, unowned_entity
from auditor.checks.promises import PROMISES
from auditor.core.case import Case
from auditor.core.check import Because, Check, Context, Limits, Problem, Problems, Severity, check
from auditor.core.subjects.credentials import AccessKey
from tests.build import access_key

FIX = "aws iam update-access-key --access-key-id {it.id} --status Inactive"


@check(Severity.LOW, controls=("fsbp/IAM.3",), fix=FIX)
def old_key(key: AccessKey, ctx: Context) -> Problems:
    """Access key is old.

    An old key is known to more people than a new one.
    """
    if ctx.age(key.created) > ctx.limits.key_age:
        yield Problem(f"{key.id} is old", {"created": key.created})


@check(Severity.LOW, controls=("fsbp/IAM.3",), fix=FIX)
def by_limit(key: AccessKey, ctx: Context) -> Problems:
    """Access key is old, and says how old it may be.

    An old key is known to more people than a new one.
    """
    if ctx.age(key.created) > ctx.limits.key_age:
        yield Problem("old", {"limit": ctx.limits.key_age.days}, because=(Because.EVERLASTING,))


GOOD = (Case(old_key, fails={access_key(age=91): "AKIA1 is old"}, passes=(access_key(age=90),)),)
LIMITED = tuple(replace(it, check=by_limit, fails=dict.fromkeys(it.fails, "old")) for it in GOOD)
BROKEN: list[tuple[Callable[..., Iterator[str]], Check, tuple[Case, ...]]] = [
    (promises.id_names_the_fault, replace(old_key, id="no-old-key"), GOOD),
    (promises.id_names_the_fault, replace(old_key, id="key"), GOOD),
    (promises.title_and_rationale_are_worth_reading, replace(old_key, title="Old"), GOOD),
    (promises.title_and_rationale_are_worth_reading, replace(old_key, rationale="It is old."), GOOD),
    (promises.is_asked_about_a_subject, replace(old_key, kind="AccessKey"), GOOD),  # type: ignore[arg-type]
    (promises.fix_can_be_filled_in, replace(old_key, fix="look at {it.nothing}"), GOOD),
    (promises.fix_can_be_filled_in, replace(old_key, fix="look at {key.id}"), GOOD),
    (promises.fix_can_be_filled_in, replace(old_key, fix="look   # at {it.id}"), GOOD),
    (promises.fix_deletes_nothing, replace(old_key, fix="aws iam delete-access-key"), GOOD),
    (promises.fix_deletes_nothing, replace(old_key, fix=""), GOOD),
    (promises.hostile_name_is_one_word_of_the_fix, replace(old_key, fix="look at '{it.id}'"), GOOD),
    (promises.hostile_name_is_one_word_of_the_fix, replace(old_key, fix="look at {it.id}'"), GOOD),
    (promises.has_a_failing_and_a_passing_case, old_key, ()),
    (promises.has_a_failing_and_a_passing_case, old_key, (replace(GOOD[0], passes=()),)),
    (promises.flags_what_it_should, old_key, (replace(GOOD[0], fails={access_key(age=90): "AKIA1 is old"}),)),
    (promises.flags_what_it_should, old_key, (replace(GOOD[0], fails={access_key(age=91): "is old"}),)),
    (promises.leaves_what_it_should, old_key, (replace(GOOD[0], passes=(access_key(age=91),)),)),
    (promises.moves_its_severity_as_it_declares, by_limit, LIMITED),
    (promises.moves_its_severity_as_it_declares, replace(old_key, because=(Because.ROOT,)), GOOD),
    (promises.threshold_is_tested_on_both_sides, old_key, (replace(GOOD[0], passes=(access_key(age=89),)),)),
    (
        promises.threshold_is_tested_on_both_sides,
        old_key,
        (replace(GOOD[0], fails={access_key(age=92): "AKIA1 is old"}),),
    ),
    (
        promises.threshold_is_not_material,
        by_limit,
        (replace(LIMITED[0], limits=Limits(key_age=timedelta(days=30))),),
    ),
    (promises.setting_is_named, replace(old_key, setting="owned_kinds"), GOOD),
    (promises.setting_is_named, replace(old_key, setting="scopes"), GOOD),
]


def test_good_check_keeps_them_all() -> None:
    assert [line for promise in PROMISES for line in promise(old_key, GOOD)] == []
    assert promises.broken(old_key, GOOD, lambda _: True) == []


@pytest.mark.parametrize(("promise", "it", "cases"), BROKEN)
def test_broken_promise_says_so(promise: Callable[..., Iterator[str]], it: Check, cases: tuple[Case, ...]) -> None:
    assert list(promise(it, cases))


def test_list_that_a_check_goes_by_is_named() -> None:
    cases = (Case(unowned_entity, limits=Limits(owned_kinds=("Role",)), passes=()),)
    assert list(promises.setting_is_named(unowned_entity, cases)) != []
    assert missing_manager.setting == "scopes"


def test_control_that_is_none_or_stands_twice_is_told() -> None:
    assert promises.broken(replace(old_key, controls=()), GOOD, lambda _: True) == ["it cites no control"]
    twice = replace(old_key, controls=("a/1", "a/1"))
    assert promises.broken(twice, GOOD, lambda _: True) == ["it cites a control twice"]
    assert promises.broken(old_key, GOOD, lambda _: False) == ["it cites 'fsbp/IAM.3', which is no control"]
