"""Twelve accounts of the emulator's organization: eight that are as they should be, and four that are not."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.deployed import drive
from tests.deployed.emulator import Emulator

ROLE = "account-auditor"
EXTERNAL_ID = "d1c6c8e2-audit"
SOUND = 8
DENIED = "iam:GetAccountPasswordPolicy"
OLD = timedelta(days=400)

BLINDED, ROLELESS, WRONG_ID, SUSPENDED = "blinded", "roleless", "wrong-id", "suspended"
"""One that denies a source; one without the role; one whose role asks for another external id; one that is closed."""

NAMES = (*(f"member-{number}" for number in range(SOUND)), BLINDED, ROLELESS, WRONG_ID, SUSPENDED)


@dataclass(frozen=True, kw_only=True)
class Members:
    """Account ids by name; `unit` is the organizational unit that the first three are in, with a guardrail."""

    emulator: Emulator
    ids: Mapping[str, str]
    unit: str
    root: str

    def of(self, name: str) -> Emulator:
        """The emulator as the account's root sees it."""
        return self.emulator.of(self.ids[name])

    @property
    def keys(self) -> dict[str, int]:
        """How many old access keys each account has: what makes them different."""
        return {name: number % 4 for number, name in enumerate(NAMES)}


def join(emulator: Emulator) -> Members:
    """Make the organization, and in each account its users; nobody can be entered yet."""
    organizations = emulator.client("organizations", "us-east-1")
    (root,) = (it["Id"] for it in organizations.list_roots()["Roots"])
    unit = organizations.create_organizational_unit(ParentId=root, Name="shops")["OrganizationalUnit"]["Id"]
    made = {name: _created(organizations, name) for name in NAMES}
    for name in NAMES[:3]:
        organizations.move_account(AccountId=made[name], SourceParentId=root, DestinationParentId=unit)
    organizations.attach_policy(PolicyId=_guardrail(organizations), TargetId=unit)
    organizations.close_account(AccountId=made[SUSPENDED])
    members = Members(emulator=emulator, ids=made, unit=unit, root=root)
    with emulator.created_ago(OLD):
        for name, count in members.keys.items():
            users(members.of(name), name, count)
    return members


def organization_of(emulator: Emulator) -> str:
    """The id of the emulator's organization."""
    described = emulator.client("organizations", "us-east-1").describe_organization()
    return str(described["Organization"]["Id"])


def _created(organizations: Any, name: str) -> str:
    tags = [{"Key": "name", "Value": name}]
    status = organizations.create_account(Email=f"{name}@example.com", AccountName=name, Tags=tags)
    return str(status["CreateAccountStatus"]["AccountId"])


def _guardrail(organizations: Any) -> str:
    content = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}
    made = organizations.create_policy(
        Name="no-buckets", Description="-", Type="SERVICE_CONTROL_POLICY", Content=json.dumps(content)
    )
    return str(made["Policy"]["PolicySummary"]["Id"])


def users(member: Emulator, name: str, count: int) -> None:
    """Give the account so many users with an active key each, named after it."""
    iam = member.client("iam")
    for number in range(count):
        iam.create_user(UserName=f"{name}-{number}")
        iam.create_access_key(UserName=f"{name}-{number}")


def admit(members: Members, template: str) -> None:
    """Deploy the member's template into all accounts but one, with another external id in another."""
    for name in NAMES:
        if name == ROLELESS:
            continue
        body = template.replace(EXTERNAL_ID, "not-the-one-that-is-sent") if name == WRONG_ID else template
        deployed(members.of(name), body)
    deny(members.of(BLINDED), DENIED)


def deployed(member: Emulator, template: str) -> None:
    """Create the stack of a member, or update it, and wait for it."""
    client, name = member.client("cloudformation"), "AccountAuditorMember"
    asked = {"StackName": name, "TemplateBody": template, "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    known = {it["StackName"] for it in client.list_stacks()["StackSummaries"] if it["StackStatus"] != "DELETE_COMPLETE"}
    (client.update_stack if name in known else client.create_stack)(**asked)
    drive.eventually(lambda: client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"].endswith("_COMPLETE"))


def deny(member: Emulator, action: str) -> None:
    """Let the member's role lack an action."""
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    member.client("iam").put_role_policy(RoleName=ROLE, PolicyName="deny", PolicyDocument=document)
