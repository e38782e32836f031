"""The catalogue: every check the auditor knows, by family."""

from auditor.checks import access_analyzer, access_keys, managed, policies, roles, root, users
from auditor.core.catalogue import Catalogue
from auditor.core.check import Check

FAMILIES = (root, users, access_keys, roles, policies, access_analyzer, managed)

CATALOGUE: dict[str, Check] = {
    it.id: it for family in FAMILIES for it in vars(family).values() if isinstance(it, Check)
}
"""Check by id, in the order of their families."""

OURS = Catalogue(CATALOGUE)
"""The same with the names they had. A deployment may have checks of its own besides."""

RENAMED: dict[str, str] = OURS.renamed
"""The present id by each former one."""
