"""Virtual MFA devices and who holds them; hardware devices and passkeys are in no account-wide list."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from auditor.aws.session import Aws
from auditor.aws.source import Asked, Reading, Shape, Source, validated
from auditor.core.model import Owner
from auditor.core.subjects.credentials import VirtualMfaDevice


class Holder(Shape):
    """The user of a device; the root user's ARN ends in ``:root``."""

    arn: str = Field(alias="Arn")


class Device(Shape):
    """An entry of VirtualMFADevices."""

    serial: str = Field(alias="SerialNumber")
    user: Holder | None = Field(alias="User", default=None)


class Devices(Shape):
    """The whole answer."""

    devices: list[Device] = Field(alias="VirtualMFADevices")


def gather(aws: Aws, _: Mapping[str, Any]) -> Asked:
    """All devices, assigned or not; of each only what is no secret: the shape of an answer has room for its seed."""
    pages = aws.client("iam").get_paginator("list_virtual_mfa_devices").paginate(PaginationConfig={"PageSize": 1000})
    devices = pages.build_full_result()["VirtualMFADevices"]
    kept = ("SerialNumber", "User", "EnableDate")
    return Asked(raw={"VirtualMFADevices": [{name: it[name] for name in kept if name in it} for it in devices]})


def read(raw: Any, _: Owner) -> Reading:
    """One subject a device."""
    devices = validated(Devices, raw).devices
    return Reading(
        subjects=[
            VirtualMfaDevice(resource=it.serial, uid=it.serial, user=it.user.arn if it.user else None) for it in devices
        ]
    )


VIRTUAL_MFA_DEVICES = Source(
    name="virtual-mfa-devices",
    actions=("iam:ListVirtualMFADevices",),
    kinds=(VirtualMfaDevice,),
    gather=gather,
    read=read,
)
