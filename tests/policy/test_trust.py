from typing import Any

import pytest

from auditor.policy.document import MalformedPolicyError, Party
from auditor.policy.trust import Admission, admissions, excluding
from tests.build import arn, trusting

ALLOW = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
DENY = {**ALLOW, "Effect": "Deny", "Principal": "*"}


def admitted(trust: dict[str, Any]) -> list[str]:
    return [it.party.value for it in admissions(trust)]


def one(who: Any, **elements: Any) -> Admission:
    (admission,) = admissions(trusting(who, **elements))
    return admission


@pytest.mark.parametrize(
    ("action", "admits"),
    [
        ("sts:AssumeRole", True),
        ("sts:*", True),
        ("*", True),
        ("STS:assumerole", True),
        ("sts:AssumeRoleWithSAML", True),
        ("sts:AssumeRoleWithWebIdentity", True),
        ("sts:TagSession", False),
        ("sts:SetSourceIdentity", False),
    ],
)
def test_who_may_only_tag_a_session_is_not_admitted(action: str, *, admits: bool) -> None:
    assert bool(admitted(trusting({"AWS": "1"}, action))) is admits


def test_every_party_of_every_allow_is_admitted() -> None:
    trust = {"Statement": [ALLOW, {**ALLOW, "Principal": {"AWS": ["a", "b"], "Service": "c"}}]}
    assert admitted(trust) == ["*", "a", "b", "c"]


@pytest.mark.parametrize(
    ("denial", "nobody"),
    [
        (DENY, True),
        ({**DENY, "Principal": {"AWS": "*"}}, True),
        ({**DENY, "Principal": {"AWS": "a"}}, False),
        ({**DENY, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}, False),
        ({**DENY, "Action": "sts:TagSession"}, False),
    ],
)
def test_denial_of_everybody_admits_nobody(denial: dict[str, Any], *, nobody: bool) -> None:
    assert (admitted({"Statement": [ALLOW, denial]}) == []) is nobody


def test_denial_of_the_rest_is_a_demand() -> None:
    fence = {**DENY, "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}
    (admission,) = admissions({"Statement": [ALLOW, fence]})
    assert (admission.fenced, admission.everybody) == (True, False)


def test_denial_of_the_rest_under_two_conditions_is_none() -> None:
    """It spares whoever fails one of them."""
    both = {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}, "Bool": {"aws:SecureTransport": "true"}}
    (admission,) = admissions({"Statement": [ALLOW, {**DENY, "Condition": both}]})
    assert admission.everybody


@pytest.mark.parametrize(
    ("party", "account"),
    [
        ("444455556666", "444455556666"),
        ("arn:aws:iam::444455556666:root", "444455556666"),
        ("arn:aws:sts::444455556666:assumed-role/a/b", "444455556666"),
        ("AROA1EXAMPLEEXAMPLE12", ""),
        ("*", ""),
        ("", ""),
    ],
)
def test_account_of_a_party_is_what_it_names(party: str, account: str) -> None:
    assert one({"AWS": party}).account == account


def test_parties_that_are_no_principals_of_an_account_have_none() -> None:
    assert one({"Service": "ec2.amazonaws.com"}).account == ""
    assert one({"Federated": arn("saml-provider/adfs")}).account == ""


@pytest.mark.parametrize(
    ("condition", "parties"),
    [
        (
            {"StringEquals": {"aws:PrincipalAccount": ["444455556666", "777788889999"]}},
            ["444455556666", "777788889999"],
        ),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::444455556666:role/*"}}, ["arn:aws:iam::444455556666:role/*"]),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}, ["*"]),
        ({"StringLike": {"aws:PrincipalAccount": "4444*"}}, ["*"]),
        ({"StringNotEquals": {"aws:PrincipalAccount": "444455556666"}}, ["*"]),
    ],
)
def test_everybody_of_some_accounts_is_those_accounts(condition: dict[str, Any], parties: list[str]) -> None:
    assert admitted(trusting("*", Condition=condition)) == parties


@pytest.mark.parametrize(
    ("party", "provider", "own"),
    [
        (arn("oidc-provider/gitlab.com"), "gitlab.com", True),
        ("arn:aws-cn:iam::1:oidc-provider/oidc.eks.cn-north-1.amazonaws.com.cn/id/AB", None, True),
        ("accounts.google.com", "accounts.google.com", False),
        (arn("saml-provider/adfs"), "", False),
    ],
)
def test_provider_is_named_as_condition_keys_begin(party: str, provider: str | None, *, own: bool) -> None:
    admission = one({"Federated": party})
    assert admission.provider == ("oidc.eks.cn-north-1.amazonaws.com.cn/id/ab" if provider is None else provider)
    assert bool(admission.own_provider) is own


def test_excluded_parties_are_those_of_allows() -> None:
    spared = {"Effect": "Allow", "NotPrincipal": {"AWS": "a"}, "Action": "sts:AssumeRole"}
    assert excluding({"Statement": [spared, {**spared, "Effect": "Deny"}, ALLOW]}) == (Party(kind="AWS", value="a"),)


@pytest.mark.parametrize("ask", [lambda it: list(admissions(it)), excluding])
def test_malformed_trust_admits_nobody_silently(ask: Any) -> None:
    with pytest.raises(MalformedPolicyError):
        ask({"Statement": [ALLOW, {"Effect": "Perhaps"}]})
