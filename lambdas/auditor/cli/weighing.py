"""Who can do what in an account: its principals with all that decides what they may do."""

from dataclasses import dataclass, field, replace
from functools import cached_property

from auditor.cli.errors import InputError
from auditor.cli.whom import entities, entity, observed, of_session
from auditor.core.model import AccountSnapshot, Unavailable
from auditor.core.subjects.credentials import User
from auditor.core.subjects.entities import Group, Policy, Principal
from auditor.core.subjects.organization import Affiliation, GuardrailLevel, OrganizationMember, OrganizationRoot
from auditor.policy.access import Held, Request, Standing, decide
from auditor.policy.conditions import Known
from auditor.policy.document import MalformedPolicyError
from auditor.policy.landscape import Landscape, Seen
from auditor.policy.naming import ACCOUNT
from auditor.policy.powers import Compiled, Powers
from auditor.policy.standing import Surroundings, standings, surroundings
from auditor.policy.trusting import Trusting
from auditor.policy.universe import members
from auditor.render.grounds import Decided

ASSUME = "sts:AssumeRole"
SOME = "*"
"""Some resource."""

MOST_TRIED = 8
"""Roles that are tried where any role will do."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked about an action, whoever does it."""

    resource: str = SOME
    known: Known = field(default_factory=dict)
    policy: Held | None = None
    owner: str = ""


class Account:
    """Who can do what in an account."""

    def __init__(self, seen: AccountSnapshot) -> None:
        """As it was seen. Raises InputError if its principals, or the organization's policies, cannot be judged."""
        self.seen = seen
        self.observed = observed(seen, Principal)
        try:
            self.around = self._surroundings()
            self.standings = standings(self.observed.subjects, self.around)
        except MalformedPolicyError as error:
            raise InputError(f"a policy of the organization cannot be read: {error}") from error
        self.unseen = self.standings.unseen

    def _surroundings(self) -> Surroundings:
        guarding = (
            self.seen.of(OrganizationRoot),
            self.seen.of(OrganizationMember),
            self.seen.of(GuardrailLevel),
        )
        at = self.observed.as_of
        return surroundings(self.seen.owner.account, at, self.seen.of(Affiliation), guarding, self.seen.of(User))

    @cached_property
    def land(self) -> Landscape:
        """The account as sets."""
        groups, policies = observed(self.seen, Group).subjects, observed(self.seen, Policy).subjects
        seen = Seen(principals=self.observed.subjects, groups=groups, policies=policies)
        return Landscape(seen, self.standings)

    @cached_property
    def trusting(self) -> Trusting:
        """Which roles somebody can assume."""
        return Trusting(self.land, Powers(Compiled([ASSUME])))

    @property
    def unjudged(self) -> dict[str, str]:
        """The users and roles that were not completely seen, by ARN, and why."""
        gaps, default = self.observed.gaps, Unavailable(reason="the evidence lacks what it holds")
        arns = sorted(it.resource for it in entities(self.seen) if it.resource not in self.standings.by_arn)
        return {arn: gaps.get(arn, default).reason for arn in arns}

    def standing(self, given: str) -> Standing:
        """What the principal that is meant stands on. Raises InputError if it is none, or was not completely seen."""
        role, session = of_session(given)
        arn = entity(role, self.seen).resource
        if arn not in self.standings.by_arn:
            raise InputError(f"PRINCIPAL: {arn} was not completely seen: {self.unjudged[arn]} (not seen is not 'no')")
        standing = self.standings.by_arn[arn]
        return replace(standing, arn=given) if session else standing

    def decided(self, standing: Standing, action: str, asked: Asked) -> Decided:
        """What is decided of a request. Raises InputError for a policy that cannot be read."""
        if action.lower() == ASSUME.lower() and asked.resource == SOME and asked.policy is None:
            return self._some_role(standing, action, asked)
        return self._decided(standing, action, asked)

    def _some_role(self, standing: Standing, action: str, asked: Asked) -> Decided:
        """Of the roles that it can assume the one with the fewest conditions; or else a role elsewhere, unseen."""
        places = list(members(self.trusting.assumable(standing)))[:MOST_TRIED]
        roles = [replace(asked, resource=self.land.principals.arns[at]) for at in places]
        tried = [self._decided(standing, action, it) for it in [*roles, asked]]
        return min(tried, key=lambda it: (not it.decision.allowed, len(it.decision.conditions)))

    @cached_property
    def _own(self) -> frozenset[str]:
        """The ARNs of its users, roles, groups and policies: they are the account's, whatever their ARNs say."""
        others = [*observed(self.seen, Group).subjects, *observed(self.seen, Policy).subjects]
        return frozenset(it.resource for it in [*entities(self.seen), *others])

    def _decided(self, standing: Standing, action: str, asked: Asked) -> Decided:
        if not asked.owner and asked.resource in self._own:
            asked = replace(asked, owner=standing.account)
        trust = self.standings.trusts.get(asked.resource) if action.lower().startswith("sts:") else None
        policy = asked.policy or trust
        request = Request(action=action, resource=asked.resource, known={**self._about(asked.resource), **asked.known})
        try:
            decision = decide(self._over(standing, asked), request, policy, owner=asked.owner)
        except MalformedPolicyError as error:
            raise InputError(f"RESOURCE: the policy of {asked.resource} cannot be read: {error}") from error
        return Decided(standing=standing, request=request, decision=decision, resource_policy=policy)

    def _over(self, standing: Standing, asked: Asked) -> Standing:
        """The same without the account's resource control policies if the resource is another account's."""
        account = asked.owner or "".join(asked.resource.split(":")[ACCOUNT : ACCOUNT + 1])
        return standing if account in ("", "*", standing.account) else replace(standing, resource_control=())

    def _about(self, resource: str) -> Known:
        """What is known of requests about a user, role or policy of the account."""
        found: dict[str, tuple[str, ...]] = {}
        for universe in (self.land.principals, self.land.policies):
            place = universe.index.get(resource)
            found |= {} if place is None else universe.facts[place]
        return found
