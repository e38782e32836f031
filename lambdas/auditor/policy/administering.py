"""What makes an administrator: policies that allow everything, and what takes the rights over IAM away again."""

from collections.abc import Iterable, Mapping
from typing import Any

from auditor.policy.conditions import Known, judge
from auditor.policy.document import MalformedPolicyError, Statement, administrator_statement, every, grant, statements
from auditor.policy.match import matches
from auditor.policy.powers import OF_REQUEST, of_target

OF_WHAT_IS_MADE = ("aws:requesttag/", "aws:tagkeys")
"""How condition keys begin that ask about the tags which a request gives."""

OVER_IAM = (
    ("iam:CreatePolicyVersion",),
    ("iam:AttachUserPolicy", "iam:AttachRolePolicy"),
    ("iam:PutUserPolicy", "iam:PutRolePolicy"),
)
"""Actions by which whoever may do them on everything gives itself the rest, be it a user or a role."""

KINDS = ("iam:user", "iam:role", "iam:group", "iam:policy")
"""What the rights over IAM are about."""

NOTHING_KNOWN: Known = {}


def everything(document: Mapping[str, Any], known: Known = NOTHING_KNOWN) -> bool:
    """Whether a document allows everything, or may; one that cannot be read allows nothing.

    What it allows of some targets or some requests only is not everything.
    """
    try:
        if administrator_statement(document) is None:
            return False
        said = [it for it in statements(document) if it.allow and it.on_everything and _general(it)]
    except MalformedPolicyError:
        return False
    return any(judge(it.clauses, known, variables=it.variables) is not False for it in said)


def empowering(document: Mapping[str, Any]) -> bool:
    """Whether a document allows everything, or enough of IAM on everything to get there."""
    return everything(document) or any(all(_granted(document, it) for it in actions) for actions in OVER_IAM)


def _granted(document: Mapping[str, Any], action: str) -> bool:
    try:
        found = grant(document, action)
    except MalformedPolicyError:
        return False
    return found is not None and _general(found)


def _general(statement: Statement) -> bool:
    """Whether none of its conditions asks about the target, or about what one request asks for."""
    return not any(of_target(it) or it.key.startswith((*OF_REQUEST, *OF_WHAT_IS_MADE)) for it in statement.clauses)


def readable(document: Mapping[str, Any]) -> bool:
    """Whether IAM would have accepted the document."""
    try:
        tuple(statements(document))
    except MalformedPolicyError:
        return False
    return True


def limiting(document: Mapping[str, Any], known: Known = NOTHING_KNOWN) -> bool:
    """Whether a permissions boundary leaves less than everything, or may; one that cannot be read leaves nothing."""
    try:
        met = [(it, judge(it.clauses, known, variables=it.variables)) for it in statements(document)]
    except MalformedPolicyError:
        return True
    leaves = any(it.allow and it.on_everything and verdict for it, verdict in met)
    return not leaves or any(not it.allow and verdict is not False for it, verdict in met)


def disarming(documents: Iterable[Mapping[str, Any]], near: str, known: Known = NOTHING_KNOWN) -> bool:
    """Whether a Deny certainly takes the rights over IAM away, all or all but some, in the account of the ARN `near`.

    Raises MalformedPolicyError as `document.statements` does.
    """
    return any(_disarms(it, near, known) for document in documents for it in statements(document))


def _disarms(it: Statement, near: str, known: Known) -> bool:
    return (
        not it.allow
        and (it.speaks_of("iam:*") or not _spares_iam(it))
        and all(it.reaches(every(kind, near)) for kind in KINDS)
        and judge(it.clauses, known, variables=it.variables) is True
    )


def _spares_iam(deny: Statement) -> bool:
    """Whether it denies no action of IAM, or some by name."""
    return deny.not_actions is None or any(matches(it.lower(), "iam:*") for it in deny.not_actions)
