"""`auditor can` and `auditor who-can`: what a principal may do, who may do something, and what decides it."""

import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from auditor.cli import screen
from auditor.cli.asking import (
    ActionArgument,
    ContextOption,
    OwnerOption,
    PrincipalArgument,
    ResourceArgument,
    ResourcePolicyOption,
    actions_of,
    asked_of,
    unfitting,
)
from auditor.cli.errors import one_of
from auditor.cli.seeing import FolderOption, seen
from auditor.cli.weighing import SOME, Account
from auditor.render.grounds import Decided, conditions, why

ALLOWED, NOT_ALLOWED = "allowed", "not allowed"
UNSEEN = "not seen, and taken for what allows everything"


def can(  # noqa: PLR0913  (an option each)
    principal: PrincipalArgument,
    action: ActionArgument,
    resource: ResourceArgument = SOME,
    *,
    evidence: FolderOption = None,
    context: ContextOption = None,
    resource_policy: ResourcePolicyOption = None,
    owner: OwnerOption = "",
    form: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
) -> None:
    """Say whether a user or role may do something, and what decides it: exit code 0 if it is allowed, 1 if not.

    A pattern of actions asks for each of them; then 0 means that at least one is allowed.
    """
    show = one_of(SHOWN, form, "--format")
    wanted = actions_of(action)
    found, _ = seen(evidence)
    asked = asked_of(resource, context or [], resource_policy, owner, found)
    account = Account(found)
    standing = account.standing(principal)
    for remark in unfitting(wanted[0], asked) if len(wanted) == 1 else ():
        screen.note(remark)
    decided = [account.decided(standing, it, asked) for it in wanted]
    show(decided, account.unseen)
    if not any(it.decision.allowed for it in decided):
        raise typer.Exit(1)


def noted(unseen: Sequence[str]) -> None:
    """Tell what might forbid what is allowed."""
    for it in unseen:
        screen.note(f"{it}: {UNSEEN}")


def _table(decided: Sequence[Decided], unseen: Sequence[str]) -> None:
    screen.rows(
        (screen.ANSWER, "ACTION", "RESOURCE", "DECIDED BY", "CONDITIONS"),
        [(answer(it), it.request.action, it.request.resource, *in_cells(it)) for it in decided],
    )
    if any(it.decision.allowed for it in decided):
        noted(unseen)


def in_cells(decided: Decided) -> tuple[str, str]:
    """What decides, and what has still to be met."""
    return "; ".join(why(decided)), "; ".join(conditions(decided))


def answer(decided: Decided) -> str:
    """``allowed`` or ``not allowed``."""
    return ALLOWED if decided.decision.allowed else NOT_ALLOWED


def _json(decided: Sequence[Decided], unseen: Sequence[str]) -> None:
    told = {"principal": decided[0].standing.arn, "answers": [entry(it) for it in decided], "unseen": list(unseen)}
    screen.write(json.dumps(told, indent=2) + "\n")


def entry(decided: Decided) -> dict[str, Any]:
    """What was asked, and what was decided, for programs."""
    grounds = [
        {"layer": it.layer, "policy": it.policy, "via": it.via, "statement": it.statement, "sid": it.sid}
        for it in decided.decision.grounds
    ]
    return {
        "action": decided.request.action,
        "resource": decided.request.resource,
        "allowed": decided.decision.allowed,
        "grounds": grounds,
        "why": why(decided),
        "condition_keys": decided.decision.conditions,
        "conditions": conditions(decided),
    }


SHOWN: dict[str, Callable[[Sequence[Decided], Sequence[str]], None]] = {"table": _table, "json": _json}
