"""Many items at once: nothing is left out, and nothing is asked for twice."""

from collections.abc import Mapping
from typing import Any

import pytest
from boto3.dynamodb.conditions import Key as KeyIs

from auditor.aws import batches
from auditor.aws.batches import ATTEMPTS, IN_ONE_READ, Key, UnreadError
from tests.aws.conftest import Store
from tests.aws.wire import Params, Wire, new_session


def key(number: int) -> Key:
    return "A#aws#1", f"F#{number:04}"


def filled(store: Store, count: int) -> list[Key]:
    keys = [key(number) for number in range(count)]
    with store.table.batch_writer() as batch:
        for pk, sk in keys:
            batch.put_item(Item={"pk": pk, "sk": sk, "text": "x" * 100})
    return keys


def overheard(store: Store) -> tuple[Any, Wire]:
    """The table, and what is asked of it."""
    session, wire = new_session(), Wire()
    wire.mount(session)
    return session.resource("dynamodb", endpoint_url=store.endpoint).Table(store.name), wire


def test_items_are_read_by_key_and_those_that_are_not_there_are_left_out(store: Store) -> None:
    keys = filled(store, 3)
    found = batches.read(store.table, [*keys, key(77)])
    assert sorted(found) == keys
    assert {place: (it["pk"], it["sk"]) for place, it in found.items()} == dict(zip(keys, keys, strict=True))


def test_reads_are_consistent_a_hundred_keys_a_call_and_each_key_once(store: Store) -> None:
    keys = filled(store, 2 * IN_ONE_READ + 1)
    table, wire = overheard(store)
    assert sorted(batches.read(table, keys + keys)) == keys
    asked = [call.params["RequestItems"][store.name] for call in wire.calls]
    assert [len(it["Keys"]) for it in asked] == [IN_ONE_READ, IN_ONE_READ, 1]
    assert all(it["ConsistentRead"] for it in asked)


def test_no_keys_are_no_call(store: Store) -> None:
    table, wire = overheard(store)
    assert batches.read(table, []) == {}
    batches.delete(table, [])
    assert wire.calls == []


def answering(give: int) -> tuple[Any, Wire]:
    """A table that reads so many keys of a call, and leaves the others out."""

    def reply(params: Params) -> Mapping[str, Any]:
        keys = [{name: {"S": value} for name, value in it.items()} for it in params["RequestItems"]["findings"]["Keys"]]
        now, later = keys[:give], keys[give:]
        left = {"findings": {"Keys": later, "ConsistentRead": True}} if later else {}
        return {"Responses": {"findings": now}, "UnprocessedKeys": left}

    session, wire = new_session(), Wire(script={"BatchGetItem": reply})
    wire.mount(session)
    return session.resource("dynamodb").Table("findings"), wire


def test_keys_that_were_left_out_are_asked_for_again() -> None:
    table, wire = answering(40)
    keys = [key(number) for number in range(IN_ONE_READ)]
    assert list(batches.read(table, keys)) == keys
    assert [len(call.params["RequestItems"]["findings"]["Keys"]) for call in wire.calls] == [100, 60, 20]
    assert all(call.params["RequestItems"]["findings"]["ConsistentRead"] for call in wire.calls)


def test_keys_that_stay_unread_are_an_error_and_not_missing_items() -> None:
    table, wire = answering(0)
    with pytest.raises(UnreadError, match=r"^2 keys of table findings stay unread$"):
        batches.read(table, [key(1), key(2)])
    assert len(wire.calls) == ATTEMPTS


def test_items_are_deleted_whether_they_are_there_or_not(store: Store) -> None:
    keys = filled(store, 30)
    batches.delete(store.table, [*keys[1:], key(77), *keys[1:]])
    assert list(store.items()) == keys[:1]


def test_all_pages_of_a_query_are_read(store: Store) -> None:
    keys = filled(store, 7)
    table, wire = overheard(store)
    found = list(batches.pages(table, KeyConditionExpression=KeyIs("pk").eq("A#aws#1"), Limit=3))
    assert [(it["pk"], it["sk"]) for it in found] == keys
    assert len(wire.calls) == 3


def test_pages_that_nobody_asks_for_are_not_read(store: Store) -> None:
    filled(store, 7)
    table, wire = overheard(store)
    next(batches.pages(table, KeyConditionExpression=KeyIs("pk").eq("A#aws#1"), Limit=3))
    assert len(wire.calls) == 1
