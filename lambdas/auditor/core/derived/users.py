"""Users with what other sources know of them: their rights, their devices, their service-specific credentials."""

from collections.abc import Iterable
from dataclasses import replace

from auditor.core.derivation import Derivation, Made
from auditor.core.model import Observed, Subject, Unavailable
from auditor.core.subjects.credentials import (
    MfaDevice,
    ServiceCredential,
    ServiceCredentialMetadata,
    User,
    UserWithDevices,
    UserWithRights,
    UserWithServices,
)
from auditor.core.subjects.entities import Principal, UserDetail

UNSEEN = "its user was not seen"
UNLISTED = "its MFA devices are not listed"


def _passing(reason: str, others: Iterable[Subject]) -> Unavailable:
    """It comes of a change between two answers, unless the second was made without anything at all."""
    return Unavailable(reason=reason, inapplicable=any(True for _ in others))


def service_credentials(metadata: Observed[ServiceCredentialMetadata], details: Observed[UserDetail]) -> Made:
    """Service-specific credentials with their users, whom AWS lists by name."""
    users = {user.name: user for user in details.subjects}
    found, gaps = [], {}
    for it in metadata.subjects:
        if it.user in users:
            user = users[it.user]
            found.append(ServiceCredential(**(vars(it) | {"tags": user.tags}), user_arn=user.resource))
        else:
            gaps[it.resource] = _passing(UNSEEN, details.subjects)
    return Made(found, gaps)


def with_rights(users: Observed[User], principals: Observed[Principal]) -> Made:
    """Users whose policies were all seen."""
    seen = {it.resource: it.administrator for it in principals.subjects}
    known = [user for user in users.subjects if user.resource in seen]
    return Made(UserWithRights(**vars(replace(user, administrator=seen[user.resource]))) for user in known)


def with_devices(users: Observed[UserWithRights], devices: Observed[MfaDevice]) -> Made:
    """Users with their MFA devices. An administrator whose report shows MFA, but who has no device, was not seen."""
    held: dict[str, list[MfaDevice]] = {}
    for device in devices.subjects:
        held.setdefault(device.user, []).append(device)
    unlisted = _passing(UNLISTED, devices.subjects)
    gaps = {
        it.resource: unlisted for it in users.subjects if it.administrator and it.mfa_active and it.name not in held
    }
    return Made((_with(user, held.get(user.name, [])) for user in users.subjects if user.resource not in gaps), gaps)


def _with(user: UserWithRights, devices: Iterable[MfaDevice]) -> UserWithDevices:
    serials = {copyable: tuple(it.resource for it in devices if it.copyable is copyable) for copyable in (True, False)}
    return UserWithDevices(**vars(user), copyable_devices=serials[True], bound_devices=serials[False])


def with_services(users: Observed[User], credentials: Observed[ServiceCredential]) -> Made:
    """Users with the services that their service-specific credentials open."""
    open_to: dict[str, set[str]] = {}
    for it in credentials.subjects:
        if it.works(credentials.as_of):
            open_to.setdefault(it.user_arn, set()).add(it.service)
    return Made(
        UserWithServices(**vars(user), services=tuple(sorted(open_to.get(user.resource, ()))))
        for user in users.subjects
    )


DERIVATIONS = (
    Derivation(ServiceCredential, (ServiceCredentialMetadata, UserDetail), service_credentials),
    Derivation(UserWithRights, (User, Principal), with_rights),
    Derivation(UserWithDevices, (UserWithRights, MfaDevice), with_devices),
    Derivation(UserWithServices, (User, ServiceCredential), with_services),
)
