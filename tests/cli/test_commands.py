import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import pytest

from auditor.aws.sources import ACTIONS
from auditor.checks import CATALOGUE
from auditor.render.catalogue import parameters, reasons
from auditor.render.escape import plain
from tests.build import ago
from tests.cli.conftest import Auditor, Result
from tests.cli.evidence import ROOT_ROW, details, hostile, key, ordinary, report, row, user, write
from tests.render.letters import NAMES

COMMAND = (sys.executable, "-c", "from auditor.cli.main import run; run()")
PACKAGE = Path(__file__).parents[2] / "lambdas"
TERMINAL_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
HOSTILE = [name.replace("\ud800", "\u2028") for name in NAMES if name]
FLAGGED = {
    ("HIGH", "console-without-mfa"),
    ("HIGH", "stale-access-key"),
    ("MEDIUM", "idle-access-key"),
    ("MEDIUM", "default-password-policy"),
    ("MEDIUM", "short-passwords"),
    ("MEDIUM", "unattached-administrator-policy"),
    ("LOW", "long-lived-passwords"),
    ("LOW", "missing-security-audit-role"),
    ("LOW", "missing-support-access"),
    ("LOW", "passwords-without-lower-case"),
    ("LOW", "passwords-without-number"),
    ("LOW", "passwords-without-symbol"),
    ("LOW", "passwords-without-upper-case"),
    ("LOW", "reusable-passwords"),
    ("LOW", "role-without-policy"),
    ("LOW", "unrequested-access-key"),
    ("LOW", "unused-role"),
    ("LOW", "user-outside-groups"),
}


def exported(auditor: Auditor, folder: Path, *arguments: object) -> Any:
    result = auditor("audit", "--evidence", folder, "--format", "json", *arguments)
    assert (result.code, result.err) == (0, "")
    return json.loads(result.out)


# What an audit says.


def test_audit_finds_what_is_wrong(auditor: Auditor, folder: Path) -> None:
    document = exported(auditor, folder)
    assert {(it["severity"], it["check"]) for it in document["findings"]} == FLAGGED
    assert document["account"] == "111122223333"
    assert document["evidence_at"] == "2026-11-20T06:00:00+00:00"


def test_every_check_was_examined_or_is_skipped_with_a_reason(auditor: Auditor, folder: Path) -> None:
    document = exported(auditor, folder)
    assert set(document["examined"]) | set(document["skipped"]) == set(CATALOGUE)
    assert document["skipped"]["external-access"].startswith("analyzer-findings: ")
    assert document["examined"]["root-access-key"] == 1


def test_only_the_chosen_checks_are_asked(auditor: Auditor, folder: Path) -> None:
    document = exported(auditor, folder, "--check", "unused-role", "--check", "stale-access-key")
    assert set(document["examined"]) == {"unused-role", "stale-access-key"}
    assert document["skipped"] == {}
    assert {it["check"] for it in document["findings"]} == {"unused-role", "stale-access-key"}


def test_clock_can_be_set(auditor: Auditor, folder: Path) -> None:
    later = exported(auditor, folder, "--now", "2027-11-20T06:00:00+00:00", "--check", "stale-access-key")
    assert "is 456 days old" in later["findings"][0]["reason"]
    assert later["evidence_at"] == "2026-11-20T06:00:00+00:00"


@pytest.mark.parametrize("form", ["json", "csv", "table"])
def test_two_runs_on_the_same_evidence_are_byte_identical(auditor: Auditor, folder: Path, form: str) -> None:
    arguments = ("audit", "--evidence", folder, "--format", form, "--now", "2026-12-01T00:00:00Z")
    assert auditor(*arguments) == auditor(*arguments)


@pytest.fixture
def undated(tmp_path: Path) -> Path:
    """Evidence without account.json: its newest file is of a day before the clock of the others."""
    made = write(tmp_path / "undated", {name: it for name, it in ordinary().items() if name != "account.json"})
    for path in made.iterdir():
        os.utime(path, (0, ago(9).timestamp()))
    os.utime(made / "access-keys.json", (0, ago(1).timestamp() + 0.75))
    (made / "notes.txt").touch()
    return made


def test_given_clock_dates_evidence_that_does_not_say(auditor: Auditor, undated: Path) -> None:
    told = auditor("audit", "--evidence", undated, "--format", "json", "--now", "2026-11-21T06:00:00Z")
    assert json.loads(told.out)["evidence_at"] == "2026-11-21T06:00:00+00:00"
    assert told.err == "auditor: without account.json the evidence counts as of 2026-11-21 06:00:00+00:00\n"


def test_newest_file_dates_evidence_that_does_not_say(auditor: Auditor, undated: Path) -> None:
    told = auditor("audit", "--evidence", undated, "--format", "json")
    assert json.loads(told.out)["evidence_at"] == "2026-11-19T06:00:00+00:00"
    assert told.err == "auditor: without account.json the evidence counts as of 2026-11-19 06:00:00+00:00\n"
    assert told == auditor("audit", "--evidence", undated, "--format", "json")


def test_auditing_a_folder_leaves_it_as_it_is(auditor: Auditor, folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    auditor("audit", "--evidence", folder)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("threshold", "code"), [("LOW", 1), ("MEDIUM", 1), ("HIGH", 1), ("high", 1), ("CRITICAL", 0), ("INFO", 1)]
)
def test_fail_on_decides_about_the_exit_code_and_nothing_else(
    auditor: Auditor, folder: Path, threshold: str, code: int
) -> None:
    plain, failing = (auditor("audit", "--evidence", folder, *it) for it in ((), ("--fail-on", threshold)))
    assert (plain.code, failing.code) == (0, code)
    assert (plain.out, plain.err) == (failing.out, failing.err)


def test_fail_on_looks_only_at_the_chosen_checks(auditor: Auditor, folder: Path) -> None:
    assert auditor("audit", "--evidence", folder, "--fail-on", "HIGH", "--check", "unused-role").code == 0


def test_piped_table_has_a_line_for_each_finding(auditor: Auditor, folder: Path) -> None:
    result = auditor("audit", "--evidence", folder)
    head, *rest = result.out.splitlines()
    assert head.split() == ["SEVERITY", "CHECK", "FINDING"]
    rows = [tuple(line.split()[:2]) for line in rest[: len(FLAGGED)]]
    assert set(rows) == FLAGGED
    assert rows == sorted(rows, key=lambda it: (["HIGH", "MEDIUM", "LOW"].index(it[0]), it[1]))
    assert "18 findings (2 HIGH, 4 MEDIUM, 12 LOW)" in result.out
    assert not [line for line in result.out.splitlines() if line != line.rstrip()]


def test_what_was_not_looked_at_is_told_once_for_each_reason(auditor: Auditor, folder: Path) -> None:
    _, _, told = auditor("audit", "--evidence", folder).out.partition(
        "Not looked at, and so neither fine nor a finding:\n"
    )
    lines = told.splitlines()
    assert (
        "  account-contacts: account-contacts.json is missing: missing-security-contact, shared-alternate-contact"
        in lines
    )
    reasons = [": ".join(line.split(": ")[:-1]) for line in lines]
    assert len(reasons) == len(set(reasons))
    checks = [it for line in lines for it in line.rpartition(": ")[2].split(", ")]
    assert sorted(checks) == sorted(exported(auditor, folder)["skipped"])


def test_clean_audit_says_so(auditor: Auditor, folder: Path) -> None:
    out = auditor("audit", "--evidence", folder, "--check", "root-access-key").out
    assert "0 findings from 1 check on 1 subject" in out
    assert "SEVERITY" not in out
    assert "Not looked at" not in out


def test_piped_output_has_no_colour(auditor: Auditor, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    commands = [("audit", "--evidence", folder), ("checks",), ("explain", "unused-role"), ("policy",)]
    assert not [it for it in commands if "\x1b" in auditor(*it).out]


# Names come from whoever can create them.


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_hostile_name_is_harmless_wherever_it_is_printed(
    auditor: Auditor, tmp_path: Path, form: str, name: str
) -> None:
    folder = write(tmp_path / "hostile", hostile(name))
    result = auditor("audit", "--evidence", folder, "--format", form)
    assert (result.code, result.err) == (0, "")
    assert "console-without-mfa" in result.out
    assert not [it for it in set(result.out) - {"\n", "\r"} if not it.isprintable()]
    assert result.out.replace("\r\n", "\n").count("\r") == 0


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_is_seen_as_it_is_in_a_table(auditor: Auditor, tmp_path: Path, name: str) -> None:
    out = auditor("audit", "--evidence", write(tmp_path / "hostile", hostile(name))).out
    assert f"  {plain(name)} can sign in to the console without a second factor" in out


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_makes_no_row_and_no_formula_in_csv(auditor: Auditor, tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "hostile", hostile(name))
    out = auditor("audit", "--evidence", folder, "--format", "csv").out
    rows = list(csv.reader(io.StringIO(out, newline=""), strict=True))
    assert {len(row) for row in rows} == {12}
    assert not [cell for row in rows for cell in row if cell.lstrip()[:1] in {"=", "+", "-", "@"}]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_is_whole_in_json(auditor: Auditor, tmp_path: Path, name: str) -> None:
    findings = exported(auditor, write(tmp_path / "hostile", hostile(name)))["findings"]
    assert f"{name} can sign in to the console without a second factor" in {it["reason"] for it in findings}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_does_not_move_a_terminal(
    auditor: Auditor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = write(tmp_path / "hostile", hostile(name))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    out = auditor("audit", "--evidence", folder).out
    assert TERMINAL_COLOURS.search(out)
    uncoloured = TERMINAL_COLOURS.sub("", out).replace("\n", "")
    assert uncoloured.isprintable()


# The other commands.


def test_checks_lists_the_catalogue(auditor: Auditor) -> None:
    result = auditor("checks")
    _, *lines = result.out.splitlines()
    assert (result.code, result.err) == (0, "")
    assert [line.split()[:2] for line in lines] == [[it.id, it.severity.name] for it in CATALOGUE.values()]


def test_checks_are_a_document_too(auditor: Auditor) -> None:
    assert auditor("checks", "--format", "markdown").out.startswith("# Checks\n")


@pytest.mark.parametrize("check", CATALOGUE)
def test_explain_says_all_that_is_known(auditor: Auditor, check: str) -> None:
    result, it = auditor("explain", check), CATALOGUE[check]
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"{it.id} ({it.severity.name})\n\n{it.title}.\n\n{it.rationale}\n")
    assert f"\nFix:   {it.fix_shape}\n" in result.out
    assert set(re.findall(r"[a-z0-9.-]+/[^\s,]+", result.out.partition("\nControls:\n")[2])) == set(it.controls)
    assert result.out.count("\nGoes by:\n") == bool(parameters(it))
    assert result.out.count("\nSeverity:\n") == bool(it.because)
    assert all(f"\n  {line}\n" in result.out for line in (*parameters(it), *reasons(it)))


def test_policy_is_what_the_sources_declare_and_only_reads(auditor: Auditor) -> None:
    result = auditor("policy")
    (statement,) = json.loads(result.out)["Statement"]
    assert (result.code, result.err, statement["Effect"]) == (0, "", "Allow")
    assert statement["Action"] == list(ACTIONS)
    assert all(
        re.match(r"[a-z0-9-]+:(Get|BatchGet|List|Describe|Generate(CredentialReport|ServiceLastAccessedDetails)$)", it)
        for it in ACTIONS
    )


@pytest.mark.parametrize("arguments", [("--help",), ("audit", "--help"), ("gather", "--help")])
def test_help_is_no_error(auditor: Auditor, arguments: tuple[str, ...]) -> None:
    result = auditor(*arguments)
    assert (result.code, result.err) == (0, "")
    assert "Usage" in result.out


def test_without_a_command_the_commands_are_shown(auditor: Auditor) -> None:
    result = auditor()
    assert (result.code, result.err) == (2, "")
    assert "audit" in result.out


def test_interrupt_is_no_traceback(auditor: Auditor, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("auditor.cli.folder.load", interrupted)
    assert auditor("audit", "--evidence", folder) == Result(130, "", "")


def test_without_credentials_the_way_without_aws_is_named(
    auditor: Auditor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    for arguments in (("audit",), ("gather", "--out", tmp_path / "new")):
        line = auditor(*arguments).says_why_in_one_line()
        assert line.startswith("auditor: AWS: NoCredentialsError: ")
        assert "saved evidence needs no AWS: --evidence DIR" in line
    assert list(tmp_path.iterdir()) == []


# As a process.


def process(
    *arguments: object, stdout: IO[str] | int = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
        env={"PYTHONPATH": str(PACKAGE), "PYTHONWARNINGS": "error", **environment},
    )


def test_profile_that_does_not_exist_stops_nothing_that_asks_no_account() -> None:
    assert process("checks", AWS_PROFILE="nobody").returncode == 0


def test_letters_that_the_locale_lacks_are_escaped(tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text('{"Statement": {"Effect": "Allow", "Action": "s3:G\u00e9t", "Resource": "*"}}', encoding="utf-8")
    told = process("lint", file, "--fail-on", "never", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert told.returncode == 0, told.stderr
    assert "s3:G\\xe9t" in told.stdout


def test_process_exits_with_the_code_and_says_the_same(auditor: Auditor, folder: Path) -> None:
    arguments = ("audit", "--evidence", folder, "--format", "json", "--fail-on", "HIGH")
    outside, inside = process(*arguments), auditor(*arguments)
    assert (outside.returncode, outside.stdout, outside.stderr) == (1, inside.out, inside.err)


def test_process_refuses_bad_input(tmp_path: Path) -> None:
    refused = process("audit", "--evidence", tmp_path)
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("form", ["table", "json"])
def test_output_that_cannot_be_written_is_an_error(folder: Path, form: str) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        refused = process("audit", "--evidence", folder, "--format", form, stdout=full)
    assert (refused.returncode, refused.stderr) == (2, "auditor: No space left on device\n")


def test_pipe_in_place_of_a_file_is_not_read(folder: Path) -> None:
    """Nobody writes into it: who reads it waits for ever."""
    (folder / "password-policy.json").unlink()
    os.mkfifo(folder / "password-policy.json")
    audited = process("audit", "--evidence", folder, "--check", "default-password-policy")
    assert (audited.returncode, audited.stderr) == (0, "")
    assert "password-policy.json is missing" in audited.stdout


def test_folder_that_cannot_be_made_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = process("gather", "--out", tmp_path / "file" / "new")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == f"auditor: {tmp_path / 'file'}: File exists\n"


def test_reader_that_stops_early_is_no_error(tmp_path: Path) -> None:
    """What `auditor audit … | head -n 1` does."""
    names = [f"user{number}" for number in range(500)]
    many = ordinary() | {
        "credential-report.csv": report(ROOT_ROW, *map(row, names)),
        "authorization-details.json": details(*(user(name, f"AIDA{name}") for name in names)),
    }
    folder = write(tmp_path / "many", many)
    head = shutil.which("head")
    assert head
    with subprocess.Popen(
        [*COMMAND, "audit", "--evidence", str(folder), "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": str(PACKAGE)},
    ) as audit:
        first = subprocess.run([head, "-n", "1"], stdin=audit.stdout, capture_output=True, check=True)
        assert audit.stdout
        assert audit.stderr
        audit.stdout.close()
        errors = audit.stderr.read()
    assert (first.stdout, errors, audit.returncode) == (b"{\n", b"", 0)


def test_key_of_nobody_is_skipped_and_hides_no_other(auditor: Auditor, tmp_path: Path) -> None:
    keys = json.dumps({"AccessKeyMetadata": [key(), key("AKIA2", name="gone")]}).encode()
    folder = write(tmp_path / "evidence", ordinary() | {"access-keys.json": keys})
    document = exported(auditor, folder, "--check", "stale-access-key")
    assert [it["resource"] for it in document["findings"]] == ["AKIA1"]
    assert document["skipped"]["stale-access-key"].endswith(": AKIA2")
