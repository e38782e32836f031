"""MFA devices of the administrators, whatever kind they are.

The credential report says who has MFA, `virtual-mfa-devices` who has a virtual device; only ListMFADevices, one user a
call, shows passkeys and hardware. It is asked about administrators whose report shows MFA, and about nobody else.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import Field

from auditor.aws.each_user import each_user
from auditor.aws.session import Aws
from auditor.aws.source import Asked, Reading, Shape, Source, validated
from auditor.aws.sources import authorization_details, credential_report
from auditor.core.model import Observed, Owner, Subject, Unavailable
from auditor.core.subjects.credentials import CredentialRow, MfaDevice
from auditor.core.subjects.entities import Group, Policy, Principal, Role, UserDetail
from auditor.policy.principals import principals

COPYABLE = ("mfa/", "sms-mfa/")
"""How the resource of a virtual device's ARN, and of a telephone number's, begins; a passkey's or security key's begins
with ``u2f/``, and a hardware token has a serial number that is no ARN."""

S = TypeVar("S", bound=Subject)


class Device(Shape):
    """An entry of MFADevices."""

    user: str = Field(alias="UserName")
    serial: str = Field(alias="SerialNumber")


class Devices(Shape):
    """The answers of all users, joined."""

    devices: list[Device] = Field(alias="MFADevices")


def gather(aws: Aws, needed: Mapping[str, Any]) -> Asked:
    """One call for each administrator with MFA."""
    names = sorted(_administrators(aws, needed) & set(_with_mfa(aws, needed)))
    return Asked(raw={"MFADevices": each_user(aws, names, "list_mfa_devices", "MFADevices")})


def _with_mfa(aws: Aws, needed: Mapping[str, Any]) -> Iterator[str]:
    rows = credential_report.read(needed[credential_report.CREDENTIAL_REPORT.name], aws.owner).subjects
    return (row.name for row in rows if isinstance(row, CredentialRow) and row.mfa_active and not row.is_root)


def _administrators(aws: Aws, needed: Mapping[str, Any]) -> set[str]:
    subjects = authorization_details.read(needed[authorization_details.AUTHORIZATION_DETAILS.name], aws.owner).subjects

    def of(kind: type[S]) -> Observed[S]:
        return Observed(subjects=tuple(it for it in subjects if isinstance(it, kind)), as_of=aws.now)

    nobody = Observed[Role](subjects=(), as_of=aws.now)
    made = principals(of(UserDetail), of(Group), nobody, of(Policy), Unavailable(reason="it was not asked"))
    administrators = {it.resource for it in made.subjects if isinstance(it, Principal) and it.administrator}
    return {user.name for user in of(UserDetail).subjects if user.resource in administrators}


def read(raw: Any, _: Owner) -> Reading:
    """One subject a device."""
    devices = validated(Devices, raw).devices
    return Reading(
        subjects=[
            MfaDevice(resource=it.serial, uid=it.serial, user=it.user, copyable=_is_copyable(it.serial))
            for it in devices
        ]
    )


def _is_copyable(serial: str) -> bool:
    """``arn:<partition>:iam::<account>:mfa/phone`` is; a serial number without colons is a piece of hardware."""
    return "".join(serial.split(":", 5)[5:]).startswith(COPYABLE)


MFA_DEVICES = Source(
    name="mfa-devices",
    actions=("iam:ListMFADevices",),
    kinds=(MfaDevice,),
    gather=gather,
    read=read,
    needs=(credential_report.CREDENTIAL_REPORT.name, authorization_details.AUTHORIZATION_DETAILS.name),
)
