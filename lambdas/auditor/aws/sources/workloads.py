"""What runs with a role, in every enabled Region: functions, instances, tasks, builds, notebooks, jobs, stacks."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, RootModel

from auditor.aws.inventory import collected
from auditor.aws.running import CONFIGURED, INSTANCES, NOTEBOOKS
from auditor.aws.session import Aws
from auditor.aws.source import Asked, Reading, Shape, Source, validated
from auditor.aws.sources import regions
from auditor.core.model import Owner
from auditor.core.subjects.workloads import Workload

KINDS = (*CONFIGURED, INSTANCES, NOTEBOOKS)


class Entry(Shape):
    """A resource with one of its roles; several where it has several."""

    type: str = Field(pattern=r"^\w+::\w+::\w+$")
    arn: str = Field(pattern=r"^arn:[^:]+:[^:]+:[^:]+:[^:]*:.")
    role: str | None = Field(default=None, pattern=r"^arn:[^:]+:iam::[^:]*:role/.")
    profile: str | None = None
    purpose: str = ""
    public: bool = False


class Listing(RootModel[list[Entry]]):
    """The whole file."""


def gather(aws: Aws, needed: Mapping[str, Any]) -> Asked:
    """One call for each kind in each Region, and one for each project a hundred, notebook, task and state machine."""
    names = regions.enabled(needed, aws.owner)
    answers = [collected(aws, kind, names) for kind in KINDS]
    found = [it for answer in answers for it in answer.found]
    return Asked(
        raw=[{"type": it.type, "arn": it.arn, **run} for it in found for run in it.runs],
        gaps={scope: gap for answer in answers for scope, gap in answer.gaps.items()},
    )


def read(raw: Any, _: Owner) -> Reading:
    """One subject for each resource and role."""
    return Reading(subjects=[_subject(it) for it in validated(Listing, raw).root])


def _subject(it: Entry) -> Workload:
    revision = it.arn.rpartition(":")[0] if it.type == "AWS::ECS::TaskDefinition" else it.arn
    return Workload(
        resource=it.arn,
        uid=f"{revision}#{it.purpose}" if it.purpose else revision,
        region=it.arn.split(":")[3],
        type=it.type,
        role=it.role,
        profile=it.profile,
        purpose=it.purpose,
        public=it.public,
        tags=None,
    )


WORKLOADS = Source(
    name="workloads",
    actions=tuple(sorted(action for kind in KINDS for action in kind.actions)),
    kinds=(Workload,),
    gather=gather,
    read=read,
    needs=(regions.REGIONS.name,),
)
