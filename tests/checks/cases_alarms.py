from auditor.checks.alarms import (
    denied_calls_without_alarm,
    failed_sign_ins_without_alarm,
    key_loss_without_alarm,
    organization_changes_without_alarm,
    policy_changes_without_alarm,
    root_use_without_alarm,
    sign_in_without_mfa_without_alarm,
    trail_changes_without_alarm,
)
from auditor.core.case import Case
from auditor.core.check import Check
from auditor.core.derived.monitoring import MISSING, Step
from auditor.core.sample_events import OF_CONTROL
from auditor.core.subjects.monitoring import Monitoring, RootUseMonitoring, TrailChangeMonitoring
from tests.build import ACCOUNT, trail_holder


def monitoring(kind: type[Monitoring], *events: str, missing: str = "", filters: tuple[str, ...] = ()) -> Monitoring:
    return kind(
        resource=ACCOUNT,
        uid="account",
        missing=missing,
        events=events,
        filters=filters,
        log_group="CloudTrail/all",
        home="eu-west-1",
    )


def untold(it: Check, what: str, events: str) -> Case:
    """Of all the control's events nobody is told."""
    names = tuple(OF_CONTROL[it.kind](trail_holder()))  # type: ignore[index]
    missing = MISSING[Step.DELIVERED]
    return Case(
        it,
        fails={monitoring(it.kind, *names, missing=missing): f"no alarm tells of {what} ({events}): {missing}"},  # type: ignore[arg-type]
        passes=(monitoring(it.kind),),  # type: ignore[arg-type]
    )


CASES = (
    untold(
        denied_calls_without_alarm, "denied calls", "AccessDenied, AccessDeniedException, Client.UnauthorizedOperation"
    ),
    untold(sign_in_without_mfa_without_alarm, "console sign-ins of IAM users without MFA", "ConsoleLogin"),
    untold(root_use_without_alarm, "use of the root user", "ConsoleLogin, CreateAccessKey"),
    Case(
        root_use_without_alarm,
        fails={
            monitoring(RootUseMonitoring, "ConsoleLogin", missing=MISSING[Step.SENT], filters=("a", "b")): (
                "no alarm tells of use of the root user (ConsoleLogin): "
                "nobody confirmed a subscription to the topic of the alarm (filter a, b)"
            ),
        },
    ),
    untold(
        policy_changes_without_alarm,
        "changes to IAM policies",
        "DeleteGroupPolicy, DeleteRolePolicy, DeleteUserPolicy, PutGroupPolicy and 12 more",
    ),
    untold(
        trail_changes_without_alarm,
        "changes to trails",
        "CreateTrail, UpdateTrail, DeleteTrail, StartLogging and 1 more",
    ),
    Case(
        trail_changes_without_alarm,
        fails={
            monitoring(TrailChangeMonitoring, "DeleteTrail", "StopLogging", missing=MISSING[Step.DELIVERED]): (
                "no alarm tells of changes to trails (DeleteTrail, StopLogging): no metric filter matches such events"
            ),
            monitoring(TrailChangeMonitoring, *"abcd", missing=MISSING[Step.DELIVERED]): (
                "no alarm tells of changes to trails (a, b, c, d): no metric filter matches such events"
            ),
        },
    ),
    untold(failed_sign_ins_without_alarm, "failed console sign-ins", "ConsoleLogin"),
    untold(
        key_loss_without_alarm,
        "KMS keys that are disabled or scheduled for deletion",
        "DisableKey, ScheduleKeyDeletion",
    ),
    untold(
        organization_changes_without_alarm,
        "changes to the organization",
        "AcceptHandshake, AttachPolicy, CreateAccount, CreateOrganizationalUnit and 14 more",
    ),
)
