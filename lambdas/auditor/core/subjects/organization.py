"""The account as its organization knows it."""

from dataclasses import dataclass

from auditor.core.model import Subject


@dataclass(frozen=True, kw_only=True)
class OrganizationMember(Subject):
    """The account as its organization knows it; `path` are the ids of the units above it, the root's first."""

    aws_type = "AWS::Organizations::Account"
    name: str
    path: tuple[str, ...]
