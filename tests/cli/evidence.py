"""Evidence folders as a customer has them."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.aws import answers
from tests.build import ACCOUNT, ADMINISTRATOR, NOW, OWNER, ago, arn, trusting

COLUMNS = tuple(column for column in answers.COLUMNS if column != "additional_credentials_info")
"""Those of a report from before AWS added one."""

Files = dict[str, bytes]


def row(user: str = "ana", **cells: str) -> dict[str, str]:
    """One line of the credential report: a console user without MFA, and whatever else is given."""
    whole = answers.report_row(user, **({"mfa_active": "false"} | cells))
    return {column: cell for column, cell in whole.items() if column != "additional_credentials_info"}


ROOT_ROW = row(
    "<root_account>", arn=OWNER.root_arn, password_enabled="not_supported", password_last_used="no_information"
) | {"mfa_active": "true"}


def report(*rows: Mapping[str, str], columns: Sequence[str] = COLUMNS) -> bytes:
    out = io.StringIO()
    table = csv.DictWriter(out, columns, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return out.getvalue().encode()


def document(value: Any) -> bytes:
    return json.dumps(value).encode()


def account(**fields: Any) -> bytes:
    return document({"account": ACCOUNT, "partition": "aws", "gathered_at": NOW.isoformat()} | fields)


def user(name: str = "ana", uid: str = "AIDA1") -> dict[str, Any]:
    return {
        "UserName": name,
        "UserId": uid,
        "Path": "/",
        "Arn": arn(f"user/{name}"),
        "CreateDate": ago(400).isoformat(),
    }


def key(uid: str = "AKIA1", *, age: float = 91, name: str = "ana") -> dict[str, str]:
    return {"UserName": name, "AccessKeyId": uid, "Status": "Active", "CreateDate": ago(age).isoformat()}


def details(*users: Mapping[str, Any], **lists: Any) -> bytes:
    empty: dict[str, Any] = {"GroupDetailList": [], "RoleDetailList": [], "Policies": []}
    return document({"UserDetailList": users} | empty | lists)


ROLE = {
    "RoleName": "deploy",
    "AssumeRolePolicyDocument": trusting({"Service": "ec2.amazonaws.com"}),
    "RoleId": "AROA1",
    "Path": "/",
    "Arn": arn("role/deploy"),
    "CreateDate": ago(91).isoformat(),
    "RoleLastUsed": {},
}
POLICY = {
    "PolicyName": "everything",
    "PolicyId": "ANPA1",
    "Arn": arn("policy/everything"),
    "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": True, "Document": ADMINISTRATOR}],
}
KEYED_ROW = row(access_key_1_active="true", access_key_1_last_rotated=ago(91).isoformat())


def ordinary() -> Files:
    return {
        "account.json": account(),
        "credential-report.csv": report(ROOT_ROW, KEYED_ROW),
        "authorization-details.json": details(user(), RoleDetailList=[ROLE], Policies=[POLICY]),
        "account-summary.json": document({"SummaryMap": {"AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0}}),
        "access-keys.json": document({"AccessKeyMetadata": [key()]}),
        "password-policy.json": document({"PasswordPolicy": None}),
    }


def hostile(name: str) -> Files:
    """An account whose user, role and policy have this name."""
    renamed = {"Arn": arn(f"x/{name}")}
    lists = {
        "RoleDetailList": [ROLE | renamed | {"RoleName": name}],
        "Policies": [POLICY | renamed | {"PolicyName": name}],
    }
    return ordinary() | {
        "credential-report.csv": report(ROOT_ROW, row(name)),
        "authorization-details.json": details(user(name), **lists),
    }


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    folder.mkdir()
    for name, body in files.items():
        (folder / name).write_bytes(body)
    return folder
