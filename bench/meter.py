"""Request units of DynamoDB, counted call by call.

Reads are what DynamoDB Local reports, but no request and no key of a batch is less than the smallest read. Writes are
computed from the items before and after, by the documented rules: of a transaction DynamoDB Local reports only some
items, and new ones once instead of twice. What it reports of all other writes is the check of the computation. That an
index's part of a transaction is counted twice too is an upper bound.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil
from typing import Any

from boto3.dynamodb.types import TypeSerializer

from auditor.aws import batches
from auditor.aws.items import Item
from auditor.aws.schema import INDEXES, PROJECTED, Index

WRITE_UNIT, READ_UNIT = 1024, 4096
"""Bytes that one unit writes, and reads consistently."""

OVERHEAD = 100
"""Bytes that an item takes in storage besides its own, in the table and in each index."""

TRANSACTION = 2
Key = batches.Key


@dataclass(kw_only=True)
class Units:
    """What was consumed: writes of the table, writes of its indexes, reads."""

    table: float = 0
    indexes: float = 0
    reads: float = 0

    def __add__(self, other: "Units") -> "Units":
        return Units(
            table=self.table + other.table, indexes=self.indexes + other.indexes, reads=self.reads + other.reads
        )

    def __mul__(self, times: float) -> "Units":
        return Units(table=self.table * times, indexes=self.indexes * times, reads=self.reads * times)

    @property
    def writes(self) -> float:
        """Of the table and its indexes."""
        return self.table + self.indexes


@dataclass(kw_only=True)
class Meter:
    """Hears every call of a boto3 Table's client, and counts; `beside` is the same table by a client it does not hear.

    `computed` and `reported` are the write units outside of transactions, by this and by DynamoDB Local.
    """

    beside: Any
    units: Units = field(default_factory=Units)
    computed: float = 0
    reported: float = 0

    def mount(self, table: Any) -> "Meter":
        events = table.meta.client.meta.events
        events.register("provide-client-params.dynamodb", self._asked)
        events.register("before-parameter-build.dynamodb", self._ask)
        events.register("before-call.dynamodb", self._before)
        events.register("after-call.dynamodb", self._after)
        return self

    def taken(self) -> Units:
        """What was consumed since the last call."""
        units, self.units = self.units, Units()
        return units

    def _asked(self, params: Item, context: Item, **_: Any) -> None:
        context["asked"] = params

    def _ask(self, params: Item, **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "INDEXES"

    def _before(self, model: Any, context: Item, **_: Any) -> None:
        context["old"] = self._images(_written(model.name, context["asked"]))

    def _after(self, model: Any, context: Item, parsed: Mapping[str, Any], **_: Any) -> None:
        if "Error" in parsed:
            return
        capacity = parsed["ConsumedCapacity"]
        said = sum(it["CapacityUnits"] for it in (capacity if isinstance(capacity, list) else [capacity]))
        old = context["old"]
        if not old:
            self.units += Units(reads=max(said, sum(_least(model.name, context["asked"]))))
            return
        new = self._images(old)
        written = sum((_write(old[key], new[key]) for key in old), Units())
        if model.name == "TransactWriteItems":
            self.units += written * TRANSACTION
        else:
            self.units += written
            self.computed, self.reported = self.computed + written.writes, self.reported + said

    def _images(self, keys: Iterable[Key]) -> dict[Key, Item | None]:
        wanted = list(keys)
        found = batches.read(self.beside, wanted) if wanted else {}
        return {key: found.get(key) for key in wanted}


def _written(operation: str, asked: Mapping[str, Any]) -> list[Key]:
    """The keys that a call writes; none if it reads."""
    if operation == "TransactWriteItems":
        return [_key(it) for part in asked["TransactItems"] for it in part.values()]
    if operation == "BatchWriteItem":
        return [_key(it) for parts in asked["RequestItems"].values() for part in parts for it in part.values()]
    return [_key(asked)] if operation in {"PutItem", "UpdateItem", "DeleteItem"} else []


def _key(write: Mapping[str, Any]) -> Key:
    place = write.get("Item") or write["Key"]
    return place["pk"], place["sk"]


def _least(operation: str, asked: Mapping[str, Any]) -> Iterator[float]:
    """The smallest read of each request, or of each key of a batch."""
    parts = asked["RequestItems"].values() if operation == "BatchGetItem" else [{"Keys": [{}], **asked}]
    for part in parts:
        yield from [1.0 if part.get("ConsistentRead") else 0.5] * len(part["Keys"])


def _write(old: Item | None, new: Item | None) -> Units:
    table = max(size(old), size(new))
    indexes = sum(_index_write(_projected(it, old), _projected(it, new), it) for it in INDEXES)
    return Units(table=max(1, ceil(table / WRITE_UNIT)), indexes=indexes)


def _index_write(old: Item | None, new: Item | None, index: Index) -> int:
    """An entry that keeps its keys is one write, if anything in it changed; one that moves is two."""
    if old == new:
        return 0
    entries = [it for it in (old, new) if it is not None]
    sizes = [ceil(size(it) / WRITE_UNIT) for it in entries]
    moved = old is None or new is None or any(old[key] != new[key] for key in index.keys)
    return sum(sizes) if moved else max(sizes)


def _projected(index: Index, item: Item | None) -> Item | None:
    """The item's entry in an index, None if it has none."""
    if item is None or not all(key in item for key in index.keys):
        return None
    carried = {"pk", "sk", *index.keys, *(() if index.keys_only else PROJECTED)}
    return {name: value for name, value in item.items() if name in carried}


def size(item: Item | None) -> int:
    """Bytes of an item, as DynamoDB counts them."""
    return sum(len(name.encode()) + _value(value) for name, value in (item or {}).items())


def _value(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, Mapping):
        return 3 + sum(1 + len(name.encode()) + _value(it) for name, it in value.items())
    if isinstance(value, Sequence):
        return 3 + sum(1 + _value(it) for it in value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return ceil(len(TypeSerializer().serialize(value)["N"]) / 2) + 1
    return 1


def stored(items: Iterable[Item]) -> int:
    """Bytes that the items take in storage, with their entries in the indexes."""
    entries = [entry for item in items for entry in (item, *(_projected(it, item) for it in INDEXES)) if entry]
    return sum(size(it) + OVERHEAD for it in entries)
