"""People are told once, together, and not too much; whatever does not take a letter is tried again."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from auditor.aws import mailroom as module
from auditor.aws.findings_table import FindingsTable
from auditor.aws.mailroom import LEASE, Mailroom, Told, known_channels
from auditor.aws.post import UndeliveredError
from auditor.core import telling
from auditor.core.check import Severity
from auditor.core.decide import acknowledge, end_exception, make_exception
from auditor.core.evaluate import Evaluation, Finding, finding_id
from auditor.core.exceptions import Rules
from auditor.core.life import Changes, Ledger
from auditor.core.model import Owner
from auditor.core.telling import Channel
from tests.aws.faults import Crash, CrashError
from tests.aws.office import LAYER, Office, minutes
from tests.build import ACCOUNT, NOW, OWNER, ago, evaluation, exception_rule, finding, skip

CHECK = "stale-access-key"
SOON = NOW + minutes(1)
DIGEST = NOW + timedelta(hours=2)
"""Audits are at six o'clock, digests at eight."""


@pytest.fixture
def known(office: Office) -> Office:
    """An account that was audited and told the day before, its digest too."""
    return first_days(office)


def first_days(office: Office, *owners: Owner) -> Office:
    for owner in owners or (OWNER,):
        office.audit(of(owner, found(owner, "OLD"), age=1))
    office.hand_on(ago(1) + minutes(1))
    for moment in (minutes(10), timedelta(hours=2)):
        office.tell(ago(1) + moment)
    return office


def account(number: int) -> Owner:
    return Owner(account=f"{number:012}", partition="aws")


def found(owner: Owner, uid: str, check: str = CHECK, **fields: Any) -> Finding:
    return replace(finding(uid, check, **fields), owner=owner, id=finding_id(owner, check, uid, ""))


def of(owner: Owner, *findings: Finding, age: float = 0, **more: Any) -> Evaluation:
    return replace(evaluation(*findings, age=age, **more), owner=owner)


def seen(*findings: Finding, **more: Any) -> Evaluation:
    return evaluation(finding("OLD"), *findings, **more)


def critical(uid: str) -> Finding:
    return finding(uid, severity=Severity.CRITICAL)


def new_letters(office: Office, work: Callable[[], object]) -> list[str]:
    """The subjects of the e-mails that come of it."""
    before = len(office.letters())
    work()
    return office.letters()[before:]


def decide(office: Office, what: Callable[[Ledger], Changes]) -> None:
    FindingsTable(table=office.table).amend(OWNER, what)


def last_mail(office: Office) -> str:
    return office.sent("text")[-1][0]


# --- what is told, and how much at once ---------------------------------------------------------------------------


def test_first_audit_is_one_letter_and_every_medium_gets_it_once(office: Office) -> None:
    office.audit(evaluation(*(finding(f"A{number}") for number in range(9))))
    office.hand_on(SOON)
    assert new_letters(office, lambda: office.tell(SOON + minutes(1))) == [
        f"[HIGH] AWS account {ACCOUNT}: first audit, 9 findings"
    ]
    assert len(office.sent("chat")) == 1
    assert new_letters(office, lambda: office.tell(SOON + minutes(2))) == []


def test_first_audit_of_a_clean_account_says_so(office: Office) -> None:
    office.audit(evaluation(looked_at={CHECK: ("A",)}))
    office.hand_on(SOON)
    office.tell(SOON + minutes(1))
    assert "Nothing wrong was found" in last_mail(office)


def test_first_audit_that_saw_nothing_is_not_called_clean(office: Office) -> None:
    office.audit(evaluation(skipped=(skip(),)))
    office.hand_on(SOON)
    office.tell(SOON + minutes(1))
    assert "Nothing could be looked at" in last_mail(office)
    assert "AccessDenied" in last_mail(office)


def test_what_comes_together_is_told_together_once_it_has_settled(known: Office) -> None:
    known.audit(seen(finding("one")))
    known.hand_on(SOON)
    assert new_letters(known, lambda: known.tell(SOON + timedelta(seconds=29))) == []
    known.audit(seen(finding("one"), finding("two"), age=-0.0001))
    known.hand_on(SOON + timedelta(seconds=29))
    assert new_letters(known, lambda: known.tell(SOON + timedelta(seconds=58))) == []
    assert new_letters(known, lambda: known.tell(SOON + timedelta(seconds=59))) == [
        f"[HIGH] AWS account {ACCOUNT}: 2 new"
    ]


def test_what_keeps_coming_is_told_after_three_minutes(known: Office) -> None:
    for number in range(9):
        known.audit(seen(*(finding(f"N{it}") for it in range(number + 1)), age=-number / 1440))
        known.hand_on(SOON + timedelta(seconds=20 * number))
    assert new_letters(known, lambda: known.tell(SOON + timedelta(seconds=161))) == []
    assert new_letters(known, lambda: known.tell(SOON + minutes(3))) == [f"[HIGH] AWS account {ACCOUNT}: 9 new"]


@pytest.mark.parametrize(("accounts", "letters"), [(5, 5), (6, 1)])
def test_same_change_in_more_than_five_accounts_is_one_letter(office: Office, accounts: int, letters: int) -> None:
    owners = [account(number) for number in range(1, accounts + 1)]
    first_days(office, *owners)
    for owner in owners:
        office.audit(of(owner, found(owner, "OLD"), found(owner, "new")))
    office.hand_on(SOON)
    assert len(new_letters(office, lambda: office.tell(SOON + minutes(1)))) == letters


@pytest.fixture
def most(office: Office, monkeypatch: pytest.MonkeyPatch) -> int:
    """The letters that are no storm yet: on moto fewer, whose transactions take ever longer."""
    if office.store.is_moto:
        monkeypatch.setattr(telling, "STORM", 6)
    return telling.STORM


@pytest.mark.parametrize("more", [0, 1])
def test_more_than_twenty_letters_at_once_are_one_summary(office: Office, most: int, more: int) -> None:
    storm(office, most + more)
    office.hand_on(SOON)
    told = new_letters(office, lambda: office.tell(SOON + minutes(1)))
    assert len(told) == (1 if more else most)
    assert not more or f"{most + 1} alerts at once in {most + 1} AWS accounts" in told[0]


def storm(office: Office, accounts: int) -> None:
    """So many accounts with each another thing wrong."""
    owners = [account(number) for number in range(1, accounts + 1)]
    first_days(office, *owners)
    for number, owner in enumerate(owners):
        office.audit(of(owner, found(owner, "OLD"), found(owner, "new", f"check-{number}")))


def test_storm_is_also_what_adds_up_in_a_quarter_of_an_hour_and_then_an_hour_is_calm(office: Office, most: int) -> None:
    storm(office, most)
    office.hand_on(SOON)
    office.tell(SOON + minutes(1))
    another(office, "late", SOON + minutes(10))
    (told,) = new_letters(office, lambda: office.tell(SOON + minutes(11)))
    assert "1 alert at once" in told
    another(office, "later", SOON + minutes(30))
    for minute in (31, 60, 70):
        assert new_letters(office, lambda minute=minute: office.tell(SOON + minutes(minute))) == []  # type: ignore[misc]
    assert len(new_letters(office, lambda: office.tell(SOON + minutes(71)))) == 1


def another(office: Office, uid: str, moment: datetime) -> None:
    owner = account(1)
    before = [it.finding for it in FindingsTable(table=office.table).load(owner).records.values()]
    age = (NOW - moment) / timedelta(days=1)
    office.audit(of(owner, *before, found(owner, uid), age=age))
    office.hand_on(moment)


def test_quarter_of_an_hour_later_nothing_adds_up(office: Office, most: int) -> None:
    storm(office, most)
    office.hand_on(SOON)
    office.tell(SOON + minutes(1))
    another(office, "late", SOON + minutes(16))
    (told,) = new_letters(office, lambda: office.tell(SOON + minutes(17)))
    assert "AWS account 000000000001: 1 new" in told


# --- the digest ---------------------------------------------------------------------------------------------------


def test_digest_tells_the_rest_once_a_day(known: Office) -> None:
    known.audit(replace(seen(finding("small", severity=Severity.LOW)), skipped=(skip(check="unused-role"),)))
    known.hand_on(SOON)
    assert new_letters(known, lambda: known.tell(DIGEST - minutes(1))) == []
    (subject,) = new_letters(known, lambda: known.tell(DIGEST))
    assert "Digest of 2026-11-20" in subject
    assert "small" in last_mail(known)
    assert "AccessDenied" in last_mail(known)
    assert "OLD" in last_mail(known), "it is open longest"
    for later in (minutes(1), timedelta(hours=23)):
        assert new_letters(known, lambda later=later: known.tell(DIGEST + later)) == []  # type: ignore[misc]


def test_day_without_news_has_no_digest_unless_somebody_wants_one(known: Office) -> None:
    assert new_letters(known, lambda: known.tell(DIGEST)) == []
    known.quiet = True
    (subject,) = new_letters(known, lambda: known.tell(DIGEST + timedelta(days=1)))
    assert "Nothing changed" in subject + last_mail(known)


def test_more_news_than_fit_one_letter_make_several_and_none_is_lost(
    known: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_NEWS", 3)
    known.audit(seen(*(finding(f"N{number}", severity=Severity.LOW) for number in range(7))))
    known.hand_on(SOON)
    known.tell(DIGEST)
    mails = "".join(body for body, subject, _ in known.sent("text") if "Digest" in (subject or ""))
    assert all(f"N{number}" in mails for number in range(7))
    assert len(known.letter_ids()) == 1 + 3


def test_exception_is_reminded_of_before_it_ends_and_its_findings_alert_again(known: Office) -> None:
    rule = exception_rule(ends=7)
    decide(known, lambda ledger: make_exception(ledger, rule, Rules(), NOW))
    known.hand_on(SOON)
    (subject,) = new_letters(known, lambda: known.tell(DIGEST))
    assert "Digest" in subject
    assert rule.reason in last_mail(known)
    assert str(rule.until) in last_mail(known)
    over = NOW + timedelta(days=8)
    known.audit(seen(age=-8))
    known.hand_on(over + minutes(1))
    assert new_letters(known, lambda: known.tell(over + minutes(2))) == [
        f"[HIGH] AWS account {ACCOUNT}: 1 exception ended"
    ]


def test_exception_that_is_removed_alerts_at_once(known: Office) -> None:
    rule = exception_rule(ends=100)
    decide(known, lambda ledger: make_exception(ledger, rule, Rules(), NOW))
    known.hand_on(SOON)
    assert new_letters(known, lambda: known.tell(SOON + minutes(1))) == []
    decide(known, lambda ledger: end_exception(ledger, rule.id, Rules(), SOON + minutes(2)))
    known.hand_on(SOON + minutes(2))
    (subject,) = new_letters(known, lambda: known.tell(SOON + minutes(3)))
    assert "1 exception ended" in subject


# --- what nobody looks after --------------------------------------------------------------------------------------


@pytest.mark.parametrize("attended", [False, True])
def test_critical_finding_that_nobody_acknowledges_is_told_again_once(known: Office, *, attended: bool) -> None:
    known.audit(seen(critical("new")))
    known.hand_on(SOON)
    known.tell(SOON + minutes(1))
    if attended:
        decide(known, lambda ledger: acknowledge(ledger, critical("new").id, "ana", "", SOON))
        known.hand_on(SOON + minutes(5))
    assert new_letters(known, lambda: known.tell(SOON + timedelta(hours=23, minutes=59))) == []
    day_after = new_letters(known, lambda: known.tell(SOON + timedelta(hours=24)))
    assert day_after == (
        [] if attended else [f"[CRITICAL] AWS account {ACCOUNT}: 1 critical finding not acknowledged for 24 hours"]
    )
    assert new_letters(known, lambda: known.tell(SOON + timedelta(hours=30))) == []
    assert not [key for key, it in known.items("C#").items() if it["item"] == "news" and "ESCALATION" in key[1]]


# --- delivery -----------------------------------------------------------------------------------------------------


class Reluctant:
    """A post of which one medium does not take anything, until it does."""

    def __init__(self, room: Mailroom, medium: str, retry_after: int = 0) -> None:
        self.room, self.medium, self.retry_after = room, medium, retry_after

    def __getattr__(self, name: str) -> Any:
        return getattr(self.room.post, name)

    def deliver(self, channel: str, medium: str, sealed: Any) -> None:
        if medium == self.medium:
            raise UndeliveredError("no", self.retry_after)
        self.room.post.deliver(channel, medium, sealed)


def reluctantly(office: Office, now: datetime, medium: str, retry_after: int = 0) -> Told:
    room = office.mailroom(now)
    post: Any = Reluctant(room, medium, retry_after)
    return replace(room, post=post).tell()


def test_medium_that_does_not_take_a_letter_gets_it_later_and_the_other_one_only_once(known: Office) -> None:
    known.audit(seen(finding("new")))
    known.hand_on(SOON)
    told = reluctantly(known, SOON + minutes(1), "chat")
    assert told == Told(undelivered=("default: chat: no",))
    assert (len(known.letters()), len(known.sent("chat"))) == (2, 1)
    assert known.tell(SOON + minutes(2)) == Told(delivered=1)
    assert (len(known.letters()), len(known.sent("chat"))) == (2, 2)
    assert set(known.letter_ids().values()) == {1}


def test_medium_that_wants_to_be_left_alone_is(known: Office) -> None:
    known.audit(seen(finding("new")))
    known.hand_on(SOON)
    reluctantly(known, SOON + minutes(1), "chat", retry_after=300)
    assert known.tell(SOON + minutes(2)).undelivered == (
        "default: chat: it is left alone until 2026-11-20T06:07:00+00:00",
    )
    assert known.tell(SOON + minutes(6)) == Told(delivered=1)


def test_letter_that_nobody_takes_for_two_weeks_is_given_up_and_kept(known: Office) -> None:
    known.audit(seen(finding("new")))
    known.hand_on(SOON)
    for days in (0, 13, 14):
        assert reluctantly(known, SOON + minutes(1) + timedelta(days=days), "chat").undelivered
    assert known.tell(SOON + minutes(2) + timedelta(days=14)) == Told()
    letters = [it for it in known.items("C#").values() if it["item"] == "letter"]
    (given_up,) = [it for it in letters if it.get("given_up")]
    assert (given_up["given_up"], set(given_up["delivered"])) == (["chat: no"], {"text"})


def test_one_at_a_time_works_for_a_channel_and_a_crashed_one_is_relieved(
    known: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    known.audit(seen(finding("new")))
    known.hand_on(SOON)
    monkeypatch.setattr(LAYER, "by", Crash(number=1, late=False))
    with pytest.raises(CrashError):
        known.tell(SOON + minutes(1))
    monkeypatch.setattr(LAYER, "by", None)
    assert known.tell(SOON + minutes(1) + LEASE / 2) == Told()
    assert known.tell(SOON + minutes(1) + LEASE) == Told(delivered=1)


def test_letters_say_what_may_be_filtered_by(known: Office) -> None:
    known.audit(seen(critical("new")))
    known.hand_on(SOON)
    known.tell(SOON + minutes(1))
    _, _, attributes = known.sent("text")[-1]
    values = {name: next(v for k, v in it.items() if k.lower().endswith("value")) for name, it in attributes.items()}
    assert values == {
        "severity": "CRITICAL",
        "severity_num": "5",
        "kind": "ALERT",
        "channel": "default",
        "account": json.dumps([ACCOUNT]),
    }


# --- channels -----------------------------------------------------------------------------------------------------


def test_channel_that_was_taken_away_is_still_worked_for_and_the_default_one_hears_it(known: Office) -> None:
    payments = Channel(name="payments", accounts=frozenset({ACCOUNT}))
    known.telling = replace(known.telling, channels=(payments,))
    assert known_channels(known.table, ["default", "payments"]) == ["default", "payments"]
    known.audit(seen(finding("new")))
    known.hand_on(SOON)
    known.telling = replace(known.telling, channels=())
    assert known_channels(known.table, ["default"]) == ["default", "payments"]
    assert new_letters(known, lambda: known.tell(SOON + minutes(1))) == []
    assert len(new_letters(known, lambda: known.tell(SOON + minutes(1), "payments"))) == 1


def test_nothing_is_asked_twice_of_the_list_of_channels(known: Office) -> None:
    known_channels(known.table, ["default"])
    before = known.items("C#")
    assert known_channels(known.table, ["default"]) == ["default"]
    assert known.items("C#") == before


# --- what a letter must not say, and what must not stop it ----------------------------------------------------------


def test_digest_does_not_say_what_was_taken_back(known: Office) -> None:
    rule = exception_rule(ends=100)
    decide(known, lambda ledger: make_exception(ledger, rule, Rules(), NOW))
    known.hand_on(SOON)
    decide(known, lambda ledger: end_exception(ledger, rule.id, Rules(), SOON))
    known.hand_on(SOON)
    known.tell(SOON + minutes(1))
    assert new_letters(known, lambda: known.tell(DIGEST)) == []
    assert not [key for key, it in known.items("C#").items() if it["item"] == "news"]


def test_alert_does_not_say_what_is_over_already(known: Office) -> None:
    known.audit(seen(finding("brief"), age=0.01))
    known.audit(seen(looked_at={CHECK: ("brief",)}))
    known.hand_on(SOON)
    assert new_letters(known, lambda: known.tell(SOON + minutes(1))) == []
    (subject,) = new_letters(known, lambda: known.tell(DIGEST))
    assert "1 resolved" in subject


def test_digest_that_cannot_be_made_does_not_silence_alerts(known: Office) -> None:
    known.audit(seen(finding("new")))
    known.hand_on(SOON)
    room = known.mailroom(DIGEST)

    class Broken:
        def due(self, *_: object) -> None:
            raise ZeroDivisionError

    broken: Any = Broken()
    with pytest.raises(ZeroDivisionError):
        replace(room, daily=broken).tell()
    assert known.letters()[-1] == f"[HIGH] AWS account {ACCOUNT}: 1 new"


def test_medium_that_does_not_take_one_letter_is_not_offered_the_next_one_at_once(office: Office) -> None:
    owners = [account(1), account(2)]
    first_days(office, *owners)
    for owner in owners:
        office.audit(of(owner, found(owner, "OLD"), found(owner, "new")))
    office.hand_on(SOON)
    told = reluctantly(office, SOON + minutes(1), "chat")
    assert sorted(told.undelivered) == [
        "default: chat: it is left alone until 2026-11-20T06:02:01+00:00",
        "default: chat: no",
    ]
    assert office.tell(SOON + minutes(2)) == Told(delivered=2)


def test_finding_that_was_excepted_for_a_while_escalates_once(known: Office) -> None:
    known.audit(seen(critical("new")))
    known.hand_on(SOON)
    known.tell(SOON + minutes(1))
    rule = exception_rule(ends=100, resource="new")
    decide(known, lambda ledger: make_exception(ledger, rule, Rules(), SOON + timedelta(hours=1)))
    known.hand_on(SOON + timedelta(hours=1))
    decide(known, lambda ledger: end_exception(ledger, rule.id, Rules(), SOON + timedelta(hours=2)))
    known.hand_on(SOON + timedelta(hours=2))
    told = new_letters(known, lambda: [known.tell(SOON + timedelta(hours=hours)) for hours in (3, 24, 26, 30)])
    assert sum("not acknowledged" in subject for subject in told) == 1
