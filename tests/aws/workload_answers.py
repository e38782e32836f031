"""An account in which every kind of workload runs, and everything carries secrets: AWS's answers, by operation."""

import base64
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.model import OperationModel

from tests.aws.wire import Params, Reply, always
from tests.build import ACCOUNT, ago, arn

KEY_ID = "AKIA1EXAMPLEEXAM7Q2M"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYWORKLOADKEY"[:40]
TOKEN = "ghp_" + "a1B2c3D4e5F6" * 3
PASSWORD = "correct-horse-battery"
URL = f"postgres://app:{PASSWORD}@db/shop"
PRIVATE = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7hidden\n-----END RSA PRIVATE KEY-----"
SECRETS = (SECRET_KEY, TOKEN, PASSWORD, "MIIEpAIBAAKCAQEA7hidden")
"""What may be nowhere in evidence or findings."""

SCRIPT = f"""#!/bin/sh
export AWS_ACCESS_KEY_ID={KEY_ID}
export AWS_SECRET_ACCESS_KEY={SECRET_KEY}
curl {URL}
"""
USER_DATA = base64.b64encode(SCRIPT.encode()).decode()
PLANTED = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "TOKEN": TOKEN, "DB": URL, "PEM": PRIVATE}
"""The variables of everything that has variables."""

REGION = "eu-west-1"


def here(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


FUNCTION: dict[str, Any] = {
    "FunctionArn": here("lambda", "function:pay"),
    "FunctionName": "pay",
    "Role": arn("role/service/pay"),
    "Environment": {"Variables": PLANTED},
}
INSTANCE: dict[str, Any] = {
    "InstanceId": "i-1",
    "State": {"Name": "running"},
    "IamInstanceProfile": {"Arn": arn("instance-profile/web")},
    "PublicIpAddress": "203.0.113.7",
}
TASK: dict[str, Any] = {
    "taskDefinitionArn": here("ecs", "task-definition/shop:7"),
    "taskRoleArn": arn("role/shop"),
    "executionRoleArn": arn("role/start"),
    "containerDefinitions": [
        {"name": "web", "environment": [{"name": name, "value": value} for name, value in PLANTED.items()]}
    ],
}
PROJECT: dict[str, Any] = {
    "name": "build",
    "arn": here("codebuild", "project/build"),
    "serviceRole": arn("role/build"),
    "source": {"type": "NO_SOURCE", "buildspec": SCRIPT},
    "environment": {
        "type": "LINUX_CONTAINER",
        "image": "x",
        "computeType": "BUILD_GENERAL1_SMALL",
        "environmentVariables": [
            *({"name": name, "value": value, "type": "PLAINTEXT"} for name, value in PLANTED.items()),
            {"name": "AWS_SECRET_ACCESS_KEY", "value": "prod/key", "type": "SECRETS_MANAGER"},
        ],
    },
}
NOTEBOOK = {
    "NotebookInstanceName": "lab",
    "NotebookInstanceArn": here("sagemaker", "notebook-instance/lab"),
}
JOB: dict[str, Any] = {
    "Name": "load",
    "Role": "loader",
    "DefaultArguments": {"--access": KEY_ID, "--aws-secret-key": SECRET_KEY, "--db": URL},
}
STACK: dict[str, Any] = {
    "StackId": here("cloudformation", "stack/base/0a1b"),
    "StackName": "base",
    "StackStatus": "CREATE_COMPLETE",
    "CreationTime": ago(9),
    "RoleARN": arn("role/stacks"),
    "Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in PLANTED.items()],
    "Parameters": [
        {"ParameterKey": "Hidden", "ParameterValue": "****"},
        {"ParameterKey": "Key", "ParameterValue": KEY_ID},
        {"ParameterKey": "Looked", "ParameterValue": "/prod/db", "ResolvedValue": URL},
    ],
}
MACHINE = here("states", "stateMachine:pay")
TEMPLATE: dict[str, Any] = {
    "LaunchTemplateId": "lt-1",
    "VersionNumber": 3,
    "LaunchTemplateData": {"UserData": USER_DATA},
}
CONFIGURATION: dict[str, Any] = {
    "LaunchConfigurationName": "old",
    "LaunchConfigurationARN": here("autoscaling", "launchConfiguration:uuid:launchConfigurationName/old"),
    "ImageId": "ami-1",
    "InstanceType": "t3.micro",
    "CreatedTime": ago(900),
    "UserData": USER_DATA,
}
MACHINE_ANSWER: dict[str, Any] = {
    "stateMachineArn": MACHINE,
    "name": "pay",
    "definition": f'{{"Parameters": {{"AWS_SECRET_ACCESS_KEY": "{SECRET_KEY}", "id": "{KEY_ID}"}}}}',
    "roleArn": arn("role/states"),
    "type": "STANDARD",
    "creationDate": ago(9),
}
EMPTY: dict[str, Mapping[str, Any]] = {
    "ListFunctions": {"Functions": []},
    "DescribeInstances": {"Reservations": []},
    "ListTaskDefinitionFamilies": {"families": []},
    "ListProjects": {},
    "ListNotebookInstances": {"NotebookInstances": []},
    "GetJobs": {"Jobs": []},
    "DescribeStacks": {"Stacks": []},
    "ListStateMachines": {"stateMachines": []},
    "DescribeLaunchTemplateVersions": {"LaunchTemplateVersions": []},
    "DescribeLaunchConfigurations": {"LaunchConfigurations": []},
    "ListDocuments": {"DocumentIdentifiers": []},
    "ListTrustAnchors": {"trustAnchors": []},
    "ListProfiles": {"profiles": []},
}
"""A Region in which nothing runs."""

FULL: dict[str, Mapping[str, Any]] = {
    "DescribeRegions": {"Regions": [{"RegionName": REGION, "OptInStatus": "opt-in-not-required"}]},
    "ListFunctions": {"Functions": [FUNCTION]},
    "DescribeInstances": {"Reservations": [{"Instances": [INSTANCE]}]},
    "DescribeInstanceAttribute": {"InstanceId": "i-1", "UserData": {"Value": USER_DATA}},
    "ListTaskDefinitionFamilies": {"families": ["shop"]},
    "DescribeTaskDefinition": {"taskDefinition": TASK},
    "ListProjects": {"projects": ["build"]},
    "BatchGetProjects": {"projects": [PROJECT]},
    "ListNotebookInstances": {"NotebookInstances": [NOTEBOOK]},
    "DescribeNotebookInstance": {**NOTEBOOK, "RoleArn": arn("role/lab")},
    "GetJobs": {"Jobs": [JOB]},
    "DescribeStacks": {"Stacks": [STACK]},
    "ListStateMachines": {
        "stateMachines": [{"stateMachineArn": MACHINE, "name": "pay", "type": "STANDARD", "creationDate": ago(9)}]
    },
    "DescribeStateMachine": MACHINE_ANSWER,
    "DescribeLaunchTemplateVersions": {"LaunchTemplateVersions": [TEMPLATE, {**TEMPLATE, "VersionNumber": 1}]},
    "DescribeLaunchConfigurations": {"LaunchConfigurations": [CONFIGURATION]},
    "ListDocuments": {"DocumentIdentifiers": [{"Name": "set-up", "Owner": ACCOUNT}]},
    "GetDocument": {"Name": "set-up", "Content": SCRIPT},
}
"""A Region with one of everything."""


def everything(**replies: Reply) -> dict[str, Reply]:
    """The script of the full Region, as far as `replies` say nothing else."""
    return {name: always(answer) for name, answer in FULL.items()} | replies


def listed(member: str, pages: int, entry: Mapping[str, Any], more: str = "NextToken") -> Reply:
    """That many pages, each with this one entry, as the services that say `more` make them."""
    asked = {"NextMarker": "Marker"}.get(more, more)

    def reply(params: Params) -> Mapping[str, Any]:
        page = int(params.get(asked, 0))
        return {member: [entry], **({more: str(page + 1)} if page + 1 < pages else {})}

    return reply


def nothing_runs(model: OperationModel, params: Params, **_: object) -> tuple[AWSResponse, Mapping[str, Any]]:
    """What botocore's ``before-call`` of `BESIDE_MOTO` may be answered with, where moto is the account."""
    return AWSResponse(params["url"], 200, {}, None), deepcopy(EMPTY[model.name])


BESIDE_MOTO = (
    "before-call.cloudformation.DescribeStacks",
    "before-call.glue.GetJobs",
    "before-call.rolesanywhere.ListProfiles",
    "before-call.rolesanywhere.ListTrustAnchors",
)
"""The calls for which moto needs more packages, or which it does not know."""
