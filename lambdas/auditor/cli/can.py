"""`auditor can` and `auditor who-can`: what a principal may do, who may do something, and what decides it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from auditor.cli.silence import NOT_SEEN, silent
from auditor.cli.weighing import SOME, Account
from auditor.render.grounds import Decided, conditions, why

ALLOWED, NOT_ALLOWED, NOT_KNOWN = "allowed", "not allowed", "not known"
UNSEEN = "not seen, and taken for what allows everything"


@dataclass(frozen=True)
class Answer:
    """What was decided; `silent` says that the resource's own policy, which was not seen, may allow it all the same."""

    decided: Decided
    silent: bool

    def __str__(self) -> str:
        """``allowed``, ``not allowed`` or ``not known``."""
        return ALLOWED if self.decided.decision.allowed else NOT_KNOWN if self.silent else NOT_ALLOWED


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

    Where only silence says no, and the resource may have a policy of its own that was not given, it is 2. A pattern of
    actions asks for each of them; then 0 means that at least one is allowed.
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
    answers = [Answer(it, silent=silent(it, asked)) for it in decided]
    show(answers, account.unseen)
    if any(it.silent for it in answers):
        screen.note(NOT_SEEN)
    if not any(it.decision.allowed for it in decided):
        raise typer.Exit(2 if any(it.silent for it in answers) else 1)


def noted(unseen: Sequence[str]) -> None:
    """Tell what might forbid what is allowed."""
    for it in unseen:
        screen.note(f"{it}: {UNSEEN}")


def _table(answers: Sequence[Answer], unseen: Sequence[str]) -> None:
    told = [(it, it.decided) for it in answers]
    screen.rows(
        (screen.ANSWER, "ACTION", "RESOURCE", "DECIDED BY", "CONDITIONS"),
        [(str(answer), it.request.action, it.request.resource, *in_cells(it)) for answer, it in told],
    )
    if any(it.decision.allowed for _, it in told):
        noted(unseen)


def in_cells(decided: Decided) -> tuple[str, str]:
    """What decides, and what has still to be met."""
    return "; ".join(why(decided)), "; ".join(conditions(decided))


def _json(answers: Sequence[Answer], unseen: Sequence[str]) -> None:
    entries = [{**entry(it.decided), "allowed": None if it.silent else it.decided.decision.allowed} for it in answers]
    told = {"principal": answers[0].decided.standing.arn, "answers": entries, "unseen": list(unseen)}
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


SHOWN: dict[str, Callable[[Sequence[Answer], Sequence[str]], None]] = {"table": _table, "json": _json}
