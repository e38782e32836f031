"""The deployment as its tests use it: runs, and what they leave in the table."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from auditor.aws.findings_table import FindingsTable
from auditor.aws.runs_table import RunsTable
from auditor.core.life import Header, Ledger, Record, Status
from auditor.core.model import Owner
from auditor.core.roster import Run
from tests.deployed import drive
from tests.deployed.beside import Said
from tests.deployed.deploy import Cdk
from tests.deployed.drive import Inbox
from tests.deployed.emulator import Emulator
from tests.fleet.members import Members

NAME = "AccountAuditor"
DONE_WITHIN = 300.0


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How a run ended, and what it was told and said."""

    arn: str
    status: str
    error: str
    output: Any


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """What is deployed; `outputs` by name; `events` hears the events topic; `usual` is answered beside the emulator."""

    emulator: Emulator
    members: Members
    outputs: Mapping[str, str]
    cdk: Cdk
    events: Inbox
    usual: tuple[Said, ...]

    @contextmanager
    def answers(self, said: Iterable[Said]) -> Iterator[None]:
        """Let these be the answers beside the emulator's meanwhile."""
        self.emulator.set_beside(said)
        try:
            yield
        finally:
            self.emulator.set_beside(self.usual)

    @contextmanager
    def states(self, states: Mapping[str, str]) -> Iterator[None]:
        """Let accounts have these states meanwhile, by their ids."""
        self.emulator.set_account_states(states)
        try:
            yield
        finally:
            self.emulator.set_account_states({})

    @property
    def table(self) -> Any:
        """The findings table, in boto3's words."""
        return self.emulator.table(self.outputs["FindingsTable"])

    @property
    def runs(self) -> RunsTable:
        """What the table knows of runs."""
        return RunsTable(table=self.table, partition="aws")

    def owner(self, name: str) -> Owner:
        """An account by its name."""
        return Owner(account=self.members.ids[name], partition="aws")

    def ledger(self, name: str) -> Ledger:
        """All that the table knows of an account."""
        return FindingsTable(table=self.table).load(self.owner(name))

    def header(self, name: str) -> Header:
        """How far an account was seen."""
        header = self.ledger(name).header
        assert header, f"nothing is known of {name}"
        return header

    def open(self, name: str, check: str) -> list[Record]:
        """What is open of a check in an account."""
        records = self.ledger(name).records.values()
        return [it for it in records if it.finding.check == check and it.status is Status.OPEN]

    def run(self, **told: Any) -> Execution:
        """Start a run by hand, and wait for its end."""
        return self.ended(self.start(**told))

    def start(self, **told: Any) -> str:
        """Start a run by hand; its ARN."""
        given = {"stateMachineArn": self.outputs["StateMachine"], "name": uuid4().hex, "input": json.dumps(told)}
        return str(self.emulator.client("stepfunctions").start_execution(**given)["executionArn"])

    def ended(self, arn: str) -> Execution:
        """Wait for the end of a run."""
        client = self.emulator.client("stepfunctions")
        drive.eventually(lambda: client.describe_execution(executionArn=arn)["status"] != "RUNNING", DONE_WITHIN)
        said = client.describe_execution(executionArn=arn)
        error = f"{said.get('error', '')}: {said.get('cause', '')}"
        return Execution(arn=arn, status=said["status"], error=error, output=json.loads(said.get("output") or "null"))

    def last(self) -> Run:
        """The last run that the table knows."""
        found = self.runs.last()
        assert found, "no run is known"
        return found
