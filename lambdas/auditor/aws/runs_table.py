"""Runs over all accounts in the findings table: what the last one was about, and which accounts it did not reach."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from boto3.dynamodb.conditions import Key

from auditor.aws import batches
from auditor.aws.headers import membership_of
from auditor.aws.items import Item, header_of, owner_of
from auditor.aws.schema import (
    CHANGED_BY_DAY,
    EXCUSED_NOW,
    HEADER,
    KEEP,
    NOT_AUDITED_NOW,
    account_key,
    audited_day,
    runs_key,
)
from auditor.core.life import Header
from auditor.core.model import Owner
from auditor.core.roster import Known, Run, resumed
from auditor.core.telling import Unseen

PLAN_ACTIONS = ("dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:Query")
"""What planning a run needs of the table."""

SUMMARISE_ACTIONS = ("dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:Query")
"""What summing one up needs: it also marks the accounts that nobody reached."""

INDEX_ACTIONS = ("dynamodb:Query",)
"""What both need of the index by day."""

LOOKED_BACK = timedelta(days=60)
"""How long ago the last run may be whose accounts this one should be about, too."""

LOOKED_THROUGH = 50
"""Runs among which the last whole one is looked for."""

MOST_REASONS, MOST_NAMED = 50, 20


@dataclass(frozen=True, kw_only=True)
class RunsTable:
    """`table` is a boto3 Table, `partition` the accounts' (``aws``)."""

    table: Any
    partition: str

    def last(self) -> Run | None:
        """The last run, whatever became of it."""
        return next(iter(self._runs(1)), None)

    def _runs(self, most: int) -> list[Run]:
        place = Key("pk").eq(runs_key(self.partition))
        query = {"KeyConditionExpression": place, "ScanIndexForward": False, "Limit": most}
        return [run_of(it) for it in self.table.query(**query)["Items"]]

    def put(self, run: Run) -> Run:
        """Keep what is known of a run, which is returned; what was known before of one that is resumed is not lost."""
        key = Key("pk").eq(runs_key(self.partition)) & Key("sk").eq(run.clock.isoformat())
        items = self.table.query(KeyConditionExpression=key)["Items"]
        kept = resumed(run_of(items[0]), run) if items else run
        self.table.put_item(Item=run_item(self.partition, kept))
        return kept

    def known(self, clock: datetime) -> list[Known]:
        """The accounts that were audited since the clock of the last whole run, were missed, or are left out by runs.

        An account that is closed is none of them. What is marked as missed is so for sure; of the others some may be
        a moment behind, because the index is.
        """
        whole = (it.clock for it in self._runs(LOOKED_THROUGH) if it.finished and it.planned and it.clock < clock)
        since = max(next(whole, clock - LOOKED_BACK), clock - LOOKED_BACK)
        found = [known_of(it) for day in (*_days(since, clock), EXCUSED_NOW) for it in self._place(day)]
        return [*found, *self.remembered(it["account"] for it in self._place(NOT_AUDITED_NOW))]

    def remembered(self, accounts: Iterable[str]) -> list[Known]:
        """Those of the accounts that the table knows, however long ago they were audited, and that are not closed."""
        owners = [Owner(account=it, partition=self.partition) for it in accounts]
        items = batches.read(self.table, ((account_key(it), HEADER) for it in owners)).values()
        headers = {str(it["account"]): header_of(it) for it in items}
        return [known_by(account, header) for account, header in headers.items() if not header.closed]

    def judged(self, account: str) -> frozenset[str]:
        """The checks that the account's last audit has judged; none if the last run missed it."""
        key = (account_key(Owner(account=account, partition=self.partition)), HEADER)
        headers = [header_of(it) for it in batches.read(self.table, [key]).values()]
        audited = [it for it in headers if not it.missed]
        return frozenset(check for it in audited for check, as_of in it.seen.items() if as_of == it.evidence_at)

    def not_audited(self) -> list[Unseen]:
        """The accounts that the last run could not audit, and why."""
        return [unseen_of(it) for it in self._place(NOT_AUDITED_NOW)]

    def _place(self, day: str) -> Iterator[Item]:
        question = Key(CHANGED_BY_DAY.partition_key).eq(day)
        for item in batches.pages(self.table, IndexName=CHANGED_BY_DAY.name, KeyConditionExpression=question):
            if item["partition"] == self.partition:
                yield item


def _days(since: datetime, clock: datetime) -> Iterator[str]:
    for number in range((clock.date() - since.date()).days + 1):
        yield audited_day(since.date() + timedelta(days=number))


def unseen_of(item: Mapping[str, Any]) -> Unseen:
    """An account that is not audited, as its place in the index says it."""
    listed = item["audited"]
    return Unseen(owner=owner_of(item), reason=listed["missed"]["reason"], membership=membership_of(listed))


def known_of(item: Mapping[str, Any]) -> Known:
    """What an account's place in the index says of it, where that is not that of accounts that were missed."""
    evidence_at = datetime.fromisoformat(item[CHANGED_BY_DAY.sort_key].partition("#")[0])
    return Known(
        account=item["account"],
        evidence_at=evidence_at,
        excused=item[CHANGED_BY_DAY.partition_key] == EXCUSED_NOW,
    )


def known_by(account: str, header: Header) -> Known:
    """What an account's header says of it."""
    missed_at = header.missed.at if header.missed else None
    return Known(account=account, evidence_at=header.evidence_at, missed_at=missed_at, excused=header.excused)


def counted(reasons: Iterable[str]) -> dict[str, int]:
    """How many accounts there are of each reason; the rarest together, if there are too many."""
    by_reason = Counter(reasons).most_common()
    rest = sum(count for _, count in by_reason[MOST_REASONS:])
    return dict(by_reason[:MOST_REASONS]) | ({"for other reasons": rest} if rest else {})


def run_item(partition: str, run: Run) -> Item:
    """A run as it lies in the table."""
    return {
        "pk": runs_key(partition),
        "sk": run.clock.isoformat(),
        "item": "run",
        "planned": run.planned,
        "audited": run.audited,
        "not_audited": run.not_audited,
        "ended": run.ended,
        "skipped": dict(run.skipped),
        "lost": list(run.lost[:MOST_NAMED]),
        "error": run.error,
        "finished": run.finished,
        "expires_at": int((run.clock + KEEP).timestamp()),
    }


def run_of(item: Mapping[str, Any]) -> Run:
    """The run that lies in the table as `item`."""
    counts = {name: int(item[name]) for name in ("planned", "audited", "not_audited", "ended")}
    return Run(
        clock=datetime.fromisoformat(item["sk"]),
        **counts,
        skipped={reason: int(count) for reason, count in item["skipped"].items()},
        lost=tuple(item["lost"]),
        error=item["error"],
        finished=item["finished"],
    )
