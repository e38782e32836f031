"""An account with one of everything that the audit asks about, so that it makes every call that it can make.

What the emulator knows is made in it; `BESIDE` says the rest.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from tests.aws.answers import (
    ADMINISTRATOR,
    LOG_GROUP,
    alarm_entry,
    alternate_contact,
    certificate_entry,
    delegated_entry,
    filter_entry,
    service_credential_entry,
    trail_entry,
)
from tests.aws.beside_moto import REGIONS
from tests.aws.wire import Refused
from tests.aws.workload_answers import NOTEBOOK, here
from tests.build import ago, arn
from tests.deployed.beside import Said
from tests.deployed.emulator import Emulator
from tests.deployed.speaking import Answers, said

AUTHORITY = here("acm-pca", "certificate-authority/0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f")
ANCHOR: dict[str, Any] = {
    "trustAnchorId": "0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f",
    "trustAnchorArn": here("rolesanywhere", "trust-anchor/0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f"),
    "name": "office",
    "source": {"sourceType": "AWS_ACM_PCA", "sourceData": {"acmPcaArn": AUTHORITY}},
    "enabled": True,
}
AUTHORITY_ANSWER: dict[str, Any] = {
    "Arn": AUTHORITY,
    "NotAfter": ago(-900),
    "CertificateAuthorityConfiguration": {
        "KeyAlgorithm": "EC_prime256v1",
        "SigningAlgorithm": "SHA256WITHECDSA",
        "Subject": {"CommonName": "office"},
    },
}

EVERYWHERE: Answers = {
    "account.GetAlternateContact": alternate_contact({"AlternateContactType": "SECURITY"}),
    "cloudtrail.DescribeTrails": {"trailList": [trail_entry()]},
    "ec2.DescribeLaunchTemplateVersions": {"LaunchTemplateVersions": []},
    "ec2.DescribeRegions": {"Regions": REGIONS},
    "iam.GetServerCertificate": {
        "ServerCertificate": {"ServerCertificateMetadata": certificate_entry(), "CertificateBody": "x"}
    },
    "iam.ListOrganizationsFeatures": {"EnabledFeatures": ["RootCredentialsManagement", "RootSessions"]},
    "iam.ListServerCertificates": {"ServerCertificateMetadataList": [certificate_entry()], "IsTruncated": False},
    "iam.ListServiceSpecificCredentials": {"ServiceSpecificCredentials": [service_credential_entry()]},
    "organizations.DescribeEffectivePolicy": Refused("EffectivePolicyNotFoundException"),
    "organizations.ListDelegatedAdministrators": {"DelegatedAdministrators": [delegated_entry()]},
    "organizations.ListDelegatedServicesForAccount": {
        "DelegatedServices": [{"ServicePrincipal": "guardduty.amazonaws.com"}]
    },
    "rolesanywhere.ListProfiles": {"profiles": []},
    "rolesanywhere.ListTrustAnchors": {"trustAnchors": []},
    "sagemaker.ListNotebookInstances": {"NotebookInstances": []},
    "ssm.ListDocuments": {"DocumentIdentifiers": []},
    "sso-admin.ListInstances": {"Instances": []},
}
IN_EU: Answers = {
    "acm-pca.DescribeCertificateAuthority": {"CertificateAuthority": AUTHORITY_ANSWER},
    "rolesanywhere.ListTrustAnchors": {"trustAnchors": [ANCHOR]},
    "sagemaker.DescribeNotebookInstance": {**NOTEBOOK, "RoleArn": arn("role/lab")},
    "sagemaker.ListNotebookInstances": {
        "NotebookInstances": [{**NOTEBOOK, "NotebookInstanceStatus": "InService"}],
    },
    "ssm.GetDocument": {"Name": "set-up", "Content": "{}"},
    "ssm.ListDocuments": {"DocumentIdentifiers": [{"Name": "set-up", "Owner": "111122223333"}]},
}


def beside() -> Iterator[Said]:
    """What is answered instead of the emulator."""
    yield from said(EVERYWHERE)
    yield from said(IN_EU, "eu-west-1")


def people(emulator: Emulator) -> None:
    """Make one of everything else."""
    with emulator.created_ago(timedelta(days=400)):
        _administrator(emulator.client("iam"))
    _providers(emulator.client("iam"))
    _guardrail(emulator.client("organizations", "us-east-1"))
    _watched_trail(emulator)
    _workloads(emulator)


def _administrator(iam: Any) -> None:
    """With an old key, and a virtual MFA device."""
    iam.create_user(UserName="ana")
    iam.create_access_key(UserName="ana")
    iam.put_user_policy(UserName="ana", PolicyName="everything", PolicyDocument=ADMINISTRATOR)
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="ana")["VirtualMFADevice"]["SerialNumber"]
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    iam.enable_mfa_device(UserName="ana", SerialNumber=device, **codes)


def _providers(iam: Any) -> None:
    iam.create_open_id_connect_provider(
        Url="https://gitlab.com", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["0" * 40]
    )
    _saml(iam)


def _saml(iam: Any) -> None:
    iam.create_saml_provider(Name="adfs", SAMLMetadataDocument="<EntityDescriptor/>".ljust(1000))


@contextmanager
def nobody_federated(emulator: Emulator) -> Iterator[None]:
    """Let there be no provider of people meanwhile."""
    iam = emulator.client("iam")
    for it in iam.list_saml_providers()["SAMLProviderList"]:
        iam.delete_saml_provider(SAMLProviderArn=it["Arn"])
    try:
        yield
    finally:
        _saml(iam)


def _guardrail(organizations: Any) -> None:
    (root,) = organizations.list_roots()["Roots"]
    kind = "SERVICE_CONTROL_POLICY"
    if kind not in {it["Type"] for it in root.get("PolicyTypes", [])}:
        organizations.enable_policy_type(RootId=root["Id"], PolicyType=kind)


def _watched_trail(emulator: Emulator) -> None:
    """The emulator does not tell a trail's log group, so that the trail itself is said beside it."""
    emulator.client("s3").create_bucket(
        Bucket="trail", CreateBucketConfiguration={"LocationConstraint": emulator.region}
    )
    group = LOG_GROUP.split(":")[6]
    logs = emulator.client("logs")
    logs.create_log_group(logGroupName=group)
    entry = {name: it for name, it in filter_entry().items() if name != "filterName"}
    logs.put_metric_filter(logGroupName=group, filterName="root-use", **entry)
    topic = emulator.client("sns").create_topic(Name="security")["TopicArn"]
    alarm = {name: it for name, it in alarm_entry(AlarmActions=[topic]).items() if name != "AlarmArn"}
    emulator.client("cloudwatch").put_metric_alarm(**alarm)
    emulator.client("cloudtrail").create_trail(Name="all", S3BucketName="trail", IsMultiRegionTrail=True)


def _workloads(emulator: Emulator) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": trust})
    role = emulator.client("iam").create_role(RoleName="runs", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    emulator.client("ec2").run_instances(ImageId="ami-1", InstanceType="t3.micro", MinCount=1, MaxCount=1)
    emulator.client("ecs").register_task_definition(
        family="shop", taskRoleArn=role, containerDefinitions=[{"name": "web", "image": "web", "memory": 64}]
    )
    emulator.client("codebuild").create_project(
        name="build",
        source={"type": "NO_SOURCE", "buildspec": "version: 0.2"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={"type": "LINUX_CONTAINER", "image": "x", "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole=role,
    )
    nothing = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    emulator.client("stepfunctions").create_state_machine(name="pay", definition=json.dumps(nothing), roleArn=role)
