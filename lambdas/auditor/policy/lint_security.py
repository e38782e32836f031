"""What is dangerous however well it is written: wildcards where roles are passed, exclusions, open trusts."""

from collections.abc import Callable, Iterator

from auditor.policy.actions import LONGEST
from auditor.policy.covering import WILDCARDS, admits, plain
from auditor.policy.document import MalformedPolicyError
from auditor.policy.lint_codes import Path, Remark, shown
from auditor.policy.lint_grammar import VERSIONS
from auditor.policy.lint_principals import SERVICE
from auditor.policy.match import ARN_FIELDS
from auditor.policy.sharing import Who, sharing
from auditor.policy.trust import ASSUMING, NOWHERE
from auditor.policy.written import At, Kind, Written

PASS_ROLE, CREATE_SLR = "iam:passrole", "iam:createservicelinkedrole"
GITHUB = "token.actions.githubusercontent.com"
SOURCES = {"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"}
OF_PRINCIPALS = {"aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount"}
BECOMING = {"sts:assumerolewithwebidentity", "sts:assumerolewithsaml"}
MOST_COMPARED = 20_000
"""Pairs of an action that is allowed and one that is denied: what has more of them is judged by its looks."""

ANYBODY = frozenset(
    """
    aws:currenttime aws:epochtime aws:multifactorauthage aws:multifactorauthpresent aws:referer aws:requestedregion
    aws:securetransport aws:tokenissuetime aws:useragent s3:signatureversion s3:tlsversion
    """.split()
)
"""Keys whose conditions anybody in the world can meet."""

SETTING = {
    "sts:sourceidentity": "sts:setsourceidentity",
    "sts:transitivetagkeys": "sts:tagsession",
}
"""The action without which a request has no such key."""


def passing(it: Written) -> Iterator[Remark]:
    """Roles that may be passed, and service-linked roles that may be made, without saying which."""
    if it.kind is not Kind.IDENTITY or not it.allow:
        return
    near = [(text, place) for text, place in it.actions if text[:1] in {"i", "*", "?"} and len(text) <= LONGEST]
    if not near and "Action" in it.raw:
        return
    narrowed = {test.key.lower() for test in it.tests if test.demands}
    if not narrowed & {"iam:passedtoservice", "iam:associatedresourcearn"}:
        yield from _wide(it, near, PASS_ROLE, "PASS_ROLE", "every role may be passed to every service")
    if "iam:awsservicename" not in narrowed:
        yield from _wide(it, near, CREATE_SLR, "CREATE_SLR", "service-linked roles of every service may be made")


def _wide(it: Written, near: list[At], action: str, code: str, danger: str) -> Iterator[Remark]:
    element, form, place = _reach(it, near, action)
    if not place:
        return
    if "NotResource" in it.raw:
        end = "NOT_ACTION_AND_NOT_RESOURCE" if element == "NotAction" else f"{form}NOT_RESOURCE"
        yield Remark(f"{code}_WITH_{end}", f"{danger} but on what NotResource names", place)
    elif any(_is_any_role(text) for text, _ in it.resources):
        end = {"": "STAR_IN_RESOURCE", "STAR_IN_ACTION_AND_": "STAR_IN_ACTION_AND_RESOURCE"}[form]
        end = "STAR_IN_RESOURCE_AND_NOT_ACTION" if element == "NotAction" else end
        yield Remark(f"{code}_WITH_{end}", f"{danger}; name the roles", place)


def _reach(it: Written, near: list[At], action: str) -> tuple[str, str, Path]:
    """Through which element the statement speaks of the action, by name or by pattern, and where; no place if not."""
    if "NotAction" in it.raw:
        spared = any(admits(plain(text.lower()), action) for text, _ in it.texts("NotAction") if len(text) <= LONGEST)
        return "NotAction", "", () if spared else (*it.path, "NotAction")
    named = next((place for text, place in near if text == action), None)
    if named:
        return "Action", "", named
    short = ((plain(text), place) for text, place in near if WILDCARDS.search(text))
    return "Action", "STAR_IN_ACTION_AND_", next((place for text, place in short if admits(text, action)), ())


def _is_any_role(arn: str) -> bool:
    """Whether it is a pattern of all roles of an account, or of more."""
    if not arn.strip("*?"):
        return True
    fields = arn.split(":", ARN_FIELDS - 1)
    if len(fields) < ARN_FIELDS:
        return fields[0] == "arn" and fields[-1].endswith("*")
    return fields[2].strip("*?") in {"iam", ""} and fields[5].removeprefix("role/").startswith("*")


def exclusions(it: Written) -> Iterator[Remark]:
    """Allow with an element that names what it is not about."""
    if not it.grants:
        return
    if "NotPrincipal" in it.raw:
        message = "everybody else in the world is allowed; name in Principal who should be"
        yield Remark("ALLOW_WITH_NOT_PRINCIPAL", message, (*it.path, "NotPrincipal"))
    if "NotAction" in it.raw and not it.tests:
        message = "every other action is allowed, also those that AWS adds; name in Action what should be"
        yield Remark("ALLOW_WITH_NOT_ACTION", message, (*it.path, "NotAction"))
    if "NotResource" in it.raw and not it.tests:
        message = "every other resource is allowed, also those to come; name in Resource what should be"
        yield Remark("ALLOW_WITH_NOT_RESOURCE", message, (*it.path, "NotResource"))


def outsiders(it: Written) -> Iterator[Remark]:
    """What a policy of a resource leaves open to any customer of a service."""
    if it.kind is not Kind.RESOURCE or not it.allow:
        return
    services = [(value, place) for kind, value, place in it.parties if kind == "Service"]
    if services and not it.keys & SOURCES:
        value, place = services[0]
        message = f"{shown(value)} may act here for any of its customers; ask for aws:SourceAccount or aws:SourceArn"
        yield Remark("RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL", message, place)
    referer = next((test for test in it.tests if test.key.lower() == "aws:referer"), None)
    if services and referer and not it.keys & SOURCES:
        message = "aws:SourceAccount or aws:SourceArn says for whom the service acts"
        yield Remark("RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", message, referer.path)
    if services and len(services) == len(it.parties):
        for test in it.tests:
            if test.key.lower() in OF_PRINCIPALS and test.demands:
                message = f"a service has no {shown(test.key)}: it is never met"
                yield Remark("UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", message, test.path)


def public(statements: list[Written]) -> Iterator[Remark]:
    """Whom in the world a resource, or a role, is open to: conditions count as far as not everybody can meet them."""
    open_to = {at: place for at, it in enumerate(statements) if (place := _everybody(it))}
    if not open_to:
        return
    for at, proviso in _let_in(statements).items():
        if at in open_to:
            yield Remark("PUBLIC_PRINCIPAL", f"everybody in the world is allowed{proviso}", open_to[at])


def _everybody(it: Written) -> Path:
    """Where the statement allows everybody; no place if it does not."""
    if it.kind not in {Kind.RESOURCE, Kind.TRUST} or not it.allow:
        return ()
    return next((place for kind, value, place in it.parties if value == "*" and kind in {"*", "AWS"}), ())


def _let_in(statements: list[Written]) -> dict[int, str]:
    """The statements that let in everybody, and under which conditions. What cannot be read is judged by its looks."""
    document = {"Version": VERSIONS[not statements[0].variables], "Statement": [it.raw for it in statements]}
    asked = ASSUMING if statements[0].kind is Kind.TRUST else ()
    by_looks = {at: "" for at, it in enumerate(statements) if not it.tests}
    allowed, denied = (sum(1 + len(it.actions) for it in statements if it.allow is allow) for allow in (True, False))
    if allowed * denied > MOST_COMPARED:
        return by_looks
    try:
        public = [it for it in sharing(document, NOWHERE, asked) if it.who is Who.PUBLIC]
    except MalformedPolicyError:
        return by_looks
    open_to_all = [it for it in public if {key.lower() for key in it.conditions} <= ANYBODY]
    return {it.statement.number - 1: it.proviso for it in open_to_all}


def federation(it: Written) -> Iterator[Remark]:
    """What a trust policy asks of those whom an identity provider vouches for."""
    if it.kind is not Kind.TRUST or not it.allow or not _lets_in(it):
        return
    for kind, value, place in it.parties:
        if kind != "Federated":
            continue
        if ":saml-provider/" in value:
            if "saml:aud" not in it.keys:
                message = "an assertion for any other service will do; ask for saml:aud"
                yield Remark("MISSING_CONDITION_KEY_FOR_SAML_PRINCIPAL", message, place)
            continue
        host = value.rpartition(":oidc-provider/")[2].lower()
        asked = {key for key in it.keys if key.startswith(f"{host}:")}
        if not asked:
            message = f"any token of {shown(host)} will do; ask for its audience and its subject"
            yield Remark("MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL", message, place)
        elif host == GITHUB and not asked - {f"{GITHUB}:aud"}:
            message = f"any repository of GitHub will do; ask for {GITHUB}:sub"
            yield Remark("MISSING_GITHUB_REPO_CONDITION_KEY", message, place)


def _lets_in(it: Written) -> bool:
    return any(text in BECOMING or text.endswith("*") for text, _ in it.actions)


def repositories(it: Written) -> Iterator[Remark]:
    """Subjects of GitHub's tokens that leave the repository or the branch open."""
    for test in it.tests if it.kind is Kind.TRUST and it.allow else ():
        subjects = [(text, place) for text, place in test.texts if test.key.lower() == f"{GITHUB}:sub"]
        for text, place in subjects if not test.negated else ():
            if "*" in text or "?" in text:
                message = f"{shown(text)} admits more than one branch of one repository"
                yield Remark("SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED", message, place)


def set_by_actions(it: Written) -> Iterator[Remark]:
    """Keys of a trust that only requests with another action have."""
    names = {text for text, _ in it.actions}
    for test in it.tests if it.kind is Kind.TRUST and it.allow and "sts:assumerole" in names else ():
        needed = SETTING.get(test.key.lower())
        if needed and test.demands and not names & {needed, "sts:*", "*"}:
            message = f"nobody may set {shown(test.key)} without {needed}: it is never met"
            yield Remark("MISSING_ACTION_FOR_CONDITION_KEY", message, test.path)


def half_filters(it: Written) -> Iterator[Remark]:
    """Conditions that a caller gets around by asking for something less specific."""
    for test in it.tests:
        key = test.key.lower()
        if key == "dynamodb:attributes" and it.allow and "dynamodb:select" not in it.keys:
            message = "whoever asks for no attributes gets all; ask for dynamodb:Select SPECIFIC_ATTRIBUTES too"
            yield Remark("DYNAMODB_ATTRIBUTES_WITHOUT_SELECT", message, test.path)
        if key == "s3:prefix" and test.operator.startswith("string") and it.allow is test.negated:
            message = "a shorter prefix gets around it; allow the prefixes that may be listed"
            yield Remark("S3_PREFIX_IN_NEGATIVE_CONTEXT", message, test.path)


def services_named(it: Written) -> Iterator[Remark]:
    """Services that condition keys are compared with, and that are not written like one."""
    for test in it.tests:
        if test.key.lower() in {"iam:passedtoservice", "iam:awsservicename", "aws:principalservicename"}:
            for text, place in test.texts:
                if not (WILDCARDS.search(text) or "${" in text or SERVICE.fullmatch(text)):
                    message = f"{shown(text)} is not written like a service, ec2.amazonaws.com"
                    yield Remark("INVALID_SERVICE_PRINCIPAL_FORMAT", message, place)


STATEMENT: tuple[Callable[[Written], Iterator[Remark]], ...] = (
    passing,
    exclusions,
    outsiders,
    federation,
    repositories,
    set_by_actions,
    half_filters,
    services_named,
)
DOCUMENT: tuple[Callable[[list[Written]], Iterator[Remark]], ...] = (public,)
