"""Which roles of its own account a principal can assume: trust policies and its own policies together.

A trust policy that names the principal itself, or everybody, is enough within the account; one that names the account
leaves it to identity policies
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-single-account.html).
"""

import re
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from auditor.core.subjects.entities import Principal
from auditor.policy.access import Standing
from auditor.policy.asked import keys_of
from auditor.policy.conditions import Known, judge, operator, seen
from auditor.policy.document import PASSED_TO, MalformedPolicyError, Statement, statements
from auditor.policy.landscape import Landscape
from auditor.policy.naming import ACCOUNT, ACCOUNT_NAMED, EVERYBODY, ITSELF, SESSION, is_role, naming_of
from auditor.policy.powers import OF_PRINCIPAL, Powers
from auditor.policy.resources import about_resource
from auditor.policy.universe import at_places

ASSUMING = "sts:assumerole"
ONE_BY_ONE = "one by one"
"""How a statement is kept whose naming of a principal is more than one name, or all but some."""

NO_LITERAL = re.compile(r"[*?\ue000\ue001]")
"""Where a pattern stops being what a value has to begin with; one with variables may be anything."""


@dataclass(frozen=True, kw_only=True)
class Saying:
    """A statement about assuming, and the roles that have it in their trust policies.

    `keys` are the condition keys that it hangs on, `facts` what is known of them for these roles.
    """

    statement: Statement
    keys: tuple[str, ...]
    facts: Known
    resource: str
    roles: int

    def holds(self, known: Known) -> bool | None:
        """Whether it speaks of a request of which that is known; None if that is open."""
        known = {PASSED_TO: (), **known, **self.facts}
        met = judge(self.statement.clauses, known, variables=self.statement.variables)
        if met is False or not self.resource:
            return met
        reached = about_resource(self.statement, self.resource, known)
        return reached and met if reached is not False else False


class Admitted(NamedTuple):
    """Sets of roles: `allowed` perhaps, and `denied` for certain."""

    allowed: int = 0
    denied: int = 0


def _admitted(sayings: Iterable[Saying], known: Known, *, certain: bool = True) -> Admitted:
    allowed = denied = 0
    for it in sayings:
        holds = it.holds(known)
        if it.statement.allow and holds is not False:
            allowed |= it.roles
        elif not it.statement.allow and holds and certain:
            denied |= it.roles
    return Admitted(allowed, denied)


class Alike:
    """Statements that name everybody, or the account, and hang on the same keys: judged once for each set of values."""

    def __init__(self, keys: tuple[str, ...], sayings: Iterable[Saying]) -> None:
        """By what a value has to begin with, if a statement demands that."""
        self.keys = keys
        self._anyhow: list[Saying] = []
        self._by_key: dict[str, list[Saying]] = {}
        self._beginning: dict[tuple[str, str], list[Saying]] = {}
        for saying in sayings:
            key, beginnings = _demanded(saying.statement)
            (self._by_key.setdefault(key, []) if key else self._anyhow).append(saying)
            for it in beginnings:
                self._beginning.setdefault((key, it), []).append(saying)
        self._lengths = {key: {len(text) for of, text in self._beginning if of == key} for key in self._by_key}
        self._answers: dict[Hashable, Admitted] = {}

    def of(self, known: Known) -> Admitted:
        """What they admit one to of whose requests that is known."""
        values = tuple([seen(known, key) for key in self.keys])
        found = self._answers.get(values)
        if found is None:
            found = self._answers[values] = _admitted(self._perhaps(known), known)
        return found

    def _perhaps(self, known: Known) -> Iterator[Saying]:
        yield from self._anyhow
        for key, lengths in self._lengths.items():
            values = seen(known, key)
            if values is None:
                yield from self._by_key[key]
            for beginning in {value[:length] for value in values or () for length in lengths}:
                yield from self._beginning.get((key, beginning), ())


def _demanded(statement: Statement) -> tuple[str, set[str]]:
    """A key of the principal's of which a value is demanded, and what that begins with; empty if there is none."""
    for it in statement.clauses:
        how = operator(it.operator)
        if it.key.startswith(OF_PRINCIPAL) and it.certain and how and how.comparison in EXACT:
            return it.key, {"" if "${" in value else NO_LITERAL.split(value)[0] for value in it.values}
    return "", set()


EXACT = ("stringequals", "stringlike", "arnlike")
"""Comparisons in which case counts."""


class Trusting:
    """The trust policies of an account's roles, sorted by whom they name and by what they hang on."""

    def __init__(self, landscape: Landscape, powers: Powers) -> None:
        """Statements that say the same are one, however many roles have them."""
        self.land, self.powers = landscape, powers
        self._named: dict[str, list[Saying]] = {}
        alike: dict[tuple[str, tuple[str, ...]], list[Saying]] = {}
        for saying in _sayings(landscape):
            account = landscape.principals.arns[0].split(":")[ACCOUNT]
            for whom in _whom(saying.statement, account):
                if whom in (EVERYBODY, ACCOUNT_NAMED):
                    alike.setdefault((whom, saying.keys), []).append(saying)
                else:
                    self._named.setdefault(whom, []).append(saying)
        self._alike = [(whom, Alike(keys, them)) for (whom, keys), them in alike.items()]

    def assumable(self, standing: Standing) -> int:
        """The roles that a user or role can assume: what `access.decide` says of each."""
        admitting = {EVERYBODY: 0, ITSELF: 0, ACCOUNT_NAMED: 0}
        denied = 0
        for whom, them in self._admitting(standing):
            kind = EVERYBODY if whom == SESSION else whom
            admitting[kind] |= them.allowed
            denied |= them.denied
        anyhow, named, left = (admitting[it] & ~denied for it in (EVERYBODY, ITSELF, ACCOUNT_NAMED))
        found = self._on(standing) & (anyhow | named | left) if anyhow | named | left else 0
        if named & ~found:
            found |= self._on(standing, named=True) & named
        if anyhow & ~found:
            found |= self._on(_unlimited(standing), named=True) & anyhow
        return found

    def _admitting(self, standing: Standing) -> Iterator[tuple[str, Admitted]]:
        """What names the principal, and how."""
        for whom, alike in self._alike:
            yield whom, alike.of(standing.known)
        names = [standing.arn, ONE_BY_ONE]
        if is_role(standing.arn):
            names.append(_session_of(standing.arn.rpartition("/")[2]))
        for saying in (it for name in names for it in self._named.get(name, ())):
            statement = saying.statement
            whom = naming_of(statement, standing.arn) or ""
            if standing.boundary and statement.not_parties is not None and not statement.allow:
                whom = EVERYBODY
            if whom:
                # Whether a role is the session that a statement names is open: that denies nothing for certain.
                yield whom, _admitted([saying], standing.known, certain=whom != SESSION)

    def _on(self, standing: Standing, *, named: bool = False) -> int:
        return self.powers.on(standing, ASSUMING, self.land.principals, {PASSED_TO: ()}, named=named)


def _sayings(landscape: Landscape) -> Iterator[Saying]:
    """What the trust policies say of assuming their roles."""
    places: dict[Hashable, list[int]] = {}
    said: dict[Hashable, Saying] = {}
    for at, role in enumerate(landscape.acting):
        for statement in _about_assuming(role):
            keys = keys_of(statement)
            known = landscape.principals.facts[at]
            facts = {key: values for key in keys if (values := seen(known, key)) is not None}
            limited = statement.resources is not None or statement.not_resources is not None
            resource = role.resource if limited else ""
            alike = replace(statement, sid=None, number=0, actions=None, not_actions=None, conditions=())
            same: Hashable = (alike, tuple(facts.items()), resource)
            places.setdefault(same, []).append(at)
            said[same] = Saying(statement=statement, keys=keys, facts=facts, resource=resource, roles=0)
    for same, them in places.items():
        yield replace(said[same], roles=at_places(them))


def _about_assuming(role: Principal) -> list[Statement]:
    """Nobody gets in by a trust policy that cannot be read."""
    if role.kind != "Role":
        return []
    try:
        return [it for it in statements(role.trust) if it.about_action(ASSUMING)]
    except MalformedPolicyError:
        return []


def _whom(statement: Statement, account: str) -> set[str]:
    """Whom it names: everybody, the account, or others by ARN, and the sessions of a role as such."""
    parties = {it for it in statement.parties or () if it.kind == "AWS" or it.value == "*"}
    if statement.not_parties is not None:
        return {ONE_BY_ONE}
    found = {_name(it.value, account) for it in parties}
    return {ONE_BY_ONE} if EVERYBODY in found and len(found) > 1 else found


def _name(value: str, account: str) -> str:
    if value == "*":
        return EVERYBODY
    if value == account or value.endswith(f"::{account}:root"):
        return ACCOUNT_NAMED
    _, session, name = value.partition(":assumed-role/")
    return _session_of(name.partition("/")[0]) if session else value


def _session_of(role: str) -> str:
    return f"session of {role}"


def _unlimited(standing: Standing) -> Standing:
    """The same as a session that a policy names: no boundary limits that by being silent."""
    return replace(standing, arn=standing.arn.replace(":role/", ":assumed-role/", 1)) if standing.boundary else standing
