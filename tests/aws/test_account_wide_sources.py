"""The sources of one or two calls: account summary, password policy, MFA devices, certificates, identity providers."""

from collections.abc import Mapping
from typing import Any

import pytest

from auditor.aws.gather import gather
from auditor.aws.source import MalformedEvidenceError, Source
from auditor.aws.sources.account_summary import ACCOUNT_SUMMARY
from auditor.aws.sources.identity_providers import IDENTITY_PROVIDERS
from auditor.aws.sources.password_policy import PASSWORD_POLICY
from auditor.aws.sources.server_certificates import SERVER_CERTIFICATES
from auditor.aws.sources.virtual_mfa_devices import VIRTUAL_MFA_DEVICES
from auditor.core.evidence import Answer
from auditor.core.model import Subject, Unavailable
from auditor.core.subjects.credentials import AccountSummary, PasswordPolicy, VirtualMfaDevice
from auditor.core.subjects.entities import IdentityProvider, ServerCertificate
from tests.aws.wire import Refused, Reply, Wire, always, paged, scripted
from tests.build import ACCOUNT, OWNER, ago, arn


def answered(source: Source, script: Mapping[str, Reply]) -> Answer | Unavailable:
    return gather(scripted(Wire(script=script)), [source]).answers[source.name]


def subjects(source: Source, script: Mapping[str, Reply]) -> list[Subject]:
    answer = answered(source, script)
    assert isinstance(answer, Answer)
    return source.read(answer.raw, OWNER).subjects


ROOT_COUNTS = {"AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0, "AccountPasswordPresent": 1}


@pytest.mark.parametrize(
    ("counts", "password", "keys", "mfa"),
    [
        (ROOT_COUNTS, True, False, True),
        ({**ROOT_COUNTS, "AccountPasswordPresent": 0, "AccountMFAEnabled": 0}, False, False, False),
        ({**ROOT_COUNTS, "AccountAccessKeysPresent": 2, "Users": 31}, True, True, True),
        ({"AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0}, True, False, True),
    ],
)
def test_summary_tells_roots_credentials(counts: dict[str, int], *, password: bool, keys: bool, mfa: bool) -> None:
    assert subjects(ACCOUNT_SUMMARY, {"GetAccountSummary": always({"SummaryMap": counts})}) == [
        AccountSummary(resource=ACCOUNT, uid="account", root_password=password, root_keys=keys, root_mfa=mfa)
    ]


@pytest.mark.parametrize(("present", "certificates"), [(1, True), (0, False)])
def test_summary_tells_roots_signing_certificates(present: int, *, certificates: bool) -> None:
    counts = {**ROOT_COUNTS, "AccountSigningCertificatesPresent": present}
    (summary,) = subjects(ACCOUNT_SUMMARY, {"GetAccountSummary": always({"SummaryMap": counts})})
    assert isinstance(summary, AccountSummary)
    assert summary.root_certificates is certificates


def test_summary_without_a_count_it_needs_is_malformed() -> None:
    with pytest.raises(MalformedEvidenceError, match=r"^SummaryMap\.AccountMFAEnabled: Field required$"):
        ACCOUNT_SUMMARY.read({"SummaryMap": {"AccountAccessKeysPresent": 0}}, OWNER)


def test_absent_password_policy_is_a_fact() -> None:
    (policy,) = subjects(PASSWORD_POLICY, {"GetAccountPasswordPolicy": always(Refused("NoSuchEntity"))})
    assert isinstance(policy, PasswordPolicy)
    assert (policy.set, policy.minimum_length, policy.reuse_prevention, policy.max_age_days) == (False, 8, 0, None)
    assert not any((policy.upper, policy.lower, policy.number, policy.symbol))


def test_denied_password_policy_is_no_absent_one() -> None:
    denied = answered(PASSWORD_POLICY, {"GetAccountPasswordPolicy": always(Refused("AccessDenied", "no"))})
    assert denied == Unavailable(reason="GetAccountPasswordPolicy: AccessDenied: no")


def test_password_policy_is_read_whole() -> None:
    said = {
        "MinimumPasswordLength": 20,
        "PasswordReusePrevention": 12,
        "MaxPasswordAge": 365,
        "RequireUppercaseCharacters": True,
        "RequireLowercaseCharacters": False,
        "RequireNumbers": True,
        "RequireSymbols": False,
        "AllowUsersToChangePassword": True,
        "ExpirePasswords": True,
    }
    (policy,) = subjects(PASSWORD_POLICY, {"GetAccountPasswordPolicy": always({"PasswordPolicy": said})})
    assert policy == PasswordPolicy(
        resource=ACCOUNT,
        uid="account",
        set=True,
        minimum_length=20,
        reuse_prevention=12,
        max_age_days=365,
        upper=True,
        lower=False,
        number=True,
        symbol=False,
    )


def test_all_pages_of_mfa_devices_are_read_held_or_not() -> None:
    held, free, roots = arn("mfa/ana"), arn("mfa/free"), arn("mfa/root-account-mfa-device")
    user = {"Path": "/", "UserName": "ana", "UserId": "AIDA000000000ANA", "Arn": arn("user/ana"), "CreateDate": ago(9)}
    pages: list[list[Any]] = [
        [{"SerialNumber": held, "User": user, "EnableDate": ago(3)}],
        [{"SerialNumber": free}],
        [{"SerialNumber": roots, "User": {**user, "Arn": OWNER.root_arn}}],
    ]
    wire = Wire(script={"ListVirtualMFADevices": paged("VirtualMFADevices", pages)})
    answer = gather(scripted(wire), [VIRTUAL_MFA_DEVICES]).answers["virtual-mfa-devices"]
    assert isinstance(answer, Answer)
    assert VIRTUAL_MFA_DEVICES.read(answer.raw, OWNER).subjects == [
        VirtualMfaDevice(resource=held, uid=held, user=arn("user/ana")),
        VirtualMfaDevice(resource=free, uid=free, user=None),
        VirtualMfaDevice(resource=roots, uid=roots, user=OWNER.root_arn),
    ]
    assert [call.params.get("Marker") for call in wire.calls] == [None, "1", "2"]


def test_seed_of_an_mfa_device_is_no_evidence() -> None:
    device = {"SerialNumber": arn("mfa/ana"), "Base32StringSeed": b"JBSWY3DPEHPK3PXP", "QRCodePNG": b"\x89PNG"}
    answer = answered(VIRTUAL_MFA_DEVICES, {"ListVirtualMFADevices": always({"VirtualMFADevices": [device]})})
    assert isinstance(answer, Answer)
    assert answer.raw == {"VirtualMFADevices": [{"SerialNumber": arn("mfa/ana")}]}


def test_all_pages_of_certificates_are_read() -> None:
    def entry(name: str) -> dict[str, Any]:
        named = {"Path": "/", "ServerCertificateName": name, "ServerCertificateId": f"ASCA000000000000{name}"}
        return {**named, "Arn": arn(f"server-certificate/{name}"), "UploadDate": ago(90), "Expiration": ago(-30)}

    script = {"ListServerCertificates": paged("ServerCertificateMetadataList", [[entry("a")], [entry("b")]])}
    assert subjects(SERVER_CERTIFICATES, script) == [
        ServerCertificate(
            resource=arn(f"server-certificate/{it}"), uid=f"ASCA000000000000{it}", name=it, expires=ago(-30)
        )
        for it in "ab"
    ]


def test_identity_providers_of_both_protocols_are_read() -> None:
    oidc, saml, endless = arn("oidc-provider/token"), arn("saml-provider/adfs"), arn("saml-provider/old")
    script = {
        "ListOpenIDConnectProviders": always({"OpenIDConnectProviderList": [{"Arn": oidc}]}),
        "ListSAMLProviders": always({"SAMLProviderList": [{"Arn": saml, "ValidUntil": ago(-9)}, {"Arn": endless}]}),
    }
    assert subjects(IDENTITY_PROVIDERS, script) == [
        IdentityProvider(resource=oidc, uid=oidc, protocol="oidc", valid_until=None),
        IdentityProvider(resource=saml, uid=saml, protocol="saml", valid_until=ago(-9)),
        IdentityProvider(resource=endless, uid=endless, protocol="saml", valid_until=None),
    ]
