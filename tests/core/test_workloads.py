"""What follows for workloads from what the sources said, and what does not while something was not seen."""

from collections.abc import Mapping
from typing import Any

import pytest

from auditor.core.life import Event
from auditor.core.model import Observed, Subject, Unavailable, kind_in
from auditor.core.reconcile import reconcile
from auditor.core.subjects.credentials import KeyMetadata
from auditor.core.subjects.entities import Group, Policy, Role, UserDetail
from auditor.core.subjects.organization import Affiliation
from auditor.core.subjects.workloads import (
    SECRET_ACCESS_KEY,
    CarriedKey,
    CarriedKeyId,
    CarriedSecret,
    Instance,
    LooseSecret,
    ManagementWorkloads,
    Workload,
    WorkloadRole,
)
from auditor.policy.derive import derive
from tests.build import (
    ACCOUNT,
    ADMINISTRATOR,
    OWNER,
    allowing,
    arn,
    audited,
    evaluation,
    events,
    finding,
    key_metadata,
    observed,
    policy,
    role,
    skip,
)

Facts = Mapping[type[Subject], Observed[Subject] | Unavailable]
DENIED = Unavailable(reason="AccessDenied")
PROFILE = arn("instance-profile/web")
FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:pay"
INSTANCE = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-1"
LAMBDA, EC2 = "AWS::Lambda::Function", "AWS::EC2::Instance"
ROLE = role(instance_profiles=(PROFILE,), path="/team/")


def function(**fields: Any) -> Workload:
    return Workload(resource=FUNCTION, uid=FUNCTION, region="eu-west-1", type=LAMBDA, **fields)


def instance(**fields: Any) -> Workload:
    return Workload(resource=INSTANCE, uid=INSTANCE, region="eu-west-1", type=EC2, **fields)


def holding(document: Mapping[str, Any], **fields: Any) -> Facts:
    """An account with one role, which holds this policy."""
    inline = policy(document, resource=ROLE.resource, owner=ROLE.resource, attached_to=(ROLE.resource,), **fields)
    return {UserDetail: observed(), Group: observed(), Role: observed(ROLE), Policy: observed(inline)}


def derived(kind: type[Subject], facts: Facts) -> Observed[Any]:
    known = derive(facts)[kind]
    assert isinstance(known, Observed)
    return known


# Instances.


def test_instance_has_the_role_that_its_profile_holds() -> None:
    facts = {Workload: observed(instance(profile=PROFILE), function()), Role: observed(ROLE)}
    (it,) = derived(Instance, facts).subjects
    assert (it.role, it.empty_profile, it.id) == (ROLE.resource, False, "i-1")


def test_profile_that_no_role_is_in_is_empty() -> None:
    (it,) = derived(Instance, {Workload: observed(instance(profile=PROFILE)), Role: observed()}).subjects
    assert (it.role, it.empty_profile) == (None, True)


@pytest.mark.parametrize("roles", [DENIED, observed(gaps={"role/x": "lacking"})])
def test_profile_is_not_taken_for_empty_while_roles_were_not_all_seen(roles: Observed[Subject] | Unavailable) -> None:
    (it,) = derived(Instance, {Workload: observed(instance(profile=PROFILE)), Role: roles}).subjects
    assert (it.role, it.empty_profile) == (None, False)


def test_instance_without_a_profile_is_seen_without_roles() -> None:
    (it,) = derived(Instance, {Workload: observed(instance()), Role: DENIED}).subjects
    assert (it.profile, it.empty_profile) == (None, False)


# Workloads with their roles.


@pytest.mark.parametrize(
    "workload",
    [
        function(role=ROLE.resource),
        instance(profile=PROFILE),
        # Glue takes a name, which tells no path.
        function(role=arn("role/deploy")),
    ],
)
def test_workload_has_its_role_and_what_that_may_do(workload: Workload) -> None:
    (it,) = derived(WorkloadRole, {Workload: observed(workload), **holding(ADMINISTRATOR)}).subjects
    assert (it.role, it.role_name, it.administrator) == (ROLE.resource, "deploy", True)
    assert it.principal == ROLE.resource
    (it,) = derived(WorkloadRole, {Workload: observed(workload), **holding(allowing("s3:*"))}).subjects
    assert not it.administrator


@pytest.mark.parametrize(
    "workload",
    [
        function(),
        instance(),
        function(role=arn("role/gone")),
        function(role="arn:aws:iam::999988887777:role/deploy"),
        instance(profile=arn("instance-profile/empty")),
    ],
    ids=["no role", "no profile", "role is gone", "role of another account", "empty profile"],
)
def test_workload_without_a_role_of_the_account_is_not_judged_by_one(workload: Workload) -> None:
    known = derived(WorkloadRole, {Workload: observed(workload), **holding(ADMINISTRATOR)})
    assert (known.subjects, known.gaps) == ((), {})


def test_workload_whose_role_was_not_completely_seen_was_not_seen() -> None:
    unreadable = {"Statement": {"Effect": "Perhaps"}}
    known = derived(WorkloadRole, {Workload: observed(function(role=ROLE.resource)), **holding(unreadable)})
    assert known.subjects == ()
    assert known.gaps[FUNCTION] == Unavailable(reason="what its role may do was not seen")


def test_gap_of_the_workloads_is_a_gap_of_their_roles() -> None:
    unseen = observed(gaps={kind_in("eu-west-1", LAMBDA): "denied"})
    known = derived(WorkloadRole, {Workload: unseen, **holding(ADMINISTRATOR)})
    assert known.gaps == {"eu-west-1/AWS::Lambda::Function": Unavailable(reason="denied")}


# Keys and secrets.


def carried_id(key: str = "AKIA1") -> CarriedKeyId:
    return CarriedKeyId(resource=FUNCTION, uid=f"{FUNCTION}#{key}", type=LAMBDA, where="Environment.A", key=key)


def carried_secret(form: str = SECRET_ACCESS_KEY, resource: str = FUNCTION) -> CarriedSecret:
    return CarriedSecret(resource=resource, uid=f"{resource}#{form}", type=LAMBDA, where="Environment.B", form=form)


@pytest.mark.parametrize("active", [True, False])
def test_carried_key_of_the_account_is_told_with_its_user(*, active: bool) -> None:
    keys = observed(key_metadata("AKIA1", active=active), key_metadata("AKIA2", user="bob"))
    (it,) = derived(CarriedKey, {CarriedKeyId: observed(carried_id()), KeyMetadata: keys}).subjects
    assert (it.user, it.active, it.key) == ("ana", active, "AKIA1")


@pytest.mark.parametrize("keys", [DENIED, observed(), observed(key_metadata("AKIA2"))])
def test_carried_key_that_nobody_is_known_to_have_is_told_without_a_user(
    keys: Observed[Subject] | Unavailable,
) -> None:
    (it,) = derived(CarriedKey, {CarriedKeyId: observed(carried_id()), KeyMetadata: keys}).subjects
    assert (it.user, it.active) == (None, None)


def test_secret_access_key_beside_its_id_is_told_with_it() -> None:
    secrets = observed(carried_secret(), carried_secret("Private Key"), carried_secret(resource=INSTANCE))
    loose = derived(LooseSecret, {CarriedSecret: secrets, CarriedKeyId: observed(carried_id())}).subjects
    assert [(it.resource, it.form) for it in loose] == [(FUNCTION, "Private Key"), (INSTANCE, SECRET_ACCESS_KEY)]


# The management account.


def affiliation(management: str | None = ACCOUNT) -> Affiliation:
    return Affiliation(
        resource=ACCOUNT,
        uid="account",
        organization="o-1" if management else None,
        management=management,
        all_features=True,
        root=OWNER.root_arn,
    )


@pytest.mark.parametrize(("management", "expected"), [(ACCOUNT, True), ("999988887777", False), (None, False)])
def test_account_is_known_by_what_runs_in_it(management: str | None, *, expected: bool) -> None:
    stack = Workload(resource="stack", uid="stack", type="AWS::CloudFormation::Stack")
    facts = {Workload: observed(function(), instance(), stack), Affiliation: observed(affiliation(management))}
    (it,) = derived(ManagementWorkloads, facts).subjects
    assert (it.management, it.types) == (expected, (EC2, LAMBDA))


def test_account_in_which_nothing_was_seen_is_not_empty_while_something_was_not_seen() -> None:
    facts = {Workload: observed(gaps={"eu-west-1/x": "denied"}), Affiliation: observed(affiliation())}
    known = derived(ManagementWorkloads, facts)
    assert known.subjects == ()
    assert known.gaps[ACCOUNT] == Unavailable(reason="denied")


def test_what_is_unseen_by_design_leaves_the_account_seen() -> None:
    closed = Unavailable(reason="closed", inapplicable=True)
    facts = {Workload: observed(gaps={"eu-west-1/x": closed}), Affiliation: observed(affiliation())}
    assert [it.types for it in derived(ManagementWorkloads, facts).subjects] == [()]


# What a gap of one kind hides.


def test_kind_that_was_not_seen_in_a_region_resolves_nothing_of_it_and_the_rest() -> None:
    of_function = finding("f", "administrator-workload", region="eu-west-1", resource_type=LAMBDA)
    elsewhere = finding("g", "administrator-workload", region="eu-west-2", resource_type=LAMBDA)
    of_instance = finding("i", "administrator-workload", region="eu-west-1", resource_type=EC2)
    known = audited(evaluation(of_function, elsewhere, of_instance, age=1))
    hidden = skip(kind_in("eu-west-1", LAMBDA), "administrator-workload")
    now = evaluation(looked_at={"administrator-workload": ()}, skipped=(hidden,))
    assert sorted(events(reconcile(now, known))) == [("g", Event.RESOLVED), ("i", Event.RESOLVED)]
