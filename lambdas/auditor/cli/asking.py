"""What a person asks about access: who, what, on what and under which circumstances, as an account has it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli import screen
from auditor.cli.errors import InputError, did_you_mean
from auditor.cli.weighing import SOME, Asked
from auditor.cli.whom import entity
from auditor.core.model import AccountSnapshot
from auditor.policy import actions
from auditor.policy.access import Held
from auditor.policy.conditions import Known
from auditor.policy.document import decode, statements
from auditor.policy.match import overlap
from auditor.policy.naming import ACCOUNT

PrincipalArgument = Annotated[
    str, typer.Argument(metavar="PRINCIPAL", help="An ARN, user/ana, role/deploy, or a name.")
]
ActionArgument = Annotated[str, typer.Argument(metavar="ACTION", help="For example s3:GetObject.")]
ResourceArgument = Annotated[
    str, typer.Argument(metavar="RESOURCE", help="An ARN, a pattern of ARNs, user/ana or role/deploy; * is any.")
]
ContextOption = Annotated[
    list[str] | None,
    typer.Option("--context", metavar="KEY=VALUE", help="What is known of the request; KEY= says that it lacks KEY."),
]
ResourcePolicyOption = Annotated[Path | None, typer.Option(help="The resource's own policy, as JSON.")]
OwnerOption = Annotated[str, typer.Option(help="The account that has the resource, if its ARN does not say.")]


EVERY_ACTION = ("*:*",)
SUGGESTED = 4
"""Actions that a hint names."""


def asked_of(resource: str, context: Sequence[str], policy: Path | None, owner: str, seen: AccountSnapshot) -> Asked:
    """What the options say. Raises InputError for what is wrong with them."""
    if policy and resource == SOME:
        raise InputError("--resource-policy: needs RESOURCE, the ARN of what has the policy")
    return Asked(
        resource=_resource(resource, seen),
        known=_context(context),
        policy=_policy(policy) if policy else None,
        owner=_owner(owner),
    )


def _resource(given: str, seen: AccountSnapshot) -> str:
    if given == SOME or (given.startswith("arn:") and given.count(":") >= ACCOUNT + 1):
        return given
    if given.startswith(("user/", "role/")):
        return entity(given, seen, "RESOURCE").resource
    raise InputError(f"RESOURCE: {given!r} is no ARN; for example arn:{seen.owner.partition}:s3:::bucket/*")


def _owner(given: str) -> str:
    if given and not (len(given) == 12 and given.isascii() and given.isdigit()):  # noqa: PLR2004  (an account's id)
        raise InputError(f"--owner: {given!r} is no account: twelve digits are expected")
    return given


def _context(given: Iterable[str]) -> Known:
    """Values by key in lower case. A key that no request is known to have is noted."""
    known: dict[str, tuple[str, ...]] = {}
    for text in given:
        key, equals, value = text.partition("=")
        key = key.strip().lower()
        if not (equals and ":" in key.strip(":")):
            raise InputError(f"--context: {text!r} is not key=value; for example aws:SourceIp=192.0.2.1")
        if actions.condition_key(key) is None:
            screen.note(f"--context: {key} is no condition key that is known; it is weighed all the same")
        known[key] = (*known.get(key, ()), *([value] if value else []))
    return known


def _policy(path: Path) -> Held:
    """The policy in a file: a document, or an answer of AWS that has one as its Policy."""
    if not path.is_file():
        raise InputError(f"--resource-policy: {path} is not a file")
    try:
        given = json.loads(path.read_bytes())
        inner = given.get("Policy", given) if isinstance(given, dict) else given
        document = decode(inner if isinstance(inner, str | Mapping) else "")
        tuple(statements(document))
    except (ValueError, RecursionError) as error:  # MalformedPolicyError is one
        raise InputError(f"--resource-policy: {path}: {error}") from error
    return Held(name="policy", document=document)


def actions_of(given: str) -> tuple[str, ...]:
    """The actions that are meant. Raises InputError for what is none; one that is not known is noted."""
    prefix, colon, name = given.partition(":")
    if not (prefix and colon and name) or ":" in name or any(it.isspace() for it in given):
        nearest = EVERY_ACTION if given == "*" else actions.matching(f"*:{given}") if given and not colon else ()
        hint = f"did you mean {' or '.join(nearest[:SUGGESTED])}?" if nearest else "for example s3:GetObject"
        raise InputError(f"ACTION: {given!r} is no action; {hint}")
    if "*" in given or "?" in given:
        found = tuple(it for it in actions.matching(given) if not retired(it))
        if not found:
            raise InputError(f"ACTION: no action is known that {given!r} admits")
        return found
    known = actions.known(given)
    if known is None:
        screen.note(f"ACTION: {given} is not known; {_nearest(prefix, given)}; it is judged all the same")
    return (known.name if known else given,)


def retired(action: str) -> bool:
    """Whether AWS has ended the action."""
    known = actions.known(action)
    return known is not None and known.retired


def _nearest(prefix: str, given: str) -> str:
    service = actions.service(prefix)
    if service is None:
        return did_you_mean(prefix, actions.prefixes(), "auditor can PRINCIPAL '*:…'")
    return did_you_mean(given, (it.name for it in service.actions.values()), f"auditor can PRINCIPAL '{prefix}:*'")


def unfitting(action: str, asked: Asked) -> Iterator[str]:
    """What is odd about asking for the action on that resource."""
    known = actions.known(action)
    if known is None or asked.resource == SOME:
        return
    if not known.uses:
        yield f"{known.name} is about no resource: only statements on * grant it"
    elif not any(overlap(it.resource.pattern, asked.resource) for it in known.uses):
        names = ", ".join(dict.fromkeys(it.resource.pattern for it in known.uses))
        yield f"{known.name} is about {names}, and not about {asked.resource}"
