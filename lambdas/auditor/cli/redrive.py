"""`auditor redrive`: what ended among the dead letters is told after all."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import boto3
import typer
from botocore.config import Config

from auditor import settings
from auditor.aws.errors import AWS_ERRORS, as_unavailable
from auditor.cli import options, screen
from auditor.cli.errors import InputError

MOST_LETTERS = 1000
HIDDEN = 600
"""Seconds for which what was read is nobody else's."""

LOOK_BACK = timedelta(days=14)
"""As long as the queue keeps what it holds."""


def redrive(
    *,
    function: Annotated[str, typer.Option(help="The function that hands on (output NotifyFunction).")],
    queue: Annotated[str | None, typer.Option(help="Its dead letters (output NotifyDeadLetters).")] = None,
    since: Annotated[str | None, typer.Option(help="From this day on (default: the oldest dead letter's).")] = None,
) -> None:
    """Hand on what was written and was not handed on, and empty the dead letters if all of it was.

    Nothing is handed on twice: the history of each finding says what was.
    """
    session, today = boto3.Session(), settings.now().date()
    patient = Config(read_timeout=330, retries={"total_max_attempts": 1})  # an invocation must not be made twice
    begin = options.day_of(since, "--since") if since else None
    queues = session.client("sqs")
    letters = list(_letters(queues, queue)) if queue else []
    if begin is None and not letters:
        raise InputError("--since: say from which day on; there is no dead letter to tell")
    begin = begin or max(min(map(_arrival, letters)), today - LOOK_BACK)
    if begin > today:
        raise InputError(f"--since: {begin} is still to come")
    for letter in letters:
        screen.note(f"dead letter: {_words(letter)}")
    try:
        count = _invoke(session.client("lambda", config=patient), function, begin)
    except (InputError, *AWS_ERRORS) as error:
        for letter in letters:
            queues.change_message_visibility(QueueUrl=queue, ReceiptHandle=letter["ReceiptHandle"], VisibilityTimeout=0)
        what = str(error) if isinstance(error, InputError) else f"AWS: {as_unavailable(error).reason}"
        raise InputError(f"{what}; the dead letters stay") from error
    for letter in letters:
        queues.delete_message(QueueUrl=queue, ReceiptHandle=letter["ReceiptHandle"])
    screen.note(f"handed on since {begin}: {count}; dead letters taken away: {len(letters)}")


def _letters(queues: Any, queue: str | None) -> Iterator[dict[str, Any]]:
    for _ in range(MOST_LETTERS):
        found = queues.receive_message(
            QueueUrl=queue,
            MaxNumberOfMessages=10,
            VisibilityTimeout=HIDDEN,
            WaitTimeSeconds=1,
            MessageSystemAttributeNames=["SentTimestamp"],
        ).get("Messages", [])
        if not found:
            return
        yield from found


def _arrival(letter: dict[str, Any]) -> date:
    """The day before the first write in it, whose evidence is somewhat older; of the letter if it does not say."""
    first = _batch(letter).get("approximateArrivalOfFirstRecord", "")
    day = re.match(r"\d{4}-\d{2}-\d{2}", str(first))
    sent = datetime.fromtimestamp(int(letter["Attributes"]["SentTimestamp"]) / 1000, tz=UTC).date()
    return (date.fromisoformat(day[0]) if day else sent) - timedelta(days=1)


def _batch(letter: dict[str, Any]) -> dict[str, Any]:
    try:
        body = json.loads(letter["Body"])
    except ValueError:
        return {}
    batch = body.get("DDBStreamBatchInfo") if isinstance(body, dict) else None
    return batch if isinstance(batch, dict) else {}


def _words(letter: dict[str, Any]) -> str:
    batch = _batch(letter)
    names = ("batchSize", "startSequenceNumber", "endSequenceNumber")
    return ", ".join(f"{name} {batch[name]}" for name in names if name in batch) or "of no batch"


def _invoke(functions: Any, function: str, since: date) -> int:
    payload = json.dumps({"redrive": {"since": since.isoformat()}})
    answer = functions.invoke(FunctionName=function, Payload=payload.encode())
    body = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise InputError(f"the function failed: {body.get('errorMessage', body)}")
    if body.get("stopped"):
        raise InputError(f"handed on {body['handed_on']}, then stopped: {body['stopped']}")
    return int(body["handed_on"])
