"""Least privilege over many accounts: each action is taken away in turn, and the work fails or says what it lacks."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

import pytest

from auditor.aws import organization_view, sources
from tests.deployed import drive, peopled
from tests.deployed.access_analyzer import RegionAnswers
from tests.deployed.audits import looked_at_everything, telling
from tests.deployed.beside import Said
from tests.deployed.drive import Response
from tests.deployed.least_privilege import Role, grants, invocation, role_of, unneeded, untold, unused
from tests.deployed.starting import Schedule, schedule_of
from tests.fleet.conftest import ADMINISTRATOR, FOUND_IN, MADE, analyzers, delegate
from tests.fleet.fleet import Fleet
from tests.fleet.members import NAMES, ROLE, SUSPENDED

FURNISHED = NAMES[4]

UNASKED = (
    *("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
    *("states:DescribeExecution", "states:RedriveExecution", "states:StopExecution"),
)
"""What AWS says that a map needs, and the emulator's does not ask for."""


@pytest.fixture(scope="module")
def furnished(fleet: Fleet) -> Callable[[], dict[str, str]]:
    """An account with one of everything, to be audited by hand: each time a user's console password is new there."""
    member = fleet.members.of(FURNISHED)
    peopled.people(member)
    users_of = member.client("iam")

    def changed() -> dict[str, str]:
        name = f"user-{datetime.now(UTC).timestamp()}"
        users_of.create_user(UserName=name)
        users_of.create_login_profile(UserName=name, Password="Correct-Horse-7-Battery")
        with fleet.emulator.created_ago(timedelta(hours=5)):
            users_of.generate_credential_report()
        return {"account": member.account}

    return changed


def of_account(account: str) -> list[Said]:
    """What is answered beside the emulator, as if it were about another account."""
    return [replace(it, body=it.body.replace(b"111122223333", account.encode())) for it in peopled.beside()]


@contextmanager
def analyzed(fleet: Fleet, account: str) -> Iterator[None]:
    """Let the account have an analyzer of its own meanwhile."""
    arn = f"arn:aws:access-analyzer:eu-west-1:{account}:analyzer/own"
    own = {"arn": arn, "name": "own", "type": "ACCOUNT", "status": "ACTIVE", "createdAt": MADE}
    fleet.emulator.set_access_analyzer({"eu-west-1": RegionAnswers(analyzers=[own])})
    try:
        yield
    finally:
        fleet.emulator.set_access_analyzer(analyzers(fleet.members, fleet.members.ids[ADMINISTRATOR]))


def test_members_role_needs_every_action_that_the_sources_declare(
    fleet: Fleet, furnished: Callable[[], dict[str, str]]
) -> None:
    """An older role, which lacks some, leaves those sources unseen, and the audit goes on."""
    function, bucket = fleet.outputs["AuditFunction"], fleet.outputs["EvidenceBucket"]
    member = fleet.members.of(FURNISHED)
    role = Role(emulator=member, name=ROLE)
    with fleet.answers(of_account(member.account)), analyzed(fleet, member.account):
        assert looked_at_everything(drive.invoke(fleet.emulator, function, furnished()))
        moot = ["sso:ListInstances"]
        found = untold(role, sources.ACTIONS, lambda: telling(fleet.emulator, function, bucket, furnished()))
        assert found == moot, "where SAML lets people in, it does not matter what else does"
        with peopled.nobody_federated(member):
            assert untold(role, moot, lambda: telling(fleet.emulator, function, bucket, furnished())) == []
    assert {it.action for it in grants(role.policies())} == set(sources.ACTIONS)
    assert role.attached() == ()


@pytest.fixture
def planned(fleet: Fleet) -> Iterator[Callable[[], Any]]:
    """Each time a plan of its own clock, with a closed account in it."""
    before = datetime.now(UTC) - timedelta(days=30)
    number = 0

    def plan() -> Any:
        nonlocal number
        number += 1
        return {"now": (before + timedelta(hours=number)).isoformat()}

    with fleet.states({fleet.members.ids[SUSPENDED]: "CLOSED"}):
        yield plan


def told(fleet: Fleet, answer: Response) -> bool:
    """Whether a plan was made, and all of the organization was seen for it."""
    if answer.error:
        return False
    s3, bucket, run = fleet.emulator.client("s3"), answer.payload["bucket"], answer.payload["run"]
    organization = json.loads(s3.get_object(Bucket=bucket, Key=f"{run}/organization.json")["Body"].read())
    found = s3.list_objects_v2(Bucket=bucket, Prefix=f"{run}/accounts/").get("Contents", [])
    whole = organization["guardrails_unavailable"] is None and organization["policies"]
    gaps = organization["analyzer_gaps"] or organization["finding_gaps"]
    return bool(whole and not gaps and [it["Key"] for it in found] == [f"{run}/accounts/{about(fleet)}.json"])


def about(fleet: Fleet) -> str:
    return fleet.members.ids[FOUND_IN]


def test_plan_needs_every_action_it_is_granted(fleet: Fleet, planned: Callable[[], Any]) -> None:
    function = fleet.outputs["PlanFunction"]
    role = role_of(fleet.emulator, function)
    works = invocation(fleet.emulator, function, planned, lambda answer: told(fleet, answer))
    for among in ("organizations:*", "dynamodb:*", "s3:*", "sts:*"):
        assert unneeded(role, works, among=among) == []
    with delegate(fleet.members, fleet.emulator.account):
        assert unneeded(role, works, among="access-analyzer:*") == []
        assert unneeded(role, works, among="ec2:*") == []
    assert {it.action for it in grants(role.policies())} >= set(organization_view.ACTIONS)
    assert role.attached() == ()


@pytest.fixture(scope="module")
def summary(fleet: Fleet) -> Callable[[], Any]:
    """Each time the end of a run that reached nobody."""
    before = datetime.now(UTC) - timedelta(days=20)
    number = 0

    def ended() -> Any:
        nonlocal number
        number += 1
        clock = {"now": (before + timedelta(hours=number)).isoformat()}
        plan = drive.invoke(fleet.emulator, fleet.outputs["PlanFunction"], clock)
        return clock | {"run": plan.payload["run"], "error": "States.Timeout: too late"}

    return ended


def test_summarise_needs_every_action_it_is_granted(fleet: Fleet, summary: Callable[[], Any]) -> None:
    function = fleet.outputs["SummariseFunction"]
    role = role_of(fleet.emulator, function)
    works = invocation(fleet.emulator, function, summary, lambda answer: not answer.error)
    assert unneeded(role, works) == []
    assert role.attached() == ()


def run_role(fleet: Fleet) -> Role:
    """The state machine's role."""
    told = fleet.emulator.client("stepfunctions").describe_state_machine(stateMachineArn=fleet.outputs["StateMachine"])
    return Role(emulator=fleet.emulator, name=told["roleArn"].rpartition("/")[2])


def test_state_machine_needs_every_action_it_is_granted(fleet: Fleet) -> None:
    role, clock = run_role(fleet), datetime.now(UTC).replace(microsecond=0)
    assert fleet.run(now=clock.isoformat()).status == "SUCCEEDED"

    def again() -> bool:
        """The accounts that were missed are tried again, and no others."""
        return fleet.run(now=clock.isoformat()).status == "SUCCEEDED"

    for among in ("lambda:*", "states:StartExecution", "s3:[GP]*"):
        assert unneeded(role, again, among=among) == []
    asked = {it.action for it in grants(role.policies())} - {*UNASKED}
    assert asked == {"lambda:InvokeFunction", "s3:GetObject", "s3:PutObject", "states:StartExecution"}
    assert role.attached() == ()


def test_audit_needs_what_it_is_granted_to_enter_accounts_and_to_read_its_run(fleet: Fleet) -> None:
    """Without the right to enter, the account is missed; without its run's objects, it cannot be audited at all."""
    planned = drive.invoke(fleet.emulator, fleet.outputs["PlanFunction"], {}).payload
    kept = fleet.emulator.client("s3").get_object(Bucket=planned["bucket"], Key=planned["key"])
    items = {it["account"]: it for it in json.loads(kept["Body"].read())}
    task = {**items[fleet.members.ids[NAMES[6]]], "now": planned["now"], "run": planned["run"]}
    function = fleet.outputs["AuditFunction"]
    role = role_of(fleet.emulator, function)

    def audited(answer: Response) -> bool:
        return not answer.error and answer.payload["work"] == "AUDIT"

    works = invocation(fleet.emulator, function, lambda: task, audited)
    assert unneeded(role, works, among="sts:*") == []
    runs = [it for it in unneeded(role, works, among="s3:GetObject") if fnmatchcase(it.resource, "*/runs/*")]
    assert runs == []


@pytest.fixture
def schedule(fleet: Fleet) -> Schedule:
    return schedule_of(fleet.emulator, fleet.outputs["StateMachine"].rpartition(":")[2])


def test_schedule_may_only_start_runs_and_keep_what_it_could_not_start(fleet: Fleet, schedule: Schedule) -> None:
    client, machine = fleet.emulator.client("stepfunctions"), fleet.outputs["StateMachine"]

    def executions() -> list[Any]:
        return list(client.list_executions(stateMachineArn=machine)["executions"])

    def works() -> bool:
        before = len(executions())
        schedule.fire()
        started = drive.happens(lambda: len(executions()) > before, within=8)
        for it in executions():
            if it["status"] == "RUNNING":
                client.stop_execution(executionArn=it["executionArn"])
        return started

    with schedule.paused():
        assert unneeded(schedule.role, works, among="states:*") == []
        assert unneeded(schedule.role, schedule.keeping(), among="sqs:*") == []
    assert schedule.role.attached() == ()


def test_nothing_is_granted_that_is_never_used(
    fleet: Fleet, schedule: Schedule, planned: Callable[[], Any], summary: Callable[[], Any]
) -> None:
    assert drive.invoke(fleet.emulator, fleet.outputs["PlanFunction"], planned()).error is None
    with delegate(fleet.members, fleet.emulator.account):
        assert drive.invoke(fleet.emulator, fleet.outputs["PlanFunction"], planned()).error is None
    assert drive.invoke(fleet.emulator, fleet.outputs["SummariseFunction"], summary()).error is None
    assert fleet.run(now=fleet.last().clock.isoformat()).status == "SUCCEEDED"
    schedule.fire()
    schedule.keeping()()
    roles = [role_of(fleet.emulator, fleet.outputs[f"{it}Function"]) for it in ("Plan", "Summarise")]
    found = [str(grant) for role in (*roles, run_role(fleet), schedule.role) for grant in unused(role)]
    assert [it for it in found if not it.startswith(UNASKED)] == []
