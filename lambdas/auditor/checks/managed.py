"""Managed scopes: who manages which entities, by the deployment's settings, and what belongs to nobody."""

from collections.abc import Iterator

from auditor.core.check import SCOPES, Because, Context, Problem, Problems, Severity, check
from auditor.core.scopes import managed_by, owning
from auditor.core.subjects.credentials import User
from auditor.core.subjects.entities import Principal
from auditor.core.subjects.managed import HeldPolicy, Roster
from auditor.policy.reach import WILDCARDS, beyond, granted, said

SPELLED_OUT = 3
"""Rights, or wildcards, that a sentence names."""

ON_ITSELF = {
    "User": (
        *("iam:PutUserPolicy", "iam:AttachUserPolicy", "iam:AddUserToGroup", "iam:DeleteUserPolicy"),
        *("iam:DetachUserPolicy", "iam:PutUserPermissionsBoundary", "iam:DeleteUserPermissionsBoundary"),
    ),
    "Role": (
        *("iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:DeleteRolePolicy"),
        *("iam:DetachRolePolicy", "iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary"),
    ),
}
"""What changes the rights of a user, or of a role, by its own ARN."""

ON_POLICIES = ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion")


@check(
    Severity.HIGH,
    controls=("iam-manager/1",),
    fix="bound {it.name} to its scope with a permissions boundary; what it uses is told by:"
    " aws iam generate-service-last-accessed-details --granularity ACTION_LEVEL --arn {it.resource}",
    because=(Because.ADMINISTRATOR,),
    setting=SCOPES,
)
def overreaching_manager(principal: Principal, ctx: Context) -> Problems:
    """Manager can change entities that it does not manage.

    Whoever takes over a tool that manages IAM has all its rights: beyond its own entities they serve nobody else. Its
    policies are judged as they stand; a permissions boundary counts where it takes an administrator's rights.
    """
    scopes = managed_by(ctx.scopes, principal.resource)
    if not scopes:
        return
    names = tuple(it.name for it in scopes)
    rights = tuple(beyond(said(principal.documents), scopes))
    if principal.administrator:
        reason = f"{principal.name} manages {_scopes(names)} and is an administrator"
        yield Problem(reason, {"rights": rights}, because=(Because.ADMINISTRATOR,), scopes=names)
    elif rights:
        reason = f"{principal.name} manages {_scopes(names)} and has rights beyond: {_some(rights)}"
        yield Problem(reason, {"rights": rights}, scopes=names)


@check(
    Severity.HIGH,
    controls=("iam-manager/1",),
    fix="deny {it.name} to change {it.resource}, its own policies and its boundary, in a policy that others manage",
    setting=SCOPES,
)
def self_managing_manager(principal: Principal, ctx: Context) -> Problems:
    """Manager can change its own rights.

    A manager that can change its own policies, trust or permissions boundary is bound by none of them.
    """
    scopes = tuple(it.name for it in managed_by(ctx.scopes, principal.resource))
    ways = tuple(_ways_to_itself(principal)) if scopes else ()
    if ways:
        yield Problem(f"{principal.name} can change its own rights: {_some(ways)}", {"ways": ways}, scopes=scopes)


def _ways_to_itself(principal: Principal) -> Iterator[str]:
    statements = said(principal.documents, principal.name if principal.kind == "User" else "")
    policies = [arn for arn in (*principal.attached, *principal.inherited, principal.boundary) if arn]
    wanted = [(action, principal.resource) for action in ON_ITSELF[principal.kind]]
    wanted += [(action, arn) for arn in dict.fromkeys(policies) if not _of_aws(arn) for action in ON_POLICIES]
    for action, resource in wanted:
        keys = granted(statements, action, resource)
        if keys is not None:
            met = f" if {', '.join(keys)} is met" if keys else ""
            yield f"{action}{'' if resource == principal.resource else f' on {resource}'}{met}"


def _of_aws(arn: str) -> bool:
    return arn.split(":")[4:5] == ["aws"]


@check(
    Severity.HIGH,
    controls=("iam-manager/2", "iam-best-practice/2"),
    fix="let the manager be a role; then, for each key: aws iam update-access-key --user-name {it.name}"
    " --status Inactive --access-key-id <key>",
    setting=SCOPES,
)
def manager_with_stored_credentials(user: User, ctx: Context) -> Problems:
    """Manager is a user with a password or active access keys.

    What is stored can be copied, and this copy changes users, roles and policies until somebody notices. A role has
    nothing that lasts.
    """
    scopes = tuple(it.name for it in managed_by(ctx.scopes, user.resource))
    held = [*(["a password"] if user.password_enabled else []), *_keys(user)]
    if scopes and held:
        evidence = {"password": user.password_enabled, "active_keys": user.active_keys}
        yield Problem(f"{user.name} manages {_scopes(scopes)} and has {' and '.join(held)}", evidence, scopes=scopes)


def _keys(user: User) -> list[str]:
    count = user.active_keys
    return [f"{count} active access key{'' if count == 1 else 's'}"] if count else []


@check(
    Severity.MEDIUM,
    controls=("iam-manager/9",),
    fix="make the role, or name the one that manages the scope in the settings of the deployment",
    setting=SCOPES,
)
def missing_manager(roster: Roster, ctx: Context) -> Problems:
    """Manager of a scope does not exist.

    What nobody manages nobody reviews. And whoever may make a role of that name in its place is taken for the manager.
    """
    for scope in ctx.scopes:
        if scope.home == roster.resource and scope.manager not in roster.entities:
            reason = f"{scope.manager} manages {_scopes((scope.name,))} and does not exist"
            yield Problem(reason, {"manager": scope.manager}, scope.name, scopes=(scope.name,))


@check(
    Severity.MEDIUM,
    controls=("iam-manager/8", "iam-best-practice/3"),
    fix="the user assigns a device: console, Security credentials; until then: "
    "aws iam attach-user-policy --user-name {it.name} --policy-arn <a policy that denies without MFA>",
    setting=SCOPES,
)
def managed_user_without_mfa(user: User, ctx: Context) -> Problems:
    """Managed user with access keys has no multi-factor authentication.

    A policy can demand a second factor of access keys too, and without a device nobody can give it. Console users are
    told of by console-without-mfa, whoever manages them.
    """
    if user.active_keys and not user.password_enabled and not user.mfa_active:
        scopes = owning(ctx.scopes, user.resource, user.tags)
        if scopes:
            yield Problem(f"{user.name} of {_scopes(scopes)} has {', '.join(_keys(user))} and no second factor")


@check(
    Severity.LOW,
    controls=("iam-manager/9",),
    fix="put {it.name} into a managed scope: by a tag, or by its path or name in the settings of the deployment",
    setting="owned_kinds",
)
def unowned_entity(principal: Principal, ctx: Context) -> Problems:
    """User, group or role is in no managed scope.

    Nobody answers for it: nobody reviews what it may do, and nobody will say that it can go. Roles that AWS makes and
    removes are left out.
    """
    must = principal.kind in ctx.limits.owned_kinds and not principal.aws_owned
    if must and not owning(ctx.scopes, principal.resource, principal.tags):
        yield Problem(f"{principal.kind.lower()} {principal.name} is in no managed scope")


@check(
    Severity.LOW,
    controls=("iam-manager/5",),
    fix="name the actions and resources that {it.name} is for; what is used is told by:"
    " aws iam generate-service-last-accessed-details --granularity ACTION_LEVEL --arn {it.principal}",
    setting=SCOPES,
)
def wildcard_in_managed_policy(policy: HeldPolicy, ctx: Context) -> Problems:
    """Policy in a managed scope has wildcards.

    A wildcard grows with AWS: it allows what does not exist yet. One that is meant deserves a reason and an end, which
    an exception has.
    """
    held = {name for arn, tags in policy.held_by.items() for name in owning(ctx.scopes, arn, tags)}
    scopes = tuple(sorted({*held, *owning(ctx.scopes, policy.resource, policy.tags)}))
    wildcards = tuple(_wildcards(policy)) if scopes else ()
    if wildcards:
        reason = f"{policy.name} of {_scopes(scopes)} allows {_some(wildcards)}"
        yield Problem(reason, {"wildcards": wildcards}, scopes=scopes)


def _wildcards(policy: HeldPolicy) -> list[str]:
    found = set[str]()
    for it in said([policy.document]):
        if it.allow:
            found |= {text for text in (*it.actions, *it.resources) if WILDCARDS & set(text)}
            found |= {f"everything but {', '.join(texts)}" for texts in (it.but, it.elsewhere) if texts}
    return sorted(found)


def _scopes(names: tuple[str, ...]) -> str:
    return f"scope{'' if len(names) == 1 else 's'} {', '.join(names)}"


def _some(texts: tuple[str, ...]) -> str:
    rest = len(texts) - SPELLED_OUT
    return f"{', '.join(texts[:SPELLED_OUT])}{f' and {rest} more' if rest > 0 else ''}"
