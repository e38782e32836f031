"""What cdk-nag finds and we mean: every acknowledgement stands next to its reason."""

from typing import Any

import aws_cdk as cdk
from constructs import IConstruct


def acknowledge(construct: IConstruct, **reasons: str) -> None:
    """Acknowledge findings of the AwsSolutions pack by rule, for example ``S1="CloudTrail records the reads"``."""
    for rule, reason in reasons.items():
        cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=f"AwsSolutions-{rule}", reason=reason))


def acknowledge_stars(role: IConstruct, reason: str, *resources: str) -> None:
    """Acknowledge that a role is about all `resources` that these ARNs, or ``*``, are about."""
    stack = cdk.Stack.of(role)
    acknowledge(role, **{f"IAM5[Resource::{_in_a_finding(stack.resolve(it))}]": reason for it in resources})


def _in_a_finding(resolved: Any) -> str:
    """A text of a template, as cdk-nag writes it in a finding."""
    match resolved:
        case {"Fn::Join": [_, parts]}:
            return "".join(map(_in_a_finding, parts))
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{resource}.{attribute}>"
        case {"Ref": name}:
            return f"<{name}>"
    return str(resolved)
