from typing import Any

from auditor.checks.boundaries import boundless_boundary, removable_boundary, unbounded_delegation
from auditor.core.case import Case
from tests.build import ADMINISTRATOR, OWNER, allowing, arn, policy, principal

ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}
BOUND = {"StringEquals": {"iam:PermissionsBoundary": arn("policy/edge")}}
SECURELY = {"Bool": {"aws:SecureTransport": "true"}}
UNBOUND = {"StringNotEquals": {"iam:PermissionsBoundary": arn("policy/edge")}}
EDGE = arn("policy/edge")
AWS_EDGE = f"arn:{OWNER.partition}:iam::aws:policy/PowerUserAccess"


def denying(*actions: str, resource: str = "*", **elements: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": list(actions), "Resource": resource, **elements}


def also(document: dict[str, Any], *statements: dict[str, Any]) -> dict[str, Any]:
    return {"Statement": [document["Statement"], *statements]}


def holding(*documents: dict[str, Any], **fields: Any) -> Any:
    return principal("User", "ana", documents=documents, **fields)


def bounded(*documents: dict[str, Any], by: Any = ADMINISTRATOR, edge: str = EDGE, **fields: Any) -> Any:
    return holding(*documents, boundary=edge, bounds=by, **fields)


CASES = (
    Case(
        boundless_boundary,
        fails={
            policy(ADMINISTRATOR, boundary_of=(arn("role/deploy"),)): "everything bounds role/deploy and allows * on *",
            policy(ADMINISTRATOR, boundary_of=(arn("role/a"), arn("user/b")), attached_to=()): (
                "everything bounds 2 principals and allows * on *"
            ),
        },
        passes=(
            policy(ADMINISTRATOR),
            policy(allowing("s3:*"), boundary_of=(arn("role/deploy"),)),
            policy({"Statement": [ALLOW, denying("iam:*")]}, boundary_of=(arn("role/deploy"),)),
        ),
    ),
    Case(
        unbounded_delegation,
        fails={
            holding(allowing("iam:CreateUser")): (
                "ana may use iam:CreateUser on everybody without a permissions boundary"
            ),
            # What it holds counts together, whichever policy says it.
            holding(allowing("s3:*"), allowing("iam:Put*", arn("*"))): (
                "ana may use iam:PutUserPolicy, iam:PutRolePolicy on everybody without a permissions boundary"
            ),
            holding(allowing("iam:CreateRole", Condition=SECURELY)): (
                "ana may use iam:CreateRole on everybody without a permissions boundary"
            ),
            # What denies it under some condition leaves it under others.
            holding(also(allowing("iam:CreateUser"), denying("iam:*", Condition=SECURELY))): (
                "ana may use iam:CreateUser on everybody without a permissions boundary"
            ),
            bounded(allowing("iam:CreateRole"), by=allowing(["iam:*", "s3:*"])): (
                "ana may use iam:CreateRole on everybody without a permissions boundary"
            ),
        },
        passes=(
            holding(allowing("iam:CreateUser"), administrator=True),
            holding(allowing("iam:CreateUser"), aws_owned=True),
            holding(allowing("iam:CreateUser", arn("user/app/*"))),
            holding(allowing("iam:CreateUser", Condition=BOUND)),
            holding(also(allowing("iam:CreateUser"), denying("iam:*", Condition=UNBOUND))),
            holding(allowing("iam:CreateUser"), {"Statement": denying("iam:CreateUser")}),
            holding({"Statement": denying("iam:CreateUser", Condition=SECURELY)}),
            bounded(allowing("iam:CreateUser"), by=allowing("s3:*")),
            bounded(allowing("iam:CreateUser"), by=allowing("iam:*", Condition=BOUND)),
            holding(allowing(["iam:Get*", "iam:CreateGroup"])),
        ),
    ),
    Case(
        removable_boundary,
        fails={
            bounded(allowing("iam:*")): (
                "ana may use iam:DeleteUserPermissionsBoundary, iam:PutUserPermissionsBoundary,"
                " iam:CreatePolicyVersion, iam:SetDefaultPolicyVersion on its own boundary"
            ),
            bounded(allowing("iam:Delete*", arn("user/ana"))): (
                "ana may use iam:DeleteUserPermissionsBoundary on its own boundary"
            ),
            bounded(allowing("iam:CreatePolicyVersion", EDGE)): (
                "ana may use iam:CreatePolicyVersion on its own boundary"
            ),
            # A boundary of AWS's nobody here can rewrite, but take off.
            bounded(allowing("iam:*"), edge=AWS_EDGE): (
                "ana may use iam:DeleteUserPermissionsBoundary, iam:PutUserPermissionsBoundary on its own boundary"
            ),
            # To delete, a condition names the boundary that is taken off.
            bounded(allowing("iam:*UserPermissionsBoundary", Condition=BOUND)): (
                "ana may use iam:DeleteUserPermissionsBoundary on its own boundary"
            ),
            bounded(allowing("iam:*UserPermissionsBoundary"), by=allowing("iam:*", Condition=BOUND)): (
                "ana may use iam:DeleteUserPermissionsBoundary on its own boundary"
            ),
            # What denies it under some condition leaves it under others.
            bounded(also(allowing("iam:Delete*"), denying("iam:*", Condition=SECURELY))): (
                "ana may use iam:DeleteUserPermissionsBoundary on its own boundary"
            ),
        },
        passes=(
            holding(allowing("iam:*")),
            bounded(allowing("iam:*"), by=allowing("s3:*")),
            bounded(allowing("iam:*"), by=also(allowing("*"), denying("iam:*Boundary", "iam:*PolicyVersion"))),
            bounded(allowing("iam:*"), {"Statement": denying("iam:*")}),
            bounded({"Statement": denying("iam:*", Condition=SECURELY)}),
            bounded(allowing("iam:DeleteUserPermissionsBoundary", arn("user/bo"))),
            bounded(allowing("iam:PutUserPermissionsBoundary"), by=allowing("iam:*", Condition=BOUND)),
            bounded(allowing("s3:*")),
        ),
    ),
)
