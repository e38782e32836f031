"""The functions in this process, with all that the stack would have made around them, in moto."""

import csv
import io
import json
from collections import ChainMap, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import time_machine
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from moto.events.models import EventPattern
from moto.iam.models import get_account_id_from

from auditor.aws.findings_stream import PATTERN
from auditor.aws.findings_table import FindingsTable
from auditor.core.evaluate import Evaluation
from auditor.core.life import Ledger, Record
from auditor.core.model import Owner
from auditor.handlers import audit, notify, plan, summarise, tell
from auditor.settings import (
    AuditSettings,
    Deployment,
    NotifySettings,
    TellSettings,
    deployment_json,
    environment,
    validated,
)
from tests.aws import last_accessed, listeners
from tests.aws.answers import ADMINISTRATOR, analyzer_entry, finding_entry, report, root_row
from tests.aws.beside_moto import BESIDE_MOTO
from tests.aws.listeners import Listener
from tests.aws.organized import organize
from tests.aws.template import TableDefinition, create_table
from tests.aws.wire import Reply, Wire, always, new_session
from tests.build import NOW
from tests.deployed.access_analyzer import FakeAccessAnalyzer, RegionAnswers

ACCOUNT = "123456789012"
OWNER = Owner(account=ACCOUNT, partition="aws")
NAME = "auditor"
PAYMENTS = "payments"
TOPICS = ("text", "chat", "events", f"text-{PAYMENTS}", f"chat-{PAYMENTS}")
NOTHING: dict[str, list[dict[str, Any]]] = {name: [] for name in TOPICS}
"""What is heard where nobody is told."""

CONTEXT = LambdaContext.__new__(LambdaContext)
vars(CONTEXT).update(
    _function_name="audit", _memory_limit_in_mb=1024, _invoked_function_arn="arn", _aws_request_id="request"
)
ANALYZER = analyzer_entry(arn=f"arn:aws:access-analyzer:eu-west-1:{ACCOUNT}:analyzer/zone")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def topic(name: str) -> str:
    return f"arn:aws:sns:us-east-1:{ACCOUNT}:{NAME}-{name}"


ENVIRONMENT = (
    environment(AuditSettings, {"table_name": NAME, "evidence_bucket": "evidence"})
    | environment(NotifySettings, {"table_name": NAME, "events_topic_arn": topic("events"), "bus_name": NAME})
    | environment(TellSettings, {"table_name": NAME, "text_topic_arn": topic("text"), "chat_topic_arn": topic("chat")})
)


@dataclass(kw_only=True)
class Functions:
    """`wire` hears what the function that ran last has called in its own account, and answers by `script`.

    `wires` are those of the other accounts, where `scripts` say what is otherwise there; `analyzed` is what Access
    Analyzer says in them. `asset` is where the functions lie.
    """

    asset: Path
    script: dict[str, Reply] = field(default_factory=lambda: dict(BESIDE_MOTO))
    findings: list[Mapping[str, Any]] = field(default_factory=lambda: [finding_entry(resourceOwnerAccount=ACCOUNT)])
    evaluated: list[Evaluation] = field(default_factory=list)
    listeners: dict[str, Listener] = field(default_factory=dict)
    handed_on: str | None = None
    scripts: defaultdict[str, dict[str, Reply]] = field(default_factory=lambda: defaultdict(dict))
    analyzed: dict[str, dict[str, RegionAnswers]] = field(default_factory=dict)
    wires: dict[str, Wire] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.wire = Wire(script=self.script)
        zone = RegionAnswers(analyzers=[ANALYZER], findings={ANALYZER["arn"]: self.findings})
        self.analyzed[ACCOUNT] = {"eu-west-1": zone}

    def session(self, **credentials: str) -> boto3.Session:
        """A session of the functions' own account, or of that whose credentials are given."""
        account = get_account_id_from(credentials["aws_access_key_id"]) if credentials else ACCOUNT
        session = new_session(**credentials)
        FakeAccessAnalyzer(self.analyzed.get(account, {})).mount(session)
        self.wire_in(account).mount(session)
        return session

    def wire_in(self, account: str) -> Wire:
        """What hears the calls that are made in the account."""
        if account == ACCOUNT:
            return self.wire
        script = ChainMap(self.scripts[account], self.script)
        return self.wires.setdefault(account, Wire(script=script))

    @property
    def settings(self) -> Path:
        return self.asset / "deployment.json"

    @property
    def exceptions(self) -> Path:
        return self.asset / "exceptions.toml"

    def deploy(self, **settings: Any) -> None:
        """Ship the functions with these settings; nobody is told again of what is open, unless they say so."""
        given = {"alerts": {"escalate_after_hours": 720}} | settings
        self.settings.write_text(deployment_json(validated(Deployment, given)))

    # What the functions do.

    def plan(self, at: datetime = NOW, **event: Any) -> dict[str, Any]:
        return self._run(plan.handler, at, event)

    def items(self, planned: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What the map of a planned run reads, as it hands it on to each child."""
        body = new_session().client("s3").get_object(Bucket=planned["bucket"], Key=planned["key"])["Body"]
        told = {name: planned[name] for name in ("now", "run")}
        return [it | told for it in json.loads(body.read())]

    def audit(self, at: datetime = NOW, **event: Any) -> dict[str, Any]:
        """One audit, with a report of an hour before."""
        account = event.get("account") or ACCOUNT
        if event.get("work", "AUDIT") == "AUDIT":
            made = {"Content": credential_report(account), "GeneratedTime": at - HOUR}
            script = self.script if account == ACCOUNT else self.scripts[account]
            script["GetCredentialReport"] = always(made)
        return self._run(audit.handler, at, event)

    def summarise(self, at: datetime = NOW, **event: Any) -> dict[str, Any]:
        return self._run(summarise.handler, at, event)

    def notify(self, at: datetime = NOW, records: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        """Hand on these records, or what the stream delivers since the last time."""
        return self._run(notify.handler, at, {"Records": self.stream() if records is None else records})

    def redrive(self, at: datetime, since: str) -> dict[str, Any]:
        return self._run(notify.handler, at, {"redrive": {"since": since}})

    def tell(self, at: datetime = NOW + MINUTE) -> dict[str, Any]:
        return self._run(tell.handler, at, {})

    def _run(self, handler: Any, at: datetime, event: Mapping[str, Any]) -> dict[str, Any]:
        for wire in (self.wire, *self.wires.values()):
            wire.calls.clear()
        with time_machine.travel(at, tick=False):
            outcome: dict[str, Any] = handler(dict(event), CONTEXT)
        return outcome

    def day(self, at: datetime = NOW) -> dict[str, Any]:
        """An audit, and a minute later what it changed is told; the audit's answer."""
        outcome = self.audit(at)
        self.notify(at)
        self.tell(at + MINUTE)
        return outcome

    # What comes of it.

    def stream(self) -> list[dict[str, Any]]:
        """What the stream delivers since the last call, through the filter of the event source mapping."""
        # moto does not know the endpoints that carry the account's number.
        streams = new_session().client("dynamodbstreams", config=Config(account_id_endpoint_mode="disabled"))
        arn = streams.list_streams(TableName=NAME)["Streams"][0]["StreamArn"]
        (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        start = {"ShardIteratorType": "TRIM_HORIZON"}
        if self.handed_on:
            start = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": self.handed_on}
        iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], **start)["ShardIterator"]
        new = streams.get_records(ShardIterator=iterator, Limit=1000)["Records"]
        self.handed_on = new[-1]["dynamodb"]["SequenceNumber"] if new else self.handed_on
        kept = ("eventName", "dynamodb")
        delivered = [{name: it[name] for name in kept} | {"eventSourceARN": arn} for it in new]
        pattern = EventPattern.load(json.dumps(PATTERN))
        return [it for it in delivered if pattern.matches_event(json.loads(json.dumps(it, default=str)))]

    def heard(self) -> dict[str, list[dict[str, Any]]]:
        """What has come on each topic since the last call."""
        return {name: listener.heard() for name, listener in self.listeners.items()}

    def on_the_bus(self) -> list[dict[str, Any]]:
        """What the function that ran last has put there."""
        return [entry for call in self.wire.named("PutEvents") for entry in call.params["Entries"]]

    def letters(self, channel: str = "text") -> list[str]:
        """The letters of a text topic since the last call, each with its subject above it."""
        return [f"{it['Subject']}\n{it['Message']}" for it in self.listeners[channel].heard()]

    def ledger(self, account: str = ACCOUNT) -> Ledger:
        owner = Owner(account=account, partition="aws")
        return FindingsTable(table=new_session().resource("dynamodb").Table(NAME)).load(owner)

    def records(self, check: str) -> list[Record]:
        """What is known of the check's findings."""
        return [it for it in self.ledger().records.values() if it.finding.check == check]

    def evidence(self, prefix: str) -> dict[str, bytes]:
        s3 = new_session().client("s3")
        keys = [it["Key"] for it in s3.list_objects_v2(Bucket="evidence", Prefix=f"{prefix}/")["Contents"]]
        bodies = {key: s3.get_object(Bucket="evidence", Key=key)["Body"].read() for key in keys}
        return {key.removeprefix(f"{prefix}/"): body for key, body in bodies.items()}


def session_in(account: str) -> boto3.Session:
    """A session of moto's in the account."""
    if account == ACCOUNT:
        return new_session()
    role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    given = new_session().client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return new_session(
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )


def credential_report(account: str = ACCOUNT) -> bytes:
    """Moto's, of this moment, with the row of the root user that moto leaves out."""
    iam = session_in(account).client("iam")
    while iam.generate_credential_report()["State"] != "COMPLETE":
        pass
    rows = csv.DictReader(io.StringIO(iam.get_credential_report()["Content"].decode()))
    return report(root_row(arn=f"arn:aws:iam::{account}:root"), *rows).encode()


def make_stack(definition: TableDefinition) -> dict[str, Listener]:
    """What the stack makes besides the functions; who hears each topic."""
    last_accessed.install()
    session = new_session()
    create_table(session.client("dynamodb"), NAME, definition)
    session.client("s3").create_bucket(Bucket="evidence")
    session.client("events").create_event_bus(Name=NAME)
    for name in TOPICS:
        session.client("sns").create_topic(Name=f"{NAME}-{name}")
    return {name: listeners.on_topic(session, topic(name)) for name in TOPICS}


def populate() -> None:
    """An account with history, in an organization of its own."""
    session = new_session()
    organize(session.client("organizations"))
    iam = session.client("iam")
    with time_machine.travel(NOW - timedelta(days=200), tick=False):
        for name in ("ana", "bo"):
            iam.create_user(UserName=name)
            iam.create_access_key(UserName=name)
        iam.create_login_profile(UserName="ana", Password="correct horse battery staple")
        iam.create_role(RoleName="forgotten", AssumeRolePolicyDocument='{"Statement": []}')
        iam.put_user_policy(UserName="bo", PolicyName="everything", PolicyDocument=ADMINISTRATOR)


def tag_account(**tags: str) -> None:
    """Tag the account, as its organization does."""
    given = [{"Key": key, "Value": value} for key, value in tags.items()]
    new_session().client("organizations").tag_resource(ResourceId=ACCOUNT, Tags=given)
