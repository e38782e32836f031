"""What the users of long-term API keys for Bedrock may do there."""

from typing import Any

import pytest

from auditor.core.model import Observed, Unavailable
from auditor.core.subjects.credentials import BedrockKey, ServiceCredential, ServiceCredentialMetadata
from auditor.core.subjects.entities import Group, Policy, Principal, Role, UserDetail
from auditor.policy.bedrock import DERIVATIONS, holds_service
from auditor.policy.derive import derive
from tests.build import (
    ADMINISTRATOR,
    allowing,
    arn,
    observed,
    policy,
    principal,
    service_credential,
    service_credential_metadata,
    user_detail,
)

ALL = allowing("bedrock:*")
NOT_IAM = {"Statement": {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}}
LITTLE = arn("policy/little")


def deny(action: Any, **elements: Any) -> dict[str, Any]:
    return {"Statement": {"Effect": "Deny", "Action": action, "Resource": "*", **elements}}


@pytest.mark.parametrize(
    "documents",
    [
        [ALL],
        [ADMINISTRATOR],
        [allowing("Bedrock:*")],
        [allowing(["s3:GetObject", "bedrock:**"])],
        [allowing("s3:*"), ALL],
        # What PowerUserAccess writes.
        [NOT_IAM],
        [allowing("bedrock:*", Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})],
        [ALL, deny("bedrock:InvokeModel")],
        [ALL, deny("bedrock:*", Condition={"Bool": {"aws:SecureTransport": "false"}})],
    ],
)
def test_everything_in_bedrock_is_seen_in_every_form(documents: list[Any]) -> None:
    assert holds_service(documents, "bedrock")


@pytest.mark.parametrize(
    "documents",
    [
        [],
        [allowing("bedrock:Invoke*")],
        [allowing("bedrock-agentcore:*")],
        [allowing("bedrock:*", arn("user/ana"))],
        [{"Statement": {"Effect": "Allow", "Action": "bedrock:*", "NotResource": arn("user/ana")}}],
        [{"Statement": {"Effect": "Allow", "NotAction": ["bedrock:Delete*"], "Resource": "*"}}],
        [{"Statement": {"Effect": "Allow", "NotAction": "*", "Resource": "*"}}],
        [deny("bedrock:*")],
        [ALL, deny("bedrock:*")],
        [ALL, deny("*")],
        [ALL, {"Statement": {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}}],
    ],
)
def test_less_is_not_everything(documents: list[Any]) -> None:
    assert not holds_service(documents, "bedrock")


def derived(credential: ServiceCredential, *known: Principal | Policy) -> Observed[Any] | Unavailable:
    (derivation,) = DERIVATIONS
    return derivation.derive(
        {
            ServiceCredential: observed(credential),
            Principal: observed(*(it for it in known if isinstance(it, Principal))),
            Policy: observed(*(it for it in known if isinstance(it, Policy))),
        }
    )


def key(*known: Principal | Policy) -> BedrockKey:
    seen = derived(service_credential(service="bedrock.amazonaws.com"), *known)
    assert isinstance(seen, Observed)
    (found,) = seen.subjects
    assert isinstance(found, BedrockKey)
    return found


def test_key_knows_what_its_user_may_do() -> None:
    assert not key(principal("User", "ana", documents=(allowing("s3:*"),))).whole_service
    assert key(principal("User", "ana", documents=(ALL,))).whole_service
    found = key(principal("User", "ana", administrator=True, documents=(ADMINISTRATOR,)))
    assert (found.administrator, found.whole_service, found.principal) == (True, True, arn("user/ana"))


@pytest.mark.parametrize(("bound", "whole"), [(allowing("s3:*"), False), (ALL, True), (ADMINISTRATOR, True)])
def test_boundary_holds_the_user_down(bound: dict[str, Any], *, whole: bool) -> None:
    little = policy(bound, resource=LITTLE, attached_to=(), boundary_of=(arn("user/ana"),))
    assert key(principal("User", "ana", boundary=LITTLE, documents=(ALL,)), little).whole_service is whole


def test_credential_for_another_service_is_no_key_for_bedrock() -> None:
    seen = derived(service_credential(), principal("User", "ana", documents=(ALL,)))
    assert isinstance(seen, Observed)
    assert seen.subjects == ()


def test_user_of_whose_policies_one_is_no_policy_is_a_gap_though_another_allows_everything() -> None:
    held = [policy(ADMINISTRATOR, resource=arn("policy/all")), policy({"Version": "x"}, resource=LITTLE, uid="ANPA2")]
    ana = user_detail("ana", attached=tuple(it.resource for it in held))
    facts = derive(
        {
            UserDetail: observed(ana),
            Group: observed(),
            Role: observed(),
            Policy: observed(*held),
            ServiceCredentialMetadata: observed(service_credential_metadata(service="bedrock.amazonaws.com")),
        }
    )
    seen = facts[BedrockKey]
    assert isinstance(seen, Observed)
    assert (seen.subjects, list(seen.gaps)) == ((), [ana.resource])
