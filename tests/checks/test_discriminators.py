"""Checks that may find more than one problem with a subject: each is a finding of its own, and stays it."""

from typing import Any

import pytest

from auditor.checks.attachments import required_policy_not_in_use
from auditor.checks.policies import service_wide_policy
from auditor.checks.trust import (
    oidc_trust_without_subject,
    service_trust_without_source,
    trust_of_another_organization,
    unguarded_cross_account_trust,
)
from auditor.core.check import Because, Check, Context, Limits, Severity
from auditor.core.evaluate import Finding, evaluate
from auditor.core.model import Subject
from auditor.core.subjects.entities import Attachments
from tests.build import ACCOUNT, NOW, allowing, arn, observed, policy, principal, snapshot, trusting


def found(it: Check, subject: Subject, limits: Limits | None = None) -> tuple[Finding, ...]:
    context = Context(now=NOW, limits=limits or Limits())
    return evaluate(snapshot({it.kind: observed(subject)}), [it], context).findings


WEB = "sts:AssumeRoleWithWebIdentity"
PROVIDERS = [arn("oidc-provider/gitlab.com"), arn("oidc-provider/app.terraform.io")]


@pytest.mark.parametrize(
    ("it", "both", "one"),
    [
        (
            unguarded_cross_account_trust,
            trusting({"AWS": ["444455556666", "777788889999"]}),
            trusting({"AWS": "777788889999"}),
        ),
        (
            service_trust_without_source,
            trusting({"Service": ["pipes.amazonaws.com", "states.amazonaws.com"]}),
            trusting({"Service": "states.amazonaws.com"}),
        ),
        (
            oidc_trust_without_subject,
            trusting({"Federated": PROVIDERS}, WEB),
            trusting({"Federated": PROVIDERS[0]}, WEB),
        ),
        (
            trust_of_another_organization,
            trusting(Condition={"StringEquals": {"aws:PrincipalOrgID": ["o-1", "o-2"]}}),
            trusting(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-2"}}),
        ),
    ],
)
def test_each_outsider_is_a_finding_that_outlives_the_others(
    it: Check, both: dict[str, Any], one: dict[str, Any]
) -> None:
    two, left = (found(it, principal(trust=trust, organization="o-a1b2c3d4e5")) for trust in (both, one))
    assert (len({finding.id for finding in two}), len(left)) == (2, 1)
    assert left[0].id in {finding.id for finding in two}


def test_account_is_one_finding_however_many_of_its_principals_are_admitted() -> None:
    names = [f"arn:aws:iam::444455556666:role/{it}" for it in "ab"]
    assert len(found(unguarded_cross_account_trust, principal(trust=trusting({"AWS": names})))) == 1


def test_each_policy_that_is_not_in_use_is_a_finding() -> None:
    nobody = Attachments(resource=ACCOUNT, uid="account", by_roles=(), by_anyone=())
    missing = found(required_policy_not_in_use, nobody, Limits(required_policies=("a", "b")))
    assert sorted(it.reason for it in missing) == ["nobody holds a", "nobody holds b"]
    assert len({it.id for it in missing}) == 2


@pytest.mark.parametrize(
    ("document", "raised"),
    [
        (allowing("iam:*"), True),
        (allowing("secretsmanager:*"), True),
        (allowing("sqs:*"), False),
        (allowing("iam:*", arn("role/app")), False),
        (allowing("iam:*", Condition={"Bool": {"aws:SecureTransport": "true"}}), False),
    ],
)
def test_service_that_guards_others_weighs_more_where_it_is_open(document: dict[str, Any], *, raised: bool) -> None:
    (finding,) = found(service_wide_policy, policy(document))
    assert (finding.severity, finding.because) == (
        (Severity.MEDIUM, (Because.SENSITIVE.name,)) if raised else (Severity.LOW, ())
    )
