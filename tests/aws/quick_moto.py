"""Moto's transactions, which would copy the whole table and its stream once for each write that they hold."""

from collections.abc import Iterator
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import StreamRecord

_transact = DynamoDBBackend.transact_write_items


class _Writes(list[dict[str, Any]]):
    """Moto goes through a transaction first to back up its tables, and then to write; a table needs one backup."""

    backed_up = False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        if self.backed_up:
            return super().__iter__()
        self.backed_up = True
        return iter({op["TableName"]: write for write in list(super().__iter__()) for op in write.values()}.values())


def _backed_up_once(backend: DynamoDBBackend, writes: list[dict[str, Any]]) -> None:
    _transact(backend, _Writes(writes))


def _itself(record: StreamRecord, _: dict[int, Any]) -> StreamRecord:
    """What a stream has said does not change."""
    return record


def install() -> None:
    """Let moto write as before, and roll back as before, in a time that does not grow with the square of the writes."""
    DynamoDBBackend.transact_write_items = _backed_up_once  # type: ignore[method-assign]
    StreamRecord.__deepcopy__ = _itself  # type: ignore[attr-defined]
