"""Every control is answered: by checks, or by a text that says who answers it."""

import re
from datetime import timedelta
from importlib.resources import files
from itertools import groupby

import pytest

from auditor.checks import CATALOGUE, alarms, promises
from auditor.checks.controls import controls, frameworks, notes, titles
from auditor.core.check import Check, Limits
from auditor.core.frameworks import UNANSWERED, Answer, Control
from auditor.core.parameters import limits_read
from tests.checks import test_catalogue

CHECKED = {name for it in CATALOGUE.values() for name in it.controls}
CHECKED |= {it.id for it in controls().values() if it.checks}
CONTROLS = list(controls().values())
MONITORS = [it for it in vars(alarms).values() if isinstance(it, Check)]
ROWS = [
    row
    for name in ("controls.tsv", "peers.tsv")
    for row in (files("auditor.checks") / name).read_text(encoding="utf-8").splitlines()[1:]
]

of_every_check = pytest.mark.parametrize("it", CATALOGUE.values(), ids=CATALOGUE)


def test_every_control_has_checks_or_a_note() -> None:
    assert [it.id for it in CONTROLS if it.id not in CHECKED and it.note is UNANSWERED] == []


def test_no_control_that_has_checks_is_said_to_be_somebody_elses() -> None:
    """What is left for a person may stand beside checks."""
    assert [it.id for it in CONTROLS if it.id in CHECKED and it.note.answer is Answer.ELSEWHERE] == []


def test_every_note_is_said_of_a_control() -> None:
    said = [it.note for it in CONTROLS]
    assert [name for name, note in notes().items() if note not in said] == []


def test_notes_are_worth_reading() -> None:
    for name, note in notes().items():
        assert note.answer in {Answer.MANUAL, Answer.ELSEWHERE}, name
        assert 60 <= len(note.text) <= 400, name
        assert note.text.endswith("."), name
        assert note.text.isprintable(), name
        assert "|" not in note.text, name


def named_in(text: str) -> set[str]:
    """Controls that a note refers to."""
    return {
        it for it in re.findall(r"[a-z0-9.-]+/[A-Za-z0-9.()_-]*[A-Za-z0-9)]", text) if it.split("/")[0] in frameworks()
    }


def test_controls_that_a_note_names_are_known() -> None:
    assert {it for note in notes().values() for it in named_in(note.text)} <= set(controls())


def test_controls_that_a_note_hands_on_to_have_checks() -> None:
    referred = {it for note in notes().values() for it in named_in(note.text)}
    assert {it for it in referred if controls()[it].note is UNANSWERED} - CHECKED == set()


@pytest.mark.parametrize("it", MONITORS, ids=lambda it: it.id)
def test_alarm_answers_its_control_in_every_edition_of_cis(it: Check) -> None:
    answered = {name for name in it.controls if name.startswith("cis-")}
    (title,) = {titles()[name] for name in answered}
    assert answered == {name for name, other in titles().items() if name.startswith("cis-") and other == title}
    assert len(answered) >= 8


def test_control_is_listed_once() -> None:
    names = [row.partition("\t")[0] for row in ROWS]
    assert len(set(names)) == len(names) == len(CONTROLS)


def numbered(it: Control) -> list[tuple[int, str]]:
    """Its number as people order it: 1.9 before 1.10."""
    parts = re.findall(r"\d+|\D+", it.number)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def test_controls_stand_in_the_order_of_their_frameworks_and_numbers() -> None:
    grouped = [(name, list(group)) for name, group in groupby(CONTROLS, lambda it: it.framework)]
    assert [name for name, _ in grouped] == list(frameworks())
    numbers = [group for name, group in grouped if name != "prowler"]
    assert all(group == sorted(group, key=numbered) for group in numbers)


def test_every_framework_has_a_title() -> None:
    assert all(len(title) > 20 for title in frameworks().values())


# Limits that a control prescribes.


def test_own_limits_are_limits_and_of_their_kind() -> None:
    defaults = vars(Limits())
    own = {(name, type(value)) for it in CONTROLS for name, value in it.limits.items()}
    assert own <= {(name, type(value)) for name, value in defaults.items() if not isinstance(value, tuple)}


def test_own_limits_are_read_by_a_check_of_the_control() -> None:
    read = {
        it.id: {name for check in CATALOGUE.values() if it.id in check.controls for name in limits_read(check)}
        for it in CONTROLS
    }
    assert {it.id: set(it.limits) - read[it.id] for it in CONTROLS if set(it.limits) - read[it.id]} == {}


@pytest.mark.parametrize(
    ("control", "limits"),
    [
        ("cis-1.2/1.3", {"key_idle": 90, "password_idle": 90}),
        ("cis-5.0/1.11", {"key_idle": 45, "password_idle": 45}),
        ("fsbp/IAM.10", {"password_length": 7, "password_reuse": 4}),
        ("config/access-keys-rotated", {"key_age": 90}),
        ("pci-4.0/7.2.4", {"user_idle": 90}),
    ],
)
def test_limits_that_a_control_prescribes_are_read(control: str, limits: dict[str, int]) -> None:
    own = controls()[control].limits
    days = {name: it.days if isinstance(it, timedelta) else it for name, it in own.items()}
    assert limits.items() <= days.items()


@pytest.mark.parametrize("it", [it for it in CONTROLS if any(name.endswith("_idle") for name in it.limits)])
def test_control_that_prescribes_idleness_leaves_none_of_it_to_the_deployment(it: Control) -> None:
    read = {name for check in CATALOGUE.values() if it.id in check.controls for name in limits_read(check)}
    assert {name for name in read if name.endswith("_idle")} <= set(it.limits)


# What a control asks about besides its name.


def test_root_without_any_device_has_no_hardware_device() -> None:
    hardware, any_device = (set(CATALOGUE[it].controls) for it in ("root-with-virtual-mfa", "root-without-mfa"))
    assert hardware - any_device == set()


@pytest.mark.parametrize("number", ["AC-2", "AC-3", "AC-3(7)", "AC-6", "AC-6(2)", "AC-6(10)"])
@pytest.mark.parametrize("mapped", ["fsbp/IAM.1", "fsbp/IAM.21"])
def test_privileges_are_not_fine_while_somebody_holds_all_of_them(number: str, mapped: str) -> None:
    """Security Hub maps both to each of these; AWS's own AdministratorAccess is no less."""
    asked = {it.id for it in CATALOGUE.values() if f"nist-800-53-r5/{number}" in it.controls}
    wide = {it.id for it in CATALOGUE.values() if mapped in it.controls} - {"full-kms-policy", "full-cloudtrail-policy"}
    assert {*wide, "aws-administrator-policy"} - asked == set()


@of_every_check
def test_limits_that_the_code_names_are_those_that_the_cases_read(it: Check) -> None:
    assert set(limits_read(it)) == promises.limits_read(it, test_catalogue.cases_of(it))


def test_peers_checks_are_answered_by_checks_that_there_are() -> None:
    named = {name for it in CONTROLS for name in it.checks}
    assert named <= set(CATALOGUE)
    assert {it.framework for it in CONTROLS if it.checks} == {"prowler"}
