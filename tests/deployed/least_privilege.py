"""Finds the permissions that a role has and does not need, by taking each away and doing the role's work.

`unneeded` takes away one at a time. `untold` takes away many at once of work that goes on without them and tells each.

What the emulator does not ask of a role (`UNENFORCED`) cannot be judged: it is neither taken away nor reported.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tests.deployed.drive import Response, happens, invoke
from tests.deployed.emulator import Emulator

UNENFORCED = ("logs:CreateLogStream", "logs:PutLogEvents", "xray:*", "kms:*")

Policy = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, order=True)
class Grant:
    """One action on one resource pattern, in one allowing statement of an inline policy."""

    policy: str
    statement: int
    action: str
    resource: str

    def __str__(self) -> str:
        """Return what a reader of a failing test needs."""
        return f"{self.action} on {self.resource} ({self.policy}, statement {self.statement})"


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role by name; its managed policies are not looked at (`attached` names them)."""

    emulator: Emulator
    name: str

    def attached(self) -> tuple[str, ...]:
        """Return the ARNs of the managed policies."""
        found = self.emulator.client("iam").list_attached_role_policies(RoleName=self.name)["AttachedPolicies"]
        return tuple(it["PolicyArn"] for it in found)

    def policies(self) -> dict[str, Policy]:
        """Return the inline policies by name."""
        iam = self.emulator.client("iam")
        names = iam.list_role_policies(RoleName=self.name)["PolicyNames"]
        return {name: iam.get_role_policy(RoleName=self.name, PolicyName=name)["PolicyDocument"] for name in names}

    def put(self, policy: str, document: Policy) -> None:
        """Replace an inline policy; the emulator evaluates it anew at the next call, also of a warm function."""
        text = json.dumps(document)
        self.emulator.client("iam").put_role_policy(RoleName=self.name, PolicyName=policy, PolicyDocument=text)

    def used(self) -> frozenset[tuple[str, str]]:
        """Return the actions that the role was allowed until now, each with the resource."""
        return frozenset(
            (it.action, it.resource) for it in self.emulator.calls() if it.allowed and it.role == self.name
        )

    def denied(self) -> Counter[str]:
        """Return how often the role was denied each action until now."""
        return Counter(it.action for it in self.emulator.calls() if not it.allowed and it.role == self.name)

    def denials(self, action: str) -> int:
        """Return how often the role was denied an action that matches a pattern."""
        return sum(count for denied, count in self.denied().items() if fnmatchcase(denied, action))


def role_of(emulator: Emulator, function: str) -> Role:
    """Return the role of a function (name or ARN)."""
    arn = emulator.client("lambda").get_function_configuration(FunctionName=function)["Role"]
    return Role(emulator=emulator, name=arn.rpartition("/")[2])


def grants(policies: Mapping[str, Policy]) -> Iterator[Grant]:
    """Yield what policies allow and the emulator enforces, action by action and resource by resource."""
    for policy, document in sorted(policies.items()):
        for number, statement in enumerate(_listed(document["Statement"])):
            for action in _listed(statement["Action"]) if statement["Effect"] == "Allow" else ():
                if not any(fnmatchcase(action, it) for it in UNENFORCED):
                    for resource in _listed(statement["Resource"]):
                        yield Grant(policy=policy, statement=number, action=action, resource=resource)


def without(document: Policy, grant: Grant) -> Policy:
    """Return a policy less one grant: the action leaves its statement and returns for the other resources only."""
    statements = _listed(document["Statement"])
    whole = statements[grant.statement]
    others = {**whole, "Action": _left(whole["Action"], grant.action, "none:None")}
    rest = {**whole, "Action": grant.action, "Resource": _left(whole["Resource"], grant.resource, "arn:none")}
    return {**document, "Statement": [*statements[: grant.statement], others, rest, *statements[grant.statement + 1 :]]}


def unneeded(role: Role, works: Callable[[], bool], among: str = "*") -> list[Grant]:
    """Return the grants without which the role's work still works, restoring each.

    `among` is a pattern of the actions that this work is about (`sqs:*`). Raises `AssertionError` if none of them is
    granted, or if it does not work with all grants, before or afterwards.
    """
    judged = [grant for grant in grants(role.policies()) if fnmatchcase(grant.action, among)]
    assert judged, f"nothing is granted that is called {among}"
    assert works(), "it does not work with everything that is granted"
    found = [grant for grant in judged if _survives(role, grant, works)]
    assert works(), "it does not work any more"
    return found


def untold(role: Role, actions: Iterable[str], work: Callable[[], Callable[[str], bool]]) -> list[str]:
    """Return the actions whose lack the role's work does not tell; `work` returns whether it told that of an action.

    All are taken away at once, and what was denied and told is granted again: it was asked for, and missed by name.
    What was not asked for, because something that comes before it was denied, has its turn in a later round. It ends
    when a round tells nothing new.
    """
    left = new = frozenset(actions)
    while left and new:
        before = role.denied()
        with doing_without(role, left):
            told = work()
        denied = role.denied() - before
        new = frozenset(it for it in left if denied[it] and told(it))
        left -= new
    return sorted(left)


def unused(role: Role) -> list[Grant]:
    """Return the grants that no call of the role ever needed; do all of its work before."""
    used = role.used()
    return [
        grant
        for grant in grants(role.policies())
        if not any(fnmatchcase(action, grant.action) and fnmatchcase(on, grant.resource) for action, on in used)
    ]


def outcome(role: Role, action: str, begin: Callable[[], object], done: Callable[[], bool]) -> bool:
    """Begin work that nobody answers for, and wait for its end; whether it came to be done.

    It ends, too, when the role is denied an action that matches the pattern `action`, which is what it needs.
    """
    before = role.denials(action)
    begin()
    happens(lambda: done() or role.denials(action) > before, within=60)
    return done()


def invocation(
    emulator: Emulator, function: str, payload: Callable[[], object], ran_well: Callable[[Response], bool]
) -> Callable[[], bool]:
    """Return the work of a function's role: to run well on a fresh payload."""
    return lambda: ran_well(invoke(emulator, function, payload()))


@contextmanager
def taken_away(role: Role, grant: Grant) -> Iterator[None]:
    """Let a role do without a grant meanwhile."""
    policy = role.policies()[grant.policy]
    role.put(grant.policy, without(policy, grant))
    try:
        yield
    finally:
        role.put(grant.policy, policy)


@contextmanager
def doing_without(role: Role, actions: Collection[str]) -> Iterator[None]:
    """Let a role do without actions, wherever they are granted, meanwhile."""
    policies = role.policies()
    for name, document in policies.items():
        statements = [{**it, "Action": _others(it["Action"], actions)} for it in _listed(document["Statement"])]
        role.put(name, {**document, "Statement": statements})
    try:
        yield
    finally:
        for name, document in policies.items():
            role.put(name, document)


def _survives(role: Role, grant: Grant, works: Callable[[], bool]) -> bool:
    with taken_away(role, grant):
        return works()


def _left(value: Any, taken: str, nothing: str) -> Any:
    """Return a list less one, or `nothing`, since a statement cannot be without an action and a resource."""
    return [it for it in _listed(value) if it != taken] or nothing


def _others(value: Any, taken: Collection[str]) -> Any:
    return [it for it in _listed(value) if it not in taken] or "none:None"


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]
