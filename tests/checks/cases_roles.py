from auditor.checks.roles import unused_role
from tests.build import role
from tests.checks.case import Case

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
)
