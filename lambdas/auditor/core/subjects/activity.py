"""What users and roles do with what they are granted."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from auditor.core.model import Subject
from auditor.core.subjects.credentials import KeySlot


@dataclass(frozen=True, kw_only=True)
class ServiceUse:
    """A service that identity policies grant, by its namespace (``s3``), and the last attempt to use it.

    None means no attempt in the 400 days that AWS keeps.
    """

    namespace: str
    last_used: datetime | None


@dataclass(frozen=True, kw_only=True)
class LastAccessed(Subject):
    """AWS's answer about one user or role, `generated` when it was asked."""

    aws_type = "AwsIamPrincipal"
    generated: datetime
    services: tuple[ServiceUse, ...]


@dataclass(frozen=True, kw_only=True)
class Activity(Subject):
    """A user or role with the services that it may use and did use, as of `generated`.

    `administrator` is what `Principal` says, None where that was not seen.
    """

    aws_type = "AwsIamPrincipal"
    kind: str
    name: str
    created: datetime
    generated: datetime
    services: tuple[ServiceUse, ...]
    administrator: bool | None = False

    @property
    def resource_type(self) -> str:
        """CloudFormation's name of the kind."""
        return f"AWS::IAM::{self.kind}"

    def idle(self, last_used: datetime | None) -> timedelta:
        """Whole days without a use when AWS was asked; what was never used is as idle as the principal is old."""
        return timedelta(days=(self.generated - (last_used or self.created)).days)


@dataclass(frozen=True, kw_only=True)
class UserActivity(Activity):
    """The same of a user, with what it signs in with."""

    password_enabled: bool
    keys: tuple[KeySlot, ...]
