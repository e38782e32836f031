"""Runs over several accounts in which something goes wrong: nothing is done twice, and nobody waits for another."""

import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.retries import bucket
from moto import mock_aws

from auditor import settings
from auditor.aws import entering
from auditor.aws.evidence_store import EvidenceStore
from auditor.aws.findings_table import FindingsTable
from auditor.aws.gather import gather
from auditor.aws.run_store import RunStore
from auditor.aws.session import Aws, connect
from auditor.aws.sources import SOURCES
from auditor.core.evidence import Evidence
from auditor.core.life import Ledger
from auditor.core.model import Owner
from auditor.handlers import audit, plan, summarise
from auditor.handlers.audit import Office
from auditor.settings import AuditSettings, Deployment, deployment_json, environment, validated
from tests.aws.conftest import OWN_CREDENTIALS, Store, new_store_at
from tests.aws.faults import throttled
from tests.aws.functions import CONTEXT
from tests.aws.template import TableDefinition
from tests.aws.test_gather import script
from tests.aws.wire import Wire, new_session, scripted
from tests.build import NOW

HERE = "123456789012"
OTHERS = [f"20000000000{number}" for number in range(3)]
ALL = [HERE, *OTHERS]
STORMY = OTHERS[1]
BUCKET = "evidence"
IAM = frozenset(botocore.session.get_session().get_service_model("iam").operation_names)
UNKNOWN_TO_MOTO = {"ListServiceSpecificCredentials", "ListOrganizationsFeatures"}
FIFTEEN_MINUTES = 900


FEW = [it for it in SOURCES if it.name in {"credential-report", "account-summary", "password-policy", "access-keys"}]


OF_IAM = [it for it in SOURCES if all(action.startswith("iam:") for action in it.actions)]


@cache
def one_of_each() -> Evidence:
    return gather(scripted(Wire(script=script())), FEW)


def seen_at_once(aws: Aws, *, before: Mapping[str, Any]) -> Evidence:
    """What every account says, where it does not matter what."""
    assert before is not None
    return replace(one_of_each(), owner=aws.owner, gathered_at=aws.now)


@dataclass(kw_only=True)
class Time:
    """Goes by only when somebody waits."""

    now: float = 0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def passed(self) -> float:
        return self.now


@dataclass(kw_only=True)
class Fleet:
    """The functions of a run; `prepare` is told each session that is made with an account's credentials."""

    store: Store
    prepare: Callable[[boto3.Session], None] = lambda _: None

    def session(self, **named: Any) -> boto3.Session:
        session = new_session(**named)
        if named:
            self.prepare(session)
        return session

    def plan(self) -> tuple[str, list[dict[str, Any]]]:
        """Where the run lies, and what its map does, one after the other."""
        planned = plan.handler({"now": NOW.isoformat()}, CONTEXT)
        body = new_session().client("s3").get_object(Bucket=planned["bucket"], Key=planned["key"])["Body"]
        told = {name: planned[name] for name in ("now", "run")}
        return planned["run"], [it | told for it in json.loads(body.read())]

    def audit(self, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [audit.handler(dict(it), CONTEXT) for it in items]

    def summarise(self, run: str, error: str = "") -> dict[str, Any]:
        summary: dict[str, Any] = summarise.handler({"now": NOW.isoformat(), "run": run, "error": error}, CONTEXT)
        return summary

    def ledger(self, account: str) -> Ledger:
        return FindingsTable(table=self.store.table).load(Owner(account=account, partition="aws"))

    def transitions(self) -> Counter[str]:
        """How many there were in each account."""
        items = self.store.items().values()
        return Counter(it["after"]["account"] for it in items if it["item"] == "history")


@pytest.fixture
def fleet(
    monkeypatch: pytest.MonkeyPatch, dynamodb_endpoint: str, table_definition: TableDefinition, tmp_path: Path
) -> Iterator[Fleet]:
    """Four accounts that are listed, with their table on DynamoDB Local."""
    accounts = {"audit_account": HERE, "listed": OTHERS, "external_id": "one-of-the-tests"}
    deployed = tmp_path / "deployment.json"
    deployed.write_text(deployment_json(validated(Deployment, {"accounts": accounts})))
    with mock_aws(config=OWN_CREDENTIALS):
        made = Fleet(store=new_store_at(dynamodb_endpoint, table_definition))
        new_session().client("s3").create_bucket(Bucket=BUCKET)
        told = environment(AuditSettings, {"table_name": made.store.name, "evidence_bucket": BUCKET})
        for name, value in {**told, "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_endpoint}.items():
            monkeypatch.setenv(name, value)
        for module in (plan, audit, summarise, entering):
            monkeypatch.setattr(module, "new_session", made.session)
        monkeypatch.setattr(audit, "gather", seen_at_once)
        monkeypatch.setattr(settings, "DEPLOYED", deployed)
        monkeypatch.setattr(settings, "now", lambda: NOW)
        yield made


# A map that is killed.


@pytest.mark.parametrize("error", ["", "States.Timeout: the run broke off"])
def test_run_that_is_started_again_does_what_is_left_and_nothing_twice(fleet: Fleet, error: str) -> None:
    """Whether the run that was killed was still summed up, or nobody was left to do that."""
    run, items = fleet.plan()
    assert sorted(it["account"] for it in items) == sorted(ALL)
    done, left = items[:2], items[2:]
    fleet.audit(done)
    if error:
        assert fleet.summarise(run, error)["not_audited"] == len(left)
    again, items = fleet.plan()
    assert again == run
    assert [it["account"] for it in items] == [it["account"] for it in left]
    fleet.audit(items)
    outcome = fleet.summarise(again)
    assert (outcome["failed"], outcome["planned"], outcome["audited"], outcome["not_audited"]) == (False, 4, 4, 0)
    each = len(fleet.ledger(HERE).records)
    assert each > 0
    assert fleet.transitions() == dict.fromkeys(ALL, each)
    assert fleet.plan()[1] == []


def test_child_that_is_run_again_after_its_audit_changes_nothing(fleet: Fleet) -> None:
    """Step Functions calls a function again when the answer of the first time was lost."""
    _, items = fleet.plan()
    fleet.audit(items)
    before = fleet.transitions()
    assert {it["transitions"] for it in fleet.audit(items)} == {0}
    assert fleet.transitions() == before


# The same account twice at the same time.


def test_account_that_is_audited_twice_at_once_has_one_set_of_transitions(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have read the account before one of them writes."""
    both, load, loads = threading.Barrier(2), FindingsTable.load, itertools.count()

    def together(table: FindingsTable, owner: Owner) -> Ledger:
        ledger = load(table, owner)
        if next(loads) < both.parties:
            both.wait(timeout=30)
        return ledger

    monkeypatch.setattr(FindingsTable, "load", together)
    account = Aws(session=new_session(), owner=Owner(account=STORMY, partition="aws"), now=NOW)
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda it: it.audit(account), [_office(fleet), _office(fleet)]))
    records = fleet.ledger(STORMY).records
    assert fleet.transitions() == {STORMY: len(records)}
    assert sorted(it["transitions"] for it in outcomes) == [0, len(records)]


def _office(fleet: Fleet) -> Office:
    s3 = new_session().client("s3")
    return Office(
        deployed=Deployment(),
        table=FindingsTable(table=fleet.store.connect()),
        evidence=EvidenceStore(s3=s3, bucket=BUCKET),
        runs=RunStore(s3=s3, bucket=BUCKET),
    )


# A storm in one account.


@dataclass(kw_only=True)
class Storm:
    """IAM throttles each call of one account so many times before it answers; always, if `times` is None."""

    key: str
    times: int | None
    refused: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)

    def send(self, request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse | None:
        signed = str(request.headers["Authorization"])
        self.made[signed.partition("Credential=")[2].partition("/")[0]] += 1
        operation = event_name.rpartition(".")[2]
        if self.key not in signed or (self.times is not None and self.refused[operation] >= self.times):
            return None
        self.refused[operation] += 1
        return throttled(event_name, request)


@pytest.fixture
def virtual(monkeypatch: pytest.MonkeyPatch) -> Time:
    """All waiting of the clients and of the sources."""
    clock = Time()
    monkeypatch.setattr("botocore.endpoint.time.sleep", clock.sleep)
    needed = bucket.TokenBucket._sleep_amount

    def slept(tokens: bucket.TokenBucket, amount: float) -> int:
        clock.sleep(max(0, needed(tokens, amount)))
        return 0

    monkeypatch.setattr(bucket.TokenBucket, "_sleep_amount", slept)
    monkeypatch.setattr(bucket.Clock, "current_time", lambda _: clock.now)
    monkeypatch.setattr(audit, "gather", partial(gather, sources=OF_IAM))

    def connected(session: boto3.Session, now: datetime) -> Aws:
        return replace(connect(session, now), pause=clock.sleep, elapsed=clock.passed)

    monkeypatch.setattr(entering, "connect", connected)
    return clock


def waits(fleet: Fleet, virtual: Time, times: int | None) -> tuple[list[float], Storm]:
    """Seconds that each of three audits waited for in one process, the second of them in the storm; and the storm."""
    storm = Storm(key="nobody", times=times)
    answers = {name: it for name, it in script().items() if name not in IAM or name in UNKNOWN_TO_MOTO}
    keys: list[str] = []

    def prepare(session: boto3.Session) -> None:
        keys.append(session.get_credentials().access_key)
        storm.key = keys[1] if len(keys) > 1 else storm.key
        Wire(script=answers).mount(session)
        session.events.register_first("before-send.iam", storm.send)

    fleet.prepare = prepare
    _, items = fleet.plan()
    calm = [it for it in items if it["account"] not in {HERE, STORMY}]
    found = []
    for item in (calm[0], next(it for it in items if it["account"] == STORMY), calm[1]):
        before = virtual.now
        fleet.audit([item])
        found.append(virtual.now - before)
    storm.made = Counter({str(keys.index(key)): count for key, count in storm.made.items()})
    return found, storm


@pytest.mark.parametrize("times", [3, None])
def test_storm_in_one_account_slows_no_other(fleet: Fleet, virtual: Time, times: int | None) -> None:
    """The clients' rate limiters, what an audit remembers, and its time are each account's own.

    A storm that does not end leaves sources that are unavailable, and an audit that says so.
    """
    (before, during, after), storm = waits(fleet, virtual, times)
    assert before == after < during < FIFTEEN_MINUTES
    assert storm.made["0"] == storm.made["2"] < storm.made["1"]
    calm, stormy, calm_too = (fleet.ledger(it).header for it in (OTHERS[0], STORMY, OTHERS[2]))
    assert calm
    assert stormy
    assert calm_too
    assert (stormy.evidence_at, stormy.missed) == (NOW, None)
    assert calm.gaps.keys() == calm_too.gaps.keys()
    assert any("Throttling" in gap for gap in stormy.gaps.values()) == (times is None)
    assert times is None or stormy.gaps.keys() == calm.gaps.keys()
