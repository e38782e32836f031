"""A run over an organization of thirteen accounts, with IAM enforced: exactly right, account by account."""

from typing import Any

import pytest

from auditor.core.life import NOT_AUDITED, Resolution
from auditor.core.model import Membership
from tests.deployed import drive
from tests.deployed.least_privilege import doing_without, role_of
from tests.fleet.conftest import ADMINISTRATOR, BUCKET, FOUND_IN
from tests.fleet.fleet import NAME, Execution, Fleet
from tests.fleet.members import BLINDED, DENIED, NAMES, ROLELESS, SOUND, SUSPENDED, WRONG_ID

ENTERED = (*NAMES[:SOUND], BLINDED)


@pytest.fixture(scope="module")
def first(fleet: Fleet) -> Execution:
    """The first run, started by the schedule with the schedule's role and clock."""
    client = fleet.emulator.client("stepfunctions")
    (schedule,) = [
        it["Name"]
        for it in fleet.emulator.client("scheduler").list_schedules()["Schedules"]
        if it["Target"]["Arn"] == fleet.outputs["StateMachine"]
    ]
    drive.fire(fleet.emulator, schedule)

    def started() -> list[Any]:
        found = client.list_executions(stateMachineArn=fleet.outputs["StateMachine"])["executions"]
        return [it["executionArn"] for it in found]

    drive.eventually(lambda: bool(started()))
    return fleet.ended(started()[0])


def test_run_succeeds_though_some_accounts_could_not_be_audited(fleet: Fleet, first: Execution) -> None:
    assert first.status == "SUCCEEDED", first.error
    run = fleet.last()
    assert (run.planned, run.audited, run.not_audited) == (12, 10, 2)
    assert (run.finished, run.error, run.ended, run.lost) == (True, "", 0, ())
    assert run.skipped == {"AWS has suspended the account": 1}


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("name", ENTERED)
def test_account_has_its_own_findings_and_nobody_elses(fleet: Fleet, name: str) -> None:
    found = {it.finding.principal.rpartition("/")[2] for it in fleet.open(name, "stale-access-key")}
    assert found == {f"{name}-{number}" for number in range(fleet.members.keys[name])}


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("name", ENTERED)
def test_account_is_where_its_organization_has_it(fleet: Fleet, name: str) -> None:
    above = (fleet.members.root, fleet.members.unit) if name in NAMES[:3] else (fleet.members.root,)
    assert fleet.header(name).membership == Membership(name=name, path=above, tags={"name": name})


@pytest.mark.usefixtures("first")
def test_guardrail_of_a_unit_is_judged_in_its_accounts(fleet: Fleet) -> None:
    unguarded = {name for name in ENTERED if fleet.open(name, "account-outside-every-scp")}
    assert unguarded == set(ENTERED) - set(NAMES[:3])


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("name", ENTERED[:SOUND])
def test_sound_account_was_looked_at_completely(fleet: Fleet, name: str) -> None:
    header = fleet.header(name)
    assert (header.missed, dict(header.gaps)) == (None, {})


@pytest.mark.usefixtures("first")
def test_denied_source_is_not_seen_and_everything_else_is(fleet: Fleet) -> None:
    header = fleet.header(BLINDED)
    assert header.missed is None
    assert header.gaps
    assert all(DENIED.partition(":")[2] in reason for reason in header.gaps.values())
    assert len(header.seen) > 10 * len(header.gaps)


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("name", [ROLELESS, WRONG_ID])
def test_account_that_cannot_be_entered_is_not_audited(fleet: Fleet, name: str) -> None:
    header, ledger = fleet.header(name), fleet.ledger(name)
    assert header.missed
    assert "AssumeRole: AccessDenied" in header.missed.reason
    assert not header.audited
    assert not ledger.records


@pytest.mark.usefixtures("first")
def test_suspended_account_is_not_even_tried(fleet: Fleet) -> None:
    assert fleet.ledger(SUSPENDED).header is None


@pytest.mark.usefixtures("first")
def test_organizations_analyzer_is_asked_once_and_judged_where_its_finding_is(fleet: Fleet) -> None:
    found = {name: [it.finding.resource for it in fleet.open(name, "external-access")] for name in ENTERED}
    assert {name: it for name, it in found.items() if it} == {FOUND_IN: [BUCKET]}
    asked = [it for it in fleet.emulator.calls() if it.action == "access-analyzer:ListFindings"]
    assert {it.resource.split(":")[4] for it in asked} == {fleet.members.ids[ADMINISTRATOR]}


@pytest.mark.usefixtures("first")
def test_organizations_own_findings_are_judged_once(fleet: Fleet) -> None:
    about = "unbound-management-account"
    assert not [name for name in ENTERED if fleet.open(name, about)]
    whole = [it for it in drive.items(fleet.emulator, fleet.outputs["FindingsTable"]) if it["item"]["S"] == "finding"]
    assert [it["account"]["S"] for it in whole if it["check"]["S"] == about] == [fleet.emulator.account]


@pytest.mark.usefixtures("first")
def test_machines_hear_of_accounts_that_were_not_audited(fleet: Fleet) -> None:
    def told() -> set[str]:
        said = [it for it in fleet.events.heard() if it.json["schema"] == "auditor.gap/1"]
        return {it.attributes["account"] for it in said if it.attributes["check"] == NOT_AUDITED}

    wanted = {fleet.members.ids[ROLELESS], fleet.members.ids[WRONG_ID]}
    drive.eventually(lambda: told() == wanted)


@pytest.mark.usefixtures("first")
def test_same_run_again_has_nothing_to_do_but_what_was_missed(fleet: Fleet) -> None:
    before = {name: fleet.header(name).version for name in ENTERED}
    again = fleet.run(now=fleet.last().clock.isoformat())
    assert again.status == "SUCCEEDED", again.error
    assert {name: fleet.header(name).version for name in ENTERED} == before
    assert fleet.last().audited == 10


def test_closed_account_ends_and_what_was_open_with_it(fleet: Fleet) -> None:
    name = NAMES[5]
    assert fleet.open(name, "stale-access-key")
    with fleet.states({fleet.members.ids[name]: "CLOSED"}):
        assert fleet.run().status == "SUCCEEDED"
    records = fleet.ledger(name).records.values()
    assert {it.resolution for it in records} == {Resolution.ACCOUNT_CLOSED}
    run = fleet.last()
    assert (run.planned, run.ended, run.lost, run.skipped["the account is closed"]) == (11, 1, (), 1)


def test_deployed_template_is_what_was_synthesized(fleet: Fleet) -> None:
    fleet.cdk.diff(NAME)


def test_run_that_cannot_list_its_accounts_fails_and_says_what_to_do(fleet: Fleet) -> None:
    role = role_of(fleet.emulator, fleet.outputs["PlanFunction"])
    with doing_without(role, ["organizations:ListRoots"]):
        failed = fleet.run()
    assert failed.status == "FAILED"
    run = fleet.last()
    assert (run.planned, run.finished) == (0, True)
    for said in (failed.error, run.error):
        assert "ListRoots: AccessDenied" in said
        assert "aws organizations register-delegated-administrator" in said


def test_clock_that_is_none_stops_the_run_at_once(fleet: Fleet) -> None:
    failed = fleet.run(now="no time")
    assert failed.status == "FAILED"
    assert "SettingsError: now" in failed.error or '"errorMessage": "now' in failed.error
