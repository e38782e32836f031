"""Least privilege: each action of a role is taken away in turn, and its work fails or says what it lacks."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
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
from tests.deployed.drive import Response
from tests.deployed.least_privilege import (
    Grant,
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

SOURCE_NAMES = [it.name for it in sources.SOURCES]
CHANNELS = ("default", "payments")
QUEUES = (Queue.NOW, Queue.DIGEST, Queue.ESCALATION)


def looked_at_everything(answer: Response) -> bool:
    """A denied source is not an error of the run: it must then say what it could not see."""
    return not (answer.error or answer.payload["unavailable"] or answer.payload["skipped"])


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
        answer = drive.invoke(stack.emulator, function, transition())
        assert answer.error is None, answer.payload
        said = {name: answer.payload[name] for name in ("unavailable", "skipped")}
        reasons = reasons_of(stack, answer.payload["evidence"])
        wanted = {it: [source.name for source in sources.SOURCES if it in source.actions] for it in sources.ACTIONS}
        return lambda action: tells(action, said) and all(tells(action, reasons[name]) for name in wanted[action])

    assert looked_at_everything(drive.invoke(stack.emulator, function, transition()))
    role, moot = role_of(stack.emulator, function), ["sso:ListInstances"]
    assert untold(role, sources.ACTIONS, work) == moot, "where SAML lets people in, it does not matter what else does"
    with peopled.nobody_federated(stack.emulator):
        assert untold(role, moot, work) == []
    assert looked_at_everything(drive.invoke(stack.emulator, function, transition()))


def tells(action: str, said: object) -> bool:
    """Whether the operation stands there that the action allows."""
    return {"cloudformation:ListStacks": "DescribeStacks"}.get(action, action.partition(":")[2]) in json.dumps(said)


def reasons_of(stack: Stack, evidence: str) -> dict[str, list[object]]:
    """What the evidence under a prefix says of why each source, or some of it, was not seen."""
    place = {"Bucket": stack.outputs["EvidenceBucket"], "Key": f"{evidence}/account.json"}
    account = json.loads(stack.emulator.client("s3").get_object(**place)["Body"].read())
    return {name: [account["unavailable"].get(name), account["gaps"].get(name)] for name in SOURCE_NAMES}


def test_audit_needs_every_action_it_is_granted_on_its_table_and_bucket(
    stack: Stack, transition: Callable[[], object]
) -> None:
    role = role_of(stack.emulator, stack.outputs["AuditFunction"])
    work = invocation(stack.emulator, stack.outputs["AuditFunction"], transition, looked_at_everything)
    assert unneeded(role, work, among="dynamodb:*") == []
    assert unneeded(role, work, among="s3:*") == []
    others = {it.action.partition(":")[0] for it in grants(role.policies()) if it.action not in sources.ACTIONS}
    assert others == {"dynamodb", "s3", "sqs"}
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
        came = coming(stack, stack.outputs["NotifyDeadLetters"])
        item = {"pk": "A#x", "sk": f"F#{time.time()}", "item": "finding", "version": 1}
        return outcome(role, "sqs:*", lambda: stack.table.put_item(Item=item), came)

    return role, works


def coming(stack: Stack, url: str) -> Callable[[], bool]:
    """Whether anything has come to a queue from now on."""
    found: list[object] = []
    drive.received(stack.emulator, url)

    def came() -> bool:
        found.extend(drive.received(stack.emulator, url))
        return bool(found)

    return came


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

    with paused(stack, "Tell"):
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
        came = coming(stack, letters)
        with taken_away(role, granted(role, lacks)):
            return outcome(role, "sqs:*", lambda: drive.hand_in(stack.emulator, function), came)

    return role, works


def granted(role: Role, action: str) -> Grant:
    """The first grant of an action."""
    return next(it for it in grants(role.policies()) if it.action == action)


FAILING = [("Audit", "dynamodb:Query"), ("Tell", "dynamodb:GetItem")]


@pytest.mark.parametrize(("name", "lacks"), FAILING)
def test_function_needs_to_keep_what_it_could_not_do(stack: Stack, name: str, lacks: str) -> None:
    role, works = keeping_failures(stack, name, lacks)
    with paused(stack, name):
        assert unneeded(role, works, among="sqs:*") == []


def paused(stack: Stack, name: str) -> AbstractContextManager[None]:
    """The function is not started by its schedule meanwhile."""
    return drive.paused(stack.emulator, drive.schedule_of(stack.emulator, stack.outputs[f"{name}Function"]))


def schedule(stack: Stack, name: str) -> tuple[str, Role, str]:
    """The schedule of a function: its name, its role, and the queue of what it could not start."""
    found = drive.schedule_of(stack.emulator, stack.outputs[f"{name}Function"])
    target = stack.emulator.client("scheduler").get_schedule(Name=found)["Target"]
    letters = drive.queue_of(stack.emulator, target["DeadLetterConfig"]["Arn"])
    return found, Role(emulator=stack.emulator, name=target["RoleArn"].rpartition("/")[2]), letters


def starting_audits(stack: Stack) -> tuple[Role, Callable[[], bool]]:
    """The work of the audit's schedule."""
    found, role, _ = schedule(stack, "Audit")

    def audits() -> int:
        kept = stack.emulator.client("s3").list_objects_v2(Bucket=stack.outputs["EvidenceBucket"])
        return int(kept["KeyCount"])

    def works() -> bool:
        before = audits()
        return outcome(role, "lambda:*", lambda: drive.fire(stack.emulator, found), lambda: audits() > before)

    return role, works


def starting_the_mailroom(stack: Stack) -> tuple[Role, Callable[[], bool]]:
    """The work of the mailroom's schedule."""
    found, role, _ = schedule(stack, "Tell")
    key = {"pk": channel_key("default"), "sk": STATE}

    def started() -> bool:
        return "Item" in stack.table.get_item(Key=key)

    def works() -> bool:
        stack.table.delete_item(Key=key)
        return outcome(role, "lambda:*", lambda: drive.fire(stack.emulator, found), started)

    return role, works


def keeping_starts(stack: Stack, name: str) -> tuple[Role, Callable[[], bool]]:
    """The work of a schedule that may not start its function: that it could not is kept."""
    found, role, letters = schedule(stack, name)

    def works() -> bool:
        came = coming(stack, letters)
        with taken_away(role, granted(role, "lambda:InvokeFunction")):
            return outcome(role, "sqs:*", lambda: drive.fire(stack.emulator, found), came)

    return role, works


STARTING = {"Audit": starting_audits, "Tell": starting_the_mailroom}


@pytest.mark.parametrize("name", STARTING)
def test_schedule_may_only_start_its_function_and_keep_what_it_could_not_start(stack: Stack, name: str) -> None:
    with paused(stack, name):
        role, works = STARTING[name](stack)
        assert unneeded(role, works, among="lambda:*") == []
        role, works = keeping_starts(stack, name)
        assert unneeded(role, works, among="sqs:*") == []
    assert role.attached() == ()


def test_nothing_is_granted_that_is_never_used(
    stack: Stack, forgotten: Callable[[], object], mailrooms: Callable[[], object]
) -> None:
    """Each function does all of its work, and fails once; each schedule starts its function, and once cannot."""
    stack.audit()
    drive.invoke(stack.emulator, stack.outputs["NotifyFunction"], forgotten())
    mailrooms()
    drive.invoke(stack.emulator, stack.outputs["TellFunction"], {})
    works = [keeping_failures(stack, *it) for it in FAILING]
    works += [it for name, start in STARTING.items() for it in (start(stack), keeping_starts(stack, name))]
    assert all(work() for _, work in [*works, not_handing_on(stack)])
    roles = {role.name: role for role, _ in works} | {"": role_of(stack.emulator, stack.outputs["NotifyFunction"])}
    assert [str(grant) for role in roles.values() for grant in unused(role)] == []
