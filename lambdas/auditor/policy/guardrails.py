"""What the organization's policies keep a member account from, judged on their documents.

Each level, from the root to the account, is judged by itself: a request must be allowed at every level, and a Deny at
one is enough (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.core.derivation import Derivation, Made
from auditor.core.model import GLOBAL, Observed, Unavailable
from auditor.core.subjects.organization import (
    Affiliation,
    AttachedPolicy,
    GuardrailLevel,
    Guardrails,
    OrganizationMember,
    OrganizationRoot,
)
from auditor.policy.document import EVERY_ACTION, EVERY_RESOURCE, MalformedPolicyError, Statement, statements

SERVICE_CONTROL, RESOURCE_CONTROL = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
BINDS_NOT = Unavailable(reason="no policy of the organization binds its management account", inapplicable=True)
UNREADABLE = "a policy of the organization cannot be read"

OTHER_THAN = {"stringnotequals", "stringnotequalsignorecase", "stringnotlike"}
SAME_AS = {"arnlike", "arnequals", "stringlike", "stringequals"}
EXEMPTIONS = {
    *((operator, "aws:principalarn") for operator in ("arnnotlike", "arnnotequals", *OTHER_THAN)),
    ("bool", "aws:principalisawsservice"),
    ("bool", "aws:viaawsservice"),
}
"""Tests that let a few principals, and AWS's own services, through a statement that closes Regions."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One test of a statement: operator and key in lower case, the operator without IfExists and set prefixes."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Denial:
    """A Deny statement; `exempt` are the actions of its NotAction."""

    statement: Statement
    exempt: tuple[str, ...]
    conditions: tuple[Condition, ...]

    @property
    def broad(self) -> bool:
        """Whether it denies everything, or everything but the actions that it exempts."""
        if self.statement.actions is None:
            every_action = not any(EVERY_ACTION.fullmatch(it) for it in self.exempt)
        else:
            every_action = any(EVERY_ACTION.fullmatch(it) for it in self.statement.actions)
        return every_action and any(EVERY_RESOURCE.fullmatch(it) for it in self.statement.resources or ())


def denials(document: Mapping[str, Any]) -> Iterator[Denial]:
    """The Deny statements of a document. Raises MalformedPolicyError as `statements` does."""
    raws = document.get("Statement")
    read = list(statements(document))
    for statement, raw in zip(read, raws if isinstance(raws, list) else [raws], strict=True):
        if not statement.allow:
            conditions = tuple(_conditions(raw.get("Condition") or {}))
            yield Denial(statement=statement, exempt=_texts(raw.get("NotAction")), conditions=conditions)


def _conditions(raw: Mapping[str, Mapping[str, Any]]) -> Iterator[Condition]:
    for operator, block in raw.items():
        name = operator.lower().rpartition(":")[2].removesuffix("ifexists")
        for key, values in block.items():
            yield Condition(operator=name, key=str(key).lower(), values=_texts(values))


def _texts(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(str(it).lower() if isinstance(it, bool) else str(it) for it in values)


def guarding(policies: Iterable[AttachedPolicy]) -> Iterator[str]:
    """Names of those policies of one level that leave out or deny anything; AWS's FullAWSAccess does neither.

    Raises MalformedPolicyError.
    """
    read = [(policy.name, list(statements(policy.document))) for policy in policies]
    open_level = any(it.allow and it.on_everything and not it.conditions for _, held in read for it in held)
    for name, held in read:
        if not open_level or any(not it.allow for it in held):
            yield name


def left_open(documents: Iterable[Mapping[str, Any]]) -> tuple[str, ...] | None:
    """The Regions that SCPs leave open while they close all others; None if none does that.

    A statement counts if it denies everything but some actions outside a list of Regions, to everybody but exempted
    principals. What it exempts is taken for the actions of global services. Raises MalformedPolicyError.
    """
    lists = [regions for document in documents for it in denials(document) if (regions := _regions(it))]
    if not lists:
        return None
    plain = [set(regions) for regions in lists if not any(re.search(r"[*?]", it) for it in regions)]
    # What patterns have in common cannot be told without a list of all Regions.
    return tuple(sorted(set.intersection(*plain) if plain else set(lists[0])))


def _regions(denial: Denial) -> tuple[str, ...]:
    """The Regions outside of which it denies; empty if that is not what it does."""
    by_region = [it for it in denial.conditions if it.key == "aws:requestedregion"]
    others = [it for it in denial.conditions if it.key != "aws:requestedregion"]
    if not denial.broad or len(by_region) != 1 or by_region[0].operator not in OTHER_THAN:
        return ()
    return by_region[0].values if all(_exempts(it) for it in others) else ()


def _exempts(condition: Condition) -> bool:
    only_some = condition.operator == "bool" and condition.values != ("false",)
    everybody = any(set(it) <= {"*"} for it in condition.values)
    return (condition.operator, condition.key) in EXEMPTIONS and not (only_some or everybody)


def denies_root(document: Mapping[str, Any], root: str) -> bool:
    """Whether it denies the root user with that ARN everything, whatever else. Raises MalformedPolicyError."""
    return any(it.statement.on_everything and _names(it.conditions, root) for it in denials(document))


def _names(conditions: tuple[Condition, ...], root: str) -> bool:
    """Whether the one condition is that the principal has the ARN; all principals are meant where there is none."""
    if not conditions:
        return True
    (only, *others) = conditions
    if others or only.key != "aws:principalarn" or only.operator not in SAME_AS:
        return False
    return root in only.values if only.operator == "stringequals" else any(_like(root, it) for it in only.values)


def _like(arn: str, pattern: str) -> bool:
    """Whether the ARN matches part by part, as ArnLike does."""
    parts, patterns = arn.split(":"), pattern.split(":")
    return len(parts) == len(patterns) and all(
        re.fullmatch(re.escape(it).replace(r"\*", ".*").replace(r"\?", "."), part)
        for part, it in zip(parts, patterns, strict=True)
    )


def guardrails(
    affiliations: Observed[Affiliation],
    roots: Observed[OrganizationRoot],
    members: Observed[OrganizationMember],
    levels: Observed[GuardrailLevel],
) -> Made:
    """What binds the member; a level whose policies were not seen, or cannot be read, may hold anything."""
    if any(it.is_management for it in affiliations.subjects):
        return Made([], {GLOBAL: BINDS_NOT})
    if not roots.subjects or not members.subjects:
        return Made([])
    (affiliation,), (root,), (member,) = affiliations.subjects, roots.subjects, members.subjects
    attached = {(level.type, level.resource): level.policies for level in levels.subjects}
    path = [(kind, level) for kind in root.policy_types for level in (*member.path, member.resource)]
    wanted = [it for it in path if it[0] in (SERVICE_CONTROL, RESOURCE_CONTROL)]
    if missing := [level for kind, level in wanted if (kind, level) not in attached]:
        return Made([], {GLOBAL: Unavailable(reason=f"the evidence lacks the policies of {missing[0]}")})
    service = [attached[it] for it in wanted if it[0] == SERVICE_CONTROL]
    resource = [attached[it] for it in wanted if it[0] == RESOURCE_CONTROL]
    try:
        return Made([_guardrails(affiliation, service, resource)])
    except MalformedPolicyError as error:
        return Made([], {GLOBAL: Unavailable(reason=f"{UNREADABLE}: {error}")})


Levels = list[tuple[AttachedPolicy, ...]]


def _guardrails(affiliation: Affiliation, service: Levels, resource: Levels) -> Guardrails:
    documents = [policy.document for policies in service for policy in policies]
    return Guardrails(
        resource=affiliation.resource,
        uid="account",
        service_control=_names_of(service),
        resource_control=_names_of(resource),
        open_regions=left_open(documents),
        root_denied=any(denies_root(it, affiliation.root) for it in documents),
    )


def _names_of(levels: Levels) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for policies in levels for name in guarding(policies)))


DERIVATIONS = (Derivation(Guardrails, (Affiliation, OrganizationRoot, OrganizationMember, GuardrailLevel), guardrails),)
