"""Many items at once, as DynamoDB takes them."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from auditor.aws.items import Item

IN_ONE_READ = 100
IN_ONE_WRITE = 100
MOST_BYTES = 3_000_000
"""Of a transaction, which may have four million; what is updated counts, too."""

ATTEMPTS = 8

Key = tuple[str, str]


class UnreadError(RuntimeError):
    """DynamoDB kept leaving out keys of a batch: it is throttling."""


def read(table: Any, keys: Iterable[Key]) -> dict[Key, Item]:
    """The items that exist, by key; consistent. Raises UnreadError if some keys stay unread."""
    wanted = [{"pk": pk, "sk": sk} for pk, sk in dict.fromkeys(keys)]
    found: dict[Key, Item] = {}
    for start in range(0, len(wanted), IN_ONE_READ):
        for item in _read_some(table, wanted[start : start + IN_ONE_READ]):
            found[item["pk"], item["sk"]] = item
    return found


def _read_some(table: Any, keys: Sequence[Item]) -> list[Item]:
    items: list[Item] = []
    asked: Any = {table.name: {"Keys": list(keys), "ConsistentRead": True}}
    for attempt in range(ATTEMPTS):
        answer = table.meta.client.batch_get_item(RequestItems=asked)
        items += answer["Responses"].get(table.name, [])
        asked = answer.get("UnprocessedKeys")
        if not asked:
            return items
        time.sleep(0.02 * 2**attempt)
    raise UnreadError(f"{len(asked[table.name]['Keys'])} keys of table {table.name} stay unread")


def size(item: Any) -> int:
    """About how many bytes DynamoDB counts for an item, and rather too many."""
    return len(json.dumps(item, ensure_ascii=False, default=str).encode(errors="replace"))


def fitting(groups: Iterable[list[Item]], most: int = IN_ONE_WRITE) -> Iterator[list[Item]]:
    """Writes for one transaction each: whole groups together, as many as fit; a larger one in pieces, in its order."""
    held: list[Item] = []
    room = MOST_BYTES
    for group in groups:
        bytes_ = size(group)
        if held and (len(held) + len(group) > most or bytes_ > room):
            yield held
            held, room = [], MOST_BYTES
        held, room = held + group, room - bytes_
        while len(held) > most:
            yield held[:most]
            held = held[most:]
    if held:
        yield held


def delete(table: Any, keys: Iterable[Key]) -> None:
    """Delete the items, whether they exist or not."""
    with table.batch_writer() as batch:
        for pk, sk in dict.fromkeys(keys):
            batch.delete_item(Key={"pk": pk, "sk": sk})


def pages(table: Any, **query: Any) -> Iterator[Item]:
    """All that a query finds, whatever its size."""
    while True:
        page = table.query(**query)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        query["ExclusiveStartKey"] = page["LastEvaluatedKey"]
