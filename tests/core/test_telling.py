from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.check import Severity
from auditor.core.life import Acknowledgement, Event, Record, Standing, Status
from auditor.core.model import Membership, Owner
from auditor.core.roster import Run
from auditor.core.telling import (
    DEFAULT_CHANNEL,
    PATIENCE,
    RUN_TAKES,
    SAME_CHANGE,
    SETTLED,
    STORM,
    Bundle,
    Channel,
    Gap,
    Kind,
    News,
    Queue,
    braked,
    bundles,
    escalates,
    failed,
    queue_of,
    ripe,
    route,
    unattended,
)
from tests.build import ACCOUNT, NOW, OWNER, ago, exception_rule, finding, record

SECOND = timedelta(seconds=1)

# Whose news go where.

PATH = ("r-1", "ou-all", "ou-payments")
MEMBER = Membership(name="payments", path=PATH, tags={"team": "payments", "env": "prod"})
BY_ACCOUNT = Channel(name="by account", accounts=frozenset({ACCOUNT}))
BY_TAG = Channel(name="by tag", tags={"team": "payments"})
NEAR = Channel(name="near", units=frozenset({"ou-payments"}))
FAR = Channel(name="far", units=frozenset({"r-1", "ou-all"}))


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("channels", "name"),
    [
        ([BY_ACCOUNT, BY_TAG, NEAR, FAR], "by account"),
        ([BY_TAG, NEAR, FAR], "by tag"),
        ([NEAR, FAR], "near"),
        ([FAR], "far"),
        ([], DEFAULT_CHANNEL),
    ],
)
def test_what_is_nearest_to_the_account_decides(channels: list[Channel], name: str, order: int) -> None:
    assert route(channels[::order], OWNER, MEMBER) == name


@pytest.mark.parametrize(
    "channel",
    [
        Channel(name="x"),
        Channel(name="x", accounts=frozenset({"444455556666"})),
        Channel(name="x", tags={"team": "search"}),
        Channel(name="x", tags={"Team": "payments"}),
        Channel(name="x", units=frozenset({"ou-search"})),
    ],
)
def test_channel_of_others_gets_nothing(channel: Channel) -> None:
    assert route([channel], OWNER, MEMBER) == DEFAULT_CHANNEL


def test_one_tag_of_several_is_enough() -> None:
    assert route([Channel(name="x", tags={"team": "search", "env": "prod"})], OWNER, MEMBER) == "x"


def test_first_of_two_equal_channels_decides() -> None:
    assert route([replace(BY_TAG, name="first"), BY_TAG], OWNER, MEMBER) == "first"


@pytest.mark.parametrize(("channels", "name"), [([BY_TAG, NEAR, FAR], DEFAULT_CHANNEL), ([BY_ACCOUNT], "by account")])
def test_account_outside_any_organization_is_known_by_its_number_alone(channels: list[Channel], name: str) -> None:
    assert route(channels, OWNER, None) == name


# What waits where.

WHERE = {
    Event.OPENED: (Queue.NOW, Queue.DIGEST),
    Event.REOPENED: (Queue.NOW, Queue.DIGEST),
    Event.EXCEPTION_ENDED: (Queue.NOW, Queue.DIGEST),
    Event.CHANGED: (Queue.DIGEST, Queue.DIGEST),
    Event.EXCEPTED: (Queue.DIGEST, Queue.DIGEST),
    Event.RESOLVED: (Queue.DIGEST, Queue.DIGEST),
    Event.ACKNOWLEDGED: (None, None),
    Event.RENAMED: (None, None),
}
"""For each event the queue of what is open and severe enough, and the queue of everything else."""


def standing(event: Event, severity: Severity, how: Standing, *, baseline: bool = False) -> Record:
    """What the event alone would not allow is there too: the queue asks for each by itself."""
    status = Status.RESOLVED if how is Standing.RESOLVED else Status.OPEN
    rule = exception_rule() if how is Standing.EXCEPTED else None
    return record(finding(severity=severity), event, status=status, exception=rule, baseline=baseline)


def test_every_event_has_its_place() -> None:
    assert set(WHERE) == set(Event)


@pytest.mark.parametrize(("event", "how", "alert_at"), [*product(Event, Standing, [Severity.HIGH, Severity.INFO])])
def test_transition_waits_where_its_event_severity_and_standing_say(
    event: Event, how: Standing, alert_at: Severity
) -> None:
    urgent, otherwise = WHERE[event]
    for severity, baseline in product(Severity, [False, True]):
        expected = urgent if how is Standing.OPEN and severity >= alert_at else otherwise
        told = queue_of(standing(event, severity, how, baseline=baseline), alert_at)
        assert told == (None if baseline and event is Event.OPENED else expected)


# What is told again.


@pytest.mark.parametrize(("event", "how"), [*product(Event, Standing)])
def test_only_what_is_critical_new_and_open_escalates(event: Event, how: Standing) -> None:
    for severity in Severity:
        expected = severity is Severity.CRITICAL and how is Standing.OPEN and WHERE[event][0] is Queue.NOW
        assert escalates(standing(event, severity, how)) is expected


CRITICAL = record(finding(severity=Severity.CRITICAL), age=1)


@pytest.mark.parametrize(
    "now",
    [
        CRITICAL,
        replace(CRITICAL, event=Event.CHANGED, version=2, changed_at=NOW),
        replace(CRITICAL, event=Event.RENAMED, version=2, changed_at=NOW),
    ],
)
def test_what_is_open_as_it_was_told_is_unattended(now: Record) -> None:
    assert unattended(CRITICAL, now)


@pytest.mark.parametrize(
    "now",
    [
        None,
        replace(CRITICAL, event=Event.ACKNOWLEDGED, acknowledged=Acknowledgement(by="ana", at=NOW)),
        replace(CRITICAL, event=Event.CHANGED, acknowledged=Acknowledgement(by="ana", at=NOW)),
        replace(CRITICAL, event=Event.EXCEPTED, exception=exception_rule()),
        replace(CRITICAL, event=Event.CHANGED, finding=finding(severity=Severity.HIGH)),
        record(finding(severity=Severity.CRITICAL), Event.RESOLVED, opened_at=CRITICAL.opened_at),
    ],
)
def test_what_somebody_attends_to_or_is_better_now_is_not(now: Record | None) -> None:
    assert not unattended(CRITICAL, now)


def test_what_was_opened_again_since_was_told_again_too() -> None:
    assert not unattended(CRITICAL, replace(CRITICAL, event=Event.REOPENED, alerted=CRITICAL.alerted + 1))


# When it is told.


def opened(account: int = 0, check: str = "stale-access-key", event: Event = Event.OPENED, uid: str = "AKIA1") -> News:
    owner = Owner(account=f"{account:012}", partition="aws")
    about = record(replace(finding(uid, check), owner=owner), event)
    return News(key=f"{account}#{check}#{uid}#{event}", owner=owner, queued_at=NOW, record=about)


def first_audit(account: int = 0) -> News:
    owner = Owner(account=f"{account:012}", partition="aws")
    return News(key=f"{account}#baseline", owner=owner, queued_at=NOW)


def waiting(*ages: timedelta) -> list[News]:
    return [replace(opened(uid=f"AKIA{number}"), queued_at=NOW - age) for number, age in enumerate(ages)]


@pytest.mark.parametrize(
    ("ages", "told"),
    [
        ([], False),
        ([SETTLED], True),
        ([SETTLED - SECOND], False),
        ([SETTLED * 2, SETTLED], True),
        ([SETTLED * 2, SETTLED - SECOND], False),
        ([PATIENCE, timedelta(0)], True),
        ([PATIENCE - SECOND, timedelta(0)], False),
    ],
)
def test_news_are_ripe_once_nothing_more_comes_or_they_have_waited_enough(ages: list[timedelta], told: bool) -> None:  # noqa: FBT001
    assert ripe(waiting(*ages), NOW) is told


# Letter by letter.


def shape(given: Iterable[Bundle]) -> list[tuple[Kind, int]]:
    return [(it.kind, len(it.news)) for it in given]


def test_account_is_told_in_one_letter() -> None:
    news = [opened(1), opened(1, uid="AKIA2"), opened(1, "unused-role", Event.REOPENED), opened(2)]
    assert shape(bundles(news)) == [(Kind.ALERT, 3), (Kind.ALERT, 1)]


def test_same_number_in_another_partition_is_another_account() -> None:
    here, there = opened(1), opened(1, uid="AKIA2")
    there = replace(there, owner=replace(there.owner, partition="aws-cn"))
    assert shape(bundles([here, there])) == [(Kind.ALERT, 1), (Kind.ALERT, 1)]


@pytest.mark.parametrize(
    ("accounts", "told"),
    [(SAME_CHANGE, [(Kind.ALERT, 1)] * SAME_CHANGE), (SAME_CHANGE + 1, [(Kind.SPREAD, SAME_CHANGE + 1)])],
)
def test_change_in_more_than_five_accounts_is_told_once(accounts: int, told: list[tuple[Kind, int]]) -> None:
    assert shape(bundles(opened(it) for it in range(accounts))) == told


def test_accounts_are_counted_and_not_findings() -> None:
    news = [opened(it % SAME_CHANGE, uid=f"AKIA{it}") for it in range(20)]
    assert shape(bundles(news)) == [(Kind.ALERT, 4)] * SAME_CHANGE


def test_other_check_or_event_is_another_change() -> None:
    news = [opened(it, "unused-role" if it % 2 else "stale-access-key") for it in range(6)]
    news += [opened(it, event=Event.REOPENED if it % 2 else Event.EXCEPTION_ENDED) for it in range(6)]
    assert shape(bundles(news)) == [(Kind.ALERT, 2)] * 6


def test_rest_of_an_account_is_told_beside_what_spread() -> None:
    news = [*(opened(it) for it in range(6)), opened(3, "unused-role"), opened(7, "unused-role")]
    spread, *rest = bundles(news)
    assert (spread.kind, len(spread.owners)) == (Kind.SPREAD, 6)
    assert [[it.key for it in bundle.news] for bundle in rest] == [
        ["3#unused-role#AKIA1#OPENED"],
        ["7#unused-role#AKIA1#OPENED"],
    ]


@pytest.mark.parametrize(
    ("accounts", "told"),
    [(0, []), (SAME_CHANGE, [(Kind.BASELINE, 1)] * SAME_CHANGE), (SAME_CHANGE + 1, [(Kind.BASELINE, SAME_CHANGE + 1)])],
)
def test_more_than_five_first_audits_are_told_together(accounts: int, told: list[tuple[Kind, int]]) -> None:
    assert shape(bundles(first_audit(it) for it in range(accounts))) == told


def test_first_audits_are_told_first_and_do_not_count_as_a_change() -> None:
    news = [*(opened(it) for it in range(SAME_CHANGE)), first_audit(5)]
    assert [kind for kind, _ in shape(bundles(news))] == [Kind.BASELINE, *[Kind.ALERT] * SAME_CHANGE]


@st.composite
def news_of_many(draw: st.DrawFn) -> list[News]:
    checks, events = st.sampled_from(["one", "two"]), st.sampled_from([Event.OPENED, Event.REOPENED])
    some = st.builds(opened, st.integers(0, 8), checks, events, st.sampled_from(["AKIA1", "AKIA2"]))
    gaps = st.builds(
        lambda it, check: replace(first_audit(it), key=f"{it}#{check}", gap=Gap(check=check, reason="denied")),
        st.integers(0, 8),
        checks,
    )
    news = st.one_of(some, some, st.builds(first_audit, st.integers(0, 8)), gaps)
    return draw(st.lists(news, max_size=40, unique_by=lambda it: it.key))


@given(news_of_many(), st.integers(0, STORM + 1))
def test_no_news_is_lost_or_told_twice(news: list[News], lately: int) -> None:
    told = bundles(news)
    for letters in (told, braked(told, lately)):
        assert Counter(it.key for bundle in letters for it in bundle.news) == Counter(it.key for it in news)
        assert all(bundle.news for bundle in letters)


@given(news_of_many())
def test_letter_is_about_one_account_or_one_change_or_first_audits(news: list[News]) -> None:
    for bundle in bundles(news):
        if bundle.kind is Kind.ALERT:
            assert len(bundle.owners) == 1
        elif bundle.kind is Kind.SPREAD:
            assert len({(it.finding.check, it.event) for it in bundle.records}) == 1
            assert len(bundle.owners) > SAME_CHANGE
        else:
            assert (bundle.kind, bundle.records) == (Kind.BASELINE, [])


@given(st.data())
def test_order_in_which_news_came_changes_no_letter(data: st.DataObject) -> None:
    """Else a letter that is tried again would be another one."""
    news = data.draw(news_of_many())
    shuffled = data.draw(st.permutations(news))
    assert bundles(shuffled) == bundles(news)
    assert [it.id for it in bundles(shuffled)] == [it.id for it in bundles(news)]


# Storms.


def alerts(number: int) -> list[Bundle]:
    return [Bundle(kind=Kind.ALERT, news=(opened(it),)) for it in range(number)]


@pytest.mark.parametrize(("number", "lately"), [(0, 0), (1, 0), (STORM, 0), (5, STORM - 5), (0, STORM), (0, STORM + 9)])
def test_letters_below_a_storm_are_sent_as_they_are(number: int, lately: int) -> None:
    assert braked(alerts(number), lately) == alerts(number)


@pytest.mark.parametrize(("number", "lately"), [(STORM + 1, 0), (6, STORM - 5), (1, STORM), (1, STORM + 9)])
def test_letters_of_a_storm_become_one(number: int, lately: int) -> None:
    (summary,) = braked(alerts(number), lately)
    assert (summary.kind, len(summary.news), len(summary.owners)) == (Kind.SUMMARY, number, number)


# What a letter is known by.


def test_letter_is_the_same_whenever_it_tells_the_same() -> None:
    one, two = opened(1), opened(2)
    later = replace(two, queued_at=ago(-1), name="payments")
    assert Bundle(kind=Kind.ALERT, news=(one, two)).id == Bundle(kind=Kind.ALERT, news=(later, one)).id


def test_letter_that_tells_anything_else_is_another() -> None:
    one, two = opened(1), opened(2)
    letters = [
        Bundle(kind=Kind.ALERT, news=(one,)),
        Bundle(kind=Kind.ALERT, news=(two,)),
        Bundle(kind=Kind.ALERT, news=(one, two)),
        Bundle(kind=Kind.ESCALATION, news=(one,)),
        Bundle(kind=Kind.DIGEST, news=(one,), day="2026-11-20"),
        Bundle(kind=Kind.DIGEST, news=(one,), day="2026-11-21"),
        Bundle(kind=Kind.DIGEST, day="2026-11-20"),
    ]
    ids = [it.id for it in letters]
    assert len(set(ids)) == len(ids)
    assert all(len(it) == 32 and set(it) <= set("0123456789abcdef") for it in ids)


def test_letter_names_its_accounts_once_and_its_transitions() -> None:
    news = (opened(2), opened(1), first_audit(1))
    bundle = Bundle(kind=Kind.SUMMARY, news=news)
    assert [it.account for it in bundle.owners] == ["000000000001", "000000000002"]
    assert bundle.records == [it.record for it in news[:2]]


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (Run(clock=NOW, finished=True), False),
        (Run(clock=NOW), False),
        (Run(clock=NOW - RUN_TAKES), True),
        (Run(clock=NOW - RUN_TAKES, finished=True), False),
        (Run(clock=NOW, finished=True, error="RosterError: no"), True),
    ],
)
def test_run_has_failed_if_it_says_so_or_began_long_ago_and_has_not_finished(run: Run, *, told: bool) -> None:
    assert failed(run, NOW) is told
