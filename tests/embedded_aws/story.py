"""An account as there are many: years of history, and one day in which two things are mended and two break."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import time_machine
from moto.iam.models import iam_backends

from auditor.core.subjects.monitoring import Monitoring
from tests.aws import last_accessed
from tests.aws.answers import alarm_entry
from tests.deployed.access_analyzer import RegionAnswers
from tests.embedded_aws.account import ACCOUNT, REGION, EmbeddedAccount, embedded_account

FIRST_DAY = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
SECOND_DAY = FIRST_DAY + timedelta(days=1)
ANALYZER = f"arn:aws:access-analyzer:{REGION}:{ACCOUNT}:analyzer/account"
WITHOUT_ANALYZER = "us-east-1"
DEPLOY_BOT = f"arn:aws:iam::{ACCOUNT}:user/deploy-bot"
ADMINISTRATOR = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
READ_A_BUCKET = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::imports/*"},
}


@contextmanager
def account_with_history() -> Iterator[EmbeddedAccount]:
    """The account on the morning of the first day."""
    with embedded_account() as account:
        _guards()
        _people()
        _machines()
        account.root.password_last_used = (FIRST_DAY - timedelta(days=9)).isoformat()
        account.root.virtual_mfa = True
        account.analyzers = {name: _analyzed(name) for name in _regions() if name != WITHOUT_ANALYZER}
        account.analyzers[REGION] = _analyzed(REGION, shared=True)
        yield account


def a_day_passes(account: EmbeddedAccount) -> None:
    """Mended: ben's second factor, the shared bucket. Broken: a root access key, an administrator of a role."""
    with _at(FIRST_DAY + timedelta(hours=4)):
        _assign_mfa("ben")
        account.analyzers[REGION] = _analyzed(REGION)
        account.root.key_made = datetime.now(UTC).isoformat()
        hotfix = _create_policy("hotfix", ADMINISTRATOR)
        boto3.client("iam").attach_role_policy(RoleName="ci-deploy", PolicyArn=hotfix)


def _guards() -> None:
    """What looks after the account: a password policy, contacts, and a trail whose alarms somebody hears."""
    characters = dict.fromkeys(("Symbols", "Numbers", "UppercaseCharacters", "LowercaseCharacters"), True)
    boto3.client("iam").update_account_password_policy(
        MinimumPasswordLength=14,
        MaxPasswordAge=90,
        PasswordReusePrevention=24,
        **{f"Require{name}": it for name, it in characters.items()},
    )
    for kind in ("SECURITY", "BILLING", "OPERATIONS"):
        mailbox = {
            "EmailAddress": f"{kind.lower()}@example.com",
            "Name": "Ana",
            "Title": "Head",
            "PhoneNumber": "+1 555 0100",
        }
        boto3.client("account").put_alternate_contact(AlternateContactType=kind, **mailbox)
    boto3.client("s3").create_bucket(Bucket="trail", CreateBucketConfiguration={"LocationConstraint": REGION})
    group = _watched_log_group()
    trail = {"Name": "all", "S3BucketName": "trail", "IsMultiRegionTrail": True, "EnableLogFileValidation": True}
    boto3.client("cloudtrail").create_trail(**trail, CloudWatchLogsLogGroupArn=group)
    everything = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}
    boto3.client("cloudtrail").put_event_selectors(TrailName="all", EventSelectors=[everything])
    boto3.client("cloudtrail").start_logging(Name="all")


def _watched_log_group() -> str:
    """Its ARN; it has the filters and alarms that the product's fixes would make."""
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName="trail")
    sns = boto3.client("sns")
    topic = sns.create_topic(Name="security")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="security@example.com")
    for it in Monitoring.__subclasses__():
        counted = {"metricName": it.metric, "metricNamespace": "CloudTrail", "metricValue": "1"}
        filtered = {"filterName": it.metric, "filterPattern": it.pattern, "metricTransformations": [counted]}
        logs.put_metric_filter(logGroupName="trail", **filtered)
        alarm = alarm_entry(it.metric, AlarmActions=[topic])
        del alarm["AlarmArn"]
        boto3.client("cloudwatch").put_metric_alarm(**alarm)
    return str(logs.describe_log_groups()["logGroups"][0]["arn"])


def _create_policy(name: str, document: dict[str, Any]) -> str:
    made = boto3.client("iam").create_policy(PolicyName=name, PolicyDocument=json.dumps(document))
    return str(made["Policy"]["Arn"])


def _people() -> None:
    iam = boto3.client("iam")
    with _ago(900):
        reading = _create_policy("read-imports", READ_A_BUCKET)
        granted = {"administrators": _create_policy("Administrators", ADMINISTRATOR), "people": reading}
        for name, policy in {**granted, "machines": reading}.items():
            iam.create_group(GroupName=name)
            iam.attach_group_policy(GroupName=name, PolicyArn=policy)
        for name in ("ana", "ben", "carla"):
            iam.create_user(UserName=name)
            iam.create_login_profile(UserName=name, Password="Correct-Horse-7-Battery")
        for name, group in {"ana": "administrators", "ben": "people", "carla": "people"}.items():
            iam.add_user_to_group(GroupName=group, UserName=name)
        _assign_mfa("ana")
        _assign_mfa("carla")
    users = {user.name: user for user in _backend().users.values()}
    for name, days in {"ana": 1, "ben": 3, "carla": 120}.items():
        users[name].password_last_used = FIRST_DAY - timedelta(days=days)


def _machines() -> None:
    iam = boto3.client("iam")
    for days, user in ((400, "deploy-bot"), (20, "deploy-bot"), (60, "report-export")):
        with _ago(days):
            if user not in {it.name for it in _backend().users.values()}:
                iam.create_user(UserName=user)
                iam.add_user_to_group(GroupName="machines", UserName=user)
            iam.create_access_key(UserName=user)
    keys = {user.name: user.access_keys for user in _backend().users.values()}
    keys["deploy-bot"][0].last_used = FIRST_DAY - timedelta(days=2)
    keys["deploy-bot"][1].last_used = FIRST_DAY - timedelta(days=1)
    used_last = FIRST_DAY - timedelta(days=1)
    service = {"ServiceName": "Amazon S3", "ServiceNamespace": "s3", "TotalAuthenticatedEntities": 1}
    entry = {**service, "LastAuthenticated": used_last, "LastAuthenticatedEntity": DEPLOY_BOT}
    last_accessed.SERVICES[DEPLOY_BOT] = [entry]
    for days, role, used in ((700, "ci-deploy", 1), (700, "legacy-import", 300), (30, "break-glass", None)):
        with _ago(days):
            _create_role(role)
        _backend().get_role(role).last_used = FIRST_DAY - timedelta(days=used) if used else None


def _create_role(name: str) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "codebuild.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam = boto3.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}))
    iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/read-imports")


def _assign_mfa(user: str) -> None:
    iam = boto3.client("iam")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=user)["VirtualMFADevice"]
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    iam.enable_mfa_device(UserName=user, SerialNumber=device["SerialNumber"], **codes)


def _regions() -> list[str]:
    return [it["RegionName"] for it in boto3.client("ec2").describe_regions()["Regions"]]


def _analyzed(region: str, *, shared: bool = False) -> RegionAnswers:
    arn = ANALYZER.replace(REGION, region)
    made = FIRST_DAY - timedelta(days=200)
    analyzer = {"arn": arn, "name": "account", "type": "ACCOUNT", "status": "ACTIVE", "createdAt": made}
    times = dict.fromkeys(("analyzedAt", "createdAt", "updatedAt"), FIRST_DAY - timedelta(days=4))
    finding = {
        "id": "4f2b8a1e-6c1d-4e8a-9a57-0d4c1b7e2f90",
        "status": "ACTIVE",
        "findingType": "ExternalAccess",
        "resource": "arn:aws:s3:::partner-exchange",
        "resourceType": "AWS::S3::Bucket",
        "resourceOwnerAccount": ACCOUNT,
        **times,
    }
    return RegionAnswers(analyzers=[analyzer], findings={arn: [finding] if shared else []})


def _backend() -> Any:
    return iam_backends[ACCOUNT]["aws"]


def _at(moment: datetime) -> time_machine.travel:
    return time_machine.travel(moment, tick=False)


def _ago(days: int) -> time_machine.travel:
    return _at(FIRST_DAY - timedelta(days=days))
