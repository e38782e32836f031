"""Permissions boundaries: what they bound, and whether they hold."""

from collections.abc import Iterator

from auditor.core.check import Context, Problem, Problems, Severity, check
from auditor.core.subjects.entities import Policy, Principal
from auditor.policy.document import Statement, administrator_statement, every, grant, statements

BOUNDABLE = {
    "iam:CreateUser": "iam:user",
    "iam:AttachUserPolicy": "iam:user",
    "iam:PutUserPolicy": "iam:user",
    "iam:CreateRole": "iam:role",
    "iam:AttachRolePolicy": "iam:role",
    "iam:PutRolePolicy": "iam:role",
}
"""Actions that make a principal or give it rights, which iam:PermissionsBoundary can bind, and on what."""

BOUNDARY_KEY = "iam:permissionsboundary"
LOOSENING = {
    "User": ("iam:DeleteUserPermissionsBoundary", "iam:PutUserPermissionsBoundary"),
    "Role": ("iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"),
}
REWRITING = ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion")


@check(
    Severity.MEDIUM,
    controls=("iam-best-practice/14", "iam-best-practice/6"),
    fix="write into {it.name} what its holders may do at most: aws iam create-policy-version --policy-arn {it.resource}"
    " --set-as-default --policy-document <file>",
)
def boundless_boundary(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Permissions boundary allows everything and denies nothing.

    It looks like a limit and is none: whoever is trusted to create principals within it can create administrators.
    """
    if policy.boundary_of and not any(not it.allow for it in statements(policy.document)):
        statement = administrator_statement(policy.document)
        if statement:
            first, *others = policy.boundary_of
            bounded = f"{1 + len(others)} principals" if others else first.rpartition(":")[2]
            reason = f"{policy.name} bounds {bounded} and allows * on *{statement.proviso}"
            yield Problem(reason, {"boundary_of": policy.boundary_of})


@check(
    Severity.MEDIUM,
    controls=("iam-best-practice/14", "iam-best-practice/10", "iam-manager/1"),
    fix="add a condition to what lets {it.name} create and change principals: StringEquals"
    " iam:PermissionsBoundary with the ARN of the boundary that they must have",
)
def unbounded_delegation(principal: Principal, ctx: Context) -> Problems:  # noqa: ARG001
    """Principal may create or change any principal without binding it to a boundary.

    Whoever gives out rights without a limit can give itself all of them. Administrators are told by their policies;
    roles that AWS makes are left out.
    """
    if not principal.administrator and not principal.aws_owned:
        held = _held(principal)
        free = tuple(action for action, kind in BOUNDABLE.items() if _unbound(principal, held, action, kind))
        if free:
            reason = f"{principal.name} may use {', '.join(free)} on everybody without a permissions boundary"
            yield Problem(reason, {"actions": free})


def _unbound(principal: Principal, held: list[Statement], action: str, kind: str) -> bool:
    everybody = every(kind, principal.resource)
    said = [it for it in held if it.speaks_of(action) and it.reaches(everybody)]
    denied = any(not it.allow and (not it.conditions or _about_boundary(it)) for it in said)
    allowed = any(it.allow and not _about_boundary(it) for it in said)
    return allowed and not denied and _within(principal, action, everybody)


def _about_boundary(statement: Statement) -> bool:
    return any(clause.key == BOUNDARY_KEY for clause in statement.clauses)


def _held(principal: Principal) -> list[Statement]:
    """What all its policies say."""
    return [it for document in principal.documents for it in statements(document)]


def _within(principal: Principal, action: str, resource: str) -> bool:
    """Whether its boundary, if it has one, leaves it the action; a condition on boundaries does not."""
    if not principal.bounds:
        return True
    left = grant(principal.bounds, action, resource)
    return left is not None and not _about_boundary(left)


@check(
    Severity.HIGH,
    controls=("iam-best-practice/14",),
    fix="deny in the boundary of {it.name} what changes boundaries and the boundary policy itself",
)
def removable_boundary(principal: Principal, ctx: Context) -> Problems:  # noqa: ARG001
    """Principal may take off, replace or rewrite its own permissions boundary.

    A limit that the limited can lift is none. Conditions are not weighed, except that a boundary may be replaced only
    by one that a condition names.
    """
    if principal.boundary:
        held = _held(principal)
        ways = _ways_out(principal, principal.boundary)
        found = tuple(action for action, target in ways if _free(principal, held, action, target))
        if found:
            yield Problem(f"{principal.name} may use {', '.join(found)} on its own boundary", {"actions": found})


def _ways_out(principal: Principal, boundary: str) -> Iterator[tuple[str, str]]:
    yield from ((action, principal.resource) for action in LOOSENING[principal.kind])
    if boundary.split(":")[4:5] != ["aws"]:
        yield from ((action, boundary) for action in REWRITING)


def _free(principal: Principal, held: list[Statement], action: str, target: str) -> bool:
    said = [it for it in held if it.speaks_of(action) and it.reaches(target)]
    if any(not it.allow and not it.conditions for it in said):
        return False
    bound = action.startswith("iam:Put")
    allowed = any(it.allow and not (bound and _about_boundary(it)) for it in said)
    left = grant(principal.bounds, action, target)
    return allowed and left is not None and not (bound and _about_boundary(left))
