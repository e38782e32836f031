"""What allows everything, what is enough of IAM, what a boundary leaves, and what a Deny takes."""

from typing import Any

import pytest

from auditor.policy.administering import disarming, empowering, everything, limiting, readable
from tests.build import ADMINISTRATOR, arn

NEAR = arn("user/ana")
RED = {"StringEquals": {"aws:PrincipalTag/team": "red"}}
BROKEN = {"Statement": [{"Effect": "Perhaps"}]}


def said(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Resource": "*", **it} for it in statements]}


def allow(action: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, **more}


def deny(action: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, **more}


def test_everything_for_others_is_nothing() -> None:
    document = said(allow("*", Condition=RED))
    answers = [everything(document, {"aws:principaltag/team": (team,)}) for team in ("red", "blue")]
    assert (answers, everything(document)) == ([True, False], True)


@pytest.mark.parametrize("key", ["aws:ResourceTag/a", "iam:PassedToService", "iam:PolicyARN", "aws:TagKeys"])
def test_everything_of_some_targets_or_requests_is_not_everything(key: str) -> None:
    assert not everything(said(allow("*", Condition={"StringEquals": {key: "x"}})))


@pytest.mark.parametrize(
    ("document", "enough"),
    [
        (ADMINISTRATOR, True),
        (said(allow("iam:*")), True),
        (said(allow(["iam:PutUserPolicy", "iam:PutRolePolicy"])), True),
        (said(allow("iam:CreatePolicyVersion")), True),
        (said(allow("iam:PutUserPolicy")), False),
        (said(allow("iam:*", Resource="arn:aws:iam::*:role/app-*")), False),
        (said(allow("iam:*"), deny("iam:*")), False),
        (said(allow("iam:Get*")), False),
        (BROKEN, False),
    ],
)
def test_some_rights_over_iam_are_enough(document: dict[str, Any], *, enough: bool) -> None:
    assert empowering(document) is enough


@pytest.mark.parametrize(
    ("document", "limits"),
    [
        (ADMINISTRATOR, False),
        (said(allow("*"), deny("s3:DeleteBucket")), True),
        (said(allow("*"), deny("s3:DeleteBucket", Condition=RED)), False),
        (said(allow("*", Condition=RED)), True),
        (said(allow("*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})), True),
        (said(allow("s3:*")), True),
        (BROKEN, True),
    ],
)
def test_a_boundary_limits_unless_it_certainly_leaves_everything(document: dict[str, Any], *, limits: bool) -> None:
    assert limiting(document, {"aws:principaltag/team": ("blue",)}) is limits


@pytest.mark.parametrize(
    ("statement", "takes"),
    [
        (deny("iam:*"), True),
        (deny("*"), True),
        (deny("iam:*", Resource="arn:aws:iam::*:*"), True),
        (deny("iam:*", Resource="arn:aws:iam::*:user/*"), False),
        (deny("iam:Create*"), False),
        (deny("iam:*", Condition={"ArnNotLike": {"aws:PrincipalArn": "*:role/rescue"}}), True),
        (deny("iam:*", Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}), False),
        ({"Effect": "Deny", "NotAction": "s3:*"}, True),
        ({"Effect": "Deny", "NotAction": ["s3:*", "iam:*"]}, False),
        (allow("iam:*"), False),
    ],
)
def test_a_deny_takes_iam_if_it_certainly_is_about_all_of_it(statement: dict[str, Any], *, takes: bool) -> None:
    assert disarming([said(statement)], NEAR, {"aws:principalarn": (NEAR,)}) is takes


def test_what_iam_would_not_have_accepted_is_not_readable() -> None:
    assert (readable(ADMINISTRATOR), readable(BROKEN), readable({})) == (True, False, False)
