"""The daily digest: when it is due, whom it reminds of which exceptions, and what has been open longest."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from botocore.exceptions import ClientError

from auditor.aws.daily import LONGEST_OPEN, LOOKED_THROUGH, MISSED_DAYS, Daily
from auditor.aws.findings_table import FindingsTable
from auditor.aws.items import finding_item
from auditor.aws.runs_table import RunsTable
from auditor.core.check import Severity
from auditor.core.decide import end_exception, excuse, make_exception, miss
from auditor.core.exceptions import ANY, ENDING, ExceptionRule, Rules
from auditor.core.life import NOT_AUDITED, Event, Record
from auditor.core.model import Membership, Owner
from auditor.core.roster import Run
from auditor.core.telling import DEFAULT_CHANNEL, Bundle, Channel, Gap, Kind, News
from auditor.render.letter import Letter
from tests.aws.conftest import Store
from tests.build import ACCOUNT, NOW, OWNER, ago, evaluation, exception_rule, finding, record

OTHER = Owner(account="999988887777", partition="aws")
THIRD = Owner(account="444455556666", partition="aws")
PAYMENTS = Channel(name="payments", accounts=frozenset({OTHER.account}))
IDENTITY = Channel(name="identity", tags={"team": "identity"})
UTC_ZONE = ZoneInfo("UTC")
QUIET_DAY = Bundle(kind=Kind.DIGEST, day="default 2026-11-20")


def daily(store: Store | None = None, **fields: Any) -> Daily:
    made = Daily(
        table=store.table if store else None,
        channels=(Channel(name=DEFAULT_CHANNEL), PAYMENTS, IDENTITY),
        exceptions=(),
        hour=8,
        zone=UTC_ZONE,
        quiet=False,
    )
    return replace(made, **fields)


# --- when ---------------------------------------------------------------------------------------------------------


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "last", "due"),
    [
        ("2026-11-20 07:59:59", None, None),
        ("2026-11-20 08:00:00", None, "2026-11-20"),
        ("2026-11-20 23:59:59", None, "2026-11-20"),
        ("2026-11-20 08:00:00", "2026-11-19", "2026-11-20"),
        ("2026-11-20 08:01:00", "2026-11-20", None),
        ("2026-11-21 00:00:00", "2026-11-20", None),
        ("2026-11-21 08:00:00", "2026-11-20", "2026-11-21"),
        ("2026-12-24 08:00:00", "2026-11-20", "2026-12-24"),
        ("2027-01-01 08:00:00", "2026-12-31", "2027-01-01"),
        ("2026-11-20 08:00:00", "2026-11-21", None),
    ],
)
def test_digest_is_due_from_its_hour_on_once_a_day(now: str, last: str | None, due: str | None) -> None:
    assert daily().due(at(now), last) == (due and date.fromisoformat(due))


@pytest.mark.parametrize(
    ("zone", "before", "from_then_on", "day"),
    [
        ("Europe/Berlin", "2026-11-20 06:59", "2026-11-20 07:00", "2026-11-20"),
        ("Europe/Berlin", "2026-07-20 05:59", "2026-07-20 06:00", "2026-07-20"),
        ("Asia/Kolkata", "2026-11-20 02:29", "2026-11-20 02:30", "2026-11-20"),
        ("Pacific/Kiritimati", "2026-11-19 17:59", "2026-11-19 18:00", "2026-11-20"),
        ("Pacific/Honolulu", "2026-11-20 17:59", "2026-11-20 18:00", "2026-11-20"),
    ],
)
def test_hour_and_day_are_those_of_the_time_zone(zone: str, before: str, from_then_on: str, day: str) -> None:
    it = daily(zone=ZoneInfo(zone))
    yesterday = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    assert it.due(at(before), yesterday) is None
    assert it.due(at(from_then_on), yesterday) == date.fromisoformat(day)


def digests(hour: int, start: datetime, end: datetime) -> Iterator[datetime]:
    """The local times of the digests in between, if somebody looks every quarter of an hour."""
    zone = ZoneInfo(str(start.tzinfo))
    it, last, now = daily(zone=zone, hour=hour), None, start.astimezone(UTC)
    while now < end:
        if day := it.due(now, last):
            last = day.isoformat()
            yield now.astimezone(zone)
        now += timedelta(minutes=15)


@pytest.mark.parametrize("hour", [0, 1, 2, 3, 8, 23])
@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Europe/Berlin", "2026-03-26"),
        ("Europe/Berlin", "2026-10-22"),
        ("America/St_Johns", "2026-03-05"),
        ("America/St_Johns", "2026-10-29"),
        ("Australia/Lord_Howe", "2026-10-01"),
        ("America/Santiago", "2026-09-03"),
    ],
)
def test_every_day_has_one_digest_also_when_the_clocks_change(zone: str, start: str, hour: int) -> None:
    """An hour that the clocks skip is made up for at once, and one that comes twice counts once."""
    first = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone))
    told = list(digests(hour, first, first + timedelta(days=7)))
    assert [it.date() for it in told] == [first.date() + timedelta(days=number) for number in range(7)]
    assert {it.hour for it in told} <= {hour, hour + 1}
    assert sum(it.hour == hour for it in told) >= 6


# --- exceptions that end ------------------------------------------------------------------------------------------


def reminded(letter: Letter | None) -> list[str]:
    """The ids of the exceptions that a letter tells of."""
    lines = [line for section in letter.sections for line in section.lines] if letter else []
    return [found for line in lines for found in re.findall(r"x-[0-9a-f]{12}", line)]


def put(store: Store, rule: ExceptionRule, owner: Owner = OWNER) -> None:
    FindingsTable(table=store.table).amend(owner, lambda known: make_exception(known, rule, Rules(), NOW))


def kept(store: Store, rule: ExceptionRule, where: str) -> Daily:
    """Where the rule is in the file, or in the table."""
    if where == "file":
        return daily(store, exceptions=(rule,))
    put(store, rule)
    return daily(store)


def days_reminded(it: Daily, rule: ExceptionRule, told: Iterable[datetime]) -> list[int]:
    """How many days before its end the rule is reminded of, if digests are due at those times."""
    since, days = None, []
    for now in told:
        letter = it.compose(DEFAULT_CHANNEL, QUIET_DAY, now, since)
        if letter:
            since = now
            assert reminded(letter) == [rule.id]
            days.append((rule.until - now.date()).days)
    return days


WHERE = pytest.mark.parametrize("where", ["file", "table"])


@WHERE
def test_exception_is_reminded_of_at_each_step_once(store: Store, where: str) -> None:
    rule = exception_rule(ends=17)
    every_day = [NOW + timedelta(days=number) for number in range(20)]
    assert days_reminded(kept(store, rule, where), rule, every_day) == list(ENDING) == [14, 7, 1]


@WHERE
def test_reminders_of_missed_days_are_made_up_for_together(store: Store, where: str) -> None:
    rule = exception_rule(ends=17)
    told = [NOW + timedelta(days=number) for number in (0, 3, 12, 13, 17, 18)]
    assert days_reminded(kept(store, rule, where), rule, told) == [14, 5, 0]


@WHERE
@pytest.mark.parametrize(("ends", "told"), [(0, False), (1, True), (2, False), (7, True), (8, False), (14, True)])
def test_first_digest_reminds_of_its_own_day(store: Store, where: str, ends: int, *, told: bool) -> None:
    rule = exception_rule(ends=ends)
    assert reminded(kept(store, rule, where).compose(DEFAULT_CHANNEL, QUIET_DAY, NOW, None)) == [rule.id] * told


@WHERE
def test_exception_that_has_ended_meanwhile_is_not_reminded_of(store: Store, where: str) -> None:
    it = kept(store, exception_rule(ends=-1), where)
    assert it.compose(DEFAULT_CHANNEL, QUIET_DAY, NOW, ago(5)) is None


@WHERE
def test_digest_after_a_long_silence_reminds_of_all_that_end_soon(store: Store, where: str) -> None:
    rules = [exception_rule(ends=ends) for ends in range(-1, max(ENDING) + 2)]
    if where == "table":
        for rule in rules:
            put(store, rule)
    it = daily(store, exceptions=tuple(rules) if where == "file" else ())
    letter = it.compose(DEFAULT_CHANNEL, QUIET_DAY, NOW, ago(MISSED_DAYS + 300))
    assert reminded(letter) == [rule.id for rule in rules[1:-1]]


def test_missed_digest_of_long_ago_costs_no_more_than_two_weeks(store: Store) -> None:
    due = exception_rule(ends=1)
    put(store, due)
    asked: list[str] = []
    table = store.connect()
    table.meta.client.meta.events.register("before-call.dynamodb.Query", lambda **_: asked.append("query"))
    letter = daily(table=table).compose(DEFAULT_CHANNEL, QUIET_DAY, NOW, ago(300))
    assert reminded(letter) == [due.id]
    assert len(asked) <= MISSED_DAYS * len(ENDING) + len(Severity) + 2


def test_two_digests_of_one_utc_day_remind_once(store: Store) -> None:
    """Where the clocks change, a day's digest may come at 00:30 and the next one at 23:30 of the same day in UTC."""
    rule = exception_rule(ends=7)
    put(store, rule)
    early, late = at("2026-11-20 00:30"), at("2026-11-20 23:30")
    assert days_reminded(daily(store), rule, [early, late, late + timedelta(days=1)]) == [7]


def test_exception_in_the_file_and_in_the_table_is_one(store: Store) -> None:
    rule = exception_rule(ends=7)
    put(store, rule)
    letter = daily(store, exceptions=(rule,)).compose(DEFAULT_CHANNEL, QUIET_DAY, NOW, ago(1))
    assert reminded(letter) == [rule.id]


def test_exception_that_was_taken_back_is_not_reminded_of(store: Store) -> None:
    rule = exception_rule(ends=7)
    put(store, rule)
    FindingsTable(table=store.table).amend(OWNER, lambda known: end_exception(known, rule.id, Rules(), NOW))
    assert daily(store).compose(DEFAULT_CHANNEL, QUIET_DAY, NOW, ago(1)) is None


def test_those_that_end_first_are_reminded_of_first(store: Store) -> None:
    late, soon, filed = exception_rule(ends=14), exception_rule(ends=1), exception_rule(ends=7)
    put(store, late)
    put(store, soon)
    letter = daily(store, exceptions=(filed,)).compose(DEFAULT_CHANNEL, QUIET_DAY, NOW, ago(1))
    assert reminded(letter) == [soon.id, filed.id, late.id]


def test_channel_is_reminded_of_the_exceptions_of_its_accounts(store: Store) -> None:
    known = replace(evaluation(), owner=THIRD, membership=Membership(name="sso", tags={"team": "identity"}))
    FindingsTable(table=store.table).record(known)
    rules = {
        DEFAULT_CHANNEL: exception_rule(ends=7),
        "payments": exception_rule(ends=7, account=OTHER.account),
        "identity": exception_rule(ends=7, account=THIRD.account),
    }
    for owner, rule in zip((OWNER, OTHER, THIRD), rules.values(), strict=True):
        put(store, rule, owner)
    anywhere = exception_rule(ends=7, account=ANY)
    filed = exception_rule(ends=1, account=THIRD.account)
    it = daily(store, exceptions=(anywhere, filed))
    told = {name: set(reminded(it.compose(name, QUIET_DAY, NOW, ago(1)))) for name in (*rules, "gone")}
    assert told == {
        DEFAULT_CHANNEL: {rules[DEFAULT_CHANNEL].id, anywhere.id},
        "payments": {rules["payments"].id},
        "identity": {rules["identity"].id, filed.id},
        "gone": set(),
    }


# --- what is open longest -----------------------------------------------------------------------------------------


def opened(store: Store, age: float, severity: Severity, uid: str, owner: Owner = OWNER) -> str:
    """Put a finding of that age into the table; its id."""
    it = record(finding(uid, severity=severity, owner=owner, id=f"id-{uid}"), age=age)
    written(store, it)
    return it.finding.id


def written(store: Store, it: Record) -> None:
    store.table.put_item(Item=finding_item(it))


def longest(it: Daily, channel: str = DEFAULT_CHANNEL) -> list[str]:
    """The ids that a digest without news names as open longest."""
    letter = replace(it, quiet=True).compose(channel, QUIET_DAY, NOW, ago(1))
    assert letter
    lines = [line for section in letter.sections for line in section.lines]
    return [found for line in lines for found in re.findall(r"\bid-\w+", line)]


def test_most_severe_come_first_and_of_those_the_oldest(store: Store) -> None:
    low = opened(store, 400, Severity.LOW, "low")
    young = opened(store, 1, Severity.CRITICAL, "young")
    old = opened(store, 30, Severity.CRITICAL, "old")
    high = opened(store, 90, Severity.HIGH, "high")
    assert longest(daily(store)) == [old, young, high, low]


def test_digest_names_five_that_are_open_longest(store: Store) -> None:
    ids = [opened(store, age, Severity.HIGH, f"a{age}") for age in range(9)]
    assert longest(daily(store)) == ids[: -1 - LONGEST_OPEN : -1]


def test_what_is_resolved_or_accepted_is_not_open(store: Store) -> None:
    still = opened(store, 3, Severity.LOW, "still")
    accepted = opened(store, 9, Severity.CRITICAL, "accepted")
    written(store, record(finding(id="id-gone", severity=Severity.CRITICAL), Event.RESOLVED, age=9))
    assert longest(daily(store)) == [accepted, still]
    put(store, exception_rule(resource="accepted"))
    assert longest(daily(store)) == [still]


def test_what_was_resolved_since_the_index_was_written_is_not_open(store: Store) -> None:
    it = record(finding(id="id-gone"))
    written(store, it)
    store.table.update_item(
        Key={"pk": f"A#aws#{ACCOUNT}", "sk": "F#id-gone"},
        UpdateExpression="SET #status = :resolved, standing = :resolved",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":resolved": "RESOLVED"},
    )
    assert longest(daily(store)) == []


def test_channel_hears_of_what_is_open_in_its_own_accounts(store: Store) -> None:
    mine = opened(store, 1, Severity.LOW, "mine")
    for number in range(LONGEST_OPEN + 1):
        opened(store, 30 + number, Severity.CRITICAL, f"theirs{number}", OTHER)
    assert longest(daily(store)) == [mine]
    assert longest(daily(store), "payments") == [f"id-theirs{number}" for number in (5, 4, 3, 2, 1)]
    assert longest(daily(store), "identity") == []


def test_not_more_findings_are_looked_through_than_it_says(store: Store) -> None:
    with store.table.batch_writer() as batch:
        for number in range(LOOKED_THROUGH):
            theirs = record(finding(f"t{number}", owner=OTHER, id=f"id-t{number}"), age=30)
            batch.put_item(Item=finding_item(theirs))
    opened(store, 1, Severity.HIGH, "beyond")
    within = opened(store, 1, Severity.LOW, "within")
    assert longest(daily(store)) == [within]


# --- accounts that are not audited --------------------------------------------------------------------------------


def missed(store: Store, owner: Owner = OWNER, reason: str = "AccessDenied", age: float = 1) -> None:
    FindingsTable(table=store.table).amend(owner, lambda known: miss(known, ago(age), reason))


def gone_missing(owner: Owner = OWNER, reason: str = "AccessDenied") -> News:
    gap = Gap(check=NOT_AUDITED, reason=reason)
    return News(key=f"G#{owner.account}#{reason}", owner=owner, queued_at=NOW, gap=gap)


def sections(letter: Letter | None) -> dict[str, tuple[str, ...]]:
    return {it.title: it.lines for it in letter.sections} if letter else {}


def ran(store: Store, **fields: Any) -> None:
    known = Run(clock=ago(1), planned=3, finished=True)
    RunsTable(table=store.table, partition="aws").put(replace(known, **fields))


def test_each_channel_hears_of_its_own_accounts_that_are_not_audited(store: Store) -> None:
    known = replace(evaluation(age=3), owner=THIRD, membership=Membership(name="sso", tags={"team": "identity"}))
    FindingsTable(table=store.table).record(known)
    for owner in (OWNER, OTHER, THIRD):
        missed(store, owner)
    told = {
        name: sections(daily(store, quiet=True).compose(name, QUIET_DAY, NOW, ago(1)))
        for name in (DEFAULT_CHANNEL, "payments", "identity")
    }
    assert told == {
        DEFAULT_CHANNEL: {"Not audited (1)": (f"{ACCOUNT}: AccessDenied",)},
        "payments": {"Not audited (1)": (f"{OTHER.account}: AccessDenied",)},
        "identity": {"Not audited (1)": (f"{THIRD.account} (sso): AccessDenied",)},
    }


def test_accounts_that_are_not_audited_are_no_reason_for_a_digest_and_in_each(store: Store) -> None:
    missed(store)
    assert daily(store).compose(DEFAULT_CHANNEL, QUIET_DAY, NOW, ago(1)) is None
    for part in (1, 2):
        bundle = replace(QUIET_DAY, news=(NEWS["a transition"],))
        letter = daily(store).compose(DEFAULT_CHANNEL, bundle, NOW, ago(1), part)
        assert letter
        assert letter.headline.startswith("Digest of 2026-11-20: 1 account not audited, 1 new in")
        assert letter.sections[0].title == "Not audited (1)"


def test_after_a_week_without_a_digest_accounts_that_are_not_audited_are_a_reason_for_one(store: Store) -> None:
    assert daily(store).compose(DEFAULT_CHANNEL, QUIET_DAY, NOW, ago(7)) is None
    missed(store)
    assert daily(store).compose(DEFAULT_CHANNEL, QUIET_DAY, NOW, ago(6.9)) is None
    assert sections(daily(store).compose(DEFAULT_CHANNEL, QUIET_DAY, NOW, ago(7))) == {
        "Not audited (1)": (f"{ACCOUNT}: AccessDenied",)
    }


def test_account_that_is_not_audited_any_more_is_told_as_new(store: Store) -> None:
    missed(store)
    missed(store, THIRD)
    letter = daily(store).compose(DEFAULT_CHANNEL, replace(QUIET_DAY, news=(gone_missing(),)), NOW, ago(1))
    assert sections(letter) == {
        "Not audited (2)": (f"new: {ACCOUNT}: AccessDenied", f"{THIRD.account}: AccessDenied"),
    }


def test_account_that_need_not_be_audited_meanwhile_is_no_news(store: Store) -> None:
    missed(store)
    FindingsTable(table=store.table).amend(OWNER, excuse)
    bundle = replace(QUIET_DAY, news=(gone_missing(), gone_missing(OTHER)))
    assert daily(store).compose(DEFAULT_CHANNEL, bundle, NOW, ago(1)) is None


def test_account_of_which_only_its_header_says_so_yet_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index is a moment behind."""
    missed(store)
    monkeypatch.setattr(RunsTable, "not_audited", lambda _: [])
    letter = daily(store).compose(DEFAULT_CHANNEL, replace(QUIET_DAY, news=(gone_missing(),)), NOW, ago(1))
    assert sections(letter) == {"Not audited (1)": (f"new: {ACCOUNT}: AccessDenied",)}


RUNS: dict[str, tuple[dict[str, Any], str]] = {
    "failed": ({"error": "RosterError: no"}, "the last run failed"),
    "failed and not finished": ({"error": "RosterError: no", "finished": False}, "the last run failed"),
    "broken off": ({"finished": False}, "the last run has not finished"),
}


@pytest.mark.parametrize(("run", "words"), RUNS.values(), ids=RUNS)
def test_run_that_failed_is_told_on_the_default_channel_whatever_else_there_is(
    store: Store, run: dict[str, Any], words: str
) -> None:
    ran(store, clock=ago(2))
    ran(store, **run)
    letter = daily(store).compose(DEFAULT_CHANNEL, QUIET_DAY, NOW, ago(1))
    assert letter
    assert letter.headline == f"Digest of 2026-11-20: {words}"
    assert daily(store).compose("payments", QUIET_DAY, NOW, ago(1)) is None
    assert daily(store).compose(DEFAULT_CHANNEL, QUIET_DAY, NOW, ago(1), 2) is None


@pytest.mark.parametrize(
    "run",
    [{}, {"not_audited": 2}, {"finished": False, "clock": NOW - timedelta(hours=23)}],
    ids=["whole", "missed some", "goes on"],
)
def test_run_that_has_not_failed_is_not_told(store: Store, run: dict[str, Any]) -> None:
    ran(store, clock=ago(2), error="then")
    ran(store, **run)
    assert daily(store).compose(DEFAULT_CHANNEL, QUIET_DAY, NOW, ago(1)) is None


def test_thousand_accounts_are_read_without_their_headers(store: Store) -> None:
    for number in range(30):
        missed(store, Owner(account=f"{int(ACCOUNT) + number}", partition="aws"))
    asked: list[Any] = []
    table = store.connect()
    for name in ("Query", "BatchGetItem"):
        table.meta.client.meta.events.register(f"before-call.dynamodb.{name}", lambda model, **_: asked.append(model))
    letter = daily(table=table, quiet=True).compose(DEFAULT_CHANNEL, QUIET_DAY, NOW, NOW)
    assert [it.name for it in asked] == ["Query"] * (2 + len(Severity))
    assert [len(it) for it in sections(letter).values()] == [1]


# --- whether there is anything to tell ----------------------------------------------------------------------------


NEWS = {
    "a transition": News(key="1", owner=OWNER, queued_at=NOW, record=record(finding())),
    "a gap": News(key="2", owner=OWNER, queued_at=NOW, gap=Gap(check="unused-role", reason="AccessDenied")),
}


@pytest.mark.parametrize("news", NEWS.values(), ids=NEWS)
def test_news_are_told_with_what_is_open_longest(store: Store, news: News) -> None:
    still = opened(store, 9, Severity.HIGH, "still")
    bundle = replace(QUIET_DAY, news=(news,))
    letter = daily(store).compose(DEFAULT_CHANNEL, bundle, NOW, ago(1))
    assert letter
    assert (letter.kind, letter.id, letter.accounts) == (Kind.DIGEST, bundle.id, (ACCOUNT,))
    assert longest(daily(store)) == [still]


def test_day_without_news_and_reminders_is_not_told_whatever_is_open(store: Store) -> None:
    opened(store, 400, Severity.CRITICAL, "old")
    put(store, exception_rule(ends=8))
    assert daily(store).compose(DEFAULT_CHANNEL, QUIET_DAY, NOW, ago(1)) is None


def test_deployment_that_wants_to_hear_of_quiet_days_does(store: Store) -> None:
    letter = daily(store, quiet=True).compose("payments", QUIET_DAY, NOW, None)
    assert letter
    assert (letter.severity, letter.accounts, reminded(letter)) == (Severity.INFO, (), [])


def test_table_that_is_not_there_is_an_error(store: Store) -> None:
    store.table.delete()
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        daily(store).compose(DEFAULT_CHANNEL, QUIET_DAY, NOW, None)
