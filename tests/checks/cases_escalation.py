from dataclasses import replace
from typing import Any

from auditor.checks.escalation import administrator_for_others, path_to_administrator
from auditor.core.case import Case
from auditor.core.subjects.escalation import EscalationPath, PathStep
from tests.build import ago, arn

STEP = PathStep(
    actor=arn("user/ana"),
    technique="put-user-policy",
    target=arn("user/ana"),
    says="user/ana writes an inline policy into user/ana",
    permissions=("iam:PutUserPolicy by helpers, statement 1",),
)
TOLD = "user/ana writes an inline policy into user/ana (iam:PutUserPolicy by helpers, statement 1)"


def path(*steps: PathStep, **fields: Any) -> EscalationPath:
    own: dict[str, Any] = {"kind": "User", "name": "ana", "has_key": False, "without_mfa": False, "outside": False}
    return EscalationPath(resource=arn("user/ana"), uid="AIDA1", steps=steps, **(own | fields))


def role(*steps: PathStep, **fields: Any) -> EscalationPath:
    return replace(path(*steps, **fields), resource=arn("role/deploy"), uid="AROA1", kind="Role", name="deploy")


SECOND = replace(
    STEP,
    technique="assume-role",
    says="user/ana assumes role/deploy",
    permissions=("sts:AssumeRole by helpers",),
    target=arn("role/d"),
)
UNSURE = replace(STEP, conditions=("aws:SourceIp",), assumed="assumed that it runs")

CASES = [
    Case(
        path_to_administrator,
        fails={
            path(STEP): TOLD,
            path(STEP, SECOND): f"{TOLD}; then user/ana assumes role/deploy (sts:AssumeRole by helpers)",
            path(UNSURE, unseen=("the organization",)): (
                f"{TOLD}; still to be met: aws:SourceIp; assumed that it runs; not seen: the organization"
            ),
            path(STEP, more=3): f"{TOLD}; then 3 more",
            path(STEP, oldest_key=ago(91)): f"{TOLD}; its access key is of 2026-08-21",
            path(STEP, oldest_key=ago(90)): TOLD,
            path(STEP, without_mfa=True): TOLD,
            role(STEP, outside=True): TOLD,
        },
        shows={
            path(STEP, SECOND): {
                "steps": (
                    f"put-user-policy: {arn('user/ana')} -> {arn('user/ana')}",
                    f"assume-role: {arn('user/ana')} -> {arn('role/d')}",
                ),
                "conditions": (),
                "assumed": (),
            },
            path(replace(STEP, target="")): {
                "steps": (f"put-user-policy: {arn('user/ana')} -> account",),
                "conditions": (),
                "assumed": (),
            },
        },
        passes=(path(), path(administrator=True), path(others=(arn("role/deploy"),)), path(without_mfa=True)),
    ),
    Case(
        administrator_for_others,
        fails={
            path(others=(arn("role/deploy"),)): "ana can make role/deploy administrator",
            path(others=(arn("user/bob"), arn("role/deploy"))): "ana can make user/bob, role/deploy administrator",
            path(others=tuple(arn(f"role/{n}") for n in range(3))): "ana can make role/0, role/1, role/2 administrator",
            path(others=tuple(arn(f"role/{n}") for n in range(5))): (
                "ana can make role/0, role/1, role/2 and 2 others administrator"
            ),
        },
        shows={path(others=(arn("user/bob"), arn("role/deploy"))): {"kinds": ("role", "user")}},
        passes=(path(), path(STEP, others=(arn("role/deploy"),))),
    ),
]
