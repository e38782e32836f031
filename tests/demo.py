"""The main job on an embedded AWS: `make demo`.

The shipping handlers audit a realistic account on two days, and people decide with the shipping command. What is sent
is shown as it arrives, and what the command says as a terminal shows it.
"""

import os
import shlex
import sys
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from io import StringIO
from typing import Any, cast
from unittest import mock

import boto3
import time_machine
from aws_lambda_powertools.utilities.typing import LambdaContext
from boto3.dynamodb.conditions import Key
from rich.console import Console
from rich.text import Text

from auditor.aws.schema import BY_CHECK
from auditor.cli.main import run
from tests.embedded_aws.account import NAME, EmbeddedAccount
from tests.embedded_aws.story import FIRST_DAY, SECOND_DAY, a_day_passes, account_with_history

WIDTH = 118
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LINES_OF_THE_FIRST = 24
"""Of the first letter's: its two worst findings."""


@dataclass
class Context:
    """What Lambda tells a handler about itself."""

    function_name: str = "audit"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:111122223333:function:audit"
    aws_request_id: str = "00000000-0000-4000-8000-000000000000"


class Terminal(StringIO):
    """What the command takes for a terminal."""

    def isatty(self) -> bool:
        return True


@dataclass
class Demo:
    """The account and the screen."""

    account: EmbeddedAccount
    console: Console

    def say(self, text: str, style: str = "") -> None:
        self.console.print(text, style=style, soft_wrap=True)

    def audit(self, at: datetime) -> None:
        """Let the audit function run, and hand what it wrote to the notify function."""
        from auditor.handlers import audit  # noqa: PLC0415  (its logger reads the environment when imported)

        outcome = self._invoke(audit.handler, at, {})
        self.say(f"Evidence kept in s3://{NAME}/{outcome['evidence']}/")
        self.say(f"{outcome['findings']} findings, {outcome['transitions']} transitions written.")
        self.hand_on(at)

    def hand_on(self, at: datetime) -> None:
        from auditor.handlers import notify  # noqa: PLC0415  (the same)

        self._invoke(notify.handler, at, self.account.stream())

    def tell(self, at: datetime, most: int | None = None) -> None:
        """Let the tell function run, and show what then came by e-mail, at most so many lines, and what else did."""
        from auditor.handlers import tell  # noqa: PLC0415  (the same)

        self._invoke(tell.handler, at, {})
        with time_machine.travel(at, tick=False):  # a queue forgets what is days old
            letters, chats, documents = (self.account.messages(it) for it in ("text", "chat", "events"))
        for message in letters:
            self.console.rule(f"e-mail of {at:%Y-%m-%d %H:%M} UTC", align="left", style="")
            lines = f"Subject: {message['Subject']}\n\n{message['Message']}".rstrip().splitlines()
            self.say("\n".join(lines[:most]))
            if lines[most or len(lines) :]:
                self.say(f"[and {len(lines[most:])} more lines]")
            self.console.rule(style="")
        self.say(f"Besides: {len(chats)} notification for the chat, {len(documents)} JSON documents for machines.\n")

    def _invoke(self, handler: Any, at: datetime, event: dict[str, Any]) -> dict[str, Any]:
        with time_machine.travel(at, tick=False), redirect_stdout(StringIO()):
            outcome: dict[str, Any] = handler(event, cast(LambdaContext, Context()))
        return outcome

    def command(self, at: datetime, *arguments: str) -> None:
        """Give somebody's command to `auditor`, and show what it says."""
        self.say(f"$ {shlex.join(['auditor', *arguments])}", style="bold")
        out = Terminal()
        with (
            time_machine.travel(at, tick=False),
            mock.patch.dict(os.environ, {"COLUMNS": str(WIDTH), "TERM": "xterm"}),
            mock.patch.object(sys, "argv", ["auditor", *arguments]),
            redirect_stdout(out),
            redirect_stderr(out),
            suppress(SystemExit),
        ):
            run()
        self.console.print(Text.from_ansi(out.getvalue()), soft_wrap=True)

    def finding(self, check: str) -> str:
        """The id of the check's one open finding, as a letter has it."""
        question = Key(BY_CHECK.partition_key).eq(f"{check}#OPEN")
        table = boto3.resource("dynamodb").Table(NAME)
        (item,) = table.query(IndexName=BY_CHECK.name, KeyConditionExpression=question)["Items"]
        return str(item["id"])


def show(console: Console) -> None:
    """Run the demo on `console`."""
    with account_with_history() as account:
        demo = Demo(account, console)
        demo.say(f"{FIRST_DAY:%Y-%m-%d}: the first audit of an account with history\n", style="bold")
        demo.audit(FIRST_DAY)
        demo.tell(FIRST_DAY + MINUTE, most=LINES_OF_THE_FIRST)
        a_day_passes(account)
        demo.say(f"{SECOND_DAY:%Y-%m-%d}: two things were mended, two others broke\n", style="bold")
        demo.audit(SECOND_DAY)
        demo.tell(SECOND_DAY + MINUTE)
        _decide(demo, SECOND_DAY + HOUR)
        demo.say("Two hours after the audit: the day's digest\n", style="bold")
        demo.tell(SECOND_DAY + 2 * HOUR)
        demo.say("What would an operations team ask? For example: which critical findings are open?\n", style="bold")
        demo.command(SECOND_DAY + 3 * HOUR, "findings", "list", "--severity", "CRITICAL", "--explain")


def _decide(demo: Demo, at: datetime) -> None:
    """Somebody looks after the root user's key, and accepts that a role is not used."""
    demo.say("An hour later somebody decides\n", style="bold")
    demo.command(at, "findings", "ack", demo.finding("root-access-key"), "--by", "ana")
    why = ("--reason", "read again by the yearly import in December", "--owner", "carla", "--until", "2026-12-31")
    demo.command(at, "findings", "except", demo.finding("unused-role"), *why)
    demo.hand_on(at)


@cache
def recorded() -> str:
    """What the demo shows: the same each time, but for the ids that moto draws."""
    out = StringIO()
    show(Console(file=out, width=WIDTH, highlight=False, markup=False))
    return out.getvalue()


if __name__ == "__main__":
    os.environ |= {"POWERTOOLS_LOG_LEVEL": "CRITICAL"}
    show(Console(width=WIDTH, highlight=False, markup=False))
