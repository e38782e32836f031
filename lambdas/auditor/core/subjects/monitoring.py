"""Who is told of what happens: metric filters on the trails' log groups, their alarms, and what these answer."""

from dataclasses import dataclass
from typing import ClassVar

from auditor.core.model import Subject


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A CloudWatch alarm on a filter's metric, and what it does.

    `at_once` says whether one event sets it off, None where only CloudWatch can tell (metric math). `acts` says whether
    it is enabled and has an action; `told` whether one of these reaches anybody: a topic with a confirmed subscriber or
    anything that is not a topic, None if all that it has are topics of other accounts.
    """

    name: str
    at_once: bool | None
    acts: bool
    told: bool | None


@dataclass(frozen=True, kw_only=True)
class MetricFilter:
    """A metric filter with the alarms on its metrics.

    `narrowed` says that it sees other events than the trail writes: transformed ones, or those of some accounts or
    Regions only.
    """

    name: str
    pattern: str
    narrowed: bool
    alarms: tuple[Alarm, ...]


@dataclass(frozen=True, kw_only=True)
class TrailLogGroup(Subject):
    """The log group of a trail, with its metric filters."""

    aws_type = "AWS::Logs::LogGroup"
    filters: tuple[MetricFilter, ...]


@dataclass(frozen=True, kw_only=True)
class Monitoring(Subject):
    """The account, as far as somebody is told of the events of one control.

    `missing` says what is missing so that an alarm tells of all of them, empty if nothing is. `events` are those of
    which nobody is told, and `filters` the names of the filters that come nearest to it. `metric` and `pattern` are
    those of a filter that answers the control; `log_group` and `home` say where to put it.
    """

    aws_type = "AwsAccount"
    metric: ClassVar[str] = ""
    pattern: ClassVar[str] = ""
    missing: str = ""
    events: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    log_group: str
    home: str


def _events(*names: str) -> str:
    return " || ".join(f'($.eventName = "{name}")' for name in names)


POLICY_EVENTS = tuple(
    """DeleteGroupPolicy DeleteRolePolicy DeleteUserPolicy PutGroupPolicy PutRolePolicy PutUserPolicy CreatePolicy
    DeletePolicy CreatePolicyVersion DeletePolicyVersion AttachRolePolicy DetachRolePolicy AttachUserPolicy
    DetachUserPolicy AttachGroupPolicy DetachGroupPolicy""".split()
)
"""The sixteen that CIS lists."""

TRAIL_EVENTS = ("CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging")
KEY_EVENTS = ("DisableKey", "ScheduleKeyDeletion")
ORGANIZATION_EVENTS = tuple(
    """AcceptHandshake AttachPolicy CreateAccount CreateOrganizationalUnit CreatePolicy DeclineHandshake
    DeleteOrganization DeleteOrganizationalUnit DeletePolicy DetachPolicy DisablePolicyType EnablePolicyType
    InviteAccountToOrganization LeaveOrganization MoveAccount RemoveAccountFromOrganization UpdatePolicy
    UpdateOrganizationalUnit""".split()
)
"""The eighteen of the filter that CIS gives; some tools want CancelHandshake, CreateOrganization and EnableAllFeatures
too, and so would find fault with CIS's own filter."""


@dataclass(frozen=True, kw_only=True)
class DeniedCallMonitoring(Monitoring):
    """Of calls that were denied."""

    metric = "denied-calls"
    pattern = '{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") }'


@dataclass(frozen=True, kw_only=True)
class SignInWithoutMfaMonitoring(Monitoring):
    """Of IAM users who sign in to the console without MFA.

    Federated sign-ins always say that there was none. Root's are use of the root user, which has its own alarm.
    """

    metric = "sign-in-without-mfa"
    pattern = (
        '{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && '
        '($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }'
    )


@dataclass(frozen=True, kw_only=True)
class RootUseMonitoring(Monitoring):
    """Of use of the root user."""

    metric = "root-use"
    pattern = (
        '{ ($.userIdentity.type = "Root") && ($.userIdentity.invokedBy NOT EXISTS) && '
        '($.eventType != "AwsServiceEvent") }'
    )


@dataclass(frozen=True, kw_only=True)
class PolicyChangeMonitoring(Monitoring):
    """Of changes to IAM policies and to who holds them."""

    metric = "policy-changes"
    pattern = f"{{ {_events(*POLICY_EVENTS)} }}"


@dataclass(frozen=True, kw_only=True)
class TrailChangeMonitoring(Monitoring):
    """Of changes to trails."""

    metric = "trail-changes"
    pattern = f"{{ {_events(*TRAIL_EVENTS)} }}"


@dataclass(frozen=True, kw_only=True)
class FailedSignInMonitoring(Monitoring):
    """Of console sign-ins that failed."""

    metric = "failed-sign-ins"
    pattern = '{ ($.eventName = "ConsoleLogin") && ($.errorMessage = "Failed authentication") }'


@dataclass(frozen=True, kw_only=True)
class KeyLossMonitoring(Monitoring):
    """Of KMS keys that are disabled or to be deleted."""

    metric = "key-loss"
    pattern = f'{{ ($.eventSource = "kms.amazonaws.com") && ({_events(*KEY_EVENTS)}) }}'


@dataclass(frozen=True, kw_only=True)
class OrganizationChangeMonitoring(Monitoring):
    """Of changes to the organization."""

    metric = "organization-changes"
    pattern = f'{{ ($.eventSource = "organizations.amazonaws.com") && ({_events(*ORGANIZATION_EVENTS)}) }}'
