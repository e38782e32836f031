"""Whatever a person gets wrong: one line that names the file and the place, exit code 2, and nothing printed."""

import codecs
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.build import ACCOUNT, arn
from tests.cli.conftest import Auditor
from tests.cli.evidence import (
    COLUMNS,
    KEYED_ROW,
    ROOT_ROW,
    account,
    details,
    document,
    key,
    ordinary,
    report,
    row,
    user,
    write,
)

REPORT, DETAILS, SUMMARY, KEYS, PASSWORDS, ANALYZERS = (
    *("credential-report.csv", "authorization-details.json", "account-summary.json"),
    *("access-keys.json", "password-policy.json", "analyzers.json"),
)
OTHER = "444455556666"
LINES = report(ROOT_ROW, KEYED_ROW).splitlines(keepends=True)


def elsewhere(text: str) -> str:
    return text.replace(ACCOUNT, OTHER)


FILES: dict[str, tuple[dict[str, bytes], str]] = {
    "JSON cut off": ({DETAILS: b'{"UserDetailList": [\n  {"UserName":'}, f"{DETAILS}: line 2, column 15: "),
    "JSON with a comma too many": ({SUMMARY: b'{\n "SummaryMap": {},\n}'}, f"{SUMMARY}: line 3, column 1: "),
    "no JSON": ({KEYS: b"An error occurred (AccessDenied)"}, f"{KEYS}: line 1, column 1: "),
    "second document broken": ({KEYS: b'{"AccessKeyMetadata": []}\n{]'}, f"{KEYS}: line 2, column 2: "),
    "nested without end": ({DETAILS: b"[" * 100_000}, f"{DETAILS}: line 1: what begins here cannot be read: "),
    "number without end": ({SUMMARY: b"{}\n" + b"1" * 5000}, f"{SUMMARY}: line 2: what begins here cannot be read: "),
    "half a character": ({DETAILS: details(user(uid="\ud800"))}, f"{DETAILS}: an escape stands for half a character"),
    "a list": ({SUMMARY: b"[]"}, f"{SUMMARY}: the document: "),
    "two documents that are no objects": ({SUMMARY: b"1 2"}, f"{SUMMARY}: the document: "),
    "a field missing": ({DETAILS: document({"UserDetailList": []})}, f"{DETAILS}: GroupDetailList: "),
    "a field of another kind": (
        {KEYS: document({"AccessKeyMetadata": [key(), key() | {"CreateDate": "yesterday"}]})},
        f"{KEYS}: AccessKeyMetadata[1].CreateDate: ",
    ),
    "a length that is none": (
        {PASSWORDS: b'{"PasswordPolicy": {"MinimumPasswordLength": Infinity}}'},
        f"{PASSWORDS}: PasswordPolicy.MinimumPasswordLength: ",
    ),
    "an ARN that is none": (
        {ANALYZERS: document({"analyzers": [{"arn": "x", "name": "x", "type": "ACCOUNT", "status": "ACTIVE"}]})},
        f"{ANALYZERS}: analyzers[0].arn: ",
    ),
    "a time without a zone": (
        {KEYS: document({"AccessKeyMetadata": [key() | {"CreateDate": "2026-01-01T00:00:00"}]})},
        f"{KEYS}: AccessKeyMetadata[0].CreateDate: ",
    ),
    "not UTF-8": ({REPORT: b"user,arn\n\xff"}, f"{REPORT}: byte 9: "),
    "not UTF-8 but marked": ({SUMMARY: codecs.BOM_UTF8 + b"\xff"}, f"{SUMMARY}: byte "),
    "report cut off": ({REPORT: b"".join(LINES)[:-40]}, f"{REPORT}: line 3: "),
    "report with a cell too many": ({REPORT: LINES[0] + LINES[1].strip() + b",x\n"}, f"{REPORT}: line 2: 23 columns"),
    "report without a column": (
        {REPORT: report({"user": "ana", "arn": arn("user/ana")}, columns=("user", "arn"))},
        f"{REPORT}: line 1: the header lacks access_key_1_active, ",
    ),
    "report with its header last": (
        {REPORT: b"".join([*LINES[1:], LINES[0]])},
        f"{REPORT}: line 1: the header lacks access_key_1_active, ",
    ),
    "report with a column twice": (
        {REPORT: report(ROOT_ROW, columns=[*COLUMNS, "cert_1_active"])},
        f"{REPORT}: line 1: the header names a column twice",
    ),
    "report with a user twice": (
        {REPORT: report(ROOT_ROW, row("bo"), KEYED_ROW, row("bo"))},
        f"{REPORT}: line 5, column arn: {arn('user/bo')} has a row already",
    ),
    "report with a cell without end": ({REPORT: report(ROOT_ROW, row("x" * 200_000))}, f"{REPORT}: line 3: "),
    # The name with a line end is in two cells: that row ends in line 5.
    "report with line ends in cells": (
        {REPORT: report(ROOT_ROW, row("a\nb"), row(mfa_active="maybe"))},
        f"{REPORT}: line 6, column mfa_active: ",
    ),
    "report with another date": (
        {REPORT: report(ROOT_ROW, row(password_last_used="20/11/2026"))},
        f"{REPORT}: line 3, column password_last_used: '20/11/2026' is not a date",
    ),
    "report with a date without zone": (
        {REPORT: report(ROOT_ROW, row(access_key_2_last_rotated="2026-11-20T06:00:00"))},
        f"{REPORT}: line 3, column access_key_2_last_rotated: '2026-11-20T06:00:00' has no time zone",
    ),
    "report with another flag": (
        {REPORT: report(row(mfa_active="maybe"))},
        f"{REPORT}: line 2, column mfa_active: 'maybe' is neither true nor false",
    ),
    "report with an empty name": ({REPORT: report(row(user=""))}, f"{REPORT}: line 2, column user: is empty"),
    "account file of another kind": ({"account.json": b"[]"}, "account.json: the document: "),
    "account file that is empty": ({"account.json": b""}, "account.json: the document: "),
    "account file with two accounts": ({"account.json": account() + account()}, "account.json: the document: "),
    "account file with a short account": ({"account.json": account(account="1234")}, "account.json: account: "),
    "account file without a time": ({"account.json": account(gathered_at=None)}, "account.json: gathered_at: "),
    "account file with a naive time": (
        {"account.json": account(gathered_at="2026-11-20T06:00:00")},
        "account.json: gathered_at: ",
    ),
    "account file with an unreadable time": (
        {"account.json": account(generated={"credential-report": "yesterday"})},
        "account.json: generated.credential-report: ",
    ),
    "account file of another account": (
        {"account.json": account(account=OTHER)},
        f"{REPORT} is of account {ACCOUNT}, account.json of account {OTHER}",
    ),
    "report of another account": (
        {REPORT: elsewhere(report(ROOT_ROW, KEYED_ROW).decode()).encode()},
        f"{REPORT} is of account {OTHER}, account.json of account {ACCOUNT}",
    ),
    "two accounts in one report": (
        {REPORT: report(ROOT_ROW, row("bo"), row("cy"), ROOT_ROW | {"arn": elsewhere(ROOT_ROW["arn"])})},
        f"{REPORT} is of account {OTHER}, account.json of account {ACCOUNT}",
    ),
    "two accounts in two answers of a file": (
        {DETAILS: details(user()) + elsewhere(details(user()).decode()).encode()},
        f"{DETAILS} is of account {OTHER}, account.json of account {ACCOUNT}",
    ),
}


@pytest.mark.parametrize(("files", "message"), FILES.values(), ids=FILES)
def test_unreadable_file_is_named_with_the_place(
    auditor: Auditor, tmp_path: Path, files: dict[str, bytes], message: str
) -> None:
    bad = write(tmp_path / "bad", ordinary() | files)
    assert message in auditor("audit", "--evidence", bad, "--format", "json").says_why_in_one_line()


def test_two_accounts_are_told_apart_without_an_account_file(auditor: Auditor, tmp_path: Path) -> None:
    mixed = {REPORT: report(ROOT_ROW), DETAILS: elsewhere(details(user()).decode()).encode()}
    line = auditor("audit", "--evidence", write(tmp_path / "mixed", mixed)).says_why_in_one_line()
    assert f"{DETAILS} is of account {OTHER}, {REPORT} of account {ACCOUNT}" in line


def test_refusal_is_one_line_though_there_was_something_to_note(auditor: Auditor, tmp_path: Path) -> None:
    """Without account.json the age of the evidence is noted; not if it is not audited after all."""
    files = {DETAILS: document({"UserDetailList": []}), REPORT: report(ROOT_ROW)}
    line = auditor("audit", "--evidence", write(tmp_path / "bad", files)).says_why_in_one_line()
    assert f"{DETAILS}: GroupDetailList: " in line


def test_report_without_its_header_is_named_without_an_account_file(auditor: Auditor, tmp_path: Path) -> None:
    folder = write(tmp_path / "headless", {REPORT: b"".join(LINES[1:])})
    line = auditor("audit", "--evidence", folder).says_why_in_one_line()
    assert f"{REPORT}: line 1: the header lacks " in line


def test_folder_without_any_known_file_is_none(auditor: Auditor, tmp_path: Path) -> None:
    folder = write(tmp_path / "photos", {"holiday.jpg": b""})
    line = auditor("audit", "--evidence", folder).says_why_in_one_line()
    assert str(folder) in line
    assert "none of account.json, credential-report.csv, authorization-details.json, " in line


def test_folder_that_is_none_is_named(auditor: Auditor, tmp_path: Path) -> None:
    for path in (tmp_path / "missing", Path(__file__)):
        assert f"{path} is not a folder" in auditor("audit", "--evidence", path).says_why_in_one_line()


def test_evidence_that_tells_no_account_asks_for_it(auditor: Auditor, tmp_path: Path) -> None:
    folder = write(tmp_path / "anonymous", {SUMMARY: ordinary()[SUMMARY]})
    assert "add account.json" in auditor("audit", "--evidence", folder).says_why_in_one_line()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--check", "stale-acces-key"), "check: 'stale-acces-key' is unknown; did you mean 'stale-access-key'?"),
        (("--check", ""), "check: '' is unknown; `auditor checks` lists what there is"),
        (("--check", "unused-role", "--check", "xyz"), "check: 'xyz' is unknown; `auditor checks` lists what there is"),
        (("--fail-on", "HIHG"), "--fail-on: 'HIHG' is unknown; did you mean 'HIGH'?"),
        (("--fail-on", "5"), "--fail-on: '5' is unknown; known: INFO, LOW, MEDIUM, HIGH, CRITICAL"),
        (("--format", "jsn"), "--format: 'jsn' is unknown; did you mean 'json'?"),
        (("--now", "yesterday"), "--now: 'yesterday' is not a date; for example 2026-11-20T06:00:00+00:00"),
        (("--now", "2026-11-20"), "--now: '2026-11-20' has no time zone"),
        (("--now", "2026-11-20T06:00:00"), "--now: '2026-11-20T06:00:00' has no time zone"),
        (
            ("--now", "2026-11-20T05:59:59+00:00"),
            "--now: 2026-11-20T05:59:59+00:00 is before the evidence, which is of 2026-11-20T06:00:00+00:00",
        ),
        (("--now", "2026-11-20T06:59:59+01:00"), "is before the evidence"),
        (("--verbose",), "--verbose"),
        (("surplus",), "surplus"),
        (("--now",), "--now"),
    ],
)
def test_wrong_option_is_named_with_what_it_takes(
    auditor: Auditor, folder: Path, arguments: tuple[str, ...], message: str
) -> None:
    assert message in auditor("audit", "--evidence", folder, *arguments).says_why_in_one_line()


def test_wrong_option_is_told_before_anything_is_read(auditor: Auditor, tmp_path: Path) -> None:
    line = auditor("audit", "--evidence", tmp_path / "missing", "--check", "xyz").says_why_in_one_line()
    assert "check: 'xyz' is unknown" in line


def test_hostile_input_is_harmless_in_the_message_about_it(auditor: Auditor, tmp_path: Path) -> None:
    bad = ordinary() | {REPORT: report(row(mfa_active="\x1b[31mno\nyes"))}
    line = auditor("audit", "--evidence", write(tmp_path / "bad", bad)).says_why_in_one_line()
    assert line.isprintable()


def test_hostile_place_is_harmless_in_the_message_about_it(auditor: Auditor, tmp_path: Path) -> None:
    line = auditor("audit", "--evidence", tmp_path / "two\nlines\x1b[31m").says_why_in_one_line()
    assert "two\\nlines\\x1b[31m is not a folder" in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("explain", "xyz"), "check: 'xyz' is unknown; `auditor checks` lists what there is"),
        (("explain",), "Missing argument 'check'"),
        (("gather",), "Missing option '--out'"),
        (("checks", "--format", "xml"), "--format: 'xml' is unknown; known: table, markdown"),
        (("nonsense",), "No such command 'nonsense'"),
    ],
)
def test_other_commands_refuse_alike(auditor: Auditor, arguments: tuple[str, ...], message: str) -> None:
    assert message in auditor(*arguments).says_why_in_one_line()


# What looks odd, and is read all the same.


def findings(auditor: Auditor, folder: Path) -> Any:
    result = auditor("audit", "--evidence", folder, "--format", "json")
    assert result.code == 0
    return json.loads(result.out)["findings"]


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda body: codecs.BOM_UTF8 + body,
        lambda body: body.decode().encode("utf-16"),
        lambda body: codecs.BOM_UTF16_BE + body.decode().encode("utf-16-be"),
        lambda body: body.replace(b"\n", b"\r\n"),
        lambda body: body.replace(b"\n", b"\r"),
        lambda body: body + b"\n",
        lambda body: body + b"\r\n\r\n",
    ],
    ids=["UTF-8 BOM", "UTF-16", "UTF-16 BE", "CRLF", "CR", "blank last line", "blank last lines of CRLF"],
)
def test_what_other_shells_write_is_read(auditor: Auditor, folder: Path, tmp_path: Path, rewrite: Any) -> None:
    rewritten = write(tmp_path / "rewritten", {name: rewrite(body) for name, body in ordinary().items()})
    assert findings(auditor, rewritten) == findings(auditor, folder)


def test_columns_in_another_order_are_read(auditor: Auditor, folder: Path, tmp_path: Path) -> None:
    reordered = report(ROOT_ROW, KEYED_ROW, columns=sorted(COLUMNS, reverse=True))
    other = write(tmp_path / "reordered", ordinary() | {REPORT: reordered})
    assert findings(auditor, other) == findings(auditor, folder)


def test_unknown_columns_are_noted_and_ignored(auditor: Auditor, folder: Path, tmp_path: Path) -> None:
    wider = report(ROOT_ROW | {"passkeys": "2"}, KEYED_ROW | {"passkeys": "0"}, columns=[*COLUMNS, "passkeys"])
    other = write(tmp_path / "wider", ordinary() | {REPORT: wider})
    result = auditor("audit", "--evidence", other, "--format", "json")
    assert result.err == f"auditor: {REPORT}: line 1: unknown columns ignored: passkeys\n"
    assert json.loads(result.out)["findings"] == findings(auditor, folder)


def test_answers_one_after_the_other_are_joined(auditor: Auditor, folder: Path, tmp_path: Path) -> None:
    keys = [document({"AccessKeyMetadata": it}) for it in ([], [key()], [])]
    other = write(tmp_path / "appended", ordinary() | {KEYS: b"\n".join(keys)})
    assert findings(auditor, other) == findings(auditor, folder)


def test_entries_of_another_account_are_noted(auditor: Auditor, tmp_path: Path) -> None:
    strange = report(ROOT_ROW, row("bo"), row("cy") | {"arn": elsewhere(arn("user/cy"))})
    other = write(tmp_path / "strange", ordinary() | {REPORT: strange})
    result = auditor("audit", "--evidence", other, "--format", "json")
    assert (result.code, result.err.count("\n")) == (0, 1)
    assert f"{REPORT}: 1 entries carry another account's id" in result.err


# What is missing is not clean.


def skipped(auditor: Auditor, folder: Path, check: str) -> str:
    result = auditor("audit", "--evidence", folder, "--format", "json", "--check", check)
    assert result.code == 0
    exported = json.loads(result.out)
    assert (exported["findings"], exported["examined"]) == ([], {})
    return str(exported["skipped"][check])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, f"authorization-details: {DETAILS} is missing"),
        (b"", f"authorization-details: {DETAILS} is empty"),
        (b" \n", f"authorization-details: {DETAILS} is empty"),
        (
            details(IsTruncated=True, Marker="more"),
            f"authorization-details: {DETAILS} holds only the first pages (IsTruncated)",
        ),
        (details(NextToken="more"), f"authorization-details: {DETAILS} holds only the first pages (NextToken)"),
    ],
)
def test_incomplete_file_is_an_unavailable_source(
    auditor: Auditor, folder: Path, body: bytes | None, reason: str
) -> None:
    (folder / DETAILS).unlink() if body is None else (folder / DETAILS).write_bytes(body)
    assert skipped(auditor, folder, "unused-role").startswith(reason)


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to(os.devnull)], ids=["folder", "device"])
def test_what_is_no_file_is_not_read(auditor: Auditor, folder: Path, make: Callable[[Path], None]) -> None:
    (folder / DETAILS).unlink()
    make(folder / DETAILS)
    assert skipped(auditor, folder, "unused-role") == f"authorization-details: {DETAILS} is missing"


def test_last_page_completes_the_first(auditor: Auditor, folder: Path, tmp_path: Path) -> None:
    whole = json.loads(ordinary()[DETAILS])
    first = details(user(), IsTruncated=True)
    last = document(whole | {"UserDetailList": [], "IsTruncated": False})
    other = write(tmp_path / "pages", ordinary() | {DETAILS: first + last})
    assert findings(auditor, other) == findings(auditor, folder)


def test_what_the_account_file_says_is_unavailable_is(auditor: Auditor, folder: Path) -> None:
    (folder / "account.json").write_bytes(account(unavailable={"authorization-details": "AccessDenied"}))
    assert skipped(auditor, folder, "unused-role") == "authorization-details: AccessDenied"
