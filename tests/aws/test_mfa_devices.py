"""MFA devices: asked only of administrators who have one."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from auditor.aws.gather import gather
from auditor.aws.source import MalformedEvidenceError
from auditor.aws.sources.authorization_details import AUTHORIZATION_DETAILS
from auditor.aws.sources.credential_report import CREDENTIAL_REPORT
from auditor.aws.sources.mfa_devices import MFA_DEVICES
from auditor.core.evidence import Answer
from auditor.core.model import Unavailable
from auditor.core.subjects.credentials import MfaDevice
from tests.aws.answers import (
    NO_DETAILS,
    administrator_entry,
    group_entry,
    mfa_entry,
    policy_entry,
    report,
    report_row,
    root_row,
    user_entry,
)
from tests.aws.wire import Params, Refused, Wire, always, scripted
from tests.build import NOW, OWNER, allowing, arn, mfa_device

EVERYTHING = {"AttachedManagedPolicies": [{"PolicyName": "everything", "PolicyArn": arn("policy/everything")}]}
BOUND = {"PermissionsBoundary": {"PermissionsBoundaryArn": arn("policy/little")}}
DETAILS = {
    **NO_DETAILS,
    "UserDetailList": [
        administrator_entry("own"),
        user_entry("by-group", GroupList=["staff"]),
        administrator_entry("bounded", **BOUND),
        administrator_entry("without"),
        administrator_entry("unreported"),
        user_entry("reader"),
    ],
    "GroupDetailList": [group_entry("staff", **EVERYTHING)],
    "Policies": [policy_entry(), policy_entry("little", json.dumps(allowing("s3:*")))],
}
ROWS = (
    root_row(),
    report_row("own"),
    report_row("by-group"),
    report_row("bounded"),
    report_row("without", mfa_active="false"),
    report_row("reader"),
)


def asked(devices_of: Callable[[Params], Any]) -> tuple[Answer | Unavailable, list[str]]:
    """The answer, and the users that were asked about."""
    wire = Wire(
        script={
            "GetCredentialReport": always({"Content": report(*ROWS).encode(), "GeneratedTime": NOW}),
            "GetAccountAuthorizationDetails": always(DETAILS),
            "ListMFADevices": devices_of,
        }
    )
    answers = gather(scripted(wire), [CREDENTIAL_REPORT, AUTHORIZATION_DETAILS, MFA_DEVICES]).answers
    return answers["mfa-devices"], sorted(call.params["UserName"] for call in wire.named("ListMFADevices"))


def test_only_administrators_whose_report_shows_mfa_are_asked_about() -> None:
    _, users = asked(always({"MFADevices": []}))
    assert users == ["by-group", "own"]


def test_devices_of_all_users_and_pages_are_joined() -> None:
    def devices_of(params: Params) -> dict[str, Any]:
        user, more = params["UserName"], "Marker" not in params
        entry = mfa_entry(f"GAHT1234{'1' if more else '2'}", user)
        return {"MFADevices": [entry], **({"IsTruncated": True, "Marker": "m"} if more else {"IsTruncated": False})}

    answer, users = asked(devices_of)
    assert users == ["by-group", "by-group", "own", "own"]
    assert isinstance(answer, Answer)
    assert MFA_DEVICES.read(answer.raw, OWNER).subjects == [
        mfa_device(serial, user) for user in ("by-group", "own") for serial in ("GAHT12341", "GAHT12342")
    ]


def test_user_who_was_deleted_meanwhile_is_passed_over() -> None:
    def devices_of(params: Params) -> dict[str, Any]:
        if params["UserName"] == "own":
            raise Refused("NoSuchEntity")
        return {"MFADevices": [mfa_entry(user="by-group")]}

    answer, _ = asked(devices_of)
    assert isinstance(answer, Answer)
    assert [it["UserName"] for it in answer.raw["MFADevices"]] == ["by-group"]


def test_one_denied_user_makes_the_source_unavailable() -> None:
    denied, _ = asked(always(Refused("AccessDenied", "no")))
    assert denied == Unavailable(reason="ListMFADevices: AccessDenied: no")


@pytest.mark.parametrize(
    ("serial", "copyable"),
    [
        (arn("mfa/phone"), True),
        (arn("mfa/team/phone"), True),
        (arn("sms-mfa/ana"), True),
        ("arn:aws-us-gov:iam::111122223333:mfa/phone", True),
        (arn("u2f/user/ana/laptop-ABC"), False),
        (arn("u2f/user/mfa/phone-ABC"), False),
        ("GAHT12345678", False),
        ("mfa/12345678", False),
    ],
)
def test_serial_number_tells_what_can_be_copied(serial: str, *, copyable: bool) -> None:
    raw = {"MFADevices": [{"UserName": "ana", "SerialNumber": serial}]}
    assert MFA_DEVICES.read(raw, OWNER).subjects == [
        MfaDevice(resource=serial, uid=serial, user="ana", copyable=copyable)
    ]


def test_malformed_answer_names_the_place() -> None:
    with pytest.raises(MalformedEvidenceError, match=r"^MFADevices\[0\]\.SerialNumber: Field required$"):
        MFA_DEVICES.read({"MFADevices": [{"UserName": "ana"}]}, OWNER)
