"""What somebody may do: every policy that decides it together, as AWS evaluates a request.

A Deny anywhere wins. Otherwise every layer has to allow: each level of service control policies, the identity policies
(or, in the same account, a policy of the resource), the permissions boundary and the session's policy
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html). What is unknown of a
condition lets an Allow through and keeps a Deny from biting, and is told.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from auditor.policy.actions import database
from auditor.policy.actions import known as known_action
from auditor.policy.asked import of_action
from auditor.policy.conditions import Known, judge, unknown_variables, unmet
from auditor.policy.document import Statement, statements
from auditor.policy.match import whole
from auditor.policy.naming import ACCOUNT, ACCOUNT_NAMED, EVERYBODY, ITSELF, SESSION, SESSION_NAME, is_role, naming_of
from auditor.policy.resources import MOST_CANDIDATES, about_resource, candidates, least_open

ASSUMING = "sts:assumerole"
DECIDED_BY_RESOURCE = (ASSUMING, "kms:")
"""How actions begin, in lower case, that the resource's policy has to allow, whatever identity policies say."""

WITHIN_ACCOUNT = "iam:"
"""How actions begin that no policy of a resource can open to another account."""

SERVICE_CONTROL = "service control"
RESOURCE_POLICY = "resource policy"


@dataclass(frozen=True, kw_only=True)
class Held:
    """A policy as it applies to somebody: its name for people, and the ARN of the group through which it is held."""

    name: str
    document: Mapping[str, Any] = field(hash=False)
    via: str = ""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """All that decides what a principal may do.

    `arn` is a user's, a role's or a session's. `service_control` and `resource_control` have a tuple for each level,
    the root's first; none where no such policy binds (the management account, service-linked roles). The resource
    control policies are those of the resource's account. `known` is what is known of each of its requests.
    """

    arn: str
    identity: tuple[Held, ...] = ()
    boundary: Held | None = None
    session: Held | None = None
    service_control: tuple[tuple[Held, ...], ...] = ()
    resource_control: tuple[tuple[Held, ...], ...] = ()
    known: Known = field(default_factory=dict, hash=False)

    @property
    def account(self) -> str:
        """The account that it is in."""
        return self.arn.split(":")[ACCOUNT]


@dataclass(frozen=True, kw_only=True)
class Request:
    """An action on a resource: an ARN, a pattern of ARNs or ``*``, which ask for some resource of theirs."""

    action: str
    resource: str = "*"
    known: Known = field(default_factory=dict, hash=False)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What decides: the layer, and the statement, by its policy's name and its number; 0 where no statement speaks."""

    layer: str
    policy: str = ""
    via: str = ""
    statement: int = 0
    sid: str = ""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Whether a request is allowed, and why.

    `grounds` are the Allow of each layer, or what denies: a Deny, or the layer in which nothing allows. `conditions`
    are the condition keys still to be met; ``unless aws:SourceIp`` where a Deny hangs on one.
    """

    allowed: bool
    grounds: tuple[Ground, ...]
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Said:
    """A statement that speaks of a request, and the keys on which that hangs; none where it certainly does.

    `direct` says that a policy of the resource names more than the principal's account, `by_name` that it names the
    user or the session itself, which no boundary and no session policy limits by being silent.
    """

    ground: Ground
    allow: bool
    hangs_on: tuple[str, ...] = ()
    direct: bool = False
    by_name: bool = False


Layer = tuple[str, list[Said]]
UNTRIED = f"one of more than {MOST_CANDIDATES} resources that its policies name"
UNSEEN_POLICY = "what the resource's own policy says"


def decide(standing: Standing, request: Request, resource_policy: Held | None = None, *, owner: str = "") -> Decision:
    """Whether the principal may do it; of a pattern of resources, whether to one of them.

    A `resource_policy` of None was not seen: where it has to allow the request, that is a condition. `owner` is the
    resource's account where the ARN has none (S3 buckets), or another one. Raises MalformedPolicyError as
    `document.statements` does.
    """
    asked = _complete(standing, request)
    layers = [_about(asked.action, layer) for layer in _own_layers(standing)]
    on_resource = _about(asked.action, [resource_policy] if resource_policy else [])
    about = (it for layer in (*layers, on_resource) for it in layer)
    best, least = Decision(allowed=False, grounds=()), 0
    for tried, one in enumerate(candidates(asked.action, asked.resource, asked.known, about)):
        if tried == 1 and resource_policy is None:
            least = least_open(layers, asked.known)
        if tried == MOST_CANDIDATES or (best.allowed and len(best.conditions) <= least):
            return best if best.allowed else Decision(allowed=True, grounds=(), conditions=(UNTRIED,))
        decided = _decide(standing, replace(asked, resource=one), resource_policy, owner)
        best = min(best, decided, key=_rank) if tried else decided
    return best


def _rank(decision: Decision) -> tuple[bool, int]:
    return not decision.allowed, len(decision.conditions)


def _own_layers(standing: Standing) -> list[Sequence[Held]]:
    """Each layer that has to allow a request, but for the resource's own policy."""
    single = [[it] for it in (standing.boundary, standing.session) if it]
    return [standing.identity, *single, *standing.service_control]


def _about(action: str, layer: Iterable[Held]) -> list[Statement]:
    return [it for policy in layer for it in statements(policy.document) if it.about_action(action)]


def _decide(standing: Standing, asked: Request, resource_policy: Held | None, owner: str) -> Decision:
    account = owner or "".join(whole(asked.resource).split(":")[ACCOUNT : ACCOUNT + 1]).strip("*")
    elsewhere = account not in {"", "aws", standing.account}
    own = dict(_layers(standing, asked))
    on_resource = _on_resource(standing, asked, resource_policy)
    everything = [said for layer in (*own.values(), on_resource or ()) for said in layer]
    if bites := [it.ground for it in everything if not it.allow and not it.hangs_on]:
        return Decision(allowed=False, grounds=tuple(bites[:1]))
    denials = [f"unless {key}" for it in everything if not it.allow for key in it.hangs_on]
    routes = [_taken(route, denials) for route in _routes(asked, own, on_resource, elsewhere=elsewhere)]
    return min(routes, key=_rank)


def _complete(standing: Standing, request: Request) -> Request:
    """The request with all that is known of it.

    An action that is about no resource is asked for on everything, whatever is said.
    """
    action = request.action.lower()
    resource = request.resource if _is_about_resources(action) else "*"
    return Request(
        action=action, resource=resource, known={**of_action(action, standing.arn), **standing.known, **request.known}
    )


def _taken(route: Iterable[Layer], denials: Iterable[str]) -> Decision:
    """What comes of a route: each of its layers has to allow the request."""
    grounds, keys = list[Ground](), list[str]()
    for name, said in route:
        allow = min((it for it in said if it.allow), key=lambda it: len(it.hangs_on), default=None)
        if allow is None:
            return Decision(allowed=False, grounds=(Ground(layer=name),))
        grounds.append(allow.ground)
        keys += allow.hangs_on
    return Decision(allowed=True, grounds=tuple(grounds), conditions=tuple(dict.fromkeys([*keys, *denials])))


def _layers(standing: Standing, asked: Request) -> Iterator[Layer]:
    """Every layer but the resource's own policy, with what it says of the request."""
    for number, level in enumerate(standing.service_control, start=1):
        name = f"{SERVICE_CONTROL} level {number}"
        yield name, list(speaking(name, level, asked))
    if resource_controlled(asked.action):
        for number, level in enumerate(standing.resource_control, start=1):
            name = f"resource control level {number}"
            # AWS attaches a policy that allows everything to each level, and lets nobody detach it.
            yield name, [it for it in speaking(name, level, asked) if not it.allow]
    yield "identity", list(speaking("identity", standing.identity, asked))
    for name, policy in (("boundary", standing.boundary), ("session", standing.session)):
        if policy is not None:
            yield name, list(speaking(name, [policy], asked))


@cache
def resource_controlled(action: str) -> bool:
    """Whether resource control policies bind the resources of the action's service."""
    return action.partition(":")[0] in database().resource_controlled


def _routes(
    asked: Request, own: Mapping[str, list[Said]], on_resource: list[Said] | None, *, elsewhere: bool
) -> Iterator[list[Layer]]:
    """The ways in which the request can come to be allowed, each with the layers that then have to."""
    control = [it for it in own.items() if it[0].startswith(SERVICE_CONTROL)]
    limits = [(name, own[name]) for name in ("boundary", "session") if name in own]
    resource = RESOURCE_POLICY, _unseen(asked) if on_resource is None else on_resource
    mine = [*control, ("identity", own["identity"]), *limits]
    if elsewhere:
        yield [*mine, (RESOURCE_POLICY, []) if asked.action.startswith(WITHIN_ACCOUNT) else resource]
        return
    decided = asked.action.startswith(DECIDED_BY_RESOURCE) and _is_about_resources(asked.action)
    yield [*mine, resource] if decided else mine
    direct = [it for it in on_resource or () if it.allow and it.direct]
    named = [it for it in direct if it.by_name]
    yield from ([*control, (RESOURCE_POLICY, said)] for said in (named,) if said)
    yield from ([*control, (RESOURCE_POLICY, said), *limits] for said in (direct,) if said)


def _is_about_resources(action: str) -> bool:
    found = known_action(action)
    return found is None or bool(found.uses)


def _unseen(asked: Request) -> list[Said]:
    return [Said(ground=Ground(layer=RESOURCE_POLICY, policy=asked.resource), allow=True, hangs_on=(UNSEEN_POLICY,))]


def speaking(layer: str, policies: Iterable[Held], asked: Request) -> Iterator[Said]:
    """What the policies' statements say of a request, leaving out whom they name. The action is in lower case."""
    for policy in policies:
        for statement in statements(policy.document):
            hangs_on = _hangs_on(statement, asked)
            if hangs_on is not None:
                yield Said(ground=_ground(layer, policy, statement), allow=statement.allow, hangs_on=hangs_on)


def _ground(layer: str, policy: Held, statement: Statement) -> Ground:
    return Ground(layer=layer, policy=policy.name, via=policy.via, statement=statement.number, sid=statement.sid or "")


def _hangs_on(statement: Statement, asked: Request) -> tuple[str, ...] | None:
    """The keys on which it hangs whether the statement speaks of the request; None if it does not."""
    if not statement.about_action(asked.action):
        return None
    met = judge(statement.clauses, asked.known, variables=statement.variables)
    reached = about_resource(statement, asked.resource, asked.known) if met is not False else False
    if met is False or reached is False:
        return None
    names = {it.lower(): it for it in statement.conditions}
    keys = [names.get(key, key) for key in unmet(statement.clauses, asked.known, variables=statement.variables)]
    return tuple(dict.fromkeys([*keys, *([] if reached else _variables(statement, asked.known))]))


def _variables(statement: Statement, known: Known) -> Iterator[str]:
    """The unknown variables of the statement's resources."""
    patterns = statement.resources or statement.not_resources or ()
    return (name for it in patterns for name in unknown_variables(it, known))


def _on_resource(standing: Standing, asked: Request, policy: Held | None) -> list[Said] | None:
    """What the resource's policy says of the request by this principal; None if it was not seen.

    A Deny with NotPrincipal denies whoever has a permissions boundary, named or not.
    """
    if policy is None:
        return None
    said = []
    for statement in statements(policy.document):
        naming = naming_of(statement, standing.arn)
        if standing.boundary and statement.not_parties is not None and not statement.allow:
            naming = EVERYBODY
        hangs_on = None if naming is None else _hangs_on(statement, asked)
        if naming is not None and hangs_on is not None:
            said.append(
                Said(
                    ground=_ground(RESOURCE_POLICY, policy, statement),
                    allow=statement.allow,
                    hangs_on=(*hangs_on, *((SESSION_NAME,) if naming == SESSION else ())),
                    direct=naming != ACCOUNT_NAMED,
                    by_name=naming in (EVERYBODY, SESSION) or (naming == ITSELF and not is_role(standing.arn)),
                )
            )
    return said
