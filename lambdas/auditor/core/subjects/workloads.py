"""What runs in the account, with which role, and which secrets its configuration carries."""

from dataclasses import dataclass
from hashlib import sha256

from auditor.core.model import Subject

INSTANCE = "AWS::EC2::Instance"
STACK = "AWS::CloudFormation::Stack"
EXECUTION = "execution"
"""The purpose of the role with which ECS starts a task."""

SECRET_ACCESS_KEY = "AWS secret access key"  # noqa: S105  (what it is called)
"""The form of the other half of an access key."""


@dataclass(frozen=True, kw_only=True)
class Workload(Subject):
    """A resource that runs with a role, or could.

    `role` is the role's ARN; an instance has it through its instance `profile` (an ARN). `purpose` is ``execution`` for
    the role with which ECS starts a task, and empty for the one that the code itself gets. `public` says that the
    resource has a public IPv4 address.
    """

    aws_type = "AwsWorkload"
    type: str
    role: str | None = None
    profile: str | None = None
    purpose: str = ""
    public: bool = False

    @property
    def resource_type(self) -> str:
        """CloudFormation's name of the kind."""
        return self.type


@dataclass(frozen=True, kw_only=True)
class Instance(Workload):
    """An EC2 instance. `empty_profile` says that it has an instance profile which holds no role."""

    aws_type = INSTANCE
    empty_profile: bool = False

    @property
    def id(self) -> str:
        """The instance's id."""
        return self.resource.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class WorkloadRole(Workload):
    """A workload with the role that it runs with; `administrator` is what `Principal` says of the role."""

    administrator: bool = False

    @property
    def role_name(self) -> str:
        """The role's name, without its path."""
        return (self.role or "").rpartition("/")[2]

    @property
    def principal(self) -> str:
        """ARN of the role."""
        return self.role or self.resource


@dataclass(frozen=True, kw_only=True)
class ManagementWorkloads(Subject):
    """The account as a place of work: whether it is its organization's management account, and what kinds run in it."""

    aws_type = "AWS::Organizations::Account"
    management: bool
    types: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Carried(Subject):
    """A secret in a resource's configuration; `where` in it, for example ``Environment.Variables.DB_USER``."""

    aws_type = "AwsConfiguration"
    type: str
    where: str

    @property
    def resource_type(self) -> str:
        """CloudFormation's name of the resource that carries it."""
        return self.type


@dataclass(frozen=True, kw_only=True)
class CarriedSecret(Carried):
    """Something of which only its `form` is known, for example ``Private Key``: nothing of its value is kept."""

    form: str


@dataclass(frozen=True, kw_only=True)
class LooseSecret(CarriedSecret):
    """A carried secret that is not the other half of an access key whose id the same resource carries."""


@dataclass(frozen=True, kw_only=True)
class CarriedKeyId(Carried):
    """An access key's id; `uid` has a digest of it instead."""

    key: str


@dataclass(frozen=True, kw_only=True)
class CarriedKey(CarriedKeyId):
    """An access key in a configuration, and whose it is.

    `user` and `active` are None unless the key is one of this account that was seen.
    """

    user: str | None = None
    active: bool | None = None

    @property
    def masked(self) -> str:
        """The key's id, but for its last four characters."""
        return f"{self.key[:4]}...{self.key[-4:]}"


def place_of(arn: str, where: str, what: str) -> str:
    """A uid for what stands at a place of a resource: it tells two of them apart and shows neither."""
    return f"{arn}#{where}#{sha256(what.encode()).hexdigest()[:12]}"


LOOKED_FOR = frozenset(
    {
        "AWS::CloudFormation::Stack",
        "AWS::CodeBuild::Project",
        "AWS::EC2::Instance",
        "AWS::ECS::TaskDefinition",
        "AWS::Glue::Job",
        "AWS::Lambda::Function",
        "AWS::SageMaker::NotebookInstance",
        "AWS::StepFunctions::StateMachine",
    }
)
"""The kinds of workloads that evidence has: of any other nothing is known."""
