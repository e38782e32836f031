import re
from dataclasses import dataclass, replace

import pytest

from auditor.checks import CATALOGUE
from auditor.checks.controls import titles
from auditor.core import parameters as parameters_read
from auditor.core.check import Because, Check, Context, Limits, Problem, Problems
from auditor.core.subjects.entities import Role
from auditor.render import catalogue
from auditor.render.catalogue import answered, as_markdown, parameters, reasons

DOCUMENT = as_markdown(CATALOGUE.values(), titles(), {"stale-access-key": "AKIA1 of `ana` is old"})
SECTIONS = {it.partition("\n")[0]: it for it in DOCUMENT.split("\n## ")[1:]}


@pytest.mark.parametrize("it", CATALOGUE.values(), ids=CATALOGUE)
def test_check_has_its_anchor_and_all_that_is_known_of_it(it: Check) -> None:
    assert f"| [{it.id}](#{it.id}) |" in DOCUMENT
    section = SECTIONS[it.id]
    assert it.rationale in section
    assert f"\n```\n{it.fix_shape}\n```\n" in section
    assert {control for _, *named in controls_of(section) for control in named} == set(it.controls)
    assert all(titles()[control] == title for title, *named in controls_of(section) for control in named)
    assert section.count("\n- goes by `") == len(parameters(it))
    assert section.count("\n- severity: ") == len(it.because)


def controls_of(section: str) -> list[list[str]]:
    """Of each line the title, then the controls."""
    lines = re.findall(r"^- (.+): ((?:`\S+/\S+`(?:, )?)+)$", section, flags=re.MULTILINE)
    return [[title, *re.findall(r"`(\S+)`", named)] for title, named in lines]


def test_only_a_check_with_an_example_shows_one() -> None:
    assert {name for name, text in SECTIONS.items() if "For example: " in text} == {"stale-access-key"}
    assert "\nFor example: `AKIA1 of \u02bcana\u02bc is old`\n" in SECTIONS["stale-access-key"]


def test_parameters_are_told_with_their_defaults() -> None:
    assert parameters(CATALOGUE["stale-access-key"]) == ["key_age: 90 days"]
    assert "- goes by `key_age`: 90 days\n" in SECTIONS["stale-access-key"]
    assert parameters(CATALOGUE["root-access-key"]) == []


@dataclass(frozen=True, kw_only=True)
class Listed(Limits):
    approved: tuple[str, ...] = ()


def by_list(role: Role, ctx: Context) -> Problems:
    if role.name not in ctx.limits.approved:  # type: ignore[attr-defined]
        yield Problem("not approved")


def test_list_that_a_check_goes_by_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (catalogue, parameters_read):
        monkeypatch.setattr(module, "Limits", Listed)
    going_by_it = replace(CATALOGUE["unused-role"], judge=by_list, setting="approved")
    assert parameters(going_by_it) == ["approved: none, and then the check says nothing"]
    assert parameters(replace(going_by_it, setting="")) == ["approved: none"]
    by_scopes = replace(CATALOGUE["root-access-key"], setting="scopes")
    assert parameters(by_scopes) == ["scopes: none, and then the check says nothing"]


def test_control_of_an_organization_s_own_is_titled_as_the_check() -> None:
    own = replace(CATALOGUE["unused-role"], controls=("own/1", "fsbp/IAM.3"))
    assert answered(own, titles()) == {own.title: ["own/1"], titles()["fsbp/IAM.3"]: ["fsbp/IAM.3"]}


def test_reason_is_told_with_its_direction() -> None:
    moved = replace(CATALOGUE["stale-access-key"], because=(Because.ADMINISTRATOR, Because.GUARDED))
    assert reasons(moved) == [
        "one step up where an administrator holds it",
        "one step down where a service control policy denies its use",
    ]
