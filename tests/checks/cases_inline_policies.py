from typing import Any

from auditor.checks.inline_policies import (
    any_key_decryption_inline_policy,
    full_cloudtrail_inline_policy,
    full_kms_inline_policy,
    inline_policy,
    only_inline_policies,
    service_wide_inline_policy,
)
from auditor.core.case import Case
from auditor.core.subjects.entities import Policy
from tests import build
from tests.build import ADMINISTRATOR, OWNER, allowing, arn, principal


def inline(document: Any, owner: str = "user/ana") -> Policy:
    return build.policy(document, name="mine", owner=arn(owner), resource=arn(owner), attached_to=(arn(owner),))


OF_AWS = "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_x"
MANAGED = f"arn:{OWNER.partition}:iam::aws:policy/ReadOnlyAccess"

CASES = (
    Case(
        inline_policy,
        fails={
            inline(allowing("s3:GetObject")): "mine is written into user/ana",
            inline(ADMINISTRATOR, "group/staff"): "mine is written into group/staff",
            inline(allowing("s3:GetObject"), "role/team/aws-reserved/x"): (
                "mine is written into role/team/aws-reserved/x"
            ),
        },
        passes=(build.policy(allowing("s3:GetObject")), inline(allowing("s3:GetObject"), OF_AWS)),
    ),
    Case(
        only_inline_policies,
        fails={principal(inline=("a", "b")): "deploy holds 2 inline and no managed policy"},
        passes=(
            principal(),
            principal(inline=("a",), attached=(MANAGED,)),
            principal("User", "ana", inline=("a",), inherited=(MANAGED,)),
            principal(inline=("a",), aws_owned=True),
        ),
    ),
    Case(
        service_wide_inline_policy,
        fails={
            inline(allowing("sqs:*")): "mine allows sqs:*; held by user/ana",
            inline(allowing("secretsmanager:*")): "mine allows secretsmanager:*; held by user/ana",
        },
        passes=(
            build.policy(allowing("sqs:*")),
            inline(ADMINISTRATOR),
            inline(allowing("sqs:Send*")),
            inline(allowing("sqs:*"), OF_AWS),
        ),
    ),
    Case(
        full_cloudtrail_inline_policy,
        fails={inline(allowing("cloudtrail:*")): "mine allows cloudtrail:* on *; held by user/ana"},
        passes=(
            build.policy(allowing("cloudtrail:*")),
            inline(allowing("cloudtrail:Get*")),
            inline(allowing("cloudtrail:*"), OF_AWS),
        ),
    ),
    Case(
        full_kms_inline_policy,
        fails={inline(allowing("kms:*")): "mine allows kms:* on *; held by user/ana"},
        passes=(
            build.policy(allowing("kms:*")),
            inline(allowing("kms:*", "arn:aws:kms:eu-west-1:111122223333:key/1")),
            inline(allowing("kms:*"), OF_AWS),
        ),
    ),
    Case(
        any_key_decryption_inline_policy,
        fails={
            inline(allowing("kms:Decrypt"), "role/x"): "mine allows kms:Decrypt on every key; held by role/x",
        },
        passes=(
            build.policy(allowing("kms:Decrypt")),
            inline(allowing("kms:*")),
            inline(allowing("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/1")),
            inline(allowing("kms:Decrypt"), OF_AWS),
        ),
    ),
)
