"""The credential report: passwords, MFA and key use of every user and of root.

AWS makes at most one report in four hours and hands out the last one until then:
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from auditor.aws.errors import NotReadyError
from auditor.aws.session import Aws
from auditor.aws.source import Asked, MalformedEvidenceError, Reading, Source
from auditor.core.model import Owner
from auditor.core.subjects.credentials import CertificateSlot, CredentialRow, KeySlot

REUSE_FOR = timedelta(hours=4)
POLL_SECONDS = 2.0
DEADLINE_SECONDS = 240.0
ROOT = "<root_account>"
NOTHING = frozenset({"", "n/a", "no_information", "not_supported"})
COLUMNS = frozenset(
    """user arn user_creation_time password_enabled password_last_used password_last_changed mfa_active
    access_key_1_active access_key_1_last_rotated access_key_1_last_used_date access_key_1_last_used_region
    access_key_1_last_used_service access_key_2_active access_key_2_last_rotated access_key_2_last_used_date
    access_key_2_last_used_region access_key_2_last_used_service cert_1_active cert_1_last_rotated cert_2_active
    cert_2_last_rotated""".split()
)
"""The columns that are read."""

UNREAD = frozenset({"password_next_rotation", "additional_credentials_info"})
"""The columns that AWS gives besides; it adds more now and then, which must not break anything."""


def gather(aws: Aws, _: Mapping[str, Any]) -> Asked:
    """The newest report: one younger than four hours is taken as it is, otherwise AWS is asked for a new one."""
    iam = aws.client("iam")
    report = _current(iam)
    waited = 0.0
    while report is None or aws.now - report["GeneratedTime"] >= REUSE_FOR:
        if _generated(iam):
            report = iam.get_credential_report()
            break
        if waited >= DEADLINE_SECONDS:
            if report:
                break  # an old one, which says so, is better than none
            raise NotReadyError(what="the credential report", seconds=int(waited))
        aws.pause(POLL_SECONDS)
        waited += POLL_SECONDS
    return Asked(raw=report["Content"].decode(), made_at=report["GeneratedTime"])


def _current(iam: Any) -> Any:
    missing = (
        iam.exceptions.CredentialReportNotPresentException,
        iam.exceptions.CredentialReportExpiredException,
        iam.exceptions.CredentialReportNotReadyException,
    )
    try:
        return iam.get_credential_report()
    except missing:
        return None


def _generated(iam: Any) -> bool:
    """Ask for a report; IAM says LimitExceeded while too many are asked for, which passes like any waiting."""
    try:
        return bool(iam.generate_credential_report()["State"] == "COMPLETE")
    except iam.exceptions.LimitExceededException:
        return False


def read(raw: str, owner: Owner) -> Reading:
    """Every row, root's included. Columns are found by their names."""
    return Reading(subjects=[_row(cells, owner) for cells in rows(raw)])


def rows(raw: str) -> Iterator["Cells"]:
    """The report's rows. Raises MalformedEvidenceError for a report that is not whole, or contradicts itself."""
    lines = _lines(raw)
    _, header = next(lines, (1, []))
    if missing := sorted(COLUMNS - set(header)):
        raise MalformedEvidenceError("line 1", f"the header lacks {', '.join(missing)}")
    if len(set(header)) < len(header):
        raise MalformedEvidenceError("line 1", "the header names a column twice")
    known: set[str] = set()
    for number, row in lines:
        if len(row) != len(header):
            raise MalformedEvidenceError(f"line {number}", f"{len(row)} columns where the header has {len(header)}")
        cells = Cells(number, dict(zip(header, row, strict=True)))
        if (arn := cells.text("arn")) in known:
            raise MalformedEvidenceError(f"line {number}, column arn", f"{arn} has a row already")
        known.add(arn)
        yield cells


def _lines(raw: str) -> Iterator[tuple[int, list[str]]]:
    """The lines that are not empty, with their numbers."""
    reader = csv.reader(io.StringIO(raw, newline=""))
    try:
        yield from ((reader.line_num, row) for row in reader if row)
    except csv.Error as error:
        raise MalformedEvidenceError(f"line {reader.line_num}", str(error)) from error


def unknown_columns(raw: str) -> list[str]:
    """Columns that nobody here has heard of."""
    _, header = next(_lines(raw), (1, []))
    return sorted(set(header) - COLUMNS - UNREAD)


def _row(cells: "Cells", owner: Owner) -> CredentialRow:
    name = cells.text("user")
    return CredentialRow(
        resource=cells.text("arn"),
        uid=cells.text("arn"),
        name=name,
        is_root=name == ROOT or cells.text("arn") == owner.root_arn,
        created=cells.time("user_creation_time"),
        password_enabled=cells.flag("password_enabled"),
        password_last_used=cells.time("password_last_used"),
        password_last_changed=cells.time("password_last_changed"),
        mfa_active=bool(cells.flag("mfa_active")),
        keys=(_slot(cells, 1), _slot(cells, 2)),
        certificates=tuple(_certificate(cells, number) for number in (1, 2)),
    )


def _slot(cells: "Cells", number: int) -> KeySlot:
    column = f"access_key_{number}_"
    return KeySlot(
        active=bool(cells.flag(f"{column}active")),
        rotated=cells.time(f"{column}last_rotated"),
        last_used=cells.time(f"{column}last_used_date"),
        last_used_region=cells.maybe(f"{column}last_used_region"),
        last_used_service=cells.maybe(f"{column}last_used_service"),
    )


def _certificate(cells: "Cells", number: int) -> CertificateSlot:
    column = f"cert_{number}_"
    return CertificateSlot(active=bool(cells.flag(f"{column}active")), rotated=cells.time(f"{column}last_rotated"))


class Cells:
    """One row, read by column; every error names the line and the column."""

    def __init__(self, line: int, values: Mapping[str, str]) -> None:
        """`values` by column name."""
        self.line = line
        self.values = values

    def _error(self, column: str, what: str) -> MalformedEvidenceError:
        return MalformedEvidenceError(f"line {self.line}, column {column}", what)

    def maybe(self, column: str) -> str | None:
        """The cell, or None for each of AWS's ways to say that there is nothing."""
        value = self.values[column]
        return None if value.strip().lower() in NOTHING else value

    def text(self, column: str) -> str:
        """The cell, which must not be empty."""
        if value := self.values[column]:
            return value
        raise self._error(column, "is empty")

    def flag(self, column: str) -> bool | None:
        """``true`` or ``false`` in any case; None where AWS does not say."""
        value = self.maybe(column)
        known = {None: None, "true": True, "false": False}
        try:
            return known[value.strip().lower() if value else None]
        except KeyError:
            raise self._error(column, f"{value!r} is neither true nor false") from None

    def time(self, column: str) -> datetime | None:
        """An ISO 8601 time with its offset; None where there is none."""
        value = self.maybe(column)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
            in_utc = moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise self._error(column, f"{value!r} is not a date") from None
        if moment.tzinfo is None:
            raise self._error(column, f"{value!r} has no time zone")
        return in_utc


CREDENTIAL_REPORT = Source(
    name="credential-report",
    actions=("iam:GenerateCredentialReport", "iam:GetCredentialReport"),
    kinds=(CredentialRow,),
    gather=gather,
    read=read,
    suffix="csv",
)
