"""The functions of a run in this process, with all that is around them, and what each of them takes.

Real are the functions, what they put where, STS (moto's), the runs' objects (moto's S3) and the table (DynamoDB Local).
The organization and the accounts are answered by script.
"""

import io
import itertools
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import boto3
from moto import mock_aws

from auditor import settings
from auditor.aws import entering
from auditor.aws.gather import NOTHING, gather, snapshot
from auditor.aws.session import Aws
from auditor.aws.sources.last_accessed import LAST_ACCESSED
from auditor.core.evaluate import Evaluation, evaluate
from auditor.core.evidence import Answer, Evidence
from auditor.core.model import AccountSnapshot
from auditor.handlers import audit, plan, summarise
from auditor.settings import AuditSettings, Deployment, deployment_json, environment, validated
from bench.accounts import NOW
from bench.fleet_accounts import Size, answers, evidence_of, seen_in, size_of
from bench.fleet_organization import AUDIT_ACCOUNT, ORGANIZATION, Organization, region_names
from bench.fleet_table import Mirror
from bench.meter import Meter, Units
from tests.aws import dynamodb_local
from tests.aws.functions import CONTEXT
from tests.aws.wire import Wire, new_session
from tests.cli.table import make_table

BUCKET = "evidence"
RUNS = "runs/"
WEEK = 7
NUMBERS = itertools.count()
DEPLOYED = {
    "accounts": {"organization": ORGANIZATION, "audit_account": AUDIT_ACCOUNT, "external_id": "fleet-of-the-bench"}
}
NOBODY = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}
Given = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What one call of a function took: seconds, of them its processor's, calls, and what it wrote where."""

    seconds: float
    cpu: float
    calls: int
    units: Units
    logged: int
    puts: int
    put: int


@dataclass(kw_only=True)
class Counted:
    """Requests, and objects with their bytes; evidence is not kept, because nobody here reads it."""

    calls: int = 0
    puts: int = 0
    put: int = 0

    def mount(self, session: boto3.Session) -> None:
        session.events.register("before-call", self._call)
        session.events.register("provide-client-params.s3.PutObject", self._asked)
        session.events.register("before-call.s3.PutObject", self._kept)

    def _call(self, **_: object) -> None:
        self.calls += 1

    def _asked(self, params: Given, context: dict[str, Any], **_: object) -> None:
        context["key"] = params["Key"]
        self.puts, self.put = self.puts + 1, self.put + len(params["Body"])

    def _kept(self, context: dict[str, Any], **_: object) -> tuple[Any, dict[str, Any]] | None:
        if context["key"].startswith(RUNS):
            return None
        self.calls += 1
        return SimpleNamespace(status_code=200), {}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an account of a size took when it was really asked, the first time and the next day."""

    evidence: Evidence
    calls: int
    calls_later: int
    regional: int
    paused: float
    cpu: float

    @property
    def daily(self) -> float:
        """Calls a day: what is asked for each principal is asked again after a week."""
        return self.calls_later + (self.calls - self.calls_later) / WEEK


@dataclass(kw_only=True)
class World:
    """All that the functions are given. `day` counts from the first run; on days of `changes` findings change."""

    endpoint: str
    folder: Path
    organization: Organization
    table: str
    day: int = 0
    changes: frozenset[int] = frozenset()
    asked: dict[str, Asked] = field(default_factory=dict)
    read: dict[str, AccountSnapshot] = field(default_factory=dict)
    judged: dict[str, Evaluation] = field(default_factory=dict)
    thought: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Seconds of the processor that it took to read and judge an account of each size."""

    def __post_init__(self) -> None:
        self.counted, self.mirror = Counted(), Mirror(name=self.table)
        self.meter = Meter(beside=self.mirror)
        self.wire = Wire(script=self.organization.script())
        self.own: list[boto3.Session] = []
        make_table(new_session().client("dynamodb", endpoint_url=self.endpoint), self.table)

    @property
    def now(self) -> datetime:
        return NOW + timedelta(days=self.day)

    def session(self, **named: Any) -> boto3.Session:
        """What the functions make their clients with; those of their own account are made once."""
        if named:
            return self._session(**named)
        if not self.own:
            self.own.append(self._session())
            made = self.own[0]
            made.client, made.resource = cache(made.client), cache(made.resource)
        return self.own[0]

    def _session(self, **named: Any) -> boto3.Session:
        session = new_session(**named)
        self.counted.mount(session)
        self.mirror.mount(session, self.meter)
        return session

    def planning(self) -> boto3.Session:
        """The same, which the organization answers."""
        session = self._session()
        self.wire.mount(session)
        return session

    # What stands for the accounts.

    def gather(self, aws: Aws, *, before: Given) -> Evidence:
        """What the account says: the first of its size is really asked."""
        size = size_of(aws.owner.account)
        if size.name not in self.asked:
            self.asked[size.name] = _ask(size, aws, before)
        return evidence_of(self.asked[size.name].evidence, aws.owner, self.day)

    def snapshot(self, evidence: Evidence) -> AccountSnapshot:
        size = size_of(evidence.owner.account)
        if size.name not in self.read:
            cpu = time.process_time()
            self.read[size.name] = snapshot(evidence)
            self.thought[size.name] += time.process_time() - cpu
        return replace(self.read[size.name], owner=evidence.owner, gathered_at=evidence.gathered_at)

    def evaluate(self, seen: AccountSnapshot, *given: Any) -> Evaluation:
        size = size_of(seen.owner.account)
        if size.name not in self.judged:
            cpu = time.process_time()
            judged = evaluate(seen, *given)
            self.thought[size.name] += time.process_time() - cpu
            left = judged.findings[:: max(1, len(judged.findings) // size.findings)][: size.findings]
            self.judged[size.name] = replace(judged, findings=left)
        return seen_in(self.judged[size.name], seen.owner, self.day, changed=self.day in self.changes)

    # What the functions do.

    def plan(self) -> tuple[dict[str, Any], Taken]:
        return self._run(plan.handler, {"now": self.now.isoformat()})

    def audit(self, item: Given, planned: Given) -> tuple[dict[str, Any], Taken]:
        return self._run(audit.handler, {**item, "now": planned["now"], "run": planned["run"]})

    def summarise(self, run: str, error: str = "") -> tuple[dict[str, Any], Taken]:
        return self._run(summarise.handler, {"now": self.now.isoformat(), "run": run, "error": error})

    def _run(self, handler: Callable[..., Any], event: Given) -> tuple[dict[str, Any], Taken]:
        before, self.wire.calls = replace(self.counted), []
        self.meter.taken()
        with redirect_stdout(io.StringIO()) as said, ExitStack() as held:
            for module in (plan, audit, summarise):
                held.enter_context(mock.patch.object(module.logger.registered_handler, "stream", said))
            seconds, cpu = time.perf_counter(), time.process_time()
            answer = handler(event, CONTEXT)
            seconds, cpu = time.perf_counter() - seconds, time.process_time() - cpu
        now = self.counted
        return answer, Taken(
            seconds=seconds,
            cpu=cpu,
            calls=now.calls - before.calls,
            units=self.meter.taken(),
            logged=len(said.getvalue()),
            puts=now.puts - before.puts,
            put=now.put - before.put,
        )

    def stored(self, key: str) -> bytes:
        body: bytes = new_session().client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return body


def _ask(size: Size, aws: Aws, before: Given) -> Asked:
    """Really gather an account of that size, twice: the second time it knows what it was told before.

    `replace` gives the second audit a memory of its own.
    """
    wire, pauses = Wire(script=answers(size)), list[float]()
    wire.mount(aws.session)
    account = replace(aws, pause=pauses.append)
    cpu = time.process_time()
    first = gather(account, before=before or NOTHING)
    cpu, calls, paused = time.process_time() - cpu, len(wire.calls), sum(pauses)
    answer = first.answers[LAST_ACCESSED.name]
    assert isinstance(answer, Answer)  # noqa: S101  (it is scripted)
    regional = sum(it.region in region_names() for it in wire.calls)
    wire.calls.clear()
    gather(replace(account), before={LAST_ACCESSED.name: answer.raw})
    later = len(wire.calls)
    return Asked(evidence=first, calls=calls, calls_later=later, regional=regional, paused=paused, cpu=cpu)


@contextmanager
def running(endpoint: str, folder: Path, size: int) -> Iterator[World]:
    """The functions, deployed for an organization of that size, with an empty table."""
    told = {"table_name": f"findings-{next(NUMBERS)}", "evidence_bucket": BUCKET}
    deployed = folder / "deployment.json"
    deployed.write_text(deployment_json(validated(Deployment, DEPLOYED)))
    environ = environment(AuditSettings, told) | {"AWS_ENDPOINT_URL_DYNAMODB": endpoint}
    with mock.patch.dict(os.environ, environ), ExitStack() as held:
        organization = Organization(size=size)
        world = World(endpoint=endpoint, folder=folder, organization=organization, table=told["table_name"])
        made = dict.fromkeys((audit, summarise, entering), world.session) | {plan: world.planning}
        for module, session in made.items():
            held.enter_context(mock.patch.object(module, "new_session", session))
        for name in ("gather", "snapshot", "evaluate"):
            held.enter_context(mock.patch.object(audit, name, getattr(world, name)))
        held.enter_context(mock.patch.object(settings, "DEPLOYED", deployed))
        held.enter_context(mock.patch.object(settings, "now", new=lambda: world.now))  # noqa: PT008  (days go by)
        yield world


@contextmanager
def machine() -> Iterator[tuple[str, Path]]:
    """A DynamoDB Local and a folder; everything else of AWS is moto's."""
    quick = mock.patch.object(dynamodb_local, "FAST", ())  # it lives long enough for the optimizing compiler
    own = mock_aws(config={"core": {"mock_credentials": False}})  # DynamoDB Local has a database for each key
    with (
        mock.patch.dict(os.environ, NOBODY),
        own,
        quick,
        tempfile.TemporaryDirectory() as folder,
        dynamodb_local.running(Path(folder, "log")) as endpoint,
    ):
        new_session().client("s3").create_bucket(Bucket=BUCKET)
        yield endpoint, Path(folder)
