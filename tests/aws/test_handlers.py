"""Both handlers from end to end, in process: an account is audited, its findings stored, and what changed is told."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
import time_machine
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from moto import mock_aws
from moto.events.models import EventPattern

from auditor.aws import evidence_store, findings_table
from auditor.aws.evidence_files import decode
from auditor.aws.findings_stream import PATTERN
from auditor.aws.findings_table import FindingsTable
from auditor.aws.gather import snapshot
from auditor.aws.sources import ACTIONS
from auditor.checks import CATALOGUE
from auditor.core.evaluate import Evaluation, evaluate
from auditor.core.model import Owner
from auditor.core.reconcile import Ledger, Resolution, Status
from auditor.handlers import audit, notify
from auditor.render.export import as_json
from auditor.settings import AuditSettings, Deployment, NotifySettings, SettingsError, environment, validated
from tests.aws.answers import ADMINISTRATOR, analyzer_entry, finding_entry, report, root_row
from tests.aws.template import TableDefinition, create_table
from tests.aws.wire import Refused, Reply, Wire, always, new_session
from tests.build import NOW
from tests.deployed.access_analyzer import FakeAccessAnalyzer

ACCOUNT = "123456789012"
TOPICS = ("text", "chat", "events")
CONTEXT = LambdaContext.__new__(LambdaContext)
vars(CONTEXT).update(
    _function_name="audit", _memory_limit_in_mb=1024, _invoked_function_arn="arn", _aws_request_id="request"
)

NOTHING_TO_MEASURE = pytest.mark.filterwarnings("ignore:No application metrics to publish")
"""What Powertools says of an audit that failed."""


REGIONS = [{"RegionName": name, "OptInStatus": "opt-in-not-required"} for name in ("eu-west-1", "us-east-1")]
ANALYZER = analyzer_entry(arn=f"arn:aws:access-analyzer:eu-west-1:{ACCOUNT}:analyzer/zone")


@dataclass(kw_only=True)
class Deployed:
    """What the stack would have made, in moto; `wire` hears what the audit handler calls, and answers by `script`."""

    script: dict[str, Reply] = field(default_factory=lambda: {"DescribeRegions": always({"Regions": REGIONS})})
    findings: list[dict[str, Any]] = field(default_factory=lambda: [finding_entry()])
    evaluated: list[Evaluation] = field(default_factory=list)
    told_up_to: int = 0

    def __post_init__(self) -> None:
        self.wire = Wire(script=self.script)

    def session(self) -> boto3.Session:
        session = new_session()
        regions = {"eu-west-1": {"analyzers": [ANALYZER], "findings": {ANALYZER["arn"]: self.findings}}}
        FakeAccessAnalyzer(regions).mount(session)  # type: ignore[arg-type]
        self.wire.mount(session)
        return session

    def audit(self, at: datetime, **event: str | None) -> dict[str, Any]:
        """One run at `at`, with a report of an hour before."""
        self.wire.calls.clear()
        report = {"Content": credential_report(), "GeneratedTime": at - timedelta(hours=1)}
        self.script["GetCredentialReport"] = always(report)
        with time_machine.travel(at, tick=False):
            outcome: dict[str, Any] = audit.handler(event, CONTEXT)
        return outcome

    def ledger(self) -> Ledger:
        table = new_session().resource("dynamodb").Table("findings")
        return FindingsTable(table=table).load(Owner(account=ACCOUNT, partition="aws"))

    def evidence(self, prefix: str) -> dict[str, bytes]:
        s3 = new_session().client("s3")
        keys = [it["Key"] for it in s3.list_objects_v2(Bucket="evidence", Prefix=f"{prefix}/")["Contents"]]
        bodies = {key: s3.get_object(Bucket="evidence", Key=key)["Body"].read() for key in keys}
        return {key.removeprefix(f"{prefix}/"): body for key, body in bodies.items()}

    def stream(self) -> list[dict[str, Any]]:
        """What the stream delivers since the last call, through the filter of the event source mapping."""
        # moto does not know the endpoints that carry the account's number.
        streams = new_session().client("dynamodbstreams", config=Config(account_id_endpoint_mode="disabled"))
        arn = streams.list_streams(TableName="findings")["Streams"][0]["StreamArn"]
        (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        start = {"ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        records = streams.get_records(
            ShardIterator=streams.get_shard_iterator(StreamArn=arn, **start)["ShardIterator"], Limit=1000
        )["Records"]
        new, self.told_up_to = records[self.told_up_to :], len(records)
        kept = ("eventName", "dynamodb")
        delivered = [{name: it[name] for name in kept} | {"eventSourceARN": arn} for it in new]
        pattern = EventPattern.load(json.dumps(PATTERN))
        return [it for it in delivered if pattern.matches_event(json.loads(json.dumps(it, default=str)))]

    def tell(self) -> dict[str, list[dict[str, Any]]]:
        """Give the stream to the notify handler; what then arrived, by topic."""
        notify.handler({"Records": self.stream()}, CONTEXT)
        return {name: list(self._arrived(name)) for name in TOPICS}

    def _arrived(self, queue: str) -> Iterator[dict[str, Any]]:
        sqs = new_session().client("sqs")
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for it in messages:
                yield json.loads(it["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=it["ReceiptHandle"])


def tell_settings(monkeypatch: pytest.MonkeyPatch, topics: Mapping[str, str]) -> None:
    limits = Deployment().limits_json()
    told = environment(AuditSettings, {"table_name": "findings", "evidence_bucket": "evidence", "limits": limits})
    told |= environment(NotifySettings, {f"{name}_topic_arn": arn for name, arn in topics.items()})
    for name, value in told.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch, table_definition: TableDefinition) -> Iterator[Deployed]:
    """A table, a bucket, topics with a queue each, and an account with history."""
    with mock_aws():
        session = new_session()
        create_table(session.client("dynamodb"), "findings", table_definition)
        session.client("s3").create_bucket(Bucket="evidence")
        sns, sqs = session.client("sns"), session.client("sqs")
        topics = {}
        for name in TOPICS:
            topics[name] = sns.create_topic(Name=name)["TopicArn"]
            queue = sqs.create_queue(QueueName=name)["QueueUrl"]
            arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            sns.subscribe(TopicArn=topics[name], Protocol="sqs", Endpoint=arn)
        tell_settings(monkeypatch, topics)
        populate(session.client("iam"))
        made = Deployed()
        monkeypatch.setattr(audit, "boto3", SimpleNamespace(Session=made.session))
        monkeypatch.setattr(audit, "evaluate", spied(made.evaluated))
        yield made


def credential_report() -> bytes:
    """Moto's, of this moment, with the row of the root user that moto leaves out."""
    iam = new_session().client("iam")
    while iam.generate_credential_report()["State"] != "COMPLETE":
        pass
    rows = csv.DictReader(io.StringIO(iam.get_credential_report()["Content"].decode()))
    return report(root_row(arn=f"arn:aws:iam::{ACCOUNT}:root"), *rows).encode()


def spied(seen: list[Evaluation]) -> Callable[..., Evaluation]:
    def evaluating(*args: Any, **named: Any) -> Evaluation:
        seen.append(evaluate(*args, **named))
        return seen[-1]

    return evaluating


def populate(iam: Any) -> None:
    with time_machine.travel(NOW - timedelta(days=200), tick=False):
        for name in ("ana", "bo"):
            iam.create_user(UserName=name)
            iam.create_access_key(UserName=name)
        iam.create_login_profile(UserName="ana", Password="correct horse battery staple")
        iam.create_role(RoleName="forgotten", AssumeRolePolicyDocument='{"Statement": []}')
        iam.put_user_policy(UserName="bo", PolicyName="everything", PolicyDocument=ADMINISTRATOR)


def test_first_audit_stores_every_finding_and_keeps_its_evidence(deployed: Deployed) -> None:
    outcome = deployed.audit(NOW)
    (seen,) = deployed.evaluated
    records = deployed.ledger().records
    assert {id_: record.finding for id_, record in records.items()} == {it.id: it for it in seen.findings}
    assert {it.check for it in seen.findings} >= {
        "stale-access-key",
        "idle-access-key",
        "console-without-mfa",
        "unused-role",
        "administrator-policy",
        "weak-password-policy",
        "region-without-analyzer",
        "external-access",
    }
    assert (outcome["findings"], outcome["transitions"]) == (len(seen.findings), len(seen.findings))
    assert (outcome["unavailable"], outcome["skipped"]) == ({}, {})
    assert outcome["evidence"] == f"evidence/aws/{ACCOUNT}/2026-11-20T06-00-00Z"
    assert json.dumps(outcome)


def test_evidence_from_the_bucket_gives_the_same_evaluation_byte_for_byte(deployed: Deployed) -> None:
    outcome = deployed.audit(NOW)
    loaded = decode(deployed.evidence(outcome["evidence"]), NOW + timedelta(days=365))
    again = evaluate(snapshot(loaded.evidence, strict=True), CATALOGUE.values())
    assert as_json(again) == as_json(deployed.evaluated[0])
    assert again == deployed.evaluated[0]
    assert loaded.notes == ()


def test_audit_without_a_change_is_one_query_and_one_write_and_tells_nobody(deployed: Deployed) -> None:
    deployed.audit(NOW)
    deployed.tell()
    deployed.audit(NOW + timedelta(days=1))
    on_table = [call.name for call in deployed.wire.calls if call.operation.service_model.service_name == "dynamodb"]
    assert on_table == ["Query", "PutItem"]
    assert deployed.tell() == {"text": [], "chat": [], "events": []}


def test_first_audit_is_told_in_one_message_and_one_event_a_finding(deployed: Deployed) -> None:
    deployed.audit(NOW)
    told = deployed.tell()
    count = len(deployed.evaluated[0].findings)
    ((text,), (chat,)) = told["text"], told["chat"]
    assert text["Message"].startswith(f"AWS account {ACCOUNT}: {count} new")
    assert text["Subject"].startswith("[CRITICAL] ")
    assert f"{count} new" in text["Subject"]
    assert text["MessageAttributes"]["severity"] == {"Type": "String", "Value": "CRITICAL"}
    assert "findings" in text["Message"].rpartition("--")[2]
    assert json.loads(chat["Message"])["content"]["textType"] == "client-markdown"
    events = [json.loads(it["Message"]) for it in told["events"]]
    assert sorted(it["finding"]["id"] for it in events) == sorted(it.id for it in deployed.evaluated[0].findings)
    assert {it["event"] for it in events} == {"OPENED"}


def test_only_what_changed_is_told(deployed: Deployed) -> None:
    deployed.audit(NOW)
    deployed.tell()
    iam = new_session().client("iam")
    iam.delete_user_policy(UserName="bo", PolicyName="everything")
    iam.delete_role(RoleName="forgotten")
    iam.put_user_policy(UserName="ana", PolicyName="mine", PolicyDocument=ADMINISTRATOR)
    deployed.findings.clear()
    outcome = deployed.audit(NOW + timedelta(days=1))
    told = [json.loads(it["Message"]) for it in deployed.tell()["events"]]
    assert {(it["event"], it["finding"]["check"], it["finding"]["resource"], it["resolution"]) for it in told} == {
        ("RESOLVED", "administrator-policy", f"arn:aws:iam::{ACCOUNT}:user/bo", "RESOURCE_DELETED"),
        ("RESOLVED", "unused-role", f"arn:aws:iam::{ACCOUNT}:role/forgotten", "RESOURCE_DELETED"),
        ("RESOLVED", "external-access", finding_entry()["resource"], "FIXED"),
        ("OPENED", "administrator-policy", f"arn:aws:iam::{ACCOUNT}:user/ana", None),
    }
    assert (len(told), outcome["transitions"]) == (4, 4)
    open_now = {it.finding.id for it in deployed.ledger().records.values() if it.status is Status.OPEN}
    assert open_now == {it.id for it in deployed.evaluated[-1].findings}


def test_key_that_was_deactivated_is_fixed_and_not_deleted(deployed: Deployed) -> None:
    deployed.audit(NOW)
    iam = new_session().client("iam")
    (key,) = iam.list_access_keys(UserName="ana")["AccessKeyMetadata"]
    iam.update_access_key(UserName="ana", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    deployed.audit(NOW + timedelta(days=1))
    of_key = [it for it in deployed.ledger().records.values() if it.finding.resource == key["AccessKeyId"]]
    assert {(it.finding.check, it.status) for it in of_key} == {
        ("stale-access-key", Status.RESOLVED),
        ("idle-access-key", Status.RESOLVED),
    }
    assert {it.resolution for it in of_key} == {Resolution.FIXED}


def test_source_that_is_denied_is_told_and_resolves_nothing(deployed: Deployed) -> None:
    deployed.audit(NOW)
    deployed.tell()
    before = {it.finding.id for it in deployed.ledger().records.values() if it.status is Status.OPEN}
    deployed.script["GetAccountAuthorizationDetails"] = always(Refused("AccessDenied", "no"))
    outcome = deployed.audit(NOW + timedelta(days=1))
    assert outcome["unavailable"] == {"authorization-details": "GetAccountAuthorizationDetails: AccessDenied: no"}
    assert outcome["transitions"] == 0
    told = deployed.tell()
    assert (len(told["text"]), told["events"]) == (1, [])
    assert "AccessDenied" in told["text"][0]["Message"]
    assert {it.finding.id for it in deployed.ledger().records.values() if it.status is Status.OPEN} == before


def test_audit_calls_exactly_what_its_role_allows(deployed: Deployed) -> None:
    """Asking for who one is needs no permission; a report that is fresh already need not be generated."""
    deployed.audit(NOW)
    granted = {*ACTIONS, *findings_table.ACTIONS, *evidence_store.ACTIONS}
    called = deployed.wire.actions - {"sts:GetCallerIdentity"} | {"iam:GenerateCredentialReport"}
    assert called == granted


def test_limits_of_the_deployment_are_the_limits_of_the_audit(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMITS", validated(Deployment, {"limits": {"key_age": 300}}).limits_json())
    deployed.audit(NOW)
    found = {it.check for it in deployed.evaluated[0].findings}
    assert "stale-access-key" not in found
    assert "idle-access-key" in found


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        ("2026-11-20T06:00:00Z", "2026-11-20T06:00:00+00:00"),
        ("2026-11-20T05:59:59Z", "2026-11-20T05:59:59+00:00"),
        ("2036-11-20T06:00:00Z", "2026-11-20T06:00:00+00:00"),
        (None, "2026-11-20T06:00:00+00:00"),
    ],
)
def test_clock_can_be_set_back_and_not_forward(deployed: Deployed, told: str | None, believed: str) -> None:
    assert deployed.audit(NOW, now=told)["evidence_at"] == believed


def test_everything_is_dated_in_utc_whatever_offset_the_clock_has(deployed: Deployed) -> None:
    """Or else the indexes' days and their order are wrong, and the evidence lies under another hour."""
    outcome = deployed.audit(NOW, now="2026-11-20T01:00:00+02:00")
    assert outcome["evidence_at"] == "2026-11-19T23:00:00+00:00"
    assert outcome["evidence"].endswith("/2026-11-19T23-00-00Z")
    items = new_session().resource("dynamodb").Table("findings").scan()["Items"]
    assert {it["changed_day"] for it in items if it["item"] == "finding"} == {"2026-11-19"}


@NOTHING_TO_MEASURE
@pytest.mark.parametrize("now", ["yesterday", "2026-11-21T06:00:00", [1]])
def test_clock_that_cannot_be_read_is_an_error_that_names_it(deployed: Deployed, now: Any) -> None:
    del deployed
    with pytest.raises(SettingsError, match=r"^now: "):
        audit.handler({"now": now}, CONTEXT)


@NOTHING_TO_MEASURE
@pytest.mark.parametrize(
    ("handler", "variable"),
    [
        *((audit.handler, name) for name in ("TABLE_NAME", "EVIDENCE_BUCKET", "LIMITS")),
        *((notify.handler, f"{name.upper()}_TOPIC_ARN") for name in TOPICS),
    ],
)
def test_missing_setting_is_an_error_that_names_it(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, handler: Callable[..., Any], variable: str
) -> None:
    monkeypatch.delenv(variable)
    with pytest.raises(SettingsError, match=rf"(?i)^{variable}: Field required"):
        handler({"Records": []}, CONTEXT)
    assert deployed.wire.calls == []


def test_refused_message_is_delivered_again(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    deployed.audit(NOW)
    monkeypatch.setenv("CHAT_TOPIC_ARN", f"arn:aws:sns:us-east-1:{ACCOUNT}:gone")
    with pytest.raises(Exception, match="NotFound"):
        deployed.tell()


def test_metrics_and_log_say_what_was_done(
    deployed: Deployed, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    outcome = deployed.audit(NOW)
    (logged,) = [vars(it) for it in caplog.records if it.message == "audited"]
    assert {name: logged[name] for name in outcome} == outcome
    (metrics,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    counted = {name: metrics[name] for name in ("AuditCompleted", "Findings", "Transitions", "ChecksSkipped")}
    assert counted == {
        "AuditCompleted": [1.0],
        "Findings": [float(outcome["findings"])],
        "Transitions": [float(outcome["transitions"])],
        "ChecksSkipped": [float(len(outcome["skipped"]))],
    }
