"""Whatever happens on the way, the table, the history and what is told are those of an undisturbed run."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from moto import mock_aws

from auditor.core.check import Severity
from tests.aws import dynamodb_local
from tests.aws.conftest import OWN_CREDENTIALS, NewStore, new_store_at
from tests.aws.faults import Crash, CrashError, Faults
from tests.aws.office import LAYER, Office, minutes
from tests.aws.template import TableDefinition
from tests.build import NOW, ago, evaluation, finding, skip

CHECK = "stale-access-key"
OTHER = "unused-role"
RUNS_WITH_FAULTS = 200
PARTS = 5
FEWEST_CALLS = 3
LATER = minutes(4)
"""When the schedule, or the stream, tries again: after the lease of whoever crashed."""

FIRST = evaluation(
    *(finding("fixed"), finding("changes"), finding("stays", severity=Severity.CRITICAL)),
    finding("role", OTHER, severity=Severity.LOW),
    age=1,
)
SECOND = replace(
    evaluation(
        *(finding("changes", evidence={"created": "later"}), finding("stays", severity=Severity.CRITICAL)),
        *(finding("new", severity=Severity.CRITICAL), finding("small", severity=Severity.LOW)),
        looked_at={CHECK: ("fixed",)},
    ),
    skipped=(skip(check=OTHER),),
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What must be the same: the accounts, the history, what machines and people were told, what still waits."""

    accounts: dict[Any, Any]
    history: dict[Any, Any]
    machines: set[str]
    letters: dict[str, set[str]]
    waiting: list[Any]


def outcome(office: Office) -> Outcome:
    history = {key: {k: v for k, v in it.items() if k != "handed_on"} for key, it in office.items("H#").items()}
    untold = [key for key, it in office.items("H#").items() if it["item"] == "history" and "handed_on" not in it]
    kept = office.items("C#")
    letters = {it["letter"]: set(it["delivered"]) for it in kept.values() if it["item"] == "letter"}
    sent = {topic: set(office.letter_ids()) for topic in ("chat",)}
    assert sent["chat"] == set(letters)
    return Outcome(
        accounts=office.items("A#"),
        history=history,
        machines=set(office.machine_ids()),
        letters=letters,
        waiting=[*untold, *(key for key in kept if key[1].startswith(("Q#", "P#")))],
    )


def first_day(office: Office) -> Office:
    """An account whose first audit was told the day before."""
    office.audit(FIRST)
    office.hand_on(ago(1) + minutes(1))
    office.tell(ago(1) + minutes(3))
    office.tell(ago(1) + timedelta(hours=20))
    return office


@contextmanager
def disturbed(by: Crash | Faults) -> Iterator[None]:
    LAYER.by = by
    try:
        yield
    finally:
        LAYER.by = None


Step = tuple[datetime, Callable[[Office, datetime], object]]
STEPS: list[Step] = [
    (NOW, lambda office, _: office.audit(SECOND)),
    (NOW + minutes(1), lambda office, now: office.hand_on(now)),
    (NOW + minutes(150), lambda office, now: office.tell(now)),
    (NOW + timedelta(hours=30), lambda office, now: office.tell(now)),
]
"""Audit, stream, then what the minute brings: the alert and the day's digest; a day later the escalation."""


def repeated(office: Office, step: Step) -> None:
    """As its trigger does: again, some minutes later, until it is done."""
    moment, work = step
    for attempt in range(100):
        try:
            done = work(office, moment + attempt * LATER)
        except (CrashError, ClientError, BotoCoreError):
            continue
        if not (getattr(done, "stopped_at", None) or getattr(done, "undelivered", ())):
            return
    pytest.fail("it was never done")


def undisturbed(new_store: NewStore) -> Outcome:
    office = first_day(Office(store=new_store()))
    for step in STEPS:
        repeated(office, step)
    return outcome(office)


def test_story_is_the_one_that_is_meant(office: Office) -> None:
    first_day(office)
    for step in STEPS:
        repeated(office, step)
    whole = outcome(office)
    told = [subject.partition(": ")[2] for subject in office.letters()]
    assert told[0] == "first audit, 4 findings"
    assert "1 new" in told
    assert "1 critical finding not acknowledged for 24 hours" in told
    assert sum("Digest of" in subject for subject in office.letters()) == 1
    assert [it for it in whole.waiting if it[1].startswith("P#")] == []
    assert {frozenset(it) for it in whole.letters.values()} == {frozenset({"text", "chat"})}


@pytest.fixture
def new_local_store(table_definition: TableDefinition, tmp_path: Path) -> Iterator[NewStore]:
    """Empty tables on a DynamoDB Local of one's own: it gets slower with every table that had a stream."""
    with dynamodb_local.running(tmp_path / "log") as endpoint, mock_aws(config=OWN_CREDENTIALS):
        yield partial(new_store_at, endpoint, table_definition)


@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
@pytest.mark.parametrize("place", range(len(STEPS)), ids=["audit", "notify", "tell", "tell again"])
def test_process_may_die_at_every_single_call(new_local_store: NewStore, place: int, *, after: bool) -> None:
    """A step is killed at each of its calls in turn, and repeated as its trigger repeats it."""
    wanted = undisturbed(new_local_store)
    # A copy's stream is read: what the audit has put there, only the audit itself can put there.
    kept = place if place > 1 else 0
    known = first_day(Office(store=new_local_store()))
    for step in STEPS[:kept]:
        repeated(known, step)
    number = 0
    while crashed_at(known.copy(new_local_store()), STEPS[kept:], place - kept, number, after=after, wanted=wanted):
        number += 1
    print(f"crash points: {number}")  # noqa: T201
    assert number >= FEWEST_CALLS


def crashed_at(office: Office, steps: Sequence[Step], place: int, number: int, *, after: bool, wanted: Outcome) -> bool:
    """Whether the step has so many calls; if so, it died there, and all ended as wanted."""
    for step in steps[:place]:
        repeated(office, step)
    crash = Crash(number=number, late=after)
    moment, work = steps[place]
    with disturbed(crash):
        try:
            work(office, moment)
        except CrashError:
            pass
        else:
            return False
    for step in ((moment + LATER, work), *steps[place + 1 :]):
        repeated(office, step)
    assert outcome(office) == wanted, f"call {number} ({crash.calls[-1]})"
    twice = [*office.machine_ids().values(), *office.letter_ids().values()]
    assert sum(it - 1 for it in twice) <= len(wanted.machines)
    assert sum(it - 1 for it in office.letter_ids().values()) <= 1
    return True


@pytest.mark.parametrize("part", range(PARTS))
def test_every_tenth_call_may_fail(new_local_store: NewStore, part: int) -> None:
    """Throttled, broken, reset, timed out or lost: by a seed, in two hundred runs, without botocore's own retries."""
    wanted = undisturbed(new_local_store)
    known = first_day(Office(store=new_local_store()))
    injected = calls = 0
    for seed in range(part, RUNS_WITH_FAULTS, PARTS):
        office = known.copy(new_local_store())
        faults = Faults(seed=seed)
        office.attempts = 1  # with botocore's own repetitions, one fault in ten would hardly ever be felt
        with disturbed(faults):
            for step in STEPS:
                repeated(office, step)
        assert outcome(office) == wanted, f"seed {seed}: {faults.injected}"
        injected, calls = injected + faults.injected.total(), calls + faults.calls
    print(f"faults: {injected} in {calls} calls of {RUNS_WITH_FAULTS // PARTS} runs")  # noqa: T201
    assert injected > RUNS_WITH_FAULTS / PARTS
