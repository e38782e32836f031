"""Moto's DynamoDB in less time: its transactions and its answers, which grow with all that the table holds.

A transaction would copy the whole table and its stream once for each write; an answer would look for each of the ten
types of an attribute under every name that moto knows for one.
"""

from collections.abc import Iterator
from typing import Any

from botocore.model import StructureShape
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import StreamRecord

_transact = DynamoDBBackend.transact_write_items
_structure = BaseJSONSerializer._serialize_type_structure


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


def _as_it_stands(serializer: BaseJSONSerializer, serialized: Any, value: Any, shape: StructureShape, key: str) -> None:
    if shape.name != "AttributeValue" or not isinstance(value, dict) or not key:
        _structure(serializer, serialized, value, shape, key)
        return
    typed: dict[str, Any] = {}
    for kind, it in value.items():
        serializer._serialize(typed, it, shape.members[kind], kind)
    serialized[key] = typed


def install() -> None:
    """Let moto write, roll back and answer as before."""
    DynamoDBBackend.transact_write_items = _backed_up_once  # type: ignore[assignment, method-assign]
    StreamRecord.__deepcopy__ = _itself  # type: ignore[attr-defined]
    BaseJSONSerializer._serialize_type_structure = _as_it_stands  # type: ignore[assignment, method-assign]
