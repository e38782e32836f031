"""`auditor paths`: how somebody becomes administrator, as a list, as data and as a picture."""

import json
import stat
import xml.etree.ElementTree as ET  # what it reads here, we wrote
from pathlib import Path
from typing import Any

import pytest

from auditor.core.subjects.escalation import PathStep
from tests.aws.answers import administrator_entry, role_entry, user_entry
from tests.build import ACCOUNT, ago, arn, trusting
from tests.cli.conftest import Auditor, Result
from tests.cli.evidence import ROOT_ROW, account, report, row, write
from tests.cli.test_can import ADMINISTRATOR_ROLE, LOST, allow, inline, saved_as
from tests.cli.test_commands import TERMINAL_COLOURS

ANA, BO = arn("user/ana"), arn("user/bo")
CREDENTIALS = report(
    ROOT_ROW,
    row("ana", access_key_1_active="true", access_key_1_last_rotated=ago(400).isoformat()),
    row("bo", mfa_active="true"),
)


def saved(folder: Path, *more: dict[str, Any]) -> Path:
    """Evidence in which bo may write policies of users, and ana, who has an old key, can become an administrator."""
    users = [
        user_entry(UserPolicyList=inline("own", allow("sts:AssumeRole"))),
        user_entry("bo", UserPolicyList=inline("own", allow("iam:PutUserPolicy"))),
        user_entry("cy"),
        administrator_entry("chief"),
    ]
    roles = [role_entry("admin", AssumeRolePolicyDocument=trusting({"AWS": ACCOUNT}), **ADMINISTRATOR_ROLE)]
    files = {"credential-report.csv": CREDENTIALS, "access-keys.json": b'{"AccessKeyMetadata": []}'}
    return saved_as(folder, UserDetailList=[*users, *more], RoleDetailList=roles, files=files)


def told(result: Result) -> Any:
    assert result.code == 0, result.err
    return json.loads(result.out)


def test_paths_are_listed_the_most_dangerous_first(auditor: Auditor, tmp_path: Path) -> None:
    result = auditor("paths", "--evidence", saved(tmp_path))
    assert result.code == 0
    head, ana, bo = (line.split("\t") for line in result.out.splitlines())
    assert head == ["SEVERITY", "PRINCIPAL", "RISKS", "STEP", "WHAT", "ALLOWED", "PROVISO", "CLOSED BY"]
    assert ana[:5] == ["CRITICAL", "user/ana", "no MFA", "1 of 1", "user/ana assumes role/admin"]
    assert bo[:5] == ["HIGH", "user/bo", "", "1 of 1", "user/bo writes an inline policy into user/bo"]
    assert "of 5 principals 2 are administrators and 2 more can become one." in result.err.lower()
    assert "Not seen: the organization, which may forbid some steps." in result.err


@pytest.mark.parametrize("columns", [20, 60, 80, 120])
def test_terminal_shows_a_block_for_each_path_that_fits(
    auditor: Auditor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    result = auditor("paths", "--evidence", saved(tmp_path))
    assert result.code == 0, result.err
    lines = TERMINAL_COLOURS.sub("", result.out).splitlines()
    assert max(map(len, lines)) <= columns
    whole = " ".join(" ".join(lines).split())
    assert "CRITICAL user/ana (no MFA) 1. user/ana assumes role/admin [" in whole
    assert columns < 60 or "CRITICAL user/ana (no MFA)" in lines
    assert "closed by: " in whole


def test_json_has_every_step_with_all_that_is_known_of_it(auditor: Auditor, tmp_path: Path) -> None:
    found = told(auditor("paths", "--evidence", saved(tmp_path), "--format", "json"))
    assert found["administrators"] == [arn("role/admin"), arn("user/chief")]
    assert [it["principal"] for it in found["paths"]] == [ANA, BO]
    (step,) = found["paths"][0]["steps"]
    assert set(step) == set(PathStep.__dataclass_fields__)
    assert (step["technique"], step["target"]) == ("assume-role", arn("role/admin"))
    assert found["unseen"] == ["the organization"]


def test_severity_is_the_one_that_the_audit_gives(auditor: Auditor, tmp_path: Path) -> None:
    folder = saved(tmp_path)
    found = told(auditor("paths", "--evidence", folder, "--format", "json"))["paths"]
    audited = told(auditor("audit", "--evidence", folder, "--check", "path-to-administrator", "--format", "json"))
    assert {it["principal"]: it["severity"] for it in found} == {
        it["resource"]: it["severity"] for it in audited["findings"]
    }


@pytest.mark.parametrize(
    ("who", "note", "paths"),
    [
        ("ana", "user/ana can become administrator in 1 step", 1),
        ("user/chief", "user/chief is administrator already", 0),
        (arn("user/cy"), "user/cy has no path to administrator", 0),
    ],
)
def test_one_principal_can_be_asked_for(auditor: Auditor, tmp_path: Path, who: str, note: str, paths: int) -> None:
    folder = saved(tmp_path)
    result = auditor("paths", "--principal", who, "--evidence", folder, "--format", "json")
    found = told(result)
    assert len(found["paths"]) == paths
    assert found["asked"]["says"] == note
    assert found["asked"]["answer"] == ("path" if paths else "administrator" if "chief" in who else "none")
    assert result.err == f"auditor: {note}\n"
    drawn = auditor("paths", "--principal", who, "--evidence", folder, "--format", "svg").out
    assert f"{note}." in drawn
    assert "Of 5 principals 2 are administrators and 2 more can become one." in drawn
    assert "Nobody who" not in drawn
    assert told(auditor("paths", "--evidence", folder, "--format", "json"))["asked"] is None


def test_file_that_is_there_is_replaced_at_once_and_keeps_its_mode(auditor: Auditor, tmp_path: Path) -> None:
    folder, file, link = saved(tmp_path), tmp_path / "paths.svg", tmp_path / "latest.svg"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    before = file.open()
    assert auditor("paths", "--evidence", folder, "--out", link).code == 0
    with before:
        assert before.read() == "old"
    assert link.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert file.read_text().startswith("<?xml")
    assert not list(tmp_path.glob(".paths*"))


def test_place_that_is_no_regular_file_is_written_into(auditor: Auditor, tmp_path: Path) -> None:
    arguments = ("--format", "json", "--out", "/dev/null")
    assert auditor("paths", "--evidence", saved(tmp_path), *arguments).code == 0
    assert not Path("/dev/null").is_file()


def test_principal_that_was_not_completely_seen_has_no_answer(auditor: Auditor, tmp_path: Path) -> None:
    folder = saved(tmp_path, {**LOST, "UserName": "di", "Arn": arn("user/di"), "UserId": "AIDA9"})
    line = auditor("paths", "--principal", "di", "--evidence", folder).says_why_in_one_line()
    assert f"--principal: {arn('user/di')} was not judged: " in line
    assert "; 1 principal." in auditor("paths", "--evidence", folder).err


@pytest.mark.parametrize("form", ["svg", "html"])
def test_picture_is_written_into_a_file_that_its_owner_can_read(auditor: Auditor, tmp_path: Path, form: str) -> None:
    folder, file = saved(tmp_path), tmp_path / f"paths.{form}"
    result = auditor("paths", "--evidence", folder, "--out", file)
    assert (result.code, result.out) == (0, "")
    assert f"written: {file}" in result.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    ET.parse(file)  # noqa: S314  (we wrote it)
    assert file.read_text() == auditor("paths", "--evidence", folder, "--format", form).out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--format", "png"), "--format: 'png' is unknown; known: table, json, svg, html"),
        (("--out", "paths.txt"), "--out: paths.txt: a table is not written into a file; --format json, svg or html is"),
        (("--principal", "anna"), "--principal: 'anna' is no user or role of the account; did you mean 'ana'?"),
        (("--now", "yesterday"), "--now: 'yesterday' is not a date"),
        (("surplus",), "surplus"),
    ],
)
def test_bad_input_is_one_line(auditor: Auditor, tmp_path: Path, arguments: tuple[str, ...], why: str) -> None:
    assert why in auditor("paths", "--evidence", saved(tmp_path), *arguments).says_why_in_one_line()


def test_places_that_cannot_be_written_are_named(auditor: Auditor, tmp_path: Path) -> None:
    folder = saved(tmp_path)
    arguments = ("paths", "--evidence", folder, "--format", "svg", "--out")
    assert f"--out: {tmp_path} is a folder" in auditor(*arguments, tmp_path).says_why_in_one_line()
    missing = tmp_path / "missing"
    assert f"--out: {missing} is no folder" in auditor(*arguments, missing / "paths.svg").says_why_in_one_line()


def test_account_that_was_not_seen_has_no_picture(auditor: Auditor, tmp_path: Path) -> None:
    folder = write(tmp_path / "blind", {"account.json": account(unavailable={"authorization-details": "AccessDenied"})})
    assert (
        "paths were not seen: authorization-details: AccessDenied"
        in auditor("paths", "--evidence", folder).says_why_in_one_line()
    )
