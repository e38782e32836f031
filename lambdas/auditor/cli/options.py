"""The options of `auditor findings`: what they are called, and what may be said with them."""

from datetime import UTC, date, datetime
from typing import Annotated

import typer

from auditor.checks import RENAMED
from auditor.cli.errors import InputError, did_you_mean
from auditor.cli.judging import LISTING
from auditor.core.catalogue import Catalogue
from auditor.core.exceptions import ANY

REVIEWED_FILE = "infra/exceptions.toml"

TableOption = Annotated[
    str | None, typer.Option("--table", envvar="AUDITOR_TABLE", help="The findings table (output FindingsTable).")
]
ExplainOption = Annotated[bool, typer.Option("--explain", help="Show each query on stderr, as PartiQL and as JSON.")]
FormatOption = Annotated[str, typer.Option("--format", help="table, json or csv.")]
AccountOption = Annotated[str, typer.Option("--account", help="Twelve digits.")]
AnyAccountOption = Annotated[str | None, typer.Option("--account", help="Twelve digits.")]
SinceOption = Annotated[str | None, typer.Option(help="A day (UTC), or a time with its zone, ISO 8601.")]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="A finding's id.")]


def names_of(check: str, catalogue: Catalogue) -> tuple[str, ...]:
    """The check's present name, then its former ones, given any of them. Raises InputError if it is unknown."""
    present = catalogue.present(check)
    if present is None:
        known = [*catalogue.checks, *catalogue.renamed]
        raise InputError(f"--check: {check!r} is unknown; {did_you_mean(check, known, LISTING)}")
    return (present, *catalogue.checks[present].formerly)


def present_name(check: str) -> str:
    """The name that a check of the table has now; a check that is not in the catalogue keeps its own."""
    return RENAMED.get(check, check)


def twelve_digits(account: str) -> str:
    """The account as it was given. Raises InputError if it is none."""
    if len(account) == 12 and account.isascii() and account.isdigit():  # noqa: PLR2004  (an account's id has twelve)
        return account
    raise InputError(f"--account: {account!r} is no account: twelve digits are expected")


def one_account(account: str) -> str:
    """The account of an exception. Raises InputError for anything but one account."""
    if account == ANY:
        raise InputError(f"--account: an exception for every account belongs into the reviewed file {REVIEWED_FILE}")
    return twelve_digits(account)


def tag_of(text: str | None) -> tuple[str, str] | None:
    """The key and the value of ``key=value``. Raises InputError if it is not that."""
    if text is None:
        return None
    key, equals, value = text.partition("=")
    if not (key.strip() and equals and value.strip()):
        raise InputError(f"--tag: {text!r} is not key=value; '*' is any value")
    return key, value


def principal_of(text: str | None) -> str:
    """The principal, or nothing. Raises InputError if it is given and empty."""
    if text is not None and not text.strip():
        raise InputError("--principal: is empty; an ARN is expected")
    return text or ""


def day_of(text: str, option: str = "--until") -> date:
    """The day that `text` is. Raises InputError if it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{option}: {text!r} is not a day; for example 2027-01-31") from None


def moment_of(text: str | None, now: datetime) -> datetime | None:
    """The moment in UTC that `text` is; a day is its first. Raises InputError if it is none, or after `now`."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None and len(text) <= len("2026-11-20"):
            moment = moment.replace(tzinfo=UTC)
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InputError(f"--since: {text!r} is not a date; for example 2026-11-20 or 2026-11-20T06:00:00Z") from None
    if moment.tzinfo is None:
        raise InputError(f"--since: {text!r} has no time zone; for example 2026-11-20T06:00:00Z")
    if moment > now:
        raise InputError(f"--since: {text} is in the future")
    return moment.astimezone(UTC)
