"""What DynamoDB charges: request units of each step on DynamoDB Local, and from them a month of many accounts."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from unittest import mock

from moto import mock_aws

from auditor.aws.evidence_files import decode
from auditor.aws.gather import snapshot
from auditor.aws.mailroom import known_channels
from auditor.checks import CATALOGUE
from auditor.core.evaluate import Evaluation, evaluate, finding_id
from auditor.core.model import Owner
from bench.accounts import NOW, evidence
from bench.meter import Meter, Units, stored
from tests.aws import dynamodb_local
from tests.aws.conftest import Store
from tests.aws.office import Office
from tests.cli.table import make_table

# List prices on demand in us-east-1, to be checked before anybody relies on them: https://aws.amazon.com/dynamodb/pricing
DOLLARS_PER_MILLION_WRITES = 0.625
"""Of write request units: one writes 1 KB, twice that in a transaction, and again in each index that it changes."""
DOLLARS_PER_MILLION_READS = 0.125
"""Of read request units: one reads 4 KB consistently, or 8 KB eventually."""
DOLLARS_PER_GB_MONTH = 0.25
"""Of storage, without the backups of point-in-time recovery."""

ACCOUNTS, FINDINGS = 10_000, 60
DAYS = 30
TICKS_A_DAY = 24 * 60
KEPT_DAYS = 400
"""For so long history stays."""

SAMPLE = 20
"""Accounts that are measured for the month. Their letters are told as if each twenty had a channel of their own."""

CHANGED = ((0, 1), (1, 0), (0, 1), (1, 0), (1, 1))
"""Findings that are mended and that are new, in one account after the other: 1.2 of 60."""

LARGE = 1000

IN_ONE_BATCH = 100
"""Records that the stream gives to the function at once."""

NOBODY = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}
GB = 1e9


@dataclass(frozen=True, kw_only=True)
class Day:
    """What the three functions consume in a day, without idle ticks."""

    audit: Units
    notify: Units
    tell: Units


@dataclass(kw_only=True)
class Measured:
    """The steps of a table's life, and what each of them consumes."""

    office: Office
    meter: Meter

    def audit(self, seen: Iterable[Evaluation]) -> Units:
        for it in seen:
            self.office.audit(it)
        return self.meter.taken()

    def hand_on(self, now: datetime) -> Units:
        """What the stream has, in the batches of its mapping."""
        records = self.office.stream()
        for start in range(0, len(records), IN_ONE_BATCH):
            self.office.hand_on(now, records[start : start + IN_ONE_BATCH])
        if records:
            self.office.read_up_to = int(records[-1]["dynamodb"]["SequenceNumber"])
        return self.meter.taken()

    def tell(self, now: datetime) -> Units:
        """What a minute later and at the digest's hour take more than a tick with nothing to tell does."""
        told = self.minute(now + timedelta(minutes=1)) + self.minute(now + timedelta(hours=2))
        return told + self.minute(now + timedelta(hours=3)) * -2

    def minute(self, now: datetime) -> Units:
        """One run of the tell function."""
        known_channels(self.office.table, ["default"])
        self.office.tell(now)
        return self.meter.taken()

    def day(self, seen: Sequence[Evaluation]) -> Day:
        now = seen[0].evidence_at
        return Day(audit=self.audit(seen), notify=self.hand_on(now), tell=self.tell(now))

    def bytes(self) -> int:
        return stored(self.office.store.items().values())


@contextmanager
def new_table() -> Iterator[Measured]:
    """An empty table on a DynamoDB Local of its own, and its meter; moto stands for SNS and EventBridge."""
    own = mock_aws(config={"core": {"mock_credentials": False}})  # DynamoDB Local has a database for each key
    with (
        mock.patch.dict(os.environ, NOBODY),
        own,
        tempfile.TemporaryDirectory() as folder,
        dynamodb_local.running(Path(folder, "log")) as endpoint,
    ):
        store = Store(endpoint=endpoint, name="findings")
        client = store.table.meta.client
        make_table(client, store.name)
        stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        client.update_table(TableName=store.name, StreamSpecification=stream)
        office = Office(store=store)
        yield Measured(office=office, meter=Meter(beside=store.connect()).mount(office.table))


def found() -> Evaluation:
    """What a made-up account has wrong, well mixed."""
    files = evidence(users=1500, with_key=900, roles=600, policies=300)
    seen = evaluate(snapshot(decode(files, NOW).evidence, strict=True), CATALOGUE.values())
    return replace(seen, findings=tuple(sorted(seen.findings, key=lambda it: it.id)))


def look(base: Evaluation, findings: slice, day: int, account: int = 0) -> Evaluation:
    """An account's audit of that day, which finds these of the findings."""
    owner, at = Owner(account=f"{account:012d}", partition="aws"), NOW + timedelta(days=day)
    ours = (replace(it, owner=owner, id=finding_id(owner, it.check, it.uid, it.id)) for it in base.findings[findings])
    return replace(
        base,
        owner=owner,
        evidence_at=at,
        findings=tuple(replace(it, evidence_at=at) for it in ours),
        examined={check: replace(it, as_of=at) for check, it in base.examined.items()},
    )


def say(step: str, by: str, units: Units) -> None:
    print(f"{step:<28}{by:<8}{units.table:>10,.0f}{units.indexes:>10,.0f}{units.reads:>10,.1f}")


def one_account(base: Evaluation) -> None:
    """A large account: its first audit, a day without change, and one on which 2 % change."""
    print(f"{'request units':<36}{'table':>10}{'indexes':>10}{'reads':>10}")
    half = LARGE // 100  # mended, and as many others broke
    steps = {
        f"first audit, {LARGE:,} findings": slice(LARGE),
        "no change": slice(LARGE),
        f"{2 * half} of {LARGE:,} changed": slice(half, LARGE + half),
    }
    with new_table() as table:
        for number, (step, findings) in enumerate(steps.items()):
            day = table.day([look(base, findings, number)])
            for by, units in {"audit": day.audit, "notify": day.notify, "tell": day.tell}.items():
                say(step, by, units)
        say("a minute with nothing", "tell", table.minute(NOW + timedelta(days=3)))
        meter = table.meter
    print(
        f"outside of transactions: computed {meter.computed:,.0f}, DynamoDB Local says {meter.reported:,.0f} writes\n"
    )


def fleet(base: Evaluation) -> None:
    """A month of many accounts, from two days of some."""
    moved = [CHANGED[number % len(CHANGED)] for number in range(SAMPLE)]
    with new_table() as table:
        table.day([look(base, slice(FINDINGS), 0, number) for number in range(SAMPLE)])
        before = table.bytes()
        second = [look(base, slice(gone, FINDINGS + new), 1, n) for n, (gone, new) in enumerate(moved)]
        day = table.day(second)
        grown = table.bytes() - before
        tick = table.minute(NOW + timedelta(days=3))
    share = sum(map(sum, moved)) / SAMPLE / FINDINGS
    print(f"{ACCOUNTS:,} accounts with {FINDINGS} open findings, {share:.0%} of them changing a day, for {DAYS} days:")
    month = {
        "audit": day.audit * (DAYS * ACCOUNTS / SAMPLE),
        "notify": day.notify * (DAYS * ACCOUNTS / SAMPLE),
        "tell": day.tell * (DAYS * ACCOUNTS / SAMPLE),
        "its minutes": tick * (DAYS * TICKS_A_DAY),
    }
    for by, units in month.items():
        dollars = _dollars(units)
        print(f"  {by:<14}{units.writes / 1e6:8.1f} M writes{units.reads / 1e6:8.1f} M reads{dollars:10.2f} $")
    storage = (before + grown * KEPT_DAYS) * ACCOUNTS / SAMPLE / GB
    print(f"  {'storage':<14}{storage:8.1f} GB after {KEPT_DAYS} days{storage * DOLLARS_PER_GB_MONTH:19.2f} $")
    total = sum(map(_dollars, month.values())) + storage * DOLLARS_PER_GB_MONTH
    print(f"  {'together':<45}{total:11.2f} $ a month (list prices; check them)")


def _dollars(units: Units) -> float:
    return (units.writes * DOLLARS_PER_MILLION_WRITES + units.reads * DOLLARS_PER_MILLION_READS) / 1e6


def main() -> None:
    """Print the figures."""
    base = found()
    one_account(base)
    fleet(base)


if __name__ == "__main__":
    main()
