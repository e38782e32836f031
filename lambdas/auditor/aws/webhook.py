"""Slack incoming webhooks. The URL is a secret: it is read when it is needed, and no error and no log repeats it."""

import logging
import re
from dataclasses import dataclass
from typing import Any

import urllib3

ACTIONS = ("secretsmanager:GetSecretValue",)
TIMEOUT = urllib3.Timeout(connect=3, read=7)
OK, TOO_MANY = 200, 429
WAIT, LONGEST_WAIT = 60, 3600
"""Seconds: without a Retry-After, and what a longer one is cut to."""

TALKATIVE = ("urllib3.connectionpool", "botocore.parsers")
"""Loggers that at DEBUG write the path of every request, and the body of every answer: also the secret's."""

REASON = re.compile(r"[a-z][a-z_]{0,39}")
"""What Slack answers, such as ``no_service``. Anything else may repeat the request."""


class WebhookError(RuntimeError):
    """The webhook did not take the message; `retry_after` is for how many seconds it wants to be left alone."""

    def __init__(self, what: str, retry_after: int = 0) -> None:
        """`what` must not have the URL in it."""
        super().__init__(what)
        self.retry_after = retry_after


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """`secrets` is a boto3 client, `http` sends."""

    secrets: Any
    http: urllib3.PoolManager

    def __post_init__(self) -> None:
        """Whatever level somebody chooses for all logs, these do not tell the URL."""
        for name in TALKATIVE:
            logging.getLogger(name).setLevel(logging.INFO)

    def send(self, secret: str, payload: str) -> None:
        """Post the payload to the URL that is in the secret. Raises WebhookError, and AWS's errors for the secret."""
        url = self.secrets.get_secret_value(SecretId=secret).get("SecretString", "").strip()
        if not url.startswith("https://"):
            raise WebhookError("the secret does not hold an https URL")
        headers = {"Content-Type": "application/json"}
        try:
            answer = self.http.request(
                "POST", url, body=payload.encode(), headers=headers, timeout=TIMEOUT, retries=False, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            unreachable = WebhookError(f"the webhook cannot be reached: {type(error).__name__}")
        else:
            return _check(answer)
        raise unreachable  # out here, because in there it would carry the error that has the URL


def _check(answer: urllib3.BaseHTTPResponse) -> None:
    if answer.status == TOO_MANY:
        raise WebhookError("the webhook is told too much", _seconds(answer.headers.get("Retry-After", "")))
    if answer.status != OK:
        reason = answer.data[:80].decode("ascii", "replace").strip()
        said = f": {reason}" if REASON.fullmatch(reason) else ""
        raise WebhookError(f"the webhook answered {answer.status}{said}")


def _seconds(text: str) -> int:
    """A Retry-After may also be a date; nothing from its ninth digit on matters."""
    return min(int(text[:8]), LONGEST_WAIT) if text.isascii() and text.isdigit() else WAIT
