"""The daily digest: when it is due, and what it says besides the day's news."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from boto3.dynamodb.conditions import Key as KeyIs

from auditor.aws import batches
from auditor.aws.items import Item, header_of, owner_of, record_of, rule_of
from auditor.aws.runs_table import RunsTable
from auditor.aws.schema import CHANGED_BY_DAY, HEADER, OPEN_BY_SEVERITY, account_key, ending_day
from auditor.core.check import Severity
from auditor.core.exceptions import ANY, ENDING, ExceptionRule, ending
from auditor.core.life import Record, Standing
from auditor.core.model import Owner
from auditor.core.telling import DEFAULT_CHANNEL, Bundle, Channel, News, Reach, Unseen, failed, route
from auditor.render import letters
from auditor.render.letter import Letter

LONGEST_OPEN = 5
LOOKED_THROUGH = 100
"""Open findings of one severity among which a channel's longest open are looked for."""

MISSED_DAYS = 14
"""Days without a digest whose reminders are made up for."""

REMINDED = timedelta(days=7)
"""Without a digest for so long, one is told if accounts are not audited, though that is nothing new."""


@dataclass(frozen=True, kw_only=True)
class Daily:
    """`table` is a boto3 Table; a digest is due at `hour` in `zone`, and told on days without news if `quiet` says so.

    `exceptions` are those of the deployment's reviewed file.
    """

    table: Any
    channels: tuple[Channel, ...]
    exceptions: tuple[ExceptionRule, ...]
    hour: int
    zone: ZoneInfo
    quiet: bool

    def due(self, now: datetime, last: str | None) -> date | None:
        """The day whose digest is due; `last` is that of the last one."""
        local = now.astimezone(self.zone)
        waits = local.hour >= self.hour and (last is None or last < local.date().isoformat())
        return local.date() if waits else None

    def compose(
        self, channel: str, bundle: Bundle, now: datetime, since: datetime | None, part: int = 1
    ) -> Letter | None:
        """The digest of a channel; None if there is nothing to tell. `since` is when the last one was told.

        `part` counts the letters that one day's news take: reminders are in the first. That accounts are not audited is
        in each, but a reason for one only after a week of silence; that the last run has failed always is.
        """
        unseen = self._unseen(bundle)
        bundle = _still_so(bundle, {it.owner for it in unseen})
        reach = self._reach(channel, unseen, now)
        last = since.date() if since else now.date() - timedelta(days=1)
        reminders = self._ending(channel, now.date(), last) if part == 1 else []
        deployed = channel in {DEFAULT_CHANNEL, *(it.name for it in self.channels)}
        overdue = reach.missed and since and now - since >= REMINDED
        anyway = part == 1 and (reach.failed or overdue or (self.quiet and deployed))
        if not (bundle.news or reminders or anyway):
            return None
        longest = list(islice(self._longest(channel), LONGEST_OPEN))
        return letters.digest(bundle, now, since, reminders, longest, reach)

    def _reach(self, channel: str, unseen: Iterable[Unseen], now: datetime) -> Reach:
        """The channel's accounts that are not audited; the default one also hears that the last run has failed."""
        its = (it for it in unseen if route(self.channels, it.owner, it.membership) == channel)
        run = self._runs.last() if channel == DEFAULT_CHANNEL else None
        return Reach(missed=tuple(its), failed=run if run and failed(run, now) else None)

    def _unseen(self, bundle: Bundle) -> list[Unseen]:
        """All accounts that are not audited; those that the news are of also where the index is behind."""
        found = {it.owner: it for it in self._runs.not_audited()}
        left = {it.owner: (account_key(it.owner), HEADER) for it in bundle.news if _lost(it) and it.owner not in found}
        items = batches.read(self.table, left.values())
        for owner, header in ((owner, header_of(items[key])) for owner, key in left.items() if key in items):
            if header.missed:
                found[owner] = Unseen(owner=owner, reason=header.missed.reason, membership=header.membership)
        return list(found.values())

    @property
    def _runs(self) -> RunsTable:
        return RunsTable(table=self.table, partition=self.table.meta.client.meta.partition)

    def _ending(self, channel: str, today: date, last: date) -> list[ExceptionRule]:
        """The exceptions of the channel's accounts that somebody should be reminded of."""
        after = max(last, today - timedelta(days=MISSED_DAYS))
        ahead = {after + timedelta(days=n + step) for n in range(1, (today - after).days + 1) for step in ENDING}
        made = [rule for day in sorted(ahead) for rule in self._ending_on(day)]
        due = ending({rule.id: rule for rule in (*self.exceptions, *made)}.values(), after, today)
        partition = self.table.meta.client.meta.partition
        owners = {it.account: Owner(account=it.account, partition=partition) for it in due if it.account != ANY}
        channels = self._channels(owners.values())
        return [it for it in due if channels.get(owners.get(it.account), DEFAULT_CHANNEL) == channel]

    def _ending_on(self, day: date) -> Iterator[ExceptionRule]:
        question = KeyIs(CHANGED_BY_DAY.partition_key).eq(ending_day(day))
        for item in batches.pages(self.table, IndexName=CHANGED_BY_DAY.name, KeyConditionExpression=question):
            yield rule_of(item["exception"])

    def _longest(self, channel: str) -> Iterator[Record]:
        """The channel's open findings, the most severe first, then the longest open."""
        for severity in sorted(Severity, reverse=True):
            question = KeyIs(OPEN_BY_SEVERITY.partition_key).eq(severity.name)
            query = {"IndexName": OPEN_BY_SEVERITY.name, "KeyConditionExpression": question, "Limit": LOOKED_THROUGH}
            found: list[Item] = self.table.query(**query)["Items"]
            owners = {it["pk"]: owner_of(it) for it in found}
            channels = self._channels(owners.values())
            mine = [(it["pk"], it["sk"]) for it in found if channels[owners[it["pk"]]] == channel][:LONGEST_OPEN]
            whole = batches.read(self.table, mine)
            records = (record_of(whole[key]) for key in mine if key in whole)
            yield from (it for it in records if it.standing is Standing.OPEN)  # an index is a moment behind

    def _channels(self, owners: Iterable[Owner]) -> dict[Owner | None, str]:
        """Where each account's news go."""
        keys = {owner: (account_key(owner), HEADER) for owner in owners}
        headers = {key: header_of(item) for key, item in batches.read(self.table, keys.values()).items()}
        members = {owner: headers[key].membership if key in headers else None for owner, key in keys.items()}
        return {owner: route(self.channels, owner, membership) for owner, membership in members.items()}


def _lost(news: News) -> bool:
    """Whether the news are that an account is not audited."""
    return bool(news.account_gap and news.account_gap.reason)


def _still_so(bundle: Bundle, unseen: Collection[Owner]) -> Bundle:
    """The bundle without accounts that are audited again meanwhile, or that nobody needs to audit any more."""
    return replace(bundle, news=tuple(it for it in bundle.news if not _lost(it) or it.owner in unseen))
