"""`auditor minimise`: a smaller policy for a user or role, from what it used."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from auditor.aws.gather import snapshot
from auditor.aws.source import MalformedEvidenceError
from auditor.aws.sources.last_accessed import NAME
from auditor.aws.tracked_actions import Tracked, tracked
from auditor.cli import folder, screen, whom
from auditor.cli.applying import commands, policy_names
from auditor.cli.errors import InputError, one_of
from auditor.cli.writing import fault, written
from auditor.core.check import Limits, day
from auditor.core.evidence import Answer, Evidence
from auditor.core.model import AccountSnapshot, S, Unavailable
from auditor.core.subjects.activity import Activity
from auditor.core.subjects.entities import Policy, Principal, Role, UserDetail
from auditor.policy.access import Held
from auditor.policy.fitting import MANAGED
from auditor.policy.minimise import Proposal, Share, Usage, Why, proposal
from auditor.render.escape import plain

DEFAULT_IDLE = Limits().service_idle.days
KEPT_BY_AWS = 400
"""Days for which AWS knows what was used."""

SPELLED_OUT = 8
"""Actions that a cell of a table names."""

UNTRACED = "data events, passed roles and use in Regions that AWS does not track leave no trace"

PrincipalArgument = Annotated[
    str, typer.Argument(metavar="PRINCIPAL", help="An ARN, user/ana, role/deploy, or a name.")
]
EvidenceOption = Annotated[Path, typer.Option("--evidence", help="A folder of saved API answers.")]
IdleOption = Annotated[
    int, typer.Option("--idle", min=1, max=KEPT_BY_AWS, help="Days without a use after which a service can go.")
]
OutOption = Annotated[Path | None, typer.Option(help="Write the proposed documents into this folder.")]


@dataclass(frozen=True, kw_only=True)
class Answered:
    """All that there is to tell; `refused` says why there is no proposal. `names` are those of its documents."""

    principal: str
    proposed: Proposal
    refused: str = ""
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    apply: tuple[str, ...] = ()


def minimise(
    principal: PrincipalArgument,
    *,
    evidence: EvidenceOption,
    idle: IdleOption = DEFAULT_IDLE,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    out: OutOption = None,
) -> None:
    """Propose a smaller policy for a user or role, from the services that it used; changes nothing.

    What could not be seen is not taken for unused: then there is no proposal, and the exit code is 2.
    """
    show = one_of({"text": _text, "json": _json}, form, "--format")
    loaded = folder.load(evidence, None)
    for note in loaded.notes:
        screen.note(note)
    seen = snapshot(loaded.evidence)
    entity = whom.entity(principal, seen)
    try:
        answered = _answered(entity, seen, loaded.evidence, timedelta(days=idle))
    except MalformedEvidenceError as error:
        raise InputError(f"--evidence: {evidence}: {NAME}: {error}") from error
    if not answered.refused or form == "json":
        show(answered)
    if answered.refused:
        raise InputError(f"no proposal for {answered.principal}: {answered.refused} (not seen is not unused)")
    if out:
        _save(answered, out)


def _save(answered: Answered, out: Path) -> None:
    """Write the documents under their names. Raises InputError if they cannot be there."""
    pairs = zip(answered.names, answered.proposed.documents, strict=True)
    texts = {f"{name}.json": json.dumps(it.document, indent=2) + "\n" for name, it in pairs}
    if why := fault(out, list(texts)):
        raise InputError(f"--out: {why}")
    for file in written(out, texts):
        screen.note(f"written: {file}")


def _answered(entity: UserDetail | Role, seen: AccountSnapshot, evidence: Evidence, window: timedelta) -> Answered:
    principal, activity = _known(entity, seen, Principal), _known(entity, seen, Activity)
    if isinstance(principal, Unavailable):
        return _refused(entity, f"what it holds was not seen: {principal.reason}")
    if isinstance(activity, Unavailable):
        return _refused(entity, _unseen(entity, activity))
    traced = _tracked(entity, evidence)
    if why := _too_little(activity, traced, window):
        return _refused(entity, why)
    usage = _usage(activity, traced, window)
    return _told(principal, _held(principal), usage, whom.observed(seen, Policy).subjects)


def _unseen(entity: UserDetail | Role, activity: Unavailable) -> str:
    if isinstance(entity, Role) and entity.service_linked:
        return "it is a service-linked role: AWS says what it may do, and nobody else can"
    return f"what it used was not seen: {activity.reason}"


def _too_little(activity: Activity, traced: Tracked, window: timedelta) -> str:
    """Why what was seen does not say what is unused; empty if it does."""
    if traced.lacking:
        return f"what it used was not wholly seen: {traced.lacking}"
    if activity.generated - activity.created < window:
        return f"it was made on {day(activity.created)}, less than {window.days} days before AWS was asked"
    return "" if activity.services else "what it used was not seen: AWS's answer lists no service"


def _known(entity: UserDetail | Role, seen: AccountSnapshot, kind: type[S]) -> S | Unavailable:
    observed = seen.of(kind)
    if isinstance(observed, Unavailable):
        return observed
    found = next((it for it in observed.subjects if it.resource == entity.resource), None)
    return found or observed.gaps.get(entity.resource, Unavailable(reason="the evidence lacks it"))


def _refused(entity: UserDetail | Role, why: str) -> Answered:
    return Answered(principal=entity.resource, proposed=Proposal(documents=(), kept=(), lost=()), refused=why)


def _tracked(entity: UserDetail | Role, evidence: Evidence) -> Tracked:
    answer = evidence.answers[NAME]
    return tracked(answer.raw if isinstance(answer, Answer) else None, entity.resource)


def _usage(activity: Activity, traced: Tracked, window: timedelta) -> Usage:
    """What AWS tells of services, of which several may have one prefix, and of their actions."""
    services: dict[str, datetime | None] = {}
    for it in activity.services:
        uses = [used for used in (services.get(it.namespace.lower()), it.last_used) if used]
        services[it.namespace.lower()] = max(uses, default=None)
    return Usage(asked=activity.generated, window=window, services=services, actions=traced.actions)


def _held(principal: Principal) -> list[Held]:
    """All that it holds, by names that say through which group."""
    pairs = zip(principal.holdings, principal.documents, strict=True)
    return [
        Held(name=f"{name} of {_short(via)}" if via else name, document=document, via=via)
        for (name, via), document in pairs
    ]


def _short(name: str) -> str:
    """A policy's name, or ``group/staff``."""
    return name.rpartition(":policy/")[2].rpartition("/")[2] if ":policy/" in name else name.rpartition(":")[2]


def _told(principal: Principal, held: list[Held], usage: Usage, policies: Iterable[Policy]) -> Answered:
    proposed = proposal(held, usage)
    names = policy_names(principal, len(proposed.documents))
    changed = [it for it in policies if it.resource in (*principal.attached, *principal.inherited)]
    notes = [*_notes(principal, proposed, usage), *_news(changed, usage)]
    return Answered(
        principal=principal.resource,
        proposed=proposed,
        names=names,
        notes=tuple(notes),
        apply=tuple(commands(principal, names, proposed.documents)) if proposed.lost else (),
    )


def _notes(principal: Principal, proposed: Proposal, usage: Usage) -> Iterator[str]:
    since = day(usage.asked - usage.window)
    yield f"AWS was asked on {day(usage.asked)}; used is what was tried since {since}, also if it was denied"
    if not proposed.lost:
        yield "it used all that it holds: there is nothing to leave out"
        return
    yield f"{UNTRACED}: look into CloudTrail before anything is taken away"
    if usage.actions:
        yield "where actions are named instead of a pattern, those that AWS adds later are not among them"
    else:
        yield "only services are known; an answer of --granularity ACTION_LEVEL tells of actions too"
    if not proposed.documents:
        yield "it used nothing that it holds: nothing would be left of its policies"
    if any("iam:passrole" in map(str.lower, it.actions) for it in proposed.kept):
        yield "iam:PassRole stays on the resources that it had: name the roles that are really passed"
    if any(it.why is Why.OUTSIDE for it in proposed.lost):
        yield "services that no policy names and that AWS does not report are lost: add those that are missed"
    for group in principal.groups:
        yield f"rights of {_short(group)} go only when {principal.name} leaves it; they are weighed here like its own"
    if principal.boundary:
        yield f"its permissions boundary {_short(principal.boundary)} is not weighed, and stays"
    if any(not it.fits for it in proposed.documents):
        yield f"a document is larger than {MANAGED} characters and cannot be cut: shorten its resources by hand"


def _news(policies: Iterable[Policy], usage: Usage) -> Iterator[str]:
    """What is too new to be called unused."""
    for it in policies:
        if it.changed and usage.counts(it.changed):
            yield f"{it.name} was changed on {day(it.changed)}: what it grants since then had less time to be used"


def _json(answered: Answered) -> None:
    pairs = zip(answered.names, answered.proposed.documents, strict=True)
    told = {
        "principal": answered.principal,
        "refused": answered.refused or None,
        "policies": [
            {"name": name, "size": it.size, "limit": MANAGED, "document": it.document, "from": it.origins}
            for name, it in pairs
        ],
        "lost": [_entry(it) for it in answered.proposed.lost],
        "kept": [_entry(it) for it in answered.proposed.kept],
        "notes": answered.notes,
        "apply": answered.apply,
    }
    screen.write(json.dumps(told, indent=2) + "\n")


def _entry(share: Share) -> dict[str, Any]:
    last = share.last_used.isoformat() if share.last_used else None
    told = {"service": share.service, "actions": share.actions, "why": share.why, "last_used": last}
    return {**told, "policies": share.policies, **({} if share.why.kept else {"levels": share.levels})}


def _text(answered: Answered) -> None:
    proposed = answered.proposed
    for title, shares in (("would lose", proposed.lost), ("would keep", proposed.kept)):
        if shares:
            screen.line(f"{answered.principal} {title}:")
            _table(shares)
    for name, it in zip(answered.names, proposed.documents, strict=True):
        screen.line(f"{name}.json, {it.size} of {MANAGED} characters:")
        screen.write(json.dumps(it.document, indent=2) + "\n")
        _lines(f"statement {place}: from {', '.join(origins)}" for place, origins in enumerate(it.origins, start=1))
    screen.line("To know:")
    _lines(answered.notes)
    if answered.apply:
        screen.line("To apply, with the documents saved under their names:")
        _lines(answered.apply)


def _lines(texts: Iterable[str]) -> None:
    for text in texts:
        screen.write(f"  {plain(text)}\n")


def _table(shares: Iterable[Share]) -> None:
    head = ("SERVICE", "ACTIONS", "LAST USED", "WHY", "LEVELS", "POLICIES")
    screen.rows(head, [_row(it) for it in shares])


def _row(it: Share) -> tuple[str, ...]:
    more = len(it.actions) - SPELLED_OUT
    actions = ", ".join(it.actions[:SPELLED_OUT]) + (f" and {more} more" if more > 0 else "")
    silent = it.why in (Why.OUTSIDE, Why.NOT_TRACKED, Why.NO_TRACE)
    last = "" if silent else day(it.last_used) if it.last_used else "never"
    return it.service, actions, last, str(it.why), ", ".join(it.levels), ", ".join(it.policies)
