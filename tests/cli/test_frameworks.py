"""Frameworks on the command line: every control is shown, and one that nobody looked at is not fine."""

import csv
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from auditor.checks import CATALOGUE
from auditor.checks.controls import controls, frameworks
from auditor.core.frameworks import Answer
from tests.cli.conftest import Auditor
from tests.cli.evidence import hostile, ordinary, write
from tests.cli.test_commands import HOSTILE, TERMINAL_COLOURS

WORDS = {answer.value for answer in Answer}


def exported(auditor: Auditor, folder: Path, *arguments: object, command: str = "checks") -> Any:
    result = auditor(command, "--evidence", folder, "--format", "json", *arguments)
    assert (result.code, result.err) == (0, "")
    return json.loads(result.out)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize("framework", frameworks())
def test_every_control_of_a_framework_is_answered_in_its_order(auditor: Auditor, folder: Path, framework: str) -> None:
    document = exported(auditor, folder, "--framework", framework)
    its = [it for it in controls().values() if it.framework == framework]
    assert [f"{it['framework']}/{it['control']}" for it in document["controls"]] == [it.id for it in its]
    assert {it["answer"] for it in document["controls"]} <= WORDS
    assert all(it["why"] for it in document["controls"])
    assert sum(document["answers"].values()) == len(its)


def test_control_is_a_problem_fine_not_seen_or_told_by_a_person(auditor: Auditor, folder: Path) -> None:
    document = exported(auditor, folder, "--framework", "cis-3.0")
    told = {it["control"]: it for it in document["controls"]}
    assert told["1.14"]["answer"] == "problem"
    assert told["1.14"]["checks"] == ["stale-access-key"]
    assert [it["resource"] for it in told["1.14"]["findings"]] == ["AKIA1"]
    assert told["1.4"]["answer"] == "fine"
    assert told["1.4"]["examined"] == 1
    assert told["1.20"]["answer"] == "not seen"
    assert "regions.json is missing" in told["1.20"]["why"]
    assert told["1.1"]["answer"] == "manual"
    assert told["1.3"]["answer"] == "not this tool's"


def test_control_that_prescribes_its_limits_is_judged_by_them(auditor: Auditor, folder: Path) -> None:
    """The key is 91 days old and was never used: both controls object, each by its own number of days."""
    document = exported(auditor, folder, "--control", "fsbp/IAM.8", "--control", "fsbp/IAM.22")
    reasons = [finding["reason"] for it in document["controls"] for finding in it["findings"]]
    assert [reason.rpartition("(")[2] for reason in reasons if "AKIA1" in reason] == [
        "limit 90 days)",
        "limit 45 days)",
    ]


def test_piped_table_has_a_line_for_each_control(auditor: Auditor, folder: Path) -> None:
    result = auditor("checks", "--evidence", folder, "--framework", "cis-5.0")
    head, *lines = result.out.splitlines()
    assert head.split() == ["CONTROL", "ANSWER", "TITLE", "WHY"]
    its = [it.id for it in controls().values() if it.framework == "cis-5.0"]
    assert [line.split()[0] for line in lines[: len(its)]] == its
    assert f"{len(its)} controls: " in lines[-1]


def test_audit_groups_the_findings_by_control(auditor: Auditor, folder: Path) -> None:
    out = auditor("audit", "--evidence", folder, "--framework", "cis-5.0").out
    head, *lines = out.splitlines()
    assert head.split() == ["CONTROL", "ANSWER", "SEVERITY", "CHECK", "FINDING"]
    (stale,) = (line for line in lines if "stale-access-key" in line)
    assert stale.split()[:4] == ["cis-5.0/1.13", "problem", "HIGH", "stale-access-key"]
    (contacts,) = (line for line in lines if line.startswith("cis-5.0/1.1 "))
    assert "Account contact details are current: Ask " in contacts


def test_csv_of_an_audit_is_a_row_for_each_control_and_finding(auditor: Auditor, folder: Path) -> None:
    told = exported(auditor, folder, "--framework", "fsbp", command="audit")["controls"]
    written = rows(auditor("audit", "--evidence", folder, "--framework", "fsbp", "--format", "csv").out)
    assert list(written[0])[:5] == ["framework", "control", "title", "answer", "why"]
    assert [(row["control"], row["resource"]) for row in written] == [
        (it["control"], finding["resource"]) for it in told for finding in it["findings"] or [{"resource": ""}]
    ]


def test_csv_of_checks_is_a_row_for_each_control(auditor: Auditor, folder: Path) -> None:
    written = rows(auditor("checks", "--evidence", folder, "--framework", "fsbp", "--format", "csv").out)
    assert [f"fsbp/{row['control']}" for row in written] == [it for it in controls() if it.startswith("fsbp/")]


def test_markdown_is_written(auditor: Auditor, folder: Path) -> None:
    for command in ("checks", "audit"):
        told = auditor(command, "--evidence", folder, "--control", "fsbp/IAM.3", "--format", "markdown")
        assert "| `fsbp/IAM.3` | **problem** | " in told.out


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown"])
@pytest.mark.parametrize("command", ["checks", "audit"])
def test_two_runs_on_the_same_evidence_are_byte_identical(
    auditor: Auditor, folder: Path, command: str, form: str
) -> None:
    arguments = (command, "--evidence", folder, "--framework", "iam-best-practice", "--format", form)
    assert auditor(*arguments) == auditor(*arguments)


@pytest.mark.parametrize(("control", "code"), [("fsbp/IAM.3", 1), ("fsbp/IAM.4", 0), ("fsbp/IAM.8", 0)])
def test_fail_on_looks_only_at_the_findings_of_the_controls(
    auditor: Auditor, folder: Path, control: str, code: int
) -> None:
    assert auditor("audit", "--evidence", folder, "--control", control, "--fail-on", "HIGH").code == code


def test_clock_can_be_set(auditor: Auditor, folder: Path) -> None:
    later = exported(auditor, folder, "--control", "fsbp/IAM.3", "--now", "2027-11-20T06:00:00+00:00")
    assert "is 456 days old" in later["controls"][0]["findings"][0]["reason"]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown"])
def test_hostile_name_is_harmless_wherever_it_is_printed(
    auditor: Auditor, tmp_path: Path, form: str, name: str
) -> None:
    folder = write(tmp_path / "hostile", hostile(name))
    result = auditor("audit", "--evidence", folder, "--control", "fsbp/IAM.5", "--format", form)
    assert (result.code, result.err) == (0, "")
    assert not [it for it in set(result.out) - {"\n", "\r"} if not it.isprintable()]


def test_answers_have_colours_on_a_terminal(auditor: Auditor, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    out = auditor("checks", "--evidence", folder, "--framework", "cis-3.0").out
    assert re.findall(r"\x1b\[(\d+)m(problem|not seen|fine|manual|not this tool's) *\x1b", out)[:4] == [
        ("36", "manual"),
        ("33", "not seen"),
        ("2", "not this tool's"),
        ("32", "fine"),
    ]
    assert TERMINAL_COLOURS.sub("", out).replace("\n", "").isprintable()


# The list of frameworks.


def test_frameworks_are_listed_with_how_they_are_answered(auditor: Auditor) -> None:
    head, *lines = auditor("frameworks").out.splitlines()
    assert head.split("  ")[0] == "FRAMEWORK"
    assert [line.split()[0] for line in lines] == list(frameworks())
    for line in lines:
        name, total, *figures = line.split()[:5]
        its = [it for it in controls().values() if it.framework == name]
        assert int(total) == len(its) == sum(map(int, figures))
        cited = {name for check in CATALOGUE.values() for name in check.controls}
        assert int(figures[0]) == sum(it.id in cited or bool(it.checks) for it in its)


def test_frameworks_are_counted_by_answer_where_there_is_evidence(auditor: Auditor, folder: Path) -> None:
    head, *lines = auditor("frameworks", "--evidence", folder).out.splitlines()
    assert [word for word in WORDS if word.upper() not in head] == []
    *lines, _, total = lines
    figures = {line.split()[0]: [int(it) for it in line.split()[1:7]] for line in lines}
    counts = exported(auditor, folder, "--framework", "fsbp")["answers"]
    assert figures["fsbp"] == [sum(counts.values()), *counts.values()]
    sums = [sum(its) for its in zip(*figures.values(), strict=True)]
    assert [int(it) for it in re.findall(r"(\d+) (?:controls|problem|not seen|fine|manual|not this)", total)] == sums


# What a person gets wrong.


@pytest.mark.parametrize("command", ["audit", "checks"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--framework", "cis-5.1"), "--framework: 'cis-5.1' is unknown; did you mean 'cis-5.0'?"),
        (("--framework", ""), "--framework: '' is unknown; known: cis-1.2, cis-1.4, "),
        (("--framework",), "--framework"),
        (("--control", "fsbp/IAM.99"), "--control: 'fsbp/IAM.99' is unknown; fsbp has Account.1, "),
        (("--control", "cis-5.0"), "--control: 'cis-5.0' is unknown; cis-5.0 has 1.1, 1.2, "),
        (("--control", "cis-5/1.13"), "--control: 'cis-5/1.13' is unknown; did you mean 'cis-5.0/1.13'?"),
        (("--control", "a/b"), "--control: 'a/b' is unknown; `auditor frameworks` lists what there is"),
        (("--control", ""), "--control: '' is unknown; it is written framework/number"),
        (("--control", "xyz"), "--control: 'xyz' is unknown; it is written framework/number"),
        (("--framework", "fsbp", "--control", "fsbp/IAM.3"), "give one of --framework and --control"),
        (("--framework", "fsbp", "--format", "xml"), "--format: 'xml' is unknown; known: table, json, csv, markdown"),
    ],
)
def test_unknown_framework_or_control_is_one_line_before_anything_is_read(
    auditor: Auditor, tmp_path: Path, command: str, arguments: tuple[str, ...], message: str
) -> None:
    line = auditor(command, "--evidence", tmp_path / "missing", *arguments).says_why_in_one_line()
    assert message in line
    assert len(line) < 1000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("checks", "--evidence", "."), "--evidence: needs --framework or --control"),
        (("checks", "--now", "2026-11-20T06:00:00Z"), "--now: needs --framework or --control"),
        (("frameworks", "--now", "2026-11-20T06:00:00Z"), "--now: needs --evidence"),
        (("checks", "--format", "csv"), "--format: 'csv' is unknown; known: table, markdown"),
        (("audit", "--format", "markdown"), "--format: 'markdown' is unknown; known: table, json, csv"),
        (("audit", "--check", "unused-role", "--framework", "fsbp"), "--check: not with --framework or --control"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    auditor: Auditor, arguments: tuple[str, ...], message: str
) -> None:
    assert message in auditor(*arguments).says_why_in_one_line()


def test_evidence_that_is_missing_is_no_answer_at_all(auditor: Auditor, tmp_path: Path) -> None:
    only = write(tmp_path / "one", {name: ordinary()[name] for name in ("account.json", "account-summary.json")})
    document = exported(auditor, only, "--framework", "cis-5.0")
    checked = [it for it in document["controls"] if it["checks"]]
    assert {it["answer"] for it in checked if it["control"] not in {"1.3", "1.4"}} == {"not seen"}
