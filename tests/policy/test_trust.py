from typing import Any

import pytest

from auditor.policy.callers import Zone
from auditor.policy.document import MalformedPolicyError, Party
from auditor.policy.trust import ASSUMING, Admission, admissions, excluding
from tests.build import arn, trusting

SAML, GITLAB = arn("saml-provider/adfs"), arn("oidc-provider/gitlab.com")
WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"

ALLOW = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
DENY = {**ALLOW, "Effect": "Deny", "Principal": "*"}


def admitted(trust: dict[str, Any]) -> list[str]:
    return [it.party.value for it in admissions(trust)]


def one(who: Any, action: Any = "sts:*", **elements: Any) -> Admission:
    (admission,) = admissions(trusting(who, action, **elements))
    return admission


@pytest.mark.parametrize(
    ("action", "admits"),
    [
        ("sts:AssumeRole", True),
        ("sts:*", True),
        ("*", True),
        ("STS:assumerole", True),
        ("sts:TagSession", False),
        ("sts:SetSourceIdentity", False),
    ],
)
def test_who_may_only_tag_a_session_is_not_admitted(action: str, *, admits: bool) -> None:
    assert bool(admitted(trusting({"AWS": "1"}, action))) is admits


@pytest.mark.parametrize(
    ("who", "action"),
    [
        ({"AWS": "1"}, "sts:AssumeRole"),
        ({"Service": "ec2.amazonaws.com"}, "sts:AssumeRole"),
        ({"Federated": SAML}, "sts:AssumeRoleWithSAML"),
        ({"Federated": GITLAB}, WEB_IDENTITY),
        ({"Federated": "accounts.google.com"}, WEB_IDENTITY),
    ],
)
def test_each_kind_of_party_is_admitted_by_its_own_action(who: dict[str, str], action: str) -> None:
    assert [it for it in ASSUMING if admitted(trusting(who, it))] == [action]


@pytest.mark.parametrize("action", ASSUMING)
def test_everybody_is_admitted_by_any_action(action: str) -> None:
    assert admitted(trusting("*", action)) == ["*"]


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
    assert (admission.party, admission.everybody) == (Party(kind="Organization", value="o-1"), False)


@pytest.mark.parametrize(
    ("organization", "demanded", "fenced"),
    [
        (None, {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, True),
        ("o-1", {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, True),
        ("o-1", {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/*"}}, True),
        ("o-1", {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, False),
        ("o-1", {"StringEquals": {"aws:PrincipalOrgID": "o-2"}}, False),
        ("", {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, False),
        (None, {"StringLike": {"aws:PrincipalOrgID": "o-*"}}, False),
        (None, {"Bool": {"aws:MultiFactorAuthPresent": "true"}}, False),
    ],
)
def test_account_is_fenced_by_the_own_organization(
    organization: str | None, demanded: dict[str, Any], *, fenced: bool
) -> None:
    trust = trusting({"AWS": "444455556666"}, Condition=demanded)
    (admission,) = admissions(trust, Zone(account="111122223333", organization=organization))
    assert admission.fenced is fenced


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
    assert excluding({"Statement": [spared, {**spared, "Action": "sts:TagSession"}, ALLOW]}) == (
        Party(kind="AWS", value="a"),
    )


def test_who_is_denied_with_all_others_is_not_excluded_from_anything() -> None:
    spared = {"Effect": "Allow", "NotPrincipal": {"AWS": "444455556666"}, "Action": "sts:AssumeRole"}
    assert excluding({"Statement": [spared, {**spared, "Effect": "Deny"}]}) == ()


def test_everybody_but_some_of_an_organization_is_that_organization() -> None:
    spared = {"Effect": "Allow", "NotPrincipal": {"AWS": "444455556666"}, "Action": "sts:AssumeRole"}
    trust = {"Statement": [{**spared, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}]}
    assert (excluding(trust), admitted(trust)) == ((), ["o-1"])


@pytest.mark.parametrize("ask", [lambda it: list(admissions(it)), excluding])
def test_malformed_trust_admits_nobody_silently(ask: Any) -> None:
    with pytest.raises(MalformedPolicyError):
        ask({"Statement": [ALLOW, {"Effect": "Perhaps"}]})
