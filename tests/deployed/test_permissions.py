"""Least privilege: each action of a role is taken away in turn, and its work fails or says what it lacks."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from auditor.aws import sources
from auditor.aws.items import record_of
from auditor.aws.queues import STATE, channel_key, news_item
from auditor.core.check import Severity
from auditor.core.life import Record
from auditor.core.telling import News, Queue
from tests.build import finding
from tests.deployed import drive, peopled
from tests.deployed.audits import looked_at_everything, telling
from tests.deployed.drive import Response
from tests.deployed.least_privilege import (
    Role,
    grants,
    invocation,
    outcome,
    role_of,
    taken_away,
    unneeded,
    untold,
    unused,
)
from tests.deployed.stack import Stack, owner
from tests.deployed.starting import Schedule, coming, granted, schedule_of

CHANNELS = ("default", "payments")
QUEUES = (Queue.NOW, Queue.DIGEST, Queue.ESCALATION)


@pytest.fixture(scope="module")
def transition(stack: Stack) -> Callable[[], object]:
    """Each time another user's console password is new, and the last credential report too old to be reused."""
    users = stack.emulator.client("iam")

    def made() -> object:
        name = f"user-{datetime.now(UTC).timestamp()}"
        users.create_user(UserName=name)
        users.create_login_profile(UserName=name, Password="Correct-Horse-7-Battery")
        with stack.emulator.created_ago(timedelta(hours=5)):
            users.generate_credential_report()
        return {}

    return made


def test_audit_needs_every_action_it_is_granted_on_the_account(stack: Stack, transition: Callable[[], object]) -> None:
    """Whatever it may not read, it says so of each source that wanted to, by name, and goes on."""
    function = stack.outputs["AuditFunction"]

    def work() -> Callable[[str], bool]:
        return telling(stack.emulator, function, stack.outputs["EvidenceBucket"], transition())

    assert looked_at_everything(drive.invoke(stack.emulator, function, transition()))
    role, moot = role_of(stack.emulator, function), ["sso:ListInstances"]
    assert untold(role, sources.ACTIONS, work) == moot, "where SAML lets people in, it does not matter what else does"
    with peopled.nobody_federated(stack.emulator):
        assert untold(role, moot, work) == []
    assert looked_at_everything(drive.invoke(stack.emulator, function, transition()))


def test_audit_needs_every_action_it_is_granted_on_its_table_and_bucket(
    stack: Stack, transition: Callable[[], object]
) -> None:
    role = role_of(stack.emulator, stack.outputs["AuditFunction"])
    work = invocation(stack.emulator, stack.outputs["AuditFunction"], transition, looked_at_everything)
    assert unneeded(role, work, among="dynamodb:*") == []
    assert unneeded(role, work, among="s3:*") == []
    others = {it.action.partition(":")[0] for it in grants(role.policies()) if it.action not in sources.ACTIONS}
    assert others == {"dynamodb", "s3"}
    assert role.attached() == ()


@pytest.fixture(scope="module")
def critical(stack: Stack) -> Record:
    """A critical finding that is open and was handed on."""
    about = owner(41)
    stack.settled(about)
    (change,) = stack.seen(about, finding("GRAVE", severity=Severity.CRITICAL)).transitions
    stack.hears(about, "GRAVE OPENED")
    return change.after


@pytest.fixture
def forgotten(stack: Stack, critical: Record) -> Callable[[], object]:
    """Makes the history of the finding not say any more that it was handed on; the order to hand on again."""
    place = {"pk": f"H#{critical.finding.id}", "sk": "000001#OPENED"}

    def forget() -> object:
        stack.table.update_item(Key=place, UpdateExpression="REMOVE handed_on")
        return {"redrive": {"since": (critical.changed_at - timedelta(days=1)).date().isoformat()}}

    return forget


def test_notify_needs_every_action_on_what_it_reads_and_tells(stack: Stack, forgotten: Callable[[], object]) -> None:
    function = stack.outputs["NotifyFunction"]
    work = invocation(stack.emulator, function, forgotten, lambda it: it.payload == {"handed_on": 1, "stopped": ""})
    role = role_of(stack.emulator, function)
    assert unneeded(role, work, among="dynamodb:[BPQU]*") == []
    assert unneeded(role, work, among="sns:*") == []
    assert unneeded(role, work, among="events:*") == []
    assert role.attached() == ()


def test_notify_needs_its_stream(stack: Stack) -> None:
    about = owner(42)
    role, stream = role_of(stack.emulator, stack.outputs["NotifyFunction"]), "dynamodb:[DGL]*"
    stack.settled(about)
    number = 0

    def works() -> bool:
        nonlocal number
        number += 1
        found = finding(f"KEY-{number}")
        told = f"{found.uid} OPENED"
        return outcome(role, stream, lambda: stack.seen(about, found), lambda: told in stack.heard_of(about))

    assert unneeded(role, works, among=stream) == []


def not_handing_on(stack: Stack) -> tuple[Role, Callable[[], bool]]:
    """The work of notify on what nobody can read: its batch is kept."""
    role = role_of(stack.emulator, stack.outputs["NotifyFunction"])

    def works() -> bool:
        came = coming(stack.emulator, stack.outputs["NotifyDeadLetters"])
        item = {"pk": "A#x", "sk": f"F#{time.time()}", "item": "finding", "version": 1}
        return outcome(role, "sqs:*", lambda: stack.table.put_item(Item=item), came)

    return role, works


def test_notify_needs_to_keep_what_it_cannot_hand_on(stack: Stack) -> None:
    assert unneeded(*not_handing_on(stack), among="sqs:*") == []


@pytest.fixture
def mailrooms(stack: Stack, critical: Record) -> Iterator[Callable[[], object]]:
    """Fills every queue of both channels with news that are to be told now; nobody else tells them meanwhile."""
    item = stack.table.get_item(Key={"pk": f"A#aws#{critical.finding.owner.account}", "sk": f"F#{critical.finding.id}"})
    record, past = record_of(item["Item"]), datetime.now(UTC) - timedelta(hours=1)

    def filled() -> object:
        for channel in CHANNELS:
            stack.table.delete_item(Key={"pk": channel_key(channel), "sk": STATE})
            for queue in QUEUES:
                key = f"T#{record.finding.id}#{datetime.now(UTC).timestamp()}"
                news = News(key=key, owner=record.finding.owner, queued_at=past, record=record)
                due = past if queue is Queue.ESCALATION else None
                stack.table.put_item(Item=news_item(channel, queue, news, due))
        return {}

    with schedule_of(stack.emulator, stack.outputs["TellFunction"]).paused():
        yield filled


def told_everything(answer: Response) -> bool:
    """A medium that does not take a letter is not an error of the run, which must then say so."""
    if answer.error or answer.payload["undelivered"]:
        return False
    return bool(answer.payload["delivered"] >= len(CHANNELS) * len(QUEUES))


def test_tell_needs_every_action_it_is_granted(stack: Stack, mailrooms: Callable[[], object]) -> None:
    role = role_of(stack.emulator, stack.outputs["TellFunction"])
    work = invocation(stack.emulator, stack.outputs["TellFunction"], mailrooms, told_everything)
    assert unneeded(role, work, among="dynamodb:*") == []
    assert unneeded(role, work, among="sns:*") == []
    assert unneeded(role, work, among="secretsmanager:*") == []
    assert role.attached() == ()


def keeping_failures(stack: Stack, name: str, lacks: str) -> tuple[Role, Callable[[], bool]]:
    """The work of a function that fails because it lacks an action: what it was to do is kept."""
    function = stack.outputs[f"{name}Function"]
    role, letters = role_of(stack.emulator, function), drive.failures_of(stack.emulator, function)

    def works() -> bool:
        came = coming(stack.emulator, letters)
        with taken_away(role, granted(role, lacks)):
            return outcome(role, "sqs:*", lambda: drive.hand_in(stack.emulator, function), came)

    return role, works


def test_tell_needs_to_keep_what_it_could_not_do(stack: Stack, schedule: Schedule) -> None:
    role, works = keeping_failures(stack, "Tell", "dynamodb:GetItem")
    with schedule.paused():
        assert unneeded(role, works, among="sqs:*") == []


@pytest.fixture
def schedule(stack: Stack) -> Schedule:
    """The mailroom's."""
    return schedule_of(stack.emulator, stack.outputs["TellFunction"])


def starting_the_mailroom(stack: Stack, schedule: Schedule) -> Callable[[], bool]:
    """The work of the mailroom's schedule."""
    key = {"pk": channel_key("default"), "sk": STATE}

    def started() -> bool:
        return "Item" in stack.table.get_item(Key=key)

    def works() -> bool:
        stack.table.delete_item(Key=key)
        return outcome(schedule.role, "lambda:*", schedule.fire, started)

    return works


def test_schedule_may_only_start_its_function_and_keep_what_it_could_not_start(
    stack: Stack, schedule: Schedule
) -> None:
    with schedule.paused():
        assert unneeded(schedule.role, starting_the_mailroom(stack, schedule), among="lambda:*") == []
        assert unneeded(schedule.role, schedule.keeping(), among="sqs:*") == []
    assert schedule.role.attached() == ()


def test_nothing_is_granted_that_is_never_used(
    stack: Stack, schedule: Schedule, forgotten: Callable[[], object], mailrooms: Callable[[], object]
) -> None:
    """Each function does all of its work, and fails once; the schedule starts its function, and once cannot."""
    stack.audit()
    drive.invoke(stack.emulator, stack.outputs["NotifyFunction"], forgotten())
    mailrooms()
    drive.invoke(stack.emulator, stack.outputs["TellFunction"], {})
    failing, hindered = keeping_failures(stack, "Tell", "dynamodb:GetItem"), not_handing_on(stack)
    works = [failing[1], hindered[1], starting_the_mailroom(stack, schedule), schedule.keeping()]
    assert all(work() for work in works)
    functions = [role_of(stack.emulator, stack.outputs[f"{it}Function"]) for it in ("Audit", "Notify", "Tell")]
    assert [str(grant) for role in (*functions, schedule.role) for grant in unused(role)] == []
