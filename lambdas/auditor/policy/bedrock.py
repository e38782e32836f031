"""What the users of long-term API keys for Amazon Bedrock may do there."""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from auditor.core.derivation import Derivation, Made
from auditor.core.model import Observed
from auditor.core.subjects.credentials import BedrockKey, ServiceCredential
from auditor.core.subjects.entities import Policy, Principal
from auditor.policy.document import EVERY_RESOURCE, WILD

BEDROCK = "bedrock.amazonaws.com"
"""ServiceName of the keys. IAM's actions of the service begin with ``bedrock:``."""

PREFIX = "bedrock"


def bedrock_keys(
    credentials: Observed[ServiceCredential], principals: Observed[Principal], policies: Observed[Policy]
) -> Made:
    """The API keys for Bedrock whose users' policies were all seen."""
    users = {it.resource: it for it in principals.subjects if it.kind == "User"}
    managed = {it.resource: it.document for it in policies.subjects if it.owner is None}
    keys = [it for it in credentials.subjects if it.service == BEDROCK and it.user_arn in users]
    return Made(_key(it, users[it.user_arn], managed) for it in keys)


def _key(credential: ServiceCredential, user: Principal, managed: Mapping[str, Mapping[str, Any]]) -> BedrockKey:
    boundary = [managed[user.boundary]] if user.boundary else []
    whole = holds_service(user.documents, PREFIX) and all(holds_service([it], PREFIX) for it in boundary)
    return BedrockKey(**vars(credential), administrator=user.administrator, whole_service=whole)


def holds_service(documents: Iterable[Mapping[str, Any]], prefix: str) -> bool:
    """Whether the documents together allow every action of a service on every resource.

    A condition does not make an Allow harmless, and keeps a Deny from biting for certain. The documents are those of a
    `Principal`: well-formed.
    """
    covering = [it for document in documents for it in _listed(document["Statement"]) if _covers(it, prefix)]
    denied = any(it["Effect"] == "Deny" and not it.get("Condition") for it in covering)
    return not denied and any(it["Effect"] == "Allow" for it in covering)


def _covers(statement: Mapping[str, Any], prefix: str) -> bool:
    everywhere = any(EVERY_RESOURCE.fullmatch(it) for it in _listed(statement.get("Resource")))
    if "NotAction" in statement:
        return everywhere and not any(_touches(it.lower(), prefix) for it in _listed(statement["NotAction"]))
    whole = re.compile(rf"{WILD}|{WILD}:{WILD}|{prefix}:{WILD}", re.IGNORECASE)
    return everywhere and any(whole.fullmatch(it) for it in _listed(statement.get("Action")))


def _touches(pattern: str, prefix: str) -> bool:
    return fnmatchcase(prefix, pattern.partition(":")[0])


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


DERIVATIONS = (Derivation(BedrockKey, (ServiceCredential, Principal, Policy), bedrock_keys),)
