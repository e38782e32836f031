from typing import Any

import pytest

from auditor.policy.trust import Admission, admissions
from tests.build import ACCOUNT, arn, trusting

WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
GITHUB, COGNITO, GOOGLE = "token.actions.githubusercontent.com", "cognito-identity.amazonaws.com", "accounts.google.com"


def federated(provider: str, operator: str, **claims: Any) -> Admission:
    condition = {operator: {f"{provider}:{claim}": value for claim, value in claims.items()}}
    (admission,) = admissions(trusting({"Federated": provider}, WEB_IDENTITY, Condition=condition))
    return admission


def own(provider: str, operator: str, **claims: Any) -> Admission:
    condition = {operator: {f"{provider}:{claim}": value for claim, value in claims.items()}}
    who = {"Federated": arn(f"oidc-provider/{provider}")}
    (admission,) = admissions(trusting(who, WEB_IDENTITY, Condition=condition))
    return admission


@pytest.mark.parametrize(
    ("claims", "strangers"),
    [
        ({"sub": "repo:shop/api:*"}, False),
        ({"sub": "repo:shop*"}, True),
        ({"sub": "repo:*", "repository_owner": "shop"}, False),
        ({"sub": "*", "repository_id": "123"}, False),
        ({"repository_visibility": "private"}, True),
        ({"sub": "repo:shop/api:*", "actor": "*"}, False),
        ({"aud": "sts.amazonaws.com"}, True),
    ],
)
def test_one_claim_that_names_the_tenant_is_enough(claims: dict[str, str], *, strangers: bool) -> None:
    assert own(GITHUB, "StringLike", **claims).open_to_strangers is strangers


@pytest.mark.parametrize("claims", [{"aud": "https://vercel.com/*"}, {"aud": "sts.amazonaws.com"}, {}])
def test_audience_without_the_tenant_is_everybodys(claims: dict[str, str]) -> None:
    assert own("oidc.vercel.com", "StringLike", **claims).open_to_strangers


@pytest.mark.parametrize(
    ("provider", "claims", "anybodys"),
    [
        (COGNITO, {}, True),
        (COGNITO, {"aud": "eu-west-1:1"}, False),
        (COGNITO, {"amr": "authenticated"}, True),
        (GOOGLE, {"sub": "4711"}, False),
        (GOOGLE, {"oaud": "4711"}, False),
        ("www.amazon.com", {"user_id": "4711"}, False),
        ("www.amazon.com", {}, True),
        ("graph.facebook.com", {"id": "4711"}, False),
    ],
)
def test_application_or_person_is_named(provider: str, claims: dict[str, str], *, anybodys: bool) -> None:
    assert federated(provider, "ForAnyValue:StringLike", **claims).of_anybodys_application is anybodys


def test_account_of_google_is_named_by_what_iam_calls_the_audience() -> None:
    named = [
        claim for claim in ("aud", "sub", "email") if not federated(GOOGLE, "StringEquals", **{claim: "1"}).admits()
    ]
    assert named == ["aud", "sub", "email"]
    assert federated(GOOGLE, "StringEquals", oaud="1").open_to_strangers
    assert not federated(GOOGLE, "StringEquals", oaud="1", sub="2").open_to_strangers


@pytest.mark.parametrize(
    ("condition", "every"),
    [
        ({}, True),
        ({"ArnLike": {"aws:SourceArn": "*"}}, True),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:rolesanywhere:*:{ACCOUNT}:trust-anchor/4711"}}, False),
        ({"StringEquals": {"aws:PrincipalTag/x509Issuer/CN": "ours"}}, False),
        ({"StringLike": {"sts:SourceIdentity": "CN=*"}}, True),
        ({"StringNotEquals": {"aws:PrincipalTag/x509Subject/CN": "gone"}}, True),
    ],
)
def test_certificate_or_authority_is_named(condition: dict[str, Any], *, every: bool) -> None:
    who = {"Service": "rolesanywhere.amazonaws.com"}
    (admission,) = admissions(trusting(who, Condition=condition))
    assert admission.open_to_certificates is every
