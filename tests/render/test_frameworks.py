import csv
import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from auditor.core.frameworks import Answer, Answered, Answers, Control
from auditor.render.escape import cell
from auditor.render.frameworks import as_csv, as_csv_of_findings, as_json, as_markdown
from tests.build import NOW, OWNER, ago, finding
from tests.render.letters import NAMES

KEYS = Control(id="cis-5.0/1.13", title="Access keys rotated every ninety days", limits={"key_age": timedelta(days=90)})
PROBLEM = Answered(
    control=KEYS,
    answer=Answer.PROBLEM,
    why="2 findings; by the control's own key_age 90",
    checks=("stale-access-key", "idle-access-key"),
    examined=7,
    findings=(finding(age=1), finding("AKIA2")),
)
MANUAL = Answered(
    control=Control(id="cis-5.0/1.1", title="Account contact details are current"),
    answer=Answer.MANUAL,
    why="Read them aloud.",
)


def told(*answered: Answered) -> Answers:
    return Answers(owner=OWNER, evidence_at=NOW, answered=answered or (MANUAL, PROBLEM))


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def hostile(name: str) -> Answers:
    return told(replace(PROBLEM, why=f"not seen: {name}", findings=(finding(resource=name, reason=f"{name} is bad"),)))


def test_csv_has_a_row_for_each_control() -> None:
    manual, problem = rows(as_csv(told()))
    assert list(problem.items()) == [
        ("framework", "cis-5.0"),
        ("control", "1.13"),
        ("title", "Access keys rotated every ninety days"),
        ("answer", "problem"),
        ("why", "2 findings; by the control's own key_age 90"),
        ("account", "111122223333"),
        ("checks", "stale-access-key;idle-access-key"),
        ("examined", "7"),
        ("findings", "2"),
    ]
    assert (manual["answer"], manual["checks"], manual["examined"], manual["findings"]) == ("manual", "", "0", "0")


def test_csv_of_findings_has_a_row_for_each_control_and_finding() -> None:
    manual, first, second = rows(as_csv_of_findings(told()))
    assert list(first.items()) == [
        ("framework", "cis-5.0"),
        ("control", "1.13"),
        ("title", "Access keys rotated every ninety days"),
        ("answer", "problem"),
        ("why", "2 findings; by the control's own key_age 90"),
        ("account", "111122223333"),
        ("check", "stale-access-key"),
        ("severity", "HIGH"),
        ("resource", "AKIA1"),
        ("reason", "AKIA1 of ana is 91 days old (limit 90)"),
        ("evidence", '{"created": "2026-08-21T06:00:00+00:00"}'),
        ("evidence_at", ago(1).isoformat()),
        ("fix", "aws iam update-access-key --user-name ana --access-key-id AKIA1 --status Inactive"),
    ]
    assert (second["control"], second["resource"]) == ("1.13", "AKIA2")
    assert {name: value for name, value in manual.items() if value} == {
        "framework": "cis-5.0",
        "control": "1.1",
        "title": "Account contact details are current",
        "answer": "manual",
        "why": "Read them aloud.",
        "account": "111122223333",
        "evidence_at": "2026-11-20T06:00:00+00:00",
    }


def test_json_is_the_documented_form() -> None:
    document = json.loads(as_json(told()))
    assert list(document) == ["account", "partition", "evidence_at", "answers", "controls"]
    assert document["answers"] == {"problem": 1, "not seen": 0, "fine": 0, "manual": 1, "not this tool's": 0}
    manual, problem = document["controls"]
    assert {name: value for name, value in problem.items() if name != "findings"} == {
        "framework": "cis-5.0",
        "control": "1.13",
        "title": "Access keys rotated every ninety days",
        "answer": "problem",
        "why": "2 findings; by the control's own key_age 90",
        "limits": {"key_age": 90},
        "checks": ["stale-access-key", "idle-access-key"],
        "examined": 7,
    }
    assert [(it["resource"], it["evidence_at"]) for it in problem["findings"]] == [
        ("AKIA1", ago(1).isoformat()),
        ("AKIA2", NOW.isoformat()),
    ]
    assert (manual["findings"], manual["limits"]) == ([], {})


def test_markdown_has_a_line_for_each_control() -> None:
    head, _, counts, _, *table = as_markdown(told()).splitlines()
    assert head == "# Account 111122223333, evidence of 2026-11-20 06:00 UTC"
    assert counts == "1 problem, 0 not seen, 0 fine, 1 manual, 0 not this tool's"
    assert table[2:] == [
        "| `cis-5.0/1.1` | **manual** | Account contact details are current | Read them aloud. |",
        f"| `cis-5.0/1.13` | **problem** | {KEYS.title} | `2 findings; by the control's own key_age 90` |",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_hostile_name_is_harmless_in_csv(name: str) -> None:
    (row,) = rows(as_csv_of_findings(hostile(name)))
    assert row["resource"] == cell(name)
    (control,) = rows(as_csv(hostile(name)))
    for value in (*row.values(), *control.values()):
        assert value.lstrip()[:1] not in {"=", "+", "-", "@"}
        assert value.isprintable()


@pytest.mark.parametrize("name", NAMES)
def test_hostile_name_is_whole_and_ascii_in_json(name: str) -> None:
    written = as_json(hostile(name))
    assert written.isascii()
    assert json.loads(written)["controls"][0]["findings"][0]["resource"] == name


@pytest.mark.parametrize("name", [*NAMES, "a|b", "`a` **b**", "[x](javascript:y)"])
def test_hostile_name_is_one_cell_of_a_markdown_table(name: str) -> None:
    line = as_markdown(hostile(name)).splitlines()[-1]
    assert line.count("|") == 5
    assert line.count("`") == 4
    assert line.isprintable()
