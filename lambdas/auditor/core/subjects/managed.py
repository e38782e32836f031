"""What is judged of managed scopes besides the entities themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from auditor.core.model import Subject
from auditor.core.subjects.entities import Policy


@dataclass(frozen=True, kw_only=True)
class Roster(Subject):
    """The ARNs of all users and roles of the account that there are, whatever of them was seen."""

    aws_type = "AwsAccount"
    entities: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class HeldPolicy(Policy):
    """A policy of the account's own (managed or inline); `held_by` are the tags of each of its holders by ARN."""

    held_by: Mapping[str, Mapping[str, str] | None] = field(hash=False)
