from auditor.checks.policies import (
    administrator_policy,
    any_key_decryption_policy,
    aws_administrator_policy,
    full_cloudtrail_policy,
    full_kms_policy,
    service_wide_policy,
    unattached_administrator_policy,
)
from auditor.core.case import Case
from tests.build import ADMINISTRATOR, OWNER, allowing, arn, policy

HOLDERS = (arn("user/team/ana"), arn("group/all"), arn("role/deploy"), arn("role/x"))
ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}
FLAGGED = "everything allows * on *; held by role/deploy"
INLINE = {"owner": arn("user/ana"), "resource": arn("user/ana"), "attached_to": (arn("user/ana"),)}
BOUNDARY = {"attached_to": (), "boundary_of": (arn("role/deploy"),)}
AWS = {"resource": f"arn:{OWNER.partition}:iam::aws:policy/AdministratorAccess", "name": "AdministratorAccess"}
KEYS = f"arn:{OWNER.partition}:kms:*:111122223333:key/*"
IN_VPC = {"StringEquals": {"aws:SourceVpce": "vpce-1"}}


def denying(action: str, **elements: object) -> dict[str, object]:
    return {"Effect": "Deny", "Action": action, "Resource": "*", **elements}


def both(*statements: dict[str, object]) -> dict[str, object]:
    return {"Statement": [*statements]}


def allow(action: object, resource: object = "*") -> dict[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


CASES = (
    Case(
        administrator_policy,
        fails={
            policy(ADMINISTRATOR): FLAGGED,
            policy(ADMINISTRATOR, attached_to=HOLDERS[:3]): (
                "everything allows * on *; held by user/team/ana, group/all, role/deploy"
            ),
            policy(ADMINISTRATOR, attached_to=HOLDERS): "everything allows * on *; held by 4 principals",
            policy(ADMINISTRATOR, **INLINE): "everything allows * on *; held by user/ana",
            # It bounds somebody, and grants everything to somebody else.
            policy(ADMINISTRATOR, boundary_of=(arn("role/x"),)): FLAGGED,
            # Every form in which IAM writes the same.
            policy(allowing("*", "*")): FLAGGED,
            policy(allowing(["*"], ["*"])): FLAGGED,
            policy(allowing("*:*")): FLAGGED,
            policy(allowing("**")): FLAGGED,
            policy(allowing(["s3:GetObject", "*"], [arn("user/ana"), "*"])): FLAGGED,
            policy({"Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}, ALLOW]}): FLAGGED,
            # A condition is told, and does not make it harmless.
            policy(allowing(Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})): (
                "everything allows * on * if aws:MultiFactorAuthPresent is met; held by role/deploy"
            ),
            policy(
                allowing(Condition={"Bool": {"aws:SecureTransport": "true"}, "StringLike": {"aws:PrincipalTag/t": "x"}})
            ): ("everything allows * on * if aws:PrincipalTag/t, aws:SecureTransport is met; held by role/deploy"),
            # A Deny bites only for certain.
            policy(
                {
                    "Statement": [
                        ALLOW,
                        {**ALLOW, "Effect": "Deny", "Condition": {"Bool": {"aws:ViaAWSService": "false"}}},
                    ]
                }
            ): FLAGGED,
            policy({"Statement": [ALLOW, {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}]}): FLAGGED,
        },
        passes=(
            policy(ADMINISTRATOR, boundary_of=(arn("role/deploy"),), attached_to=()),
            policy(ADMINISTRATOR, attached_to=()),
            policy(ADMINISTRATOR, **AWS),
            policy({"Statement": [ALLOW, {**ALLOW, "Effect": "Deny"}]}),
            policy({"Statement": {**ALLOW, "Effect": "Deny"}}),
            policy({"Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}}),
            policy({"Statement": {"Effect": "Allow", "Action": "*", "NotResource": arn("user/ana")}}),
            policy(allowing("iam:*")),
            policy(allowing("s3:*")),
            policy(allowing("*", "arn:aws:s3:::ledger/*")),
            policy(allowing(["s3:Get*", "s3:List*"], "*")),
            policy({"Statement": []}),
        ),
    ),
    Case(
        aws_administrator_policy,
        fails={policy(ADMINISTRATOR, **AWS): "AdministratorAccess allows * on *; held by role/deploy"},
        passes=(
            policy(ADMINISTRATOR),
            policy(ADMINISTRATOR, **INLINE),
            policy(ADMINISTRATOR, **AWS | BOUNDARY),
            policy(allowing("s3:*"), **AWS),
        ),
    ),
    Case(
        unattached_administrator_policy,
        fails={policy(ADMINISTRATOR, attached_to=()): "everything allows * on *; held by nobody"},
        passes=(
            policy(ADMINISTRATOR),
            policy(ADMINISTRATOR, **BOUNDARY),
            policy(ADMINISTRATOR, **AWS | {"attached_to": ()}),
            policy(allowing("s3:*"), attached_to=()),
        ),
    ),
    Case(
        service_wide_policy,
        fails={
            policy(allowing(["sqs:*", "SNS:*"])): "everything allows sqs:*, sns:*; held by role/deploy",
            policy(allowing("sqs:*"), attached_to=()): "everything allows sqs:*; held by nobody",
            # The resource makes no difference to the service's wildcard, except where the service guards others.
            policy(allowing("s3:*", "arn:aws:s3:::ledger/*")): "everything allows s3:*; held by role/deploy",
            policy(allowing("iam:*")): "everything allows iam:*; held by role/deploy",
            policy(allowing("iam:*", Condition=IN_VPC)): "everything allows iam:*; held by role/deploy",
            policy({"Statement": {"Effect": "Allow", "NotAction": ["iam:*", "sso:*"], "Resource": "*"}}): (
                "everything allows everything but iam:*, sso:*; held by role/deploy"
            ),
            policy(both(allow(["sqs:*", "sns:*"]), denying("sns:*"))): "everything allows sqs:*; held by role/deploy",
            policy(both(allow("sqs:*"), denying("sqs:*", Condition=IN_VPC))): (
                "everything allows sqs:*; held by role/deploy"
            ),
            policy(allowing("kms:*", "arn:aws:kms:*:*:alias/*")): "everything allows kms:*; held by role/deploy",
        },
        passes=(
            policy(ADMINISTRATOR),
            policy(allowing(["sqs:Send*", "sqs:?*", "ec2:Describe*"])),
            policy(both(allow("sqs:*"), denying("sqs:*"))),
            policy(both(allow("sqs:*"), denying("*"))),
            policy(allowing(["cloudtrail:*", "kms:*"])),
            policy(allowing("sqs:*"), **INLINE),
            policy(allowing("sqs:*"), **AWS),
            policy(allowing("sqs:*"), **BOUNDARY),
            policy({"Statement": {"Effect": "Allow", "NotAction": "iam:Create*", "Resource": "*"}}),
        ),
    ),
    Case(
        full_cloudtrail_policy,
        fails={
            policy(allowing("cloudtrail:*")): "everything allows cloudtrail:* on *; held by role/deploy",
            policy(allowing("CloudTrail:*", Condition=IN_VPC)): (
                "everything allows cloudtrail:* on * if aws:SourceVpce is met; held by role/deploy"
            ),
        },
        passes=(
            policy(ADMINISTRATOR),
            policy(allowing(["cloudtrail:Get*", "cloudtrail:StopLogging"])),
            policy(allowing("cloudtrail:*", "arn:aws:cloudtrail:*:*:trail/mine")),
            policy(both(allow("cloudtrail:*"), denying("cloudtrail:*"))),
            policy(allowing("cloudtrail:*"), **INLINE),
            policy(allowing("cloudtrail:*"), **AWS),
        ),
    ),
    Case(
        full_kms_policy,
        fails={
            policy(allowing("kms:*")): "everything allows kms:* on *; held by role/deploy",
            policy(allowing("kms:*", KEYS)): "everything allows kms:* on *; held by role/deploy",
            policy(allowing("*", KEYS)): "everything allows kms:* on *; held by role/deploy",
            policy(allowing("kms:*", "arn:aws:kms")): "everything allows kms:* on *; held by role/deploy",
        },
        passes=(
            policy(ADMINISTRATOR),
            policy(allowing("kms:Decrypt")),
            policy(allowing("kms:*", "arn:aws:kms:eu-west-1:111122223333:key/1")),
            policy(allowing("kms:*", KEYS.replace("111122223333", "444455556666"))),
            policy(both(allow("kms:*"), denying("kms:*"))),
            policy(allowing("kms:*"), **INLINE),
            policy(allowing("kms:*"), **BOUNDARY),
        ),
    ),
    Case(
        any_key_decryption_policy,
        fails={
            policy(allowing("kms:Decrypt")): "everything allows kms:Decrypt on every key; held by role/deploy",
            policy(allowing(["kms:decrypt", "kms:ReEncrypt*"], KEYS)): (
                "everything allows kms:Decrypt, kms:ReEncryptFrom on every key; held by role/deploy"
            ),
            # A condition is told: Security Hub does not weigh it either.
            policy(allowing("kms:De*", Condition=IN_VPC)): (
                "everything allows kms:Decrypt on every key if aws:SourceVpce is met; held by role/deploy"
            ),
        },
        passes=(
            policy(ADMINISTRATOR),
            policy(allowing("kms:*")),
            policy(allowing("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/1")),
            policy(allowing(["kms:Encrypt", "kms:DescribeKey"])),
            policy(both(allow("kms:Decrypt"), denying("kms:Decrypt"))),
            policy(allowing("kms:Decrypt"), **INLINE),
            policy(allowing("kms:Decrypt"), **AWS),
            policy(allowing("kms:Decrypt"), **BOUNDARY),
        ),
    ),
)
