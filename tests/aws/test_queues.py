"""News that wait: they come out of the table as they went in, in the order in which they are due."""

from datetime import timedelta

import pytest

from auditor.aws.queues import channel_key, news_item, news_of, queue_prefix
from auditor.core.life import Acknowledgement, Event
from auditor.core.model import Owner
from auditor.core.telling import Gap, News, Queue
from tests.aws.conftest import Store
from tests.build import NOW, OWNER, ago, exception_rule, finding, record

GOV = Owner(account="999988887777", partition="aws-us-gov")
EVIDENCE = {"nothing": None, "number": 3, "list": [1, None], "flag": True, "text": "ł\n🗝"}
LIVED = record(
    finding(evidence=EVIDENCE),
    Event.EXCEPTED,
    acknowledged=Acknowledgement(by="ana", at=ago(1)),
    exception=exception_rule(),
)


def news(key: str = "T#1#000001", **fields: object) -> News:
    return News(key=key, owner=OWNER, queued_at=NOW, **fields)  # type: ignore[arg-type]  # each field in its own type


@pytest.mark.parametrize(
    "it",
    [
        news(record=LIVED),
        news(gap=Gap(check="unused-role", reason="AccessDenied")),
        news(gap=Gap(check="unused-role", reason="")),
        news(),
        News(key="B#A#aws-us-gov#999988887777", owner=GOV, name="prod <payments>", queued_at=ago(0.5)),
    ],
    ids=["a transition", "a gap", "a gap that ended", "a first audit", "another account's"],
)
def test_news_come_out_of_the_table_as_they_went_in(store: Store, it: News) -> None:
    store.table.put_item(Item=news_item("payments", Queue.NOW, it))
    (item,) = store.items().values()
    assert news_of(item) == it


def test_same_news_of_a_queue_are_one_item_and_of_two_queues_two(store: Store) -> None:
    for queue in (Queue.NOW, Queue.NOW, Queue.DIGEST):
        store.table.put_item(Item=news_item("payments", queue, news(record=LIVED)))
    assert len(store.items()) == 2


def test_escalations_lie_in_the_order_in_which_they_are_due() -> None:
    soon, late = NOW + timedelta(hours=1), NOW + timedelta(hours=30)
    items = [news_item("default", Queue.ESCALATION, news(key), due) for key, due in (("a", late), ("b", soon))]
    assert [it["key"] for it in sorted(items, key=lambda it: str(it["sk"]))] == ["b", "a"]
    assert items[1]["sk"] <= f"{queue_prefix(Queue.ESCALATION)}{soon.isoformat()}~" < items[0]["sk"]


def test_no_queue_begins_like_another() -> None:
    for queue in Queue:
        item = news_item("default", queue, news())
        assert [it for it in Queue if item["sk"].startswith(queue_prefix(it))] == [queue]


def test_channels_have_partitions_of_their_own() -> None:
    assert news_item("payments", Queue.NOW, news())["pk"] == channel_key("payments") != channel_key("default")
