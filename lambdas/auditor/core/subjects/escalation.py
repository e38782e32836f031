"""How somebody who is no administrator can become one."""

from dataclasses import dataclass
from datetime import datetime

from auditor.core.model import Subject


@dataclass(frozen=True, kw_only=True)
class PathStep:
    """One step of a path: who does what, in a sentence, to which target (an ARN, empty for the account).

    `technique` is the id of a known technique, `permissions` are the actions that it takes, each with what allows it.
    `conditions` are the condition keys still to be met, `assumed` what had to be assumed because it was not seen.
    """

    actor: str
    technique: str
    target: str
    says: str
    permissions: tuple[str, ...]
    conditions: tuple[str, ...] = ()
    assumed: str = ""
    fix: str = ""
    reference: str = ""


@dataclass(frozen=True, kw_only=True)
class EscalationPath(Subject):
    """A user or role with its shortest path to administrator: no steps where there is none, or it is one already.

    `more` is how many steps follow those that are told. `others` are ARNs of those whom it can make administrator
    although it can become none of them. `remedy` closes the most paths of all that each close this one, `closes` is how
    many. `oldest_key` is when the oldest active key was created, `without_mfa` says that it has a password or key and
    no MFA device, `outside` that others than the account's own principals can become it; each is None where that was
    not seen. `unseen` is what might forbid a step and was not seen.
    """

    aws_type = "AwsIamPrincipal"
    kind: str
    name: str
    steps: tuple[PathStep, ...] = ()
    more: int = 0
    administrator: bool = False
    others: tuple[str, ...] = ()
    remedy: str = ""
    closes: int = 0
    oldest_key: datetime | None = None
    has_key: bool | None = None
    without_mfa: bool | None = None
    outside: bool | None = None
    unseen: tuple[str, ...] = ()

    @property
    def resource_type(self) -> str:
        """CloudFormation's name of the kind."""
        return f"AWS::IAM::{self.kind}"

    @property
    def conditions(self) -> tuple[str, ...]:
        """The condition keys that its steps still have to meet."""
        return tuple(dict.fromkeys(it for step in self.steps for it in step.conditions))

    @property
    def assumed(self) -> tuple[str, ...]:
        """What its steps assume."""
        return tuple(dict.fromkeys(step.assumed for step in self.steps if step.assumed))
