"""Users with their rights, devices and service-specific credentials."""

from dataclasses import replace
from typing import Any

from auditor.core.derivation import Derivation
from auditor.core.derived.users import DERIVATIONS
from auditor.core.model import Observed, Subject, Unavailable
from auditor.core.subjects.credentials import (
    MfaDevice,
    ServiceCredential,
    User,
    UserWithDevices,
    UserWithRights,
    UserWithServices,
)
from tests.build import (
    ago,
    arn,
    mfa_device,
    observed,
    principal,
    service_credential,
    service_credential_metadata,
    user,
    user_detail,
    user_with_devices,
    user_with_rights,
    user_with_services,
)

GIVING: dict[type[Subject], Derivation] = {it.gives: it for it in DERIVATIONS}
UNSEEN = "holds a policy that cannot be read"
PHONE = arn("mfa/phone")


def derived(kind: type[Subject], *inputs: Observed[Subject]) -> Observed[Subject]:
    derivation = GIVING[kind]
    seen = derivation.derive(dict(zip(derivation.needs, inputs, strict=True)))
    assert isinstance(seen, Observed)
    return seen


def reasons(seen: Observed[Subject]) -> dict[str, tuple[str, bool]]:
    return {scope: (gap.reason, gap.inapplicable) for scope, gap in seen.gaps.items()}


# Service-specific credentials.


def test_credential_is_its_users_wherever_the_users_path_is() -> None:
    ana = replace(user_detail(tags={"team": "red"}), resource=arn("user/team/ana"))
    (found,) = derived(ServiceCredential, observed(service_credential_metadata()), observed(ana)).subjects
    assert isinstance(found, ServiceCredential)
    assert (found.id, found.principal, found.tags) == ("ACCA1", arn("user/team/ana"), {"team": "red"})


def test_credential_of_a_user_who_came_or_went_meanwhile_is_a_gap_by_design() -> None:
    seen = derived(ServiceCredential, observed(service_credential_metadata()), observed(user_detail("eve")))
    assert (seen.subjects, reasons(seen)) == ((), {"ACCA1": ("its user was not seen", True)})


def test_credential_in_evidence_without_any_user_is_a_gap_that_somebody_should_mend() -> None:
    seen = derived(ServiceCredential, observed(service_credential_metadata()), observed())
    assert (seen.subjects, reasons(seen)) == ((), {"ACCA1": ("its user was not seen", False)})


# Rights.


def test_user_is_an_administrator_as_its_policies_say() -> None:
    users = observed(user())
    for administrator in (True, False):
        ana = principal("User", "ana", administrator=administrator)
        seen = derived(UserWithRights, users, observed(ana))
        assert seen.subjects == (user_with_rights(administrator=administrator),)


def test_user_whose_policies_were_not_seen_is_a_gap_and_no_harmless_user() -> None:
    seen = derived(UserWithRights, observed(user()), observed(gaps={arn("user/ana"): UNSEEN}))
    assert (seen.subjects, reasons(seen)) == ((), {arn("user/ana"): (UNSEEN, False)})


# Devices.


def with_devices(one: UserWithRights, *devices: MfaDevice) -> Observed[Subject]:
    return derived(UserWithDevices, observed(one), observed(*devices))


def test_devices_are_told_apart_by_what_can_be_copied() -> None:
    seen = with_devices(user_with_rights(administrator=True), mfa_device(PHONE, copyable=True), mfa_device())
    assert seen.subjects == (user_with_devices((PHONE,), ("GAHT12345678",), administrator=True),)


def test_devices_of_others_are_not_its_own() -> None:
    seen = with_devices(user_with_rights(), mfa_device(PHONE, "eve", copyable=True))
    assert seen.subjects == (user_with_devices(),)


def test_administrator_with_mfa_whose_device_is_not_listed_was_not_seen() -> None:
    someone = user_with_rights(administrator=True)
    seen = with_devices(someone)
    assert (seen.subjects, reasons(seen)) == ((), {someone.resource: ("its MFA devices are not listed", False)})
    seen = with_devices(someone, mfa_device(user="eve"))
    assert (seen.subjects, reasons(seen)) == ((), {someone.resource: ("its MFA devices are not listed", True)})


def test_who_was_not_asked_about_needs_no_device() -> None:
    for someone in (user_with_rights(), user_with_rights(administrator=True, mfa_active=False)):
        seen = with_devices(someone)
        assert (len(seen.subjects), seen.gaps) == (1, {})


# Services.


def with_services(*credentials: ServiceCredential) -> tuple[Any, ...]:
    return derived(UserWithServices, observed(user()), observed(*credentials)).subjects


def test_user_has_the_services_that_its_credentials_open() -> None:
    git, model = service_credential(), service_credential(service="bedrock.amazonaws.com", ends=1)
    assert with_services(git, model) == (user_with_services("bedrock.amazonaws.com", "codecommit.amazonaws.com"),)


def test_credential_that_opens_nothing_does_not_count() -> None:
    ended, off = service_credential(ends=0), service_credential(active=False)
    elses = service_credential_metadata(created=ago(1))
    other = ServiceCredential(**vars(elses), user_arn=arn("user/eve"))
    assert with_services(ended, off, other) == (user_with_services(),)


def test_users_are_not_judged_by_their_services_while_those_are_unknown() -> None:
    denied = Unavailable(reason="AccessDenied")
    assert GIVING[UserWithServices].derive({User: observed(user()), ServiceCredential: denied}) == denied
