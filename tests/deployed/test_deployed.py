"""The deployed stack: the real CDK command line, IAM enforced, each function from its zip in its own role."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.deployed import deploy, drive, emulator
from tests.deployed.access_analyzer import RegionAnswers
from tests.deployed.drive import Inbox, Response
from tests.deployed.emulator import Emulator
from tests.deployed.least_privilege import Role, invocation, role_of, unneeded, unused

ANALYZER = "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/account"
BUCKET = "arn:aws:s3:::shared-with-everybody"
MADE = datetime(2026, 11, 1, tzinfo=UTC)

Outputs = Mapping[str, str]


def analyzers() -> dict[str, RegionAnswers]:
    analyzer = {"arn": ANALYZER, "name": "account", "type": "ACCOUNT", "status": "ACTIVE", "createdAt": MADE}
    times = dict.fromkeys(("analyzedAt", "createdAt", "updatedAt"), MADE)
    about = {"resource": BUCKET, "resourceType": "AWS::S3::Bucket", "resourceOwnerAccount": "111122223333"}
    found = {"id": "e1a7", "status": "ACTIVE", "findingType": "ExternalAccess", **times, **about}
    return {"eu-west-1": RegionAnswers(analyzers=[analyzer], findings={ANALYZER: [found]})}


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with emulator.running() as found:
        found.set_access_analyzer(analyzers())
        iam = found.client("iam")
        with found.created_ago(timedelta(days=400)):
            iam.create_user(UserName="ana")
            iam.create_access_key(UserName="ana")
        yield found


@pytest.fixture(scope="module")
def cdk(running: Emulator) -> Iterator[deploy.Cdk]:
    with deploy.synthesized(running, "bundle-for=here") as found:
        found.bootstrap()
        found.deploy()
        yield found
        found.destroy()
        with pytest.raises(ClientError, match="does not exist"):
            found.outputs("AccountAuditor")


@pytest.fixture(scope="module")
def outputs(cdk: deploy.Cdk) -> Outputs:
    return cdk.outputs("AccountAuditor")


@pytest.fixture(scope="module")
def inboxes(running: Emulator, outputs: Outputs) -> dict[str, Inbox]:
    return {name: drive.listen(running, outputs[name]) for name in ("TextTopic", "ChatTopic", "EventsTopic")}


def stored(running: Emulator, outputs: Outputs) -> dict[str, str]:
    found = [item for item in drive.items(running, outputs["FindingsTable"]) if item["item"]["S"] == "finding"]
    return {item["id"]["S"]: f"{item['check']['S']} {item['status']['S']}" for item in found}


def audit(running: Emulator, outputs: Outputs) -> Any:
    answer = drive.invoke(running, outputs["AuditFunction"], {})
    assert answer.error is None, answer.payload
    return answer.payload


def test_started_schedule_stores_keeps_and_tells(
    running: Emulator, outputs: Outputs, inboxes: dict[str, Inbox]
) -> None:
    (schedule,) = drive.schedules(running)
    drive.fire(running, schedule)
    told = "".join(inboxes["TextTopic"].messages(1))
    assert {"stale-access-key OPEN", "external-access OPEN"} <= set(stored(running, outputs).values())
    assert "Active access key is older than the rotation limit" in told
    assert BUCKET in told
    assert json.loads(inboxes["ChatTopic"].messages(1)[0])["source"] == "custom"
    events = [json.loads(event) for event in inboxes["EventsTopic"].messages(len(stored(running, outputs)))]
    assert {event["finding"]["id"] for event in events} == set(stored(running, outputs))
    kept = running.client("s3").list_objects_v2(Bucket=outputs["EvidenceBucket"])["Contents"]
    assert {it["Key"].rpartition("/")[2] for it in kept} >= {"account.json", "credential-report.csv"}


def test_audit_without_change_is_not_told(running: Emulator, outputs: Outputs, inboxes: dict[str, Inbox]) -> None:
    audit(running, outputs)
    before = stored(running, outputs)
    inboxes["TextTopic"].heard()
    assert audit(running, outputs)["transitions"] == 0
    assert stored(running, outputs) == before
    assert not drive.happens(lambda: bool(inboxes["TextTopic"].heard()), within=3)


def test_diff_is_empty(cdk: deploy.Cdk) -> None:
    cdk.diff()


def looked_at_everything(answer: Response) -> bool:
    """A denied source is not an error of the run: it must then say what it could not see.

    The emulator leaves the AWS managed policies out of the authorization details, which the audit says each time.
    """
    if answer.error or answer.payload["unavailable"]:
        return False
    lacking = "attached, but the evidence lacks it: arn:aws:iam::aws:policy/"
    return all(
        check == "administrator-policy" and reason.startswith(lacking)
        for check, reason in answer.payload["skipped"].items()
    )


def test_audit_needs_every_action_it_is_granted(running: Emulator, outputs: Outputs) -> None:
    role = role_of(running, outputs["AuditFunction"])
    users = running.client("iam")

    def transition() -> object:
        """Each time another user's console password is new, and the last credential report too old to be reused."""
        name = f"user-{datetime.now(UTC).timestamp()}"
        users.create_user(UserName=name)
        users.create_login_profile(UserName=name, Password="Correct-Horse-7-Battery")
        with running.created_ago(timedelta(hours=5)):
            users.generate_credential_report()
        return {}

    work = invocation(running, outputs["AuditFunction"], transition, looked_at_everything)
    assert unneeded(role, work, among="[!s]*") == []
    assert unneeded(role, work, among="s3:*") == []
    assert role.attached() == ()


def test_audit_was_never_granted_what_it_does_not_use(running: Emulator, outputs: Outputs) -> None:
    audit(running, outputs)
    unused_grants = {grant.action for grant in unused(role_of(running, outputs["AuditFunction"]))}
    assert unused_grants == {"sqs:SendMessage"}, "the emulator does not deliver failures of asynchronous invocations"


def test_schedule_may_only_start_the_audit(running: Emulator, outputs: Outputs) -> None:
    (schedule,) = drive.schedules(running)
    arn = running.client("scheduler").get_schedule(Name=schedule)["Target"]["RoleArn"]
    bucket = {"Bucket": outputs["EvidenceBucket"]}

    def works() -> bool:
        before = running.client("s3").list_objects_v2(**bucket)["KeyCount"]
        drive.fire(running, schedule)
        return drive.happens(lambda: running.client("s3").list_objects_v2(**bucket)["KeyCount"] > before, within=4)

    assert unneeded(Role(emulator=running, name=arn.rpartition("/")[2]), works, among="lambda:*") == []


def test_notify_needs_every_topic(running: Emulator, outputs: Outputs) -> None:
    (item, *_) = (it for it in drive.items(running, outputs["FindingsTable"]) if it["item"]["S"] == "finding")
    records = [{"eventSourceARN": "arn:aws:dynamodb:x:1:table/t/stream/s", "dynamodb": {"NewImage": item}}]
    work = invocation(running, outputs["NotifyFunction"], lambda: {"Records": records}, lambda it: it.error is None)
    assert unneeded(role_of(running, outputs["NotifyFunction"]), work, among="sns:*") == []


def test_notify_needs_its_stream(running: Emulator, outputs: Outputs, inboxes: dict[str, Inbox]) -> None:
    (item, *_) = (it for it in drive.items(running, outputs["FindingsTable"]) if it["item"]["S"] == "finding")
    version = int(item["version"]["N"])

    def works() -> bool:
        nonlocal version
        version += 1
        changed = {**item, "version": {"N": str(version)}}
        running.client("dynamodb").put_item(TableName=outputs["FindingsTable"], Item=changed)
        wanted = f'"version": {version},'
        return drive.happens(lambda: any(wanted in event for event in inboxes["EventsTopic"].heard()), within=3)

    role = role_of(running, outputs["NotifyFunction"])
    assert unneeded(role, works, among="dynamodb:*") == []
    assert role.attached() == ()


def test_what_cannot_be_told_is_kept(running: Emulator, outputs: Outputs) -> None:
    drive.discard_at_once(running, outputs["NotifyFunction"])
    queues = running.client("sqs")
    (letters,) = (url for url in queues.list_queues()["QueueUrls"] if "NotifyDeadLetters" in url)
    poison = {"pk": {"S": "A#x"}, "sk": {"S": "F#x"}, "item": {"S": "finding"}, "version": {"N": "1"}}
    number = 0

    def works() -> bool:
        nonlocal number
        number += 1
        item = {**poison, "sk": {"S": f"F#{number}"}}
        running.client("dynamodb").put_item(TableName=outputs["FindingsTable"], Item=item)
        return drive.happens(lambda: bool(drive.received(running, letters)), within=5)

    assert unneeded(role_of(running, outputs["NotifyFunction"]), works, among="sqs:*") == []
