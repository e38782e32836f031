"""Events as CloudTrail writes them, to try trails and filters on.

Made after the samples in the CloudTrail user guide ("CloudTrail record contents", "Console sign-in events"). The
values that a filter may ask for are those of the account; all others are ordinary.
"""

from collections.abc import Callable, Mapping
from typing import Any

from auditor.core.subjects.monitoring import (
    KEY_EVENTS,
    ORGANIZATION_EVENTS,
    POLICY_EVENTS,
    TRAIL_EVENTS,
    DeniedCallMonitoring,
    FailedSignInMonitoring,
    KeyLossMonitoring,
    Monitoring,
    OrganizationChangeMonitoring,
    PolicyChangeMonitoring,
    RootUseMonitoring,
    SignInWithoutMfaMonitoring,
    TrailChangeMonitoring,
)
from auditor.core.subjects.trails import TrailHolder

Event = Mapping[str, Any]

GLOBAL_REGION = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}
"""Where IAM, Organizations and the root user's sign-ins are recorded."""

DENIED = {
    "AccessDenied": ("s3.amazonaws.com", "ListBuckets", True),
    "AccessDeniedException": ("lambda.amazonaws.com", "DeleteFunction20150331", False),
    "Client.UnauthorizedOperation": ("ec2.amazonaws.com", "RunInstances", False),
}
"""How services spell that a call was denied, each with a call that is answered so."""


def call(holder: TrailHolder, source: str, name: str, *, read_only: bool = False, **members: Any) -> dict[str, Any]:
    """A call of an API by a role of the account; `members` are added, or stand instead."""
    return {
        "eventVersion": "1.10",
        "userIdentity": _role(holder),
        "eventTime": "2026-11-20T06:00:00Z",
        "eventSource": source,
        "eventName": name,
        "awsRegion": GLOBAL_REGION.get(holder.partition, ""),
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": None,
        "responseElements": None,
        "requestID": "3e8a1f0c-7d52-4b6e-9f31-5a0c2d4e6b81",
        "eventID": "b41c7a92-0e5d-4f83-8a26-1c9d3e5f7a04",
        "readOnly": read_only,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": holder.resource,
        "eventCategory": "Management",
        **members,
    }


def _role(holder: TrailHolder) -> dict[str, Any]:
    arn = f"arn:{holder.partition}:sts::{holder.resource}:assumed-role/operator/ana"
    named = {"principalId": "AROAEXAMPLEEXAMPLE12:ana", "arn": arn, "accountId": holder.resource}
    return {"type": "AssumedRole", **named, "accessKeyId": "ASIAEXAMPLEEXAMPLE12"}


def _user(holder: TrailHolder) -> dict[str, Any]:
    arn = f"arn:{holder.partition}:iam::{holder.resource}:user/ana"
    named = {"principalId": "AIDAEXAMPLEEXAMPLE12", "arn": arn, "accountId": holder.resource}
    return {"type": "IAMUser", **named, "userName": "ana"}


def _root(holder: TrailHolder) -> dict[str, Any]:
    arn = f"arn:{holder.partition}:iam::{holder.resource}:root"
    return {"type": "Root", "principalId": holder.resource, "arn": arn, "accountId": holder.resource}


def _sign_in(holder: TrailHolder, who: Mapping[str, Any], result: str, **members: Any) -> dict[str, Any]:
    return call(
        holder,
        "signin.amazonaws.com",
        "ConsoleLogin",
        eventType="AwsConsoleSignIn",
        userIdentity=who,
        userAgent="Mozilla/5.0",
        responseElements={"ConsoleLogin": result},
        additionalEventData={"MobileVersion": "No", "MFAUsed": "No"},
        **members,
    )


def _denied(holder: TrailHolder) -> dict[str, Event]:
    return {
        code: call(holder, source, name, read_only=read_only, errorCode=code, errorMessage="not authorized")
        for code, (source, name, read_only) in DENIED.items()
    }


def _root_uses(holder: TrailHolder) -> dict[str, Event]:
    by_root = call(holder, "iam.amazonaws.com", "CreateAccessKey", userIdentity=_root(holder))
    return {"ConsoleLogin": _sign_in(holder, _root(holder), "Success"), "CreateAccessKey": by_root}


def _failed_sign_in(holder: TrailHolder) -> dict[str, Event]:
    return {"ConsoleLogin": _sign_in(holder, _user(holder), "Failure", errorMessage="Failed authentication")}


def _calls(source: str, names: tuple[str, ...]) -> Callable[[TrailHolder], dict[str, Event]]:
    return lambda holder: {name: call(holder, source, name) for name in names}


OF_CONTROL: Mapping[type[Monitoring], Callable[[TrailHolder], Mapping[str, Event]]] = {
    DeniedCallMonitoring: _denied,
    SignInWithoutMfaMonitoring: lambda it: {"ConsoleLogin": _sign_in(it, _user(it), "Success")},
    RootUseMonitoring: _root_uses,
    PolicyChangeMonitoring: _calls("iam.amazonaws.com", POLICY_EVENTS),
    TrailChangeMonitoring: _calls("cloudtrail.amazonaws.com", TRAIL_EVENTS),
    FailedSignInMonitoring: _failed_sign_in,
    KeyLossMonitoring: _calls("kms.amazonaws.com", KEY_EVENTS),
    OrganizationChangeMonitoring: _calls("organizations.amazonaws.com", ORGANIZATION_EVENTS),
}
"""The events of each control, by a name for people."""


def innocuous(holder: TrailHolder) -> Event:
    """What happens a thousand times a day: an alarm that it sets off tells nobody anything."""
    return call(holder, "ec2.amazonaws.com", "DescribeInstances", read_only=True)


def management(holder: TrailHolder) -> dict[str, Event]:
    """Management events by what a trail can leave out."""
    return {
        "reads": innocuous(holder),
        "writes": call(holder, "ec2.amazonaws.com", "RunInstances"),
        "kms.amazonaws.com": call(holder, "kms.amazonaws.com", "DisableKey"),
        "rdsdata.amazonaws.com": call(holder, "rdsdata.amazonaws.com", "ExecuteStatement"),
    }
