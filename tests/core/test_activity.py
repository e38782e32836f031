"""Who used which services: what AWS told of principals, joined with who they are."""

from typing import Any

import pytest

from auditor.core.derived.activity import LACKING, RECREATED
from auditor.core.model import Observed, Subject, Unavailable
from auditor.core.subjects.activity import Activity, LastAccessed, ServiceUse, UserActivity
from auditor.core.subjects.credentials import User
from auditor.core.subjects.entities import Policy, Role, UserDetail
from auditor.policy.derive import derive
from tests.build import (
    ADMINISTRATOR,
    ago,
    arn,
    credential_row,
    key_slot,
    observed,
    policy,
    role,
    user_detail,
)
from tests.core.test_derive import facts

USED = (ServiceUse(namespace="s3", last_used=ago(3)), ServiceUse(namespace="ec2", last_used=None))
ANA, DEPLOY = arn("user/ana"), arn("role/deploy")


def accessed(resource: str = DEPLOY, *services: ServiceUse, asked: float = 1) -> LastAccessed:
    return LastAccessed(resource=resource, uid=resource, generated=ago(asked), services=services)


def seen(*subjects: Subject, kind: type[Subject] = Activity, **others: Any) -> Observed[Subject]:
    found = derive(facts(*subjects) | others.get("facts", {}))[kind]
    assert isinstance(found, Observed), found
    return found


def test_activity_is_of_the_principal_as_it_is_known() -> None:
    tagged = role(tags={"team": "pay"})
    (found,) = seen(tagged, accessed(DEPLOY, *USED)).subjects
    assert found == Activity(
        resource=DEPLOY,
        uid="AROA1",
        tags={"team": "pay"},
        kind="Role",
        name="deploy",
        created=ago(400),
        generated=ago(1),
        services=USED,
    )
    assert found.resource_type == "AWS::IAM::Role"


def test_users_and_roles_have_an_activity_and_groups_and_service_linked_roles_have_none() -> None:
    linked = role(path="/aws-service-role/x.amazonaws.com/", name="linked")
    from_sso = role(path="/aws-reserved/sso.amazonaws.com/", name="sso")
    found = seen(user_detail(), linked, from_sso, accessed(ANA), accessed(linked.resource), accessed(from_sso.resource))
    assert {it.resource for it in found.subjects} == {ANA, from_sso.resource}
    assert found.gaps == {}


def test_principal_without_an_answer_is_a_gap() -> None:
    assert seen(role()).gaps == {DEPLOY: LACKING}


def test_principal_that_was_not_asked_stays_the_gap_that_it_was() -> None:
    why = Unavailable(reason="not asked yet", inapplicable=True)
    known = observed(accessed(ANA), gaps={DEPLOY: why, ANA: why})
    found = seen(role(), user_detail(), facts={LastAccessed: known})
    assert (found.subjects, found.gaps) == ((), {DEPLOY: why, ANA: why})


def test_answer_about_a_namesake_that_is_gone_is_a_gap() -> None:
    assert seen(role(age=1), accessed(DEPLOY, asked=2)).gaps == {DEPLOY: RECREATED}
    assert seen(role(age=2), accessed(DEPLOY, asked=2)).gaps == {}


def test_newer_one_of_two_answers_counts() -> None:
    for answers in ((accessed(DEPLOY, asked=2), accessed(DEPLOY, *USED)), (accessed(DEPLOY, *USED), accessed(asked=2))):
        (found,) = seen(role(), *answers).subjects
        assert isinstance(found, Activity)
        assert (found.services, found.generated) == (USED, ago(1))


def test_administrator_is_who_the_policies_make_one() -> None:
    held = policy(ADMINISTRATOR)
    (found,) = seen(role(attached=(held.resource,)), held, accessed()).subjects
    assert isinstance(found, Activity)
    assert found.administrator


def test_activity_is_judged_even_where_policies_were_not_seen() -> None:
    denied = Unavailable(reason="AccessDenied")
    (found,) = seen(role(), accessed(), facts={Policy: denied}).subjects
    assert isinstance(found, Activity)
    assert not found.administrator


def test_activity_of_a_user_has_its_credentials_and_a_role_has_none() -> None:
    keys = (key_slot(age=9, used=1), key_slot(age=None, active=False))
    row = credential_row(password_enabled=False, keys=keys)
    (found,) = seen(user_detail(), role(), row, accessed(ANA, *USED), accessed(), kind=UserActivity).subjects
    assert isinstance(found, UserActivity)
    assert (found.resource, found.uid, found.services) == (ANA, "AIDA1", USED)
    assert (found.password_enabled, found.keys) == (False, keys)


@pytest.mark.parametrize("kind", [LastAccessed, UserDetail, Role])
def test_activity_is_unavailable_with_what_it_needs(kind: type[Subject]) -> None:
    denied = Unavailable(reason="AccessDenied")
    known = derive(facts() | {LastAccessed: observed(), kind: denied})
    assert (known[Activity], known[UserActivity]) == (denied, denied)


def test_user_without_credentials_to_see_has_no_such_activity() -> None:
    found = derive(facts(user_detail(), accessed(ANA)))
    users, activities = found[User], found[UserActivity]
    assert isinstance(users, Observed)
    assert isinstance(activities, Observed)
    assert (activities.subjects, activities.gaps.keys()) == ((), users.gaps.keys())


@pytest.mark.parametrize(("used", "days"), [(ago(3), 2), (ago(3.5), 2), (ago(1), 0), (None, 399)])
def test_idle_days_are_counted_from_the_day_it_was_asked(used: Any, days: int) -> None:
    (found,) = seen(role(), accessed()).subjects
    assert isinstance(found, Activity)
    assert found.idle(used).days == days
