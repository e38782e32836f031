"""Whom AWS writes to about security, bills and operations, if not to the root user's address.

Of these people only the e-mail address is kept, which tells one contact from another: names, titles and telephone
numbers are no evidence. That a contact is not set is an answer, kept with AWS's code for it.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from auditor.aws.session import Aws
from auditor.aws.source import Asked, MalformedEvidenceError, Reading, Shape, Source, validated
from auditor.core.model import Owner, Unavailable
from auditor.core.subjects.sign_in import AlternateContacts

CONTACTS = ("SECURITY", "BILLING", "OPERATIONS")
NONE = "ResourceNotFoundException"
NO_API = Unavailable(reason="the partition has no API for an account's contacts", inapplicable=True)


class Contact(Shape):
    """The part of AlternateContact that is kept, or the code of the error that was the answer."""

    type: Literal["SECURITY", "BILLING", "OPERATIONS"] = Field(alias="AlternateContactType")
    email: str | None = Field(alias="EmailAddress", default=None)
    error: Literal["ResourceNotFoundException"] | None = Field(alias="Error", default=None)


class Listing(Shape):
    """All three answers, joined; null where the partition has no such API."""

    contacts: list[Contact] | None = Field(alias="AlternateContacts")


def gather(aws: Aws, _: Mapping[str, Any]) -> Asked:
    """Three calls; none in GovCloud, which has no endpoint for them."""
    if not aws.session.get_available_regions("account", aws.owner.partition, allow_non_regional=True):
        return Asked(raw={"AlternateContacts": None})
    client = aws.client("account")
    return Asked(raw={"AlternateContacts": [_contact(client, kind) for kind in CONTACTS]})


def _contact(client: Any, kind: str) -> dict[str, str]:
    try:
        contact = client.get_alternate_contact(AlternateContactType=kind)["AlternateContact"]
    except client.exceptions.ResourceNotFoundException:
        return {"AlternateContactType": kind, "Error": NONE}
    return {"AlternateContactType": kind, "EmailAddress": contact["EmailAddress"]}


def read(raw: Any, owner: Owner) -> Reading:
    """The one subject, or why the partition has none."""
    listed = validated(Listing, raw).contacts
    if listed is None:
        return Reading(subjects=[], gaps={AlternateContacts: {owner.account: NO_API}})
    for number, contact in enumerate(listed):
        if not (contact.email or contact.error):
            raise MalformedEvidenceError(f"AlternateContacts[{number}]", f"neither EmailAddress nor {NONE}")
    emails = {it.type: it.email for it in listed}
    if missing := [kind for kind in CONTACTS if kind not in emails]:
        raise MalformedEvidenceError("AlternateContacts", f"{', '.join(missing)} is not among them")
    return Reading(
        subjects=[
            AlternateContacts(
                resource=owner.account,
                uid="account",
                security=emails["SECURITY"],
                billing=emails["BILLING"],
                operations=emails["OPERATIONS"],
            )
        ]
    )


ACCOUNT_CONTACTS = Source(
    name="account-contacts",
    actions=("account:GetAlternateContact",),
    kinds=(AlternateContacts,),
    gather=gather,
    read=read,
)
