"""IAM groups."""

from auditor.core.check import Context, Problem, Problems, Severity, check
from auditor.core.subjects.entities import Group, Principal


@check(
    Severity.LOW,
    controls=("config/iam-group-has-users-check", "iam-best-practice/9", "iam-anti-pattern/5", "iam-manager/9"),
    fix="aws iam add-user-to-group --group-name {it.name} --user-name <who does its work>",
)
def empty_group(group: Group, ctx: Context) -> Problems:  # noqa: ARG001
    """Group has no user in it.

    Nobody reviews what an empty group may do, until somebody is put into it.
    """
    if not group.members:
        yield Problem(f"nobody is in {group.name}")


@check(
    Severity.INFO,
    controls=("iam-best-practice/9", "iam-manager/9"),
    fix="aws iam attach-group-policy --group-name {it.name} --policy-arn <what its users need>",
)
def group_without_policies(group: Group, ctx: Context) -> Problems:  # noqa: ARG001
    """Group grants nothing.

    Its users have their rights from somewhere else, where a review of the groups does not look.
    """
    if not (group.attached or group.inline):
        yield Problem(f"{group.name} has no policy")


@check(
    Severity.MEDIUM,
    controls=(
        "nist-800-53-r5/AC-6",
        "pci-4.0/7.2.2",
        "iam-best-practice/6",
        "iam-best-practice/7",
        "iam-anti-pattern/4",
        "iam-manager/9",
    ),
    fix="grant the group what its users use; to see what that is:"
    " aws iam generate-service-last-accessed-details --granularity ACTION_LEVEL --arn {it.resource}",
)
def administrator_group(principal: Principal, ctx: Context) -> Problems:  # noqa: ARG001
    """Group makes administrators of its users.

    Whoever may add users to the group may make administrators. Any policy that allows everything counts, whatever its
    name.
    """
    if principal.kind == "Group" and principal.administrator:
        evidence = {"attached": principal.attached, "inline": principal.inline}
        yield Problem(f"everybody in {principal.name} is an administrator", evidence)
