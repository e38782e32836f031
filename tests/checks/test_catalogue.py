"""Every check of the catalogue against its cases, and against the promises that every check makes."""

import json
import pkgutil
import re
import shlex
import string
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from auditor import checks
from auditor.checks import CATALOGUE, FAMILIES
from auditor.checks.controls import titles
from auditor.core.check import Check, Context, Limits, Problem, Severity, check
from auditor.core.evaluate import evaluate
from auditor.core.model import Observed, Subject, Unavailable
from auditor.core.subjects.credentials import AccessKey
from auditor.policy.derive import DERIVATIONS, derive
from tests.build import NOW, account_summary, analyzer, observed, root_row, snapshot
from tests.checks import (
    cases_access_analyzer,
    cases_access_keys,
    cases_alarms,
    cases_policies,
    cases_roles,
    cases_root,
    cases_trails,
    cases_users,
)
from tests.checks.case import Case

CASE_MODULES = (
    *(cases_root, cases_users, cases_access_keys, cases_roles, cases_policies, cases_access_analyzer),
    *(cases_trails, cases_alarms),
)
CASES: tuple[Case, ...] = tuple(case for module in CASE_MODULES for case in module.CASES)
CHECKS = list(CATALOGUE.values())
UNVERSIONED = "fsbp config trusted-advisor access-analyzer iam-best-practice iam-anti-pattern iam-manager".split()
"""Living lists without editions; every other framework is cited by edition."""

of_every_check = pytest.mark.parametrize("it", CHECKS, ids=[it.id for it in CHECKS])


def judged(it: Check, subject: Subject, limits: Limits, now: datetime = NOW) -> list[Problem]:
    return list(it.judge(subject, Context(now=now, limits=limits)))


def cases_of(it: Check) -> list[Case]:
    return [case for case in CASES if case.check is it]


def each(choose: Callable[[Case], Any]) -> list[Any]:
    return [
        pytest.param(case.check, subject, case.limits, id=f"{case.check.id}-{number}")
        for case in CASES
        for number, subject in enumerate(choose(case), start=1)
    ]


@pytest.mark.parametrize(("it", "subject", "limits"), each(lambda case: case.fails))
def test_check_flags(it: Check, subject: Subject, limits: Limits) -> None:
    reason = next(case.fails[subject] for case in cases_of(it) if case.limits == limits and subject in case.fails)
    assert isinstance(subject, it.kind)
    assert [problem.reason for problem in judged(it, subject, limits)] == [reason]


@pytest.mark.parametrize(("it", "subject", "limits"), each(lambda case: case.passes))
def test_check_leaves(it: Check, subject: Subject, limits: Limits) -> None:
    assert isinstance(subject, it.kind)
    assert judged(it, subject, limits) == []


@pytest.mark.parametrize(("it", "subject", "limits"), each(lambda case: case.left_out))
def test_check_is_never_asked_about(it: Check, subject: Subject, limits: Limits) -> None:
    """Everything that can be derived is derived from this one subject and an account that holds nothing else."""
    del limits
    everything: dict[type[Subject], Observed[Subject] | Unavailable] = {
        kind: observed() for derivation in DERIVATIONS for kind in derivation.needs
    }
    watched = [analyzer(type=f"ACCOUNT{purpose}") for purpose in ("", "_UNUSED_ACCESS", "_INTERNAL_ACCESS")]
    everything |= {type(watched[0]): observed(*watched), type(account_summary()): observed(account_summary())}
    everything |= {type(root_row()): observed(root_row()), type(subject): observed(subject)}
    known = derive(everything)[it.kind]
    assert isinstance(known, Observed)
    assert known.subjects == ()


@of_every_check
def test_check_has_a_failing_and_a_passing_case(it: Check) -> None:
    assert any(case.fails for case in cases_of(it))
    assert any(case.passes or case.left_out for case in cases_of(it))


@pytest.mark.parametrize(("it", "subject", "limits"), each(lambda case: case.fails))
def test_evidence_stays_while_the_problem_does(it: Check, subject: Subject, limits: Limits) -> None:
    """A day later nothing has changed, so nothing may be told as changed: evidence holds dates, never ages."""
    today, tomorrow = (judged(it, subject, limits, NOW + timedelta(days=days)) for days in (0, 1))
    assert {json.dumps(problem.evidence, default=str) for problem in tomorrow} <= {
        json.dumps(problem.evidence, default=str) for problem in today
    }


@pytest.mark.parametrize(("it", "subject", "limits"), each(lambda case: case.fails))
def test_failing_case_becomes_a_finding_in_plain_values(it: Check, subject: Subject, limits: Limits) -> None:
    result = evaluate(snapshot({it.kind: observed(subject)}), [it], Context(now=NOW, limits=limits))
    (found,) = result.findings
    assert json.loads(json.dumps(found.evidence)) == found.evidence
    assert not re.search(r"\{it\.|None", found.fix)
    assert result.skipped == ()


class Recorder(Limits):
    """Limits that remember which of them were read."""

    def __getattribute__(self, name: str) -> Any:
        if name in {limit.name for limit in fields(Limits)}:
            object.__getattribute__(self, "__dict__").setdefault("read", set()).add(name)
        return object.__getattribute__(self, name)


def limits_read(it: Check) -> set[str]:
    read: set[str] = set()
    for case in cases_of(it):
        recorder = Recorder(**vars(case.limits))
        for subject in (*case.fails, *case.passes):
            judged(it, subject, recorder)
        read |= set(vars(recorder).get("read", ()))
    return read


def shifted(limits: Limits, name: str, units: int) -> Limits:
    value = getattr(limits, name)
    return replace(limits, **{name: value + (timedelta(days=units) if isinstance(value, timedelta) else units)})


def flips(it: Check, name: str, units: int) -> tuple[bool, bool]:
    """Whether a failing case passes, and a passing one fails, as soon as this limit moves by that many units."""
    freed = any(not judged(it, s, shifted(case.limits, name, units)) for case in cases_of(it) for s in case.fails)
    caught = any(judged(it, s, shifted(case.limits, name, units)) for case in cases_of(it) for s in case.passes)
    return freed, caught


LISTS = {name for name, value in vars(Limits()).items() if isinstance(value, tuple)}
THRESHOLDS = [(it, name) for it in CHECKS for name in sorted(limits_read(it) - LISTS)]


@pytest.mark.parametrize(("it", "name"), THRESHOLDS, ids=[f"{it.id}-{name}" for it, name in THRESHOLDS])
def test_threshold_is_tested_on_both_sides(it: Check, name: str) -> None:
    """One unit of the limit separates a failing case from a passing one: neither side is tested from afar."""
    (freed_below, caught_below), (freed_above, caught_above) = flips(it, name, -1), flips(it, name, 1)
    assert (freed_below and caught_above) or (freed_above and caught_below)


@pytest.mark.parametrize(("it", "name"), THRESHOLDS, ids=[f"{it.id}-{name}" for it, name in THRESHOLDS])
def test_threshold_is_not_material(it: Check, name: str) -> None:
    """Another limit may find or free a subject; of one that is still found nothing has changed."""
    judgements = [
        (judged(it, subject, case.limits), judged(it, subject, shifted(case.limits, name, units)))
        for case in cases_of(it)
        for subject in case.fails
        for units in (-1, 1)
    ]
    still = [(before, after) for before, after in judgements if after]
    assert still
    assert all([one.evidence for one in before] == [one.evidence for one in after] for before, after in still)


def test_every_limit_is_read_by_a_check() -> None:
    assert {name for it in CHECKS for name in limits_read(it)} == {limit.name for limit in fields(Limits)}


@of_every_check
def test_check_names_the_list_it_goes_by_and_says_nothing_while_that_is_empty(it: Check) -> None:
    assert limits_read(it) & LISTS == ({it.setting} if it.setting else set())
    if it.setting:
        emptied = Limits().replaced({it.setting: ()})
        assert not any(judged(it, subject, emptied) for case in cases_of(it) for subject in case.fails)


@of_every_check
def test_reasons_that_move_a_severity_are_declared_and_each_has_a_case(it: Check) -> None:
    shown = {why for case in cases_of(it) for s in case.fails for p in judged(it, s, case.limits) for why in p.because}
    assert shown == set(it.because)


def placeholders(text: str) -> Iterator[str]:
    return (name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


@of_every_check
def test_fix_names_fields_that_its_subject_has(it: Check) -> None:
    known = {name for name in dir(it.kind) if not name.startswith("_")} | {field.name for field in fields(it.kind)}
    assert {name.removeprefix("it.") for name in placeholders(it.fix)} <= known
    assert all(name.startswith("it.") for name in placeholders(it.fix))


@of_every_check
def test_fix_deletes_nothing(it: Check) -> None:
    assert not re.search(r"\bdelete|\bremove-", it.fix)


@of_every_check
def test_fix_has_no_values_in_a_comment(it: Check) -> None:
    """A shell does not read quotes there: a line end in a name would end the comment."""
    _, _, comment = it.fix.partition("#")
    assert list(placeholders(comment)) == []


HOSTILE = "x; touch pwned $(touch pwned) `touch pwned` ' touch pwned \" && touch pwned"


COMMANDS = [replace(it, fix=command) for it in CHECKS if list(placeholders(command := it.fix.partition("#")[0]))]


@pytest.mark.parametrize("it", COMMANDS, ids=[it.id for it in COMMANDS])
def test_hostile_name_is_one_word_of_the_fix(it: Check) -> None:
    subject = next(subject for case in CASES if case.check.id == it.id for subject in case.fails)
    text: dict[str, Any] = {name: HOSTILE for name, value in asdict(subject).items() if isinstance(value, str)}
    words = shlex.split(it.fix_for(replace(subject, **text)))
    assert HOSTILE in {word.removesuffix(";") for word in words}
    assert not any(word.strip("`$();'\"") in {"touch", "pwned"} for word in words)


def test_no_name_of_a_check_is_or_was_anothers() -> None:
    """Its findings would be taken for the other's."""
    names = [name for it in CHECKS for name in (it.id, *it.formerly)]
    assert len(set(names)) == len(names)


@of_every_check
def test_id_names_the_fault(it: Check) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", it.id)
    assert not it.id.startswith(("ensure-", "no-", "check-"))


@of_every_check
def test_title_and_rationale_are_worth_reading(it: Check) -> None:
    assert 10 <= len(it.title) <= 80
    assert not it.title.endswith(".")
    assert len(it.rationale) >= 40
    assert it.rationale.endswith(".")


@of_every_check
def test_controls_are_known_and_listed_once(it: Check) -> None:
    assert it.controls
    assert set(it.controls) <= set(titles())
    assert len(set(it.controls)) == len(it.controls)


def test_controls_carry_their_edition() -> None:
    unversioned = "|".join(UNVERSIONED)
    form = re.compile(rf"({unversioned}|(cis|pci|nist-800-53)-(r\d+|\d+(\.\d+)*))/\S+")
    assert [control for control in titles() if not form.fullmatch(control)] == []


def test_controls_have_titles() -> None:
    assert all(title.strip() for title in titles().values())


def test_every_family_is_in_the_list() -> None:
    modules = {module.name for module in pkgutil.iter_modules(checks.__path__)} - {"controls"}
    assert {short_name(family) for family in FAMILIES} == modules


def test_every_family_has_its_cases() -> None:
    assert {short_name(module) for module in CASE_MODULES} == {f"cases_{short_name(family)}" for family in FAMILIES}


def short_name(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def test_no_two_checks_have_one_id() -> None:
    declared = [it for family in FAMILIES for it in vars(family).values() if isinstance(it, Check)]
    assert len(declared) == len({it.id for it in declared}) == len(CATALOGUE)


@of_every_check
def test_catalogue_knows_a_check_by_its_id(it: Check) -> None:
    assert CATALOGUE[it.id] is it
    assert it.id == it.judge.__name__.replace("_", "-")


def undocumented(key: AccessKey, ctx: Context) -> list[Problem]:
    """Key is bad."""
    del key, ctx
    return []


def test_check_without_rationale_cannot_be_declared() -> None:
    with pytest.raises(ValueError, match="undocumented: the docstring needs a title"):
        check(Severity.LOW, controls=(), fix="")(undocumented)
