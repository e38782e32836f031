"""Evidence folders as a customer has them."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.build import ACCOUNT, ADMINISTRATOR, NOW, OWNER, ago, arn

COLUMNS = (
    "user arn user_creation_time password_enabled password_last_used password_last_changed password_next_rotation"
    " mfa_active access_key_1_active access_key_1_last_rotated access_key_1_last_used_date"
    " access_key_1_last_used_region access_key_1_last_used_service access_key_2_active access_key_2_last_rotated"
    " access_key_2_last_used_date access_key_2_last_used_region access_key_2_last_used_service"
    " cert_1_active cert_1_last_rotated cert_2_active cert_2_last_rotated"
).split()

Files = dict[str, bytes]


def row(user: str = "ana", **cells: str) -> dict[str, str]:
    """One line of the credential report: a console user without MFA, and whatever else is given."""
    given = {
        "user": user,
        "arn": arn(f"user/{user}"),
        "user_creation_time": ago(400).isoformat(),
        "password_enabled": "true",
        "password_last_used": ago(1).isoformat(),
        "password_last_changed": ago(30).isoformat(),
    }
    flags = {name: "false" for name in COLUMNS if name.endswith("_active")}
    return dict.fromkeys(COLUMNS, "N/A") | flags | given | cells


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
