"""The catalogue: every check the auditor knows, by family."""

from auditor.checks import access_analyzer, access_keys, activity, policies, roles, root, users
from auditor.core.check import Check

FAMILIES = (root, users, access_keys, roles, policies, access_analyzer, activity)

CATALOGUE: dict[str, Check] = {
    it.id: it for family in FAMILIES for it in vars(family).values() if isinstance(it, Check)
}
"""Check by id, in the order of their families."""

RENAMED: dict[str, str] = {former: it.id for it in CATALOGUE.values() for former in it.formerly}
"""The present id by each former one."""
