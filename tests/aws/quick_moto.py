"""Moto's DynamoDB in less time: its transactions and its answers, which grow with all that the table holds.

A transaction would copy the whole table and its stream once for each write; an answer would look for each of the ten
types of an attribute under every name that moto knows for one.
"""

from collections import defaultdict
from copy import copy, deepcopy
from typing import Any

from botocore.model import StructureShape
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

_update = DynamoDBBackend.update_item
_structure = BaseJSONSerializer._serialize_type_structure


def _kept_as_it_was(backend: DynamoDBBackend, table_name: str, key: dict[str, Any], *args: Any, **kwargs: Any) -> Item:
    """An update of a copy: whoever has kept the item, keeps it as it was."""
    table = backend.get_table(table_name)
    beside = table.items[DynamoType(key[table.hash_key_attr])]
    place = DynamoType(key[str(table.range_key_attr)])
    if place in beside:
        beside[place] = deepcopy(beside[place])
    return _update(backend, table_name, key, *args, **kwargs)


def _backup(table: Table, _: dict[int, Any]) -> Table:
    """What the table holds now; its items do not change, but are replaced."""
    saved = copy(table)
    saved.items = defaultdict(dict, {key: dict(beside) for key, beside in table.items.items()})
    if table.stream_shard:
        saved.stream_shard = copy(table.stream_shard)
        saved.stream_shard.table, saved.stream_shard.items = saved, list(table.stream_shard.items)
    return saved


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
    DynamoDBBackend.update_item = _kept_as_it_was  # type: ignore[assignment, method-assign]
    Table.__deepcopy__ = _backup  # type: ignore[attr-defined]
    BaseJSONSerializer._serialize_type_structure = _as_it_stands  # type: ignore[assignment, method-assign]
