"""What AWS answers, raw: the credential report's text and the entries of API answers, with defaults."""

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from tests.build import ACCOUNT, NOW, OWNER, ago, arn, trusting

COLUMNS = tuple(
    """user arn user_creation_time password_enabled password_last_used password_last_changed password_next_rotation
    mfa_active access_key_1_active access_key_1_last_rotated access_key_1_last_used_date access_key_1_last_used_region
    access_key_1_last_used_service access_key_2_active access_key_2_last_rotated access_key_2_last_used_date
    access_key_2_last_used_region access_key_2_last_used_service cert_1_active cert_1_last_rotated cert_2_active
    cert_2_last_rotated additional_credentials_info""".split()
)
NO_KEY = {
    f"access_key_{slot}_{column}": "N/A"
    for slot in (1, 2)
    for column in ("last_rotated", "last_used_date", "last_used_region", "last_used_service")
}


def report_row(user: str = "ana", **cells: str) -> dict[str, str]:
    """A row of somebody with a password and no key."""
    return {
        **dict.fromkeys(COLUMNS, "N/A"),
        "user": user,
        "arn": arn(f"user/{user}"),
        "user_creation_time": ago(400).isoformat(),
        "password_enabled": "true",
        "password_last_used": ago(1).isoformat(),
        "password_last_changed": ago(30).isoformat(),
        "mfa_active": "true",
        **{f"{it}_active": "false" for it in ("access_key_1", "access_key_2", "cert_1", "cert_2")},
        **cells,
    }


def root_row(**cells: str) -> dict[str, str]:
    named = {"arn": OWNER.root_arn, "password_enabled": "not_supported", "password_last_changed": "not_supported"}
    return report_row("<root_account>", **named | cells)


def report_key(slot: int = 1, *, age: float = 100, used: float | None = None, active: str = "true") -> dict[str, str]:
    """The cells of a key, made `age` and used `used` days ago."""
    return {
        f"access_key_{slot}_active": active,
        f"access_key_{slot}_last_rotated": ago(age).isoformat(),
        f"access_key_{slot}_last_used_date": "N/A" if used is None else ago(used).isoformat(),
    }


def report(*rows: Mapping[str, str], columns: tuple[str, ...] = COLUMNS) -> str:
    """The rows as AWS writes them: no line end after the last."""
    out = io.StringIO()
    lines = csv.DictWriter(out, columns, lineterminator="\n", extrasaction="ignore")
    lines.writeheader()
    lines.writerows(rows)
    return out.getvalue().removesuffix("\n")


def user_entry(name: str = "ana", **members: Any) -> dict[str, Any]:
    """An entry of UserDetailList."""
    named = {"Path": "/", "UserName": name, "UserId": f"AIDA{name.upper():0>12}", "Arn": arn(f"user/{name}")}
    return {**named, "CreateDate": ago(400), "GroupList": [], "AttachedManagedPolicies": [], **members}


def administrator_entry(name: str = "ana", **members: Any) -> dict[str, Any]:
    """An entry of UserDetailList with an inline policy that allows everything."""
    return user_entry(name, UserPolicyList=[{"PolicyName": "all", "PolicyDocument": ADMINISTRATOR}], **members)


def group_entry(name: str = "staff", **members: Any) -> dict[str, Any]:
    """An entry of GroupDetailList."""
    named = {"Path": "/", "GroupName": name, "GroupId": f"AGPA{name.upper():0>12}", "Arn": arn(f"group/{name}")}
    return {**named, "CreateDate": ago(400), "GroupPolicyList": [], "AttachedManagedPolicies": [], **members}


def role_entry(name: str = "deploy", **members: Any) -> dict[str, Any]:
    """An entry of RoleDetailList."""
    named = {"Path": "/", "RoleName": name, "RoleId": f"AROA{name.upper():0>12}", "Arn": arn(f"role/{name}")}
    lists: dict[str, Any] = {"InstanceProfileList": [], "RolePolicyList": [], "AttachedManagedPolicies": []}
    trust = {"AssumeRolePolicyDocument": json.dumps(trusting({"Service": "ec2.amazonaws.com"}))}
    return {**named, **lists, **trust, "CreateDate": ago(400), "RoleLastUsed": {}, **members}


def policy_entry(name: str = "everything", document: Any = None, **members: Any) -> dict[str, Any]:
    """An entry of Policies with one version."""
    named = {"PolicyName": name, "PolicyId": f"ANPA{name.upper():0>12}", "Arn": arn(f"policy/{name}"), "Path": "/"}
    version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": document or ADMINISTRATOR}
    return {**named, "DefaultVersionId": "v1", "PolicyVersionList": [version], **members}


ADMINISTRATOR = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
"""As a string, which is what botocore's model says of it before botocore decodes it."""

NO_DETAILS: dict[str, Any] = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}


def key_entry(key: str = "AKIA1EXAMPLEEXAMPLE1", user: str = "ana", age: float = 100, **members: Any) -> dict[str, Any]:
    """An entry of AccessKeyMetadata."""
    return {"UserName": user, "AccessKeyId": key, "Status": "Active", "CreateDate": ago(age), **members}


def service_credential_entry(uid: str = "ACCA1EXAMPLEEXAMPLE1", user: str = "ana", **members: Any) -> dict[str, Any]:
    """An entry of ServiceSpecificCredentials."""
    named = {"UserName": user, "ServiceSpecificCredentialId": uid, "ServiceName": "codecommit.amazonaws.com"}
    return {**named, "Status": "Active", "CreateDate": ago(100), **members}


def mfa_entry(serial: str = "GAHT12345678", user: str = "ana") -> dict[str, Any]:
    """An entry of MFADevices."""
    return {"UserName": user, "SerialNumber": serial, "EnableDate": ago(100)}


def service_entry(namespace: str = "s3", used: float | None = None, **members: Any) -> dict[str, Any]:
    """An entry of ServicesLastAccessed, of a service last used that many days ago."""
    named = {"ServiceName": f"Amazon {namespace}", "ServiceNamespace": namespace, "TotalAuthenticatedEntities": 0}
    region = {"LastAuthenticatedRegion": "eu-west-1", "TotalAuthenticatedEntities": 1}
    return {**named, **({} if used is None else {"LastAuthenticated": ago(used), **region}), **members}


def job(*services: dict[str, Any], status: str = "COMPLETED", **members: Any) -> dict[str, Any]:
    """An answer of GetServiceLastAccessedDetails."""
    dates = {"JobCreationDate": NOW, "JobCompletionDate": NOW}
    return {"JobStatus": status, "ServicesLastAccessed": [*services], "IsTruncated": False, **dates, **members}


def analyzer_entry(region: str = "eu-west-1", **members: Any) -> dict[str, Any]:
    """An entry of analyzers."""
    resource = f"arn:{OWNER.partition}:access-analyzer:{region}:{ACCOUNT}:analyzer/zone"
    return {
        "arn": resource,
        "name": "zone",
        "type": "ACCOUNT",
        "status": "ACTIVE",
        "createdAt": ago(300),
        **members,
    }


def delegated_entry(account: str = "444455556666") -> dict[str, Any]:
    """An entry of DelegatedAdministrators."""
    resource = f"arn:{OWNER.partition}:organizations::{ACCOUNT}:account/o-a1b2c3d4e5/{account}"
    return {"Id": account, "Arn": resource, "Email": "tools@example.com", "Name": "tools", "Status": "ACTIVE"}


def effective_policy(params: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeEffectivePolicy's answer of an account with an empty policy of every type."""
    return {"EffectivePolicy": {"PolicyType": params["PolicyType"], "PolicyContent": "{}", "TargetId": ACCOUNT}}


def alternate_contact(params: Mapping[str, Any]) -> dict[str, Any]:
    """GetAlternateContact's answer of an account with a mailbox for each contact."""
    kind = params["AlternateContactType"]
    person = {"Name": "Ana Example", "Title": "Head", "PhoneNumber": "+1 555 0100"}
    return {"AlternateContact": {**person, "EmailAddress": f"{kind.lower()}@example.com", "AlternateContactType": kind}}


def certificate_entry(name: str = "shop", **members: Any) -> dict[str, Any]:
    """An entry of ServerCertificateMetadataList."""
    named = {"Path": "/", "ServerCertificateName": name, "ServerCertificateId": f"ASCA{name.upper():0>12}"}
    resource = arn(f"server-certificate/{name}")
    return {**named, "Arn": resource, "UploadDate": ago(90), "Expiration": ago(-400), **members}


def finding_entry(number: int = 1, **members: Any) -> dict[str, Any]:
    """An entry of ListFindingsV2's findings."""
    return {
        "id": f"f-{number}",
        "findingType": "ExternalAccess",
        "status": "ACTIVE",
        "resource": f"arn:{OWNER.partition}:s3:::bucket-{number}",
        "resourceType": "AWS::S3::Bucket",
        "resourceOwnerAccount": ACCOUNT,
        "createdAt": ago(10),
        "updatedAt": ago(5),
        "analyzedAt": ago(5),
        **members,
    }


TRAIL = f"arn:{OWNER.partition}:cloudtrail:eu-west-1:{ACCOUNT}:trail/all"
LOG_GROUP = f"arn:{OWNER.partition}:logs:eu-west-1:{ACCOUNT}:log-group:CloudTrail/all"
TOPIC = f"arn:{OWNER.partition}:sns:eu-west-1:{ACCOUNT}:security"


def trail_entry(**members: Any) -> dict[str, Any]:
    """An entry of trailList: a multi-Region trail that delivers to CloudWatch Logs."""
    return {
        "Name": "all",
        "TrailARN": TRAIL,
        "HomeRegion": "eu-west-1",
        "S3BucketName": "trail",
        "IncludeGlobalServiceEvents": True,
        "IsMultiRegionTrail": True,
        "IsOrganizationTrail": False,
        "LogFileValidationEnabled": True,
        "CloudWatchLogsLogGroupArn": f"{LOG_GROUP}:*",
        "HasCustomEventSelectors": False,
        **members,
    }


def event_selectors(**members: Any) -> dict[str, Any]:
    """The answer of GetEventSelectors for a trail that records all management events."""
    everything = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}
    return {"TrailARN": TRAIL, "EventSelectors": [{**everything, "ExcludeManagementEventSources": [], **members}]}


def filter_entry(
    name: str = "root-use", pattern: str = '{ $.userIdentity.type = "Root" }', **members: Any
) -> dict[str, Any]:
    """An entry of metricFilters, which counts into the metric of its own name."""
    counted = {"metricName": name, "metricNamespace": "CloudTrail", "metricValue": "1"}
    return {"filterName": name, "filterPattern": pattern, "metricTransformations": [counted], **members}


def alarm_entry(metric: str = "root-use", **members: Any) -> dict[str, Any]:
    """An entry of MetricAlarms: one event sets it off, and it tells the topic."""
    return {
        "AlarmName": metric,
        "AlarmArn": f"arn:{OWNER.partition}:cloudwatch:eu-west-1:{ACCOUNT}:alarm:{metric}",
        "ActionsEnabled": True,
        "AlarmActions": [TOPIC],
        "MetricName": metric,
        "Namespace": "CloudTrail",
        "Statistic": "Sum",
        "Dimensions": [],
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        **members,
    }


def subscription_entry(**members: Any) -> dict[str, Any]:
    """An entry of Subscriptions that somebody confirmed."""
    confirmed = {"SubscriptionArn": f"{TOPIC}:3e8a1f0c-7d52-4b6e-9f31-5a0c2d4e6b81", "Owner": ACCOUNT}
    return {**confirmed, "Protocol": "https", "Endpoint": "https://hooks.example/secret", "TopicArn": TOPIC, **members}
