"""What is known of an account, and what is not: subjects, gaps, and the snapshot that holds them.

Every subject is a frozen fact about one thing in one account; `auditor.core.subjects` has their kinds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Generic, TypeVar, cast

GLOBAL = "global"
"""Region of everything that IAM holds once for an account."""


def kind_in(region: str, resource_type: str) -> str:
    """The key of a gap that hides one kind of resource in a Region: ``eu-west-1/AWS::Lambda::Function``."""
    return f"{region}/{resource_type}"


@dataclass(frozen=True, kw_only=True)
class Unavailable:
    """A fact that could not be seen, and why.

    `inapplicable` marks what cannot be seen by design (the partition has no such API, nobody asked for that analysis):
    it is shown and resolves nothing, but raises no alarm. `elsewhere` is the account in which it was judged instead, so
    that what was found here may end.
    """

    reason: str
    inapplicable: bool = False
    elsewhere: str = ""


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The account that subjects belong to: twelve digits, and the partition (``aws``, ``aws-cn``, ``aws-us-gov``)."""

    account: str
    partition: str

    @property
    def root_arn(self) -> str:
        """ARN of the account's root user."""
        return f"arn:{self.partition}:iam::{self.account}:root"


@dataclass(frozen=True, kw_only=True)
class Membership:
    """What an organization knows of an account: its name, its tags, and the ids of the units above it, root first."""

    name: str
    path: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One thing that can be judged.

    `resource` is its ARN, or the plain id where AWS gives it none (access keys, Regions, the account); `uid` is the id
    that AWS never uses again (AIDA…, AROA…, the key's id), so that a recreated namesake is another subject. `tags` are
    None where they could not be seen.
    """

    aws_type: ClassVar[str]
    gone_is_fixed: ClassVar[bool] = False
    """Whether the subject is itself a problem that somebody else found, so that its absence is good news."""

    resource: str
    uid: str
    region: str = GLOBAL
    tags: Mapping[str, str] | None = field(default_factory=dict, hash=False)

    @property
    def resource_type(self) -> str:
        """What `resource` is, in CloudFormation's names where it has one."""
        return self.aws_type

    @property
    def principal(self) -> str:
        """ARN of the principal to ask about this subject."""
        return self.resource

    @property
    def via(self) -> str:
        """ARN of the analyzer that told of it; empty for what the account itself tells."""
        return ""


S_co = TypeVar("S_co", bound=Subject, covariant=True)
S = TypeVar("S", bound=Subject)
Gaps = Mapping[str, Unavailable]


@dataclass(frozen=True, kw_only=True)
class Observed(Generic[S_co]):
    """All subjects of a kind that were seen, the evidence time, and what is missing.

    A gap's key is a Region's name, that with a kind of resource (`kind_in`), or the `resource` or `principal` of
    subjects: whatever it names was not completely seen. `via` are the analyzers that were asked: of what another one
    told before, nothing is known.
    """

    subjects: tuple[S_co, ...]
    as_of: datetime
    gaps: Gaps = field(default_factory=dict)
    via: frozenset[str] = frozenset()


Facts = Mapping[type[Subject], Observed[Subject] | Unavailable]


@dataclass(frozen=True, kw_only=True)
class AccountSnapshot:
    """Everything that is known about an account at one time."""

    owner: Owner
    gathered_at: datetime
    facts: Facts

    def of(self, kind: type[S]) -> Observed[S] | Unavailable:
        """Subjects of `kind`, or why there are none to see."""
        return cast("Observed[S] | Unavailable", self.facts.get(kind, Unavailable(reason="no source gives it")))
