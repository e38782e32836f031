"""What was written is handed on once: to machines at once, and to the queues of people's channels."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from auditor.aws import outbox as module
from auditor.aws.findings_table import FindingsTable
from auditor.aws.outbox import Handed, Telling
from auditor.aws.queues import news_of
from auditor.core.check import Severity
from auditor.core.decide import acknowledge, close_account, excuse, miss
from auditor.core.evaluate import Evaluation, Finding
from auditor.core.life import NOT_AUDITED, Changes, Ledger
from auditor.core.model import Membership
from auditor.core.telling import Channel, News
from tests.aws.faults import Crash, CrashError
from tests.aws.office import LAYER, Office, minutes
from tests.build import ACCOUNT, NOW, OWNER, ago, evaluation, finding, skip

CHECK = "stale-access-key"
SOON = NOW + minutes(1)


@pytest.fixture
def known(office: Office) -> Office:
    """An account whose first audit, with one finding, was handed on the day before; its letter was taken."""
    office.audit(evaluation(finding("OLD"), age=1))
    office.hand_on(ago(1) + minutes(1))
    office.tell(ago(1) + minutes(10))
    return office


def waiting(office: Office) -> dict[str, News]:
    """The news in every queue, by channel, queue and key."""
    items = office.items("C#").items()
    return {f"{pk} {sk}": news_of(it) for (pk, sk), it in items if it["item"] == "news"}


def queues(office: Office) -> list[str]:
    """The queues of the news, one after the other."""
    return [key.split("#")[2] for key in sorted(waiting(office))]


def critical(uid: str) -> Finding:
    return finding(uid, severity=Severity.CRITICAL)


def seen(*findings: Finding, **more: Any) -> Evaluation:
    return evaluation(finding("OLD"), *findings, **more)


def decide(office: Office, what: Callable[[Ledger], Changes]) -> None:
    FindingsTable(table=office.table).amend(OWNER, what)


def test_first_audit_waits_as_one_piece_of_news_and_machines_hear_each_finding(office: Office) -> None:
    office.audit(evaluation(finding("A"), finding("B", severity=Severity.LOW)))
    assert office.hand_on(SOON) == Handed(count=3)
    ((place, news),) = waiting(office).items()
    assert (place, news.record, news.gap) == (f"C#default Q#NOW#B#A#aws#{ACCOUNT}", None, None)
    assert sorted(office.machine_ids()) == sorted(f"{finding(uid).id}-1" for uid in ("A", "B"))


def test_first_audit_that_was_broken_off_is_not_told_before_it_is_done(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LAYER, "by", Crash(number=2, late=False))
    with pytest.raises(CrashError):
        office.audit(evaluation(finding("A")))
    monkeypatch.setattr(LAYER, "by", None)
    office.hand_on(SOON)
    assert waiting(office) == {}
    office.audit(evaluation(finding("A")))
    office.hand_on(SOON)
    assert [it.record for it in waiting(office).values()] == [None]


def test_severe_news_wait_to_be_told_at_once_and_the_others_for_the_digest(known: Office) -> None:
    low = finding("small", severity=Severity.MEDIUM)
    known.audit(seen(finding("new"), low, looked_at={CHECK: ()}))
    known.hand_on(SOON)
    assert {key.split("#")[2]: it.record and it.record.finding.uid for key, it in waiting(known).items()} == {
        "NOW": "new",
        "DIGEST": "small",
    }


def test_alert_level_is_the_deployments(known: Office) -> None:
    known.telling = Telling(alert_at=Severity.LOW)
    known.audit(seen(finding("small", severity=Severity.LOW)))
    known.hand_on(SOON)
    assert queues(known) == ["NOW"]


def test_critical_news_also_wait_for_whoever_hears_what_nobody_acknowledges(known: Office) -> None:
    known.telling = Telling(escalate_to="boss", escalate_after=timedelta(hours=3))
    known.audit(seen(critical("new")))
    known.hand_on(SOON)
    due = (SOON + timedelta(hours=3)).isoformat()
    key = f"T#{finding('new').id}#000001"
    assert sorted(waiting(known)) == [f"C#boss Q#ESCALATION#{due}#{key}", f"C#default Q#NOW#{key}"]


def test_acknowledgement_is_for_machines_and_history_only(known: Office) -> None:
    decide(known, lambda ledger: acknowledge(ledger, finding("OLD").id, "ana", "", NOW))
    assert known.hand_on(SOON).count == 1
    assert waiting(known) == {}
    assert known.machine_ids()[f"{finding('OLD').id}-2"] == 1


def test_batch_that_comes_again_is_handed_on_once(known: Office) -> None:
    known.audit(seen(critical("new")))
    batch = known.stream()
    assert known.hand_on(SOON, batch).count == 1
    known.tell(SOON + minutes(5))
    told = (known.machine_ids(), known.letters())
    assert known.hand_on(SOON + minutes(9), batch).count == 0
    assert [key for key in waiting(known) if "#ESCALATION#" not in key] == []
    known.tell(SOON + minutes(20))
    assert (known.machine_ids(), known.letters()) == told


def test_same_write_twice_in_one_batch_is_handed_on_once(known: Office) -> None:
    known.audit(seen(finding("new")))
    batch = known.stream()
    assert known.hand_on(SOON, batch + batch).count == 1
    assert set(known.machine_ids().values()) == {1}


def test_history_says_when_it_was_handed_on(known: Office) -> None:
    known.audit(seen(finding("new")))
    before = known.items(f"H#{finding('new').id}")
    known.hand_on(SOON)
    after = known.items("H#")
    assert {key: after[key] for key in before} == {
        key: it | {"handed_on": SOON.isoformat()} for key, it in before.items()
    }


def test_record_that_cannot_be_read_is_named_and_all_others_are_handed_on(known: Office) -> None:
    known.audit(seen(finding("one"), finding("two"), finding("three")))
    batch = [it for it in known.stream() if it["dynamodb"]["NewImage"]["item"] == {"S": "finding"}]
    poisoned = json.loads(json.dumps(batch, default=str))
    del poisoned[1]["dynamodb"]["NewImage"]["severity"]
    handed = known.hand_on(SOON, poisoned)
    assert (handed.count, handed.stopped_at) == (2, batch[1]["dynamodb"]["SequenceNumber"])
    assert "severity" in handed.reason
    assert known.hand_on(SOON, batch).count == 1


def test_transition_that_cannot_be_handed_on_holds_up_no_other(known: Office) -> None:
    """One whose history is gone; nobody but a person deletes it."""
    known.audit(seen(*(finding(f"N{number}") for number in range(5))))
    known.table.delete_item(Key={"pk": f"H#{finding('N2').id}", "sk": "000001#OPENED"})
    handed = known.hand_on(SOON)
    assert handed.count == 4
    assert {it.record.finding.uid for it in waiting(known).values() if it.record} == {"N0", "N1", "N3", "N4"}
    assert handed.stopped_at
    assert "TransactionCanceled" in handed.reason


def test_service_that_is_not_well_is_not_asked_again_for_each_single_transition(
    known: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    known.audit(seen(*(finding(f"N{number}") for number in range(5))))
    box, asked = known.outbox(SOON), list[int]()

    def unwell(**_: object) -> None:
        asked.append(1)
        raise ClientError({"Error": {"Code": "InternalError", "Message": "no"}}, "PublishBatch")

    monkeypatch.setattr(box.machines.sns, "publish_batch", unwell)
    assert box.hand_on(known.stream()).count == 0
    assert len(asked) == 1


def test_items_of_the_largest_size_are_handed_on(known: Office) -> None:
    """A hundred transitions with the largest tags and much evidence are more than one transaction takes."""
    tags = {f"{number}" + "ł" * 120: "ł" * 256 for number in range(50)}
    count = 5 if known.store.is_moto else 60
    large = [finding(f"N{number}", tags=tags, evidence={"list": ["x" * 2000] * 20}) for number in range(count)]
    known.audit(seen(*large))
    assert known.hand_on(SOON).count == count
    assert len(waiting(known)) == count


@pytest.mark.parametrize("service", ["sns", "events"])
def test_refusal_stops_the_batch_and_is_made_good_the_next_time(
    known: Office, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known.audit(seen(finding("new")))
    batch = known.stream()
    box = known.outbox(SOON)
    refused = {"Failed": [{"Code": "Throttled"}], "Entries": [{"ErrorCode": "Throttled"}]}
    method = {"sns": "publish_batch", "events": "put_events"}[service]
    with monkeypatch.context() as patched:
        patched.setattr(getattr(box.machines, service), method, lambda **_: refused)
        handed = box.hand_on(batch)
    (of_finding,) = [it["dynamodb"] for it in batch if it["dynamodb"]["NewImage"]["item"] == {"S": "finding"}]
    assert (handed.count, handed.stopped_at) == (0, of_finding["SequenceNumber"])
    assert "Throttled" in handed.reason
    assert waiting(known) == {}
    assert known.hand_on(SOON, batch).count == 1
    assert queues(known) == ["NOW"]


def test_large_batch_is_handed_on_in_transactions_of_a_hundred(known: Office) -> None:
    count = 40 if known.store.is_moto else 120
    known.audit(seen(*(critical(f"N{number}") for number in range(count))))
    assert known.hand_on(SOON).count == count
    assert sorted(queues(known)) == ["ESCALATION"] * count + ["NOW"] * count
    assert known.machine_ids().total() == count + 1


def test_more_gaps_than_fit_one_transaction_are_all_told(known: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 4)
    blind = replace(seen(), skipped=tuple(skip(check=f"check-{number}") for number in range(11)))
    known.audit(blind)
    known.hand_on(SOON)
    assert queues(known) == ["DIGEST"] * 11
    assert known.hand_on(SOON).count == 0


# --- what cannot be looked at -------------------------------------------------------------------------------------


def blind(reason: str, age: float) -> Evaluation:
    return replace(evaluation(age=age), skipped=(replace(skip(), reason=reason),))


def gaps(office: Office) -> list[tuple[str, str]]:
    """The gaps that wait, in the order of their audits."""
    return [(it.gap.check, it.gap.reason) for _, it in sorted(waiting(office).items()) if it.gap]


def test_gap_is_told_once_until_its_reason_changes_or_it_ends(known: Office) -> None:
    for age, reason, expected in (
        (0.9, "AccessDenied", [(CHECK, "AccessDenied")]),
        (0.8, "AccessDenied", []),
        (0.7, "Throttled", [(CHECK, "Throttled")]),
        (0.6, "", [(CHECK, "")]),
    ):
        known.audit(blind(reason, age) if reason else seen(age=age))
        known.hand_on(ago(age) + minutes(1))
        assert gaps(known) == expected
        for pk, sk in [key for key, it in known.items("C#").items() if it["item"] == "news"]:
            known.table.delete_item(Key={"pk": pk, "sk": sk})
    told = [json.loads(body) for body, _, _ in known.sent("events")]
    assert [it["event"] for it in told if it["schema"] == "auditor.gap/1"] == [
        "AUDIT_GAP",
        "AUDIT_GAP",
        "AUDIT_GAP_ENDED",
    ]


def test_gap_whose_record_was_lost_is_told_with_the_next_audit(known: Office) -> None:
    known.audit(blind("AccessDenied", 0.9))
    known.read_up_to = max(int(it["dynamodb"]["SequenceNumber"]) for it in known.stream())
    known.audit(blind("AccessDenied", 0.8))
    known.hand_on(ago(0.8) + minutes(1))
    assert gaps(known) == [(CHECK, "AccessDenied")]


# --- accounts that could not be audited ---------------------------------------------------------------------------


MISSED = [(NOT_AUDITED, "AccessDenied")]


def missing(age: float, reason: str = "AccessDenied") -> Callable[[Ledger], Changes]:
    return lambda ledger: miss(ledger, ago(age), reason)


def handed_on(office: Office, age: float) -> list[tuple[str, str]]:
    """What is news of gaps now; whatever waits is taken."""
    office.hand_on(ago(age) + minutes(1))
    told = gaps(office)
    for pk, sk in [key for key, it in office.items("C#").items() if it["item"] == "news"]:
        office.table.delete_item(Key={"pk": pk, "sk": sk})
    return told


def heard(office: Office) -> list[str]:
    """What machines were told of whole accounts."""
    documents = [json.loads(body) for body, _, _ in office.sent("events")]
    return [it["event"] for it in documents if it.get("check") == NOT_AUDITED]


def test_missed_account_is_news_for_the_digest_once_until_it_is_audited_again(known: Office) -> None:
    decide(known, missing(0.9))
    known.hand_on(ago(0.9) + minutes(1))
    assert queues(known) == ["DIGEST"]
    assert handed_on(known, 0.9) == MISSED
    decide(known, missing(0.8))
    assert handed_on(known, 0.8) == []
    decide(known, missing(0.7, "Throttled"))
    assert handed_on(known, 0.7) == [(NOT_AUDITED, "Throttled")]
    known.audit(seen(age=0.6))
    assert handed_on(known, 0.6) == [(NOT_AUDITED, "")]
    known.audit(seen(age=0.5))
    assert handed_on(known, 0.5) == []
    assert heard(known) == ["AUDIT_GAP", "AUDIT_GAP", "AUDIT_GAP_ENDED"]


def test_account_that_was_never_audited_is_news_too_and_its_first_audit_is_told_as_such(office: Office) -> None:
    decide(office, missing(0.9))
    assert handed_on(office, 0.9) == MISSED
    office.audit(evaluation(finding("A"), age=0.8))
    office.hand_on(ago(0.8) + minutes(1))
    ((place, news),) = waiting(office).items()
    assert (place.split("#")[2], news.gap, news.record) == ("NOW", None, None)
    assert heard(office) == ["AUDIT_GAP", "AUDIT_GAP_ENDED"]


@pytest.mark.parametrize("over", [lambda it: close_account(it, NOW), excuse], ids=["closed", "left out"])
@pytest.mark.parametrize("audited", [True, False])
def test_account_that_need_not_be_audited_is_not_audited_again(
    office: Office, over: Callable[[Ledger], Changes], *, audited: bool
) -> None:
    if audited:
        office.audit(evaluation(age=1))
    handed_on(office, 1)
    decide(office, missing(0.9))
    assert handed_on(office, 0.9) == MISSED
    decide(office, over)
    assert handed_on(office, 0.8) == []
    decide(office, missing(0.7))
    assert handed_on(office, 0.7) == MISSED, "it is missed anew"
    assert heard(office) == ["AUDIT_GAP", "AUDIT_GAP"]


def test_account_whose_first_audit_was_never_told_is_news_if_it_is_missed(office: Office) -> None:
    office.audit(evaluation(age=1))
    decide(office, missing(0.9))
    office.hand_on(SOON)
    assert queues(office) == ["DIGEST", "NOW"]
    assert gaps(office) == MISSED


@pytest.mark.parametrize("audited", [True, False])
def test_missed_account_that_was_lost_is_handed_on_again(office: Office, *, audited: bool) -> None:
    if audited:
        office.audit(evaluation(age=5))
        office.hand_on(ago(5) + minutes(1))
        handed_on(office, 5)
    decide(office, missing(0.5))
    assert office.outbox(SOON).again(NOW.date()).count == 1
    assert gaps(office) == MISSED
    assert office.outbox(SOON).again(NOW.date()).count == 0


# --- routes -------------------------------------------------------------------------------------------------------


def test_news_go_to_the_channel_of_the_account(known: Office) -> None:
    known.telling = Telling(channels=(Channel(name="payments", tags={"team": "payments"}),))
    member = Membership(name="prod", path=(), tags={"team": "payments"})
    known.audit(replace(seen(finding("new")), membership=member))
    known.hand_on(SOON)
    ((place, news),) = waiting(known).items()
    assert (place.split()[0], news.name) == ("C#payments", "prod")
    (attributes,) = [it for body, _, it in known.sent("events") if json.loads(body)["id"].startswith(finding("new").id)]
    assert attributes["channel"]["Value" if "Value" in attributes["channel"] else "value"] == "payments"


# --- what ended among the dead letters ----------------------------------------------------------------------------


def test_what_was_lost_is_handed_on_again_and_nothing_twice(known: Office) -> None:
    known.audit(seen(critical("lost"), finding("changes"), age=0.5))
    known.audit(seen(finding("changes", evidence={"created": "later"}), looked_at={CHECK: ("lost",)}, age=0.4))
    lost = known.stream()
    known.hand_on(ago(0.3), [it for it in lost if it["dynamodb"]["NewImage"].get("uid") == {"S": "changes"}][:1])
    assert known.outbox(SOON).again(ago(1).date()) == Handed(count=3)
    expected = {f"{finding(uid).id}-{version}" for uid in ("lost", "changes") for version in (1, 2)}
    assert set(known.machine_ids()) == expected | {f"{finding('OLD').id}-1"}
    assert set(known.machine_ids().values()) == {1}
    assert known.outbox(SOON).again(ago(1).date()) == Handed(count=0)


def test_lost_first_audit_is_told_again(office: Office) -> None:
    office.audit(evaluation(finding("A"), age=0.5))
    assert office.outbox(SOON).again(ago(1).date()).count == 2
    assert queues(office) == ["NOW"]


def test_what_is_older_than_asked_for_stays(known: Office) -> None:
    known.audit(seen(finding("lost"), age=0.9))
    assert known.outbox(SOON).again(NOW.date()).count == 0
