"""What follows for workloads from what the sources said, and what does not while something was not seen."""

from typing import Any

import pytest

from auditor.core.evaluate import Examined
from auditor.core.life import Event
from auditor.core.model import Observed, Subject, Unavailable, kind_in
from auditor.core.reconcile import reconcile
from auditor.core.subjects.credentials import KeyMetadata
from auditor.core.subjects.entities import Principal, Role
from auditor.core.subjects.organization import Affiliation
from auditor.core.subjects.workloads import (
    SECRET_ACCESS_KEY,
    CarriedKey,
    CarriedKeyId,
    CarriedSecret,
    Instance,
    LooseSecret,
    ManagementWorkloads,
    Workload,
    WorkloadRole,
    place_of,
)
from auditor.policy.derive import derive
from tests.build import (
    ACCOUNT,
    OWNER,
    audited,
    evaluation,
    events,
    finding,
    key_metadata,
    observed,
    principal,
    role,
    skip,
)

DENIED = Unavailable(reason="AccessDenied")
PROFILE = f"arn:aws:iam::{ACCOUNT}:instance-profile/web"
FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:pay"
INSTANCE = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-1"
LAMBDA = "AWS::Lambda::Function"


def function(**fields: Any) -> Workload:
    return Workload(resource=FUNCTION, uid=FUNCTION, region="eu-west-1", type=LAMBDA, **fields)


def instance(**fields: Any) -> Workload:
    return Workload(resource=INSTANCE, uid=INSTANCE, region="eu-west-1", type="AWS::EC2::Instance", **fields)


def of(kind: type[Subject], facts: dict[type[Subject], Observed[Subject] | Unavailable]) -> Any:
    return derive(facts)[kind]


ROLE = role(instance_profiles=(PROFILE,), path="/team/")
HELD: dict[type[Subject], Observed[Subject] | Unavailable] = {Role: observed(ROLE)}
ADMINISTRATOR = principal(resource=ROLE.resource, administrator=True) if False else None


def test_instance_has_the_role_that_its_profile_holds() -> None:
    (it,) = of(Instance, {Workload: observed(instance(profile=PROFILE), function()), **HELD}).subjects
    assert (it.role, it.empty_profile, it.id) == (ROLE.resource, False, "i-1")


def test_profile_that_no_role_is_in_is_empty() -> None:
    (it,) = of(Instance, {Workload: observed(instance(profile=PROFILE)), Role: observed()}).subjects
    assert it.empty_profile


@pytest.mark.parametrize("roles", [DENIED, observed(gaps={"role/x": "lacking"})])
def test_profile_is_not_taken_for_empty_while_roles_were_not_all_seen(roles: Observed[Subject] | Unavailable) -> None:
    (it,) = of(Instance, {Workload: observed(instance(profile=PROFILE)), Role: roles}).subjects
    assert (it.role, it.empty_profile) == (None, False)


def roles_of(*workloads: Workload, principals: Observed[Subject] | Unavailable | None = None) -> Any:
    from auditor.core.derived.workloads import workload_roles  # noqa: PLC0415

    known = principals or observed(_principal())
    return workload_roles(observed(*workloads), observed(ROLE), known)  # type: ignore[arg-type]


def _principal(**fields: Any) -> Principal:
    made = principal("Role", "team/deploy", administrator=True, **fields)
    assert made.resource == ROLE.resource
    return made
