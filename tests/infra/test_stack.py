"""What the template promises, and what only a template can promise: emulators drop half of it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Match, Template
from cfnlint.api import lint_all

from auditor.aws import evidence_store, findings_stream, findings_table, sources, topics
from auditor.settings import AuditSettings, Deployment, NotifySettings, environment, validated
from infra.app import composed
from infra.bundle import BundleFor
from infra.stack import AuditorStack

ROOT = Path(__file__).parents[2]


def synthesised(**settings: Any) -> Template:
    stack = AuditorStack(
        cdk.App(), "AccountAuditor", deployment=validated(Deployment, settings), bundle_for=BundleFor.HERE
    )
    return Template.from_stack(stack)


@pytest.fixture(scope="module")
def template() -> Template:
    return synthesised()


@pytest.fixture(scope="module")
def audited() -> Template:
    return synthesised(
        emails=["security@example.com"],
        slack={"workspace": "T0123ABCD", "channel": "C0123ABCD"},
        limits={"key_age": 60},
        evidence_days=400,
        silence_hours=50,
        schedule="rate(12 hours)",
    )


def of_type(template: Template, kind: str) -> list[Any]:
    return [resource.get("Properties", {}) for resource in template.find_resources(kind).values()]


def run_app(output: Path, context: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CDK_OUTDIR": str(output), "CDK_CONTEXT_JSON": context}
    command = [sys.executable, "app.py"]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)


def test_shipped_settings_synthesise_to_what_cdk_nag_and_cfn_lint_accept(tmp_path: Path) -> None:
    context = json.dumps(json.loads((ROOT / "cdk.json").read_text())["context"])
    done = run_app(tmp_path, context)
    assert (done.returncode, "ERROR" in done.stderr) == (0, False), done.stderr
    found = lint_all((tmp_path / "AccountAuditor.template.json").read_text())
    # The CDK repeats what a reference already says in DependsOn.
    assert not [it for it in found if it.rule.id[0] in "EW" and it.rule.id != "W3005"]


def test_finding_of_cdk_nag_stops_the_synthesis() -> None:
    app = cdk.App(context={"bundle-for": "here"})
    s3.Bucket(composed(app), "Naked")
    with pytest.raises(RuntimeError, match="AwsSolutions-S10"):
        app.synth()


def test_wrong_setting_stops_the_synthesis_with_a_line_that_names_it(tmp_path: Path) -> None:
    done = run_app(tmp_path, json.dumps({"auditor": {"limits": {"key_age": 0}, "emails": ["nobody"]}}))
    wrong = [line for line in done.stderr.splitlines() if line.startswith("cdk.json: auditor: ")]
    assert done.returncode == 1
    assert [line.split(": ")[2] for line in wrong] == ["emails.0", "limits.key_age"]


def test_table_has_the_code_s_indexes_and_keeps_its_past(template: Template) -> None:
    (table,) = of_type(template, "AWS::DynamoDB::Table")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    indexes = {it["IndexName"]: tuple(key["AttributeName"] for key in it["KeySchema"]) for it in indexes_of(table)}
    assert indexes == {index.name: index.keys for index in findings_table.INDEXES}
    for index in indexes_of(table):
        carried = {*index["Projection"]["NonKeyAttributes"], *indexes[index["IndexName"]]}
        assert carried >= set(findings_table.PROJECTED)
    template.has_resource("AWS::DynamoDB::Table", {"DeletionPolicy": "Retain"})


def indexes_of(table: Any) -> list[Any]:
    return list(table["GlobalSecondaryIndexes"])


def test_evidence_is_versioned_private_and_kept(template: Template, audited: Template) -> None:
    (bucket,) = of_type(template, "AWS::S3::Bucket")
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = of_type(audited, "AWS::S3::Bucket")[0]["LifecycleConfiguration"]["Rules"]
    assert (rule["ExpirationInDays"], rule["NoncurrentVersionExpiration"]) == (400, {"NoncurrentDays": 400})
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


@pytest.mark.parametrize(("handler", "shape"), [("audit", AuditSettings), ("notify", NotifySettings)])
def test_function_is_told_what_it_reads(template: Template, handler: str, shape: Any) -> None:
    wanted = {"Handler": f"auditor.handlers.{handler}.handler"}
    (function,) = template.find_resources("AWS::Lambda::Function", {"Properties": wanted}).values()
    told = function["Properties"]["Environment"]["Variables"]
    assert set(told) == set(environment(shape, dict.fromkeys(shape.model_fields, "")))


def test_settings_reach_the_function(audited: Template) -> None:
    limits = [it["Environment"]["Variables"].get("LIMITS") for it in of_type(audited, "AWS::Lambda::Function")]
    assert json.loads(next(filter(None, limits)))["key_age"] == 60
    audited.has_resource_properties("AWS::Scheduler::Schedule", {"ScheduleExpression": "rate(12 hours)"})


def test_roles_are_what_the_code_declares(template: Template) -> None:
    statements = {
        statement.get("Sid", "start"): statement
        for policy in of_type(template, "AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
    }
    declared = {
        "ReadTheAccount": sources.ACTIONS,
        "RecordFindings": findings_table.ACTIONS,
        "KeepEvidence": evidence_store.ACTIONS,
        "Tell": topics.ACTIONS,
        "ReadTheStream": findings_stream.ACTIONS,
        "WriteLogs": ("logs:CreateLogStream", "logs:PutLogEvents"),
        "KeepFailures": ("sqs:SendMessage",),
    }
    granted = {sid: it["Action"] for sid, it in statements.items() if sid in declared}
    assert {sid: sorted([it] if isinstance(it, str) else it) for sid, it in granted.items()} == {
        sid: sorted(actions) for sid, actions in declared.items()
    }
    assert [sid for sid, it in statements.items() if it["Resource"] == "*"] == ["ReadTheAccount"]
    assert not any("ManagedPolicyArns" in role for role in of_type(template, "AWS::IAM::Role"))


def test_function_can_change_nothing_in_iam() -> None:
    verbs = {action.partition(":")[2] for action in sources.ACTIONS}
    assert all(verb.startswith(("Get", "List", "Describe")) or verb == "GenerateCredentialReport" for verb in verbs)


def test_what_fails_is_kept(template: Template) -> None:
    template.has_resource_properties(
        "AWS::Lambda::EventInvokeConfig",
        {"MaximumRetryAttempts": 2, "DestinationConfig": {"OnFailure": {"Destination": Match.any_value()}}},
    )
    template.has_resource_properties(
        "AWS::Lambda::EventSourceMapping",
        {
            "BisectBatchOnFunctionError": True,
            "MaximumRetryAttempts": 5,
            "DestinationConfig": {"OnFailure": {"Destination": Match.any_value()}},
            "FilterCriteria": {"Filters": [{"Pattern": json.dumps(findings_stream.PATTERN)}]},
        },
    )
    template.has_resource_properties(
        "AWS::Scheduler::Schedule", {"Target": {"DeadLetterConfig": {"Arn": Match.any_value()}}}
    )


def test_every_way_to_fail_has_an_alarm_that_people_hear(template: Template, audited: Template) -> None:
    alarms = of_type(template, "AWS::CloudWatch::Alarm")
    assert sorted(it["MetricName"] for it in alarms) == [
        *["ApproximateNumberOfMessagesVisible"] * 2,
        "AuditCompleted",
        "ChecksSkipped",
        *["Errors"] * 2,
        "IteratorAge",
    ]
    assert all(it["AlarmActions"] for it in alarms)
    template.has_resource_properties(
        "AWS::SNS::TopicPolicy",
        {"PolicyDocument": {"Statement": Match.array_with([Match.object_like({"Sid": "Alarms"})])}},
    )
    silence = {"MetricName": "AuditCompleted", "TreatMissingData": "breaching"}
    for it, hours in ((template, 26), (audited, 50)):
        it.has_resource_properties("AWS::CloudWatch::Alarm", {**silence, "Period": 3600, "EvaluationPeriods": hours})


def test_recipients_are_subscribed(template: Template, audited: Template) -> None:
    template.resource_count_is("AWS::SNS::Subscription", 0)
    template.resource_count_is("AWS::Chatbot::SlackChannelConfiguration", 0)
    audited.has_resource_properties("AWS::SNS::Subscription", {"Protocol": "email", "Endpoint": "security@example.com"})
    audited.has_resource_properties(
        "AWS::Chatbot::SlackChannelConfiguration", {"SlackChannelId": "C0123ABCD", "SnsTopicArns": [Match.any_value()]}
    )


def test_no_partition_is_typed(template: Template) -> None:
    assert "arn:aws:" not in json.dumps(template.to_json())
