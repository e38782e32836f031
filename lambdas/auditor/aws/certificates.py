"""What a certificate authority's certificate says of its key and its end."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

POST_QUANTUM = "2.16.840.1.101.3.4.3."
"""NIST's object identifiers of signatures: below 17 they are DSA, ECDSA and RSA; from 17 on ML-DSA and SLH-DSA."""

FIRST_POST_QUANTUM = 17
PRIVATE_CA_POST_QUANTUM = "ML_DSA_"
"""How AWS Private CA's names of such algorithms begin."""


class UnreadableCertificateError(ValueError):
    """A text that holds no certificates."""


@dataclass(frozen=True)
class Authority:
    """The algorithm of an authority's key, as AWS Private CA or the certificate names it, and when it ends."""

    algorithm: str
    valid_until: datetime


def authorities(text: str) -> list[Authority]:
    """The authorities of the PEM certificates in a text. Raises UnreadableCertificateError."""
    from asn1crypto import pem, x509  # noqa: PLC0415  (a tenth of a second that most handlers need not pay)

    try:
        loaded = [x509.Certificate.load(der) for _, _, der in pem.unarmor(text.encode(), multiple=True)]
        return [Authority(_algorithm(it), it.not_valid_after) for it in loaded]
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableCertificateError("not a certificate in PEM") from error


def _algorithm(certificate: Any) -> str:
    """Read as a plain sequence: the library refuses a key of whose algorithm it knows the number only."""
    from asn1crypto import core, keys  # noqa: PLC0415

    key = core.Sequence.load(certificate["tbs_certificate"]["subject_public_key_info"].dump())
    return str(keys.PublicKeyAlgorithmId.map(key[0][0].dotted))


def is_classical(algorithm: str) -> bool:
    """Whether a quantum computer could forge its signatures: whatever is not known to withstand one is classical."""
    last = algorithm.removeprefix(POST_QUANTUM)
    by_number = last != algorithm and last.isdigit() and int(last) >= FIRST_POST_QUANTUM
    return not (by_number or algorithm.startswith(PRIVATE_CA_POST_QUANTUM))
