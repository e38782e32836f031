"""What an account consists of, thing by thing.

Times are aware datetimes in UTC; ``None`` for a time means "never" (AWS reports ``N/A`` or ``no_information``), never
"not known": what is not known is `Unavailable`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from auditor.core.model import Subject


@dataclass(frozen=True, kw_only=True)
class KeySlot:
    """One of the two access key columns of the credential report. `rotated` moves when a key is re-activated."""

    active: bool
    rotated: datetime | None
    last_used: datetime | None
    last_used_region: str | None
    last_used_service: str | None


@dataclass(frozen=True, kw_only=True)
class CredentialRow(Subject):
    """One row of the credential report; the root user's too. `password_enabled` is None where AWS does not say."""

    aws_type = "AWS::IAM::User"
    name: str
    created: datetime | None
    is_root: bool
    password_enabled: bool | None
    password_last_used: datetime | None
    password_last_changed: datetime | None
    mfa_active: bool
    keys: tuple[KeySlot, KeySlot]


@dataclass(frozen=True, kw_only=True)
class KeyMetadata(Subject):
    """One access key as ListAccessKeys tells it: `created` is the true creation date."""

    aws_type = "AWS::IAM::AccessKey"
    user: str
    active: bool
    created: datetime


@dataclass(frozen=True, kw_only=True)
class UserDetail(Subject):
    """One user as GetAccountAuthorizationDetails tells it; credentials are the credential report's to tell."""

    aws_type = "AWS::IAM::User"
    name: str
    created: datetime


@dataclass(frozen=True, kw_only=True)
class AccountSummary(Subject):
    """Counts of GetAccountSummary, of which only those about the root user are read."""

    aws_type = "AwsAccount"
    root_password: bool
    root_keys: bool
    root_mfa: bool


@dataclass(frozen=True, kw_only=True)
class VirtualMfaDevice(Subject):
    """One virtual MFA device; `user` is the ARN of who holds it, None while nobody does."""

    aws_type = "AWS::IAM::VirtualMFADevice"
    user: str | None


@dataclass(frozen=True, kw_only=True)
class RootUser(Subject):
    """The root user: its credentials from the account summary and the credential report, its use from the report."""

    aws_type = "AwsIamRootUser"
    has_password: bool
    has_access_key: bool
    mfa_active: bool
    password_last_used: datetime | None
    keys: tuple[KeySlot, ...]

    @property
    def has_credentials(self) -> bool:
        """Whether anybody could sign in as root at all (an organization can remove a member's root credentials)."""
        return self.has_password or self.has_access_key


@dataclass(frozen=True, kw_only=True)
class RootMfa(Subject):
    """The root user's MFA: `virtual` holds the serial numbers of the virtual devices among it."""

    aws_type = "AwsIamRootUser"
    has_credentials: bool
    virtual: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class User(Subject):
    """An IAM user with its console credentials."""

    aws_type = "AWS::IAM::User"
    name: str
    created: datetime
    password_enabled: bool
    password_last_used: datetime | None
    password_last_changed: datetime | None
    mfa_active: bool
    active_keys: int


@dataclass(frozen=True, kw_only=True)
class AccessKey(Subject):
    """An access key of an IAM user.

    `rows` are the report's slots that may be this key's: two only where the evidence cannot tell a user's keys apart.
    """

    aws_type = "AWS::IAM::AccessKey"
    gone_is_fixed = True  # a key that is not active any more is not listed any more
    user: str
    user_arn: str
    active: bool
    created: datetime
    rows: tuple[KeySlot, ...]

    @property
    def id(self) -> str:
        """The access key id."""
        return self.uid

    @property
    def principal(self) -> str:
        """ARN of the user who holds the key."""
        return self.user_arn

    @property
    def last_used(self) -> datetime | None:
        """The least recent use that can be this key's; None if it may never have been used."""
        uses = [row.last_used for row in self.rows]
        return None if None in uses else min(use for use in uses if use)


@dataclass(frozen=True, kw_only=True)
class Group(Subject):
    """An IAM group."""

    aws_type = "AWS::IAM::Group"
    name: str


@dataclass(frozen=True, kw_only=True)
class Role(Subject):
    """An IAM role. `last_used` covers the 400 days that AWS keeps: None means no use in them."""

    aws_type = "AWS::IAM::Role"
    name: str
    path: str
    created: datetime
    last_used: datetime | None

    @property
    def aws_owned(self) -> bool:
        """Service-linked roles and those of IAM Identity Center: AWS makes and removes them."""
        return self.path.startswith(("/aws-service-role/", "/aws-reserved/"))


@dataclass(frozen=True, kw_only=True)
class Policy(Subject):
    """A permissions policy: managed (its default version) or inline (`owner` is then the entity that holds it)."""

    aws_type = "AWS::IAM::Policy"
    name: str
    owner: str | None
    attached_to: tuple[str, ...]
    boundary_only: bool
    document: Mapping[str, Any] = field(hash=False)

    @property
    def resource_type(self) -> str:
        """CloudFormation calls an inline policy ``AWS::IAM::Policy``."""
        return self.aws_type if self.owner else "AWS::IAM::ManagedPolicy"

    @property
    def principal(self) -> str:
        """ARN of the entity that holds an inline policy, of the policy itself otherwise."""
        return self.owner or self.resource


@dataclass(frozen=True, kw_only=True)
class PasswordPolicy(Subject):
    """The account's password policy; the AWS default of eight characters where none is `set`."""

    aws_type = "AwsAccount"
    set: bool
    minimum_length: int
    reuse_prevention: int
    max_age_days: int | None
    upper: bool
    lower: bool
    number: bool
    symbol: bool


@dataclass(frozen=True, kw_only=True)
class IdentityProvider(Subject):
    """A SAML (``saml``) or OpenID Connect (``oidc``) identity provider. `valid_until` ends a SAML certificate."""

    aws_type = "AwsIamIdentityProvider"
    protocol: str
    valid_until: datetime | None


@dataclass(frozen=True, kw_only=True)
class ServerCertificate(Subject):
    """A TLS certificate kept in IAM."""

    aws_type = "AWS::IAM::ServerCertificate"
    name: str
    expires: datetime


@dataclass(frozen=True, kw_only=True)
class EnabledRegion(Subject):
    """A Region that is enabled for the account."""

    aws_type = "AwsRegion"


@dataclass(frozen=True, kw_only=True)
class Analyzer(Subject):
    """An IAM Access Analyzer analyzer; `type` is AWS's (``ACCOUNT``, ``ORGANIZATION_UNUSED_ACCESS``, …)."""

    aws_type = "AWS::AccessAnalyzer::Analyzer"
    name: str
    type: str
    active: bool


@dataclass(frozen=True, kw_only=True)
class Region(Subject):
    """An enabled Region with the names of its active analyzers for external access."""

    aws_type = "AwsRegion"
    external_analyzers: tuple[str, ...]

    @property
    def name(self) -> str:
        """The Region's name."""
        return self.resource


@dataclass(frozen=True, kw_only=True)
class AnalyzerFinding(Subject):
    """An active finding of IAM Access Analyzer; `resource` is what it is about, `uid` the analyzer's finding id."""

    aws_type = "AccessAnalyzerFinding"
    gone_is_fixed = True
    type: str
    about_type: str
    analyzer: str
    created: datetime
    updated: datetime

    @property
    def resource_type(self) -> str:
        """Type of the resource that the finding is about."""
        return self.about_type

    @property
    def via(self) -> str:
        """The analyzer."""
        return self.analyzer


@dataclass(frozen=True, kw_only=True)
class ExternalAccess(AnalyzerFinding):
    """Somebody outside the zone of trust can reach the resource."""


@dataclass(frozen=True, kw_only=True)
class UnusedAccess(AnalyzerFinding):
    """A role, key, password or permission that was not used in the analyzer's window."""


@dataclass(frozen=True, kw_only=True)
class InternalAccess(AnalyzerFinding):
    """A principal inside the organization can reach a resource that was declared critical."""


@dataclass(frozen=True, kw_only=True)
class OrganizationMember(Subject):
    """The account as its organization knows it; `path` are the ids of the units above it, the root's first."""

    aws_type = "AWS::Organizations::Account"
    name: str
    path: tuple[str, ...]
