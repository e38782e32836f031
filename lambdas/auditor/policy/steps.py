"""A step of a path in words: the permissions that open it, what allows each, and the conditions still to be met."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from auditor.core.subjects.escalation import PathStep
from auditor.policy.access import Decision, Request, decide
from auditor.policy.conditions import Known
from auditor.policy.document import PASSED_TO, PASSING
from auditor.policy.landscape import BOUNDARY
from auditor.policy.moves import Moves, Step
from auditor.policy.techniques import Need
from auditor.policy.uses import FEW, NEW_BOUNDARY

ASSUMED = "the workloads were not seen: it is assumed that one of {services} runs with the role"
ASSUMED_OF_ACCOUNT = "the organization was not seen: it is assumed that this is its management account"
ASSUMED_TO_EXIST = "it was not seen whether there is one: {existing} is assumed"
ASSUMED_OF_USER = "what {target} signs in with was not seen: it is assumed that it leaves room for this"
NEED_NOT_BE_ALLOWED = "trusted"


class Steps:
    """The steps of a search in words, each made once."""

    def __init__(self, moves: Moves) -> None:
        """Of these moves."""
        self.moves = moves
        self.told = cache(self._told)

    def _told(self, step: Step) -> PathStep:
        technique, actor = step.technique, self.moves.land.principals.arns[step.actor.place]
        decided = [(need, self._decided(step, need)) for need in technique.needs if need.place != NEED_NOT_BE_ALLOWED]
        target = _target(step)
        return PathStep(
            actor=actor,
            technique=technique.id,
            target=step.arn,
            says=f"{short(actor)} {_done(step, target)}",
            permissions=tuple(f"{need.action} {_allowing(it)}".strip() for need, it in decided),
            conditions=tuple(dict.fromkeys(key for _, it in decided for key in it.conditions)),
            assumed=_assumed(step),
            fix=technique.fix.format(target=target) if "{target}" in technique.fix else technique.fix,
            reference=technique.reference,
        )

    def _decided(self, step: Step, need: Need) -> Decision:
        """The need as one request, with what was chosen for it."""
        on_target = need.place == "target" and bool(step.through or step.technique.target != "workload")
        request = Request(action=need.action, resource=(step.through or step.arn) if on_target else "*")
        standing, land = self.moves.standing(step.actor), self.moves.land
        trust = land.standings.trusts.get(step.arn) if need.action == "sts:AssumeRole" and on_target else None
        place = land.principals.index.get(step.arn)
        target = {} if place is None else land.principals.facts[place]
        tried = [
            # What the evidence has of the account is the account's, whatever its ARN says.
            decide(standing, replace(request, known={**target, **known}), trust, owner=standing.account)
            for known in self._requests(step, need)
        ]
        return min(tried, key=lambda it: (not it.allowed, len(it.conditions)))

    def _requests(self, step: Step, need: Need) -> Iterator[Known]:
        """What the request for a need may say that its sender chooses."""
        action = need.action.lower()
        if action in NEW_BOUNDARY:
            yield from ({BOUNDARY: (it,)} for it in self.moves.land.administrator_policies[:FEW])
            return
        for known in self.moves.uses.requests(step.technique):
            yield known if action == PASSING else {**known, PASSED_TO: ()}


def _done(step: Step, target: str) -> str:
    """What is done, as it reads after the actor's name; somebody else is put into a group, not joining it."""
    if step.technique.gives == "join" and step.through:
        return f"puts {short(step.arn)} into {target}"
    return step.technique.does.format(target=target)


def _target(step: Step) -> str:
    """What the step is done to; of a workload also with which role it runs."""
    if step.technique.target != "workload":
        return short(step.through or step.arn)
    return f"{short(step.through) or 'a workload'} that runs with {short(step.arn)}"


def _assumed(step: Step) -> str:
    if not step.assumed:
        return ""
    if step.technique.existing:
        return ASSUMED_TO_EXIST.format(existing=step.technique.existing)
    text = {"workload": ASSUMED, "account": ASSUMED_OF_ACCOUNT}.get(step.technique.target, ASSUMED_OF_USER)
    return text.format(services=" or ".join(step.technique.service), target=short(step.arn))


def _allowing(decision: Decision) -> str:
    """What allows it: the identity policy, or the trust policy that names the actor."""
    grounds = [it for it in decision.grounds if it.layer in ("identity", "resource policy") and it.policy]
    if not grounds:
        return ""
    ground = grounds[0]
    through = f" of {short(ground.via)}" if ground.via else ""
    return f"by {ground.policy}{through}, statement {ground.statement}" if ground.statement else f"by {ground.policy}"


def short(arn: str) -> str:
    """An ARN for a sentence: ``user/ana``, ``function:report``."""
    return arn.split(":", 5)[-1]
