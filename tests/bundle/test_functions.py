"""Each function from its asset, in a fresh process under Lambda's own runtime client, with nothing else to import."""

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from moto import mock_aws
from pydantic import BaseModel

from auditor.aws.evidence_store import REMEMBERED
from auditor.aws.sources import SOURCES
from auditor.settings import (
    AuditSettings,
    NotifySettings,
    PlanSettings,
    SummariseSettings,
    TellSettings,
    environment,
)
from tests.aws import last_accessed
from tests.aws.answers import ADMINISTRATOR
from tests.aws.beside_moto import REGIONS
from tests.aws.template import TableDefinition, create_table
from tests.aws.wire import Refused, new_session
from tests.bundle import aws_front
from tests.bundle.runtime_api import PYTHON, Answer, Function, isolated, running, serving
from tests.deployed.access_analyzer import FakeAccessAnalyzer
from tests.deployed.speaking import Answers, said

ACCOUNT = "123456789012"
PLAN, AUDIT, SUMMARISE, NOTIFY, TELL = (
    f"auditor.handlers.{name}.handler" for name in ("plan", "audit", "summarise", "notify", "tell")
)
MEMBERS: dict[str, type[BaseModel]] = {
    PLAN: PlanSettings,
    AUDIT: AuditSettings,
    SUMMARISE: SummariseSettings,
    NOTIFY: NotifySettings,
    TELL: TellSettings,
}
TOPICS = {f"{name}_topic_arn": f"arn:aws:sns:us-east-1:{ACCOUNT}:{name}" for name in ("text", "chat", "events")}
NAMES = {"table_name": "findings", "evidence_bucket": "kept", "bus_name": "bus", **TOPICS}
TOLD = {name: value for shape in MEMBERS.values() for name, value in environment(shape, NAMES).items()}
NOBODY = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_EC2_METADATA_DISABLED": "true"}

BESIDE_MOTO: Answers = {
    "ec2.DescribeRegions": {"Regions": REGIONS},
    "sso-admin.ListInstances": {"Instances": []},
    "organizations.DescribeEffectivePolicy": Refused("AWSOrganizationsNotInUseException"),
    "iam.ListOrganizationsFeatures": Refused("OrganizationNotFoundException"),
    "iam.ListServiceSpecificCredentials": {"ServiceSpecificCredentials": []},
    "glue.GetJobs": {"Jobs": []},
    "cloudformation.DescribeStacks": {"Stacks": []},
    "rolesanywhere.ListTrustAnchors": {"trustAnchors": []},
    "rolesanywhere.ListProfiles": {"profiles": []},
}

FIND = """
import json, sys
from importlib.util import find_spec
print(json.dumps([getattr(find_spec(name), "origin", None) for name in sys.argv[1:]]))
"""


def importable(path: list[Path], *names: str) -> list[str | None]:
    """Where each module would come from in the process of a function; None if from nowhere."""
    told = {**isolated(path), "PATH": os.defpath}
    command = [*PYTHON, "-c", FIND, *names]
    found = subprocess.run(command, cwd=path[0], env=told, check=True, capture_output=True, text=True)
    origins: list[str | None] = json.loads(found.stdout)
    return origins


def test_function_can_import_its_asset_and_the_runtime_and_nothing_else(asset: Path, runtime: Path) -> None:
    absent = ("rich", "typer", "moto", "pytest", "aws_cdk", "infra", "tests", "auditor.cli", "packaging")
    assert importable([asset, runtime], *absent) == [None] * len(absent)
    ours = ("auditor", "pydantic", "aws_lambda_powertools", "jmespath", "detect_secrets", "requests")
    assert importable([asset, runtime], *ours) == [str(asset / name / "__init__.py") for name in ours]
    theirs = ("boto3", "botocore", "awslambdaric", "urllib3")
    assert importable([asset, runtime], *theirs) == [str(runtime / name / "__init__.py") for name in theirs]


@pytest.fixture
def aws(table_definition: TableDefinition) -> Iterator[str]:
    """The endpoint of an AWS with an account worth auditing."""
    last_accessed.install()
    with mock_aws():
        session = new_session()
        create_table(session.client("dynamodb"), "findings", table_definition)
        session.client("s3").create_bucket(Bucket="kept")
        session.client("events").create_event_bus(Name="bus")
        sns, sqs = session.client("sns"), session.client("sqs")
        for arn in TOPICS.values():
            name = arn.rpartition(":")[2]
            sns.create_topic(Name=name)
            sqs.create_queue(QueueName=name)
            sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}")
        iam = session.client("iam")
        iam.create_user(UserName="ana")
        iam.put_user_policy(UserName="ana", PolicyName="everything", PolicyDocument=ADMINISTRATOR)
        while iam.generate_credential_report()["State"] != "COMPLETE":
            pass
        with serving(aws_front.requests(FakeAccessAnalyzer({}), list(said(BESIDE_MOTO)))) as address:
            yield f"http://{address}"


@pytest.fixture
def path(asset: Path, runtime: Path) -> list[Path]:
    return [asset, runtime]


def settings_of(handler: str) -> dict[str, str]:
    return {name.upper(): TOLD[name.upper()] for name in MEMBERS[handler].model_fields}


def started(function: Function, name: str) -> None:
    print(f"{name}: asks for its first event after {function.init_seconds:.2f} s")  # noqa: T201


def test_audit_function_audits_and_a_second_run_finds_nothing_new(aws: str, path: list[Path], tmp_path: Path) -> None:
    told = {**NOBODY, **settings_of(AUDIT), "AWS_ENDPOINT_URL": aws}
    now = datetime.now(tz=UTC).isoformat()
    with running(AUDIT, path, told, tmp_path / "log") as function:
        first, second = function.invoke({"now": now}), function.invoke({"now": now})
        started(function, "audit")
    assert first.kind == second.kind == "response", (tmp_path / "log").read_text()
    assert (first.body["account"], first.body["unavailable"]) == (ACCOUNT, {})
    assert first.body["transitions"] == first.body["findings"] > 0
    assert (second.body["findings"], second.body["transitions"]) == (first.body["findings"], 0)
    items = new_session().resource("dynamodb").Table("findings").scan()["Items"]
    assert sum(it["item"] == "finding" for it in items) == first.body["findings"]
    kept = new_session().client("s3").list_objects_v2(Bucket="kept")["Contents"]
    latest = f"latest/aws/{ACCOUNT}"
    assert {it["Key"].rpartition("/")[0] for it in kept} == {first.body["evidence"], latest}
    assert len(kept) == len(SOURCES) + len({"account.json"}) + len(REMEMBERED)


def test_run_is_planned_audited_and_summed_up(aws: str, path: list[Path], tmp_path: Path) -> None:
    def answered(handler: str, event: dict[str, Any]) -> Any:
        told = {**NOBODY, **settings_of(handler), "AWS_ENDPOINT_URL": aws}
        with running(handler, path, told, tmp_path / "log") as function:
            answer = function.invoke(event)
            started(function, handler)
        assert answer.kind == "response", (tmp_path / "log").read_text()
        return answer.body

    planned = answered(PLAN, {"now": datetime.now(tz=UTC).isoformat()})
    body = new_session().client("s3").get_object(Bucket=planned["bucket"], Key=planned["key"])["Body"].read()
    (item,) = json.loads(body)
    told = {name: planned[name] for name in ("now", "run")}
    audited = answered(AUDIT, item | told)
    assert (audited["account"], audited["work"]) == (ACCOUNT, "AUDIT")
    summary = answered(SUMMARISE, {**told, "error": ""})
    assert (summary["planned"], summary["audited"], summary["failed"]) == (1, 1, False)


def test_notify_and_tell_functions_tell_what_the_table_says(aws: str, path: list[Path], tmp_path: Path) -> None:
    with running(
        AUDIT, path, {**NOBODY, **settings_of(AUDIT), "AWS_ENDPOINT_URL": aws}, tmp_path / "audit"
    ) as function:
        audited = function.invoke({}).body
    told = {**NOBODY, **settings_of(NOTIFY), "AWS_ENDPOINT_URL": aws}
    with running(NOTIFY, path, told, tmp_path / "notify") as function:
        answer = function.invoke({"Records": stream()})
        started(function, "notify")
    assert answer == Answer(kind="response", body={"batchItemFailures": []}), (tmp_path / "notify").read_text()
    documents = audited["findings"] + len(audited["skipped"])
    assert (arrived("events"), arrived("text"), arrived("chat")) == (documents, 0, 0)
    let_an_hour_pass()
    told = {**NOBODY, **settings_of(TELL), "AWS_ENDPOINT_URL": aws}
    with running(TELL, path, told, tmp_path / "tell") as function:
        answer = function.invoke({})
        started(function, "tell")
    assert (answer.kind, answer.body["undelivered"]) == ("response", []), (tmp_path / "tell").read_text()
    assert (arrived("text"), arrived("chat")) == (1, 1)


def stream() -> list[dict[str, Any]]:
    """What the table's stream delivers to the function."""
    client = new_session().client("dynamodbstreams", config=Config(account_id_endpoint_mode="disabled"))
    arn = client.list_streams(TableName="findings")["Streams"][0]["StreamArn"]
    (shard,) = client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    start = {"ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    iterator = client.get_shard_iterator(StreamArn=arn, **start)["ShardIterator"]
    records = client.get_records(ShardIterator=iterator)["Records"]
    kept = ("OldImage", "NewImage", "SequenceNumber")
    return [
        {
            "eventName": it["eventName"],
            "dynamodb": {name: it["dynamodb"][name] for name in kept if name in it["dynamodb"]},
        }
        for it in records
        if it["dynamodb"]["NewImage"]["item"]["S"] in {"finding", "header"}
    ]


def let_an_hour_pass() -> None:
    """What waits has waited for long, whatever the clock of another process says."""
    table = new_session().resource("dynamodb").Table("findings")
    for item in table.scan()["Items"]:
        if item["item"] == "news":
            queued = datetime.fromisoformat(item["queued_at"]) - timedelta(hours=1)
            table.put_item(Item=item | {"queued_at": queued.isoformat()})


def arrived(queue: str) -> int:
    sqs = new_session().client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    attribute = "ApproximateNumberOfMessages"
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])["Attributes"][attribute])


def test_notify_function_has_nothing_to_say_of_an_empty_batch(path: list[Path], tmp_path: Path) -> None:
    with running(NOTIFY, path, {**NOBODY, **settings_of(NOTIFY)}, tmp_path / "log") as function:
        assert function.invoke({"Records": []}) == Answer(kind="response", body={"batchItemFailures": []})


@pytest.mark.parametrize(
    ("handler", "variable"), [(handler, name) for handler in MEMBERS for name in settings_of(handler)]
)
def test_missing_setting_is_an_error_that_names_it(
    handler: str, variable: str, path: list[Path], tmp_path: Path
) -> None:
    told = {name: value for name, value in settings_of(handler).items() if name != variable}
    with running(handler, path, {**NOBODY, **told}, tmp_path / "log") as function:
        answer = function.invoke({"Records": []})
    assert (answer.kind, answer.body["errorType"]) == ("error", "SettingsError")
    assert answer.body["errorMessage"].upper().startswith(f"{variable}: FIELD REQUIRED")


def test_account_that_cannot_be_reached_is_an_error_and_no_empty_audit(path: list[Path], tmp_path: Path) -> None:
    unreachable = {**NOBODY, **settings_of(AUDIT), "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"}
    with running(AUDIT, path, unreachable, tmp_path / "log") as function:
        answer = function.invoke({})
    assert (answer.kind, answer.body["errorType"]) == ("error", "EndpointConnectionError")


def test_module_that_cannot_be_imported_is_an_error_of_the_start(path: list[Path], tmp_path: Path) -> None:
    """What the tests above would show if an asset lacked something."""
    with running("auditor.handlers.gone.handler", path, NOBODY, tmp_path / "log") as function:
        answer = function.answer()
    assert answer.kind == "init error"
    assert "auditor.handlers.gone" in answer.body["errorMessage"]
