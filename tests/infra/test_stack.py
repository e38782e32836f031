"""What the template promises, and what only a template can promise: emulators drop half of it."""

import json
import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
import time_machine
import urllib3
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Match, Template

from auditor.aws import (
    entering,
    evidence_store,
    findings_stream,
    findings_table,
    machines,
    mailroom,
    organization_view,
    outbox,
    post,
    run_store,
    runs_table,
    schema,
    sources,
    webhook,
)
from auditor.settings import (
    AuditSettings,
    Deployment,
    NotifySettings,
    PlanSettings,
    SettingsError,
    SummariseSettings,
    TellSettings,
    environment,
    validated,
)
from infra import app, bundle
from infra.app import composed, reviewed, synthesise
from infra.run import LOOK_ACTIONS, RESULT_ACTIONS
from tests.aws.test_own_checks import folder as own_folder
from tests.infra.templates import ORGANIZATION, ROOT, SECRET, faults, granted, listed, of_type, run_app

FUNCTIONS = {
    "plan": PlanSettings,
    "audit": AuditSettings,
    "summarise": SummariseSettings,
    "notify": NotifySettings,
    "tell": TellSettings,
}


@pytest.mark.parametrize(
    ("accounts", "stacks"),
    [
        ({}, {"AccountAuditor"}),
        (ORGANIZATION, {"AccountAuditor", "AccountAuditorMember", "AccountAuditorMembers"}),
    ],
)
def test_settings_synthesise_to_what_cdk_nag_and_cfn_lint_accept(
    accounts: dict[str, Any], stacks: set[str], tmp_path: Path
) -> None:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    context["auditor"]["accounts"] |= accounts
    done = run_app(tmp_path, json.dumps(context))
    assert (done.returncode, "ERROR" in done.stderr) == (0, False), done.stderr
    templates = {path.name.partition(".")[0]: path.read_text() for path in tmp_path.glob("*.template.json")}
    assert set(templates) == stacks
    assert {name: faults(it) for name, it in templates.items()} == {name: [] for name in stacks}


def test_shipped_settings_are_the_defaults() -> None:
    shipped = json.loads((ROOT / "cdk.json").read_text())["context"]["auditor"]
    assert validated(Deployment, shipped) == Deployment()
    assert set(shipped["accounts"]) == set(Deployment().accounts.model_dump())


def test_finding_of_cdk_nag_stops_the_synthesis() -> None:
    app = cdk.App(context={"bundle-for": "here"})
    s3.Bucket(composed(app), "Naked")
    with pytest.raises(RuntimeError, match="AwsSolutions-S10"):
        app.synth()


def test_wrong_setting_stops_the_synthesis_with_a_line_that_names_it(tmp_path: Path) -> None:
    done = run_app(
        tmp_path, json.dumps({"auditor": {"limits": {"key_age": 0}, "channels": {"default": {"emails": ["nobody"]}}}})
    )
    wrong = [line for line in done.stderr.splitlines() if line.startswith("cdk.json: auditor: ")]
    assert done.returncode == 1
    assert [line.split(": ")[2] for line in wrong] == ["channels.default.emails.0", "limits.key_age"]


def reviewed_exception(monkeypatch: pytest.MonkeyPatch, folder: Path, until: str, check: str = "unused-role") -> None:
    """Let the repository's exceptions be one."""
    lines = [f'{name} = "a word or two"' for name in ("resource", "reason", "owner")]
    text = ["[[exception]]", 'account = "*"', f'check = "{check}"', *lines, f"until = {until}"]
    (folder / "exceptions.toml").write_text("\n".join(text), encoding="utf-8")
    monkeypatch.setattr(bundle, "EXCEPTIONS", folder / "exceptions.toml")


def test_wrong_exception_stops_the_synthesis_with_a_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reviewed_exception(monkeypatch, tmp_path, "2026-11-20", check="unused-rule")
    with pytest.raises(SystemExit) as stopped:
        synthesise()
    assert stopped.value.code == (
        "infra/exceptions.toml: exception 1: check: 'unused-rule' is no check: is 'unused-role' meant?"
    )


def test_wrong_own_check_stops_the_synthesis_with_a_line_that_names_its_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = own_folder(tmp_path / "own", shared_users="import os\n", cases_shared_users="CASES = ()\n")
    monkeypatch.setattr(bundle, "CHECKS", own)
    with pytest.raises(SystemExit) as stopped:
        synthesise()
    assert str(stopped.value.code).startswith(f"{own / 'shared_users.py'}: imports os: ")


def test_severity_of_no_check_stops_the_synthesis_and_that_of_an_own_one_does_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = {"auditor": {"severities": {"shared-user": "HIGH"}}, "bundle-for": "here"}
    with pytest.raises(SettingsError, match=r"^severities\.shared-user: is no check"):
        composed(cdk.App(context=given))
    monkeypatch.setattr(bundle, "CHECKS", own_folder(tmp_path / "own"))
    monkeypatch.setattr(app, "AuditorStack", lambda *_, **__: None)
    composed(cdk.App(context=given))


def test_exception_of_an_own_check_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    reviewed_exception(monkeypatch, tmp_path, "2026-11-20", check="shared-user")
    monkeypatch.setattr(bundle, "CHECKS", own_folder(tmp_path / "own"))
    with time_machine.travel("2026-11-20", tick=False):
        reviewed()


@pytest.mark.parametrize(("today", "warnings"), [("2026-11-20", 0), ("2026-11-21", 1)])
def test_exception_that_has_ended_is_a_warning_and_stops_nothing(
    today: str, warnings: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reviewed_exception(monkeypatch, tmp_path, "2026-11-20")
    with time_machine.travel(today, tick=False):
        reviewed()
    warned = capsys.readouterr().err.splitlines()
    assert [line.partition(" ended with ")[2][:10] for line in warned] == ["2026-11-20"] * warnings
    assert all(line.startswith("warning: infra/exceptions.toml: ") for line in warned)


def test_table_has_the_code_s_indexes_and_keeps_its_past(template: Template) -> None:
    (table,) = of_type(template, "AWS::DynamoDB::Table")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    made = {it["IndexName"]: it for it in table["GlobalSecondaryIndexes"]}
    assert set(made) == {index.name for index in schema.INDEXES}
    for index in schema.INDEXES:
        keys = tuple(it["AttributeName"] for it in made[index.name]["KeySchema"])
        projection = made[index.name]["Projection"]
        assert keys == index.keys
        assert {*keys, *projection.get("NonKeyAttributes", ())} >= set(() if index.keys_only else schema.PROJECTED)
    template.has_resource("AWS::DynamoDB::Table", {"DeletionPolicy": "Retain"})


def test_evidence_is_versioned_private_and_kept(template: Template, audited: Template) -> None:
    (bucket,) = of_type(template, "AWS::S3::Bucket")
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    evidence, runs = of_type(audited, "AWS::S3::Bucket")[0]["LifecycleConfiguration"]["Rules"]
    assert (evidence["ExpirationInDays"], evidence["NoncurrentVersionExpiration"]) == (400, {"NoncurrentDays": 400})
    assert "Prefix" not in evidence
    assert (runs["ExpirationInDays"], runs["Prefix"]) == (30, f"{run_store.PREFIX}/")
    template.has_resource("AWS::S3::Bucket", {"DeletionPolicy": "Retain"})


@pytest.mark.parametrize("kind", ["AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"])
def test_nothing_is_reached_without_tls(template: Template, kind: str) -> None:
    guarded = {"AWS::S3::BucketPolicy": "AWS::S3::Bucket", "AWS::SNS::TopicPolicy": "AWS::SNS::Topic"}
    policies = of_type(template, kind)
    assert len(policies) == len(of_type(template, guarded.get(kind, "AWS::SQS::Queue")))
    for policy in policies:
        denied = [it for it in policy["PolicyDocument"]["Statement"] if it["Effect"] == "Deny"]
        assert {"Bool": {"aws:SecureTransport": "false"}} in [it["Condition"] for it in denied]


def test_functions_run_on_arm_with_logs_that_end(template: Template) -> None:
    functions = of_type(template, "AWS::Lambda::Function")
    assert {(it["Runtime"], *it["Architectures"]) for it in functions} == {("python3.13", "arm64")}
    assert [it["RetentionInDays"] for it in of_type(template, "AWS::Logs::LogGroup")] == [90] * len(functions)


@pytest.mark.parametrize(("handler", "shape"), FUNCTIONS.items())
def test_function_is_told_what_it_reads(template: Template, handler: str, shape: Any) -> None:
    wanted = {"Handler": f"auditor.handlers.{handler}.handler"}
    (function,) = template.find_resources("AWS::Lambda::Function", {"Properties": wanted}).values()
    told = function["Properties"]["Environment"]["Variables"]
    assert set(told) == set(environment(shape, dict.fromkeys(shape.model_fields, "")))


def test_every_function_is_one_that_there_is(template: Template) -> None:
    handlers = {it["Handler"].split(".")[-2] for it in of_type(template, "AWS::Lambda::Function")}
    assert handlers == set(FUNCTIONS)
    assert all((bundle.PACKAGE / "handlers" / f"{name}.py").exists() for name in handlers)


def test_runs_are_started_as_set_and_people_are_told_every_minute(audited: Template) -> None:
    schedules = {it["ScheduleExpression"]: it for it in of_type(audited, "AWS::Scheduler::Schedule")}
    assert set(schedules) == {"rate(12 hours)", "rate(1 minute)"}
    (machine,) = audited.find_resources("AWS::StepFunctions::StateMachine")
    run = schedules["rate(12 hours)"]["Target"]
    assert run["Arn"] == {"Fn::GetAtt": [machine, "Arn"]}
    assert json.loads(run["Input"]) == {"now": "<aws.scheduler.scheduled-time>"}
    assert schedules["rate(1 minute)"]["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert schedules["rate(1 minute)"]["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 0


def test_schedule_can_start_its_own_target_and_no_other(template: Template) -> None:
    policies = {it["Roles"][0]["Ref"]: it["PolicyDocument"] for it in of_type(template, "AWS::IAM::Policy")}
    actions = set()
    for schedule in of_type(template, "AWS::Scheduler::Schedule"):
        target = schedule["Target"]
        start, keep = policies[target["RoleArn"]["Fn::GetAtt"][0]]["Statement"]
        actions.add(start["Action"])
        assert start["Resource"] == target["Arn"]
        assert (keep["Action"], keep["Resource"]) == ("sqs:SendMessage", target["DeadLetterConfig"]["Arn"])
    assert actions == {"states:StartExecution", "lambda:InvokeFunction"}


def test_roles_are_what_the_code_declares(audited: Template) -> None:
    assert {sid: sorted(listed(it["Action"])) for sid, it in granted(audited).items()} == {
        sid: sorted(actions)
        for sid, actions in {
            "ReadTheAccount": sources.ACTIONS,
            "EnterAccounts": entering.ACTIONS,
            "ReadTheOrganization": organization_view.ACTIONS,
            "PlanRuns": runs_table.PLAN_ACTIONS,
            "SumUpRuns": runs_table.SUMMARISE_ACTIONS,
            "FindAccounts": runs_table.INDEX_ACTIONS,
            "WriteTheRun": run_store.WRITE_ACTIONS,
            "ReadTheRun": run_store.READ_ACTIONS,
            "CallFunctions": ("lambda:InvokeFunction",),
            "StartAccounts": ("states:StartExecution",),
            "LookAfterAccounts": LOOK_ACTIONS,
            "KeepResults": RESULT_ACTIONS,
            "RecordFindings": findings_table.ACTIONS,
            "KeepEvidence": evidence_store.KEEP_ACTIONS,
            "RecallEvidence": evidence_store.RECALL_ACTIONS,
            "FindEvidence": evidence_store.LIST_ACTIONS,
            "ReadTheStream": findings_stream.ACTIONS,
            "HandOn": outbox.TABLE_ACTIONS,
            "FindAgain": outbox.INDEX_ACTIONS,
            "Publish": machines.TOPIC_ACTIONS,
            "PutOnTheBus": machines.BUS_ACTIONS,
            "EmptyTheQueues": mailroom.TABLE_ACTIONS,
            "SumUpTheDay": mailroom.INDEX_ACTIONS,
            "Tell": post.TOPIC_ACTIONS,
            "ReadWebhooks": webhook.ACTIONS,
            "WriteLogs": ("logs:CreateLogStream", "logs:PutLogEvents"),
            "KeepFailures": ("sqs:SendMessage",),
        }.items()
    }


def test_nothing_but_reads_is_granted_on_everything(audited: Template, template: Template) -> None:
    def everywhere(it: Template) -> set[str]:
        return {sid for sid, it in granted(it).items() if it["Resource"] == "*"}

    assert (everywhere(template), everywhere(audited)) == (
        {"ReadTheAccount"},
        {"ReadTheAccount", "ReadTheOrganization"},
    )
    starred = {sid for sid, it in granted(audited).items() if "*" in json.dumps(it["Resource"])}
    objects = {"KeepEvidence", "RecallEvidence", "ReadTheRun", "WriteTheRun", "KeepResults"}
    assert starred == everywhere(audited) | objects | {"EnterAccounts", "LookAfterAccounts"}
    assert not any("ManagedPolicyArns" in it for it in of_type(audited, "AWS::IAM::Role") if not chat_s(it))


def chat_s(role: Any) -> bool:
    """Whether it is the role that the chat's guard rails are about."""
    return bool(role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"] == "chatbot.amazonaws.com")


def test_functions_ask_the_indexes_that_they_need(template: Template) -> None:
    def indexes(sid: str) -> set[str]:
        return {it["Fn::Join"][1][1].removeprefix("/index/") for it in listed(granted(template)[sid]["Resource"])}

    by_day, by_severity = schema.CHANGED_BY_DAY.name, schema.OPEN_BY_SEVERITY.name
    assert (indexes("FindAgain"), indexes("FindAccounts"), indexes("SumUpTheDay")) == (
        {by_day},
        {by_day},
        {by_day, by_severity},
    )


def test_secrets_are_granted_by_name_and_only_if_there_are_any(template: Template, audited: Template) -> None:
    assert "ReadWebhooks" not in granted(template)
    assert granted(audited)["ReadWebhooks"]["Resource"] == SECRET


def test_topics_are_called_as_the_code_looks_for_them(audited: Template) -> None:
    channels = ("default", "web", "shop")
    default = {"text": "AccountAuditor-text", "chat": "AccountAuditor-chat"}
    office = post.Post(
        sns=None,
        **default,
        webhook=webhook.Webhook(secrets=None, http=urllib3.PoolManager()),
        webhooks=dict.fromkeys(channels),
    )
    looked_for = {office._topic(topic, channel) for topic in default.values() for channel in channels}
    made = {it["TopicName"] for it in of_type(audited, "AWS::SNS::Topic")}
    assert made == looked_for | {"AccountAuditor-events"}
    assert len(granted(audited)["Tell"]["Resource"]) == len(looked_for)


def test_function_can_change_nothing_in_iam() -> None:
    verbs = {action.partition(":")[2] for action in sources.ACTIONS}
    reports = {"GenerateCredentialReport", "GenerateServiceLastAccessedDetails"}
    assert all(verb.startswith(("BatchGet", "Get", "List", "Describe")) for verb in verbs - reports)


def test_what_fails_is_kept(template: Template) -> None:
    kept = {"DestinationConfig": {"OnFailure": {"Destination": Match.any_value()}}}
    retried = {it["MaximumRetryAttempts"] for it in of_type(template, "AWS::Lambda::EventInvokeConfig")}
    assert retried == {0}
    template.all_resources_properties("AWS::Lambda::EventInvokeConfig", kept)
    template.all_resources_properties(
        "AWS::Scheduler::Schedule", {"Target": Match.object_like({"DeadLetterConfig": {"Arn": Match.any_value()}})}
    )
    template.has_resource_properties("AWS::Lambda::EventSourceMapping", kept)


def test_stream_is_delivered_until_each_record_is_handed_on(template: Template) -> None:
    (mapping,) = of_type(template, "AWS::Lambda::EventSourceMapping")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert (mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]) == (100, 5)
    assert (mapping["BisectBatchOnFunctionError"], mapping["MaximumRetryAttempts"]) == (True, 50)
    assert mapping["FilterCriteria"] == {"Filters": [{"Pattern": json.dumps(findings_stream.PATTERN)}]}


def test_every_way_to_fail_has_an_alarm_that_people_hear(template: Template) -> None:
    alarms = of_type(template, "AWS::CloudWatch::Alarm")
    assert sorted(it["MetricName"] for it in alarms) == [
        *("AccountsLost", "AccountsNotAudited"),
        *["ApproximateNumberOfMessagesVisible"] * 3,
        "ChecksSkipped",
        *["Errors"] * 5,
        *("ExecutionsAborted", "ExecutionsFailed", "ExecutionsStarted", "ExecutionsTimedOut"),
        *("Invocations", "IteratorAge", "LettersUndelivered", "RunCompleted"),
    ]
    (topic,) = template.find_resources("AWS::SNS::Topic", {"Properties": {"TopicName": "AccountAuditor-text"}})
    assert all(it["AlarmActions"] == it["OKActions"] == [{"Ref": topic}] for it in alarms)
    template.has_resource_properties(
        "AWS::SNS::TopicPolicy",
        {
            "PolicyDocument": {"Statement": Match.array_with([Match.object_like({"Sid": "Alarms"})])},
            "Topics": [{"Ref": topic}],
        },
    )


@pytest.mark.parametrize("metric", ["RunCompleted", "ExecutionsStarted"])
def test_silence_of_hours_is_an_alarm(metric: str, template: Template, audited: Template) -> None:
    silence = {"MetricName": metric, "TreatMissingData": "breaching", "ComparisonOperator": "LessThanThreshold"}
    for it, hours in ((template, 26), (audited, 50)):
        it.has_resource_properties("AWS::CloudWatch::Alarm", {**silence, "Period": 3600, "EvaluationPeriods": hours})


def test_what_one_run_says_holds_until_the_next(template: Template) -> None:
    alarms = {it["MetricName"]: it for it in of_type(template, "AWS::CloudWatch::Alarm")}
    for name in ("AccountsNotAudited", "AccountsLost", "ChecksSkipped"):
        assert (alarms[name]["TreatMissingData"], alarms[name]["Threshold"]) == ("ignore", 1)


def test_every_metric_that_is_looked_at_is_one_that_a_function_writes(template: Template) -> None:
    text = json.dumps(template.to_json())
    watched = set(re.findall(r'Auditor\\*",\\*"(\w+)\\*",\\*"service\\*",\\*"(\w+)', text)) | {
        (it["MetricName"], it["Dimensions"][0]["Value"])
        for it in of_type(template, "AWS::CloudWatch::Alarm")
        if it.get("Namespace") == "Auditor"
    }
    written = {
        *(
            ("audit", it)
            for it in ("Findings", "Transitions", "ChecksSkipped", "SourcesUnavailable", "Calls", "Seconds")
        ),
        *(("summarise", f"Accounts{it}") for it in ("Planned", "Audited", "NotAudited", "Skipped", "Lost")),
        *(("summarise", "RunCompleted"), ("tell", "LettersUndelivered")),
    }
    assert {(service, name) for name, service in watched} == written


def test_what_amazon_q_drops_is_an_alarm_where_it_is_counted(template: Template, audited: Template) -> None:
    dropped = {"Properties": {"Namespace": "AWS/Chatbot", "MetricName": "UnsupportedEvents"}}
    assert not template.find_resources("AWS::CloudWatch::Alarm", dropped)
    alarms = audited.find_resources("AWS::CloudWatch::Alarm", dropped).values()
    watched = [it["Properties"]["Dimensions"] for it in alarms]
    configured = of_type(audited, "AWS::Chatbot::SlackChannelConfiguration")
    assert watched == [[{"Name": "ConfigurationName", "Value": it["ConfigurationName"]}] for it in configured]
    conditions = [audited.find_conditions(it["Condition"])[it["Condition"]] for it in alarms]
    assert conditions == [{"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}] * 2


def test_every_alarm_is_explained(audited: Template) -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    explained = {
        name for row in re.findall(r"^\| ([A-Z][^|]*) \|", page, flags=re.MULTILINE) for name in row.split(", ")
    }
    ids = {key.removeprefix("Watch")[:-8] for key in audited.find_resources("AWS::CloudWatch::Alarm")}
    assert explained == {"Dropped-…" if it.startswith("Dropped") else it for it in ids}


def test_recipients_are_subscribed_to_their_channel(template: Template, audited: Template) -> None:
    template.resource_count_is("AWS::SNS::Subscription", 0)
    template.resource_count_is("AWS::Chatbot::SlackChannelConfiguration", 0)
    names = {key: it["Properties"]["TopicName"] for key, it in audited.find_resources("AWS::SNS::Topic").items()}
    subscribed = of_type(audited, "AWS::SNS::Subscription")
    assert {it["Endpoint"]: (it["Protocol"], names[it["TopicArn"]["Ref"]]) for it in subscribed} == {
        "security@example.com": ("email", "AccountAuditor-text"),
        "web@example.com": ("email", "AccountAuditor-text-web"),
    }
    configured = of_type(audited, "AWS::Chatbot::SlackChannelConfiguration")
    assert {it["SlackChannelId"]: [names[topic["Ref"]] for topic in it["SnsTopicArns"]] for it in configured} == {
        "C0123ABCD": ["AccountAuditor-chat"],
        "C0123SHOP": ["AccountAuditor-chat-shop"],
    }


def test_outputs_name_what_people_and_machines_need(template: Template) -> None:
    assert set(template.find_outputs("*")) == {
        *(
            "FindingsTable",
            "EvidenceBucket",
            "StateMachine",
            "PlanFunction",
            "SummariseFunction",
            "AuditFunction",
            "NotifyFunction",
            "NotifyDeadLetters",
            "TellFunction",
        ),
        *("TextTopic", "ChatTopic", "EventsTopic", "BusName"),
    }


def test_no_partition_is_typed(template: Template) -> None:
    assert "arn:aws:" not in json.dumps(template.to_json())
