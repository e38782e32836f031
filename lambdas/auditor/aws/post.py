"""The media of a channel: e-mail and whatever else hears the text topic, Amazon Q's chat topic, a Slack webhook."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditor.aws.errors import AWS_ERRORS, as_unavailable
from auditor.aws.machines import attribute
from auditor.aws.webhook import Webhook, WebhookError
from auditor.core.check import Severity
from auditor.core.telling import DEFAULT_CHANNEL
from auditor.render import chat, message, slack
from auditor.render.letter import Letter

TOPIC_ACTIONS = ("sns:Publish",)
MOST_ACCOUNTS = 1000
"""Accounts that a letter's attributes name, for filter policies."""

Item = dict[str, Any]


class UndeliveredError(RuntimeError):
    """A medium did not take a letter; `retry_after` is for how many seconds it wants to be left alone."""

    def __init__(self, what: str, retry_after: int = 0) -> None:
        """Say why."""
        super().__init__(what)
        self.retry_after = retry_after


@dataclass(frozen=True, kw_only=True)
class Post:
    """Delivers. `sns` is a boto3 client, `text` and `chat` are the default channel's topics by ARN.

    `webhooks` are the channels that are deployed, each with the secret of its webhook or None. What still waits for
    another one, which was taken away, goes to the default one's topics.
    """

    sns: Any
    text: str
    chat: str
    webhook: Webhook
    webhooks: Mapping[str, str | None]

    def sealed(self, channel: str, letter: Letter, table: str) -> Item:
        """The letter in the form of each medium of the channel."""
        accounts = {"accounts": list(letter.accounts[:MOST_ACCOUNTS])}
        facts = {"kind": str(letter.kind), "severity": letter.severity.name, **accounts}
        media = {"text": {"subject": message.subject(letter), "body": message.text(letter, table)}}
        media |= {"chat": {"body": chat.notification(letter)}}
        media |= {"slack": {"body": slack.payload(letter)}} if self.webhooks.get(channel) else {}
        return {"letter": letter.id, **facts, "media": media}

    def deliver(self, channel: str, medium: str, sealed: Item) -> None:
        """Send a sealed letter through one medium. Raises UndeliveredError."""
        form = sealed["media"][medium]
        try:
            if medium == "slack":
                self._post(channel, form["body"])
            elif medium == "chat":
                self.sns.publish(TopicArn=self._topic(self.chat, channel), Message=form["body"])
            else:
                more = {"Subject": form["subject"], "MessageAttributes": _attributes(channel, sealed)}
                self.sns.publish(TopicArn=self._topic(self.text, channel), Message=form["body"], **more)
        except WebhookError as error:
            raise UndeliveredError(str(error), error.retry_after) from None
        except AWS_ERRORS as error:
            raise UndeliveredError(as_unavailable(error).reason) from error

    def _post(self, channel: str, body: str) -> None:
        secret = self.webhooks.get(channel)
        if secret is None:
            raise UndeliveredError("the channel has no webhook any more")
        self.webhook.send(secret, body)

    def _topic(self, default: str, channel: str) -> str:
        own = channel in self.webhooks and channel != DEFAULT_CHANNEL
        return f"{default}-{channel}" if own else default


def _attributes(channel: str, sealed: Item) -> dict[str, Any]:
    """What a subscription can filter by; `account` is a list, of which any may match."""
    severity = Severity[sealed["severity"]]
    accounts = {"account": {"DataType": "String.Array", "StringValue": json.dumps(sealed["accounts"])}}
    texts = {"severity": severity.name, "kind": sealed["kind"], "channel": channel}
    return {
        **{name: attribute(value) for name, value in texts.items()},
        "severity_num": attribute(severity),
        **(accounts if sealed["accounts"] else {}),
    }
