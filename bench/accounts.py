"""Evidence of made-up accounts of any size, in every state that the checks tell apart."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

ACCOUNT = "111122223333"
NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
COLUMNS = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,"
    "access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,"
    "access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,"
    "cert_2_last_rotated,additional_credentials_info"
)
MADE = NOW - timedelta(days=800)
STATEMENT = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::bucket/*"}


def evidence(*, users: int, with_key: int, roles: int, policies: int) -> dict[str, bytes]:
    """Evidence files of an account with so many users, of whom so many have an active key, roles and policies."""
    documents = {
        "account.json": {"account": ACCOUNT, "partition": "aws", "gathered_at": NOW.isoformat()},
        "authorization-details.json": _details(users, roles, policies),
        "access-keys.json": {"AccessKeyMetadata": [_key(n) for n in range(with_key)]},
        "account-summary.json": {"SummaryMap": {"AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0}},
        "password-policy.json": {"PasswordPolicy": {"MinimumPasswordLength": 14}},
        "virtual-mfa-devices.json": {"VirtualMFADevices": []},
        "identity-providers.json": {"OpenIDConnectProviderList": [], "SAMLProviderList": []},
        "server-certificates.json": {"ServerCertificateMetadataList": []},
        "regions.json": {"Regions": [{"RegionName": "eu-west-1"}]},
        "analyzers.json": {"analyzers": []},
        "analyzer-findings.json": {"findings": []},
    }
    report = "\n".join([COLUMNS, *_report(users, with_key)]) + "\n"
    return {name: json.dumps(it).encode() for name, it in documents.items()} | {
        "credential-report.csv": report.encode()
    }


def _report(users: int, with_key: int) -> Iterator[str]:
    root = (
        f"<root_account>,arn:aws:iam::{ACCOUNT}:root,{MADE.isoformat()},not_supported,N/A,not_supported,not_supported"
    )
    yield f"{root},true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A,N/A"
    for n in range(users):
        name = f"user-{n}"
        used = (NOW - timedelta(days=n % 120)).isoformat()
        key = f"true,{_made(n).isoformat()},{used},eu-west-1,s3" if n < with_key else "false,N/A,N/A,N/A,N/A"
        person = f"{name},arn:aws:iam::{ACCOUNT}:user/{name},{MADE.isoformat()},{'true' if n % 2 else 'false'},{used}"
        mfa = "true" if n % 3 else "false"
        yield f"{person},{MADE.isoformat()},N/A,{mfa},{key},false,N/A,N/A,N/A,N/A,false,N/A,false,N/A,N/A"


def _made(n: int) -> datetime:
    return NOW - timedelta(days=n % 200)


def _key(n: int) -> dict[str, str]:
    made = _made(n).isoformat()
    return {"UserName": f"user-{n}", "AccessKeyId": f"AKIA{n:016d}", "Status": "Active", "CreateDate": made}


def _details(users: int, roles: int, policies: int) -> dict[str, Any]:
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}
    inline = {"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [STATEMENT] * 5}}
    return {
        "UserDetailList": [_entity("user", n, policies) | {"UserPolicyList": [inline]} for n in range(users)],
        "GroupDetailList": [_entity("group", n, policies) for n in range(min(300, users // 10))],
        "RoleDetailList": [
            _entity("role", n, policies) | {"AssumeRolePolicyDocument": trust, "RolePolicyList": [inline], **_use(n)}
            for n in range(roles)
        ],
        "Policies": [_policy(n) for n in range(policies)],
    }


def _use(n: int) -> dict[str, Any]:
    return {"RoleLastUsed": {"LastUsedDate": (NOW - timedelta(days=n % 300)).isoformat()} if n % 4 else {}}


def _entity(kind: str, n: int, policies: int) -> dict[str, Any]:
    prefix = {"user": "AIDA", "group": "AGPA", "role": "AROA"}[kind]
    attached = [{"PolicyArn": _policy_arn((n + i) % policies)} for i in range(3)]
    return {
        "Path": "/",
        f"{kind.capitalize()}Name": f"{kind}-{n}",
        f"{kind.capitalize()}Id": f"{prefix}{n:017d}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:{kind}/{kind}-{n}",
        "CreateDate": MADE.isoformat(),
        "AttachedManagedPolicies": attached,
    }


def _policy_arn(n: int) -> str:
    return f"arn:aws:iam::{ACCOUNT}:policy/policy-{n}"


def _policy(n: int) -> dict[str, Any]:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    statements = [everything] if n % 50 == 0 else [STATEMENT] * 40
    return {
        "PolicyName": f"policy-{n}",
        "PolicyId": f"ANPA{n:017d}",
        "Arn": _policy_arn(n),
        "PolicyVersionList": [
            {
                "Document": {"Version": "2012-10-17", "Statement": statements},
                "VersionId": "v1",
                "IsDefaultVersion": True,
            }
        ],
    }
