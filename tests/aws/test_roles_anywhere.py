"""Trust anchors and profiles of IAM Roles Anywhere: certificates are read, and what was not seen is a gap."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, rsa

from auditor.aws.certificates import is_classical
from auditor.aws.evidence_files import decode, encode
from auditor.aws.gather import gather, snapshot
from auditor.aws.source import MalformedEvidenceError
from auditor.aws.sources.regions import REGIONS
from auditor.aws.sources.roles_anywhere import NO_AUTHORITY, NO_CERTIFICATE, ROLES_ANYWHERE, UNSEEN_AUTHORITY, read
from auditor.core.evidence import Answer, Evidence
from auditor.core.model import Observed, Subject, Unavailable
from auditor.core.subjects.roles_anywhere import AnywhereProfile, TrustAnchor
from tests.aws.wire import Params, Refused, Reply, Wire, always, scripted
from tests.aws.workload_answers import here
from tests.build import NOW, OWNER, ago, arn

SOURCES = (REGIONS, ROLES_ANYWHERE)
AUTHORITY = here("acm-pca", "certificate-authority/ca-1")
ANCHOR = here("rolesanywhere", "trust-anchor/t-1")
UUID = "0a1b2c3d-0000-4000-8000-00000000000f"
PROFILE = here("rolesanywhere", "profile/p-1")


KEYS: dict[str, Callable[[], Any]] = {
    "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "ml-dsa": mldsa.MLDSA65PrivateKey.generate,
}


@cache
def certificate(kind: str = "ec", ends: float = 100) -> str:
    """A self-signed authority in PEM that ends so many days after now."""
    key = KEYS[kind]()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "servers")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(ago(900))
        .not_valid_after(NOW + timedelta(days=ends))
        .sign(key, None if kind == "ml-dsa" else hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def anchor(source: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    """An entry of trustAnchors."""
    bundle = {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": certificate()}}
    named = {"trustAnchorId": UUID, "trustAnchorArn": ANCHOR, "name": "servers", "enabled": True}
    return {**named, "source": source or bundle, **members}


def private_ca(authority: str = AUTHORITY) -> dict[str, Any]:
    return {"sourceType": "AWS_ACM_PCA", "sourceData": {"acmPcaArn": authority}}


def profile(**members: Any) -> dict[str, Any]:
    """An entry of profiles."""
    named = {"profileId": UUID, "profileArn": PROFILE, "name": "servers", "enabled": True}
    return {**named, "roleArns": [arn("role/team/deploy")], **members}


def described(params: Params) -> dict[str, Any]:
    configuration = {"KeyAlgorithm": "ML_DSA_65", "SigningAlgorithm": "ML_DSA_65", "Subject": {"CommonName": "x"}}
    it = {"Arn": params["CertificateAuthorityArn"], "NotAfter": ago(-200)}
    return {"CertificateAuthority": {**it, "CertificateAuthorityConfiguration": configuration}}


def script(**replies: Reply) -> Wire:
    """One Region with an anchor of each source and a profile."""
    anchors = [anchor(), anchor(private_ca(), trustAnchorArn=f"{ANCHOR}2", trustAnchorId=UUID[::-1])]
    answers: dict[str, Reply] = {
        "DescribeRegions": always({"Regions": [{"RegionName": "eu-west-1"}]}),
        "ListTrustAnchors": always({"trustAnchors": anchors}),
        "ListProfiles": always({"profiles": [profile()]}),
        "DescribeCertificateAuthority": described,
    }
    return Wire(script=answers | replies)


def gathered(wire: Wire) -> Evidence:
    return gather(scripted(wire), SOURCES)


def answer(wire: Wire) -> Answer:
    given = gathered(wire).answers["roles-anywhere"]
    assert isinstance(given, Answer)
    return given


def seen(evidence: Evidence, kind: type[Subject]) -> Observed[Any]:
    observed = snapshot(evidence, SOURCES).of(kind)
    assert isinstance(observed, Observed)
    return observed


def test_anchor_is_read_with_its_authoritys_key_and_end() -> None:
    own, private = seen(gathered(script()), TrustAnchor).subjects
    assert (own.algorithms, own.classical, own.valid_until) == (("ec",), True, NOW + timedelta(days=100))
    assert (private.algorithms, private.classical, private.valid_until) == (("ML_DSA_65",), False, ago(-200))
    assert (own.resource, own.id, own.name, own.enabled, own.region) == (ANCHOR, UUID, "servers", True, "eu-west-1")


def test_bundle_ends_with_the_first_of_its_certificates() -> None:
    bundle = {"sourceType": "CERTIFICATE_BUNDLE"}
    data = {"x509CertificateData": certificate(ends=50) + certificate("rsa", ends=10)}
    (it,) = read({"trustAnchors": [anchor({**bundle, "sourceData": data})], "profiles": []}, OWNER).subjects
    assert isinstance(it, TrustAnchor)
    assert (it.algorithms, it.valid_until) == (("ec", "rsa"), NOW + timedelta(days=10))


def test_certificate_with_a_post_quantum_key_is_not_classical() -> None:
    """The library does not know the algorithm by name; its number is enough."""
    bundle = {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": certificate("ml-dsa")}}
    (it,) = read({"trustAnchors": [anchor(bundle)], "profiles": []}, OWNER).subjects
    assert isinstance(it, TrustAnchor)
    assert (it.algorithms, it.classical) == (("2.16.840.1.101.3.4.3.18",), False)


def test_profile_is_read_with_what_narrows_it() -> None:
    policy = '{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'
    listed = always({"profiles": [profile(sessionPolicy=policy, managedPolicyArns=[arn("policy/small")])]})
    (it,) = seen(gathered(script(ListProfiles=listed)), AnywhereProfile).subjects
    assert it.session_policy == {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    assert (it.managed, it.roles, it.enabled) == ((arn("policy/small"),), (arn("role/team/deploy"),), True)


def test_all_pages_are_read_and_each_authority_is_asked_for_once() -> None:
    def paged(params: Params) -> dict[str, Any]:
        page = int(params.get("nextToken", 0))
        here_ = anchor(private_ca(), trustAnchorArn=f"{ANCHOR}{page}")
        return {"trustAnchors": [here_], **({"nextToken": str(page + 1)} if page < 2 else {})}

    wire = script(ListTrustAnchors=paged)
    assert len(answer(wire).raw["trustAnchors"]) == 3
    assert len(wire.named("DescribeCertificateAuthority")) == 1


def test_region_without_anchors_costs_two_calls() -> None:
    wire = script(ListTrustAnchors=always({"trustAnchors": []}), ListProfiles=always({"profiles": []}))
    assert answer(wire).raw == {"trustAnchors": [], "profiles": [], "CertificateAuthorities": []}
    assert sorted(call.name for call in wire.calls) == ["DescribeRegions", "ListProfiles", "ListTrustAnchors"]


@pytest.mark.parametrize(("operation", "kind"), [("ListTrustAnchors", "TrustAnchor"), ("ListProfiles", "Profile")])
def test_denied_list_is_a_gap_of_its_kind_in_the_region(operation: str, kind: str) -> None:
    given = answer(script(**{operation: always(Refused("AccessDeniedException", "no"))}))
    why = Unavailable(reason=f"{operation}: AccessDeniedException: no")
    assert given.gaps == {f"eu-west-1/AWS::RolesAnywhere::{kind}": why}


def test_authority_that_may_not_be_described_is_a_gap_of_its_anchor_alone() -> None:
    evidence = gathered(script(DescribeCertificateAuthority=always(Refused("AccessDeniedException", "no"))))
    anchors = seen(evidence, TrustAnchor)
    assert [it.resource for it in anchors.subjects] == [ANCHOR]
    why = Unavailable(reason="DescribeCertificateAuthority: AccessDeniedException: no")
    assert anchors.gaps == {f"{ANCHOR}2": why}


def test_authority_that_may_not_be_described_hides_no_other_of_its_region() -> None:
    def one_of_two(params: Params) -> dict[str, Any]:
        if params["CertificateAuthorityArn"] == AUTHORITY:
            raise Refused("ResourceNotFoundException", "gone")
        return described(params)

    anchors = [anchor(private_ca(), trustAnchorArn=f"{ANCHOR}1"), anchor(private_ca(f"{AUTHORITY}2"))]
    wire = script(ListTrustAnchors=always({"trustAnchors": anchors}), DescribeCertificateAuthority=one_of_two)
    known = seen(gathered(wire), TrustAnchor)
    assert ([it.resource for it in known.subjects], list(known.gaps)) == ([ANCHOR], [f"{ANCHOR}1"])


def test_anchor_of_an_authority_that_the_evidence_lacks_is_a_gap() -> None:
    reading = read({"trustAnchors": [anchor(private_ca())], "profiles": []}, OWNER)
    assert (reading.subjects, reading.gaps) == ([], {TrustAnchor: {ANCHOR: UNSEEN_AUTHORITY}})


def test_authority_without_a_certificate_hides_its_anchor_and_nothing_else() -> None:
    """A list that somebody saved has those too that were never finished."""
    pending = {"Arn": AUTHORITY, "CertificateAuthorityConfiguration": {"KeyAlgorithm": "RSA_2048"}}
    anchors = [anchor(private_ca()), anchor(trustAnchorArn=f"{ANCHOR}2")]
    reading = read({"trustAnchors": anchors, "profiles": [], "CertificateAuthorities": [pending]}, OWNER)
    assert [it.resource for it in reading.subjects] == [f"{ANCHOR}2"]
    assert reading.gaps == {TrustAnchor: {ANCHOR: NO_CERTIFICATE}}


def test_anchor_that_trusts_certificates_by_themselves_has_no_authority_by_design() -> None:
    alone = anchor({"sourceType": "SELF_SIGNED_REPOSITORY"})
    reading = read({"trustAnchors": [alone], "profiles": []}, OWNER)
    assert (reading.subjects, reading.gaps) == ([], {TrustAnchor: {ANCHOR: NO_AUTHORITY}})


def test_saved_evidence_is_read_alike() -> None:
    evidence = gathered(script())
    again = decode(encode(evidence, SOURCES), NOW).evidence
    for kind in (TrustAnchor, AnywhereProfile):
        assert seen(again, kind) == seen(evidence, kind)


BROKEN = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        ({"profiles": []}, "trustAnchors"),
        ({"trustAnchors": [], "profiles": [{}]}, "profiles[0].profileId"),
        ({"trustAnchors": [], "profiles": [profile(sessionPolicy="{")]}, "profiles[0].sessionPolicy"),
        (
            {"trustAnchors": [anchor({"sourceData": {"x509CertificateData": BROKEN}})], "profiles": []},
            "trustAnchors[0].source",
        ),
        (
            {"trustAnchors": [anchor({"sourceData": {"x509CertificateData": "none"}})], "profiles": []},
            "trustAnchors[0].source",
        ),
    ],
)
def test_error_names_the_place(raw: Any, place: str) -> None:
    with pytest.raises(MalformedEvidenceError) as error:
        read(raw, OWNER)
    assert error.value.place == place


@pytest.mark.parametrize(
    ("algorithm", "classical"),
    [
        ("rsa", True),
        ("ec", True),
        ("RSA_4096", True),
        ("EC_prime256v1", True),
        ("SM2", True),
        ("1.2.3.4", True),
        ("2.16.840.1.101.3.4.3.12", True),
        ("2.16.840.1.101.3.4.3.17", False),
        ("2.16.840.1.101.3.4.3.19", False),
        ("2.16.840.1.101.3.4.3.31", False),
        ("ML_DSA_44", False),
        ("ML_DSA_87", False),
    ],
)
def test_what_is_not_known_to_be_post_quantum_is_classical(algorithm: str, classical: bool) -> None:  # noqa: FBT001
    assert is_classical(algorithm) is classical
