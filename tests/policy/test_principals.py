"""Who holds what, and who is an administrator by it."""

from dataclasses import replace
from typing import Any

import pytest

from auditor.core.model import Observed, Subject, Unavailable
from auditor.core.subjects.entities import Group, Policy, Principal, Role, UserDetail
from auditor.core.subjects.organization import Affiliation
from auditor.policy.derive import derive
from auditor.policy.principals import UNSEEN
from tests.build import ADMINISTRATOR, affiliation, allowing, arn, group, observed, policy, role, user_detail

EVERYTHING = policy(ADMINISTRATOR)
READING = policy(allowing("s3:Get*"), resource=arn("policy/reading"), uid="ANPA2")
ANA = user_detail(groups=("staff",))


def principals(*subjects: Subject, organization: Any = None) -> Observed[Principal]:
    kinds: dict[type[Subject], Any] = {
        kind: observed(*(it for it in subjects if type(it) is kind)) for kind in (UserDetail, Group, Role, Policy)
    }
    kinds[Affiliation] = organization or Unavailable(reason="not asked")
    known = derive(kinds)[Principal]
    assert isinstance(known, Observed)
    return known  # type: ignore[return-value]  # facts are by their kind


def administrators(*subjects: Subject) -> set[str]:
    return {it.name for it in principals(*subjects).subjects if it.administrator}


def test_member_of_a_group_that_may_do_everything_is_an_administrator() -> None:
    staff = group(attached=(EVERYTHING.resource,), members=(ANA.resource,))
    assert administrators(ANA, staff, EVERYTHING) == {"ana", "staff"}


def test_boundary_that_allows_less_makes_no_administrator() -> None:
    mighty = role(attached=(EVERYTHING.resource,), boundary=READING.resource)
    assert administrators(mighty, EVERYTHING, READING) == set()
    assert administrators(replace(mighty, boundary=EVERYTHING.resource), EVERYTHING) == {"deploy"}


def test_principal_of_which_a_policy_was_not_seen_was_not_seen_itself() -> None:
    known = principals(role(attached=(EVERYTHING.resource,)), replace(ANA, groups=()))
    assert [it.name for it in known.subjects] == ["ana"]
    assert known.gaps == {arn("role/deploy"): Unavailable(reason=UNSEEN)}


def test_management_account_of_the_organization_is_known_where_it_was_seen() -> None:
    assert [it.management for it in principals(role(), organization=observed(affiliation())).subjects] == [
        "999988887777"
    ]
    assert [it.management for it in principals(role()).subjects] == [None]


def test_organization_of_the_account_is_known_where_it_was_seen() -> None:
    """An account that is in none is not one of which that was not seen."""
    said = [None, affiliation(), affiliation(organization=None, management=None)]
    seen = [principals(role(), organization=None if it is None else observed(it)).subjects for it in said]
    assert [it.organization for (it,) in seen] == [None, "o-a1b2c3d4e5", ""]


@pytest.mark.parametrize("on", ["*", "arn:aws:iam::*:*", "arn:aws:iam::111122223333:*"])
def test_boundary_that_denies_iam_makes_no_administrator(on: str) -> None:
    denied = {"Effect": "Deny", "Action": ["iam:*", "sts:*"], "Resource": on}
    fence = replace(READING, document={"Statement": [*ADMINISTRATOR["Statement"], denied]})
    assert administrators(role(attached=(EVERYTHING.resource,), boundary=fence.resource), EVERYTHING, fence) == set()
