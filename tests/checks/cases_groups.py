from auditor.checks.groups import administrator_group, empty_group, group_without_policies
from auditor.core.case import Case
from tests.build import ADMINISTRATOR, arn, group, principal

ANA = arn("user/ana")

CASES = (
    Case(empty_group, fails={group(): "nobody is in staff"}, passes=(group(members=(ANA,)),)),
    Case(
        group_without_policies,
        fails={group(members=(ANA,)): "staff has no policy"},
        passes=(group(inline=("read",)), group(attached=(arn("policy/read"),))),
    ),
    Case(
        administrator_group,
        fails={
            principal("Group", "staff", administrator=True, inline=("all",), documents=(ADMINISTRATOR,)): (
                "everybody in staff is an administrator"
            ),
        },
        passes=(
            principal("Group", "staff", inline=("read",)),
            principal("User", "ana", administrator=True),
            principal("Role", administrator=True),
        ),
    ),
)
