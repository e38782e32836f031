"""`auditor findings`: what the findings table knows, and what people decide about it."""

import re
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from auditor import settings
from auditor.aws import questions, runs_table
from auditor.aws.headers import missed_of
from auditor.aws.items import Item, record_of
from auditor.cli import answers, decisions, options, screen
from auditor.cli.answers import LISTED, Row, Shape
from auditor.cli.decisions import Excepting
from auditor.cli.errors import InputError, one_of
from auditor.cli.judging import ChecksOption, catalogue_of
from auditor.cli.options import (
    AccountOption,
    AnyAccountOption,
    ExplainOption,
    FormatOption,
    IdArgument,
    SinceOption,
    TableOption,
)
from auditor.cli.table import Opened, opened
from auditor.core.check import Severity
from auditor.core.decide import acknowledge
from auditor.core.exceptions import ANY, ExceptionRule
from auditor.core.life import Event, Standing
from auditor.core.model import Owner
from auditor.render.wording import moment

app = typer.Typer(no_args_is_help=True, help="Ask the findings table, and decide about what it holds.")

RECENT = timedelta(days=7)
"""How far back the accounts' last audits are listed, unless somebody says."""

SEVERITIES = {it.name.lower(): it for it in Severity}
STANDINGS = {**{str(it).lower(): (it,) for it in Standing}, "all": tuple(Standing)}
NARROWER = "add --check, --account, --principal or --since"
LONGER = "or longer with --check, --account or --principal"


@app.command("list")
def list_(  # noqa: PLR0913  (an option each)
    *,
    severity: Annotated[list[str] | None, typer.Option(help="Only this severity; can be repeated.")] = None,
    status: Annotated[str, typer.Option(help="open, excepted, resolved or all.")] = "open",
    check: Annotated[str | None, typer.Option(help="Only this check, under any name it had.")] = None,
    account: AnyAccountOption = None,
    principal: Annotated[str | None, typer.Option(help="Only of this user, role, policy or resource (ARN).")] = None,
    since: SinceOption = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many, the most severe.")] = None,
    own_checks: ChecksOption = None,
    form: FormatOption = "table",
    table: TableOption = None,
    explain: ExplainOption = False,
) -> None:
    """List findings, the most severe first, then the longest open."""
    show, now = one_of(LISTED, form, "--format"), settings.now()
    given: dict[str, Any] = {
        "now": now,
        "standings": one_of(STANDINGS, status.lower(), "--status"),
        "severities": tuple(one_of(SEVERITIES, it.lower(), "--severity") for it in severity or []),
        "checks": options.names_of(check, catalogue_of(own_checks)) if check is not None else (),
        "principal": options.principal_of(principal),
        "since": options.moment_of(since, now),
    }
    digits = options.twelve_digits(account) if account is not None else None
    with opened(table, explain=explain) as found:
        owner = found.owner(digits) if digits else None
        rows = _rows(found, questions.Wanted(**given, owner=owner), limit)
        _list(show, answers.FINDINGS, rows, "no finding is as asked for")
        if owner and not rows:
            _warn_of_stranger(found, owner)


def _rows(found: Opened, wanted: questions.Wanted, limit: int | None) -> list[Row]:
    """Each finding once, though one may move from one index partition to another meanwhile."""
    try:
        asked = questions.findings(wanted)
    except questions.UnanswerableError as error:
        raise InputError(f"{error}: {NARROWER}" if wanted.since is None else f"--since: {error}, {LONGER}") from error
    items = found.ask(asked)
    rows = {it["id"]: answers.finding_row(it) for it in (islice(items, limit) if wanted.in_order else items)}
    return sorted(rows.values(), key=answers.most_severe_first)[:limit]


def _list(show: Callable[[Shape, Sequence[Row]], None], shape: Shape, rows: Sequence[Row], nothing: str) -> None:
    show(shape, rows)
    if not rows:
        screen.note(nothing)


def _warn_of_stranger(found: Opened, owner: Owner) -> None:
    """That there is nothing of an account that was never audited says nothing about it."""
    if not any(it.get("runs") for it in found.ask([questions.last_runs(owner)])):
        screen.note(f"account {owner.account} was never audited, as far as this table knows")


@app.command()
def show(
    finding: IdArgument,
    *,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    table: TableOption = None,
    explain: ExplainOption = False,
) -> None:
    """Show a finding: what is wrong, who looks after it, what excepts it, and everything that happened to it."""
    tell = one_of({"text": answers.story, "json": answers.story_json}, form, "--format")
    with opened(table, explain=explain) as found:
        item = _found(found, finding)
        tell(item, list(found.ask([questions.history(finding, settings.now())])))


@app.command()
def ack(
    finding: IdArgument,
    *,
    by: Annotated[str, typer.Option(help="Who looks after it.")],
    note: Annotated[str, typer.Option(help="Anything that others should know.")] = "",
    table: TableOption = None,
    explain: ExplainOption = False,
) -> None:
    """Acknowledge an open finding: somebody looks after it, and nobody is reminded of it."""
    if not by.strip():
        raise InputError("--by: is empty; who looks after this?")
    with opened(table, explain=explain) as found:
        owner = _place(found, finding)
        found.amend(owner, lambda ledger: acknowledge(ledger, finding, by, note, settings.now()))
    screen.note(f"finding {finding} is acknowledged by {by}")


@app.command("except")
def except_(  # noqa: PLR0913  (an option each)
    finding: Annotated[str | None, typer.Argument(metavar="[ID]", help="A finding's id: exactly this one.")] = None,
    *,
    reason: Annotated[str, typer.Option(help="Why the risk is accepted.")],
    owner: Annotated[str, typer.Option(help="Who answers for it.")],
    until: Annotated[str, typer.Option(help="Its last day, at most a year ahead: 2027-01-31.")],
    account: AnyAccountOption = None,
    check: Annotated[str | None, typer.Option(help="A check's id (default: any).")] = None,
    resource: Annotated[str | None, typer.Option(help="The resource; * and ? stand for anything.")] = None,
    tag: Annotated[str | None, typer.Option(help="key=value of a tag of the resource; * and ? as above.")] = None,
    own_checks: ChecksOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Also if it leaves no finding of the account.")] = False,
    table: TableOption = None,
    explain: ExplainOption = False,
) -> None:
    """Except a finding, or what matches in an account, for a reason and until a day; prints the exception's id."""
    if (finding is None) == (account is None) or (finding and (check or resource or tag)):
        raise InputError("either a finding's ID, or --account with --check, --resource or --tag, says what is excepted")
    now = settings.now()
    told: dict[str, Any] = {"reason": reason, "owner": owner, "until": options.day_of(until)}
    matcher = _matcher(account, _named(check, own_checks), resource, tag) if account is not None else {}
    with opened(table, explain=explain) as found:
        matcher = matcher or _exactly(_found(found, finding or ""))
        rule = decisions.sound(ExceptionRule(**matcher, **told), now.date())
        making = Excepting(rule=rule, now=now, everything=everything)
        changes = found.amend(found.owner(rule.account), making.decide)
    covered = sum(change.after.exception == rule for change in changes.transitions)
    screen.write(f"{rule.id}\n")
    screen.note(f"exception {rule.id} covers {_counted(covered)} of account {rule.account} until {rule.until}")
    if not making.about:
        screen.note("no open finding matches it yet")


@app.command()
def unexcept(
    exception: Annotated[str, typer.Argument(metavar="EXCEPTION_ID", help="As `exceptions` lists it.")],
    *,
    account: AccountOption,
    table: TableOption = None,
    explain: ExplainOption = False,
) -> None:
    """End an exception of an account: what no other one covers is open again, and is told."""
    digits = options.twelve_digits(account)
    with opened(table, explain=explain) as found:
        changes = found.amend(found.owner(digits), decisions.ending(exception, settings.now()))
    ended = sum(change.after.event is Event.EXCEPTION_ENDED for change in changes.transitions)
    screen.note(f"exception {exception} has ended; open again: {_counted(ended)} of account {digits}")


@app.command()
def exceptions(
    *, account: AccountOption, form: FormatOption = "table", table: TableOption = None, explain: ExplainOption = False
) -> None:
    """List the exceptions that were made for an account, also those that ended in the last month."""
    show, now = one_of(LISTED, form, "--format"), settings.now()
    digits = options.twelve_digits(account)
    with opened(table, explain=explain) as found:
        items = found.ask([questions.exceptions(found.owner(digits), now)])
        rows = sorted(
            (answers.exception_row(it, now.date()) for it in items), key=lambda row: (row["until"], row["id"])
        )
    _list(show, answers.EXCEPTIONS, rows, f"no exception was made for account {digits}")


@app.command()
def runs(
    *,
    account: AnyAccountOption = None,
    since: SinceOption = None,
    form: FormatOption = "table",
    table: TableOption = None,
    explain: ExplainOption = False,
) -> None:
    """List an account's last audits, newest first; without --account each account's last one (default: of a week).

    Without --account it also lists the accounts that are not audited, and says what became of the last run over all.
    """
    show, now = one_of(LISTED, form, "--format"), settings.now()
    digits, begin = options.twelve_digits(account) if account is not None else None, options.moment_of(since, now)
    with opened(table, explain=explain) as found:
        if digits:
            rows = _runs_of(found, found.owner(digits), begin)
            _list(show, answers.RUNS, rows, f"no audit of account {digits} is known")
        else:
            rows = _last_runs(found, begin or now - RECENT, now)
            _list(show, answers.LAST_RUNS, rows, "no account was audited in that time")
            _tell_last_run(found, now)


def _runs_of(found: Opened, owner: Owner, since: datetime | None) -> list[Row]:
    headers = list(found.ask([questions.last_runs(owner)]))
    for missed in filter(None, map(missed_of, headers)):
        screen.note(f"account {owner.account} is not audited, as of the run of {moment(missed.at)}: {missed.reason}")
    rows = [answers.run_row(owner.account, run) for header in headers for run in header["runs"]]
    return [row for row in rows if since is None or datetime.fromisoformat(row["evidence_at"]) >= since]


def _last_runs(found: Opened, since: datetime, now: datetime) -> list[Row]:
    try:
        asked = [*questions.audited(since, now), questions.not_audited()]
    except questions.UnanswerableError as error:
        raise InputError(f"--since: {error}") from error
    newest: dict[str, Row] = {}
    for row in map(answers.last_run_row, found.ask(asked)):
        before = newest.get(row["account"])
        if before is None or (row["evidence_at"] or "") >= (before["evidence_at"] or ""):
            newest[row["account"]] = row
    return [newest[account] for account in sorted(newest)]


def _tell_last_run(found: Opened, now: datetime) -> None:
    for item in deque(found.ask([questions.runs(found.partition, now)]), maxlen=1):
        screen.note(answers.run_line(runs_table.run_of(item)))


@app.command("close-account")
def close_account(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Twelve digits.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it.")] = False,
    table: TableOption = None,
    explain: ExplainOption = False,
) -> None:
    """Resolve all that is open in an account that exists no more."""
    digits = options.twelve_digits(account)
    with opened(table, explain=explain) as found:
        changes = found.amend(found.owner(digits), decisions.closing(digits, settings.now(), sure=yes))
    screen.note(f"resolved as ACCOUNT_CLOSED: {_counted(len(changes.transitions))} of account {digits}")


def _found(found: Opened, finding_id: str) -> Item:
    """The finding, whole. Raises InputError if the table has none with this id."""
    for item in found.ask([questions.finding(_place(found, finding_id), finding_id)]):
        return item
    raise InputError(f"finding {finding_id} is unknown")


def _place(found: Opened, finding_id: str) -> Owner:
    if not re.fullmatch(r"[0-9a-f]{32}", finding_id):
        raise InputError(f"{finding_id!r} is no finding's id: 32 hex digits are expected")
    for item in found.ask([questions.place(finding_id)]):
        _, partition, account = item["pk"].split("#")
        return Owner(account=account, partition=partition)
    raise InputError(f"finding {finding_id} is unknown")


def _exactly(item: Item) -> dict[str, Any]:
    it = record_of(item).finding
    check = options.present_name(it.check)
    return {"account": it.owner.account, "check": check, "resource": it.resource, "finding": it.id}


def _named(check: str | None, own_checks: Path | None) -> str:
    return ANY if check is None or check == ANY else options.names_of(check, catalogue_of(own_checks))[0]


def _matcher(account: str, check: str, resource: str | None, tag: str | None) -> dict[str, Any]:
    return {
        "account": options.one_account(account),
        "check": check,
        "resource": ANY if resource is None else resource,
        "tag": options.tag_of(tag),
    }


def _counted(number: int) -> str:
    return f"{number} finding{'' if number == 1 else 's'}"
