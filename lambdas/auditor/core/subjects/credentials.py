"""What somebody signs in with: the root user, users, their passwords, keys and devices."""

from dataclasses import dataclass
from datetime import datetime

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
class CertificateSlot:
    """One of the two X.509 signing certificate columns of the credential report."""

    active: bool
    rotated: datetime | None


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
    certificates: tuple[CertificateSlot, ...] = ()


@dataclass(frozen=True, kw_only=True)
class KeyMetadata(Subject):
    """One access key as ListAccessKeys tells it: `created` is the true creation date."""

    aws_type = "AWS::IAM::AccessKey"
    user: str
    active: bool
    created: datetime


@dataclass(frozen=True, kw_only=True)
class AccountSummary(Subject):
    """Counts of GetAccountSummary, of which only those about the root user are read."""

    aws_type = "AwsAccount"
    root_password: bool
    root_keys: bool
    root_mfa: bool
    root_certificates: bool = False


@dataclass(frozen=True, kw_only=True)
class VirtualMfaDevice(Subject):
    """One virtual MFA device; `user` is the ARN of who holds it, None while nobody does."""

    aws_type = "AWS::IAM::VirtualMFADevice"
    user: str | None


@dataclass(frozen=True, kw_only=True)
class MfaDevice(Subject):
    """One MFA device as ListMFADevices tells it: `user` is the name of its user, `resource` its serial number.

    `copyable` says that what it proves can be had elsewhere: the seed of a virtual device, a text message.
    """

    aws_type = "AwsIamMfaDevice"
    user: str
    copyable: bool


@dataclass(frozen=True, kw_only=True)
class ServiceCredentialMetadata(Subject):
    """One service-specific credential as ListServiceSpecificCredentials tells it; `service` is a service principal.

    Only API keys have an end; those without one work for ever.
    """

    aws_type = "AwsIamServiceSpecificCredential"
    user: str
    service: str
    active: bool
    created: datetime
    expires: datetime | None


@dataclass(frozen=True, kw_only=True)
class RootUser(Subject):
    """The root user: its credentials from the account summary and the credential report, its use from the report.

    `guarded` says that a service control policy denies it everything, False where that was not seen.
    """

    aws_type = "AwsIamRootUser"
    has_password: bool
    has_access_key: bool
    mfa_active: bool
    password_last_used: datetime | None
    keys: tuple[KeySlot, ...]
    guarded: bool = False
    has_certificate: bool = False
    certificates: tuple[CertificateSlot, ...] = ()

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
    """An IAM user with its credentials. `administrator` is what `Principal` says, None where that was not seen."""

    aws_type = "AWS::IAM::User"
    name: str
    created: datetime
    password_enabled: bool
    password_last_used: datetime | None
    password_last_changed: datetime | None
    mfa_active: bool
    active_keys: int
    keys: tuple[KeySlot, ...] = ()
    certificates: tuple[CertificateSlot, ...] = ()
    administrator: bool | None = False


@dataclass(frozen=True, kw_only=True)
class UserWithRights(User):
    """A user whose policies were all seen: that it is no administrator is certain."""


@dataclass(frozen=True, kw_only=True)
class UserWithDevices(UserWithRights):
    """A user with its MFA devices, by their serial numbers. Only administrators' devices are asked for."""

    copyable_devices: tuple[str, ...] = ()
    bound_devices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class UserWithServices(User):
    """A user with the services that it has active service-specific credentials for."""

    services: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AccessKey(Subject):
    """An access key of an IAM user.

    `rows` are the report's slots that may be this key's: two only where the evidence cannot tell a user's keys apart.
    `administrator` is what `Principal` says of its user, None where that was not seen; `console` says whether that has
    a password.
    """

    aws_type = "AWS::IAM::AccessKey"
    gone_is_fixed = True  # a key that is not active any more is not listed any more
    user: str
    user_arn: str
    active: bool
    created: datetime
    rows: tuple[KeySlot, ...]
    administrator: bool | None = False
    console: bool = False
    user_created: datetime | None = None

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
class ServiceCredential(ServiceCredentialMetadata):
    """A service-specific credential with the ARN of its user."""

    user_arn: str

    @property
    def id(self) -> str:
        """Its id."""
        return self.uid

    @property
    def principal(self) -> str:
        """ARN of the user who holds it."""
        return self.user_arn

    def works(self, now: datetime) -> bool:
        """Whether it opens anything at that moment."""
        return self.active and (self.expires is None or self.expires > now)


@dataclass(frozen=True, kw_only=True)
class BedrockKey(ServiceCredential):
    """A long-term API key for Amazon Bedrock, and what its user may do there."""

    administrator: bool
    whole_service: bool


@dataclass(frozen=True, kw_only=True)
class PasswordPolicy(Subject):
    """The account's password policy; the AWS default where none is `set`.

    The default asks for eight characters of three of the four classes, so that no single class is sure; its passwords
    never expire and may be used again.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
    """

    aws_type = "AwsAccount"
    set: bool
    minimum_length: int
    reuse_prevention: int
    max_age_days: int | None
    upper: bool
    lower: bool
    number: bool
    symbol: bool
