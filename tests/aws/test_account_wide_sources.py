"""The sources of one or two calls: account summary, password policy, MFA devices, certificates, identity providers."""

import re
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
from tests.aws.answers import certificate_entry
from tests.aws.wire import Params, Refused, Reply, Wire, always, paged, scripted
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


RED = [{"Key": "team", "Value": "red"}]


def certificates(*names: str, **replies: Reply) -> dict[str, Reply]:
    """An account with these certificates, a page each; the first one's owner is known."""

    def told(params: Params) -> dict[str, Any]:
        name = params["ServerCertificateName"]
        tags = {"Tags": RED} if name == names[0] else {}
        entry = {"ServerCertificateMetadata": certificate_entry(name), "CertificateBody": "-----BEGIN", **tags}
        return {"ServerCertificate": entry}

    pages = [[certificate_entry(name)] for name in names]
    listed = paged("ServerCertificateMetadataList", pages)
    return {"ListServerCertificates": listed, "GetServerCertificate": told, **replies}


def test_all_pages_of_certificates_are_read_with_their_tags() -> None:
    assert subjects(SERVER_CERTIFICATES, certificates("a", "b")) == [
        ServerCertificate(
            resource=arn(f"server-certificate/{it}"),
            uid=f"ASCA{it.upper():0>12}",
            name=it,
            expires=ago(-400),
            tags={"team": "red"} if it == "a" else {},
        )
        for it in "ab"
    ]


def test_certificate_itself_is_no_evidence() -> None:
    answer = answered(SERVER_CERTIFICATES, certificates("a"))
    assert isinstance(answer, Answer)
    assert "-----BEGIN" not in str(answer.raw)


def gone_or(name: str, code: str) -> Reply:
    """Refuse what is asked about this one, and tell of every other."""

    def reply(params: Params) -> Mapping[str, Any]:
        if name in "".join(params.values()):
            raise Refused(code, "no")
        return certificates("a")["GetServerCertificate"](params) if "ServerCertificateName" in params else {"Tags": RED}

    return reply


def test_certificate_that_was_deleted_meanwhile_is_left_out() -> None:
    script = certificates("a", "b", GetServerCertificate=gone_or("b", "NoSuchEntity"))
    assert [it.resource for it in subjects(SERVER_CERTIFICATES, script)] == [arn("server-certificate/a")]


def test_certificate_whose_tags_are_denied_is_no_untagged_one() -> None:
    script = certificates("a", "b", GetServerCertificate=gone_or("b", "AccessDenied"))
    assert answered(SERVER_CERTIFICATES, script) == Unavailable(reason="GetServerCertificate: AccessDenied: no")


def test_certificate_of_a_saved_list_is_known_without_its_tags() -> None:
    entry = certificate_entry(UploadDate=None, Expiration=ago(-400).isoformat())
    reading = SERVER_CERTIFICATES.read({"ServerCertificateMetadataList": [entry]}, OWNER)
    assert [(it.resource, it.tags) for it in reading.subjects] == [(entry["Arn"], None)]


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        ({"Tags": [{"Key": "team"}]}, "Tags[0].Value: Field required"),
        ({"Expiration": "soon"}, "Expiration: Input should be a valid datetime"),
        ({"Arn": None}, "Arn: Input should be a valid string"),
    ],
)
def test_malformed_certificate_is_named_by_its_place(broken: dict[str, Any], place: str) -> None:
    entry = {**certificate_entry(Expiration=ago(0).isoformat()), **broken}
    with pytest.raises(MalformedEvidenceError, match=rf"^ServerCertificateMetadataList\[0\]\.{re.escape(place)}"):
        SERVER_CERTIFICATES.read({"ServerCertificateMetadataList": [entry]}, OWNER)


OIDC, SAML, ENDLESS = arn("oidc-provider/token"), arn("saml-provider/adfs"), arn("saml-provider/old")


def providers(**replies: Reply) -> dict[str, Reply]:
    saml = [{"Arn": SAML, "ValidUntil": ago(-9)}, {"Arn": ENDLESS}]
    return {
        "ListOpenIDConnectProviders": always({"OpenIDConnectProviderList": [{"Arn": OIDC}]}),
        "GetOpenIDConnectProvider": always({"Url": "token", "ClientIDList": ["a", "b"], "Tags": RED}),
        "ListSAMLProviders": always({"SAMLProviderList": saml}),
        "GetSAMLProvider": always({"SAMLMetadataDocument": "<EntityDescriptor/>" * 60, "Tags": RED}),
        **replies,
    }


def test_identity_providers_of_both_protocols_are_read() -> None:
    tags = {"team": "red"}
    assert subjects(IDENTITY_PROVIDERS, providers()) == [
        IdentityProvider(resource=OIDC, uid=OIDC, protocol="oidc", valid_until=None, audiences=("a", "b"), tags=tags),
        IdentityProvider(resource=SAML, uid=SAML, protocol="saml", valid_until=ago(-9), tags=tags),
        IdentityProvider(resource=ENDLESS, uid=ENDLESS, protocol="saml", valid_until=None, tags=tags),
    ]


def test_provider_without_tags_and_audiences_has_none() -> None:
    bare = providers(GetOpenIDConnectProvider=always({"Url": "token"}), GetSAMLProvider=always({}))
    assert [
        (it.tags, it.audiences) for it in subjects(IDENTITY_PROVIDERS, bare) if isinstance(it, IdentityProvider)
    ] == [({}, ())] * 3


def test_metadata_of_a_saml_provider_is_no_evidence() -> None:
    answer = answered(IDENTITY_PROVIDERS, providers())
    assert isinstance(answer, Answer)
    assert "EntityDescriptor" not in str(answer.raw)


def test_provider_that_was_deleted_meanwhile_is_left_out() -> None:
    script = providers(GetSAMLProvider=gone_or("adfs", "NoSuchEntity"))
    assert [it.resource for it in subjects(IDENTITY_PROVIDERS, script)] == [OIDC, ENDLESS]


def test_provider_that_is_denied_is_no_untagged_one() -> None:
    script = providers(GetSAMLProvider=gone_or("adfs", "AccessDenied"))
    assert answered(IDENTITY_PROVIDERS, script) == Unavailable(reason="GetSAMLProvider: AccessDenied: no")


def test_provider_of_a_saved_list_is_known_without_its_tags() -> None:
    raw = {"OpenIDConnectProviderList": [{"Arn": OIDC}], "SAMLProviderList": [{"Arn": SAML, "Tags": []}]}
    reading = IDENTITY_PROVIDERS.read(raw, OWNER)
    assert [it.tags for it in reading.subjects] == [None, {}]


def test_malformed_provider_is_named_by_its_place() -> None:
    raw = {"OpenIDConnectProviderList": [{"Arn": OIDC, "ClientIDList": "a"}], "SAMLProviderList": []}
    with pytest.raises(MalformedEvidenceError, match=r"^OpenIDConnectProviderList\[0\]\.ClientIDList: "):
        IDENTITY_PROVIDERS.read(raw, OWNER)
