"""What binds the principals of a member account, as `can` weighs it."""

from collections.abc import Mapping
from typing import Any

import pytest

from auditor.cli.errors import InputError
from auditor.cli.weighing import Account, Asked
from auditor.core.model import AccountSnapshot
from auditor.core.subjects.entities import Group, Policy, Principal, Role, UserDetail
from auditor.core.subjects.organization import (
    Affiliation,
    AttachedPolicy,
    GuardrailLevel,
    OrganizationMember,
    OrganizationRoot,
)
from auditor.render.grounds import why
from tests.build import ACCOUNT, affiliation, allowing, observed, principal, role, snapshot, user_detail

MANAGEMENT = "444455556666"
SCP = "SERVICE_CONTROL_POLICY"


def level(name: str, document: Mapping[str, Any]) -> GuardrailLevel:
    return GuardrailLevel(
        resource=name, uid=name, type=SCP, policies=(AttachedPolicy(name="limit", document=document),)
    )


def member(of_account: Mapping[str, Any]) -> AccountSnapshot:
    """An account with ana, who may do everything, and a service-linked role; the SCP of the account is given."""
    linked = "/aws-service-role/x.amazonaws.com/"
    rights: dict[str, Any] = {"documents": (allowing(),), "holdings": (("own", ""),)}
    return snapshot(
        {
            UserDetail: observed(user_detail("ana")),
            Role: observed(role(path=linked, name="linked")),
            Group: observed(),
            Policy: observed(),
            Principal: observed(principal("User", "ana", **rights), principal(name="linked", path=linked, **rights)),
            Affiliation: observed(affiliation(organization="o-1", management=MANAGEMENT)),
            OrganizationRoot: observed(OrganizationRoot(resource="r-1", uid="r-1", policy_types=(SCP,))),
            OrganizationMember: observed(OrganizationMember(resource=ACCOUNT, uid=ACCOUNT, name="app", path=("r-1",))),
            GuardrailLevel: observed(level("r-1", allowing()), level(ACCOUNT, of_account)),
        }
    )


def test_each_level_of_the_organization_binds() -> None:
    account = Account(member(allowing("s3:*")))
    allowed, denied = (
        account.decided(account.standing("ana"), it, Asked()) for it in ("s3:PutObject", "ec2:RunInstances")
    )
    assert account.unseen == ()
    assert allowed.decision.allowed
    assert why(allowed)[1:] == (
        "statement 1 of service control policy limit of r-1",
        f"statement 1 of service control policy limit of {ACCOUNT}",
    )
    assert why(denied) == (f"no statement of service control level 2 (limit of {ACCOUNT}) allows it",)


def test_service_linked_roles_are_not_bound() -> None:
    account = Account(member(allowing("s3:*")))
    (linked,) = (it for it in account.standings.by_arn if it.endswith("linked"))
    assert account.decided(account.standings.by_arn[linked], "ec2:RunInstances", Asked()).decision.allowed


def test_policy_of_the_organization_that_cannot_be_read_is_said_in_a_line() -> None:
    with pytest.raises(InputError, match="a policy of the organization cannot be read: the document has no Statement"):
        Account(member({}))
