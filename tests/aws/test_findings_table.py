"""The contract of the findings table: the same tests on moto and on AWS's own DynamoDB Local."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError

from auditor.aws import findings_table
from auditor.aws.findings_table import ACTIONS, ATTEMPTS, ContentionError, FindingsTable
from auditor.aws.items import finding_item, record_of
from auditor.aws.schema import (
    BY_CHECK,
    BY_ID,
    BY_PRINCIPAL,
    CHANGED_BY_DAY,
    INDEXES,
    KEEP,
    OPEN_BY_SEVERITY,
    PROJECTED,
    Index,
    audited_day,
)
from auditor.core.check import Severity
from auditor.core.decide import DecisionError, acknowledge, end_exception, make_exception
from auditor.core.evaluate import Evaluation, Examined
from auditor.core.exceptions import Rules
from auditor.core.life import Acknowledgement, Changes, Event, Header, Ledger, Record, Resolution, Run, Standing, Status
from auditor.core.model import Membership, Owner
from tests.aws.conftest import NewStore, Store
from tests.aws.wire import Wire, new_session
from tests.build import ACCOUNT, NOW, OWNER, ago, arn, evaluation, exception_rule, finding, skip

CHECK = "stale-access-key"
HEADER = (f"A#aws#{ACCOUNT}", "#HEADER")


def never(_: float) -> None:
    pytest.fail("a race was lost that nobody ran")


def run(store: Store, seen: Evaluation, pause: Callable[[float], None] = never) -> Changes:
    return FindingsTable(table=store.table, pause=pause).record(seen)


def ledger(store: Store) -> Ledger:
    return FindingsTable(table=store.table).load(OWNER)


def life(store: Store) -> dict[str, tuple[str, int]]:
    """Status and version of each finding by its uid."""
    records = ledger(store).records.values()
    return {it.finding.uid: (str(it.status), it.version) for it in records}


def history(store: Store) -> dict[str, list[str]]:
    """The sort keys of each finding's history, by finding id, in order."""
    kept: dict[str, list[str]] = {}
    for pk, sk in sorted(store.items()):
        if pk.startswith("H#"):
            kept.setdefault(pk.removeprefix("H#"), []).append(sk)
    return kept


def recorded(store: Store, seen: Evaluation) -> Wire:
    """What one run calls."""
    return listened(store, lambda table: table.record(seen))


def listened(store: Store, work: Callable[[FindingsTable], object]) -> Wire:
    session, wire = new_session(), Wire()
    wire.mount(session)
    table = session.resource("dynamodb", endpoint_url=store.endpoint).Table(store.name)
    work(FindingsTable(table=table, pause=never))
    return wire


# --- what lies in the table ---------------------------------------------------------------------------------------


def test_record_comes_back_as_it_was_written(store: Store) -> None:
    evidence: dict[str, Any] = {
        "nothing": None,
        "empty": "",
        "number": 7,
        "negative": -(2**53),
        "flag": True,
        "list": ["a", 1, None, ["deep"]],
        "map": {"k": None, "é": []},
        "text": 'ł\n\x00 "<script>" 🗝',
    }
    found = finding(evidence=evidence, resource="x" * 2000, controls=(), severity=Severity.INFO)
    run(store, evaluation(found))
    (record,) = ledger(store).records.values()
    assert record == Record(
        finding=found,
        status=Status.OPEN,
        event=Event.OPENED,
        first_seen=NOW,
        opened_at=NOW,
        changed_at=NOW,
        version=1,
        baseline=True,
    )
    assert record.finding.material == found.material
    assert {type(it) for it in record.finding.evidence.values()} == {type(it) for it in evidence.values()}


def test_header_comes_back_as_it_was_written(store: Store) -> None:
    seen = replace(evaluation(finding("AKIA1"), finding("AKIA2"), age=1), skipped=(skip(None, "unused-role"),))
    run(store, seen)
    assert ledger(store).header == Header(
        evidence_at=ago(1),
        seen={CHECK: ago(1)},
        gaps={"unused-role": "AccessDenied"},
        open={"HIGH": 2},
        runs=(Run(evidence_at=ago(1), findings=2, transitions=2, skipped=1),),
        version=2,
    )


def test_membership_and_exceptions_of_an_account_come_back_as_they_were_written(store: Store) -> None:
    member = Membership(name="prod", path=("r-1", "ou-1"), tags={"team": "payments", "é": ""})
    run(store, replace(evaluation(finding("AKIA1"), finding("AKIA2")), membership=member))
    rule = exception_rule(resource="AKIA1", tag=None)
    amend(store, lambda known: make_exception(known, rule, Rules(), NOW))
    known = ledger(store)
    assert known.header is not None
    assert (known.header.membership, known.header.excepted, known.header.open) == (member, 1, {"HIGH": 1})
    assert known.exceptions == (rule,)
    assert {it.finding.uid: it.exception for it in known.records.values()} == {"AKIA1": rule, "AKIA2": None}


def test_account_that_was_never_audited_has_an_empty_ledger(store: Store) -> None:
    assert ledger(store) == Ledger()


def test_accounts_do_not_see_each_other(store: Store) -> None:
    run(store, evaluation(finding()))
    for stranger in (Owner(account="999988887777", partition="aws"), Owner(account=ACCOUNT, partition="aws-cn")):
        assert FindingsTable(table=store.table).load(stranger) == Ledger()


def test_every_transition_has_its_history_with_both_states(store: Store) -> None:
    run(store, evaluation(finding(), age=3))
    run(store, evaluation(finding(evidence={"created": "later"}), age=2))
    run(store, evaluation(looked_at={CHECK: ("AKIA1",)}, age=1))
    run(store, evaluation(finding(), age=0))
    kept = [it for (pk, _), it in sorted(store.items().items()) if pk.startswith("H#")]
    assert [it["sk"] for it in kept] == ["000001#OPENED", "000002#CHANGED", "000003#RESOLVED", "000004#REOPENED"]
    assert [it["before"] and (it["before"]["status"], int(it["before"]["version"])) for it in kept] == [
        None,
        ("OPEN", 1),
        ("OPEN", 2),
        ("RESOLVED", 3),
    ]
    assert [(it["after"]["status"], int(it["after"]["version"])) for it in kept] == [
        ("OPEN", 1),
        ("OPEN", 2),
        ("RESOLVED", 3),
        ("OPEN", 4),
    ]
    assert [it["after"]["evidence"]["created"] for it in kept[:2]] == ["2026-08-21T06:00:00+00:00", "later"]
    assert [it["at"] for it in kept] == [ago(age).isoformat() for age in (3, 2, 1, 0)]


def test_transition_and_history_are_written_together_or_not_at_all(store: Store) -> None:
    wire = recorded(store, evaluation(finding("AKIA1"), finding("AKIA2")))
    assert [call.name for call in wire.calls] == ["Query", "TransactWriteItems", "PutItem"]
    (transaction,) = wire.named("TransactWriteItems")
    header, *puts = transaction.params["TransactItems"]
    assert header["Put"]["Item"]["sk"] == "#HEADER"
    assert [it["Put"]["Item"]["item"] for it in puts] == ["finding", "history"] * 2
    assert wire.actions == set(ACTIONS)


def test_open_findings_never_expire_and_resolved_ones_and_history_do(store: Store) -> None:
    run(store, evaluation(finding("AKIA1"), finding("AKIA2"), age=1))
    run(store, evaluation(finding("AKIA2"), looked_at={CHECK: ("AKIA1",)}))
    expiry = {it["uid"]: it.get("expires_at") for it in store.items().values() if it["item"] == "finding"}
    assert expiry == {"AKIA1": int((NOW + KEEP).timestamp()), "AKIA2": None}
    kept = {int(it["expires_at"]) for it in store.items().values() if it["item"] == "history"}
    assert kept == {int((ago(age) + KEEP).timestamp()) for age in (0, 1)}
    assert "expires_at" not in store.items()[HEADER]


def test_reopened_finding_expires_no_more(store: Store) -> None:
    run(store, evaluation(finding(), age=2))
    run(store, evaluation(looked_at={CHECK: ()}, age=1))
    run(store, evaluation(finding()))
    (item,) = [it for it in store.items().values() if it["item"] == "finding"]
    assert (item["status"], item["event"]) == ("OPEN", "REOPENED")
    assert not {"expires_at", "resolution"} & set(item)
    assert (item["first_seen"], item["opened_at"]) == (ago(2).isoformat(), NOW.isoformat())


# --- what a run costs ---------------------------------------------------------------------------------------------


def test_run_without_a_change_is_one_query_and_one_write_and_changes_the_header_alone(store: Store) -> None:
    run(store, evaluation(finding("AKIA1"), finding("AKIA2"), age=1))
    before = store.items()
    wire = recorded(store, evaluation(finding("AKIA1"), finding("AKIA2")))
    assert [call.name for call in wire.calls] == ["Query", "PutItem"]
    after = store.items()
    assert {key for key in after if after[key] != before.get(key)} == {HEADER}
    assert (after[HEADER]["evidence_at"], int(after[HEADER]["version"])) == (NOW.isoformat(), 3)


def test_run_on_the_same_evidence_again_is_one_query(store: Store) -> None:
    run(store, evaluation(finding()))
    before = store.items()
    assert [call.name for call in recorded(store, evaluation(finding())).calls] == ["Query"]
    assert store.items() == before


def test_run_that_saw_nothing_resolves_nothing(store: Store) -> None:
    run(store, evaluation(finding(), age=1))
    run(store, evaluation(skipped=(skip(),)))
    assert life(store) == {"AKIA1": ("OPEN", 1)}
    header = ledger(store).header
    assert header is not None
    assert (header.evidence_at, header.seen, header.gaps) == (NOW, {CHECK: ago(1)}, {CHECK: "AccessDenied"})
    assert (header.open, header.version, header.runs[0].skipped) == ({"HIGH": 1}, 3, 1)


def test_first_run_of_a_thousand_findings_is_recorded_whole(store: Store) -> None:
    """On moto of fifty: it copies its whole table for each transaction, which takes minutes."""
    count, transactions = (50, 2) if store.is_moto else (1000, 21)
    uids = [f"AKIA{number:04}" for number in range(count)]
    wire = recorded(store, evaluation(*map(finding, uids)))
    assert [call.name for call in wire.calls] == ["Query", *["TransactWriteItems"] * transactions, "PutItem"]
    assert max(len(call.params["TransactItems"]) for call in wire.named("TransactWriteItems")) <= 100
    known = ledger(store)
    assert sorted(it.finding.uid for it in known.records.values()) == uids
    assert known.header is not None
    assert known.header.open == {"HIGH": count}
    assert {tuple(it) for it in history(store).values()} == {("000001#OPENED",)}


# --- the operations team's questions ------------------------------------------------------------------------------


def ask(store: Store, index: Index, partition: str, sort: Any = None, **options: Any) -> list[dict[str, Any]]:
    """The answer to one Query of an index."""
    condition = Key(index.partition_key).eq(partition)
    answer = store.table.query(
        IndexName=index.name, KeyConditionExpression=condition & sort if sort else condition, **options
    )
    assert "LastEvaluatedKey" not in answer
    items: list[dict[str, Any]] = answer["Items"]
    return items


@pytest.fixture
def questioned(store: Store) -> Store:
    """Three runs: AKIA1 opens, then AKIA2 and a role of bo's, then AKIA1 is fixed and AKIA2 changes."""
    bo = arn("role/bo")
    role = finding("AROA1", "unused-role", severity=Severity.LOW, principal=bo, resource=bo)
    run(store, evaluation(finding("AKIA1"), age=3))
    run(store, evaluation(finding("AKIA1"), finding("AKIA2"), role, age=2))
    moved = finding("AKIA2", evidence={"created": "later"})
    run(store, evaluation(moved, role, looked_at={CHECK: ("AKIA1",)}, age=1))
    return store


def test_open_findings_of_a_severity_come_newest_first(store: Store) -> None:
    for number, age in enumerate((3, 2, 1), start=1):
        run(store, evaluation(*(finding(f"AKIA{it}") for it in range(1, number + 1)), age=age))
    answer = ask(store, OPEN_BY_SEVERITY, "HIGH", ScanIndexForward=False)
    assert [(it["resource"], it["opened_at"]) for it in answer] == [
        (f"AKIA{it}", ago(age).isoformat()) for it, age in ((3, 1), (2, 2), (1, 3))
    ]


def test_resolved_findings_are_not_among_the_open_of_a_severity(questioned: Store) -> None:
    assert [it["resource"] for it in ask(questioned, OPEN_BY_SEVERITY, "HIGH")] == ["AKIA2"]
    assert [it["resource"] for it in ask(questioned, OPEN_BY_SEVERITY, "LOW")] == [arn("role/bo")]


@pytest.mark.parametrize(("status", "uid"), [("OPEN", "AKIA2"), ("RESOLVED", "AKIA1")])
def test_findings_of_a_check_are_asked_by_status_and_account(questioned: Store, status: str, uid: str) -> None:
    mine = Key(BY_CHECK.sort_key).begins_with(f"{ACCOUNT}#")
    assert [it["resource"] for it in ask(questioned, BY_CHECK, f"{CHECK}#{status}", mine)] == [uid]


def test_findings_of_a_principal_are_asked_by_status(questioned: Store) -> None:
    still_open = Key(BY_PRINCIPAL.sort_key).begins_with("OPEN#")
    assert [it["resource"] for it in ask(questioned, BY_PRINCIPAL, arn("user/ana"), still_open)] == ["AKIA2"]
    everything = ask(questioned, BY_PRINCIPAL, arn("user/ana"))
    assert [(it["status"], it["check"]) for it in everything] == [("OPEN", CHECK), ("RESOLVED", CHECK)]


def test_findings_that_changed_on_a_day_are_asked_by_the_time(questioned: Store) -> None:
    day = ago(1).date().isoformat()
    answer = ask(questioned, CHANGED_BY_DAY, day, Key(CHANGED_BY_DAY.sort_key).gte(ago(1).isoformat()))
    assert {(it["resource"], it["event"]) for it in answer} == {("AKIA1", "RESOLVED"), ("AKIA2", "CHANGED")}
    later = Key(CHANGED_BY_DAY.sort_key).gte((ago(1) + timedelta(seconds=1)).isoformat())
    assert ask(questioned, CHANGED_BY_DAY, day, later) == []


def carried(store: Store, index: Index) -> list[dict[str, Any]]:
    pages = store.table.meta.client.get_paginator("scan").paginate(TableName=store.name, IndexName=index.name)
    return [it for page in pages for it in page["Items"]]


@pytest.mark.parametrize("index", INDEXES, ids=lambda index: index.name)
def test_an_answer_carries_what_is_projected_and_the_keys(questioned: Store, index: Index) -> None:
    whole = questioned.items()
    shown = {"pk", "sk", *index.keys, *(() if index.keys_only else PROJECTED)}
    for item in carried(questioned, index):
        assert item == {name: it for name, it in whole[item["pk"], item["sk"]].items() if name in shown}
    told = "check title severity standing event account resource region reason first_seen opened_at changed_at"
    assert set(told.split()) <= set(PROJECTED)


def test_indexes_hold_findings_and_by_day_the_last_audit_and_the_ends_of_exceptions(questioned: Store) -> None:
    amend(questioned, lambda known: make_exception(known, exception_rule(), Rules(), NOW))
    counts = {it.name: len(carried(questioned, it)) for it in INDEXES}
    findings = {"open-by-severity": 2, "by-check": 3, "by-principal": 3, "by-id": 3, "changed-by-day": 3}
    assert counts == findings | {"changed-by-day": findings["changed-by-day"] + 2}


def test_finding_is_found_by_its_id(questioned: Store) -> None:
    wanted = finding("AKIA2")
    (found,) = ask(questioned, BY_ID, wanted.id)
    assert questioned.items()[found["pk"], found["sk"]]["resource"] == "AKIA2"


def test_what_an_exception_covers_is_asked_for_apart(questioned: Store) -> None:
    amend(questioned, lambda known: make_exception(known, exception_rule(), Rules(), NOW))
    assert ask(questioned, OPEN_BY_SEVERITY, "HIGH") == []
    assert ask(questioned, BY_CHECK, f"{CHECK}#OPEN") == []
    for index, partition in ((OPEN_BY_SEVERITY, "EXCEPTED#HIGH"), (BY_CHECK, f"{CHECK}#EXCEPTED")):
        assert [it["resource"] for it in ask(questioned, index, partition)] == ["AKIA2"]


def test_accounts_are_asked_by_the_day_of_their_last_audit(questioned: Store) -> None:
    assert ask(questioned, CHANGED_BY_DAY, audited_day(ago(2).date())) == []
    (last,) = ask(questioned, CHANGED_BY_DAY, audited_day(ago(1).date()))
    assert (last["account"], last["audited"]["findings"], last["audited"]["transitions"]) == (ACCOUNT, 2, 2)


# --- what people decide ---------------------------------------------------------------------------------------------


def amend(store: Store, decide: Callable[[Ledger], Changes]) -> Changes:
    return FindingsTable(table=store.table, pause=never).amend(OWNER, decide)


def test_exception_and_what_follows_from_it_are_one_transaction(store: Store) -> None:
    run(store, evaluation(finding("AKIA1"), finding("AKIA2"), age=1))
    rule = exception_rule()
    wire = listened(store, lambda table: table.amend(OWNER, lambda known: make_exception(known, rule, Rules(), NOW)))
    assert [call.name for call in wire.calls] == ["Query", "TransactWriteItems", "PutItem"]
    ended = listened(store, lambda table: table.amend(OWNER, lambda known: end_exception(known, rule.id, Rules(), NOW)))
    assert [call.name for call in ended.calls] == ["Query", "TransactWriteItems", "PutItem"]
    assert life(store) == {"AKIA1": ("OPEN", 3), "AKIA2": ("OPEN", 3)}
    assert ledger(store).exceptions == ()
    kept = [it["after"]["event"] for (pk, _), it in sorted(store.items().items()) if pk.startswith("H#")]
    assert kept == ["OPENED", "EXCEPTED", "EXCEPTION_ENDED"] * 2


def test_exception_of_an_account_that_was_never_audited_waits_for_its_first_audit(store: Store) -> None:
    amend(store, lambda known: make_exception(known, exception_rule(), Rules(), NOW))
    changes = run(store, evaluation(finding()))
    assert [(it.after.event, it.after.baseline, it.after.standing) for it in changes.transitions] == [
        (Event.OPENED, True, Standing.EXCEPTED)
    ]


def test_decision_that_is_refused_writes_nothing(store: Store) -> None:
    run(store, evaluation(finding()))
    before = store.items()
    with pytest.raises(DecisionError, match="unknown"):
        amend(store, lambda known: acknowledge(known, "no-such-id", "ana", "", NOW))
    assert store.items() == before


def test_acknowledgement_that_was_overtaken_by_an_audit_is_made_after_it(store: Store) -> None:
    run(store, evaluation(finding("AKIA1"), age=1))
    overtaken, pauses = in_between(store, lambda: run(store, evaluation(finding("AKIA1"), finding("AKIA2"))))
    overtaken.amend(OWNER, lambda known: acknowledge(known, finding("AKIA1").id, "ana", "on it", NOW))
    assert len(pauses) == 1
    assert life(store) == {"AKIA1": ("OPEN", 2), "AKIA2": ("OPEN", 1)}


# --- races --------------------------------------------------------------------------------------------------------


def in_between(store: Store, meanwhile: Callable[[], Any], times: int = 1) -> tuple[FindingsTable, list[float]]:
    """A table on which `meanwhile` happens after each of the first `times` reads, and the pauses it makes."""
    pauses: list[float] = []
    table = store.connect()
    left = iter(range(times))

    def after_query(**_: object) -> None:
        if next(left, None) is not None:
            meanwhile()

    table.meta.client.meta.events.register("after-call.dynamodb.Query", after_query)
    return FindingsTable(table=table, pause=pauses.append), pauses


def test_run_that_was_overtaken_reads_again_and_converges(store: Store) -> None:
    run(store, evaluation(finding("AKIA1"), age=2))
    overtaken, pauses = in_between(store, lambda: run(store, evaluation(finding("AKIA1"), finding("AKIA2"), age=1)))
    changes = overtaken.record(evaluation(finding("AKIA2"), looked_at={CHECK: ("AKIA1",)}))
    assert [(it.after.finding.uid, it.after.event) for it in changes.transitions] == [("AKIA1", Event.RESOLVED)]
    assert len(pauses) == 1
    assert life(store) == {"AKIA1": ("RESOLVED", 2), "AKIA2": ("OPEN", 1)}


def test_first_run_that_was_overtaken_by_another_first_run_opens_nothing_twice(store: Store) -> None:
    overtaken, pauses = in_between(store, lambda: run(store, evaluation(finding(), age=1)))
    assert overtaken.record(evaluation(finding())).transitions == ()
    assert len(pauses) == 1
    assert list(history(store).values()) == [["000001#OPENED"]]


def test_run_without_transitions_that_was_overtaken_does_not_set_the_header_back(store: Store) -> None:
    run(store, evaluation(finding(), age=3))
    overtaken, pauses = in_between(store, lambda: run(store, evaluation(finding())))
    assert overtaken.record(evaluation(finding(), age=1)).header is None
    assert len(pauses) == 1
    header = ledger(store).header
    assert header is not None
    assert (header.evidence_at, header.seen, header.open, header.version) == (NOW, {CHECK: NOW}, {"HIGH": 1}, 3)


def test_older_evidence_that_arrives_later_changes_nothing(store: Store) -> None:
    run(store, evaluation(finding("AKIA1"), age=3))
    newer = evaluation(finding("AKIA2"), looked_at={CHECK: ("AKIA1",)})
    overtaken, _ = in_between(store, lambda: run(store, newer))
    late = overtaken.record(evaluation(finding("AKIA1"), finding("AKIA3"), age=1))
    assert late == Changes(transitions=(), header=None)
    assert life(store) == {"AKIA1": ("RESOLVED", 2), "AKIA2": ("OPEN", 1)}


def test_older_run_that_finishes_first_is_then_superseded(store: Store) -> None:
    run(store, evaluation(finding("AKIA1"), age=3))
    older = evaluation(finding("AKIA1"), finding("AKIA3"), age=1)
    overtaken, _ = in_between(store, lambda: run(store, older))
    overtaken.record(evaluation(finding("AKIA2"), looked_at={CHECK: ("AKIA1", "AKIA3")}))
    assert life(store) == {"AKIA1": ("RESOLVED", 2), "AKIA2": ("OPEN", 1), "AKIA3": ("RESOLVED", 2)}


def test_ledger_of_several_pages_is_read_whole(store: Store) -> None:
    large = [finding(f"AKIA{number:02}", evidence={"text": "x" * 90_000}) for number in range(30)]
    for start in range(0, 30, 10):
        run(store, evaluation(*large[: start + 10], age=3 - start / 10))
    wire = recorded(store, evaluation(*large))
    assert [call.name for call in wire.calls] == ["Query", "Query", "Query", "PutItem"]
    assert len(ledger(store).records) == 30


GONE_IN_OLDER = evaluation(looked_at={CHECK: ("AKIA1",)}, age=2)
STILL_THERE = evaluation(finding("AKIA1"), age=1)


def test_newer_run_notices_the_half_of_an_older_one_that_was_written_since_it_read(store: Store) -> None:
    """The older one resolves what the newer one still sees; its header never comes, or comes too late."""
    run(store, evaluation(finding("AKIA1"), age=3))

    def half_of_the_older() -> None:
        with pytest.raises(CrashError):
            crashing(store, "before-call", 1).record(GONE_IN_OLDER)

    overtaken, _ = in_between(store, half_of_the_older)
    overtaken.record(STILL_THERE)
    assert life(store)["AKIA1"][0] == "OPEN"


def test_transition_of_what_an_older_run_has_moved_meanwhile_is_made_anew(store: Store) -> None:
    run(store, evaluation(finding("AKIA1"), age=3))

    def half_of_the_older() -> None:
        with pytest.raises(CrashError):
            crashing(store, "before-call", 1).record(GONE_IN_OLDER)

    overtaken, pauses = in_between(store, half_of_the_older)
    overtaken.record(evaluation(finding("AKIA1", evidence={"created": "later"}), age=1))
    assert len(pauses) == 1
    assert list(history(store).values()) == [["000001#OPENED", "000002#RESOLVED", "000003#REOPENED"]]


def test_finding_that_somebody_else_has_moved_is_not_written_over(store: Store) -> None:
    """Not an audit, which would have moved the header too."""
    run(store, evaluation(finding("AKIA1"), age=3))
    ((pk, sk),) = [key for key, it in store.items().items() if it["item"] == "finding"]

    def move() -> None:
        store.table.update_item(
            Key={"pk": pk, "sk": sk},
            UpdateExpression="SET #version = :two",
            ExpressionAttributeNames={"#version": "version"},
            ExpressionAttributeValues={":two": 2},
        )

    overtaken, pauses = in_between(store, move)
    overtaken.record(GONE_IN_OLDER)
    assert (len(pauses), life(store)) == (1, {"AKIA1": ("RESOLVED", 3)})


def test_newer_run_notices_an_older_one_that_finished_between_two_pages(store: Store) -> None:
    large = [finding(f"AKIA{number:02}", evidence={"text": "x" * 90_000}) for number in range(15)]
    first, *others = sorted(large, key=lambda it: it.id)
    run(store, evaluation(first, *others, age=3))
    older = evaluation(*others, looked_at={CHECK: (first.uid,)}, age=2)
    overtaken, _ = in_between(store, lambda: run(store, older))
    overtaken.record(evaluation(first, *others, age=1))
    assert life(store)[first.uid][0] == "OPEN"


def test_run_that_loses_every_race_says_so(store: Store) -> None:
    moments = iter(range(1000))

    def newer() -> None:
        moment = NOW + timedelta(seconds=next(moments))
        seen = evaluation(finding())
        run(store, replace(seen, evidence_at=moment, examined={CHECK: Examined(uids=frozenset(), as_of=ago(9))}))

    overtaken, pauses = in_between(store, newer, times=ATTEMPTS)
    with pytest.raises(ContentionError, match=rf"^account {ACCOUNT}: lost {ATTEMPTS} races"):
        overtaken.record(replace(evaluation(finding()), evidence_at=NOW + timedelta(days=1)))
    assert len(pauses) in {ATTEMPTS, ATTEMPTS - 1}
    assert max(pauses) <= 2.0


def at_once(store: Store, runs: list[Evaluation]) -> None:
    """All of `runs`, each in a thread, started together."""
    ready = threading.Barrier(len(runs), timeout=30)

    def briefly(seconds: float) -> None:
        threading.Event().wait(seconds / 20)

    def one(seen: Evaluation) -> None:
        table = store.connect()
        held = store.one_at_a_time
        table.meta.client._make_api_call = _within(held, table.meta.client._make_api_call)
        ready.wait()
        FindingsTable(table=table, pause=briefly).record(seen)

    with ThreadPoolExecutor(len(runs)) as pool:
        for done in [pool.submit(one, seen) for seen in runs]:
            done.result()


def _within(held: Any, call: Callable[..., Any]) -> Callable[..., Any]:
    def calling(*args: Any) -> Any:
        with held:
            return call(*args)

    return calling


def test_twenty_runs_at_once_leave_the_newest_state_and_an_unbroken_history(store: Store) -> None:
    """Each sees other keys, at another time; the last of them decides what is open."""
    uids = [f"AKIA{number}" for number in range(12)]
    runs = [
        evaluation(*(finding(uid) for number, uid in enumerate(uids) if (number + turn) % 3), age=20 - turn,
                   looked_at={CHECK: tuple(uids)})
        for turn in range(20)
    ]  # fmt: skip
    at_once(store, runs)
    newest = {it.uid for it in runs[-1].findings}
    records = ledger(store).records.values()
    assert {it.finding.uid for it in records if it.status is Status.OPEN} == newest
    header = ledger(store).header
    assert header is not None
    assert (header.evidence_at, header.open) == (ago(1), {"HIGH": len(newest)})
    versions = {uid: [int(it.split("#")[0]) for it in kept] for uid, kept in history(store).items()}
    assert versions == {it.finding.id: list(range(1, it.version + 1)) for it in records}


def test_twenty_runs_at_once_on_the_same_evidence_are_one(store: Store) -> None:
    seen = evaluation(*(finding(f"AKIA{number}") for number in range(12)))
    at_once(store, [seen] * 20)
    assert set(life(store).values()) == {("OPEN", 1)}
    assert {tuple(it) for it in history(store).values()} == {("000001#OPENED",)}
    assert store.items()[HEADER]["version"] == 2


# --- crashes ------------------------------------------------------------------------------------------------------


class CrashError(Exception):
    """The process is gone."""


WRITES = ("TransactWriteItems", "PutItem")
FIRST = evaluation(*map(finding, ("fixed", "changes", "stays")), age=1)
SECOND = evaluation(
    *(finding("changes", evidence={"created": "later"}), finding("stays"), finding("new")),
    looked_at={CHECK: ("fixed",)},
)


def crashing(store: Store, moment: str, number: int) -> FindingsTable:
    """A table whose client is gone before or after (`moment`) its write number `number`, counted from 0."""
    table = store.connect()
    left = iter(range(number))

    def crash(**_: object) -> None:
        if next(left, None) is None:
            raise CrashError

    for write in WRITES:
        table.meta.client.meta.events.register(f"{moment}.dynamodb.{write}", crash)
    return FindingsTable(table=table, pause=never)


@pytest.mark.parametrize("moment", ["before-call", "after-call"])
@pytest.mark.parametrize("before", [(), (FIRST,)], ids=["first run", "later run"])
def test_run_that_crashed_anywhere_ends_the_same_when_it_is_repeated(
    new_store: NewStore, moment: str, before: tuple[Evaluation, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings_table, "IN_ONE_TRANSACTION", 2)
    undisturbed = new_store()
    for seen in before:
        run(undisturbed, seen)
    writes = len(recorded(undisturbed, SECOND).named(*WRITES))
    assert writes == 4
    for number in range(writes):
        store = new_store()
        for seen in before:
            run(store, seen)
        with pytest.raises(CrashError):
            crashing(store, moment, number).record(SECOND)
        run(store, SECOND)
        assert store.items() == undisturbed.items()


def test_run_that_crashed_is_repaired_by_a_later_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings_table, "IN_ONE_TRANSACTION", 2)
    with pytest.raises(CrashError):
        crashing(store, "before-call", 2).record(FIRST)
    assert sorted(life(store)) == ["changes", "fixed"]
    run(store, SECOND)
    assert life(store) == {
        "fixed": ("RESOLVED", 2),
        "changes": ("OPEN", 2),
        "stays": ("OPEN", 1),
        "new": ("OPEN", 1),
    }
    versions = {it.finding.id: it.version for it in ledger(store).records.values()}
    assert {id_: len(kept) for id_, kept in history(store).items()} == versions


# --- errors that are no races -------------------------------------------------------------------------------------


def refusal(code: str, **members: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}, **members}, "TransactWriteItems")


def failing(store: Store, error: ClientError) -> tuple[FindingsTable, list[int]]:
    """A table whose transactions fail, and the list of the tries."""
    table, tries = store.connect(), list[int]()

    def fail(**_: object) -> None:
        tries.append(len(tries))
        raise error

    table.meta.client.meta.events.register("before-call.dynamodb.TransactWriteItems", fail)
    return FindingsTable(table=table, pause=lambda _: None), tries


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ResourceNotFoundException", "ValidationException", "ThrottlingException"]
)
def test_refusal_that_is_no_race_is_raised_at_once(store: Store, code: str) -> None:
    table, tries = failing(store, refusal(code))
    with pytest.raises(ClientError, match=code):
        table.record(evaluation(finding()))
    assert len(tries) == 1
    assert store.items() == {}


@pytest.mark.parametrize("reason", ["ValidationError", "ItemCollectionSizeLimitExceeded"])
def test_transaction_that_was_cancelled_for_good_is_raised_at_once(store: Store, reason: str) -> None:
    reasons = [{"Code": "None"}, {"Code": reason, "Message": "no"}, {"Code": "None"}]
    table, tries = failing(store, refusal("TransactionCanceledException", CancellationReasons=reasons))
    with pytest.raises(ClientError, match="TransactionCanceledException"):
        table.record(evaluation(finding()))
    assert len(tries) == 1


def test_table_that_is_gone_is_raised_at_once(store: Store) -> None:
    store.table.meta.client.delete_table(TableName=store.name)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        run(store, evaluation(finding()))


def test_finding_too_large_for_an_item_is_raised_and_not_taken_for_a_race(store: Store) -> None:
    with pytest.raises(ClientError, match=r"(?i)size"):
        run(store, evaluation(finding(evidence={"text": "x" * 500_000})))


# --- items, without a table ---------------------------------------------------------------------------------------


def record(**fields: Any) -> Record:
    made = Record(
        finding=finding(),
        status=Status.OPEN,
        event=Event.OPENED,
        first_seen=ago(9),
        opened_at=ago(9),
        changed_at=ago(1),
        version=3,
    )
    return replace(made, **fields)


@pytest.mark.parametrize(
    "made",
    [
        record(),
        record(status=Status.RESOLVED, event=Event.RESOLVED, resolution=Resolution.FIXED),
        record(status=Status.RESOLVED, event=Event.RESOLVED, resolution=Resolution.RESOURCE_DELETED),
        *(record(status=Status.RESOLVED, event=Event.RESOLVED, resolution=it) for it in list(Resolution)[2:]),
        record(event=Event.REOPENED, baseline=True),
        record(event=Event.ACKNOWLEDGED, acknowledged=Acknowledgement(by="ana", at=ago(1), note="é\n")),
        record(event=Event.EXCEPTED, exception=exception_rule(tag=("team", "pay*"))),
        record(finding=finding(tags={"": "x", "é": ""}, limits={"key_age": timedelta(days=7), "password_reuse": 3})),
    ],
    ids=lambda made: str(made.resolution or made.event),
)
def test_record_is_read_from_its_item(made: Record) -> None:
    assert record_of(finding_item(made)) == made


def keys_of(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item.get(name) for index in INDEXES for name in index.keys}


def test_index_keys_follow_from_the_life_alone() -> None:
    other_words = finding(reason="other words", title="other", evidence={"x": 1}, evidence_at=NOW, fix="other")
    assert keys_of(finding_item(record(finding=other_words))) == keys_of(finding_item(record()))
