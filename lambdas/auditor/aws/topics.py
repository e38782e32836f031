"""The SNS topics: text for people, notifications for chat, JSON for machines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from auditor.core.check import Severity
from auditor.core.reconcile import Record
from auditor.render import chat, events, message
from auditor.render.notice import Notice

ACTIONS = ("sns:Publish",)
IN_ONE_BATCH = 10
"""Messages that PublishBatch takes."""

Attributes = dict[str, dict[str, str]]


class PublishError(RuntimeError):
    """SNS refused some messages of a batch."""


@dataclass(frozen=True, kw_only=True)
class Topics:
    """The three topics by ARN. `sns` is a boto3 client."""

    sns: Any
    text: str
    chat: str
    events: str

    def tell(self, notice: Notice, table: str) -> None:
        """Publish a notice for people, and each of its transitions for machines. An empty one is not told."""
        if notice.empty:
            return
        self._tell_machines(notice.records)
        attributes = _attributes(notice.severity, notice.owner.account)
        self.sns.publish(TopicArn=self.chat, Message=chat.notification(notice))
        self.sns.publish(
            TopicArn=self.text,
            Subject=message.subject(notice),
            Message=message.text(notice, table),
            MessageAttributes=attributes,
        )

    def _tell_machines(self, records: Sequence[Record]) -> None:
        for start in range(0, len(records), IN_ONE_BATCH):
            batch = [_entry(number, record) for number, record in enumerate(records[start : start + IN_ONE_BATCH])]
            answer = self.sns.publish_batch(TopicArn=self.events, PublishBatchRequestEntries=batch)
            if failed := answer.get("Failed"):
                raise PublishError(f"{len(failed)} of {len(batch)} messages were refused: {failed[0].get('Code')}")


def _entry(number: int, record: Record) -> dict[str, Any]:
    finding = record.finding
    attributes = _attributes(finding.severity, finding.owner.account)
    named = {"check": finding.check, "event": str(record.event), "region": finding.region}
    attributes |= {name: {"DataType": "String", "StringValue": value} for name, value in named.items()}
    return {"Id": str(number), "Message": events.event(record), "MessageAttributes": attributes}


def _attributes(severity: Severity, account: str) -> Attributes:
    return {
        "severity": {"DataType": "String", "StringValue": severity.name},
        "severity_num": {"DataType": "Number", "StringValue": str(int(severity))},
        "account": {"DataType": "String", "StringValue": account},
    }
