"""People are told what waits for their channel: letters are sealed, delivered, and kept for 90 days.

One process at a time works for a channel: it holds a lease. A letter is sealed, with what it says in every medium,
before the news in it leave their queue, and delivered afterwards; whoever comes after a crash goes on with the same
letter. So nothing is lost, and what is sent twice, because a crash came between a medium's answer and the note of it,
has the same id.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, count
from typing import Any

from boto3.dynamodb.conditions import Key as KeyIs
from botocore.exceptions import ClientError

from auditor.aws import batches, queues
from auditor.aws.batches import Key
from auditor.aws.daily import Daily
from auditor.aws.findings_table import FindingsTable
from auditor.aws.items import Item, header_of, record_of
from auditor.aws.post import Post, UndeliveredError
from auditor.aws.schema import FINDING, HEADER, account_key
from auditor.core.life import NEVER, Ledger, Record
from auditor.core.model import Owner
from auditor.core.telling import (
    CALM,
    SAME_CHANGE,
    STORM_WINDOW,
    Bundle,
    Kind,
    News,
    Queue,
    braked,
    bundles,
    holds,
    ripe,
    unattended,
)
from auditor.render import letters
from auditor.render.letter import Letter

TABLE_ACTIONS = (
    *("dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem"),
    *("dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"),
)
INDEX_ACTIONS = ("dynamodb:Query",)
"""What telling needs of the table, and of its indexes for a digest."""

LEASE = timedelta(minutes=3)
"""Longer than the function may run."""

GIVEN_UP = timedelta(days=14)
KEPT = timedelta(days=90)
MOST_NEWS = 1500
"""News in one letter, so that the letter fits an item; more of them make more letters."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What was done for a channel: letters that went out, and those that a medium did not take, with the reasons."""

    delivered: int = 0
    undelivered: tuple[str, ...] = ()

    def __add__(self, other: "Told") -> "Told":
        return Told(delivered=self.delivered + other.delivered, undelivered=(*self.undelivered, *other.undelivered))


@dataclass(frozen=True, kw_only=True)
class Mailroom:
    """Tells one channel. `table` is a boto3 Table, `now` the clock, `escalate_after` what a letter says it waited."""

    channel: str
    table: Any
    post: Post
    daily: Daily
    now: datetime
    escalate_after: timedelta

    def tell(self) -> Told:
        """Deliver what is ready to be told; nothing if somebody else is at it."""
        state = self._lease()
        if state is None:
            return Told()
        held = list(self._items(KeyIs("sk").begins_with(queues.PENDING)))
        for letter in held:
            self._clear(letter)
        told, retry_at = Told(), state.setdefault("retry_at", {})
        for letter in chain(held, self._at_once(state), self._escalations(state), self._digest(state)):
            told += self._deliver(letter, retry_at)
        self.table.put_item(Item=state | {"lease_until": self.now.isoformat()})
        return told

    def _lease(self) -> Item | None:
        """The channel's state, if nobody else works for it."""
        try:
            answer = self.table.update_item(
                Key={"pk": queues.channel_key(self.channel), "sk": queues.STATE},
                UpdateExpression="SET lease_until = :until, #item = :item",
                ConditionExpression="attribute_not_exists(lease_until) OR lease_until <= :now",
                ExpressionAttributeNames={"#item": "item"},
                ExpressionAttributeValues={
                    ":until": (self.now + LEASE).isoformat(),
                    ":now": self.now.isoformat(),
                    ":item": "state",
                },
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return None
        state: Item = answer["Attributes"]
        return state

    # What is to be told.

    def _at_once(self, state: Item) -> Iterator[Item]:
        """Seal what waits to be told at once, unless a storm was told of less than an hour ago."""
        if self.now < _moment(state.get("braked_until")):
            return
        waiting = self._news(queues.queue_prefix(Queue.NOW))
        if not ripe(waiting.values(), self.now):
            return
        over = waiting.keys() - self._still_so(waiting).keys()
        batches.delete(self.table, over)
        waiting = {key: news for key, news in waiting.items() if key not in over}
        lately = [it for it in state.get("lately", []) if self.now - _moment(it) < STORM_WINDOW]
        for bundle in braked(bundles(waiting.values()), len(lately)):
            lately.append(self.now.isoformat())
            state["lately"] = lately
            if bundle.kind is Kind.SUMMARY:
                state["braked_until"] = (self.now + CALM).isoformat()
            yield self._seal(self._composed(bundle), _keys(waiting, bundle.news), state)

    def _composed(self, bundle: Bundle) -> Letter:
        if bundle.kind is Kind.BASELINE:
            return letters.baseline(bundle, self.now, self._ledgers(bundle.owners))
        compose: dict[Kind, Callable[[Bundle, datetime], Letter]] = {
            Kind.ALERT: letters.alert,
            Kind.SPREAD: letters.spread,
            Kind.SUMMARY: letters.summary,
        }
        return compose[bundle.kind](bundle, self.now)

    def _ledgers(self, owners: Sequence[Owner]) -> dict[Owner, Ledger]:
        """What is known of the accounts; of many of them only how far they were seen."""
        if len(owners) <= SAME_CHANGE:
            return {owner: FindingsTable(table=self.table).load(owner) for owner in owners}
        keys = {owner: (account_key(owner), HEADER) for owner in owners}
        found = batches.read(self.table, keys.values())
        return {owner: Ledger(header=header_of(found[key])) for owner, key in keys.items() if key in found}

    def _escalations(self, state: Item) -> Iterator[Item]:
        """Seal one letter of the critical findings that nobody has acknowledged in time; the others are let go."""
        prefix = queues.queue_prefix(Queue.ESCALATION)
        waiting = self._news(prefix, until=f"{prefix}{self.now.isoformat()}~")
        due = [news for news, now in self._present(waiting) if news.record and unattended(news.record, now)]
        if due:
            bundle = Bundle(kind=Kind.ESCALATION, news=tuple(due))
            hours = round(self.escalate_after / timedelta(hours=1))
            yield self._seal(letters.escalation(bundle, self.now, hours), waiting, state)
        else:
            batches.delete(self.table, waiting)

    def _digest(self, state: Item) -> Iterator[Item]:
        """Seal the day's digest, if its hour has come and there is something in it."""
        day = self.daily.due(self.now, state.get("digest_day"))
        last = state.get("digest_at")
        for part in count(1) if day else ():
            waiting = self._news(queues.queue_prefix(Queue.DIGEST))
            news = tuple(self._still_so(waiting).values())
            bundle = Bundle(kind=Kind.DIGEST, news=news, day=f"{self.channel} {day}")
            letter = self.daily.compose(self.channel, bundle, self.now, _moment(last) if last else None, part=part)
            state["digest_day"] = str(day)
            if letter:
                state["digest_at"] = self.now.isoformat()
                yield self._seal(letter, waiting, state)
            else:
                batches.delete(self.table, waiting)
            if len(waiting) < MOST_NEWS:
                return

    def _news(self, prefix: str, until: str = "") -> dict[Key, News]:
        """What waits, by key, in the order of its queue."""
        place = KeyIs("sk").between(prefix, until) if until else KeyIs("sk").begins_with(prefix)
        found: dict[Key, News] = {}
        for item in self._items(place):
            found[item["pk"], item["sk"]] = queues.news_of(item)
            if len(found) == MOST_NEWS:
                break
        return found

    def _present(self, waiting: Mapping[Key, News]) -> Iterator[tuple[News, Record | None]]:
        """The news with the finding as it is now, if it is about one."""
        places = {news.key: (account_key(news.owner), f"{FINDING}{_id(news)}") for news in waiting.values()}
        found = batches.read(self.table, places.values())
        for news in waiting.values():
            item = found.get(places[news.key])
            yield news, record_of(item) if item else None

    def _still_so(self, waiting: Mapping[Key, News]) -> dict[Key, News]:
        """The news without the transitions that a later one has taken back."""
        over = {news.key for news, now in self._present(waiting) if news.record and not holds(news.record, now)}
        return {key: news for key, news in waiting.items() if news.key not in over}

    # Letters.

    def _seal(self, letter: Letter, keys: Iterable[Key], state: Item) -> Item:
        """Keep the letter and the state that follows from it together, then take what it tells out of the queue."""
        sealed = self.post.sealed(self.channel, letter, self.table.name)
        item = {
            "pk": queues.channel_key(self.channel),
            "sk": f"{queues.PENDING}{self.now.isoformat()}#{letter.id}",
            "item": "letter",
            "sealed_at": self.now.isoformat(),
            "covers": [sk for _, sk in keys],
            "delivered": {},
            **sealed,
        }
        puts = [{"Put": {"TableName": self.table.name, "Item": it}} for it in (item, state)]
        self.table.meta.client.transact_write_items(TransactItems=puts)
        self._clear(item)
        return item

    def _clear(self, letter: Item) -> None:
        if letter["covers"]:
            batches.delete(self.table, ((letter["pk"], sk) for sk in letter["covers"]))
            self._note(letter, "covers", [])

    def _deliver(self, letter: Item, retry_at: dict[str, str]) -> Told:
        """Send it through each medium that has not taken it, and put it away when all have, or after two weeks.

        A medium that does not take a letter is left alone until `retry_at`, the next minute at the earliest.
        """
        failures = []
        for medium in letter["media"]:
            if medium in letter["delivered"]:
                continue
            if self.now < _moment(retry_at.get(medium)):
                failures.append(f"{medium}: it is left alone until {retry_at[medium]}")
                continue
            try:
                self.post.deliver(self.channel, medium, letter)
            except UndeliveredError as error:
                failures.append(f"{medium}: {error}")
                retry_at[medium] = (self.now + timedelta(seconds=max(error.retry_after, 1))).isoformat()
            else:
                self._note(letter, "delivered", letter["delivered"] | {medium: self.now.isoformat()})
        given_up = bool(failures) and self.now - _moment(letter["sealed_at"]) >= GIVEN_UP
        if not failures or given_up:
            self._put_away(letter, failures)
        reasons = tuple(f"{self.channel}: {failure}" for failure in failures)
        return Told(delivered=0 if failures else 1, undelivered=reasons)

    def _note(self, letter: Item, name: str, value: Any) -> None:
        letter[name] = value
        self.table.update_item(
            Key={"pk": letter["pk"], "sk": letter["sk"]},
            UpdateExpression="SET #name = :value",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={":value": value},
        )

    def _put_away(self, letter: Item, failures: Sequence[str]) -> None:
        kept = letter | {
            "sk": letter["sk"].replace(queues.PENDING, queues.TOLD, 1),
            "expires_at": int((self.now + KEPT).timestamp()),
            **({"given_up": list(failures)} if failures else {}),
        }
        old = {"TableName": self.table.name, "Key": {"pk": letter["pk"], "sk": letter["sk"]}}
        put = {"TableName": self.table.name, "Item": kept}
        self.table.meta.client.transact_write_items(TransactItems=[{"Delete": old}, {"Put": put}])

    def _items(self, place: Any) -> Iterator[Item]:
        question = KeyIs("pk").eq(queues.channel_key(self.channel)) & place
        return batches.pages(self.table, KeyConditionExpression=question, ConsistentRead=True)


def known_channels(table: Any, deployed: Iterable[str]) -> list[str]:
    """The channels of the deployment, then those it had once: news may still wait for them."""
    key = {"pk": queues.channel_key(""), "sk": queues.STATE}
    known: list[str] = table.get_item(Key=key, ConsistentRead=True).get("Item", {}).get("names", [])
    names = list(dict.fromkeys([*deployed, *known]))
    if set(names) != set(known):
        table.put_item(Item={**key, "item": "channels", "names": names})
    return names


def _moment(text: str | None) -> datetime:
    return datetime.fromisoformat(text) if text else NEVER


def _keys(waiting: dict[Key, News], told: Iterable[News]) -> list[Key]:
    keys = {news.key for news in told}
    return [key for key, news in waiting.items() if news.key in keys]


def _id(news: News) -> str:
    return news.record.finding.id if news.record else ""
