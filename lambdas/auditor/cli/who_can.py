"""`auditor who-can`: everybody who may do something, also by becoming somebody else first."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from auditor.cli import screen
from auditor.cli.asking import (
    ActionArgument,
    ContextOption,
    OwnerOption,
    ResourceArgument,
    ResourcePolicyOption,
    actions_of,
    asked_of,
    unfitting,
)
from auditor.cli.can import entry, in_cells, noted
from auditor.cli.errors import InputError, one_of
from auditor.cli.seeing import FolderOption, seen
from auditor.cli.silence import NOT_SEEN as POLICY_NOT_SEEN
from auditor.cli.silence import unseen
from auditor.cli.weighing import ASSUME, SOME, Account, Asked
from auditor.policy.steps import short
from auditor.policy.universe import at_places, first
from auditor.render.escape import cell
from auditor.render.grounds import Decided
from auditor.render.wording import joined, number

SPELLED_OUT = 3
"""Administrators that a line names."""

COLUMNS = ("principal", "answer", "administrator", "chain", "decided_by", "conditions")
DIRECTLY, BY_BECOMING, NOT_SEEN = "can", "can by becoming", "not seen"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A principal that can: by itself, or by becoming others, one after the other, the last of whom can.

    `assumes` are the decisions about each of these steps.
    """

    arn: str
    decided: Decided
    administrator: bool = False
    chain: tuple[str, ...] = ()
    assumes: tuple[Decided, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Everybody who can; `unjudged` are those that were not completely seen, with the reason."""

    action: str
    resource: str
    directly: tuple[Answer, ...]
    by_becoming: tuple[Answer, ...]
    unjudged: Mapping[str, str]
    unseen: tuple[str, ...]


def who_can(  # noqa: PLR0913  (an option each)
    action: ActionArgument,
    resource: ResourceArgument = SOME,
    *,
    evidence: FolderOption = None,
    direct: Annotated[bool, typer.Option("--direct", help="Leave out who would have to assume a role first.")] = False,
    context: ContextOption = None,
    resource_policy: ResourcePolicyOption = None,
    owner: OwnerOption = "",
    form: Annotated[str, typer.Option("--format", help="table, json or csv.")] = "table",
) -> None:
    """List every user and role that may do something, and those that may assume a role that may."""
    show = one_of(SHOWN, form, "--format")
    wanted = actions_of(action)
    if len(wanted) > 1:
        raise InputError(f"ACTION: {action!r} is {len(wanted)} actions; one is asked for at a time")
    found, _ = seen(evidence)
    asked = asked_of(resource, context or [], resource_policy, owner, found)
    for remark in unfitting(wanted[0], asked):
        screen.note(remark)
    account = Account(found)
    show(_answers(account, wanted[0], asked, direct=direct))
    if unseen(asked, wanted[0]):
        screen.note(POLICY_NOT_SEEN)


def _answers(account: Account, action: str, asked: Asked, *, direct: bool) -> Answers:
    decided = {arn: account.decided(it, action, asked) for arn, it in account.standings.by_arn.items()}
    able = {arn: it for arn, it in decided.items() if it.decision.allowed}
    land = account.land
    powerful = {arn for at, arn in enumerate(land.principals.arns) if land.administrators >> at & 1}
    return Answers(
        action=action,
        resource=asked.resource,
        directly=tuple(
            Answer(arn=arn, decided=it, administrator=arn in powerful)
            for arn, it in sorted(able.items(), key=lambda pair: (pair[0] in powerful, pair[0]))
        ),
        by_becoming=() if direct else tuple(_by_becoming(account, able)),
        unjudged=account.unjudged,
        unseen=account.unseen,
    )


def _by_becoming(account: Account, able: Mapping[str, Decided]) -> Iterator[Answer]:
    """Those that cannot, and can assume a role that can, or one from which it goes on; by the shortest chain."""
    land, by_arn = account.land, account.standings.by_arn
    reached = at_places(land.principals.index[arn] for arn in able if arn in land.principals.index) & land.roles
    others = {arn: at for at, arn in enumerate(land.principals.arns) if arn not in able}
    assumable = {arn: account.trusting.assumable(by_arn[arn]) & ~(1 << at) for arn, at in others.items()}
    onward: dict[str, str] = {}
    while new := [arn for arn, roles in assumable.items() if arn not in onward and roles & reached]:
        # All of a round are as far away: none of them goes on by another.
        onward |= {arn: land.principals.arns[first(assumable[arn] & reached)] for arn in new}
        reached |= at_places(others[arn] for arn in new) & land.roles
    for arn in sorted(onward):
        chain = tuple(_chain(arn, onward))
        steps = zip((arn, *chain), chain, strict=False)
        assumes = tuple(account.decided(by_arn[actor], ASSUME, Asked(resource=role)) for actor, role in steps)
        yield Answer(arn=arn, decided=able[chain[-1]], chain=chain, assumes=assumes)


def _chain(arn: str, onward: Mapping[str, str]) -> Iterator[str]:
    while arn in onward:
        arn = onward[arn]
        yield arn


def _table(told: Answers) -> None:
    lines = [*_lines(told.directly), *(_becoming(it) for it in told.by_becoming)]
    unjudged = [(short(arn), NOT_SEEN, "", reason, "") for arn, reason in told.unjudged.items()]
    if lines or unjudged:
        screen.rows(("PRINCIPAL", "ANSWER", "BY BECOMING", "DECIDED BY", "CONDITIONS"), [*lines, *unjudged])
    screen.note(
        f"{told.action} on {told.resource}: {number(len(told.directly), 'principal')} can, "
        f"{len(told.by_becoming)} more by assuming roles, {len(told.unjudged)} not seen; the root user is not listed"
    )
    if lines:
        noted(told.unseen)


def _lines(answers: Sequence[Answer]) -> Iterator[tuple[str, ...]]:
    """A line for everybody, but one for all administrators whom the same decides: those with all rights."""
    together: dict[str, list[Answer]] = {}
    for it in answers:
        if it.administrator:
            together.setdefault(in_cells(it.decided)[1], []).append(it)
        else:
            yield (short(it.arn), DIRECTLY, "", *in_cells(it.decided))
    for conditions, group in together.items():
        names = joined((short(it.arn) for it in group), SPELLED_OUT)
        decides = in_cells(group[0].decided)[0] if len(group) == 1 else "policies that allow everything"
        yield f"{number(len(group), 'administrator')}: {names}", DIRECTLY, "", decides, conditions


def _becoming(it: Answer) -> tuple[str, ...]:
    decides, conditions = in_cells(it.decided)
    steps = [(short(step.request.resource), in_cells(step)[1]) for step in it.assumes]
    to_be_met = [*(f"to become {role}: {met}" for role, met in steps if met), *([conditions] if conditions else [])]
    return short(it.arn), BY_BECOMING, " -> ".join(map(short, it.chain)), decides, "; ".join(to_be_met)


def _json(told: Answers) -> None:
    document = {
        "action": told.action,
        "resource": told.resource,
        "can": [{"principal": it.arn, "administrator": it.administrator, **entry(it.decided)} for it in told.directly],
        "can_by_becoming": [
            {"principal": it.arn, "chain": it.chain, "steps": list(map(entry, it.assumes)), **entry(it.decided)}
            for it in told.by_becoming
        ],
        "not_seen": [{"principal": arn, "reason": reason} for arn, reason in told.unjudged.items()],
        "unseen": told.unseen,
    }
    screen.write(json.dumps(document, indent=2) + "\n")


def _csv(told: Answers) -> None:
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    for row in _rows(told):
        lines.writerow([cell(str(row.get(name, ""))) for name in COLUMNS])
    screen.write(out.getvalue())


def _rows(told: Answers) -> Iterator[dict[str, Any]]:
    for it in told.directly:
        decides, conditions = in_cells(it.decided)
        row = {"principal": it.arn, "answer": DIRECTLY, "administrator": str(it.administrator).lower()}
        yield {**row, "decided_by": decides, "conditions": conditions}
    for it in told.by_becoming:
        _, answer, _, decides, conditions = _becoming(it)
        row = {"principal": it.arn, "answer": answer, "administrator": "false", "chain": " ".join(it.chain)}
        yield {**row, "decided_by": decides, "conditions": conditions}
    for arn, reason in told.unjudged.items():
        yield {"principal": arn, "answer": NOT_SEEN, "decided_by": reason}


SHOWN: dict[str, Callable[[Answers], None]] = {"table": _table, "json": _json, "csv": _csv}
