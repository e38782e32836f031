"""Root users of members whose organization manages their root credentials."""

from collections.abc import Iterator

from auditor.core.derivation import Derivation, Made
from auditor.core.model import Observed, Unavailable
from auditor.core.subjects.credentials import AccountSummary, RootUser
from auditor.core.subjects.organization import Affiliation, CentralRootAccess, ManagedRoot

KEEPS_ITS_OWN = Unavailable(reason="the management account's root user keeps its credentials", inapplicable=True)
NOT_MANAGED = Unavailable(reason="the organization does not manage root credentials", inapplicable=True)


def managed_root(
    roots: Observed[RootUser],
    summaries: Observed[AccountSummary],
    affiliations: Observed[Affiliation],
    features: Observed[CentralRootAccess],
) -> Made:
    """The root user with what it still has. That credentials are managed centrally does not mean that they are gone."""
    (root,), (summary,) = roots.subjects, summaries.subjects
    if any(it.is_management for it in affiliations.subjects):
        return Made([], {root.resource: KEEPS_ITS_OWN})
    if not any(it.credentials for it in features.subjects):
        return Made([], {} if features.gaps else {root.resource: NOT_MANAGED})
    return Made([ManagedRoot(resource=root.resource, uid=root.uid, left=tuple(_left(root, summary)))])


def _left(root: RootUser, summary: AccountSummary) -> Iterator[str]:
    if root.has_password:
        yield "a password"
    if root.has_access_key:
        yield "an access key"
    if summary.root_certificates:
        yield "a signing certificate"


DERIVATIONS = (Derivation(ManagedRoot, (RootUser, AccountSummary, Affiliation, CentralRootAccess), managed_root),)
