"""What users and roles do with what they are granted, by AWS's service last accessed data.

AWS counts attempts, those that were denied too, and knows them for 400 days; a use shows after some four hours. It
lists what identity policies grant: no boundary, guardrail or resource policy is weighed. Passing a role, data events
and use in Regions that it does not track leave no trace: whoever takes access away looks into CloudTrail first.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from auditor.core.check import Because, Context, Problem, Problems, Severity, check, day, reasons
from auditor.core.subjects.activity import Activity, ServiceUse, UserActivity

SPELLED_OUT = 12
"""Services that a sentence names."""

TO_ASSUME_A_ROLE = frozenset({"iam", "sts"})
"""What a key is used for where the work itself is done by a role."""


@check(
    Severity.LOW,
    controls=("iam-best-practice/8", "iam-best-practice/9", "iam-anti-pattern/5", "iam-manager/6"),
    because=(Because.ADMINISTRATOR,),
    fix="aws iam generate-service-last-accessed-details --granularity ACTION_LEVEL --arn {it.resource}"
    "   # then leave out of its policies what it does not use; CloudTrail knows the uses that leave no trace here",
)
def unused_services(activity: Activity, ctx: Context) -> Problems:
    """User or role may use services that it does not use.

    What nobody uses can go without anybody missing it, and serves only an intruder. AWS counts attempts, those that
    were denied too, for 400 days, and not every kind of use; it lists what identity policies grant. Of who has many
    services that it never used, those that it does use are told: the others grow with every service that AWS adds.
    """
    limit, services = ctx.limits.service_idle, activity.services
    unused = [it for it in services if activity.idle(it.last_used) > limit]
    if unused:
        used = _namespaces(it for it in services if it not in unused)
        never, ever = (_namespaces(it for it in services if bool(it.last_used) is wanted) for wanted in (False, True))
        many = len(never) > SPELLED_OUT
        yield Problem(
            f"{activity.name} did not use {len(unused)} of its {len(services)} services for {limit.days} days"
            + (f"; it used {_some(used)}" if many else f": {_some(_namespaces(unused))}"),
            {"ever_used": ever} if many else {"never_used": never},
            because=reasons({Because.ADMINISTRATOR: activity.administrator}),
        )


def _namespaces(services: Iterable[ServiceUse]) -> tuple[str, ...]:
    return tuple(sorted({it.namespace for it in services}))


def _some(names: tuple[str, ...]) -> str:
    rest = len(names) - SPELLED_OUT
    return ", ".join([*names[:SPELLED_OUT], *([f"and {rest} more"] if rest > 0 else [])]) or "none"


@check(
    Severity.MEDIUM,
    controls=("iam-best-practice/2", "iam-anti-pattern/1"),
    because=(Because.ADMINISTRATOR,),
    fix="aws iam list-access-keys --user-name {it.name}"
    "   # let the workload assume a role; then: aws iam update-access-key --status Inactive",
)
def work_with_long_term_key(user: UserActivity, ctx: Context) -> Problems:
    """User's access key does the work of a role.

    A key that only assumes roles opens nothing by itself. One that reaches services directly is all that a thief needs,
    for as long as it is active. A user without a password reaches services by its keys only; of one with a password
    only what the credential report says of the keys counts, because the rest may be the console's. What was granted and
    never used, or not lately, does not count.
    """
    limit = ctx.limits.service_idle
    keys = [it for it in user.keys if it.active and it.last_used and ctx.age(it.last_used) <= limit]
    services = {it.last_used_service for it in keys if it.last_used_service}
    if keys and not user.password_enabled:
        services |= {it.namespace for it in user.services if it.last_used and user.idle(it.last_used) <= limit}
    if direct := tuple(sorted(services - TO_ASSUME_A_ROLE)):
        yield Problem(
            f"{user.name} reaches {_some(direct)} by a long-term key",
            {"active_since": tuple(it.rotated.isoformat() for it in keys if it.rotated)},
            because=reasons({Because.ADMINISTRATOR: user.administrator}),
        )


@check(
    Severity.MEDIUM,
    controls=("iam-best-practice/8", "iam-best-practice/9", "iam-anti-pattern/5"),
    fix="aws iam list-policies-granting-service-access --arn {it.resource} --service-namespaces bedrock"
    "   # then leave Bedrock out of these; a Deny of bedrock:* is a first step that is easily taken back",
)
def idle_bedrock_access(activity: Activity, ctx: Context) -> Problems:
    """User or role may use Bedrock and does not.

    Stolen credentials that reach models are sold by the hour, and the bill is the first sign. Use of any of Bedrock's
    services counts. Administrators are left out: to take Bedrock from them is to make them none.
    """
    yield from _idle(activity, "bedrock", "Bedrock", ctx.limits.bedrock_idle)


@check(
    Severity.MEDIUM,
    controls=("iam-best-practice/8", "iam-best-practice/9", "iam-anti-pattern/5"),
    fix="aws iam list-policies-granting-service-access --arn {it.resource} --service-namespaces sagemaker"
    "   # then leave SageMaker out of these; a Deny of sagemaker:* is a first step that is easily taken back",
)
def idle_sagemaker_access(activity: Activity, ctx: Context) -> Problems:
    """User or role may use SageMaker and does not.

    Notebooks and jobs run code with roles of their own and cost by the hour, which makes forgotten access to them worth
    stealing. Use of any of SageMaker's services counts. Administrators are left out: to take SageMaker from them is to
    make them none.
    """
    yield from _idle(activity, "sagemaker", "SageMaker", ctx.limits.sagemaker_idle)


def _idle(activity: Activity, family: str, name: str, limit: timedelta) -> Problems:
    """The problem of not having used any of the services ``<family>`` and ``<family>-…``."""
    granted = [it for it in activity.services if it.namespace.partition("-")[0] == family]
    last = max((it.last_used for it in granted if it.last_used), default=None)
    if granted and activity.administrator is False and activity.idle(last) > limit:
        evidence = {"last_used": last, "services": _namespaces(granted)}
        yield Problem(f"{activity.name} may use {name} and {_use(activity, last)} (limit {limit.days} days)", evidence)


def _use(activity: Activity, last: datetime | None) -> str:
    return f"last did on {day(last)}" if last else f"has no use on record, made {day(activity.created)}"
