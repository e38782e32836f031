"""The embedded account: moto with a root user, an Access Analyzer and the deployed resources around the functions."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import boto3
import botocore.handlers
import botocore.session
import moto
from moto.events.models import EventPattern
from moto.organizations.models import organizations_backends

from auditor.aws.findings_stream import PATTERN
from tests.aws import last_accessed, quick_moto
from tests.aws.beside_moto import BESIDE_MOTO
from tests.aws.wire import Params, Reply, Wire, always
from tests.aws.workload_answers import EMPTY
from tests.cli.table import make_table
from tests.deployed.access_analyzer import FakeAccessAnalyzer, RegionAnswers

ACCOUNT = "111122223333"
REGION = "eu-west-1"
NAME = "account-auditor"
CALLED = "shop"
"""What the organization calls the account."""

EFFECTIVE = {
    "AISERVICES_OPT_OUT_POLICY": {"services": {"default": {"opt_out_policy": "optOut"}}},
    "BACKUP_POLICY": {"plans": {"daily": {}}},
    "TAG_POLICY": {"tags": {"team": {"tag_key": "team"}}},
}
"""What the organization's policies make of the account, by their type."""

TOPICS = ("text", "chat", "events")
NEVER = "N/A"


@dataclass(kw_only=True)
class Root:
    """The root user: its use as the credential report tells it (ISO 8601), and what it has."""

    password_last_used: str = NEVER
    mfa: bool = True
    virtual_mfa: bool = False
    key_made: str = NEVER

    @property
    def row(self) -> str:
        """Its row of the credential report, in moto's columns."""
        arn = f"arn:aws:iam::{ACCOUNT}:root"
        key = "false" if self.key_made == NEVER else "true"
        user = f"<root_account>,{arn},2019-03-02T11:20:31+00:00,not_supported,{self.password_last_used}"
        keys = f"{key},{self.key_made},N/A,N/A,N/A,false,N/A,N/A,N/A,N/A"
        return f"{user},not_supported,not_supported,{str(self.mfa).lower()},{keys},false,N/A,false,N/A\n"


@dataclass(kw_only=True)
class EmbeddedAccount:
    """The account; change `root` and `analyzers` as time goes by. `queues` hear the topics, by the topic's name."""

    root: Root = field(default_factory=Root)
    analyzers: dict[str, RegionAnswers] = field(default_factory=dict)
    queues: dict[str, str] = field(default_factory=dict)
    told_until: str | None = None

    def messages(self, topic: str) -> list[dict[str, Any]]:
        """Take what came to a topic since the last time, as its subscribers get it."""
        sqs, found = boto3.client("sqs"), []
        while batch := sqs.receive_message(QueueUrl=self.queues[topic], MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.queues[topic], ReceiptHandle=message["ReceiptHandle"])
        return found

    def stream(self) -> dict[str, Any]:
        """Take the stream records written since the last time, as the event source mapping would hand them on."""
        arn = boto3.client("dynamodb").describe_table(TableName=NAME)["Table"]["LatestStreamArn"]
        streams = boto3.client("dynamodbstreams", endpoint_url=f"https://streams.dynamodb.{REGION}.amazonaws.com")
        (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        place = {"ShardIteratorType": "TRIM_HORIZON"}
        if self.told_until:
            place = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": self.told_until}
        iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], **place)["ShardIterator"]
        new = streams.get_records(ShardIterator=iterator)["Records"]
        self.told_until = new[-1]["dynamodb"]["SequenceNumber"] if new else self.told_until
        mapping = EventPattern.load(json.dumps(PATTERN))
        passed = [it for it in new if mapping.matches_event(json.loads(json.dumps(it, default=str)))]
        return {"Records": [{**it, "eventSourceARN": arn} for it in passed]}


def _effective(params: Params) -> dict[str, Any]:
    kind = params["PolicyType"]
    content = json.dumps(EFFECTIVE[kind])
    return {"EffectivePolicy": {"PolicyType": kind, "PolicyContent": content, "TargetId": ACCOUNT}}


NOTHING_RUNS = {name: always(answer) for name, answer in EMPTY.items()}
"""Moto would give the same answers, and take longer for them than for all others."""

SCRIPT: dict[str, Reply] = (
    BESIDE_MOTO
    | NOTHING_RUNS
    | {
        "DescribeEffectivePolicy": _effective,
        "ListOrganizationsFeatures": always({"EnabledFeatures": ["RootCredentialsManagement", "RootSessions"]}),
    }
)


@contextmanager
def embedded_account() -> Iterator[EmbeddedAccount]:
    """Run the block with an empty account, all that the stack makes, and the environment of functions and command."""
    account = EmbeddedAccount()
    environment = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "MOTO_ACCOUNT_ID": ACCOUNT,
        "TABLE_NAME": NAME,
        "AUDITOR_TABLE": NAME,
        "EVIDENCE_BUCKET": NAME,
        "BUS_NAME": NAME,
        **{f"{topic.upper()}_TOPIC_ARN": f"arn:aws:sns:{REGION}:{ACCOUNT}:{topic}" for topic in TOPICS},
    }
    with mock.patch.dict(os.environ, environment), _hooks(account), moto.mock_aws():
        last_accessed.install()
        quick_moto.install()
        _create_table()
        boto3.client("s3").create_bucket(Bucket=NAME, CreateBucketConfiguration={"LocationConstraint": REGION})
        boto3.client("events").create_event_bus(Name=NAME)
        boto3.client("organizations").create_organization(FeatureSet="ALL")
        (member,) = organizations_backends[ACCOUNT]["aws"].accounts
        member.name = CALLED
        account.queues = {topic: _topic_with_queue(topic) for topic in TOPICS}
        yield account


@contextmanager
def _hooks(account: EmbeddedAccount) -> Iterator[None]:
    """Amend what moto answers, in every botocore session that is made meanwhile."""

    def made_at_once(parsed: dict[str, Any], **_: Any) -> None:
        parsed["State"] = "COMPLETE"

    def report(parsed: dict[str, Any], **_: Any) -> None:
        if "Content" in parsed:
            header, _, users = parsed["Content"].decode().partition("\n")
            parsed["Content"] = f"{header}\n{account.root.row}{users}".encode()
            parsed["GeneratedTime"] = datetime.now(UTC)

    def summary(parsed: dict[str, Any], **_: Any) -> None:
        has = {"AccountPasswordPresent": True, "AccountMFAEnabled": account.root.mfa}
        has["AccountAccessKeysPresent"] = account.root.key_made != NEVER
        parsed["SummaryMap"].update({name: int(present) for name, present in has.items()})

    def devices(parsed: dict[str, Any], **_: Any) -> None:
        if account.root.virtual_mfa:
            serial, user = f"arn:aws:iam::{ACCOUNT}:mfa/root-account-mfa-device", f"arn:aws:iam::{ACCOUNT}:root"
            parsed["VirtualMFADevices"].append({"SerialNumber": serial, "User": {"Arn": user}})

    def details(parsed: dict[str, Any], **_: Any) -> None:
        for policy in parsed["Policies"]:
            policy["PolicyName"] = policy["Arn"].rpartition("/")[2]
            policy["PolicyId"] = f"ANPA{hashlib.sha256(policy['Arn'].encode()).hexdigest()[:17].upper()}"

    def analyzer(**request: Any) -> Any:
        return FakeAccessAnalyzer(account.analyzers)._before_send(**request)

    beside = Wire(script=SCRIPT)
    added = [
        ("provide-client-params", beside._asked),
        ("before-call", beside._called),
        ("after-call.iam.GenerateCredentialReport", made_at_once),
        ("after-call.iam.GetCredentialReport", report),
        ("after-call.iam.GetAccountSummary", summary),
        ("after-call.iam.GetAccountAuthorizationDetails", details),
        ("after-call.iam.ListVirtualMFADevices", devices),
        ("before-send.accessanalyzer", analyzer),
    ]
    loader = botocore.session.create_loader()
    with (
        mock.patch.object(botocore.handlers, "BUILTIN_HANDLERS", [*botocore.handlers.BUILTIN_HANDLERS, *added]),
        mock.patch.object(botocore.session, "create_loader", return_value=loader),  # the models are slow to read
    ):
        boto3.DEFAULT_SESSION = None
        yield
    boto3.DEFAULT_SESSION = None


def _create_table() -> None:
    client = boto3.client("dynamodb")
    make_table(client, NAME)
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    client.update_table(TableName=NAME, StreamSpecification=stream)


def _topic_with_queue(name: str) -> str:
    topic = boto3.client("sns").create_topic(Name=name)["TopicArn"]
    sqs = boto3.client("sqs")
    url = str(sqs.create_queue(QueueName=name)["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return url
