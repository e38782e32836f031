"""The findings table's stream as notices: it holds exactly what was written, in the order of each account."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from auditor.aws.findings_table import Item, record_of
from auditor.core.model import Owner
from auditor.core.reconcile import Record
from auditor.render.notice import Notice

ACTIONS = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams")
"""What the event source mapping asks with the function's role."""

PATTERN = {"eventName": ["INSERT", "MODIFY"], "dynamodb": {"NewImage": {"item": {"S": ["finding", "header"]}}}}
"""The records worth an invocation: no history, and nothing that expires."""


def notices(records: Iterable[Mapping[str, Any]]) -> list[Notice]:
    """One notice for each account in a batch of stream records; empty where nothing is to be told."""
    by_owner: dict[Owner, list[tuple[Item, Item]]] = {}
    for old, new in map(_images, records):
        if old.get("version") != new["version"]:
            owner = Owner(account=new["account"], partition=new["partition"])
            by_owner.setdefault(owner, []).append((old, new))
    return [_notice(owner, images) for owner, images in by_owner.items()]


def table_name(records: Iterable[Mapping[str, Any]]) -> str:
    """The table that the records come from, out of the stream's ARN."""
    return next((str(record["eventSourceARN"]).split("/")[1] for record in records), "")


def _images(record: Mapping[str, Any]) -> tuple[Item, Item]:
    images = record["dynamodb"]
    return _item(images.get("OldImage", {})), _item(images["NewImage"])


def _item(image: Mapping[str, Any]) -> Item:
    read = TypeDeserializer().deserialize
    return {name: read(value) for name, value in image.items()}


def _notice(owner: Owner, images: list[tuple[Item, Item]]) -> Notice:
    headers = [(old, new) for old, new in images if new["item"] == "header"]
    before: Mapping[str, str] = headers[0][0].get("gaps", {}) if headers else {}
    after: Mapping[str, str] = headers[-1][1]["gaps"] if headers else {}
    return Notice(
        owner=owner,
        at=max(_times(new for _, new in images)),
        records=tuple(_newest(record_of(new) for _, new in images if new["item"] == "finding")),
        blind={check: reason for check, reason in after.items() if before.get(check) != reason},
        seeing_again=tuple(sorted(set(before) - set(after))),
    )


def _newest(records: Iterable[Record]) -> Iterable[Record]:
    """Of a finding that moved twice in one batch, where it is now."""
    return {record.finding.id: record for record in records}.values()


def _times(items: Iterable[Item]) -> Iterator[datetime]:
    return (
        datetime.fromisoformat(item["changed_at" if item["item"] == "finding" else "evidence_at"]) for item in items
    )
