"""How people sign in to the account, and whom AWS writes to about it."""

from dataclasses import dataclass

from auditor.core.model import Subject


@dataclass(frozen=True, kw_only=True)
class IdentityCenterInstance(Subject):
    """An instance of IAM Identity Center that the account can see: its own or its organization's."""

    aws_type = "AWS::SSO::Instance"
    active: bool


@dataclass(frozen=True, kw_only=True)
class SignIn(Subject):
    """How people get into the account: names of users with a password, and ARNs of what federates people."""

    aws_type = "AwsAccount"
    password_users: tuple[str, ...]
    federations: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LocalUser(Subject):
    """An IAM user beside the ways of signing in without one; `administrator` is what `Principal` says."""

    aws_type = "AWS::IAM::User"
    name: str
    password_enabled: bool
    administrator: bool | None
    federations: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AlternateContacts(Subject):
    """E-mail addresses of the account's alternate contacts; None where there is none."""

    aws_type = "AwsAccount"
    security: str | None
    billing: str | None
    operations: str | None
