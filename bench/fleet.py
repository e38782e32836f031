"""A run over 1,000 made-up accounts through the real functions, and from what it takes, runs over 10,000 and 100,000.

Measured: the plan, the audits and the summary of three days, with an account of each size really gathered and judged;
all other accounts of that size say the same under their own ids, with 2 % of their findings changed on the third day.
Of these findings a share is left that an account may have which is looked after. Computed: how long that takes on
Lambda, at AWS's limits, and what it costs. On two idle cores it takes about eight minutes.
"""

import json
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import mean, median
from typing import Any

from auditor.aws.items import header_item
from auditor.core.life import Header, Run
from auditor.core.model import Owner
from bench.accounts import NOW
from bench.fleet_accounts import SIZES, Size, size_of
from bench.fleet_limits import CALL_SECONDS, REGIONS_AT_ONCE, VCPU, WRITES_A_PARTITION, Cost
from bench.fleet_table import Partition
from bench.fleet_world import Asked, Taken, World, machine, running
from bench.meter import Units, stored
from tests.aws.wire import new_session

ACCOUNTS, SIZES_OF_PLANS, PROJECTED = 1000, (100, 1000, 10_000), (1000, 10_000, 100_000)
REACHED = 0.8
"""Of the accounts, on the third day: then the run breaks off, and the summary marks the others."""


@dataclass(frozen=True, kw_only=True)
class Audited:
    """One account's audit."""

    account: str
    findings: int
    transitions: int
    taken: Taken


@dataclass(frozen=True, kw_only=True)
class Day:
    """A run: its functions, and the writes by partition."""

    planned: Taken
    audits: list[Audited]
    summed: Taken
    hot: Counter[Partition]
    transactions: int
    missed: int

    @property
    def units(self) -> Units:
        """Of an audit, on the average."""
        return sum((it.taken.units for it in self.audits), Units()) * (1 / len(self.audits))


def a_day(world: World, day: int, reached: float = 1) -> Day:
    """Plan, audit the share of accounts that is reached, and sum up."""
    world.day = day
    world.mirror.taken()
    before = world.mirror.transactions
    planned, plan = world.plan()
    items = json.loads(world.stored(planned["key"]))
    audits = [_audited(world, it, planned) for it in items[: int(len(items) * reached)]]
    hot = world.mirror.taken()
    outcome, summed = world.summarise(planned["run"], "" if reached == 1 else "States.Timeout: the run broke off")
    missed = len(items) - len(audits)
    assert (outcome["planned"], outcome["audited"]) == (len(items), len(audits)), outcome  # noqa: S101
    assert outcome["not_audited"] == missed, outcome  # noqa: S101
    transactions = world.mirror.transactions - before
    return Day(planned=plan, audits=audits, summed=summed, hot=hot, transactions=transactions, missed=missed)


def _audited(world: World, item: dict[str, Any], planned: dict[str, Any]) -> Audited:
    outcome, taken = world.audit(item, planned)
    account = item["account"]
    return Audited(account=account, findings=outcome["findings"], transitions=outcome["transitions"], taken=taken)


# The plan, by the number of accounts.


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What planning and summing up took, the organization's accounts being known from the day before."""

    accounts: int
    plan: Taken
    summary: Taken
    organization: int
    items: int
    memory: int = 0


def growth(endpoint: str, folder: Path) -> Iterator[Planned]:
    for accounts in SIZES_OF_PLANS:
        with running(endpoint, folder, accounts) as world:
            table = new_session().resource("dynamodb", endpoint_url=endpoint).Table(world.table)
            with table.batch_writer() as batch:
                for it in world.organization.ids:
                    batch.put_item(Item=_header(it))
            outcome, plan = world.plan()
            memory = _peak(world.plan) if accounts == ACCOUNTS else 0
            sizes = [len(world.stored(f"{outcome['run']}/{it}.json")) for it in ("organization", "items")]
            with table.batch_writer() as batch:
                for it in world.organization.ids:
                    batch.put_item(Item=_header(it, later=timedelta(days=1)))
            _, summary = world.summarise(outcome["run"])
        told = {"organization": sizes[0], "items": sizes[1], "memory": memory}
        yield Planned(accounts=accounts, plan=plan, summary=summary, **told)


def _peak(work: Callable[[], object]) -> int:
    """The bytes that the work holds at most; being watched makes it slow."""
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def _header(account: str, later: timedelta = timedelta()) -> dict[str, Any]:
    at = NOW - timedelta(days=1) + later
    run = Run(evidence_at=at, findings=60, transitions=1, skipped=0)
    header = Header(evidence_at=at, open={"HIGH": 20, "LOW": 40}, runs=(run,), version=1)
    return header_item(Owner(account=account, partition="aws"), header)


def say_growth(plans: Sequence[Planned]) -> None:
    print(f"\n{'for so many accounts':<34}" + "".join(f"{it.accounts:>12,}" for it in plans) + f"{'an account':>14}")
    rows: dict[str, list[float]] = {
        "plan: calls": [it.plan.calls for it in plans],
        "plan: seconds here": [it.plan.seconds for it in plans],
        "plan: read units": [it.plan.units.reads for it in plans],
        "items.json: bytes": [it.items for it in plans],
        "organization.json: bytes": [it.organization for it in plans],
        "summarise: calls": [it.summary.calls for it in plans],
        "summarise: seconds here": [it.summary.seconds for it in plans],
    }
    for name, values in rows.items():
        each = [value / it.accounts for value, it in zip(values, plans, strict=True)]
        ratio = f"{each[-1]:>14.3g} (x{each[-1] / each[1]:.2f})"
        print(f"  {name:<32}" + "".join(f"{value:>12,.1f}" for value in values) + ratio)
    held = max(it.memory for it in plans) / ACCOUNTS
    print(f"  a plan for {ACCOUNTS:,} holds {held / 1e3:,.1f} KB of memory an account at most")
    print("  in brackets: an account of the most against one of a thousand; more than 1 would grow faster than they do")
    size, accounts = plans[-1].organization, plans[-1].accounts
    print(
        f"  but organization.json, which every audit reads, has an entry for each unit: {size / 1e3:,.0f} KB a time,"
        f" {size * accounts / 1e9:.1f} GB in a run over {accounts:,} accounts"
    )


# The accounts.


def on_lambda(asked: Asked, thought: float, rest: float, calls: float) -> float:
    """Seconds of an audit there: the processor's, the waiting for calls, and the pauses."""
    regional = min(asked.regional, calls)
    waiting = (calls - regional + regional / REGIONS_AT_ONCE) * CALL_SECONDS
    return (asked.cpu + thought + rest) / VCPU + waiting + asked.paused


def own_calls(audits: Sequence[Audited], size: Size) -> list[Taken]:
    """What each account of a size took beside being gathered and judged; the first of them was that really."""
    return [it.taken for it in audits if size_of(it.account) is size][1:]


def seconds_of(world: World, day: Day) -> dict[str, float]:
    found = {}
    for size in SIZES:
        asked, taken = world.asked[size.name], own_calls(day.audits, size)
        rest, calls = median(it.cpu for it in taken), median(it.calls for it in taken)
        found[size.name] = on_lambda(asked, world.thought[size.name], rest, asked.daily + calls)
    return found


def say_sizes(world: World, days: Sequence[Day]) -> None:
    first, same, changed = days
    heads = ("of 1,000", "findings", "calls", "daily", "CPU s", "on Lambda", "units", "same", "2 %", "reads")
    print(f"\n{'an account':<10}" + "".join(f"{it:>10}" for it in heads))
    seconds = seconds_of(world, same)
    for size in SIZES:
        taken = [own_calls(day.audits, size) for day in (first, same, changed)]
        own = median(it.calls for it in taken[1])
        asked = world.asked[size.name]
        cpu = asked.cpu + world.thought[size.name] + median(it.cpu for it in taken[0])
        findings = len(world.judged[size.name].findings)
        writes = [mean(it.units.writes for it in some) for some in taken]
        row = (size.of_1000, findings, asked.calls + own, asked.daily + own, cpu, seconds[size.name], *writes)
        reads = mean(it.units.reads for it in taken[1])
        print(f"{size.name:<10}" + "".join(f"{it:>10,.1f}" for it in (*row, reads)))
    print(
        "  measured: findings, calls, CPU (scripted answers, real clients) and request units (first audit, same, 2 %"
        f" changed);\n  computed: on Lambda = CPU at {VCPU:.2f} of a processor, {CALL_SECONDS * 1000:.0f} ms a call"
        f" ({REGIONS_AT_ONCE} Regions at once), and the pauses"
    )


def say_days(days: Sequence[Day]) -> None:
    for number, day in enumerate(days, 1):
        here = [it.taken.seconds for it in day.audits]
        changed = sum(it.transitions for it in day.audits)
        print(
            f"day {number}: plan {day.planned.calls} calls, {day.planned.seconds:.1f} s; {len(day.audits):,} audits"
            f" {sum(here):.0f} s here (median {median(here):.2f}, longest {max(here):.1f}); {changed:,} transitions;"
            f" summary {day.summed.calls} calls, {day.summed.seconds:.1f} s, {day.missed} marked as missed"
        )
    for number, day in enumerate(days, 1):
        top = ", ".join(f"{where}[{key}] {units:,}" for (where, key), units in day.hot.most_common(3))
        print(f"  hottest partitions of day {number}, in write units: {top}")


# What follows.


def cost(world: World, days: Sequence[Day], plans: Sequence[Planned]) -> Cost:
    first, same, changed = days
    seconds = seconds_of(world, same)
    largest = max((it for it in first.audits), key=lambda it: it.findings)
    own = first.hot["table", f"A#aws#{largest.account}"]
    kept = stored(world.mirror.items.values()) + world.mirror.bytes
    day_of_history = world.mirror.bytes * sum(it.transitions for it in changed.audits)
    whole, transitions = plans[-1], sum(it.transitions for day in days for it in day.audits)
    daily = [it.taken for it in same.audits]
    return Cost(
        seconds=sum(seconds[it.name] * it.of_1000 for it in SIZES) / 1000,
        seconds_largest=max(seconds.values()),
        calls=sum(world.asked[it.name].daily * it.of_1000 for it in SIZES) / 1000 + mean(it.calls for it in daily),
        first=first.units,
        daily=changed.units,
        stored=kept / ACCOUNTS,
        stored_a_day=day_of_history / transitions / len(changed.audits),
        puts=mean(it.puts for it in daily),
        put=mean(it.put for it in daily),
        logged=mean(it.logged for it in daily),
        plan_calls=whole.plan.calls / whole.accounts,
        plan_bytes=max(it.memory for it in plans) / ACCOUNTS,
        summarise_seconds=whole.summary.seconds / whole.accounts,
        missed_seconds=changed.summed.seconds / changed.missed,
        hot_first=_hottest(first),
        hot_daily=_hottest(changed),
        largest_writes=own,
        largest_transactions=-(-largest.findings * 2 // 98),
    )


def _hottest(day: Day) -> float:
    """Writes of an account to the index partition that gets most."""
    return max(units for (where, _), units in day.hot.items() if where != "table") / len(day.audits)


def say_projection(each: Cost) -> None:
    print(f"\n{'projected, daily':<34}" + "".join(f"{it:>12,}" for it in PROJECTED) + "  accounts")
    for at_once in (20, 1000):
        hours = [each.duration(it, at_once) / 3600 for it in PROJECTED]
        print(f"  {f'hours with {at_once:,} at once':<32}" + "".join(f"{it:>12,.1f}" for it in hours))
    minutes = [each.plan_seconds(it) / 60 for it in PROJECTED]
    print(f"  {'minutes of these for the plan':<32}" + "".join(f"{it:>12,.1f}" for it in minutes))
    months = [dict(each.month(it)) for it in PROJECTED]
    for service in months[0]:
        print(f"  {f'$ a month: {service}':<32}" + "".join(f"{it[service]:>12,.2f}" for it in months))
    print(f"  {'$ a month':<32}" + "".join(f"{sum(it.values()):>12,.2f}" for it in months))
    print(f"\nwrite units a second of one partition, of {WRITES_A_PARTITION:,} that it takes:")
    for at_once in (20, 1000):
        for where, units in each.hottest(at_once):
            print(f"  {at_once:>5,} at once: {where:<46}{units:>10,.0f}")
    most = WRITES_A_PARTITION * each.seconds / each.hot_first
    print(f"  in a first run an index is what slows it down, from {most:,.0f} audits at once on, whatever their number")
    print("\nwhat breaks, and at how many accounts:")
    for accounts, what in sorted(each.breaks()):
        print(f"  {accounts:>12,.0f}  {what}")


def main() -> None:
    """Print the figures."""
    began, accounts = time.monotonic(), int(sys.argv[1]) if sys.argv[1:] else ACCOUNTS
    with machine() as (endpoint, folder):
        plans = list(growth(endpoint, folder))
        with running(endpoint, folder, accounts) as world:
            world.changes = frozenset({2})
            days = [a_day(world, 0), a_day(world, 1), a_day(world, 2, REACHED)]
            say_days(days)
            say_sizes(world, days)
            say_growth(plans)
            say_projection(cost(world, days, plans))
            meter = world.meter
    print(
        f"\noutside of transactions: computed {meter.computed:,.0f}, DynamoDB Local says {meter.reported:,.0f} writes"
    )
    print(f"this took {(time.monotonic() - began) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
