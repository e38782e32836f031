"""Runs over all accounts, and the accounts that they did not reach, as the findings table keeps them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from auditor.aws.findings_table import FindingsTable
from auditor.aws.items import header_item, header_of
from auditor.aws.runs_table import LOOKED_BACK, MOST_NAMED, MOST_REASONS, RunsTable, counted, run_item, run_of
from auditor.aws.schema import CHANGED_BY_DAY
from auditor.core.decide import close_account, excuse, miss
from auditor.core.life import NEVER, Header, Missed
from auditor.core.life import Run as Audit
from auditor.core.model import Membership, Owner
from auditor.core.roster import Known, Run
from auditor.core.telling import Unseen
from tests.aws.conftest import Store
from tests.build import ACCOUNT, NOW, OWNER, ago, evaluation, finding

OTHER = Owner(account="999988887777", partition="aws")
CHINESE = Owner(account="444455556666", partition="aws-cn")
MEMBER = Membership(name="prod", path=("r-1", "ou-1"), tags={"team": "red"})
WHOLE = Run(
    clock=ago(1),
    planned=5,
    audited=3,
    not_audited=2,
    ended=1,
    skipped={"excluded: sandbox": 2},
    lost=(ACCOUNT,),
    error="",
    finished=True,
)


def runs(store: Store, partition: str = "aws") -> RunsTable:
    return RunsTable(table=store.table, partition=partition)


def audit(store: Store, owner: Owner = OWNER, age: float = 0, **fields: Any) -> None:
    seen = replace(evaluation(age=age), owner=owner, **fields)
    FindingsTable(table=store.table).record(seen)


def missed(store: Store, owner: Owner = OWNER, age: float = 0, reason: str = "AccessDenied") -> None:
    FindingsTable(table=store.table).amend(owner, lambda known: miss(known, ago(age), reason))


# --- runs ---------------------------------------------------------------------------------------------------------


def test_run_is_read_as_it_was_written(store: Store) -> None:
    assert runs(store).last() is None
    runs(store).put(WHOLE)
    assert runs(store).last() == WHOLE
    assert runs(store, "aws-cn").last() is None


def test_last_run_is_the_one_with_the_latest_clock_as_it_was_last_put(store: Store) -> None:
    runs(store).put(WHOLE)
    runs(store).put(replace(WHOLE, clock=ago(3), error="long ago"))
    runs(store).put(replace(WHOLE, clock=NOW, finished=False))
    last = replace(WHOLE, clock=NOW, error="broken off")
    runs(store).put(last)
    assert runs(store).last() == last


def test_run_names_some_of_the_lost_accounts_only() -> None:
    lost = tuple(f"{int(ACCOUNT) + number}" for number in range(MOST_NAMED + 1))
    item = run_item("aws", replace(WHOLE, lost=lost))
    assert run_of(item).lost == lost[:MOST_NAMED]


def test_reasons_are_counted_and_the_rarest_together() -> None:
    assert counted(["a", "b", "a"]) == {"a": 2, "b": 1}
    reasons = [f"reason {number}" for number in range(MOST_REASONS + 3)]
    told = counted(["common", *reasons])
    assert (len(told), told["for other reasons"], sum(told.values())) == (MOST_REASONS + 1, 4, len(reasons) + 1)


# --- accounts that were not reached -------------------------------------------------------------------------------


def test_missed_accounts_are_found_with_the_reason_and_the_way_to_their_channel(store: Store) -> None:
    audit(store, OTHER, 1, membership=MEMBER)
    audit(store, CHINESE, 1)
    for owner in (OWNER, OTHER, CHINESE):
        missed(store, owner, reason=f"no way into {owner.account}")
    assert sorted(runs(store).not_audited(), key=lambda it: it.owner.account) == [
        Unseen(owner=OWNER, reason=f"no way into {ACCOUNT}"),
        Unseen(owner=OTHER, reason=f"no way into {OTHER.account}", membership=MEMBER),
    ]


@pytest.mark.parametrize("audited", [True, False])
def test_account_is_missed_until_it_is_audited_closed_or_left_out(store: Store, *, audited: bool) -> None:
    table = FindingsTable(table=store.table)
    for over in (lambda it: close_account(it, NOW), excuse):
        if audited:
            audit(store, age=2)
        missed(store, age=1)
        assert len(runs(store).not_audited()) == 1
        table.amend(OWNER, over)
        assert runs(store).not_audited() == []
    missed(store, age=0.5)
    audit(store)
    assert runs(store).not_audited() == []
    assert runs(store).known(NOW) == [Known(account=ACCOUNT, evidence_at=NOW)]


# --- accounts that are known --------------------------------------------------------------------------------------


def known(store: Store) -> dict[str, Known]:
    found = runs(store).known(NOW)
    assert len({it.account for it in found}) == len(found)
    return {it.account: it for it in found}


def test_accounts_audited_since_the_last_whole_run_are_known_and_all_missed_ones(store: Store) -> None:
    runs(store).put(replace(WHOLE, clock=ago(2)))
    runs(store).put(replace(WHOLE, clock=ago(1), finished=False))
    runs(store).put(replace(WHOLE, clock=ago(0.9), planned=0))
    runs(store).put(replace(WHOLE, clock=NOW))
    third, fourth = (replace(OWNER, account=it) for it in ("222222222222", "333333333333"))
    audit(store, OWNER, 2)
    audit(store, OTHER, 3)
    audit(store, third, 9)
    missed(store, third)
    missed(store, fourth)
    audit(store, CHINESE, 1)
    assert known(store) == {
        ACCOUNT: Known(account=ACCOUNT, evidence_at=ago(2)),
        third.account: Known(account=third.account, evidence_at=ago(9), missed_at=NOW),
        fourth.account: Known(account=fourth.account, evidence_at=NEVER, missed_at=NOW),
    }


def test_checks_that_an_accounts_last_audit_has_judged_are_known_unless_it_was_missed_since(store: Store) -> None:
    assert runs(store).judged(ACCOUNT) == frozenset()
    table = FindingsTable(table=store.table)
    table.record(evaluation(age=2, looked_at={"older": (), "both": ()}))
    table.record(evaluation(age=1, looked_at={"both": (), "newer": ()}))
    assert runs(store).judged(ACCOUNT) == {"both", "newer"}
    missed(store)
    assert runs(store).judged(ACCOUNT) == frozenset()


def test_without_a_whole_run_two_weeks_are_looked_back(store: Store) -> None:
    audit(store, OWNER, LOOKED_BACK.days)
    audit(store, OTHER, LOOKED_BACK.days + 1)
    assert set(known(store)) == {ACCOUNT}
    runs(store).put(replace(WHOLE, clock=NOW - LOOKED_BACK - timedelta(days=9)))
    assert set(known(store)) == {ACCOUNT}


def test_closed_account_is_not_known(store: Store) -> None:
    audit(store, age=1)
    FindingsTable(table=store.table).amend(OWNER, lambda it: close_account(it, NOW))
    assert known(store) == {}
    assert runs(store).remembered([ACCOUNT]) == []


def test_account_is_remembered_however_long_ago_it_was_audited(store: Store) -> None:
    audit(store, age=300)
    missed(store, OTHER)
    remembered = runs(store).remembered([ACCOUNT, OTHER.account, "222222222222"])
    assert sorted(remembered, key=lambda it: it.account) == [
        Known(account=ACCOUNT, evidence_at=ago(300)),
        Known(account=OTHER.account, evidence_at=NEVER, missed_at=NOW),
    ]


# --- headers ------------------------------------------------------------------------------------------------------

HEADERS = {
    "audited": Header(
        evidence_at=NOW,
        open={"HIGH": 2},
        runs=(Audit(evidence_at=NOW, findings=2, transitions=1, skipped=0),),
        membership=MEMBER,
    ),
    "missed": Header(evidence_at=ago(2), missed=Missed(at=NOW, reason="AccessDenied"), membership=MEMBER),
    "never audited": Header(evidence_at=NEVER, missed=Missed(at=NOW, reason="AccessDenied")),
    "closed": Header(evidence_at=ago(2), closed=True),
    "closed and never audited": Header(evidence_at=NEVER, closed=True),
    "written only": Header(evidence_at=NEVER, version=3),
}
PLACES = {
    "audited": ("AUDITED#2026-11-20", f"{NOW.isoformat()}#{ACCOUNT}"),
    "missed": ("NOT_AUDITED", f"{ago(2).isoformat()}#{ACCOUNT}"),
    "never audited": ("NOT_AUDITED", f"0001-01-01T00:00:00+00:00#{ACCOUNT}"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_header_is_read_as_it_was_written_and_has_its_place_in_the_index(name: str) -> None:
    item = header_item(OWNER, HEADERS[name])
    assert header_of(item) == HEADERS[name]
    assert tuple(item.get(key) for key in CHANGED_BY_DAY.keys) == PLACES.get(name, (None, None))


def test_missed_run_does_not_hide_the_last_audit(store: Store) -> None:
    FindingsTable(table=store.table).record(evaluation(finding(), age=1))
    missed(store)
    (item,) = (it for it in store.items().values() if it["item"] == "header")
    audited = item["audited"]
    assert (audited["missed"]["reason"], audited["evidence_at"]) == ("AccessDenied", ago(1).isoformat())
    assert (audited["findings"], audited["open"]) == (1, {"HIGH": 1})
