import pytest

from auditor.core.check import Severity
from auditor.core.reconcile import Event
from auditor.render.notice import Notice, rest_by_check
from tests.build import finding, notice, record

LOW, CRITICAL = (finding(name, severity=Severity[name]) for name in ("LOW", "CRITICAL"))


def test_notice_without_anything_is_empty() -> None:
    assert notice().empty


@pytest.mark.parametrize(
    "told", [notice(record(LOW)), notice(blind={"unused-role": "denied"}), notice(seeing_again=("unused-role",))]
)
def test_notice_with_anything_is_not_empty(told: Notice) -> None:
    assert not told.empty


@pytest.mark.parametrize("event", [Event.OPENED, Event.REOPENED, Event.CHANGED])
def test_notice_is_as_bad_as_its_worst_news(event: Event) -> None:
    assert notice(record(LOW), record(CRITICAL, event)).severity is Severity.CRITICAL


def test_good_news_is_not_bad() -> None:
    assert notice(record(LOW), record(CRITICAL, Event.RESOLVED)).severity is Severity.LOW
    assert notice(record(CRITICAL, Event.RESOLVED)).severity is Severity.INFO


def test_headline_counts_each_event() -> None:
    records = [record(finding(str(number)), event) for number, event in enumerate((*Event, Event.OPENED))]
    assert notice(*records).counts == "2 new, 1 reopened, 1 changed, 1 resolved"


@pytest.mark.parametrize(
    ("told", "counts"),
    [
        (notice(blind={"a": "denied"}), "1 check not possible"),
        (notice(record(LOW), blind={"a": "denied", "b": "denied"}), "1 new, 2 checks not possible"),
        (notice(seeing_again=("a",)), "1 check possible again"),
        (notice(seeing_again=("a", "b")), "2 checks possible again"),
    ],
)
def test_headline_counts_checks(told: Notice, counts: str) -> None:
    assert told.counts == counts


def test_records_are_told_most_severe_first() -> None:
    assert [it.finding for it in notice(record(LOW), record(CRITICAL)).of(Event.OPENED)] == [CRITICAL, LOW]


def test_order_of_arrival_does_not_matter() -> None:
    records = [record(finding(str(number), check=check)) for number in range(3) for check in ("b", "a")]
    assert notice(*records).of(Event.OPENED) == notice(*reversed(records)).of(Event.OPENED)


def test_rest_is_counted_by_check_most_severe_first() -> None:
    records = [record(finding(str(number), "unused-role", severity=Severity.LOW)) for number in range(3)]
    assert rest_by_check([*records, record(finding())]) == ["1 x stale-access-key (HIGH)", "3 x unused-role (LOW)"]
