"""The cases are strong enough to notice a wrong comparison, and the tool that says so notices a weak case."""

import re
from pathlib import Path
from types import ModuleType

import pytest

from auditor.checks import FAMILIES, roles
from auditor.core.case import Case
from auditor.core.model import Subject
from bench.mutants import Mutant, Outcome, main, outcome, summary
from tests.build import role
from tests.checks.test_catalogue import CASES

FLAGGED: dict[Subject, str] = {role(used=91): "deploy was last used 2026-08-21 (limit 90 days; AWS keeps 400)"}
WHOLE = "role.name == 'deploy' and (not role.aws_owned) and (len(role.attached) < MOST)"
IDLE = "ctx.age(since) > limit"
SOURCE = '''
from auditor.core.check import Problem, Severity, check
from auditor.core.subjects.entities import Role

MOST = 3

@check(Severity.LOW, controls=(), fix="")
def wrong_role(role: Role, ctx):
    """Title.

    Why {0} matters.
    """
    MEANWHILE
    if role.name == "deploy" and not role.aws_owned and len(role.attached) < MOST:
        yield Problem(f"{role.name} is wrong")
'''


@pytest.fixture
def family(tmp_path: Path, request: pytest.FixtureRequest) -> ModuleType:
    """A module of one check, with the parameter's text in the middle of it."""
    return module(SOURCE.replace("MEANWHILE", getattr(request, "param", "pass")), tmp_path)


def module(source: str, folder: Path) -> ModuleType:
    file = folder / "wrong.py"
    file.write_text(source)
    made = ModuleType("wrong")
    made.__file__ = str(file)
    exec(compile(source, str(file), "exec"), vars(made))  # noqa: S102
    return made


def cases(family: ModuleType, *passes: object) -> list[Case]:
    wrong = {role(name="deploy", attached=("a", "b")): "deploy is wrong"}
    return [Case(family.wrong_role, fails=wrong, passes=passes)]  # type: ignore[arg-type]


def changes(survivors: tuple[Mutant, ...]) -> list[str]:
    return [it.change for it in survivors]


def test_no_mutant_of_a_family_survives_its_cases() -> None:
    result = outcome(roles)
    assert result.survivors == ()
    assert result.made >= 10


def test_every_family_is_asked_about_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["roles"]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.split()[0] == "roles"
    assert last.endswith("0 alive, of which 0 no case could tell")
    assert len(FAMILIES) > 1


def test_survivors_of_weak_cases_are_told_with_their_place() -> None:
    others = [case for case in CASES if case.check is not roles.unused_role]
    weak = [*others, Case(roles.unused_role, fails=FLAGGED, passes=(role(used=90),))]
    told = [str(it) for it in outcome(roles, weak).survivors]
    (line,) = [it for it in told if it.endswith(f"not role.aws_owned and {IDLE} → {IDLE}")]
    assert re.fullmatch(r"lambdas/auditor/checks/roles\.py:\d+: unused_role: .*", line)


def test_survivors_at_two_places_are_two() -> None:
    alive = [Mutant(family="roles", line=line, function="unused_role", change="1 → 2") for line in (1, 2, 3)]
    told = [Mutant(family="roles", line=4, function="unused_role", change="1 → 0")]
    outcomes = [Outcome(family="roles", survivors=(*alive, *told), made=9), Outcome(family="trust", made=4)]
    assert summary(outcomes, {it.key: "" for it in alive}) == "mutants: 13 made, 4 alive, of which 3 no case could tell"


def test_comparisons_conditions_numbers_and_yields_are_made_wrong(family: ModuleType) -> None:
    alive = changes(outcome(family, cases(family)).survivors)
    assert alive == [
        "3 → 4",
        f"if {WHOLE} → if True",
        f"{WHOLE} → role.name == 'deploy' or not role.aws_owned or len(role.attached) < MOST",
        f"{WHOLE} → not role.aws_owned and len(role.attached) < MOST",
        f"{WHOLE} → role.name == 'deploy' and len(role.attached) < MOST",
        f"{WHOLE} → role.name == 'deploy' and (not role.aws_owned)",
        "len(role.attached) < MOST → len(role.attached) <= MOST",
    ]


def test_good_cases_leave_none(family: ModuleType) -> None:
    passes = (
        role(name="other", attached=("a",)),
        role(path="/aws-reserved/"),
        role(attached=("a", "b", "c")),
    )
    assert changes(outcome(family, cases(family, *passes)).survivors) == []


def test_tables_of_decorators_are_left_as_they_are(tmp_path: Path) -> None:
    declared = SOURCE.replace('fix=""', "fix=fix(2)").replace(
        "MOST = 3", 'TIMES = 3\nMOST = 3\ndef fix(times): return "x" * (times + TIMES + MOST)'
    )
    made = module(declared.replace("MEANWHILE", "pass"), tmp_path)
    assert changes(outcome(made, cases(made)).survivors)[:2] == ["3 → 4", f"if {WHOLE} → if True"]


@pytest.mark.parametrize("family", ["while False: continue"], indirect=True)
def test_mutant_without_end_is_dead(family: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.mutants.SECONDS", 0.05)
    alive = changes(outcome(family, cases(family)).survivors)
    assert "False → True" not in alive
    assert len(alive) > 1


def test_cases_that_fail_before_anything_is_changed_are_an_error(family: ModuleType) -> None:
    with pytest.raises(ValueError, match="wrong: its cases fail before anything is changed"):
        outcome(family, cases(family, role(name="deploy")))
