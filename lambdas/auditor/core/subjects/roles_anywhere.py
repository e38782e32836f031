"""IAM Roles Anywhere: certificate authorities that the account trusts, and the roles that their certificates get."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from auditor.core.model import Subject


@dataclass(frozen=True, kw_only=True)
class TrustAnchor(Subject):
    """A trust anchor. `algorithms` are those of its authorities' keys, `valid_until` is the first end of one of them.

    An algorithm is what AWS Private CA calls it (``EC_prime256v1``), or the certificate's object identifier in words
    (``rsa``) or digits.
    """

    aws_type = "AWS::RolesAnywhere::TrustAnchor"
    id: str
    name: str
    enabled: bool
    algorithms: tuple[str, ...]
    classical: bool
    valid_until: datetime


@dataclass(frozen=True, kw_only=True)
class AnywhereProfile(Subject):
    """A profile: the roles that a certificate may get through it.

    `session_policy` and the `managed` policies (ARNs) narrow what its sessions may do; without either they may do all
    that the role may.
    """

    aws_type = "AWS::RolesAnywhere::Profile"
    id: str
    name: str
    enabled: bool
    roles: tuple[str, ...]
    session_policy: Mapping[str, Any] | None = field(default=None, hash=False)
    managed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ProfileAccess(AnywhereProfile):
    """A profile with what its roles are.

    `administrators` are those roles that are administrators in its sessions too, `missing` those that do not exist.
    """

    administrators: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
