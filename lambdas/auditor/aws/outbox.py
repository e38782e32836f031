"""From what was written to those who are told: machines at once, and the queues of people's channels.

Each transition is handed on once: its history says when. Machines are told before that is written down, so that a crash
in between tells them again, with the same id, and never leaves them out.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

from boto3.dynamodb.conditions import Attr
from boto3.dynamodb.conditions import Key as KeyIs
from botocore.exceptions import ClientError

from auditor.aws import batches
from auditor.aws.batches import Key
from auditor.aws.errors import AWS_ERRORS, as_unavailable
from auditor.aws.findings_stream import MalformedRecordError, Written, sequence_of, written, written_of
from auditor.aws.items import Item, header_of
from auditor.aws.machines import Announcement, Machines, RefusedError, of_gap, of_record
from auditor.aws.queues import news_item
from auditor.aws.schema import (
    CHANGED_BY_DAY,
    HEADER,
    NOT_AUDITED_NOW,
    account_key,
    audited_day,
    history_key,
    history_sort,
)
from auditor.core.check import Severity
from auditor.core.life import Header, Record
from auditor.core.model import Membership, Owner
from auditor.core.telling import DEFAULT_CHANNEL, Channel, Gap, News, Queue, escalates, queue_of, route

TABLE_ACTIONS = ("dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem")
INDEX_ACTIONS = ("dynamodb:Query",)
"""What handing on needs of the table, and of its index by day."""

AT_ONCE = 100
"""Writes that are handed on together."""

ONES_OWN = frozenset(
    {"TransactionCanceledException", "ValidationException", "InvalidParameter", "InvalidParameterValue"}
)
"""Errors that one write among many may be the reason of."""

T = TypeVar("T")

Writes = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Telling:
    """What a deployment says about who is told: the channels, from which severity at once, and who hears again."""

    channels: tuple[Channel, ...] = ()
    alert_at: Severity = Severity.HIGH
    escalate_to: str = DEFAULT_CHANNEL
    escalate_after: timedelta = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Handed:
    """How far a batch came: how many writes were new, and the first that could not be handed on, with the reason."""

    count: int = 0
    stopped_at: str | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Outbox:
    """`table` is a boto3 Table; `now` the clock."""

    table: Any
    machines: Machines
    telling: Telling
    now: datetime

    def hand_on(self, records: Sequence[Mapping[str, Any]]) -> Handed:
        """Hand on all the stream records that can be read and told, in their order."""
        readable, handed = _readable(records)
        places = {sequence_of(it): place for place, it in enumerate(records)}
        return _together([handed, *self._handed(readable)], lambda it: places.get(it, 0))

    def again(self, since: date) -> Handed:
        """Hand on whatever was written since that day and was not: for what ended among the dead letters."""
        days = [since + timedelta(days=number) for number in range((self.now.date() - since).days + 1)]
        findings = (key for day in days for key in self._keys(day.isoformat(), "id"))
        unreadable: list[Handed] = []
        lost = (it for finding_id in findings for it in self._untold(str(finding_id), since, unreadable))
        places = (*map(audited_day, days), NOT_AUDITED_NOW)
        headers = (str(key) for place in places for key in self._keys(place, "pk"))
        handed = [*self._handed(lost), *self._handed(self._headers(headers))]
        return _together([*handed, *unreadable])

    def _handed(self, writes: Iterable[Written]) -> Iterator[Handed]:
        """Hand on writes, many together; one by one where one of them does not let the others through."""
        for some in _in_lots(writes):
            try:
                yield Handed(count=self._hand_on(some))
            except (*AWS_ERRORS, RefusedError, batches.UnreadError) as error:
                if len(some) > 1 and _of_one(error):
                    yield from (handed for it in some for handed in self._handed([it]))
                else:
                    reason = str(error) if isinstance(error, RuntimeError) else as_unavailable(error).reason
                    yield Handed(stopped_at=some[0].sequence, reason=reason)

    def _keys(self, partition: str, attribute: str) -> Iterator[Any]:
        question = KeyIs(CHANGED_BY_DAY.partition_key).eq(partition)
        for item in batches.pages(self.table, IndexName=CHANGED_BY_DAY.name, KeyConditionExpression=question):
            yield item[attribute]

    def _untold(self, finding_id: str, since: date, unreadable: list[Handed]) -> Iterator[Written]:
        question = KeyIs("pk").eq(history_key(finding_id))
        missing = Attr("handed_on").not_exists() & Attr("at").gte(since.isoformat())
        for item in batches.pages(self.table, KeyConditionExpression=question, FilterExpression=missing):
            try:
                yield written_of(item["after"] | {"item": "finding"}, sequence=item["sk"])
            except MalformedRecordError as error:
                unreadable.append(Handed(stopped_at=item["sk"], reason=f"{item['pk']}: {error}"))

    def _headers(self, keys: Iterable[str]) -> Iterator[Written]:
        for some in _in_lots(keys):
            for item in batches.read(self.table, ((key, HEADER) for key in some)).values():
                yield written_of(item, sequence=item["pk"])

    def _hand_on(self, writes: Sequence[Written]) -> int:
        known = batches.read(self.table, (key for it in writes for key in _needed(it)))
        parts = [part for it in _each_once(writes) if (part := self._part(it, known))]
        self.machines.tell([told for part in parts for told in part.announcements])
        for marks in batches.fitting(part.writes for part in parts):
            self.table.meta.client.transact_write_items(TransactItems=marks)
        return len(parts)

    def _part(self, it: Written, known: Mapping[Key, Item]) -> "_Part | None":
        header = known.get((account_key(it.owner), HEADER))
        membership = header_of(header).membership if header else None
        if isinstance(it.what, Record):
            history = known.get(_history(it.what))
            return None if history and "handed_on" in history else self._moved(it.what, membership)
        return self._seen(it.owner, it.what, known.get(_told(it.owner)), membership)

    def _moved(self, record: Record, membership: Membership | None) -> "_Part":
        """A transition: machines hear of it, people unless it is not for them, and its history says so."""
        owner, finding = record.finding.owner, record.finding
        news = self._news(f"T#{finding.id}#{record.version:06d}", owner, membership, record=record)
        writes: Writes = []
        channel = self._channel(owner, membership)
        if queue := queue_of(record, self.telling.alert_at):
            writes.append(self._put(news_item(channel, queue, news)))
        if escalates(record):
            due = self.now + self.telling.escalate_after
            writes.append(self._put(news_item(self.telling.escalate_to, Queue.ESCALATION, news, due)))
        return _Part(announcements=[of_record(record, channel)], writes=[*writes, self._handed_on(record)])

    def _seen(self, owner: Owner, header: Header, told: Item | None, membership: Membership | None) -> "_Part | None":
        """A header: what cannot be looked at any more, and what can again, since it was last told."""
        before: Mapping[str, str] = told["gaps"] if told else {}
        first = header.audited and not (told and told["audited"])
        gaps = [Gap(check=c, reason=header.blind.get(c, "")) for c in sorted({*before, *header.blind})]
        changed = [gap for gap in gaps if before.get(gap.check, "") != gap.reason]
        if (told and told["version"] >= header.version) or not (changed or first):
            return None
        changed = [gap for gap in changed if not _excused(gap, header, told)]
        channel, account = self._channel(owner, membership), account_key(owner)
        waiting = [news_item(channel, Queue.NOW, self._news(f"B#{account}", owner, membership))] if first else []
        for gap in changed:
            if not first or (gap.of_account and gap.reason):  # a first audit's letter says what it did not look at, too
                key = f"G#{account}#{gap.check}#{header.version:09d}"
                waiting.append(news_item(channel, Queue.DIGEST, self._news(key, owner, membership, gap=gap)))
        announcements = [of_gap(owner, header, gap, channel) for gap in changed]
        return _Part(announcements=announcements, writes=[*map(self._put, waiting), self._told(owner, header)])

    def _news(self, key: str, owner: Owner, membership: Membership | None, **what: Any) -> News:
        return News(key=key, owner=owner, name=membership.name if membership else "", queued_at=self.now, **what)

    def _channel(self, owner: Owner, membership: Membership | None) -> str:
        return route(self.telling.channels, owner, membership)

    def _put(self, item: Item) -> dict[str, Any]:
        return {"Put": {"TableName": self.table.name, "Item": item}}

    def _handed_on(self, record: Record) -> dict[str, Any]:
        pk, sk = _history(record)
        return {
            "Update": {
                "TableName": self.table.name,
                "Key": {"pk": pk, "sk": sk},
                "UpdateExpression": "SET handed_on = :now",
                "ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(handed_on)",
                "ExpressionAttributeValues": {":now": self.now.isoformat()},
            }
        }

    def _told(self, owner: Owner, header: Header) -> dict[str, Any]:
        pk, sk = _told(owner)
        told = {"item": "told", "version": header.version, "gaps": dict(header.blind), "audited": header.audited}
        missed = {"missed": header.missed.at.isoformat()} if header.missed else {}
        return {
            "Put": {
                "TableName": self.table.name,
                "Item": {"pk": pk, "sk": sk, **told, **missed},
                "ConditionExpression": "attribute_not_exists(pk) OR #version < :version",
                "ExpressionAttributeNames": {"#version": "version"},
                "ExpressionAttributeValues": {":version": header.version},
            }
        }


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What follows from one write: for machines, and for the table; the mark that says so comes last."""

    announcements: list[Announcement]
    writes: Writes


def _excused(gap: Gap, header: Header, told: Item | None) -> bool:
    """Whether an account was not audited, and need not be any more: it is closed, or left out."""
    if told is None or gap.reason or not gap.of_account:
        return False
    return header.evidence_at < datetime.fromisoformat(told["missed"])


def _readable(records: Iterable[Mapping[str, Any]]) -> tuple[list[Written], Handed]:
    """The writes in the records, and the first record that cannot be read."""
    readable: list[Written] = []
    poison = Handed()
    for record in records:
        try:
            write = written(record)
        except MalformedRecordError as error:
            poison = (
                poison
                if poison.stopped_at
                else Handed(stopped_at=sequence_of(record), reason=f"cannot be read: {error}")
            )
        else:
            readable += [write] if write else []
    return readable, poison


def _of_one(error: Exception) -> bool:
    """Whether the fault may be one write's, and not everybody's because AWS is not well."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"] in ONES_OWN
    return isinstance(error, RefusedError)


def _together(handed: Iterable[Handed], place: Callable[[str], int] = lambda _: 0) -> Handed:
    """All of it as one: the count, and what stopped first."""
    parts = list(handed)
    stopped = sorted((it for it in parts if it.stopped_at), key=lambda it: place(it.stopped_at or ""))
    first = stopped[0] if stopped else Handed()
    return replace(first, count=sum(it.count for it in parts))


def _in_lots(things: Iterable[T]) -> Iterator[list[T]]:
    remaining = iter(things)
    while some := list(islice(remaining, AT_ONCE)):
        yield some


def _each_once(writes: Sequence[Written]) -> list[Written]:
    """The writes without repetitions, and without the headers that another one of the same account follows."""
    last: dict[Any, Written] = {}
    for it in writes:
        last[_history(it.what) if isinstance(it.what, Record) else it.owner] = it
    return list(last.values())


def _needed(it: Written) -> Iterator[Key]:
    yield account_key(it.owner), HEADER
    yield _history(it.what) if isinstance(it.what, Record) else _told(it.owner)


def _history(record: Record) -> Key:
    return history_key(record.finding.id), history_sort(record.version, record.event)


def _told(owner: Owner) -> Key:
    return history_key(account_key(owner)), "#TOLD"
