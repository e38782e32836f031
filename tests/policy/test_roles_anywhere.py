"""Whether a profile of Roles Anywhere narrows what its roles may do."""

from collections.abc import Mapping
from typing import Any

import pytest

from auditor.core.model import Observed, Subject, Unavailable
from auditor.core.subjects.entities import Group, Policy, Role, UserDetail
from auditor.core.subjects.roles_anywhere import AnywhereProfile, ProfileAccess
from auditor.policy.derive import derive
from tests.build import ADMINISTRATOR, allowing, arn, observed, policy, role

MIGHTY, SMALL = role(name="mighty"), role(name="small")
EVERYTHING, READ = arn("policy/everything"), arn("policy/read")
AWS_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
AWS_READ = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def profile(*roles: str, session: Mapping[str, Any] | None = None, managed: tuple[str, ...] = ()) -> AnywhereProfile:
    return AnywhereProfile(
        resource="profile",
        uid="profile",
        id="p-1",
        name="servers",
        enabled=True,
        roles=roles or (MIGHTY.resource, SMALL.resource),
        session_policy=session,
        managed=managed,
    )


def access(it: AnywhereProfile, *more: Policy, own: Mapping[str, Any] = ADMINISTRATOR) -> Observed[Any]:
    """The profile in an account with a role that holds `own`, and one that holds nothing."""
    inline = policy(own, uid="inline", resource=MIGHTY.resource, owner=MIGHTY.resource)
    facts: dict[type[Subject], Observed[Subject] | Unavailable] = {
        UserDetail: observed(),
        Group: observed(),
        Role: observed(MIGHTY, SMALL),
        Policy: observed(inline, *more),
        AnywhereProfile: observed(it),
    }
    known = derive(facts)[ProfileAccess]
    assert isinstance(known, Observed)
    return known


MANAGED = (
    policy(ADMINISTRATOR, uid="everything", resource=EVERYTHING, attached_to=()),
    policy(allowing("s3:Get*"), uid="read", resource=READ, attached_to=()),
)


@pytest.mark.parametrize(
    "wide",
    [
        profile(),
        profile(session=ADMINISTRATOR),
        profile(managed=(EVERYTHING,)),
        profile(managed=(AWS_ADMINISTRATOR,)),
        # Together they say what a session may do: one that allows everything is enough.
        profile(session=allowing("s3:*"), managed=(AWS_ADMINISTRATOR,)),
        profile(managed=(READ, EVERYTHING)),
    ],
)
def test_profile_gives_administrators_unless_something_narrows_it(wide: AnywhereProfile) -> None:
    (it,) = access(wide, *MANAGED).subjects
    assert (it.administrators, it.missing) == ((MIGHTY.resource,), ())


@pytest.mark.parametrize(
    "narrow",
    [
        profile(session=allowing("s3:*")),
        profile(managed=(READ,)),
        profile(managed=(AWS_READ,)),
        profile(managed=(arn("policy/gone"),)),
        profile(SMALL.resource),
    ],
)
def test_profile_that_narrows_its_sessions_gives_none(narrow: AnywhereProfile) -> None:
    (it,) = access(narrow, *MANAGED).subjects
    assert it.administrators == ()


def test_role_that_does_not_exist_is_missing() -> None:
    (it,) = access(profile(arn("role/gone"), MIGHTY.resource)).subjects
    assert (it.missing, it.administrators) == ((arn("role/gone"),), (MIGHTY.resource,))


def test_profile_with_a_role_that_was_not_completely_seen_was_not_seen() -> None:
    known = access(profile(), own={"Statement": {"Effect": "Perhaps"}})
    assert known.subjects == ()
    assert known.gaps["profile"] == Unavailable(reason="what one of its roles may do was not seen")


def test_profile_with_a_session_policy_that_cannot_be_read_was_not_seen() -> None:
    known = access(profile(session={"Statement": {"Effect": "Perhaps"}}))
    assert known.subjects == ()
    assert known.gaps["profile"].reason.startswith("a policy of its sessions cannot be read: statement 1")
