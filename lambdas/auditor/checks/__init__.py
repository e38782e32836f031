"""The catalogue: every check the auditor knows, by family."""

from auditor.checks import (
    access_analyzer,
    access_keys,
    credentials_for_services,
    groups,
    passwords,
    policies,
    roles,
    root,
    second_factors,
    users,
)
from auditor.core.check import Check

FAMILIES = (
    *(root, users, second_factors, passwords, access_keys, credentials_for_services),
    *(groups, roles, policies, access_analyzer),
)

CATALOGUE: dict[str, Check] = {
    it.id: it for family in FAMILIES for it in vars(family).values() if isinstance(it, Check)
}
"""Check by id, in the order of their families."""

RENAMED: dict[str, str] = {former: it.id for it in CATALOGUE.values() for former in it.formerly}
"""The present id by each former one."""
