"""The credential report: how it is asked for, and how every odd value of it is read."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auditor.aws.gather import gather
from auditor.aws.source import MalformedEvidenceError
from auditor.aws.sources.credential_report import CREDENTIAL_REPORT, UNREAD, read, unknown_columns
from auditor.core.evidence import Answer
from auditor.core.model import Unavailable
from auditor.core.subjects.credentials import CredentialRow
from tests.aws.answers import COLUMNS, report, report_key, report_row, root_row
from tests.aws.wire import Refused, Reply, Wire, always, in_turn, scripted
from tests.build import NOW, OWNER, ago, certificate

HOUR = timedelta(hours=1)
STARTED, INPROGRESS, COMPLETE = ({"State": state} for state in ("STARTED", "INPROGRESS", "COMPLETE"))
TEXT = report(root_row(), report_row())


def made(age: timedelta) -> dict[str, Any]:
    return {"Content": TEXT.encode(), "ReportFormat": "text/csv", "GeneratedTime": NOW - age}


def asked(get: Reply, generate: Reply) -> tuple[Answer | Unavailable, list[str], list[float]]:
    """The answer, the operations in order, and the pauses between them."""
    pauses: list[float] = []
    wire = Wire(script={"GetCredentialReport": get, "GenerateCredentialReport": generate})
    evidence = gather(scripted(wire, pauses=pauses), [CREDENTIAL_REPORT])
    return evidence.answers["credential-report"], [call.name for call in wire.calls], pauses


def test_report_younger_than_four_hours_is_taken_without_asking_for_another() -> None:
    age = 4 * HOUR - timedelta(seconds=1)
    answer, calls, pauses = asked(always(made(age)), always(COMPLETE))
    assert answer == Answer(raw=TEXT, as_of=NOW - age)
    assert (calls, pauses) == (["GetCredentialReport"], [])


def test_report_of_exactly_four_hours_is_made_anew() -> None:
    answer, calls, _ = asked(in_turn(made(4 * HOUR), made(0 * HOUR)), always(COMPLETE))
    assert answer == Answer(raw=TEXT, as_of=NOW)
    assert calls == ["GetCredentialReport", "GenerateCredentialReport", "GetCredentialReport"]


@pytest.mark.parametrize("code", ["ReportNotPresent", "ReportExpired", "ReportInProgress"])
def test_report_that_is_not_there_is_asked_for(code: str) -> None:
    answer, calls, _ = asked(in_turn(Refused(code), made(0 * HOUR)), always(COMPLETE))
    assert answer == Answer(raw=TEXT, as_of=NOW)
    assert calls == ["GetCredentialReport", "GenerateCredentialReport", "GetCredentialReport"]


def test_report_is_polled_until_it_is_complete() -> None:
    answer, calls, pauses = asked(
        in_turn(Refused("ReportNotPresent"), made(0 * HOUR)), in_turn(STARTED, INPROGRESS, COMPLETE)
    )
    assert isinstance(answer, Answer)
    assert calls == ["GetCredentialReport", *["GenerateCredentialReport"] * 3, "GetCredentialReport"]
    assert pauses == [2.0, 2.0]


def test_too_many_requests_for_a_report_are_waited_out() -> None:
    answer, _, pauses = asked(
        in_turn(Refused("ReportExpired"), made(0 * HOUR)), in_turn(Refused("LimitExceeded"), STARTED, COMPLETE)
    )
    assert isinstance(answer, Answer)
    assert pauses == [2.0, 2.0]


@pytest.mark.parametrize("for_ever", [STARTED, Refused("LimitExceeded")])
def test_report_that_is_not_ready_in_four_minutes_is_unavailable(for_ever: Mapping[str, Any] | Refused) -> None:
    answer, _, pauses = asked(always(Refused("ReportNotPresent")), always(for_ever))
    assert answer == Unavailable(reason="NotReadyError: the credential report was not ready after 240 seconds")
    assert sum(pauses) == 240


def test_old_report_is_better_than_none_and_says_how_old_it_is() -> None:
    answer, _, pauses = asked(always(made(5 * HOUR)), always(Refused("LimitExceeded")))
    assert answer == Answer(raw=TEXT, as_of=NOW - 5 * HOUR)
    assert sum(pauses) == 240


@pytest.mark.parametrize("operation", ["GetCredentialReport", "GenerateCredentialReport"])
def test_refused_report_is_unavailable_with_operation_code_and_message(operation: str) -> None:
    replies = {"GetCredentialReport": always(Refused("ReportNotPresent")), "GenerateCredentialReport": always(STARTED)}
    replies[operation] = always(Refused("AccessDenied", "not allowed"))
    answer, _, _ = asked(replies["GetCredentialReport"], replies["GenerateCredentialReport"])
    assert answer == Unavailable(reason=f"{operation}: AccessDenied: not allowed")


def test_report_from_after_the_audits_clock_is_as_of_that_clock() -> None:
    answer, _, _ = asked(always(made(-HOUR)), always(COMPLETE))
    assert isinstance(answer, Answer)
    assert answer.as_of == NOW


def rows(text: str) -> list[CredentialRow]:
    return [row for row in read(text, OWNER).subjects if isinstance(row, CredentialRow)]


def test_row_is_read_whole() -> None:
    (ana,) = rows(
        report(
            report_row(
                **report_key(1, age=100, used=2),
                access_key_1_last_used_region="eu-west-1",
                access_key_1_last_used_service="s3",
            )
        )
    )
    assert (ana.name, ana.is_root, ana.password_enabled, ana.mfa_active) == ("ana", False, True, True)
    assert (ana.created, ana.password_last_used, ana.password_last_changed) == (ago(400), ago(1), ago(30))
    first, second = ana.keys
    assert (first.active, first.rotated, first.last_used) == (True, ago(100), ago(2))
    assert (first.last_used_region, first.last_used_service) == ("eu-west-1", "s3")
    assert (second.active, second.rotated, second.last_used_service) == (False, None, None)


@pytest.mark.parametrize("nothing", ["N/A", "n/a", "no_information", "not_supported", "", " N/A "])
def test_each_way_of_saying_nothing_is_nothing(nothing: str) -> None:
    cells = {it: nothing for it in COLUMNS if it not in {"user", "arn"}}
    (row,) = rows(report(report_row(**cells)))
    assert (row.created, row.password_enabled, row.password_last_used, row.mfa_active) == (None, None, None, False)
    assert [(key.active, key.rotated, key.last_used, key.last_used_region) for key in row.keys] == [
        (False, None, None, None)
    ] * 2


@pytest.mark.parametrize(
    ("cell", "flag"), [("true", True), ("TRUE", True), ("True", True), ("false", False), ("FALSE", False)]
)
def test_flags_are_read_in_any_case(cell: str, *, flag: bool) -> None:
    (row,) = rows(report(report_row(password_enabled=cell, mfa_active=cell, access_key_2_active=cell)))
    assert (row.password_enabled, row.mfa_active, row.keys[1].active) == (flag, flag, flag)


@pytest.mark.parametrize("cell", ["2026-11-20T06:00:00+00:00", "2026-11-20T06:00:00Z", "2026-11-20T08:00:00+02:00"])
def test_times_are_read_in_utc(cell: str) -> None:
    (row,) = rows(report(report_row(password_last_used=cell)))
    assert row.password_last_used == datetime(2026, 11, 20, 6, tzinfo=UTC)
    assert row.password_last_used.tzinfo is UTC


def test_root_is_known_by_its_arn_too() -> None:
    assert [row.is_root for row in rows(TEXT)] == [True, False]
    assert [row.is_root for row in rows(report(root_row() | {"user": "renamed"}))] == [True]


def test_order_of_columns_does_not_matter() -> None:
    text = report(root_row(), report_row(**report_key()), columns=tuple(reversed(COLUMNS)))
    assert rows(text) == rows(report(root_row(), report_row(**report_key())))


def test_column_that_aws_adds_is_ignored_and_named() -> None:
    text = report(report_row(passkeys="2", sso="x"), columns=(*COLUMNS, "sso", "passkeys"))
    assert rows(text) == rows(report(report_row()))
    assert unknown_columns(text) == ["passkeys", "sso"]


@pytest.mark.parametrize("column", sorted(UNREAD))
def test_column_that_is_not_read_may_be_missing(column: str) -> None:
    text = report(report_row(), columns=tuple(it for it in COLUMNS if it != column))
    assert rows(text) == rows(report(report_row()))
    assert unknown_columns(text) == []


@pytest.mark.parametrize("column", sorted(set(COLUMNS) - UNREAD))
def test_column_that_is_read_may_not_be_missing(column: str) -> None:
    with pytest.raises(MalformedEvidenceError, match=rf"^line 1: the header lacks {column}$"):
        rows(report(report_row(), columns=tuple(it for it in COLUMNS if it != column)))


def test_missing_columns_are_all_named() -> None:
    with pytest.raises(MalformedEvidenceError, match=r"^line 1: the header lacks arn, mfa_active, user$"):
        rows(report(columns=tuple(it for it in COLUMNS if it not in {"arn", "mfa_active", "user"})))


def test_truncated_row_is_an_error_with_its_line() -> None:
    text = report(report_row(), report_row("bo")).rpartition(",")[0]
    with pytest.raises(MalformedEvidenceError, match=r"^line 3: 22 columns where the header has 23$"):
        rows(text)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"password_last_used": "yesterday"}, "line 3, column password_last_used: 'yesterday' is not a date"),
        ({"user_creation_time": "2026-13-01"}, "line 3, column user_creation_time: '2026-13-01' is not a date"),
        (
            {"access_key_2_last_rotated": "2026-11-20T06:00:00"},
            "line 3, column access_key_2_last_rotated: '2026-11-20T06:00:00' has no time zone",
        ),
        ({"mfa_active": "maybe"}, "line 3, column mfa_active: 'maybe' is neither true nor false"),
        ({"access_key_1_active": "1"}, "line 3, column access_key_1_active: '1' is neither true nor false"),
        ({"arn": ""}, "line 3, column arn: is empty"),
        ({"user": ""}, "line 3, column user: is empty"),
    ],
)
def test_error_names_line_and_column(cells: dict[str, str], message: str) -> None:
    with pytest.raises(MalformedEvidenceError) as error:
        rows(report(root_row(), report_row(**cells)))
    assert str(error.value) == message


@pytest.mark.parametrize("text", ["", "\n", "<html>\n<body>no</body>"])
def test_text_that_is_no_report_is_an_error_of_line_one(text: str) -> None:
    with pytest.raises(MalformedEvidenceError, match=r"^line 1: the header lacks "):
        rows(text)


def test_text_that_is_no_csv_is_an_error_with_its_line() -> None:
    with pytest.raises(MalformedEvidenceError, match=r"^line 3: field larger than field limit"):
        rows(TEXT.replace("ana", "a" * 200_000))


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_lines_may_end_as_on_any_machine(end: str) -> None:
    assert rows(TEXT.replace("\n", end)) == rows(TEXT)


def test_user_with_two_rows_is_an_error_that_names_her() -> None:
    with pytest.raises(
        MalformedEvidenceError, match=r"^line 4, column arn: arn:aws:iam::\d+:user/ana has a row already$"
    ):
        rows(f"{TEXT}\n{TEXT.splitlines()[-1]}")


def test_column_that_is_there_twice_is_an_error() -> None:
    with pytest.raises(MalformedEvidenceError, match=r"^line 1: the header names a column twice$"):
        rows(report(report_row(), columns=(*COLUMNS, "mfa_active")))


def test_empty_lines_at_the_end_mean_nothing() -> None:
    assert rows(f"{TEXT}\n\n") == rows(TEXT)


def test_signing_certificates_are_read_active_or_not() -> None:
    cells = {"cert_1_active": "true", "cert_1_last_rotated": ago(800).isoformat(), "cert_2_active": "FALSE"}
    (row,) = read(report(report_row(**cells)), OWNER).subjects
    assert isinstance(row, CredentialRow)
    assert row.certificates == (certificate(), certificate(age=None, active=False))
