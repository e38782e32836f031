"""News that wait for a channel, as they lie in the findings table.

pk            sk                                what
C#<channel>   #STATE                            whose turn it is, and when it was told what
C#<channel>   Q#NOW#<key>                       news to tell at once
C#<channel>   Q#DIGEST#<key>                    news for the next digest
C#<channel>   Q#ESCALATION#<due>#<key>          a finding to tell again, if nobody acknowledges it until then
C#<channel>   P#<time>#<letter id>              a letter that is being delivered
C#<channel>   L#<time>#<letter id>              a letter that was, kept for 90 days
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from auditor.aws.items import Item, owner_of, record_map, record_of
from auditor.core.telling import Gap, News, Queue

STATE = "#STATE"
PENDING = "P#"
TOLD = "L#"


def channel_key(channel: str) -> str:
    """The partition of a channel."""
    return f"C#{channel}"


def queue_prefix(queue: Queue) -> str:
    """What the sort keys of everything in the queue begin with."""
    return f"Q#{queue}#"


def news_item(channel: str, queue: Queue, news: News, due: datetime | None = None) -> Item:
    """News as they wait; of an escalation until `due`."""
    place = f"{due.isoformat()}#{news.key}" if due else news.key
    return {
        "pk": channel_key(channel),
        "sk": f"{queue_prefix(queue)}{place}",
        "item": "news",
        "key": news.key,
        "account": news.owner.account,
        "partition": news.owner.partition,
        "name": news.name,
        "queued_at": news.queued_at.isoformat(),
        **({"record": record_map(news.record)} if news.record else {}),
        **({"gap": {"check": news.gap.check, "reason": news.gap.reason}} if news.gap else {}),
    }


def news_of(item: Mapping[str, Any]) -> News:
    """The news that lie in the table as `item`."""
    gap = item.get("gap")
    return News(
        key=item["key"],
        owner=owner_of(item),
        name=item["name"],
        queued_at=datetime.fromisoformat(item["queued_at"]),
        record=record_of(item["record"]) if "record" in item else None,
        gap=Gap(check=gap["check"], reason=gap["reason"]) if gap else None,
    )
