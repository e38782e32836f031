"""The member accounts that administer services for the organization, and which services.

Answered to the management account and to delegated administrators only.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from auditor.aws.session import Aws
from auditor.aws.source import Asked, Reading, Shape, Source, validated
from auditor.aws.sources import organization
from auditor.core.model import GLOBAL, Owner
from auditor.core.subjects.organization import DelegatedAdministrator, Delegations


class Administrator(Shape):
    """An entry of DelegatedAdministrators; the address of the account is not kept."""

    arn: str = Field(alias="Arn")
    id: str = Field(alias="Id")
    name: str = Field(alias="Name")


class Service(Shape):
    """An entry of DelegatedServices, with the account that it was asked about."""

    account: str = Field(alias="AccountId")
    principal: str = Field(alias="ServicePrincipal")


class Listing(Shape):
    """The answers of all accounts, joined."""

    administrators: list[Administrator] = Field(alias="DelegatedAdministrators")
    services: list[Service] = Field(alias="DelegatedServices")


def gather(aws: Aws, needed: Mapping[str, Any]) -> Asked:
    """One call, and one for each delegated administrator."""
    known = needed[organization.ORGANIZATION.name]
    told = {"Organization": known["Organization"]}
    if organization.unseen(known, aws.owner, "Account"):
        return Asked(raw=told)
    organizations = aws.client("organizations")
    pages = organizations.get_paginator("list_delegated_administrators").paginate()
    listed = pages.build_full_result()["DelegatedAdministrators"]
    administrators = [{name: value for name, value in it.items() if name != "Email"} for it in listed]
    services = [
        {**service, "AccountId": it["Id"]}
        for it in administrators
        for service in _services(aws, organizations, it["Id"])
    ]
    return Asked(raw={**told, "DelegatedAdministrators": administrators, "DelegatedServices": services})


def _services(aws: Aws, organizations: Any, account: str) -> list[Any]:
    aws.ensure_time()
    pages = organizations.get_paginator("list_delegated_services_for_account").paginate(AccountId=account)
    return list(pages.build_full_result()["DelegatedServices"])


def read(raw: Any, owner: Owner) -> Reading:
    """One subject an administrator, and one with all that is delegated."""
    if why := organization.unseen(raw, owner, "DelegatedAdministrators"):
        return Reading(subjects=[], gaps={DelegatedAdministrator: {GLOBAL: why}, Delegations: {GLOBAL: why}})
    listing = validated(Listing, raw)
    held: dict[str, set[str]] = {it.id: set() for it in listing.administrators}
    for service in listing.services:
        held.setdefault(service.account, set()).add(service.principal)
    entries = {f"{account}:{service}" for account, services in held.items() for service in services}
    administrators = [
        DelegatedAdministrator(
            resource=it.arn, uid=it.id, account=it.id, name=it.name, services=tuple(sorted(held[it.id]))
        )
        for it in listing.administrators
    ]
    everything = Delegations(resource=owner.account, uid="account", entries=tuple(sorted({*held, *entries})))
    return Reading(subjects=[*administrators, everything])


DELEGATED_ADMINISTRATORS = Source(
    name="delegated-administrators",
    actions=("organizations:ListDelegatedAdministrators", "organizations:ListDelegatedServicesForAccount"),
    kinds=(DelegatedAdministrator, Delegations),
    gather=gather,
    read=read,
    needs=(organization.ORGANIZATION.name,),
)
