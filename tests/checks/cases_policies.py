from auditor.checks.policies import administrator_policy
from tests.build import ADMINISTRATOR, allowing, arn, policy
from tests.checks.case import Case

HOLDERS = (arn("user/team/ana"), arn("group/all"), arn("role/deploy"), arn("role/x"))
ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}
FLAGGED = "everything allows * on *; held by role/deploy"

CASES = (
    Case(
        administrator_policy,
        fails={
            policy(ADMINISTRATOR): FLAGGED,
            policy(ADMINISTRATOR, attached_to=()): "everything allows * on *; held by nobody",
            policy(ADMINISTRATOR, attached_to=HOLDERS[:3]): (
                "everything allows * on *; held by user/team/ana, group/all, role/deploy"
            ),
            policy(ADMINISTRATOR, attached_to=HOLDERS): "everything allows * on *; held by 4 principals",
            policy(ADMINISTRATOR, owner=arn("user/ana"), resource=arn("user/ana")): FLAGGED,
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
)
