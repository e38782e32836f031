"""What IAM holds: users, groups, roles, policies, identity providers and certificates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from auditor.core.model import Subject


@dataclass(frozen=True, kw_only=True)
class Entity(Subject):
    """What users, groups and roles have in common: the policies they hold themselves.

    `attached` are ARNs of managed policies, `inline` names; `boundary` is the ARN of the permissions boundary.
    """

    name: str
    path: str = "/"
    created: datetime
    attached: tuple[str, ...] = ()
    inline: tuple[str, ...] = ()
    boundary: str | None = None


@dataclass(frozen=True, kw_only=True)
class UserDetail(Entity):
    """One user as GetAccountAuthorizationDetails tells it; credentials are the credential report's to tell.

    `groups` are the names of the groups that the user is in.
    """

    aws_type = "AWS::IAM::User"
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Group(Entity):
    """An IAM group; `members` are the ARNs of its users."""

    aws_type = "AWS::IAM::Group"
    members: tuple[str, ...] = ()


AWS_PATHS = ("/aws-service-role/", "/aws-reserved/")
"""Where AWS keeps the roles that it makes and removes: service-linked ones, and those of IAM Identity Center."""


@dataclass(frozen=True, kw_only=True)
class Role(Entity):
    """An IAM role. `last_used` covers the 400 days that AWS keeps: None means no use in them.

    `trust` is its trust policy, `instance_profiles` are the ARNs of the profiles it is in.
    """

    aws_type = "AWS::IAM::Role"
    last_used: datetime | None
    trust: Mapping[str, Any] = field(default_factory=dict, hash=False)
    instance_profiles: tuple[str, ...] = ()

    @property
    def service_linked(self) -> bool:
        """Whether only the AWS service that made it can use it."""
        return self.path.startswith("/aws-service-role/")

    @property
    def aws_owned(self) -> bool:
        """Service-linked roles and those of IAM Identity Center: AWS makes and removes them."""
        return self.path.startswith(AWS_PATHS)


@dataclass(frozen=True, kw_only=True)
class Principal(Entity):
    """A user, group or role with everything it holds, judged on the documents: no condition or guardrail is weighed.

    `groups` are a user's groups, `inherited` the ARNs of the managed policies it has through them, `documents` every
    policy that it holds in any way, its own first, `holdings` their names, each with the ARN of the group that it comes
    through. `administrator` says that one of them allows everything, and that no permissions boundary allows less;
    `bounds` is that boundary's document, empty if there is none, `trust` a role's trust policy. `management` is the
    account that manages the organization, which can act in each of its members anyway, `organization` that one's id,
    empty if the account is in none; both are None where that was not seen.
    """

    aws_type = "AwsIamPrincipal"
    kind: str
    groups: tuple[str, ...] = ()
    inherited: tuple[str, ...] = ()
    administrator: bool = False
    aws_owned: bool = False
    management: str | None = None
    organization: str | None = None
    documents: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    holdings: tuple[tuple[str, str], ...] = ()
    bounds: Mapping[str, Any] = field(default_factory=dict, hash=False)
    trust: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def resource_type(self) -> str:
        """CloudFormation's name of the kind."""
        return f"AWS::IAM::{self.kind}"

    @property
    def own_documents(self) -> tuple[Mapping[str, Any], ...]:
        """The policies that it holds without any group: they come first."""
        return self.documents[: len(self.attached) + len(self.inline)]


SPELLED_OUT = 3
"""Holders that a sentence names."""


@dataclass(frozen=True, kw_only=True)
class Policy(Subject):
    """A permissions policy: managed (its default version) or inline (`owner` is then the entity that holds it).

    `boundary_of` are the ARNs of the users and roles whose permissions boundary it is; `changed` is when its default
    version was made or chosen, None where the evidence does not say. `other_versions` are the documents of the versions
    that are not the default.
    """

    aws_type = "AWS::IAM::Policy"
    name: str
    owner: str | None
    attached_to: tuple[str, ...]
    boundary_of: tuple[str, ...] = ()
    changed: datetime | None = None
    document: Mapping[str, Any] = field(hash=False)
    other_versions: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)

    @property
    def holders(self) -> str:
        """Who holds it, for a sentence: ``user/ana, role/deploy``, ``12 principals`` or ``nobody``."""
        names = [arn.partition(":")[2].rpartition(":")[2] for arn in self.attached_to]
        return f"{len(names)} principals" if len(names) > SPELLED_OUT else ", ".join(names) or "nobody"

    @property
    def in_aws_role(self) -> bool:
        """Whether it is inside a role that AWS makes and removes."""
        return (self.owner or "").partition(":role")[2].startswith(AWS_PATHS)

    @property
    def customers(self) -> bool:
        """Whether the account's own people manage it as a policy that can be attached, and it does not only bound."""
        return not (self.owner or self.aws_managed or self.boundary_only)

    @property
    def boundary_only(self) -> bool:
        """Whether it bounds somebody and grants nobody anything."""
        return bool(self.boundary_of) and not self.attached_to

    @property
    def aws_managed(self) -> bool:
        """Whether it is AWS's own: those have no account in their ARN."""
        return self.owner is None and self.resource.split(":")[4:5] == ["aws"]

    @property
    def resource_type(self) -> str:
        """CloudFormation calls an inline policy ``AWS::IAM::Policy``."""
        return self.aws_type if self.owner else "AWS::IAM::ManagedPolicy"

    @property
    def principal(self) -> str:
        """ARN of the entity that holds an inline policy, of the policy itself otherwise."""
        return self.owner or self.resource


@dataclass(frozen=True, kw_only=True)
class Attachments(Subject):
    """The managed policies that anything in the account holds, by ARN; `by_roles` are those that roles hold."""

    aws_type = "AwsAccount"
    by_roles: tuple[str, ...]
    by_anyone: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class IdentityProvider(Subject):
    """A SAML (``saml``) or OpenID Connect (``oidc``) identity provider.

    `valid_until` ends a SAML certificate; `audiences` are the client ids whose tokens an OpenID Connect provider takes.
    """

    aws_type = "AwsIamIdentityProvider"
    protocol: str
    valid_until: datetime | None
    audiences: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name, or its host and path."""
        return self.resource.partition("/")[2]


@dataclass(frozen=True, kw_only=True)
class IdentityProviderDetail(IdentityProvider):
    """An identity provider whose tags and audiences were seen: AWS tells them one by one."""


@dataclass(frozen=True, kw_only=True)
class TrustedProvider(IdentityProvider):
    """An identity provider with the ARNs of the roles that admit whom it signs in."""

    roles: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ServerCertificate(Subject):
    """A TLS certificate kept in IAM."""

    aws_type = "AWS::IAM::ServerCertificate"
    name: str
    expires: datetime


@dataclass(frozen=True, kw_only=True)
class ServerCertificateDetail(ServerCertificate):
    """A certificate whose tags were seen: AWS tells them one by one."""
