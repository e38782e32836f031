"""Which roles of its own account a principal can assume: trust policies and its own policies together.

A trust policy that names the principal itself, or everybody, is enough within the account; one that names the account
leaves it to identity policies
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-single-account.html).
"""

from collections.abc import Iterable

from auditor.core.subjects.entities import Principal
from auditor.policy.access import Request, Standing, decide
from auditor.policy.conditions import Known, judge
from auditor.policy.document import MalformedPolicyError, Party, Statement, statements
from auditor.policy.landscape import Landscape
from auditor.policy.naming import ACCOUNT
from auditor.policy.powers import OF_PRINCIPAL, Powers
from auditor.policy.universe import at_places, members

ACTION = "sts:AssumeRole"
ASSUMING = ACTION.lower()
THE_ACCOUNT = "account"
"""How a trust policy that names the whole account is kept among those that name somebody."""


class Trusting:
    """The trust policies of an account's roles, sorted by what they need to be judged."""

    def __init__(self, landscape: Landscape, powers: Powers, around: Known) -> None:
        """Plain ones admit some principals by name or the whole account; the others are decided one by one."""
        self.land, self.powers, self.around = landscape, powers, around
        self._by_name = {it.name: it.resource for it in landscape.acting if it.kind == "Role"}
        plain: dict[str, list[int]] = {}
        intricate: dict[str, list[int]] = {}
        for at, role in enumerate(landscape.acting):
            if role.kind == "Role":
                allows = self._plain(role)
                sorted_into = intricate if allows is None else plain
                for whom in self._named(role, allows):
                    sorted_into.setdefault(whom, []).append(at)
        self._admitting = {whom: at_places(places) for whom, places in plain.items()}
        self._intricate = {whom: at_places(places) for whom, places in intricate.items()}

    def _named(self, role: Principal, allows: Iterable[Statement] | None) -> set[str]:
        """Whom the trust policy names: everybody, the account, or ARNs, a session's as its role's."""
        said = statements(role.trust) if allows is None else allows
        parties = [party for it in said if it.allow for party in it.parties or (Party(kind="*", value="*"),)]
        return {self._name(party, role.resource.split(":")[ACCOUNT]) for party in parties}

    def _name(self, party: Party, account: str) -> str:
        if party.kind == "AWS" and (party.value == account or party.value.endswith(f"::{account}:root")):
            return THE_ACCOUNT
        _, session, name = party.value.partition(":assumed-role/")
        return self._by_name.get(name.partition("/")[0], "") if session else party.value

    def _plain(self, role: Principal) -> list[Statement] | None:
        """The statements that admit somebody to the role, if it is the same for everybody whom they name."""
        try:
            said = [it for it in statements(role.trust) if it.about_action(ASSUMING)]
        except MalformedPolicyError:
            return []
        for it in said:
            moving = any(clause.key.startswith(OF_PRINCIPAL) for clause in it.clauses)
            session = any(":assumed-role/" in party.value for party in it.parties or ())
            if not it.allow or moving or session or it.not_parties is not None:
                return None
        return [it for it in said if judge(it.clauses, self.around, variables=it.variables) is not False]

    def assumable(self, standing: Standing) -> int:
        """The roles that it can assume."""
        named = self._admitting.get(standing.arn, 0) | self._admitting.get("*", 0)
        by_name = self._on(standing, named=True) & named if named else 0
        by_policy = self._on(standing)
        found = by_name | (by_policy & self._admitting.get(THE_ACCOUNT, 0))
        perhaps = self._intricate.get(standing.arn, 0) | self._intricate.get("*", 0)
        perhaps |= self._intricate.get(THE_ACCOUNT, 0) & by_policy
        return found | self._decided(standing, members(perhaps & ~found))

    def _on(self, standing: Standing, *, named: bool = False) -> int:
        return self.powers.on(standing, ASSUMING, self.land.principals, {}, named=named)

    def _decided(self, standing: Standing, places: Iterable[int]) -> int:
        land = self.land
        asked = ((at, land.principals.arns[at]) for at in places)
        return at_places(
            at
            for at, arn in asked
            if decide(standing, Request(action=ACTION, resource=arn), land.standings.trusts[arn]).allowed
        )
