"""What `--explain` prints, run as it is printed on AWS's own DynamoDB Local, has the rows that the command lists."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from boto3.dynamodb.types import TypeDeserializer

from auditor.aws.findings_table import FindingsTable
from auditor.aws.runs_table import RunsTable
from auditor.core.check import Severity
from auditor.core.decide import miss
from auditor.core.model import Owner
from auditor.core.roster import Run
from tests.aws import dynamodb_local
from tests.aws.wire import new_session
from tests.build import ACCOUNT, NOW, ago, arn, evaluation, finding
from tests.cli.conftest import Auditor
from tests.cli.table import make_table

NAME = "findings"
QUOTED = arn("user/o'hara")
MISSED = Owner(account="999988887777", partition="aws")


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with dynamodb_local.running(tmp_path_factory.mktemp("dynamodb") / "log") as url:
        client = new_session().client("dynamodb", endpoint_url=url)
        make_table(client, NAME)
        make_keyed(client)
        seen = [finding("A1", severity=Severity.CRITICAL), finding("A2", "idle-access-key", principal=QUOTED)]
        table = new_session().resource("dynamodb", endpoint_url=url).Table(NAME)
        FindingsTable(table=table).record(evaluation(*seen, age=20))
        FindingsTable(table=table).record(evaluation(seen[0], looked_at={"idle-access-key": ("A2",)}, age=2))
        FindingsTable(table=table).amend(MISSED, lambda known: miss(known, NOW, "AccessDenied"))
        for clock in (ago(2), NOW):
            RunsTable(table=table, partition="aws").put(Run(clock=clock, planned=2, finished=True))
        yield url


def make_keyed(client: Any) -> None:
    """A table of somebody else's, with the same keys."""
    keys = [("pk", "HASH"), ("sk", "RANGE")]
    client.create_table(
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
    )


@pytest.fixture(autouse=True)
def _local(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AUDITOR_TABLE", NAME)
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
    with time_machine.travel(NOW, tick=False):
        yield


LISTS = [
    (),
    ("--account", ACCOUNT, "--status", "all"),
    ("--check", "idle-access-key", "--status", "resolved"),
    ("--principal", QUOTED, "--status", "all", "--severity", "high", "--severity", "low"),
    ("--since", "2026-11-18", "--status", "all"),
]


@pytest.mark.parametrize("arguments", LISTS)
def test_printed_statement_and_printed_query_have_the_listed_rows(auditor: Auditor, arguments: tuple[str, ...]) -> None:
    result = auditor("findings", "list", *arguments, "--format", "json", "--explain")
    listed = sorted(it["id"] for it in json.loads(result.out))
    client, lines = new_session().client("dynamodb"), result.err.splitlines()
    statements = [it.removeprefix("PartiQL: ") for it in lines if it.startswith("PartiQL: ")]
    queries = [json.loads(it.removeprefix("Query: ")) for it in lines if it.startswith("Query: ")]
    by_statement = [it for text in statements for it in client.execute_statement(Statement=text)["Items"]]
    by_query = [it for told in queries for it in client.query(**told)["Items"]]
    assert listed
    assert sorted(plain(it)["id"] for it in by_statement) == listed
    assert sorted(plain(it)["id"] for it in by_query) == listed


def test_printed_questions_about_runs_have_the_listed_accounts(auditor: Auditor) -> None:
    result = auditor("findings", "runs", "--since", "2026-11-18", "--format", "json", "--explain")
    listed = [it["account"] for it in json.loads(result.out)]
    client, lines = new_session().client("dynamodb"), result.err.splitlines()
    statements = [it.removeprefix("PartiQL: ") for it in lines if it.startswith("PartiQL: ")]
    queries = [json.loads(it.removeprefix("Query: ")) for it in lines if it.startswith("Query: ")]
    by_statement = [plain(it) for text in statements for it in client.execute_statement(Statement=text)["Items"]]
    by_query = [plain(it) for told in queries for it in client.query(**told)["Items"]]
    assert listed == [ACCOUNT, MISSED.account]
    for found in (by_statement, by_query):
        assert [it["account"] for it in found if "account" in it] == listed
        assert [it["sk"] for it in found if "account" not in it] == [ago(2).isoformat(), NOW.isoformat()]
    assert lines[-1].startswith("auditor: last run over all accounts, of 2026-11-20 06:00 UTC: ")


def plain(item: dict[str, Any]) -> dict[str, Any]:
    read: Any = TypeDeserializer()
    return {name: read.deserialize(value) for name, value in item.items()}


def test_table_of_something_else_is_named(auditor: Auditor) -> None:
    line = auditor("findings", "list", "--table", "orders").says_why_in_one_line()
    assert line.startswith("auditor: --table: 'orders' does not answer as a findings table does (Query: Validation")


def test_name_that_no_table_can_have_is_one_line(auditor: Auditor) -> None:
    for name in ("x", "a b", 'x" or 1'):
        line = auditor("findings", "list", "--table", name, "--explain").err.splitlines()[-1]
        assert line.startswith("auditor: ")
        assert "Traceback" not in line
