"""Facts that no single source tells: joins of what the sources said, made before any check runs."""

from collections.abc import Mapping
from itertools import chain
from typing import Any

from auditor.core.derivation import Derivation
from auditor.core.derived import (
    access_analyzer,
    activity,
    credentials,
    details,
    managed,
    monitoring,
    root_management,
    sign_in,
    trails,
    users,
    workloads,
)
from auditor.core.model import Facts, Subject
from auditor.policy import bedrock, guardrails, paths, principals, providers, roles_anywhere

TOPICS = (
    principals,
    guardrails,
    providers,
    credentials,
    sign_in,
    details,
    users,
    bedrock,
    root_management,
    access_analyzer,
    trails,
    monitoring,
    workloads,
    roles_anywhere,
    managed,
    activity,
    paths,
)
"""In order of need: a derivation may use what an earlier one gives."""

DERIVATIONS: tuple[Derivation, ...] = tuple(chain.from_iterable(topic.DERIVATIONS for topic in TOPICS))


def derive(facts: Mapping[type[Subject], Any]) -> Facts:
    """All facts: those given and those that follow from them."""
    known = dict(facts)
    for derivation in DERIVATIONS:
        known[derivation.gives] = derivation.derive(known)
    return known
