"""What decides a request, in words: the statement or the silent layer, and the conditions still to be met."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from auditor.policy.access import (
    RESOURCE_POLICY,
    UNSEEN_POLICY,
    Decision,
    Ground,
    Held,
    Request,
    Standing,
)
from auditor.policy.actions import known as known_action
from auditor.policy.conditions import Known, judge, judged
from auditor.policy.document import PASSED_TO, PASSING, Clause, Statement, statements
from auditor.policy.naming import SESSION_NAME
from auditor.policy.resources import about_resource
from auditor.policy.steps import short
from auditor.render.clauses import in_words, not_met, spelled

UNLESS = "unless "


@dataclass(frozen=True, kw_only=True)
class Decided:
    """A request with what was decided of it, and the resource's policy, if one was weighed."""

    standing: Standing
    request: Request
    decision: Decision
    resource_policy: Held | None = None

    @property
    def policies(self) -> Iterator[tuple[str, Held]]:
        """Every policy that was weighed, with its layer as a `Ground` names it."""
        standing = self.standing
        yield from (("identity", held) for held in standing.identity)
        for layer, held in (("boundary", standing.boundary), ("session", standing.session)):
            yield from [(layer, held)] if held else []
        for kind, levels in (("service", standing.service_control), ("resource", standing.resource_control)):
            for number, level in enumerate(levels, start=1):
                yield from ((f"{kind} control level {number}", held) for held in level)
        yield from [(RESOURCE_POLICY, self.resource_policy)] if self.resource_policy else []

    @property
    def known(self) -> Known:
        """What is known of the request."""
        passing: Known = {} if self.request.action.lower() == PASSING else {PASSED_TO: ()}
        return {**passing, **self.standing.known, **self.request.known}


def why(decided: Decided) -> tuple[str, ...]:
    """What decides, a phrase for each ground: the identity's first, which is the one that people look for."""
    grounds = sorted(decided.decision.grounds, key=lambda it: it.layer not in ("identity", RESOURCE_POLICY))
    denied = "" if decided.decision.allowed else "denied by "
    return tuple(
        f"{denied}{_statement(it)}" if it.statement else f"{_silence(it, decided)}{_nearly(it, decided)}"
        for it in grounds
    )


def _statement(it: Ground) -> str:
    sid = f" ({it.sid})" if it.sid else ""
    through = f" of {short(it.via)}" if it.via else ""
    kind = {"boundary": "permissions boundary ", "session": "session policy ", RESOURCE_POLICY: "the resource's "}.get(
        it.layer, ""
    )
    if "control" in it.layer:
        kind = f"{it.layer.partition(' ')[0]} control policy "
    return f"statement {it.statement}{sid} of {kind}{it.policy}{through}"


def _silence(it: Ground, decided: Decided) -> str:
    """A layer in which no statement speaks: it was not seen, or it does not allow the request."""
    if decided.decision.allowed:
        return "the resource's own policy, which was not seen"
    if it.layer == "identity":
        return "no statement of its policies allows it"
    names = [held.name for layer, held in decided.policies if layer == it.layer]
    kind = {"boundary": "permissions boundary", "session": "session policy"}.get(it.layer, it.layer)
    if it.layer == RESOURCE_POLICY and decided.resource_policy is None:
        return "the resource is another account's"
    if it.layer == RESOURCE_POLICY:
        return f"no statement of the resource's {names[0] if names else 'policy'} allows it"
    named = f" ({', '.join(names)})" if names else ""
    return f"no statement of {kind}{named} allows it"


def _nearly(it: Ground, decided: Decided) -> str:
    """Of a silent layer the first statement that would allow the request, but for what is certainly not met."""
    if decided.decision.allowed or it.layer == RESOURCE_POLICY:
        return ""
    request, known = decided.request, decided.known
    action = request.action.lower()
    found = known_action(action)
    resource = request.resource if found is None or found.uses else "*"
    for held in (held for layer, held in decided.policies if layer == it.layer):
        for one in statements(held.document):
            if one.allow and one.about_action(action) and about_resource(one, resource, known) is not False:
                failing = [clause for clause in one.clauses if judged(clause, known, variables=one.variables) is False]
                ground = replace(it, policy=held.name, via=held.via, statement=one.number, sid=one.sid or "")
                but = " and ".join(not_met(clause, one) for clause in failing)
                return f": {_statement(ground)} would, but {but}" if but else ""
    return ""


def conditions(decided: Decided) -> tuple[str, ...]:
    """What has still to be met, a phrase for each condition; ``unless …`` where a Deny would bite."""
    spoken = [*_of_allows(decided), *_of_denies(decided)]
    keys = {key for key, _ in spoken}
    phrases = [phrase for _, phrase in spoken]
    return tuple(dict.fromkeys([*phrases, *(_other(it) for it in decided.decision.conditions if it not in keys)]))


def _of_allows(decided: Decided) -> Iterator[tuple[str, str]]:
    """The conditions of what allows the request: the key of each, and words."""
    for ground in decided.decision.grounds:
        statement = _found(ground, decided)
        if statement:
            yield from ((spelled(it, statement), in_words(it, statement)) for it in _hanging(statement, decided.known))


def _of_denies(decided: Decided) -> Iterator[tuple[str, str]]:
    """The conditions under which a Deny would bite; a statement's are told together, and once for each of its keys."""
    action, known = decided.request.action.lower(), decided.known
    wanted = {it.removeprefix(UNLESS) for it in decided.decision.conditions if it.startswith(UNLESS)}
    for _, held in decided.policies if wanted else ():
        for it in statements(held.document):
            keys = {spelled(clause, it) for clause in _hanging(it, known)} & wanted
            if keys and not it.allow and it.about_action(action) and _bites(it, decided.request.resource, known):
                phrase = " and ".join(in_words(clause, it) for clause in _hanging(it, known))
                yield from ((f"{UNLESS}{key}", f"{UNLESS}{phrase}") for key in sorted(keys))


def _bites(statement: Statement, resource: str, known: Known) -> bool:
    met = judge(statement.clauses, known, variables=statement.variables)
    return met is not False and about_resource(statement, resource, known) is not False


def _hanging(statement: Statement, known: Known) -> list[Clause]:
    return [it for it in statement.clauses if judged(it, known, variables=statement.variables) is None]


def _found(ground: Ground, decided: Decided) -> Statement | None:
    """The statement that a ground names."""
    for layer, held in decided.policies:
        if (layer, held.name, held.via) == (ground.layer, ground.policy, ground.via):
            return next((it for it in statements(held.document) if it.number == ground.statement), None)
    return None


def _other(condition: str) -> str:
    """A condition that no clause states."""
    if condition == UNSEEN_POLICY:
        return "the resource's own policy, which was not seen, allows it"
    if condition == SESSION_NAME:
        return "the session has the name that the resource's policy names"
    bare = condition.removeprefix(UNLESS)
    before = condition[: len(condition) - len(bare)]
    return f"{before}the resource is {bare}" if "${" in bare else f"{before}{bare} is met"
