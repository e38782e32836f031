"""What steps say of the policies that open them, and how soon."""

from collections.abc import Mapping
from unittest.mock import patch

from hypothesis import given

from auditor.core.subjects.escalation import EscalationPath
from auditor.policy.access import Request, Standing, decide
from tests.build import ACCOUNT, arn
from tests.policy.made_policies import contexts, plain_standings, standings
from tests.policy.test_escalation import World, allow, trust
from tests.work import lines

MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


@given(standings | plain_standings, contexts)
def test_no_resource_decides_better_than_the_one_that_is_told(
    standing: Standing, known: Mapping[str, tuple[str, ...]]
) -> None:
    for action, resource in (("s3:GetObject", "*"), ("iam:PassRole", "arn:aws:iam::*"), ("kms:Decrypt", "*")):
        request = Request(action=action, resource=resource, known=known)
        with patch("auditor.policy.access.least_open", return_value=-1):
            expected = decide(standing, request)
        assert decide(standing, request) == expected


def paths_by_functions(size: int) -> Mapping[str, EscalationPath]:
    """Users who may each make and call as many functions."""
    world = World()
    world.user("boss", allow("*"))
    world.role("run", allow("*"), trusts=trust(service="lambda.amazonaws.com"))
    for at in range(20):
        names = [f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f{at}-{number}" for number in range(size)]
        functions = allow(["lambda:CreateFunction", "lambda:InvokeFunction"], names, Condition=MFA)
        world.user(f"u{at}", allow("iam:PassRole"), functions)
    return world.paths()


def test_hundreds_of_functions_by_name_are_no_more_than_their_number_of_work() -> None:
    (step,) = paths_by_functions(240)[arn("user/u7")].steps
    assert step.conditions == ("aws:MultiFactorAuthPresent",)
    assert step.permissions[1] == "lambda:CreateFunction by inline policy own, statement 2"
    assert lines(lambda: paths_by_functions(240)) < 2.2 * lines(lambda: paths_by_functions(120))


def test_a_boundary_that_is_put_in_place_of_another_is_told_with_the_policy_that_allows_it() -> None:
    world = World()
    world.user("boss", allow("*"))
    fence = world.managed("fence", allow("s3:*"))
    world.role("fenced", allow("*"), trusts=trust(f"arn:aws:iam::{ACCOUNT}:root"), boundary=fence)
    new = {"ArnEquals": {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}}
    ana = world.user("ana", allow("iam:PutRolePermissionsBoundary", Condition=new), allow("sts:AssumeRole"))
    steps = world.paths()[ana].steps
    assert [it for step in steps for it in step.permissions] == [
        "iam:PutRolePermissionsBoundary by inline policy own, statement 1",
        "sts:AssumeRole by inline policy own, statement 2",
    ]
    assert [it for step in steps for it in step.conditions] == []
