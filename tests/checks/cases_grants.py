from typing import Any

from auditor.checks.grants import (
    AGENTCORE,
    allow_by_exclusion,
    assumption_of_every_role,
    every_workload_token,
    passing_of_every_role,
    passing_of_every_role_to_agentcore,
    subscription_to_every_product,
    unconditional_sensitive_action,
)
from auditor.core.case import Case
from tests.build import ADMINISTRATOR, OWNER, allowing, arn, policy

AWS = f"arn:{OWNER.partition}:iam::aws:policy/Anything"
IN_VPC = {"StringEquals": {"aws:SourceVpce": "vpce-1"}}
TO_EC2 = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
TO_AGENTCORE = {"StringLike": {"iam:PassedToService": ["ec2.amazonaws.com", "bedrock-agentcore.*"]}}
IDENTITIES = f"arn:{OWNER.partition}:bedrock-agentcore:eu-west-1:111122223333:workload-identity-directory/default"
OF_AWS = arn("role/aws-reserved/sso.amazonaws.com/x")
ELSEWHERE = {"resource": OF_AWS, "owner": OF_AWS, "attached_to": (OF_AWS,)}
PARTIAL: tuple[dict[str, Any], ...] = (
    {"Action": "s3:Delete*", "Resource": "*"},
    {"Action": "iam:PassRole", "Resource": arn("role/admin")},
    {"Action": "iam:PassRole", "Resource": "*", "Condition": IN_VPC},
)
BOUNDARY = {"attached_to": (), "boundary_of": (arn("role/deploy"),)}


def excluding(**elements: Any) -> dict[str, Any]:
    return {"Statement": {"Effect": "Allow", **elements}}


def denying_too(document: dict[str, Any], action: str) -> dict[str, Any]:
    return {"Statement": [document["Statement"], {"Effect": "Deny", "Action": action, "Resource": "*"}]}


CASES = (
    Case(
        assumption_of_every_role,
        fails={
            policy(allowing("sts:AssumeRole")): "everything allows assuming every role; held by role/deploy",
            policy(allowing("sts:*", arn("role/*"))): "everything allows assuming every role; held by role/deploy",
            policy(allowing("sts:Assume*", "arn:aws:iam::*:role/*"), attached_to=()): (
                "everything allows assuming every role; held by nobody"
            ),
            policy(allowing("STS:assumerole", Condition=IN_VPC)): (
                "everything allows assuming every role if aws:SourceVpce is met; held by role/deploy"
            ),
        },
        passes=(
            policy(ADMINISTRATOR),
            policy(allowing("sts:AssumeRole", arn("role/deploy-*"))),
            policy(allowing("sts:AssumeRole", "arn:aws:iam::*:role/deploy")),
            policy(allowing("sts:GetCallerIdentity")),
            policy(denying_too(allowing("sts:*"), "sts:AssumeRole")),
            policy(allowing("sts:AssumeRole"), resource=AWS),
            policy(allowing("sts:AssumeRole"), **BOUNDARY),
            policy(allowing("sts:AssumeRole"), **ELSEWHERE),
            # Only the passing of a role can meet it.
            policy(allowing(["iam:PassRole", "sts:AssumeRole"], Condition=TO_EC2)),
        ),
    ),
    Case(
        passing_of_every_role,
        fails={
            policy(allowing("iam:PassRole")): (
                "everything allows passing every role to any service; held by role/deploy"
            ),
            policy(allowing("iam:*", arn("role/*"))): (
                "everything allows passing every role to any service; held by role/deploy"
            ),
            policy(allowing("*", arn("*"))): (
                "everything allows passing every role to any service; held by role/deploy"
            ),
            policy(excluding(NotAction="s3:*", Resource="*")): (
                "everything allows passing every role to any service; held by role/deploy"
            ),
            policy(excluding(Action="iam:PassRole", NotResource=arn("role/admin"))): (
                "everything allows passing every role to any service; held by role/deploy"
            ),
            policy(allowing("iam:PassRole", Condition=IN_VPC)): (
                "everything allows passing every role to any service if aws:SourceVpce is met; held by role/deploy"
            ),
            # A condition that any service meets, or any but one, names none.
            **{
                policy(allowing("iam:PassRole", Condition={operator: {"iam:PassedToService": value}})): (
                    "everything allows passing every role to any service if iam:PassedToService is met;"
                    " held by role/deploy"
                )
                for operator, value in (("StringLike", "*"), ("StringNotEquals", "ec2.amazonaws.com"))
            },
            # What denies something else, or some of it, leaves the rest.
            **{
                policy({"Statement": [allowing("iam:PassRole")["Statement"], {"Effect": "Deny", **it}]}): (
                    "everything allows passing every role to any service; held by role/deploy"
                )
                for it in PARTIAL
            },
        },
        passes=(
            policy(ADMINISTRATOR),
            policy(allowing("iam:PassRole", Condition=TO_EC2)),
            policy(allowing("iam:PassRole", arn("role/app-*"))),
            policy(excluding(NotAction="iam:*", Resource="*")),
            policy(denying_too(allowing("iam:PassRole"), "iam:Pass*")),
            policy({"Statement": {"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*", "Condition": IN_VPC}}),
            policy(allowing("iam:PassRole"), resource=AWS),
        ),
    ),
    Case(
        passing_of_every_role_to_agentcore,
        fails={
            policy(allowing("iam:PassRole", Condition=TO_AGENTCORE)): (
                "everything allows passing every role to Bedrock AgentCore if iam:PassedToService is met;"
                " held by role/deploy"
            ),
            # Of all that it does not exclude, only the passing of a role has such a service.
            policy(excluding(NotAction="iam:Create*", Resource="*", Condition=TO_AGENTCORE)): (
                "everything allows passing every role to Bedrock AgentCore if iam:PassedToService is met;"
                " held by role/deploy"
            ),
        },
        passes=(
            policy(ADMINISTRATOR),
            policy(allowing("iam:PassRole")),
            policy(allowing("iam:PassRole", Condition=TO_EC2)),
            policy(allowing("iam:PassRole", arn("role/agent"), Condition=TO_AGENTCORE)),
            policy(allowing("iam:PassRole", Condition=TO_AGENTCORE), resource=AWS),
            # What it names it does not pass to, and what another key names is no service that a role is passed to.
            policy(allowing("iam:PassRole", Condition={"StringNotLike": TO_AGENTCORE["StringLike"]})),
            policy(allowing("iam:PassRole", Condition={"StringEquals": {"aws:CalledVia": AGENTCORE}})),
        ),
    ),
    Case(
        subscription_to_every_product,
        fails={
            policy(allowing("aws-marketplace:Subscribe")): (
                "everything allows subscribing to every Marketplace product; held by role/deploy"
            ),
            policy(allowing("aws-marketplace:*")): (
                "everything allows subscribing to every Marketplace product; held by role/deploy"
            ),
        },
        passes=(
            policy(ADMINISTRATOR),
            policy(allowing("aws-marketplace:ViewSubscriptions")),
            policy(denying_too(allowing("aws-marketplace:*"), "aws-marketplace:Subscribe")),
        ),
    ),
    Case(
        every_workload_token,
        fails={
            policy(allowing("bedrock-agentcore:GetWorkloadAccessToken*")): (
                "everything allows fetching every workload's token; held by role/deploy"
            ),
            policy(allowing("bedrock-agentcore:GetWorkloadAccessTokenForJWT", f"{IDENTITIES}/workload-identity/*")): (
                "everything allows fetching every workload's token; held by role/deploy"
            ),
            policy(excluding(Action="bedrock-agentcore:Get*", NotResource=f"{IDENTITIES}/workload-identity/shop")): (
                "everything allows fetching every workload's token; held by role/deploy"
            ),
        },
        passes=(
            policy(ADMINISTRATOR),
            policy(
                allowing(
                    "bedrock-agentcore:GetWorkloadAccessToken*", [IDENTITIES, f"{IDENTITIES}/workload-identity/shop-*"]
                )
            ),
            policy(allowing("bedrock-agentcore:ListAgentRuntimes")),
            policy(denying_too(allowing("bedrock-agentcore:*"), "bedrock-agentcore:Get*")),
            policy(
                {"Statement": {"Effect": "Deny", "Action": "bedrock-agentcore:*", "Resource": "*", "Condition": IN_VPC}}
            ),
        ),
    ),
    Case(
        unconditional_sensitive_action,
        fails={
            policy(allowing(["secretsmanager:GetSecretValue", "s3:GetObject"])): (
                "everything allows secretsmanager:GetSecretValue on everything, unconditionally; held by role/deploy"
            ),
            policy(allowing("iam:*LoginProfile")): (
                "everything allows iam:CreateLoginProfile, iam:UpdateLoginProfile on everything, unconditionally;"
                " held by role/deploy"
            ),
            policy(denying_too(allowing("ssm:Get*"), "ssm:GetParameters*")): (
                "everything allows ssm:GetParameter on everything, unconditionally; held by role/deploy"
            ),
        },
        passes=(
            policy(ADMINISTRATOR),
            policy(allowing("secretsmanager:GetSecretValue", Condition=IN_VPC)),
            policy(allowing("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:*:*:secret:shop/*")),
            policy(allowing("secretsmanager:*")),
            policy(allowing(["s3:Get*", "iam:List*"])),
            policy(excluding(NotAction="iam:*", Resource="*")),
            policy(denying_too(allowing("s3:DeleteBucket"), "s3:Delete*")),
            policy(allowing("secretsmanager:GetSecretValue"), resource=AWS),
        ),
    ),
    Case(
        allow_by_exclusion,
        fails={
            policy(
                excluding(NotAction="iam:Create*", Resource="*")
            ): "everything allows by NotAction; held by role/deploy",
            policy(excluding(Action="s3:*", NotResource="arn:aws:s3:::ledger/*")): (
                "everything allows by NotResource; held by role/deploy"
            ),
            policy(excluding(NotAction="s3:Put*", NotResource="arn:aws:s3:::ledger/*")): (
                "everything allows by NotAction and NotResource; held by role/deploy"
            ),
        },
        passes=(
            policy(ADMINISTRATOR),
            policy(allowing("s3:*")),
            policy(excluding(NotAction="iam:*", Resource="*")),
            policy({"Statement": {"Effect": "Deny", "NotAction": "iam:Get*", "Resource": "*"}}),
            policy(excluding(NotAction="iam:Create*", Resource="*"), resource=AWS),
            policy(excluding(NotAction="iam:Create*", Resource="*"), **BOUNDARY),
        ),
    ),
)
