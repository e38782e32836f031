"""Service-specific credentials: those of all users in one list, which botocore does not page by itself."""

from collections.abc import Mapping
from typing import Any

import pytest

from auditor.aws.gather import gather
from auditor.aws.source import MalformedEvidenceError
from auditor.aws.sources.credentials_for_services import SERVICE_CREDENTIALS
from auditor.core.evidence import Answer
from auditor.core.model import Unavailable
from auditor.core.subjects.credentials import ServiceCredentialMetadata
from tests.aws.answers import service_credential_entry
from tests.aws.wire import Refused, Reply, Wire, always, paged, scripted
from tests.build import NOW, OWNER, ago, service_credential_metadata

API_KEY: dict[str, Any] = {
    "ServiceName": "bedrock.amazonaws.com",
    "ServiceCredentialAlias": "ana-at-1",
    "ExpirationDate": ago(-30),
}


def answered(reply: Reply) -> tuple[Answer | Unavailable, list[Mapping[str, Any]]]:
    """The answer, and what each call asked for."""
    wire = Wire(script={"ListServiceSpecificCredentials": reply})
    answer = gather(scripted(wire), [SERVICE_CREDENTIALS]).answers["service-credentials"]
    return answer, [call.params for call in wire.calls]


def test_credentials_of_all_users_and_services_are_asked_for_at_once() -> None:
    _, asked = answered(always({"ServiceSpecificCredentials": []}))
    assert asked == [{"AllUsers": True, "MaxItems": 1000}]


def test_all_pages_are_read() -> None:
    pages = [[service_credential_entry("ACCA1EXAMPLEEXAMPLE1")], [], [service_credential_entry("ACCA1EXAMPLEEXAMPLE2")]]
    answer, asked = answered(paged("ServiceSpecificCredentials", pages))
    assert isinstance(answer, Answer)
    assert [it.uid for it in SERVICE_CREDENTIALS.read(answer.raw, OWNER).subjects] == [
        "ACCA1EXAMPLEEXAMPLE1",
        "ACCA1EXAMPLEEXAMPLE2",
    ]
    assert [it.get("Marker") for it in asked] == [None, "1", "2"]


def test_page_that_is_denied_makes_the_source_unavailable() -> None:
    def reply(params: Mapping[str, Any]) -> Mapping[str, Any]:
        if "Marker" in params:
            raise Refused("AccessDenied", "no")
        return {"ServiceSpecificCredentials": [service_credential_entry()], "IsTruncated": True, "Marker": "m"}

    answer, _ = answered(reply)
    assert answer == Unavailable(reason="ListServiceSpecificCredentials: AccessDenied: no")


@pytest.mark.parametrize(("status", "active"), [("Active", True), ("Inactive", False), ("Expired", False)])
def test_only_active_ones_are_active(status: str, *, active: bool) -> None:
    answer, _ = answered(always({"ServiceSpecificCredentials": [service_credential_entry(Status=status)]}))
    assert isinstance(answer, Answer)
    assert SERVICE_CREDENTIALS.read(answer.raw, OWNER).subjects == [
        service_credential_metadata("ACCA1EXAMPLEEXAMPLE1", age=100, active=active)
    ]


def test_api_key_has_an_end_where_it_was_given_one() -> None:
    entries = [service_credential_entry(**API_KEY), service_credential_entry("ACCA1EXAMPLEEXAMPLE2")]
    answer, _ = answered(always({"ServiceSpecificCredentials": entries}))
    assert isinstance(answer, Answer)
    read = SERVICE_CREDENTIALS.read(answer.raw, OWNER).subjects
    assert [(it.service, it.expires) for it in read if isinstance(it, ServiceCredentialMetadata)] == [
        ("bedrock.amazonaws.com", ago(-30)),
        ("codecommit.amazonaws.com", None),
    ]


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        ({}, "ServiceSpecificCredentials: Field required"),
        (
            {"ServiceSpecificCredentials": [{"UserName": "ana"}]},
            r"ServiceSpecificCredentials\[0\].ServiceSpecificCredentialId: Field required",
        ),
        (
            {
                "ServiceSpecificCredentials": [
                    {**service_credential_entry(), "CreateDate": NOW.isoformat(), "Status": "Lost"}
                ]
            },
            r"ServiceSpecificCredentials\[0\].Status: ",
        ),
    ],
)
def test_malformed_answer_names_the_place(raw: Any, place: str) -> None:
    with pytest.raises(MalformedEvidenceError, match=f"^{place}"):
        SERVICE_CREDENTIALS.read(raw, OWNER)
