from dataclasses import replace
from typing import Any

from auditor.checks.workloads import (
    access_key_in_configuration,
    administrator_workload,
    instance_without_role,
    internet_facing_administrator,
    secret_in_configuration,
    workload_in_management_account,
)
from auditor.core.case import Case
from auditor.core.model import Subject
from auditor.core.subjects.workloads import (
    CarriedKey,
    Instance,
    LooseSecret,
    ManagementWorkloads,
    Workload,
    WorkloadRole,
)
from tests.build import ACCOUNT, arn

FUNCTION, INSTANCE = "AWS::Lambda::Function", "AWS::EC2::Instance"


def regional(service: str, resource: str) -> dict[str, Any]:
    named = f"arn:aws:{service}:eu-west-1:{ACCOUNT}:{resource}"
    return {"resource": named, "uid": named, "region": "eu-west-1"}


def carried_key(**fields: Any) -> CarriedKey:
    where: dict[str, Any] = {"type": FUNCTION, "where": "Environment.Variables.DB_USER"}
    made = CarriedKey(**regional("lambda", "function:pay"), **where, key="AKIA1EXAMPLEEXAM7Q2M")
    return replace(made, **fields)


def carried_secret(**fields: Any) -> LooseSecret:
    where: dict[str, Any] = {"type": FUNCTION, "where": "Environment.Variables.DB"}
    return replace(LooseSecret(**regional("lambda", "function:pay"), **where, form="Private Key"), **fields)


def instance(**fields: Any) -> Instance:
    return replace(Instance(**regional("ec2", "instance/i-1"), type=INSTANCE), **fields)


def running(kind: str = FUNCTION, *, public: bool = False, **fields: Any) -> WorkloadRole:
    place = regional("ec2", "instance/i-1") if kind == INSTANCE else regional("lambda", "function:pay")
    made = WorkloadRole(**place, type=kind, role=arn("role/team/deploy"), administrator=True, public=public)
    return replace(made, **fields)


def account(*types: str, management: bool = True) -> ManagementWorkloads:
    return ManagementWorkloads(resource=ACCOUNT, uid="account", management=management, types=types)


PROFILE = arn("instance-profile/web")
OTHER: tuple[Subject, ...] = (Workload(**regional("lambda", "function:pay"), type=FUNCTION),)

CASES = (
    Case(
        access_key_in_configuration,
        fails={
            carried_key(): ("function:pay carries the access key AKIA...7Q2M in Environment.Variables.DB_USER"),
            carried_key(user="ana", active=True): (
                "function:pay carries the access key AKIA...7Q2M in Environment.Variables.DB_USER, an active key of ana"
            ),
            # It is one call to make it active again.
            carried_key(user="ana", active=False): (
                "function:pay carries the access key AKIA...7Q2M in Environment.Variables.DB_USER, "
                "an inactive key of ana"
            ),
        },
        left_out=OTHER,
    ),
    Case(
        secret_in_configuration,
        fails={
            carried_secret(): (
                "function:pay carries what looks like a secret (Private Key) in Environment.Variables.DB"
            ),
        },
        left_out=OTHER,
    ),
    Case(
        instance_without_role,
        fails={
            instance(): "instance/i-1 has no instance profile",
            instance(profile=PROFILE, empty_profile=True): (
                "the profile of instance/i-1 holds no role: instance-profile/web"
            ),
        },
        passes=(instance(profile=PROFILE, role=arn("role/web")), instance(profile=PROFILE)),
        left_out=OTHER,
    ),
    Case(
        administrator_workload,
        fails={
            running(): "function:pay runs with deploy, an administrator",
            running(INSTANCE): "instance/i-1 runs with deploy, an administrator",
            running("AWS::ECS::TaskDefinition", purpose="execution"): (
                "function:pay is started with deploy, an administrator"
            ),
        },
        passes=(
            running(administrator=False),
            running("AWS::CloudFormation::Stack"),
            # It is told by itself.
            running(INSTANCE, public=True),
        ),
    ),
    Case(
        internet_facing_administrator,
        fails={
            running(INSTANCE, public=True): ("instance/i-1 has a public address and the role deploy, an administrator"),
        },
        # A role alone is no fault, public or not: others flag every instance that has one.
        passes=(running(INSTANCE, public=True, administrator=False), running(INSTANCE)),
    ),
    Case(
        workload_in_management_account,
        fails={
            account(INSTANCE, FUNCTION): "the management account runs AWS::EC2::Instance, AWS::Lambda::Function",
        },
        passes=(account(), account(FUNCTION, management=False)),
    ),
)
