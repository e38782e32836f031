"""Machines are told each transition: as a message of the events topic, and as an event on the bus."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.core.check import Severity
from auditor.core.life import Header, Record
from auditor.core.model import Owner
from auditor.core.telling import Gap
from auditor.render import events
from auditor.render.escape import plain

TOPIC_ACTIONS = ("sns:Publish",)
BUS_ACTIONS = ("events:PutEvents",)
SOURCE = "account-auditor"
"""The `source` of our events on the bus."""

IN_ONE_BATCH = 10
BYTES_IN_ONE_BATCH = 240_000
"""What PublishBatch and PutEvents take; of 256 KiB, attributes and envelopes have their share."""

LONGEST_VALUE = 128
"""Characters of an attribute: ten times nine of them fit into that share."""


class RefusedError(RuntimeError):
    """SNS or EventBridge refused some messages of a batch."""


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """One document for machines, with what they may filter by."""

    document: str
    detail_type: str
    attributes: dict[str, str]
    severity: Severity | None = None


def of_record(record: Record, channel: str) -> Announcement:
    """The announcement of a transition."""
    finding = record.finding
    return Announcement(
        document=events.event(record),
        detail_type=events.detail_type(record),
        severity=finding.severity,
        attributes={
            "account": finding.owner.account,
            "partition": finding.owner.partition,
            "check": finding.check,
            "event": str(record.event),
            "resource_type": finding.resource_type,
            "region": finding.region,
            "channel": channel,
        },
    )


def of_gap(owner: Owner, header: Header, gap: Gap, channel: str) -> Announcement:
    """The announcement of a check, or of the whole auditor, that cannot look any more, or can again."""
    at = header.missed.at if header.missed and gap.of_account else header.evidence_at
    return Announcement(
        document=events.gap_event(owner, at, header.version, gap),
        detail_type=events.gap_detail_type(gap),
        attributes={
            "account": owner.account,
            "partition": owner.partition,
            "check": gap.check,
            "event": "AUDIT_GAP" if gap.reason else "AUDIT_GAP_ENDED",
            "channel": channel,
        },
    )


@dataclass(frozen=True, kw_only=True)
class Machines:
    """`sns` and `events` are boto3 clients; `topic` is an ARN, `bus` a name."""

    sns: Any
    events: Any
    topic: str
    bus: str

    def tell(self, announcements: Sequence[Announcement]) -> None:
        """Publish on the topic and put on the bus. Raises RefusedError if any of them was refused."""
        for batch in _batches(announcements):
            entries = [_message(number, it) for number, it in enumerate(batch)]
            answer = self.sns.publish_batch(TopicArn=self.topic, PublishBatchRequestEntries=entries)
            _check("SNS", [it.get("Code") for it in answer.get("Failed", [])], len(batch))
            answer = self.events.put_events(Entries=[self._entry(it) for it in batch])
            _check("EventBridge", [it["ErrorCode"] for it in answer["Entries"] if it.get("ErrorCode")], len(batch))

    def _entry(self, it: Announcement) -> dict[str, str]:
        return {
            "EventBusName": self.bus,
            "Source": SOURCE,
            "DetailType": it.detail_type,
            "Detail": it.document,
        }


def attribute(value: str | Severity) -> dict[str, str]:
    """A message attribute: a severity as its number, a text in printable ASCII, since SNS does not take every other."""
    if isinstance(value, Severity):
        return {"DataType": "Number", "StringValue": str(int(value))}
    text = plain(value).encode("ascii", "backslashreplace").decode()
    return {"DataType": "String", "StringValue": text[:LONGEST_VALUE]}


def _message(number: int, it: Announcement) -> dict[str, Any]:
    attributes = {name: attribute(value) for name, value in it.attributes.items() if value}
    if it.severity:
        attributes |= {"severity": attribute(it.severity.name), "severity_num": attribute(it.severity)}
    return {"Id": str(number), "Message": it.document, "MessageAttributes": attributes}


def _batches(announcements: Iterable[Announcement]) -> Iterator[list[Announcement]]:
    """Batches that both services take; a document is ASCII, so that a character is a byte."""
    batch: list[Announcement] = []
    size = 0
    for it in announcements:
        if batch and (len(batch) == IN_ONE_BATCH or size + len(it.document) > BYTES_IN_ONE_BATCH):
            yield batch
            batch, size = [], 0
        batch.append(it)
        size += len(it.document)
    if batch:
        yield batch


def _check(service: str, codes: list[Any], count: int) -> None:
    if codes:
        raise RefusedError(f"{service} refused {len(codes)} of {count} messages: {codes[0]}")
