"""The main job on an embedded AWS: `make demo`.

The shipping handlers audit a realistic account on two days. What they store and send is shown as it lies in the table
and as it arrives.
"""

import os
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from itertools import chain
from typing import Any, cast

import boto3
import time_machine
from aws_lambda_powertools.utilities.typing import LambdaContext
from boto3.dynamodb.conditions import Key
from rich.console import Console
from rich.table import Table

from auditor.aws.findings_table import OPEN_BY_SEVERITY
from auditor.core.check import Severity
from auditor.render.escape import masked, plain
from tests.embedded_aws.account import NAME, EmbeddedAccount
from tests.embedded_aws.story import FIRST_DAY, SECOND_DAY, a_day_passes, account_with_history

WIDTH = 118
SEVERITIES = [severity.name for severity in sorted(Severity, reverse=True)]


@dataclass
class Context:
    """What Lambda tells a handler about itself."""

    function_name: str = "audit"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:111122223333:function:audit"
    aws_request_id: str = "00000000-0000-4000-8000-000000000000"


def audit_and_tell(account: EmbeddedAccount, at: datetime) -> dict[str, Any]:
    """Let the audit function run, and hand what it wrote to the notify function; the audit's own answer."""
    from auditor.handlers import audit, notify  # noqa: PLC0415  (their logger reads the environment when imported)

    with time_machine.travel(at, tick=False), redirect_stdout(StringIO()):
        outcome: dict[str, Any] = audit.handler({}, cast(LambdaContext, Context()))
        notify.handler(account.stream(), cast(LambdaContext, Context()))
    return outcome


def open_findings(severity: str) -> list[dict[str, Any]]:
    """Ask the table what is open: one query."""
    table = boto3.resource("dynamodb").Table(NAME)
    question = Key(OPEN_BY_SEVERITY.partition_key).eq(severity)
    return list(table.query(IndexName=OPEN_BY_SEVERITY.name, KeyConditionExpression=question)["Items"])


def _show_table(console: Console) -> None:
    table = Table(title=f"Open findings in the DynamoDB table {NAME}", title_justify="left")
    for column in ("Severity", "Check", "Finding, as of its last change", "Since"):
        table.add_column(column, overflow="fold")
    for item in chain.from_iterable(map(open_findings, SEVERITIES)):
        reason = masked(plain(item["reason"]))
        table.add_row(item["severity"], item["check"], reason, item["opened_at"][:10])
    console.print(table)


def _show_mail(console: Console, account: EmbeddedAccount) -> None:
    for message in account.messages("text"):
        console.rule("e-mail", align="left", style="")
        console.print(f"Subject: {message['Subject']}\n\n{message['Message']}", soft_wrap=True, end="")
        console.rule(style="")
    machines = [message["MessageAttributes"]["event"]["Value"] for message in account.messages("events")]
    chats = len(account.messages("chat"))
    console.print(f"Besides: {chats} chat notification, {len(machines)} JSON events for machines.\n")


def _show_question(console: Console) -> None:
    console.print("What would an operations team ask? For example: which critical findings are open, longest first?\n")
    console.print(
        f"  aws dynamodb query --table-name {NAME} --index-name {OPEN_BY_SEVERITY.name} \\\n"
        f"    --key-condition-expression '{OPEN_BY_SEVERITY.partition_key} = :severity' \\\n"
        '    --expression-attribute-values \'{":severity": {"S": "CRITICAL"}}\'\n'
    )
    for item in open_findings("CRITICAL"):
        console.print(f"  {item['opened_at']}  {item['account']}  {item['check']}  {plain(item['reason'])}")


def _show_day(console: Console, account: EmbeddedAccount, at: datetime) -> None:
    outcome = audit_and_tell(account, at)
    console.print(f"Evidence kept in s3://{NAME}/{outcome['evidence']}/")
    console.print(f"{outcome['findings']} findings, {outcome['transitions']} transitions written.\n")
    _show_table(console)
    console.print()
    _show_mail(console, account)


def show(console: Console) -> None:
    """Run the demo on `console`."""
    with account_with_history() as account:
        console.print(f"{FIRST_DAY:%Y-%m-%d}: the first audit of an account with history\n", style="bold")
        _show_day(console, account, FIRST_DAY)
        a_day_passes(account)
        console.print(f"{SECOND_DAY:%Y-%m-%d}: two things were mended, two others broke\n", style="bold")
        _show_day(console, account, SECOND_DAY)
        _show_question(console)


def recorded() -> str:
    """What the demo shows."""
    out = StringIO()
    show(Console(file=out, width=WIDTH, highlight=False, markup=False))
    return out.getvalue()


if __name__ == "__main__":
    os.environ |= {"POWERTOOLS_LOG_LEVEL": "CRITICAL"}
    show(Console(width=WIDTH, highlight=False, markup=False))
