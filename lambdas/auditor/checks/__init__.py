"""The catalogue: every check the auditor knows, by family."""

from auditor.checks import (
    access_analyzer,
    access_keys,
    account,
    activity,
    alarms,
    attachments,
    boundaries,
    credentials_for_services,
    escalation,
    grants,
    groups,
    identity_providers,
    inline_policies,
    lint,
    managed,
    organization,
    passwords,
    policies,
    roles,
    roles_anywhere,
    root,
    root_management,
    second_factors,
    server_certificates,
    tags,
    trails,
    trust,
    users,
    workloads,
)
from auditor.core.catalogue import Catalogue
from auditor.core.check import Check

FAMILIES = (
    root,
    root_management,
    users,
    second_factors,
    groups,
    passwords,
    access_keys,
    credentials_for_services,
    roles,
    trust,
    policies,
    inline_policies,
    grants,
    escalation,
    lint,
    attachments,
    boundaries,
    identity_providers,
    server_certificates,
    tags,
    access_analyzer,
    activity,
    account,
    organization,
    trails,
    alarms,
    workloads,
    roles_anywhere,
    managed,
)

CATALOGUE: dict[str, Check] = {
    it.id: it for family in FAMILIES for it in vars(family).values() if isinstance(it, Check)
}
"""Check by id, in the order of their families."""

OURS = Catalogue(CATALOGUE)
"""The same with the names they had. A deployment may have checks of its own besides."""

RENAMED: dict[str, str] = OURS.renamed
"""The present id by each former one."""
