"""Principals: who can stand in which document, and how they are written."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from auditor.policy.lint_codes import Path, Remark, shown
from auditor.policy.lint_resources import ACCOUNT
from auditor.policy.written import Kind, Written, listed

KINDS = {"AWS", "Service", "Federated", "CanonicalUser"}
SERVICE = re.compile(r"[a-z0-9.-]+\.(amazonaws\.com(\.cn)?|amazon\.com|aws\.internal|api\.aws|sc2s\.sgov\.gov)")
HOST = re.compile(r"[A-Za-z0-9.-]+(:\d+)?(/\S*)?")
ROLE_ID, USER_ID = re.compile(r"AROA[A-Z0-9]{12,124}"), re.compile(r"AIDA[A-Z0-9]{12,124}")
ACCOUNT_OR_ARN = re.compile(r"\d{12}|arn:[^:]*:(iam|sts|cloudfront):[^:]*:[^:]*:.+|A(ROA|IDA)[A-Z0-9]+", re.DOTALL)
TRUSTED_ACTIONS = re.compile(r"sts:(assumerole.*|tagsession|setsourceidentity|setcontext|\*)|\*", re.DOTALL)
ROLES_ANYWHERE = "rolesanywhere.amazonaws.com"
NEEDED_THERE = ("sts:assumerole", "sts:setsourceidentity", "sts:tagsession")


def placement(it: Written) -> Iterator[Remark]:
    """Whether a document of the kind can name principals, and these."""
    for element in ("Principal", "NotPrincipal"):
        place = (*it.path, element)
        if element not in it.raw:
            continue
        if it.kind is Kind.SCP:
            yield Remark("SCP_SYNTAX_ERROR_PRINCIPAL", f"a service control policy has no {element}", place)
        elif it.kind is Kind.RCP and (element == "NotPrincipal" or it.raw[element] != "*"):
            yield Remark(
                "RCP_SYNTAX_ERROR_PRINCIPAL", 'a resource control policy has Principal "*" and no other', place
            )
        elif not it.kind.names_principals:
            message = f"the policy of an identity applies to whoever holds it, and has no {element}"
            yield Remark("UNSUPPORTED_PRINCIPAL", message, place)
        elif it.kind is Kind.TRUST and element == "NotPrincipal":
            message = "a trust policy has no NotPrincipal; name whom it trusts in Principal"
            yield Remark("ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL", message, place)
        if it.kind in {Kind.RESOURCE, Kind.TRUST}:
            yield from _shape(it.raw[element], element, place)


def _shape(principal: Any, element: str, place: Path) -> Iterator[Remark]:
    if isinstance(principal, Mapping):
        if not principal:
            yield Remark("EMPTY_OBJECT_PRINCIPAL", f"{element} is empty: the statement says nothing", place)
        for kind, values in principal.items():
            if kind not in KINDS:
                message = f"{shown(kind)} is none of {', '.join(sorted(KINDS))}"
                yield Remark("INVALID_PRINCIPAL_KEY", message, (*place, kind))
            if values == []:
                yield Remark("EMPTY_ARRAY_PRINCIPAL", f"{element} names no {shown(kind)}", (*place, kind))
            for value, path in listed(values, (*place, kind)):
                if not isinstance(value, str):
                    yield Remark("DATA_TYPE_MISMATCH", f"{element} holds something else than text", path)
    elif principal != "*":
        message = f'{element} is neither "*" nor an object such as {{"AWS": "111122223333"}}'
        yield Remark("INVALID_PRINCIPAL_FORMAT", message, place)


def entries(it: Written) -> Iterator[Remark]:
    """What is said of each principal that is named."""
    if it.kind not in {Kind.RESOURCE, Kind.TRUST}:
        return
    for kind, value, place in it.parties:
        if kind in {"AWS", "Service", "Federated"}:
            yield from RULES[kind](it, value, place)
        if kind == "*" and value == "*" and it.kind is Kind.TRUST:
            message = 'a trust policy has no Principal "*"; it names accounts, roles, services or providers'
            yield Remark("ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL", message, place)


def _aws(_: Written, value: str, place: Path) -> Iterator[Remark]:
    if value == "*":
        return
    if ROLE_ID.fullmatch(value):
        message = f"{value} is the id of a role, as it stays when the role is deleted; name the role by its ARN"
        yield Remark("INVALID_ROLE_REFERENCE", message, place)
    elif USER_ID.fullmatch(value):
        message = f"{value} is the id of a user, as it stays when the user is deleted; name the user by its ARN"
        yield Remark("INVALID_USER_REFERENCE", message, place)
    elif "*" in value or "?" in value:
        yield Remark("UNSUPPORTED_WILDCARD_IN_PRINCIPAL", f"{shown(value)}: a principal has no wildcards in it", place)
    elif value.startswith("arn:") and (field := _account(value)) and not ACCOUNT.fullmatch(field):
        yield Remark("INVALID_ARN_ACCOUNT", f"{shown(field)} is no account: that has 12 digits", place)
    elif not ACCOUNT_OR_ARN.fullmatch(value):
        yield Remark(
            "INVALID_PRINCIPAL_FORMAT", f"{shown(value)} is neither an account nor an ARN of IAM or STS", place
        )


def _account(arn: str) -> str:
    return "".join(arn.split(":")[4:5])


def _service(_: Written, value: str, place: Path) -> Iterator[Remark]:
    if "*" in value or "?" in value:
        yield Remark("UNSUPPORTED_WILDCARD_IN_PRINCIPAL", f"{shown(value)}: a service has no wildcards in it", place)
    elif not SERVICE.fullmatch(value):
        message = f"{shown(value)} is not written like a service, ec2.amazonaws.com"
        yield Remark("INVALID_SERVICE_PRINCIPAL_FORMAT", message, place)


def _federated(it: Written, value: str, place: Path) -> Iterator[Remark]:
    if it.kind is Kind.RESOURCE:
        yield Remark("FEDERATED_PRINCIPAL_NOT_SUPPORTED", "only a trust policy names identity providers", place)
    elif "*" in value or "?" in value:
        yield Remark("UNSUPPORTED_WILDCARD_IN_PRINCIPAL", f"{shown(value)}: a provider has no wildcards in it", place)
    elif not (HOST.fullmatch(value) or (value.startswith("arn:") and is_provider(value))):
        message = f"{shown(value)} is neither the ARN of a provider nor a host"
        yield Remark("INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY", message, place)


def is_provider(arn: str) -> bool:
    """Whether it is the ARN of a SAML or OpenID Connect provider."""
    return ":saml-provider/" in arn or ":oidc-provider/" in arn


RULES: Mapping[str, Callable[[Written, str, Path], Iterator[Remark]]] = {
    "AWS": _aws,
    "Service": _service,
    "Federated": _federated,
}


def trusted(it: Written) -> Iterator[Remark]:
    """What a trust policy says of actions and resources."""
    if it.kind is not Kind.TRUST:
        return
    for element in ("Resource", "NotResource"):
        if element in it.raw:
            message = f"a trust policy is about the role that it belongs to, and has no {element}"
            yield Remark("ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE", message, (*it.path, element))
    for action, place in it.actions:
        if not TRUSTED_ACTIONS.fullmatch(action):
            message = f"{shown(action)} is no way to become a role"
            yield Remark("UNSUPPORTED_ACTION_IN_POLICY", message, place)
    yield from _mismatched(it)
    names = {action for action, _ in it.actions}
    services = [place for kind, value, place in it.parties if kind == "Service" and value == ROLES_ANYWHERE]
    missing = [action for action in NEEDED_THERE if not names & {action, "*", "sts:*"}]
    if services and it.allow and missing and not _granted_elsewhere(it):
        message = f"IAM Roles Anywhere also needs {', '.join(missing)}"
        yield Remark("MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY", message, services[0])


def _granted_elsewhere(it: Written) -> bool:
    """Whether the statement is not the one that lets somebody in: others of the document may be about the rest."""
    return "sts:assumerole" not in {action for action, _ in it.actions}


def _mismatched(it: Written) -> Iterator[Remark]:
    """Actions that only principals of another kind can call."""
    for action, place in it.actions:
        fitting = FITTING.get(action)
        wrong = [value for kind, value, _ in it.parties if fitting and not fitting(kind, value)]
        if wrong and len(wrong) == len(it.parties):
            message = f"{shown(wrong[0])} cannot call {action}"
            yield Remark("MISMATCHED_ACTION_FOR_PRINCIPAL", message, place)


def _saml(kind: str, value: str) -> bool:
    return kind == "*" or (kind == "Federated" and ":saml-provider/" in value)


def _oidc(kind: str, value: str) -> bool:
    return kind == "*" or (kind == "Federated" and ":saml-provider/" not in value)


def _unfederated(kind: str, _: str) -> bool:
    return kind != "Federated"


FITTING: Mapping[str, Callable[[str, str], bool]] = {
    "sts:assumerolewithsaml": _saml,
    "sts:assumerolewithwebidentity": _oidc,
    "sts:assumerole": _unfederated,
}

STATEMENT: tuple[Callable[[Written], Iterator[Remark]], ...] = (placement, entries, trusted)
