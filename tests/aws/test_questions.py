"""Every question has the same answer as a query, as the SDK's own parameters and as PartiQL, and none is a scan.

PartiQL is asked of AWS's own DynamoDB Local alone: moto reads only a little of it.
"""

import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from auditor.aws import questions
from auditor.aws.findings_table import FindingsTable
from auditor.aws.items import finding_item
from auditor.aws.query import Condition, Question, ask
from auditor.aws.questions import FIELDS, UnanswerableError, Wanted
from auditor.aws.schema import BY_CHECK, BY_ID, BY_PRINCIPAL, CHANGED_BY_DAY, KEEP, OPEN_BY_SEVERITY, account_key
from auditor.core.check import Severity
from auditor.core.decide import acknowledge, make_exception, miss
from auditor.core.evaluate import Finding, finding_id
from auditor.core.exceptions import ExceptionRule, Rules
from auditor.core.life import Event, Standing
from auditor.core.model import Owner
from tests.aws.conftest import Store, shared_resource
from tests.aws.template import TableDefinition, create_table
from tests.aws.wire import new_session
from tests.build import ACCOUNT, NOW, OWNER, ago, arn, evaluation, finding, record

OTHER = Owner(account="444455556666", partition="aws")
STALE, IDLE, ROLE = "stale-access-key", "idle-access-key", "unused-role"
ALL = tuple(Standing)
QUOTED = arn("user/o'hara")
NUMBERS = itertools.count()


def found(uid: str, check: str = STALE, severity: Severity = Severity.HIGH, **fields: Any) -> Finding:
    owner = fields.get("owner", OWNER)
    return finding(uid, check, severity=severity, **{"id": finding_id(owner, check, uid, "")} | fields)


OPEN_CRITICAL = found("A1", severity=Severity.CRITICAL)
OPEN_LOW = found("A2", IDLE, Severity.LOW, principal=QUOTED)
EXCEPTED = found("A3", ROLE)
GONE = found("A4", IDLE)
ELSEWHERE = found("B1", owner=OTHER)
EXPIRED = found("A5", IDLE, evidence={"long": "ago"})
RULE = ExceptionRule(
    account=ACCOUNT, check=ROLE, resource="A3", reason="kept for the audit", owner="ana", until=NOW.date()
)


def fill(table: Any) -> None:
    """Two accounts: open (one of them acknowledged), excepted and resolved findings, and one that should be deleted."""
    findings = FindingsTable(table=table)
    findings.record(evaluation(OPEN_CRITICAL, OPEN_LOW, EXCEPTED, GONE, age=20))
    findings.record(replace(evaluation(ELSEWHERE, age=3), owner=OTHER))
    findings.amend(OWNER, lambda ledger: make_exception(ledger, RULE, Rules(), ago(10)))
    findings.amend(OWNER, lambda ledger: acknowledge(ledger, OPEN_LOW.id, "ana", "on it", ago(9)))
    findings.record(evaluation(OPEN_CRITICAL, OPEN_LOW, EXCEPTED, looked_at={IDLE: ("A4",)}, age=2))
    expired = record(replace(EXPIRED, evidence_at=ago(500)), Event.RESOLVED, age=KEEP.days + 1)
    table.put_item(Item=finding_item(expired))


def wanted(**given: Any) -> Wanted:
    return Wanted(now=NOW, **given)


def uids(table: Any, asked: list[Question]) -> list[str]:
    known = {it.id: it.uid for it in (OPEN_CRITICAL, OPEN_LOW, EXCEPTED, GONE, ELSEWHERE, EXPIRED)}
    return [known[it["id"]] for question in asked for it in ask(table, question)]


ASKED: dict[str, tuple[dict[str, Any], str | None, int, set[str]]] = {
    "open": ({}, OPEN_BY_SEVERITY.name, 5, {"A1", "A2", "B1"}),
    "one severity": ({"severities": (Severity.CRITICAL,)}, OPEN_BY_SEVERITY.name, 1, {"A1"}),
    "a severity twice": ({"severities": (Severity.LOW, Severity.LOW)}, OPEN_BY_SEVERITY.name, 1, {"A2"}),
    "excepted": ({"standings": (Standing.EXCEPTED,)}, OPEN_BY_SEVERITY.name, 5, {"A3"}),
    "check": ({"checks": (STALE,)}, BY_CHECK.name, 1, {"A1", "B1"}),
    "check of an account": ({"checks": (STALE,), "owner": OTHER}, BY_CHECK.name, 1, {"B1"}),
    "check by its names": ({"checks": (STALE, IDLE)}, BY_CHECK.name, 2, {"A1", "A2", "B1"}),
    "check, of a severity": ({"checks": (STALE,), "severities": (Severity.LOW,)}, BY_CHECK.name, 1, set()),
    "check, resolved": ({"checks": (IDLE,), "standings": (Standing.RESOLVED,)}, BY_CHECK.name, 1, {"A4"}),
    "check, all": ({"checks": (IDLE,), "standings": ALL}, BY_CHECK.name, 3, {"A2", "A4"}),
    "check, lately": ({"checks": (STALE,), "since": ago(5)}, BY_CHECK.name, 1, {"B1"}),
    "principal": ({"principal": arn("user/ana")}, BY_PRINCIPAL.name, 1, {"A1", "B1"}),
    "principal with a quote": ({"principal": QUOTED}, BY_PRINCIPAL.name, 1, {"A2"}),
    "principal, all": (
        {"principal": arn("user/ana"), "standings": ALL},
        BY_PRINCIPAL.name,
        1,
        {"A1", "A3", "A4", "B1"},
    ),
    "principal, check and account": (
        {"principal": arn("user/ana"), "checks": (IDLE, STALE), "owner": OTHER},
        *(BY_PRINCIPAL.name, 1, {"B1"}),
    ),
    "account": ({"owner": OWNER}, None, 1, {"A1", "A2"}),
    "account, two severities": (
        {"owner": OWNER, "severities": (Severity.LOW, Severity.CRITICAL)},
        *(None, 1, {"A1", "A2"}),
    ),
    "account, excepted": ({"owner": OWNER, "standings": (Standing.EXCEPTED,)}, None, 1, {"A3"}),
    "account, resolved": ({"owner": OWNER, "standings": (Standing.RESOLVED,)}, None, 1, {"A4"}),
    "account, all": ({"owner": OWNER, "standings": ALL}, None, 1, {"A1", "A2", "A3", "A4"}),
    "account, lately": ({"owner": OWNER, "since": ago(10), "standings": ALL}, None, 1, {"A2", "A3", "A4"}),
    "changed": ({"since": ago(9)}, CHANGED_BY_DAY.name, 10, {"A2", "B1"}),
    "changed, all": ({"since": ago(10), "standings": ALL}, CHANGED_BY_DAY.name, 11, {"A2", "A3", "A4", "B1"}),
    "changed, of a severity": (
        {"since": ago(30), "severities": (Severity.CRITICAL,)},
        *(CHANGED_BY_DAY.name, 31, {"A1"}),
    ),
    "changed a second later": (
        {"since": ago(2) + timedelta(seconds=1), "standings": ALL},
        *(CHANGED_BY_DAY.name, 3, set()),
    ),
}
OTHERS = {
    "whole account": questions.whole_account(OWNER),
    "place": questions.place(OPEN_LOW.id),
    "finding": questions.finding(OWNER, OPEN_LOW.id),
    "history": questions.history(OPEN_LOW.id, NOW),
    "exceptions": questions.exceptions(OWNER, NOW),
    "last runs": questions.last_runs(OWNER),
    **{f"audited {number}": it for number, it in enumerate(questions.audited(ago(3), NOW))},
}
EVERY = {
    **{
        f"{name} {n}": it
        for name, given in ASKED.items()
        for n, it in enumerate(questions.findings(wanted(**given[0])))
    },
    **OTHERS,
}


@pytest.fixture
def filled(store: Store) -> Store:
    fill(store.table)
    return store


@pytest.fixture(scope="module")
def local(dynamodb_endpoint: str, table_definition: TableDefinition) -> Any:
    """The same on DynamoDB Local, for who only asks."""
    table = shared_resource(dynamodb_endpoint).Table(f"asked-{next(NUMBERS)}")
    create_table(table.meta.client, table.name, table_definition)
    fill(table)
    unreached = replace(OTHER, account="999988887777")
    FindingsTable(table=table).amend(unreached, lambda known: miss(known, NOW, "AccessDenied"))
    return table


def ordered(items: Any) -> list[str]:
    return sorted(json.dumps(it, sort_keys=True, default=int) for it in items)


# --- the same answer, however it is asked -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ASKED)
def test_answer_is_what_was_asked_for(filled: Store, name: str) -> None:
    given, _, _, expected = ASKED[name]
    answers = uids(filled.table, questions.findings(wanted(**given)))
    assert (set(answers), len(answers)) == (expected, len(expected))


@pytest.mark.parametrize("name", ASKED)
def test_each_is_a_few_queries_of_one_index(name: str) -> None:
    given, index, queries, _ = ASKED[name]
    asked = questions.findings(wanted(**given))
    assert {it.index.name if it.index else None for it in asked} == {index}
    assert len(asked) == queries


@pytest.mark.parametrize("name", EVERY)
def test_partiql_gives_the_same_rows(local: Any, name: str) -> None:
    statement = EVERY[name].partiql(local.name)
    assert ordered(rows(local, statement)) == ordered(ask(local, EVERY[name]))


def endpoint(table: Any) -> str:
    return str(table.meta.client.meta.endpoint_url)


def test_statements_of_the_operations_page_have_answers(local: Any) -> None:
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```sql\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    statements = block.splitlines()
    assert len(statements) > 1
    assert [it for it in statements if not list(rows(local, it.replace('"TABLE"', f'"{local.name}"')))] == []


def rows(table: Any, statement: str) -> Iterator[dict[str, Any]]:
    told: dict[str, Any] = {"Statement": statement}
    while True:
        page = table.meta.client.execute_statement(**told)
        yield from page["Items"]
        if "NextToken" not in page:
            return
        told["NextToken"] = page["NextToken"]


@pytest.mark.parametrize("name", ["open 1", "account, all 0", "changed, all 8", "history", "exceptions"])
def test_sdk_s_parameters_give_the_same_rows(local: Any, name: str) -> None:
    told = json.loads(json.dumps(EVERY[name].sdk(local.name)))
    plain: Callable[[Any], Any] = TypeDeserializer().deserialize  # untyped
    answered = [
        {key: plain(it) for key, it in item.items()}
        for item in new_session().client("dynamodb", endpoint_url=endpoint(local)).query(**told)["Items"]
    ]
    assert answered
    assert ordered(answered) == ordered(ask(local, EVERY[name]))


def test_index_and_table_say_the_same_of_a_finding(filled: Store) -> None:
    def say(**given: Any) -> dict[str, Any]:
        (it,) = [
            item
            for question in questions.findings(wanted(**given))
            for item in ask(filled.table, question)
            if item["id"] == OPEN_LOW.id
        ]
        return it

    by_account = say(owner=OWNER)
    assert set(by_account) == set(FIELDS) - {"exception", "excepted_until"}
    assert by_account["acknowledged_by"] == "ana"
    assert by_account == say() == say(checks=(IDLE,)) == say(principal=QUOTED) == say(since=ago(9))


def test_open_findings_come_in_order_by_severity(filled: Store) -> None:
    assert wanted().in_order
    assert uids(filled.table, questions.findings(wanted())) == ["A1", "B1", "A2"]
    assert not any(
        wanted(**it).in_order
        for it in ({"owner": OWNER}, {"checks": (STALE,)}, {"since": NOW}, {"principal": QUOTED}, {"standings": ALL})
    )


def test_answer_of_many_pages_is_whole(store: Store) -> None:
    """A page holds a megabyte, before the filter."""
    findings = [found(f"A{number:03}", reason="x" * 8000) for number in range(300)]
    with store.table.batch_writer() as batch:
        for it in findings:
            batch.put_item(Item=finding_item(record(it)))
    (question,) = questions.findings(wanted(owner=OWNER))
    assert len(store.table.query(**question.parameters)["Items"]) < len(findings)
    assert len({it["id"] for it in ask(store.table, question)}) == len(findings)


def test_next_page_is_asked_for_when_it_is_needed() -> None:
    class Table:
        pages = 0

        def query(self, **_: object) -> dict[str, Any]:
            self.pages += 1
            return {"Items": [{"n": self.pages}], "LastEvaluatedKey": {"pk": "x"}}

    table = Table()
    assert list(itertools.islice(ask(table, questions.whole_account(OWNER)), 2)) == [{"n": 1}, {"n": 2}]
    assert table.pages == 2


# --- what no index answers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("standings", [(Standing.RESOLVED,), ALL])
def test_resolved_findings_of_everywhere_would_be_a_scan(standings: tuple[Standing, ...]) -> None:
    with pytest.raises(UnanswerableError, match="by account, check, principal or time of change"):
        questions.findings(wanted(standings=standings))


def test_changes_are_asked_for_a_month_back_and_no_further() -> None:
    assert len(questions.findings(wanted(since=ago(31)))) == 32
    with pytest.raises(UnanswerableError, match="at most 31 days back"):
        questions.findings(wanted(since=ago(31.01)))
    with pytest.raises(UnanswerableError, match="at most 31 days back"):
        questions.audited(ago(32), NOW)


# --- everything else ----------------------------------------------------------------------------------------------


def test_finding_is_found_by_its_id_alone(filled: Store) -> None:
    (place,) = ask(filled.table, questions.place(ELSEWHERE.id))
    assert place["pk"] == account_key(OTHER)
    assert questions.place(ELSEWHERE.id).index is BY_ID
    (item,) = ask(filled.table, questions.finding(OTHER, ELSEWHERE.id))
    assert item["uid"] == "B1"


def test_history_is_in_order(filled: Store) -> None:
    events = [it["after"]["event"] for it in ask(filled.table, questions.history(OPEN_LOW.id, NOW))]
    assert events == ["OPENED", "ACKNOWLEDGED"]


def test_what_is_past_its_expiry_is_left_out(filled: Store) -> None:
    assert list(ask(filled.table, questions.exceptions(OWNER, NOW + timedelta(days=29))))
    assert not list(ask(filled.table, questions.exceptions(OWNER, NOW + timedelta(days=31))))
    opened_and_acknowledged = list(ask(filled.table, questions.history(OPEN_LOW.id, ago(20) + KEEP)))
    acknowledged = list(ask(filled.table, questions.history(OPEN_LOW.id, ago(9) + KEEP)))
    assert (len(opened_and_acknowledged), len(acknowledged)) == (2, 1)


def test_resolved_finding_is_there_to_the_second_of_its_expiry(filled: Store) -> None:
    for seconds, expected in ((0, ["A4"]), (1, [])):
        later = Wanted(now=ago(2) + KEEP + timedelta(seconds=seconds), standings=(Standing.RESOLVED,), owner=OWNER)
        assert uids(filled.table, questions.findings(later)) == expected
    expires = {it["expires_at"] for (_, sk), it in filled.items().items() if sk == f"F#{GONE.id}"}
    assert expires == {int((ago(2) + KEEP).timestamp())}


def test_accounts_are_listed_by_their_last_audit(filled: Store) -> None:
    said = [it for question in questions.audited(ago(3), NOW) for it in ask(filled.table, question)]
    assert {it["account"]: int(it["audited"]["findings"]) for it in said} == {ACCOUNT: 3, OTHER.account: 1}
    later = [it for question in questions.audited(ago(2.5), NOW) for it in ask(filled.table, question)]
    assert [it["account"] for it in later] == [ACCOUNT]


def test_hostile_text_is_a_value_and_nothing_else(local: Any) -> None:
    hostile = "x' OR '1'='1"
    question = questions.findings(wanted(principal=hostile, standings=ALL))[0]
    assert question.partiql("t").endswith("""WHERE "principal" = 'x'' OR ''1''=''1' AND """ + kept())
    assert list(rows(local, question.partiql(local.name))) == list(ask(local, question)) == []


def kept() -> str:
    return f"""("standing" = 'OPEN' OR "standing" = 'EXCEPTED' OR "changed_at" >= '{(NOW - KEEP).isoformat()}')"""


def test_question_is_written_as_people_would() -> None:
    question = Question(
        index=BY_CHECK,
        keys=(Condition(attribute="check_status", value=f"{STALE}#OPEN"),),
        filters=((Condition(attribute="severity", value="HIGH"), Condition(attribute="severity", value="LOW")),),
        fields=("id", "check"),
    )
    assert question.partiql("findings") == (
        'SELECT "id", "check" FROM "findings"."by-check" '
        """WHERE "check_status" = 'stale-access-key#OPEN' AND ("severity" = 'HIGH' OR "severity" = 'LOW')"""
    )
    assert question.sdk("findings") == {
        "TableName": "findings",
        "IndexName": "by-check",
        "KeyConditionExpression": "#check_status = :0",
        "FilterExpression": "(#severity = :1 OR #severity = :2)",
        "ProjectionExpression": "#id, #check",
        "ExpressionAttributeNames": {f"#{it}": it for it in ("check_status", "severity", "id", "check")},
        "ExpressionAttributeValues": {
            f":{n}": TypeSerializer().serialize(it) for n, it in enumerate((f"{STALE}#OPEN", "HIGH", "LOW"))
        },
    }
