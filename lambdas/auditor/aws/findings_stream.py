"""The findings table's stream: exactly what was written, in the order of each account."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from auditor.aws.items import Item, header_of, owner_of, record_of
from auditor.core.life import Header, Record
from auditor.core.model import Owner

ACTIONS = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams")
"""What the event source mapping asks with the function's role."""

PATTERN = {"eventName": ["INSERT", "MODIFY"], "dynamodb": {"NewImage": {"item": {"S": ["finding", "header"]}}}}
"""The records worth an invocation: no history, nothing that waits to be told, and nothing that expires."""

UNREADABLE = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError)
"""What reading something else than our own items raises; arithmetic is what numbers that are none do."""


class MalformedRecordError(ValueError):
    """A stream record that cannot be read: nobody but this program should write to the table."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """One write to an account: of a finding's record, or of its header. `sequence` is the stream's number for it."""

    sequence: str
    owner: Owner
    what: Record | Header


def written(record: Mapping[str, Any]) -> Written | None:
    """What a stream record says was written; None if it moves no life. Raises MalformedRecordError."""
    try:
        old, new = _images(record)
        sequence = sequence_of(record)
        if old.get("version") == new["version"]:
            return None
    except UNREADABLE as error:
        raise MalformedRecordError(f"{type(error).__name__}: {error}") from error
    return written_of(new, sequence)


def written_of(item: Item, sequence: str) -> Written:
    """The write that left the item. Raises MalformedRecordError."""
    try:
        return Written(sequence=sequence, owner=owner_of(item), what=_what(item))
    except UNREADABLE as error:
        raise MalformedRecordError(f"{type(error).__name__}: {error}") from error


def sequence_of(record: Mapping[str, Any]) -> str:
    """The stream's number of a record."""
    return str(record["dynamodb"]["SequenceNumber"])


def _what(item: Item) -> Record | Header:
    return header_of(item) if item["item"] == "header" else record_of(item)


def _images(record: Mapping[str, Any]) -> tuple[Item, Item]:
    images = record["dynamodb"]
    return _item(images.get("OldImage", {})), _item(images["NewImage"])


def _item(image: Mapping[str, Any]) -> Item:
    read = TypeDeserializer().deserialize
    return {name: read(value) for name, value in image.items()}
