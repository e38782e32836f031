"""Every check of the catalogue against its cases, and against the promises that every check makes."""

import pkgutil
import re
from collections.abc import Callable, Iterable
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from auditor import checks
from auditor.checks import CATALOGUE, FAMILIES
from auditor.checks.controls import titles
from auditor.checks.promises import LIMITS, PROMISES, broken, judged, limits_read
from auditor.core.case import Case
from auditor.core.check import Because, Check, Context, Problem, Severity, check
from auditor.core.model import Observed, Subject, Unavailable
from auditor.core.subjects.credentials import AccessKey
from auditor.policy.derive import DERIVATIONS, derive
from tests.build import account_summary, analyzer, observed, root_row


def short_name(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


CASE_MODULES = tuple(import_module(f"tests.checks.cases_{short_name(family)}") for family in FAMILIES)
CASES: tuple[Case, ...] = tuple(case for module in CASE_MODULES for case in module.CASES)
CHECKS = list(CATALOGUE.values())
UNVERSIONED = (
    "fsbp config trusted-advisor access-analyzer iam-best-practice iam-anti-pattern iam-manager prowler".split()
)
"""Living lists without editions; every other framework is cited by edition."""

of_every_check = pytest.mark.parametrize("it", CHECKS, ids=[it.id for it in CHECKS])


def cases_of(it: Check) -> list[Case]:
    return [case for case in CASES if case.check is it]


def each(choose: Callable[[Case], Iterable[Subject]]) -> list[Any]:
    return [
        pytest.param(case, subject, id=f"{case.check.id}-{number}")
        for case in CASES
        for number, subject in enumerate(choose(case), start=1)
    ]


@pytest.mark.parametrize(("case", "subject"), each(lambda case: case.fails))
def test_check_flags(case: Case, subject: Subject) -> None:
    assert isinstance(subject, case.check.kind)
    assert [problem.reason for problem in judged(case.check, subject, case.context())] == [case.fails[subject]]


@pytest.mark.parametrize(("case", "subject"), each(lambda case: case.passes))
def test_check_leaves(case: Case, subject: Subject) -> None:
    assert isinstance(subject, case.check.kind)
    assert judged(case.check, subject, case.context()) == []


@pytest.mark.parametrize(("case", "subject"), each(lambda case: case.left_out))
def test_check_is_never_asked_about(case: Case, subject: Subject) -> None:
    """Everything that can be derived is derived from this one subject and an account that holds nothing else."""
    everything: dict[type[Subject], Observed[Subject] | Unavailable] = {
        kind: observed() for derivation in DERIVATIONS for kind in derivation.needs
    }
    watched = [analyzer(type=f"ACCOUNT{purpose}") for purpose in ("", "_UNUSED_ACCESS", "_INTERNAL_ACCESS")]
    everything |= {type(watched[0]): observed(*watched), type(account_summary()): observed(account_summary())}
    everything |= {type(root_row()): observed(root_row()), type(subject): observed(subject)}
    known = derive(everything)[case.check.kind]
    assert isinstance(known, Observed)
    assert known.subjects == ()


@pytest.mark.parametrize("why", [Because.ADMINISTRATOR, Because.GUARDED], ids=lambda why: why.name)
def test_severity_moves_with_the_subject_that_the_reason_is_about(why: Because) -> None:
    """And with no other: it is raised for administrators, and lowered for what is guarded."""
    asked = [(case, subject) for case in CASES if why in case.check.because for subject in case.fails]
    assert len(asked) > 1
    for case, subject in asked:
        (problem,) = judged(case.check, subject, case.context())
        assert (why in problem.because) == getattr(subject, why.name.lower()), (case.check.id, problem.reason)


def test_severity_is_raised_for_the_key_that_never_ends() -> None:
    for case in cases_of(CATALOGUE["long-term-bedrock-key"]):
        for subject, words in case.fails.items():
            (problem,) = judged(case.check, subject, case.context())
            assert (Because.EVERLASTING in problem.because) == words.endswith("never ends")


@of_every_check
@pytest.mark.parametrize("promise", PROMISES, ids=[promise.__name__ for promise in PROMISES])
def test_check_keeps_its_promises(it: Check, promise: Callable[[Check, list[Case]], Iterable[str]]) -> None:
    assert list(promise(it, cases_of(it))) == []


def test_every_limit_is_read_by_a_check() -> None:
    assert {name for it in CHECKS for name in limits_read(it, cases_of(it))} == LIMITS


def test_no_name_of_a_check_is_or_was_anothers() -> None:
    """Its findings would be taken for the other's."""
    names = [name for it in CHECKS for name in (it.id, *it.formerly)]
    assert len(set(names)) == len(names)


@of_every_check
def test_controls_are_known_and_listed_once(it: Check) -> None:
    assert broken(it, cases_of(it), titles().__contains__) == []


def test_controls_carry_their_edition() -> None:
    unversioned = "|".join(UNVERSIONED)
    form = re.compile(rf"({unversioned}|(cis|pci|nist-800-53)-(r\d+|\d+(\.\d+)*))/\S+")
    assert [control for control in titles() if not form.fullmatch(control)] == []


def test_controls_have_titles() -> None:
    assert all(title.strip() for title in titles().values())


def test_every_family_is_in_the_list() -> None:
    modules = {module.name for module in pkgutil.iter_modules(checks.__path__)} - {"controls", "promises"}
    assert {short_name(family) for family in FAMILIES} == modules


def test_no_two_checks_have_one_id() -> None:
    declared = [it for family in FAMILIES for it in vars(family).values() if isinstance(it, Check)]
    assert len(declared) == len({it.id for it in declared}) == len(CATALOGUE)


@of_every_check
def test_catalogue_knows_a_check_by_its_id(it: Check) -> None:
    assert CATALOGUE[it.id] is it


def undocumented(key: AccessKey, ctx: Context) -> list[Problem]:
    """Key is bad."""
    del key, ctx
    return []


def test_check_without_rationale_cannot_be_declared() -> None:
    with pytest.raises(ValueError, match="undocumented: the docstring needs a title"):
        check(Severity.LOW, controls=(), fix="")(undocumented)
