"""The account as its organization knows it, and what the organization keeps it from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.core.model import Subject


@dataclass(frozen=True, kw_only=True)
class OrganizationMember(Subject):
    """The account as its organization knows it; `path` are the ids of the units above it, the root's first."""

    aws_type = "AWS::Organizations::Account"
    name: str
    path: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Affiliation(Subject):
    """Which organization the account is in: its id, or None if it is in none, and the id of its management account.

    `all_features` says that the organization has more than consolidated billing. `root` is the ARN of the account's
    root user.
    """

    aws_type = "AwsAccount"
    organization: str | None
    management: str | None
    all_features: bool
    root: str

    @property
    def is_management(self) -> bool:
        """Whether the account manages its organization: no policy of the organization binds it then."""
        return self.management == self.resource


@dataclass(frozen=True, kw_only=True)
class OrganizationRoot(Subject):
    """The root of the organization; `policy_types` are those that are enabled in it."""

    aws_type = "AWS::Organizations::Organization"
    policy_types: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AttachedPolicy:
    """A policy of the organization as it is attached somewhere."""

    name: str
    document: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True, kw_only=True)
class GuardrailLevel(Subject):
    """The policies of one type that are attached to one level: the root, a unit, or the account itself.

    `resource` is the level's id, `type` is AWS's (``SERVICE_CONTROL_POLICY``, ``RESOURCE_CONTROL_POLICY``).
    """

    aws_type = "AWS::Organizations::Policy"
    type: str
    policies: tuple[AttachedPolicy, ...]


@dataclass(frozen=True, kw_only=True)
class Guardrails(Subject):
    """What binds a member account, of all levels from the root to the account.

    `service_control` and `resource_control` are the names of the SCPs and RCPs that leave out or deny anything.
    `open_regions` are the Regions, or patterns of them, that an SCP leaves open while it closes all others, None if no
    SCP does; `root_denied` says that one denies the root user everything.
    """

    aws_type = "AwsAccount"
    service_control: tuple[str, ...]
    resource_control: tuple[str, ...]
    open_regions: tuple[str, ...] | None
    root_denied: bool


@dataclass(frozen=True, kw_only=True)
class EffectivePolicy(Subject):
    """What the organization's management policies of one type come to for the account; None if there are none."""

    aws_type = "AwsAccount"
    content: Mapping[str, Any] | None = field(hash=False)


@dataclass(frozen=True, kw_only=True)
class AiOptOut(EffectivePolicy):
    """The effective AI services opt-out policy."""


@dataclass(frozen=True, kw_only=True)
class BackupRules(EffectivePolicy):
    """The effective backup policy."""


@dataclass(frozen=True, kw_only=True)
class TagRules(EffectivePolicy):
    """The effective tag policy."""


@dataclass(frozen=True, kw_only=True)
class DelegatedAdministrator(Subject):
    """A member account that administers services for the organization; `services` are service principals."""

    aws_type = "AWS::Organizations::Account"
    account: str
    name: str
    services: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Delegations(Subject):
    """All that the organization has delegated: accounts, and ``account:service`` for each of their services."""

    aws_type = "AwsAccount"
    entries: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CentralRootAccess(Subject):
    """What of its members' root access the organization manages centrally."""

    aws_type = "AwsAccount"
    credentials: bool
    sessions: bool


@dataclass(frozen=True, kw_only=True)
class ManagedRoot(Subject):
    """The root user of a member whose root credentials the organization manages; `left` are those that it still has."""

    aws_type = "AwsIamRootUser"
    left: tuple[str, ...]
