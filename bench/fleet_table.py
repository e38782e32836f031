"""The findings table as a fleet writes to it: what each call takes, and which partitions take most.

What lies in the table is kept here too, so that nobody has to ask for it before and after each write.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil
from types import SimpleNamespace
from typing import Any

import boto3

from auditor.aws.batches import Key
from auditor.aws.items import Item
from auditor.aws.schema import INDEXES, PROJECTED, Index
from bench.meter import OVERHEAD, TRANSACTION, WRITE_UNIT, Meter, size

HISTORY = "H#"
Partition = tuple[str, str]
"""The table or an index, and the value of its partition key."""


@dataclass(kw_only=True)
class Mirror:
    """Follows the puts of every session that it is mounted on; `units` are their writes by partition.

    `bytes` is what history takes in storage. Of history only the last writes are kept: it is written once.
    """

    name: str
    items: dict[Key, Item] = field(default_factory=dict)
    history: dict[Key, Item] = field(default_factory=dict)
    units: Counter[Partition] = field(default_factory=Counter)
    bytes: int = 0
    transactions: int = 0

    @property
    def meta(self) -> Any:
        """What a boto3 Table has."""
        return SimpleNamespace(client=self)

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> Item:  # noqa: N803  (as DynamoDB is asked)
        keys = [(it["pk"], it["sk"]) for it in RequestItems[self.name]["Keys"]]
        found = (self.items.get(key) or self.history.get(key) for key in keys)
        return {"Responses": {self.name: [it for it in found if it]}}

    def mount(self, session: boto3.Session, meter: Meter) -> None:
        """Hear before the meter does, which asks what is there now."""
        session.events.register("after-call.dynamodb", self._after)
        client = SimpleNamespace(meta=SimpleNamespace(events=session.events))
        meter.mount(SimpleNamespace(meta=SimpleNamespace(client=client)))

    def taken(self) -> Counter[Partition]:
        """The writes by partition since the last call."""
        units, self.units = self.units, Counter()
        return units

    def _after(self, model: Any, context: Item, parsed: Mapping[str, Any], **_: Any) -> None:
        if "Error" in parsed:
            return
        asked = context["asked"]
        if model.name == "TransactWriteItems":
            self.transactions += 1
            self._apply((it["Put"]["Item"] for it in asked["TransactItems"]), TRANSACTION)
        elif model.name == "PutItem":
            self._apply([asked["Item"]], 1)

    def _apply(self, items: Iterable[Item], times: int) -> None:
        self.history.clear()
        for new in items:
            key = new["pk"], new["sk"]
            old = self.items.get(key)
            self.units["table", new["pk"]] += times * max(_units(old), _units(new))
            for index in INDEXES:
                self._index(index, old, new, times)
            if new["pk"].startswith(HISTORY):
                self.history[key] = new
                self.bytes += size(new) + OVERHEAD
            else:
                self.items[key] = new

    def _index(self, index: Index, old: Item | None, new: Item, times: int) -> None:
        entries = [_entry(index, old), _entry(index, new)]
        if entries[0] == entries[1]:
            return
        keys = [tuple(it[key] for key in index.keys) if it else None for it in entries]
        written = entries[1:] if keys[0] == keys[1] else entries
        for entry in filter(None, written):
            self.units[index.name, entry[index.partition_key]] += times * _units(entry)


def _entry(index: Index, item: Item | None) -> Item | None:
    if item is None or not all(key in item for key in index.keys):
        return None
    carried = {"pk", "sk", *index.keys, *(() if index.keys_only else PROJECTED)}
    return {name: value for name, value in item.items() if name in carried}


def _units(item: Item | None) -> int:
    return ceil(size(item) / WRITE_UNIT)
