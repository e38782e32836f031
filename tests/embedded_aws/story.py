"""An account as there are many: years of history, and one day in which two things are mended and two break."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import time_machine
from moto.iam.models import iam_backends

from tests.deployed.access_analyzer import RegionAnswers
from tests.embedded_aws.account import ACCOUNT, REGION, EmbeddedAccount, embedded_account

FIRST_DAY = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
SECOND_DAY = FIRST_DAY + timedelta(days=1)
ANALYZER = f"arn:aws:access-analyzer:{REGION}:{ACCOUNT}:analyzer/account"
ADMINISTRATOR = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
READ_A_BUCKET = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::imports/*"},
}


@contextmanager
def account_with_history() -> Iterator[EmbeddedAccount]:
    """The account on the morning of the first day."""
    with embedded_account() as account:
        _people()
        _machines()
        account.root.password_last_used = (FIRST_DAY - timedelta(days=9)).isoformat()
        account.root.virtual_mfa = True
        account.analyzers = {name: _analyzed(name) for name in _regions() if name != "us-east-2"}
        account.analyzers[REGION] = _analyzed(REGION, shared=True)
        yield account


def a_day_passes(account: EmbeddedAccount) -> None:
    """Mended: ben's second factor, the shared bucket. Broken: a root access key, an administrator of a role."""
    with _at(FIRST_DAY + timedelta(hours=4)):
        _assign_mfa("ben")
        account.analyzers[REGION] = _analyzed(REGION)
        account.root.key_made = datetime.now(UTC).isoformat()
        name = "hotfix"
        boto3.client("iam").put_role_policy(
            RoleName="ci-deploy", PolicyName=name, PolicyDocument=json.dumps(ADMINISTRATOR)
        )


def _people() -> None:
    iam = boto3.client("iam")
    with _ago(900):
        iam.create_group(GroupName="administrators")
        policy = iam.create_policy(PolicyName="Administrators", PolicyDocument=json.dumps(ADMINISTRATOR))["Policy"]
        iam.attach_group_policy(GroupName="administrators", PolicyArn=policy["Arn"])
        for name in ("ana", "ben", "carla"):
            iam.create_user(UserName=name)
            iam.create_login_profile(UserName=name, Password="Correct-Horse-7-Battery")
        iam.add_user_to_group(GroupName="administrators", UserName="ana")
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
            iam.create_access_key(UserName=user)
    keys = {user.name: user.access_keys for user in _backend().users.values()}
    keys["deploy-bot"][0].last_used = FIRST_DAY - timedelta(days=2)
    keys["deploy-bot"][1].last_used = FIRST_DAY - timedelta(days=1)
    for days, role, used in ((700, "ci-deploy", 1), (700, "legacy-import", 300), (30, "break-glass", None)):
        with _ago(days):
            _create_role(role)
        _backend().get_role(role).last_used = FIRST_DAY - timedelta(days=used) if used else None


def _create_role(name: str) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "codebuild.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam = boto3.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}))
    iam.put_role_policy(RoleName=name, PolicyName="imports", PolicyDocument=json.dumps(READ_A_BUCKET))


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
