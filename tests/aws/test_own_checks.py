"""An organization's own checks: held to the catalogue's promises, and shipped."""

import re
import sys
from pathlib import Path

import pytest

from auditor.aws import own_checks
from auditor.aws.own_checks import OwnChecksError, shipped
from auditor.aws.own_checks_review import own_controls, reviewed
from auditor.checks import OURS
from auditor.core.check import Context
from auditor.core.evaluate import evaluate
from auditor.core.subjects.entities import Role, UserDetail
from tests.build import NOW, observed, role, snapshot, user_detail

README = (Path(__file__).parents[2] / "infra" / "checks" / "README.md").read_text()
NAMES = re.findall(r"^`(\w+\.py)`:$", README, flags=re.MULTILINE)
EXAMPLE: dict[str, str] = dict(
    zip(NAMES, re.findall(r"^```python\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL), strict=True)
)
FAMILY, CASES = EXAMPLE


def folder(path: Path, **changed: str | None) -> Path:
    """The example's files, with others instead or besides; None leaves one out."""
    files: dict[str, str | None] = {**EXAMPLE, **{f"{name}.py": text for name, text in changed.items()}}
    path.mkdir(exist_ok=True)
    for name, text in files.items():
        if text is not None:
            (path / name).write_text(text, encoding="utf-8")
    return path


def faults(path: Path) -> list[str]:
    """What a review says, each line without the folder."""
    with pytest.raises(OwnChecksError) as error:
        reviewed(path)
    lines = str(error.value).splitlines()
    assert all(line.startswith(f"{path}/") for line in lines)
    return [line.removeprefix(f"{path}/") for line in lines]


def replaced(name: str, *pairs: tuple[str, str]) -> str:
    text = EXAMPLE[name]
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


def test_check_of_the_readme_keeps_every_promise(tmp_path: Path) -> None:
    catalogue = reviewed(folder(tmp_path))
    assert list(catalogue.checks) == [*OURS.checks, "shared-user"]
    assert own_controls(catalogue) == {"own/people-4": "the organization's own"}


@pytest.mark.parametrize("path", ["empty", "absent"])
def test_folder_without_checks_adds_none(tmp_path: Path, path: str) -> None:
    (tmp_path / "empty").mkdir()
    assert reviewed(tmp_path / path) == OURS


def test_what_was_loaded_is_left_nowhere(tmp_path: Path) -> None:
    before = set(sys.modules)
    reviewed(folder(tmp_path))
    assert set(sys.modules) - before == set()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("def (", "line 1: SyntaxError: invalid syntax"),
        ("import os\n", "imports os: a check needs auditor.core, auditor.policy and itself"),
        ("from auditor.aws import gather\n", "imports auditor.aws.gather: "),
        ("import boto3\nimport requests\n", "imports boto3, requests: "),
        ("from auditor.core.check import nothing\n", "line 1: ImportError: cannot import name 'nothing'"),
        ("import importlib\n", "imports importlib: "),
        ("from .cases_shared_users import CASES\n", "imports .cases_shared_users: "),
        ("from . import cases_shared_users\n", "imports .cases_shared_users: "),
        ("from .below.words import WORD\n", "imports .below: "),
        ("from .absent import x\n", "line 1: ModuleNotFoundError: No module named"),
        ('"""Nothing."""\nraise KeyError("a\\nb")\n', "line 2: KeyError: 'a\\nb'"),
        ('"""Nothing."""\n', "holds no check"),
        (replaced(FAMILY, ("team.\n\n", "team.\n")), "line 7: ValueError: shared_user: the docstring needs a title"),
    ],
)
def test_family_that_cannot_be_loaded_is_one_line(tmp_path: Path, text: str, line: str) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "words.py").write_text("WORD = 1\n")
    (fault,) = faults(folder(tmp_path, shared_users=text, cases_shared_users="CASES = ()\n"))
    assert fault.startswith(f"{FAMILY}: {line}")


@pytest.mark.parametrize(
    ("pair", "line"),
    [
        (("def shared_user(", "def ensure_own_user("), "ensure-own-user: its id is to name the fault"),
        (("User is shared by a team.", "Shared."), "shared-user: its title has 6 characters"),
        (("own/people-4", "cis-9.9/1.1"), "shared-user: it cites 'cis-9.9/1.1', which is no control"),
        (("own/people-4", "own/"), "shared-user: it cites 'own/', which is no control"),
        (("{it.name} and", "{it.nam} and"), "shared-user: its fix names {it.nam}, which UserDetail does not have"),
        (("make a user", "delete a user"), "shared-user: its fix is to be something that can be undone"),
        (("{it.name} and", "'{it.name}' and"), "shared-user: its fix quotes a value itself"),
        (('"team-"', '"eam-"'), "shared-user: of arn:aws:iam::111122223333:user/team-web it says [], and not"),
        (('"team-"', '""'), "shared-user: arn:aws:iam::111122223333:user/ana is to pass, and it says"),
        (('{"groups": user.groups}', '{"days": ctx.age(user.created).days}'), "shared-user: its evidence about"),
        (
            ('{"groups": user.groups}', '{"x": {1, 2}}'),
            "shared-user: the check failed with TypeError: the evidence 'x'",
        ),
        (('{"groups": user.groups}', '{"x": 0.5}'), "shared-user: the check failed with TypeError: the evidence 'x'"),
        (("yield Problem", "1 / 0\n        yield Problem"), "line 18: ZeroDivisionError: division by zero"),
        (("user: UserDetail,", "user: int,"), "shared-user: no source tells of <class 'int'>"),
        (("def shared_user(", "def unused_role("), "unused-role: is the name of a check that ships with the auditor"),
    ],
)
def test_broken_promise_is_one_line(tmp_path: Path, pair: tuple[str, str], line: str) -> None:
    family = replaced(FAMILY, pair)
    name = "ensure_own_user" if "ensure" in line else "unused_role" if "unused" in line else "shared_user"
    cases = EXAMPLE[CASES].replace("shared_user\n", f"{name}\n").replace("Case(shared_user,", f"Case({name},")
    found = faults(folder(tmp_path, shared_users=family, cases_shared_users=cases))
    assert found[0].startswith(f"{FAMILY}: {line}")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (None, [f"{FAMILY}: has no cases: there is no {CASES}", f"{FAMILY}: shared-user: it has no failing case"]),
        (
            "CASES = [1]\n",
            [f"{CASES}: CASES is not a tuple of cases", f"{FAMILY}: shared-user: it has no failing case"],
        ),
        ("CASES = ()\n", [f"{FAMILY}: shared-user: it has no failing case"]),
        ("1 / 0\n", [f"{CASES}: line 1: ZeroDivisionError: division by zero"]),
        (
            replaced(CASES, ("passes=", "left_out=")),
            [f"{CASES}: left_out is for the kinds of the catalogue: passes says what a check leaves"],
        ),
    ],
)
def test_check_without_good_cases_is_not_taken(tmp_path: Path, text: str | None, lines: list[str]) -> None:
    found = faults(folder(tmp_path, cases_shared_users=text))
    assert found[: len(lines)] == lines


def test_two_checks_of_one_name_and_cases_of_no_family_are_told(tmp_path: Path) -> None:
    twice = {"other": EXAMPLE[FAMILY], "cases_other": EXAMPLE[CASES].replace(".shared_users", ".other")}
    found = faults(folder(tmp_path, **twice, cases_lost="CASES = ()\n"))
    assert f"{FAMILY}: shared-user: is the name of a check in other.py too" in found
    assert "cases_lost.py: is of no family: there is no lost.py" in found


def test_one_bad_family_does_not_hide_anothers_faults(tmp_path: Path) -> None:
    found = faults(folder(tmp_path, bad="def (", cases_bad="def (", worse="import os\n", cases_worse="CASES = ()\n"))
    assert {it.partition(":")[0] for it in found} == {"bad.py", "cases_bad.py", "worse.py"}


# What the functions have of them.


def test_functions_have_the_families_that_were_shipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(own_checks, "SHIPPED", folder(tmp_path, cases_shared_users=None))
    catalogue = shipped()
    seen = snapshot({UserDetail: observed(user_detail("team-web")), Role: observed(role())})
    result = evaluate(seen, catalogue.checks.values(), Context(now=NOW))
    assert {it.check for it in result.findings} > {"shared-user", "unused-role"}


def test_functions_outside_of_an_asset_have_the_catalogue() -> None:
    assert shipped() == OURS


def test_own_check_that_crashes_hides_nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    crashing = replaced(FAMILY, ('user.name.startswith("team-")', "1 / 0"))
    monkeypatch.setattr(own_checks, "SHIPPED", folder(tmp_path, shared_users=crashing))
    seen = snapshot({UserDetail: observed(user_detail("team-web")), Role: observed(role())})
    result = evaluate(seen, shipped().checks.values(), Context(now=NOW))
    assert "unused-role" in {it.check for it in result.findings}
    assert "ZeroDivisionError" in result.unplanned_gaps["shared-user"]
