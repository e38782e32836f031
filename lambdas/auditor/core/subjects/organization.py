"""The account as its organization knows it."""

from dataclasses import dataclass

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
