"""What cdk-nag finds and we mean: every acknowledgement stands next to its reason."""

from typing import cast

import aws_cdk as cdk
from constructs import IConstruct


def acknowledge(construct: IConstruct, **reasons: str) -> None:
    """Acknowledge findings of the AwsSolutions pack by rule, for example ``S1="CloudTrail records the reads"``."""
    for rule, reason in reasons.items():
        cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=f"AwsSolutions-{rule}", reason=reason))


def logical_id(construct: IConstruct) -> str:
    """A construct's name in the template, as cdk-nag writes it in a finding."""
    resource = cast("cdk.CfnElement", construct.node.default_child)
    return str(cdk.Stack.of(construct).resolve(resource.logical_id))
