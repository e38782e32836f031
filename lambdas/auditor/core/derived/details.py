"""What AWS tells one by one, as far as it was told: a list that somebody saved has less of each thing."""

from dataclasses import fields
from functools import partial

from auditor.core.derivation import Derivation, Made
from auditor.core.model import Observed, Subject, Unavailable
from auditor.core.subjects.entities import (
    IdentityProvider,
    IdentityProviderDetail,
    ServerCertificate,
    ServerCertificateDetail,
)

LISTED = Unavailable(reason="the evidence lists it without its tags and whatever else is told one by one")


def detailed(detail: type[Subject], listed: Observed[Subject]) -> Made:
    """Each subject as a `detail` of it; one whose tags were not seen is a gap."""
    names = [field.name for field in fields(detail)]
    told = [it for it in listed.subjects if it.tags is not None]
    gaps = {it.resource: LISTED for it in listed.subjects if it.tags is None}
    return Made([detail(**{name: getattr(it, name) for name in names}) for it in told], gaps)


DERIVATIONS = (
    Derivation(IdentityProviderDetail, (IdentityProvider,), partial(detailed, IdentityProviderDetail)),
    Derivation(ServerCertificateDetail, (ServerCertificate,), partial(detailed, ServerCertificateDetail)),
)
