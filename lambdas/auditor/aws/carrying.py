"""How the resources that carry configuration, and run nothing themselves, are asked for; and instances' user data."""

from collections.abc import Mapping
from typing import Any

from auditor.aws.inventory import Answers, Collected, Found, Kind, Place, collect, collected, one_by_one, pages, scanned
from auditor.aws.running import INSTANCES
from auditor.aws.secret_scan import decoded
from auditor.aws.session import Aws
from auditor.core.subjects.workloads import INSTANCE


def _launch_templates(client: Any, place: Place) -> Answers:
    """EC2 launch templates, each in its latest and its default version: one page for two hundred of them."""
    versions = pages(
        client,
        "describe_launch_template_versions",
        "LaunchTemplateVersions",
        200,
        Versions=["$Latest", "$Default"],
    )
    return [_launch_template(it, place) for it in versions]


def _launch_template(it: Mapping[str, Any], place: Place) -> Found:
    arn = place.arn("ec2", f"launch-template/{it['LaunchTemplateId']}")
    user_data = it["LaunchTemplateData"].get("UserData", "")
    texts = {"LaunchTemplateData.UserData": decoded(user_data)}
    return Found(type="AWS::EC2::LaunchTemplate", arn=arn, carries=scanned(texts))


def _launch_configurations(client: Any, _: Place) -> Answers:
    """Launch configurations of EC2 Auto Scaling, which came before launch templates."""
    found = pages(client, "describe_launch_configurations", "LaunchConfigurations", 100)
    return [
        Found(
            type="AWS::AutoScaling::LaunchConfiguration",
            arn=it["LaunchConfigurationARN"],
            carries=scanned({"UserData": decoded(it.get("UserData", ""))}),
        )
        for it in found
    ]


def _documents(client: Any, place: Place) -> Answers:
    """The account's own SSM documents, in their default version."""
    listed = pages(client, "list_documents", "DocumentIdentifiers", 50, Filters=[{"Key": "Owner", "Values": ["Self"]}])

    def got(name: str) -> Found:
        content = client.get_document(Name=name).get("Content")
        return Found(
            type="AWS::SSM::Document", arn=place.arn("ssm", f"document/{name}"), carries=scanned({"Content": content})
        )

    return one_by_one(place, [it["Name"] for it in listed], got)


CARRYING = (
    Kind("AWS::EC2::LaunchTemplate", "ec2", ("ec2:DescribeLaunchTemplateVersions",), _launch_templates),
    Kind(
        "AWS::AutoScaling::LaunchConfiguration",
        "autoscaling",
        ("autoscaling:DescribeLaunchConfigurations",),
        _launch_configurations,
    ),
    Kind("AWS::SSM::Document", "ssm", ("ssm:GetDocument", "ssm:ListDocuments"), _documents),
)
USER_DATA_ACTIONS = (*INSTANCES.actions, "ec2:DescribeInstanceAttribute")


def user_data(aws: Aws, regions: list[str]) -> Collected:
    """The user data of instances: a call for each of them, since no list tells it and templates need not be its source.

    An instance that was launched by hand has it from nowhere else.
    """
    known = collected(aws, INSTANCES, regions)
    by_region: dict[str, list[str]] = {}
    for it in known.found:
        by_region.setdefault(it.arn.split(":")[3], []).append(it.arn.rpartition("/")[2])

    def asked(client: Any, place: Place) -> Answers:
        def got(instance: str) -> Found:
            answer = client.describe_instance_attribute(InstanceId=instance, Attribute="userData")
            texts = {"UserData": decoded(answer.get("UserData", {}).get("Value", ""))}
            return Found(type=INSTANCE, arn=place.arn("ec2", f"instance/{instance}"), carries=scanned(texts))

        return one_by_one(place, sorted(by_region[place.region]), got)

    told = collect(aws, Kind(INSTANCE, "ec2", USER_DATA_ACTIONS, asked), by_region)
    return Collected(found=told.found, gaps={**told.gaps, **known.gaps})
