"""What a probe is, and short words for what probes are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.build import ACCOUNT

USER_GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
ORGANIZATIONS = "https://docs.aws.amazon.com/organizations/latest/userguide/"

OTHER_ACCOUNT = "444455556666"
USER = f"arn:aws:iam::{ACCOUNT}:user/ana"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deploy"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/monday"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
OBJECT = "arn:aws:s3:::ledger/2026.csv"

Statement = dict[str, Any]
Values = Mapping[str, tuple[str, ...]]


def allow(action: Any = "*", resource: Any = "*", **elements: Any) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **elements}


def deny(action: Any = "*", resource: Any = "*", **elements: Any) -> Statement:
    return {**allow(action, resource, **elements), "Effect": "Deny"}


def but(statement: Statement, **negated: Any) -> Statement:
    """The statement with NotAction, NotResource or NotPrincipal in the place of what it negates."""
    gone = {name.removeprefix("Not") for name in negated}
    return {name: value for name, value in statement.items() if name not in gone} | negated


def to(who: Any, statement: Statement) -> Statement:
    """The statement as a resource's policy has it."""
    return {"Principal": who, **statement}


def doc(*statements: Statement, version: str | None = "2012-10-17") -> dict[str, Any]:
    return {**({"Version": version} if version else {}), "Statement": list(statements)}


ALL = doc(allow())
"""AdministratorAccess, FullAWSAccess: every action on every resource."""

NOTHING_HERE = doc(allow("sqs:*"))
"""A document that does not speak of what is asked."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A request, all that decides on it, and AWS's decision.

    `page` is where AWS says so. `identity` are documents of the principal by name; `levels` and `resource_levels` those
    of the organization, root first. `conditions`, in lower case, are what remains to be met, None where it is not
    asked; `decides` is the layer and the number of the statement that an answer names, None where it is not asked.
    """

    id: str
    claim: str
    page: str
    allowed: bool
    action: str = "s3:GetObject"
    resource: str = OBJECT
    arn: str = USER
    identity: tuple[dict[str, Any], ...] = (ALL,)
    boundary: dict[str, Any] | None = None
    session: dict[str, Any] | None = None
    levels: tuple[tuple[dict[str, Any], ...], ...] = ()
    resource_levels: tuple[tuple[dict[str, Any], ...], ...] = ()
    policy: dict[str, Any] | None = None
    owner: str = ""
    own: Values = field(default_factory=dict)
    known: Values = field(default_factory=dict)
    conditions: frozenset[str] | None = None
    decides: tuple[str, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """A Condition block, a request's context, and whether the block is met: None where that hangs on what is unknown.

    `unmet` are the keys, in lower case, on which it hangs.
    """

    id: str
    claim: str
    page: str
    condition: dict[str, dict[str, Any]]
    known: Values
    met: bool | None
    unmet: frozenset[str] = frozenset()
