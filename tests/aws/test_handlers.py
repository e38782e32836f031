"""The handlers from end to end, in process: an account is audited, and who is to hear of what changed hears it once."""

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from auditor import settings
from auditor.aws import (
    evidence_store,
    exceptions_file,
    findings_table,
    machines,
    mailroom,
    outbox,
    own_checks,
    post,
    webhook,
)
from auditor.aws.evidence_files import decode
from auditor.aws.findings_table import FindingsTable
from auditor.aws.gather import snapshot
from auditor.aws.sources import ACTIONS
from auditor.checks import CATALOGUE
from auditor.core.check import Severity
from auditor.core.decide import acknowledge
from auditor.core.evaluate import Evaluation, evaluate
from auditor.core.life import Event, Resolution, Standing, Status
from auditor.core.standards import NO_UNITS
from auditor.handlers import audit, notify, plan, summarise, tell
from auditor.render.export import as_json
from auditor.settings import (
    AuditSettings,
    NotifySettings,
    PlanSettings,
    SettingsError,
    SummariseSettings,
    TellSettings,
)
from tests.aws import hooks
from tests.aws.answers import ADMINISTRATOR, finding_entry
from tests.aws.functions import (
    ACCOUNT,
    CONTEXT,
    DAY,
    ENVIRONMENT,
    HOUR,
    MINUTE,
    NAME,
    NOTHING,
    OWNER,
    PAYMENTS,
    Functions,
    make_stack,
    populate,
    tag_account,
    topic,
)
from tests.aws.hooks import Hook
from tests.aws.one_of_each import BESIDE_ONE_OF_EACH, make_one_of_each
from tests.aws.template import TableDefinition
from tests.aws.watched_trail import make_watched_trail
from tests.aws.wire import Refused, always, new_session
from tests.aws.workload_answers import everything
from tests.build import NOW

NOTHING_TO_MEASURE = pytest.mark.filterwarnings("ignore:No application metrics to publish")
"""What Powertools says of a function that failed."""

DIGEST = NOW + 2 * HOUR
"""Eight o'clock."""

TOPICS_OF_PEOPLE = ("text", "chat", "text-payments", "chat-payments")
BOTH = {"default": {}, PAYMENTS: {"tags": {"team": "payments"}}}


@pytest.fixture
def functions(
    monkeypatch: pytest.MonkeyPatch, table_definition: TableDefinition, tmp_path: Path
) -> Iterator[Functions]:
    """The functions with everything around them, and an account with history."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        made = Functions(asset=tmp_path, listeners=make_stack(table_definition))
        made.deploy()
        populate()
        for module in (audit, notify, plan, summarise, tell):
            monkeypatch.setattr(module, "new_session", made.session)
        monkeypatch.setattr(audit, "evaluate", spied(made.evaluated))
        monkeypatch.setattr(settings, "DEPLOYED", made.settings)
        monkeypatch.setattr(exceptions_file, "SHIPPED", made.exceptions)
        yield made


def spied(seen: list[Evaluation]) -> Callable[..., Evaluation]:
    def evaluating(*args: Any, **named: Any) -> Evaluation:
        seen.append(evaluate(*args, **named))
        return seen[-1]

    return evaluating


def change_the_account(functions: Functions) -> None:
    """Mend three things, and break one."""
    iam = new_session().client("iam")
    iam.delete_user_policy(UserName="bo", PolicyName="everything")
    iam.delete_role(RoleName="forgotten")
    iam.put_user_policy(UserName="ana", PolicyName="mine", PolicyDocument=ADMINISTRATOR)
    functions.findings.clear()


def documents(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The documents that a topic's messages are."""
    return [json.loads(it["Message"]) for it in messages]


# What an audit does.


def test_first_audit_stores_every_finding_and_keeps_its_evidence(functions: Functions) -> None:
    outcome = functions.audit()
    (seen,) = functions.evaluated
    records = functions.ledger().records
    assert {id_: record.finding for id_, record in records.items()} == {it.id: it for it in seen.findings}
    assert {it.check for it in seen.findings} >= {
        "stale-access-key",
        "idle-access-key",
        "console-without-mfa",
        "unused-role",
        "administrator-policy",
        "default-password-policy",
        "region-without-analyzer",
        "external-access",
    }
    assert (outcome["findings"], outcome["transitions"]) == (len(seen.findings), len(seen.findings))
    assert (outcome["unavailable"], outcome["skipped"]) == ({}, {})
    assert outcome["evidence"] == f"evidence/aws/{ACCOUNT}/2026-11-20T06-00-00Z"
    assert json.dumps(outcome)


def test_evidence_from_the_bucket_gives_the_same_evaluation_byte_for_byte(functions: Functions) -> None:
    outcome = functions.audit()
    loaded = decode(functions.evidence(outcome["evidence"]), NOW + timedelta(days=365))
    again = evaluate(snapshot(loaded.evidence, strict=True), CATALOGUE.values())
    assert as_json(again) == as_json(functions.evaluated[0])
    assert again == functions.evaluated[0]
    assert loaded.notes == ()


def test_account_is_judged_by_what_its_deployment_sets_for_it(functions: Functions) -> None:
    strict = {"accounts": [ACCOUNT], "severities": {"unused-role": "CRITICAL"}}
    shop = {"manager": f"arn:aws:iam::{ACCOUNT}:role/shop", "entities": [{"names": ["forgotten"]}]}
    functions.deploy(overrides=[strict], scopes={"shop": shop})
    assert functions.audit()["notes"] == []
    (unused,) = (it for it in functions.evaluated[0].findings if it.check == "unused-role")
    assert (unused.severity, unused.scopes) == (Severity.CRITICAL, ("shop",))
    assert functions.ledger().records[unused.id].finding.scopes == ("shop",)
    assert "missing-manager" in {it.check for it in functions.evaluated[0].findings}


def test_unit_is_judged_by_its_override_also_while_the_organization_does_not_answer(functions: Functions) -> None:
    organizations = new_session().client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    functions.deploy(overrides=[{"organizational_units": [root], "severities": {"unused-role": "CRITICAL"}}])
    assert functions.audit()["notes"] == []
    functions.script["DescribeOrganization"] = always(Refused("TooManyRequestsException"))
    outcome = functions.audit(NOW + DAY)
    assert (outcome["notes"], outcome["transitions"]) == ([], 0)
    assert [[it.severity for it in seen.findings if it.check == "unused-role"] for seen in functions.evaluated] == [
        [Severity.CRITICAL],
        [Severity.CRITICAL],
    ]


def test_unit_that_was_never_known_is_noted(functions: Functions) -> None:
    functions.deploy(overrides=[{"organizational_units": ["r-ab12"], "severities": {"unused-role": "CRITICAL"}}])
    functions.script["DescribeOrganization"] = always(Refused("TooManyRequestsException"))
    assert functions.audit()["notes"] == [NO_UNITS]


def test_own_check_that_was_shipped_is_asked(
    functions: Functions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = Path(evaluate.__code__.co_filename).parents[1].joinpath("checks", "roles.py").read_text()
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "families.py").write_text(text.replace("def unused_role", "def dusty_role"))
    monkeypatch.setattr(own_checks, "SHIPPED", tmp_path / "own")
    functions.audit()
    assert "dusty-role" in {it.finding.check for it in functions.ledger().open}


def test_audit_without_a_change_is_one_query_and_one_write_and_tells_nobody(functions: Functions) -> None:
    functions.day()
    functions.tell(DIGEST)
    functions.heard()
    functions.audit(NOW + DAY)
    on_table = [it.name for it in functions.wire.calls if it.operation.service_model.service_name == "dynamodb"]
    assert on_table == ["Query", "PutItem"]
    functions.notify(NOW + DAY)
    for later in (NOW + DAY + MINUTE, DIGEST + DAY):
        assert functions.tell(later)["delivered"] == 0
    assert functions.heard() == NOTHING


def test_key_that_was_deactivated_is_fixed_and_not_deleted(functions: Functions) -> None:
    functions.audit()
    iam = new_session().client("iam")
    (key,) = iam.list_access_keys(UserName="ana")["AccessKeyMetadata"]
    iam.update_access_key(UserName="ana", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    functions.audit(NOW + DAY)
    of_key = [it for it in functions.ledger().records.values() if it.finding.resource == key["AccessKeyId"]]
    assert {(it.finding.check, it.status) for it in of_key} == {
        ("stale-access-key", Status.RESOLVED),
        ("idle-access-key", Status.RESOLVED),
        ("unrequested-access-key", Status.RESOLVED),
    }
    assert {it.resolution for it in of_key} == {Resolution.FIXED}


# Who hears of it.


def test_first_audit_is_one_letter_to_people_and_one_document_a_finding_to_machines(functions: Functions) -> None:
    functions.audit()
    functions.notify()
    on_the_bus = functions.on_the_bus()
    functions.tell()
    heard = functions.heard()
    found = functions.evaluated[0].findings
    ((text,), (chat,)) = heard["text"], heard["chat"]
    assert text["Subject"] == f"[CRITICAL] AWS account {ACCOUNT} (master): first audit, {len(found)} findings"
    assert text["MessageAttributes"]["severity"] == {"Type": "String", "Value": "CRITICAL"}
    assert text["MessageAttributes"]["kind"]["Value"] == "BASELINE"
    assert NAME in text["Message"].rpartition("--")[2]
    assert json.loads(chat["Message"])["content"]["textType"] == "client-markdown"
    told = documents(heard["events"])
    assert sorted(it["finding"]["id"] for it in told) == sorted(it.id for it in found)
    assert {(it["event"], it["baseline"]) for it in told} == {("OPENED", True)}
    assert [json.loads(it["Detail"]) for it in on_the_bus] == told
    assert {(it["EventBusName"], it["DetailType"]) for it in on_the_bus} == {(NAME, "Finding Opened")}


def test_only_what_changed_is_told(functions: Functions) -> None:
    functions.day()
    functions.heard()
    change_the_account(functions)
    outcome = functions.day(NOW + DAY)
    told = documents(functions.listeners["events"].heard())
    assert {(it["event"], it["finding"]["check"], it["finding"]["resource"], it["resolution"]) for it in told} >= {
        ("RESOLVED", "administrator-policy", f"arn:aws:iam::{ACCOUNT}:user/bo", "RESOURCE_DELETED"),
        ("RESOLVED", "unused-role", f"arn:aws:iam::{ACCOUNT}:role/forgotten", "RESOURCE_DELETED"),
        ("RESOLVED", "external-access", finding_entry()["resource"], "FIXED"),
        ("OPENED", "administrator-policy", f"arn:aws:iam::{ACCOUNT}:user/ana", None),
    }
    assert len({it["id"] for it in told}) == len(told) == outcome["transitions"]
    before, after = ({it.id: it for it in seen.findings} for seen in functions.evaluated)
    assert {it["finding"]["id"] for it in told if it["event"] == "OPENED"} == after.keys() - before.keys()
    assert {it["finding"]["id"] for it in told if it["event"] == "RESOLVED"} == before.keys() - after.keys()
    changed = {id_ for id_ in before.keys() & after.keys() if before[id_].severity is not after[id_].severity}
    assert {it["finding"]["id"] for it in told if it["event"] == "CHANGED"} == changed
    open_now = {it.finding.id for it in functions.ledger().records.values() if it.status is Status.OPEN}
    assert open_now == {it.id for it in functions.evaluated[-1].findings}


def test_what_broke_is_told_at_once_and_what_was_mended_with_the_days_digest(functions: Functions) -> None:
    functions.day()
    functions.tell(DIGEST)
    functions.heard()
    change_the_account(functions)
    functions.day(NOW + DAY)
    (alert,) = functions.letters()
    assert re.match(rf"\[HIGH\] AWS account {ACCOUNT} \(master\): \d new\n", alert)
    assert "user/ana" in alert
    assert functions.tell(DIGEST + DAY) == {"delivered": 1, "undelivered": []}
    (digest,) = functions.letters()
    mended = (f"arn:aws:iam::{ACCOUNT}:user/bo", f"arn:aws:iam::{ACCOUNT}:role/forgotten", finding_entry()["resource"])
    assert all(it in digest for it in mended)
    assert functions.tell(DIGEST + DAY + HOUR)["delivered"] == 0


@pytest.mark.parametrize("acknowledged", [False, True])
def test_critical_finding_is_told_again_unless_somebody_looks_after_it(
    functions: Functions,
    acknowledged: bool,  # noqa: FBT001
) -> None:
    functions.deploy(alerts={"escalate_after_hours": 24})
    functions.day()
    functions.heard()
    if acknowledged:
        table = FindingsTable(table=new_session().resource("dynamodb").Table(NAME))
        for it in functions.evaluated[-1].findings:
            if it.severity is Severity.CRITICAL:
                table.amend(OWNER, partial(acknowledge, finding_id=it.id, by="ana", note="", now=NOW + HOUR))
        functions.notify(NOW + HOUR)
    for at in (NOW + DAY - MINUTE, NOW + DAY + MINUTE, NOW + DAY + 2 * MINUTE):
        functions.tell(at)
    told_again = [it for it in functions.letters() if "not acknowledged for 24 hours" in it]
    assert len(told_again) == (0 if acknowledged else 1)


def test_source_that_is_denied_is_told_and_resolves_nothing(functions: Functions) -> None:
    functions.day()
    functions.tell(DIGEST)
    functions.heard()
    before = {it.finding.id for it in functions.ledger().records.values() if it.status is Status.OPEN}
    functions.script["GetAccountAuthorizationDetails"] = always(Refused("AccessDenied", "no"))
    outcome = functions.day(NOW + DAY)
    why = "GetAccountAuthorizationDetails: AccessDenied: no"
    assert outcome["unavailable"]["authorization-details"] == why
    assert {it.removeprefix("needs authorization-details: ") for it in outcome["unavailable"].values()} == {why}
    assert outcome["transitions"] == 0
    heard = functions.heard()
    assert {it["event"] for it in documents(heard["events"])} == {"AUDIT_GAP"}
    assert {it["check"] for it in documents(heard["events"])} == set(outcome["skipped"])
    assert heard["text"] == []
    functions.tell(DIGEST + DAY)
    (digest,) = functions.letters()
    assert "AccessDenied" in digest
    assert {it.finding.id for it in functions.ledger().records.values() if it.status is Status.OPEN} == before


def test_tag_of_the_organization_decides_which_channel_is_told(functions: Functions) -> None:
    functions.deploy(channels=BOTH)
    tag_account(team="payments")
    functions.day()
    heard = functions.heard()
    assert [len(heard[name]) for name in TOPICS_OF_PEOPLE] == [0, 0, 1, 1]
    assert heard["text-payments"][0]["MessageAttributes"]["channel"]["Value"] == PAYMENTS
    assert {it["MessageAttributes"]["channel"]["Value"] for it in heard["events"]} == {PAYMENTS}
    tag_account(team="search")
    change_the_account(functions)
    functions.day(NOW + DAY)
    heard = functions.heard()
    assert [len(heard[name]) for name in TOPICS_OF_PEOPLE] == [1, 1, 0, 0]
    assert {it["MessageAttributes"]["channel"]["Value"] for it in heard["events"]} == {"default"}


@pytest.fixture
def hook(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    """A webhook whose certificate this process trusts."""
    with hooks.running(tmp_path_factory.mktemp("hook")) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
        yield server


def test_webhook_of_a_channel_hears_the_same_letter(functions: Functions, hook: Hook) -> None:
    secret = new_session().client("secretsmanager").create_secret(Name="slack", SecretString=hook.url("/services/T0"))
    functions.deploy(channels={"default": {"webhook_secret": secret["ARN"]}})
    functions.day()
    ((method, path, body),) = hook.requests
    assert (method, path) == ("POST", "/services/T0")
    assert json.loads(body)["text"].startswith(functions.listeners["text"].heard()[0]["Subject"])


# What the deployment ships with the functions.


def test_limits_of_the_deployment_are_the_limits_of_the_audit(functions: Functions) -> None:
    functions.deploy(limits={"key_age": 300})
    functions.audit()
    found = {it.check for it in functions.evaluated[0].findings}
    assert "stale-access-key" not in found
    assert "idle-access-key" in found


def test_limit_that_is_raised_resolves_as_that_and_not_as_fixed(functions: Functions) -> None:
    functions.day()
    functions.tell(DIGEST)
    functions.heard()
    functions.deploy(limits={"key_age": 300})
    functions.day(NOW + DAY)
    assert {it.resolution for it in functions.records("stale-access-key")} == {Resolution.THRESHOLD_CHANGED}
    told = documents(functions.listeners["events"].heard())
    assert {(it["finding"]["check"], it["resolution"]) for it in told} == {("stale-access-key", "THRESHOLD_CHANGED")}
    functions.tell(DIGEST + DAY)
    (digest,) = functions.letters()
    assert "threshold" in digest
    assert "(fixed" not in digest


EXCEPTION = f"""
[[exception]]
account = "{ACCOUNT}"
check = "unused-role"
resource = "*:role/forgotten"
reason = "needed once a year, when the books are closed"
owner = "books@example.com"
until = 2026-11-20
"""


def test_reviewed_exception_holds_from_the_next_audit_and_through_its_last_day(functions: Functions) -> None:
    functions.day()
    functions.exceptions.write_text(EXCEPTION)
    functions.day(NOW + HOUR)
    (covered,) = functions.records("unused-role")
    assert (covered.event, covered.standing) == (Event.EXCEPTED, Standing.EXCEPTED)
    functions.day(NOW + 17 * HOUR)
    assert functions.records("unused-role") == [covered]
    functions.day(NOW + DAY)
    (back,) = functions.records("unused-role")
    assert (back.event, back.standing) == (Event.EXCEPTION_ENDED, Standing.OPEN)
    events = [it["event"] for it in documents(functions.heard()["events"]) if it["finding"]["check"] == "unused-role"]
    assert events == ["OPENED", "EXCEPTED", "EXCEPTION_ENDED"]


# What each function may do.


def test_audit_calls_exactly_what_its_role_allows(functions: Functions) -> None:
    """Asking for who one is needs no permission; a report that is fresh already need not be generated.

    Only the second run has something to recall.
    """
    make_watched_trail(new_session())
    make_one_of_each(new_session().client("iam"), "ana")
    functions.script |= BESIDE_ONE_OF_EACH | everything()
    functions.script["ListTrustAnchors"] = BESIDE_ONE_OF_EACH["ListTrustAnchors"]
    functions.audit()
    called = functions.wire.actions
    functions.audit(NOW + DAY)
    called |= functions.wire.actions
    granted = {*ACTIONS, *findings_table.ACTIONS, *evidence_store.ACTIONS}
    assert called - {"sts:GetCallerIdentity"} | {"iam:GenerateCredentialReport"} == granted


def test_principals_are_asked_as_the_settings_say_and_answers_are_remembered(functions: Functions) -> None:
    functions.deploy(last_accessed={"principals_a_run": 2, "days": 3})
    asked = []
    for day in range(3):
        functions.audit(NOW + day * DAY)
        calls = functions.wire.named("GenerateServiceLastAccessedDetails")
        asked.append([it.params["Arn"].rpartition("/")[2] for it in calls])
    assert [sorted(it) for it in asked] == [["ana", "forgotten"], ["bo", "forgotten"], ["ana"]]
    functions.deploy(last_accessed={"principals_a_run": 0})
    outcome = functions.audit(NOW + 3 * DAY)
    assert functions.wire.named("GenerateServiceLastAccessedDetails") == []
    assert (outcome["unavailable"], outcome["skipped"]) == ({}, {})


def test_notify_calls_exactly_what_its_role_allows(functions: Functions) -> None:
    functions.audit()
    functions.notify()
    called = functions.wire.actions
    functions.redrive(NOW + HOUR, "2026-11-20")
    called |= functions.wire.actions
    granted = {*outbox.TABLE_ACTIONS, *outbox.INDEX_ACTIONS, *machines.TOPIC_ACTIONS, *machines.BUS_ACTIONS}
    assert called == granted


def test_tell_calls_exactly_what_its_role_allows(functions: Functions, hook: Hook) -> None:
    """A batch that deletes is authorized as its deletes; the action for the batch is granted too."""
    secret = new_session().client("secretsmanager").create_secret(Name="slack", SecretString=hook.url("/"))
    functions.deploy(channels={"default": {"webhook_secret": secret["ARN"]}})
    functions.day()
    called = functions.wire.actions
    change_the_account(functions)
    functions.day(NOW + DAY)
    functions.tell(DIGEST + DAY)
    called |= functions.wire.actions
    granted = {*mailroom.TABLE_ACTIONS, *mailroom.INDEX_ACTIONS, *post.TOPIC_ACTIONS, *webhook.ACTIONS}
    assert called == granted


# The clock.


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        ("2026-11-20T06:00:00Z", "2026-11-20T06:00:00+00:00"),
        ("2026-11-20T05:59:59Z", "2026-11-20T05:59:59+00:00"),
        ("2036-11-20T06:00:00Z", "2026-11-20T06:00:00+00:00"),
        (None, "2026-11-20T06:00:00+00:00"),
    ],
)
def test_clock_can_be_set_back_and_not_forward(functions: Functions, told: str | None, believed: str) -> None:
    assert functions.audit(now=told)["evidence_at"] == believed


def test_everything_is_dated_in_utc_whatever_offset_the_clock_has(functions: Functions) -> None:
    """Or else the indexes' days and their order are wrong, and the evidence lies under another hour."""
    outcome = functions.audit(now="2026-11-20T01:00:00+02:00")
    assert outcome["evidence_at"] == "2026-11-19T23:00:00+00:00"
    assert outcome["evidence"].endswith("/2026-11-19T23-00-00Z")
    items = new_session().resource("dynamodb").Table(NAME).scan()["Items"]
    assert {it["changed_day"] for it in items if it["item"] == "finding"} == {"2026-11-19"}


# What is wrong.


@NOTHING_TO_MEASURE
@pytest.mark.parametrize("now", ["yesterday", "2026-11-21T06:00:00", [1]])
def test_clock_that_cannot_be_read_is_an_error_that_names_it(functions: Functions, now: Any) -> None:
    del functions
    with pytest.raises(SettingsError, match=r"^now: "):
        audit.handler({"now": now}, CONTEXT)


@pytest.mark.parametrize("redrive", [{}, {"since": "yesterday"}, "2026-11-20"])
def test_redrive_that_cannot_be_read_is_an_error_and_hands_on_nothing(functions: Functions, redrive: Any) -> None:
    with pytest.raises(SettingsError):
        notify.handler({"redrive": redrive}, CONTEXT)
    assert functions.wire.calls == []


SETTINGS = [
    (handler, name.upper())
    for handler, shape in (
        (audit.handler, AuditSettings),
        (plan.handler, PlanSettings),
        (summarise.handler, SummariseSettings),
        (notify.handler, NotifySettings),
        (tell.handler, TellSettings),
    )
    for name in shape.model_fields
]


@NOTHING_TO_MEASURE
@pytest.mark.parametrize(("handler", "variable"), SETTINGS)
def test_missing_setting_is_an_error_that_names_it(
    functions: Functions, monkeypatch: pytest.MonkeyPatch, handler: Callable[..., Any], variable: str
) -> None:
    monkeypatch.delenv(variable)
    with pytest.raises(SettingsError, match=rf"(?i)^{variable}: Field required"):
        handler({"Records": []}, CONTEXT)
    assert functions.wire.calls == []


def number(record: dict[str, Any]) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def finding_ids(records: list[dict[str, Any]]) -> list[str]:
    """The findings in stream records, of which others are of the account's header."""
    images = [it["dynamodb"]["NewImage"] for it in records]
    return [it["id"]["S"] for it in images if it["item"]["S"] == "finding"]


def announced(functions: Functions) -> list[str]:
    """The findings that machines have heard of since the last call."""
    return [it["finding"]["id"] for it in documents(functions.listeners["events"].heard())]


def test_stream_is_asked_for_a_record_that_cannot_be_read_and_all_others_are_handed_on(functions: Functions) -> None:
    functions.audit()
    good = functions.stream()
    poison = deepcopy(good[3])
    del poison["dynamodb"]["NewImage"]["severity"]
    answer = functions.notify(records=[*good[:3], poison, *good[4:]])
    assert answer == {"batchItemFailures": [{"itemIdentifier": number(good[3])}]}
    assert announced(functions) == finding_ids([*good[:3], *good[4:]])
    assert functions.notify(records=good[3:]) == {"batchItemFailures": []}
    assert announced(functions) == finding_ids(good[3:4])


@pytest.mark.parametrize("variable", ["EVENTS_TOPIC_ARN", "BUS_NAME"])
def test_what_machines_could_not_be_told_is_delivered_again(
    functions: Functions, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    functions.audit()
    records = functions.stream()
    with monkeypatch.context() as patch:
        patch.setenv(variable, f"{ENVIRONMENT[variable]}-gone")
        answer = functions.notify(records=records)
    assert answer == {"batchItemFailures": [{"itemIdentifier": number(records[0])}]}
    functions.tell()
    assert functions.letters() == []
    assert functions.notify(records=records) == {"batchItemFailures": []}
    functions.tell(NOW + 2 * MINUTE)
    assert len(functions.letters()) == 1
    heard = {it["id"] for it in documents(functions.listeners["events"].heard())}
    assert len(heard) == len(functions.evaluated[0].findings)


def test_redrive_hands_on_what_was_lost_and_nothing_twice(functions: Functions) -> None:
    functions.audit()
    records = functions.stream()
    functions.notify(records=records[:5])
    lost = len(finding_ids(records[5:])) + 1  # and the account's first audit
    assert functions.redrive(NOW + DAY, "2026-11-20") == {"handed_on": lost, "stopped": ""}
    assert functions.redrive(NOW + DAY, "2026-11-20") == {"handed_on": 0, "stopped": ""}
    heard = [it["id"] for it in documents(functions.listeners["events"].heard())]
    assert len(heard) == len(set(heard)) == len(functions.evaluated[0].findings)
    functions.tell(NOW + DAY + MINUTE)
    assert len(functions.letters()) == 1


def test_redrive_of_later_days_leaves_what_was_lost_before(functions: Functions) -> None:
    functions.audit()
    assert functions.redrive(NOW + DAY, "2026-11-21") == {"handed_on": 0, "stopped": ""}


def test_redrive_that_stops_says_how_far_it_came_and_why(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    functions.audit()
    monkeypatch.setenv("BUS_NAME", "gone")
    answer = functions.redrive(NOW + HOUR, "2026-11-20")
    assert answer["handed_on"] == 1, "the account's first audit, of which machines hear finding by finding"
    assert "EventBridge" in answer["stopped"] or "gone" in answer["stopped"]


def test_medium_that_did_not_take_a_letter_is_tried_again_and_the_other_is_not(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    functions.audit()
    functions.notify()
    with monkeypatch.context() as patch:
        patch.setenv("TEXT_TOPIC_ARN", topic("gone"))
        told = functions.tell()
    (failure,) = told["undelivered"]
    assert (told["delivered"], failure[:15]) == (0, "default: text: ")
    assert functions.tell(NOW + 2 * MINUTE) == {"delivered": 1, "undelivered": []}
    heard = functions.heard()
    assert (len(heard["text"]), len(heard["chat"])) == (1, 1)


# What they say of it themselves.


def measured(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines() if "_aws" in line]


def test_metrics_and_log_say_what_was_done(
    functions: Functions, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    outcome = functions.audit()
    (logged,) = [vars(it) for it in caplog.records if it.message == "audited"]
    assert {name: logged[name] for name in outcome} == outcome
    (metrics,) = measured(capsys.readouterr().out)
    counted = {name: metrics[name] for name in ("AuditCompleted", "Findings", "Transitions", "ChecksSkipped")}
    assert counted == {
        "AuditCompleted": [1.0],
        "Findings": [float(outcome["findings"])],
        "Transitions": [float(outcome["transitions"])],
        "ChecksSkipped": [float(len(outcome["skipped"]))],
    }


def test_metrics_and_log_say_what_was_told_and_what_was_not(
    functions: Functions, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    functions.audit()
    functions.notify()
    new_session().client("sns").delete_topic(TopicArn=topic("chat"))
    capsys.readouterr()
    outcome = functions.tell()
    assert len(outcome["undelivered"]) == 1
    (logged,) = [vars(it) for it in caplog.records if it.message == "told"]
    assert {name: logged[name] for name in outcome} == outcome
    (metrics,) = measured(capsys.readouterr().out)
    assert {name: metrics[name] for name in ("service", "LettersDelivered", "LettersUndelivered")} == {
        "service": "tell",
        "LettersDelivered": [0.0],
        "LettersUndelivered": [1.0],
    }


def test_log_of_notify_says_where_it_stopped_and_why(functions: Functions, caplog: pytest.LogCaptureFixture) -> None:
    functions.notify(records=[{"eventName": "INSERT", "dynamodb": {"SequenceNumber": "7", "NewImage": {}}}])
    (logged,) = [it for it in caplog.records if it.message == "stopped"]
    assert (logged.levelname, vars(logged)["at"], vars(logged)["before"]) == ("ERROR", "7", 0)
    assert vars(logged)["reason"].startswith("cannot be read: ")
