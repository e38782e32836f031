"""How wide a document is: whole services, and what should be granted by name. Of one that allows all, nothing is said.

Conditions are told, not weighed. What the same document denies whatever happens is not allowed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.policy.document import Statement, administrator_statement, every, grant, statements

SERVICE = re.compile(r"([a-z0-9-]+):\*+", re.IGNORECASE)
"""All actions of one service."""

GUARDS = {"iam", "sts", "organizations", "sso", "secretsmanager", "ssm", "s3", "kms", "cloudtrail"}
"""Services on which the security of others rests: identities, guardrails, secrets, data and the log."""

SENSITIVE = (
    "iam:AddUserToGroup",
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreatePolicyVersion",
    "iam:CreateRole",
    "iam:CreateUser",
    "iam:DeactivateMFADevice",
    "iam:PutGroupPolicy",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:SetDefaultPolicyVersion",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateLoginProfile",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "organizations:DetachPolicy",
    "organizations:LeaveOrganization",
    "s3:DeleteBucket",
    "s3:DeleteObject",
    "s3:PutBucketPolicy",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
)
"""Actions that hand out rights or secrets, or cannot be undone. Assuming and passing roles, and decrypting, are judged
by themselves."""


@dataclass(frozen=True, kw_only=True)
class Breadth:
    """What is allowed, in words of the policy language, and under which conditions."""

    allowed: tuple[str, ...]
    conditions: tuple[str, ...] = ()
    sensitive: bool = False

    @property
    def proviso(self) -> str:
        """The conditions, as a sentence goes on."""
        return f" if {', '.join(self.conditions)} is met" if self.conditions else ""


def full_access(document: Mapping[str, Any], service: str, kind: str = "", near: str = "") -> Breadth | None:
    """All actions of the service on every resource, or on every one of a kind in the account of the ARN `near`."""
    statement = _grant(document, f"{service}:*", every(kind, near) if kind else "*")
    return _as_breadth(statement, f"{service}:* on *")


def any_key_decryption(document: Mapping[str, Any], near: str) -> Breadth | None:
    """The actions that read with every key of the account, unless all of KMS is allowed on them."""
    keys = every("kms:key", near)
    if _grant(document, "kms:*", keys):
        return None
    granted = {action: _grant(document, action, keys) for action in ("kms:Decrypt", "kms:ReEncryptFrom")}
    found = {action: statement for action, statement in granted.items() if statement}
    conditions = sorted({name for statement in found.values() for name in statement.conditions})
    return Breadth(allowed=(f"{', '.join(found)} on every key",), conditions=tuple(conditions)) if found else None


def whole_services(document: Mapping[str, Any], near: str) -> Breadth | None:
    """Every ``service:*`` that is allowed on anything, or that a NotAction spares.

    All of CloudTrail, and of KMS on every key, is `full_access`.
    """
    if administrator_statement(document):
        return None
    apart = {
        *(["cloudtrail:*"] if full_access(document, "cloudtrail") else []),
        *(["kms:*"] if full_access(document, "kms", "kms:key", near) else []),
    }
    found: list[str] = []
    sensitive = False
    for statement in statements(document):
        for name, guards in _services(statement) if statement.allow else ():
            if name not in apart and not _denied(document, name):
                found.append(name)
                sensitive |= guards and statement.reaches("*") and not statement.conditions
    return Breadth(allowed=tuple(dict.fromkeys(found)), sensitive=sensitive) if found else None


def _services(statement: Statement) -> Iterator[tuple[str, bool]]:
    """What a statement says of whole services, and whether one that guards others is among it."""
    for pattern in statement.actions or ():
        if service := SERVICE.fullmatch(pattern):
            yield f"{service[1].lower()}:*", service[1].lower() in GUARDS
    spared = [pattern.lower() for pattern in statement.not_actions or () if SERVICE.fullmatch(pattern)]
    if spared:
        yield f"everything but {', '.join(sorted(statement.not_actions or ()))}", True


def _denied(document: Mapping[str, Any], action: str) -> bool:
    said = statements(document)
    return any(not it.allow and not it.conditions and it.speaks_of(action) and it.reaches("*") for it in said)


def sensitive_actions(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The `SENSITIVE` actions that are allowed by name or prefix on every resource, without any condition."""
    if administrator_statement(document):
        return ()
    by_name = [it for it in statements(document) if it.allow and not it.conditions and it.reaches("*")]
    patterns = [p for it in by_name for p in it.actions or () if not SERVICE.fullmatch(p)]
    named = Statement(sid=None, allow=True, actions=tuple(patterns), resources=("*",))
    return tuple(action for action in SENSITIVE if named.speaks_of(action) and grant(document, action))


def _grant(document: Mapping[str, Any], action: str, resource: str) -> Statement | None:
    return None if administrator_statement(document) else grant(document, action, resource)


def _as_breadth(statement: Statement | None, allowed: str) -> Breadth | None:
    return Breadth(allowed=(allowed,), conditions=statement.conditions) if statement else None
