"""`auditor lint`: files, stdin and evidence folders; lines that editors understand, JSON and SARIF."""

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from auditor.policy.written import Kind
from tests.aws.answers import user_entry
from tests.build import arn
from tests.cli.conftest import Auditor
from tests.cli.evidence import ordinary, write
from tests.cli.test_can import allow, inline, saved_as
from tests.render.letters import NAMES

SOUND = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}
WORLD = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
}
TEXT = """{
  "Version": "2012-10-17",
  "Statement": [{
    "Effect": "Allow",
    "Action": "s3:GetObjekt",
    "Resource": "*"
  }]
}
"""
PASSING = TEXT.replace("s3:GetObjekt", "iam:PassRole")
BROKEN = TEXT.replace("Allow", "Permit")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "policy.json"
    made.write_text(TEXT)
    return made


def test_each_line_is_one_that_editors_understand(auditor: Auditor, file: Path) -> None:
    result = auditor("lint", file)
    message = "no action is called s3:GetObjekt; did you mean s3:GetObject?"
    assert result.out == f"{file}:5:15: warning: INVALID_ACTION {message}\n"
    assert result.err.splitlines() == [
        f"auditor: {file}: taken for kind identity, by its looks; --kind says what it is",
        "auditor: 1 document: 0 errors, 0 security warnings, 1 warning, 0 suggestions",
    ]
    assert result.code == 0


def test_sound_policy_has_no_lines(auditor: Auditor, file: Path) -> None:
    file.write_text(json.dumps(SOUND))
    result = auditor("lint", file)
    assert (result.code, result.out) == (0, "")


@pytest.mark.parametrize(
    ("text", "fail_on", "code"),
    [
        (TEXT, "error", 0),
        (TEXT, "security", 0),
        (TEXT, "warning", 1),
        (TEXT, "suggestion", 1),
        (PASSING, "error", 0),
        (PASSING, "security", 1),
        (BROKEN, "error", 1),
        (BROKEN, "never", 0),
        (json.dumps(SOUND), "suggestion", 0),
        ("{", "error", 1),
    ],
)
def test_exit_code_is_1_from_the_given_severity_on(
    auditor: Auditor, file: Path, text: str, fail_on: str, code: int
) -> None:
    file.write_text(text)
    assert auditor("lint", file, "--fail-on", fail_on).code == code


@pytest.mark.parametrize(("text", "code"), [(TEXT, 0), (PASSING, 1), (BROKEN, 1)])
def test_exit_code_is_1_for_errors_and_dangers_if_nothing_is_said(
    auditor: Auditor, file: Path, text: str, code: int
) -> None:
    file.write_text(text)
    assert auditor("lint", file).code == code


def test_dash_is_standard_input(auditor: Auditor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(TEXT.encode())))
    assert auditor("lint", "-").out.startswith("-:5:15: warning: INVALID_ACTION ")


def test_several_files_are_told_apart(auditor: Auditor, file: Path) -> None:
    other = file.with_name("other.json")
    other.write_text(PASSING)
    lines = auditor("lint", file, other).out.splitlines()
    assert [line.partition(":")[0] for line in lines] == [str(file), str(other)]


@pytest.mark.parametrize("kind", Kind)
def test_kind_decides_what_is_said(auditor: Auditor, file: Path, kind: Kind) -> None:
    file.write_text(json.dumps(SOUND))
    said = auditor("lint", file, "--kind", kind).out
    assert ("MISSING_PRINCIPAL" in said) is kind.names_principals


def test_json_has_every_field(auditor: Auditor, file: Path) -> None:
    (entry,) = json.loads(auditor("lint", file, "--format", "json").out)
    assert entry == {
        "file": str(file),
        "code": "INVALID_ACTION",
        "severity": "warning",
        "message": "no action is called s3:GetObjekt; did you mean s3:GetObject?",
        "path": "Statement[0].Action",
        "line": 5,
        "column": 15,
        "kind": "identity",
    }


def test_kind_that_was_assumed_is_told_once_for_all_of_it(auditor: Auditor, file: Path) -> None:
    others = [file.with_name(f"{name}.json") for name in "abcd"]
    for other in others:
        other.write_text(json.dumps(SOUND))
    trust = file.with_name("trust.json")
    trust.write_text(json.dumps(WORLD))
    first, second, _ = auditor("lint", *others, trust).err.splitlines()
    assert f"{others[2]} and 1 more: taken for kind identity, " in first
    assert f"{trust}: taken for kind trust, " in second
    assert "taken for" not in auditor("lint", trust, "--kind", "resource").err
    file.write_text("{")
    assert "taken for" not in auditor("lint", file).err


def test_trust_that_is_open_to_the_world_stops_a_pipeline(auditor: Auditor, file: Path) -> None:
    file.write_text(json.dumps(WORLD))
    result = auditor("lint", file)
    assert result.code == 1
    assert "security: PUBLIC_PRINCIPAL everybody in the world is allowed" in result.out


def test_sarif_has_rules_levels_and_lines(auditor: Auditor, file: Path) -> None:
    file.write_text(PASSING)
    result = auditor("lint", file, "--format", "sarif", "--fail-on", "never")
    told = json.loads(result.out)
    (run,) = told["runs"]
    (rule,), (found,) = run["tool"]["driver"]["rules"], run["results"]
    assert (told["version"], result.err.count("\n")) == ("2.1.0", 1)
    assert rule["id"] == found["ruleId"] == "PASS_ROLE_WITH_STAR_IN_RESOURCE"
    assert (rule["properties"], found["level"]) == ({"security-severity": "7.0"}, "error")
    location = found["locations"][0]["physicalLocation"]
    assert location == {"artifactLocation": {"uri": str(file)}, "region": {"startLine": 5, "startColumn": 15}}
    assert len(found["partialFingerprints"]["auditorLint/v1"]) == 64


def test_sarif_of_our_own_codes_refers_to_nobody_elses_page(auditor: Auditor, file: Path) -> None:
    file.write_text(json.dumps(SOUND | {"Statement": {**SOUND["Statement"], "Action": "x"}}))  # type: ignore[dict-item]
    (run,) = json.loads(auditor("lint", file, "--format", "sarif", "--fail-on", "never").out)["runs"]
    (rule,) = run["tool"]["driver"]["rules"]
    assert (rule["id"], "helpUri" in rule) == ("MALFORMED_ACTION", False)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["text", "json", "sarif"])
def test_hostile_text_stays_in_its_line(auditor: Auditor, file: Path, name: str, form: str) -> None:
    hostile = {**SOUND, "Statement": {"Effect": "Allow", "Action": name, "Resource": name, "Sid": name, name: name}}
    file.write_text(json.dumps(hostile))
    out = auditor("lint", file, "--format", form, "--fail-on", "never").out
    assert form != "text" or all(line.startswith(str(file)) for line in out.splitlines())
    assert form == "text" or json.loads(out)


# Evidence.


def test_every_own_policy_and_trust_of_a_folder_is_looked_at(auditor: Auditor, folder: Path) -> None:
    result = auditor("lint", "--evidence", folder, "--format", "json", "--fail-on", "never")
    files = {entry["file"] for entry in json.loads(result.out)}
    assert files
    assert all(name.startswith("arn:") for name in files)
    assert not [name for name in files if ":aws:policy/" in name]


def test_path_with_a_colon_is_no_fault(auditor: Auditor, tmp_path: Path) -> None:
    own = inline("own", allow("s3:GetObjekt"))
    made = saved_as(tmp_path, UserDetailList=[user_entry(Path="/a:b/", Arn=arn("user/a:b/ana"), UserPolicyList=own)])
    result = auditor("lint", "--evidence", made)
    assert result.code == 0, result.err
    assert result.out.startswith(f"{arn('user/a:b/ana')}#own:")


def test_folder_without_policies_is_one_line(auditor: Auditor, tmp_path: Path) -> None:
    files = {name: body for name, body in ordinary().items() if not name.startswith("authorization")}
    line = auditor("lint", "--evidence", write(tmp_path / "x", files)).says_why_in_one_line()
    assert "has no policies" in line


# What it is told wrongly.


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "needs files, or --evidence"),
        (("{file}", "--kind", "trusted"), "--kind: 'trusted' is unknown; did you mean 'trust'?"),
        (("{file}", "--format", "xml"), "--format: 'xml' is unknown"),
        (("{file}", "--fail-on", "errors"), "--fail-on: 'errors' is unknown; did you mean 'error'?"),
        (("{file}", "--evidence", "x"), "--evidence: not with files or --kind"),
        (("--evidence", "x", "--kind", "scp"), "--evidence: not with files or --kind"),
        (("--evidence", "nowhere"), "nowhere is not a folder"),
        (("nowhere.json",), "nowhere.json: No such file"),
    ],
)
def test_bad_input_is_one_line(auditor: Auditor, file: Path, arguments: tuple[str, ...], words: str) -> None:
    given = [it.replace("{file}", str(file)) for it in arguments]
    assert words in auditor("lint", *given).says_why_in_one_line()


def test_file_that_is_no_text_is_one_line(auditor: Auditor, file: Path) -> None:
    file.write_bytes(b"\xff\xfe{}")
    assert "not UTF-8 at byte 0" in auditor("lint", file).says_why_in_one_line()


def test_byte_order_mark_is_no_syntax_error(auditor: Auditor, file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(SOUND).encode())
    assert auditor("lint", file).out == ""
