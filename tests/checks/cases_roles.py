from auditor.checks.roles import administrator_role, cloudwatch_sharing_role, role_without_policy, unused_role
from auditor.core.case import Case
from tests.build import arn, principal, role, trusting

CASES = (
    Case(
        unused_role,
        fails={
            role(used=91): "deploy was last used 2026-08-21 (limit 90 days; AWS keeps 400)",
            # Never used is as idle as it is old.
            role(age=91): "deploy has no use on record, created 2026-08-21 (limit 90 days; AWS keeps 400)",
            # The path tells what AWS owns; a name proves nothing.
            role(age=91, name="AWSServiceRoleForMe"): (
                "AWSServiceRoleForMe has no use on record, created 2026-08-21 (limit 90 days; AWS keeps 400)"
            ),
            role(age=91, path="/team/aws-reserved/"): (
                "deploy has no use on record, created 2026-08-21 (limit 90 days; AWS keeps 400)"
            ),
        },
        passes=(
            role(used=90),
            role(age=90),
            role(age=0),
            role(path="/aws-service-role/support.amazonaws.com/"),
            role(path="/aws-reserved/sso.amazonaws.com/"),
            role(path="/aws-reserved/sso.amazonaws.com/eu-west-1/", used=300),
        ),
    ),
    Case(
        administrator_role,
        fails={
            principal(administrator=True, trust=trusting({"AWS": arn("root")})): (
                f"deploy is administrator and can be assumed by {arn('root')}"
            ),
            principal(administrator=True, trust=trusting({"AWS": [*"abcd"], "Service": "ec2.amazonaws.com"})): (
                "deploy is administrator and can be assumed by 4 principals"
            ),
            principal(administrator=True, trust=trusting({"AWS": [*"abc"]})): (
                "deploy is administrator and can be assumed by a, b, c"
            ),
            principal(
                administrator=True,
                trust={"Statement": {"Effect": "Allow", "NotPrincipal": {"AWS": "a"}, "Action": "sts:AssumeRole"}},
            ): "deploy is administrator and can be assumed by everybody but a",
        },
        passes=(
            principal(trust=trusting({"AWS": arn("root")})),
            principal(administrator=True, trust=trusting({"Service": "ec2.amazonaws.com"})),
            principal(administrator=True, trust=trusting({"AWS": arn("root")}), aws_owned=True),
            principal("User", "ana", administrator=True),
        ),
    ),
    Case(
        role_without_policy,
        fails={role(): "deploy holds no policy"},
        passes=(
            role(attached=(arn("policy/a"),)),
            role(inline=("a",)),
            role(path="/aws-service-role/x.amazonaws.com/"),
        ),
    ),
    Case(
        cloudwatch_sharing_role,
        fails={
            role(name="CloudWatch-CrossAccountSharingRole"): (
                "CloudWatch-CrossAccountSharingRole lets other accounts read CloudWatch"
            ),
        },
        passes=(role(), role(name="CloudWatch-CrossAccountSharingRole-old")),
    ),
)
