"""Whom the policy of a resource lets in from outside: conditions are judged for each of them, not counted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from auditor.policy.callers import (
    ORGANIZATION,
    PRINCIPAL,
    SOURCE,
    Caller,
    Facts,
    Zone,
    account_of,
    caller,
    everybody,
    is_account,
    known,
)
from auditor.policy.callers import named as named_by_conditions
from auditor.policy.conditions import judge, operator, unmet
from auditor.policy.document import Clause, Party, Statement, statements

EVERYBODY = Party(kind="*", value="*")
SIGNED_ONLY = ("sts:assumerole",)
UNSIGNED_ONLY = ("sts:assumerolewithsaml", "sts:assumerolewithwebidentity")
"""Actions, in lower case, that are asked for only with, and only without, credentials of an account."""

NAMING_ACCOUNTS = {f"{side}{what}" for side in (PRINCIPAL, SOURCE) for what in ("account", "arn")}


class Who(StrEnum):
    """Whom an entry is about.

    `KNOWN` are the own organization and the accounts that the zone names; `NOBODY` the unique id of a principal: IAM
    shows it in the place of one that is gone.
    """

    PUBLIC = "public"
    ORGANIZATION = "organization"
    ACCOUNT = "account"
    SERVICE = "service"
    FEDERATED = "federated"
    KNOWN = "known"
    OWN = "own"
    NOBODY = "nobody"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Somebody whom a statement lets in.

    `party` is as Principal names it, or a condition of a statement for everybody; of the kind ``Organization`` all
    accounts of one. `actions` are patterns, as the statement has them, or those that were asked for. `conditions` are
    the names of the condition keys on which it still hangs.
    """

    who: Who
    party: Party
    actions: tuple[str, ...]
    conditions: tuple[str, ...] = ()
    statement: Statement = field(repr=False)
    denials: tuple[Statement, ...] = field(default=(), repr=False)
    facts: Facts = field(default_factory=dict, hash=False, repr=False)
    zone: Zone = field(default_factory=Zone, repr=False)

    @property
    def account(self) -> str:
        """The account that the party is in; empty for everybody, services, providers and organizations."""
        return account_of(self.party)

    @property
    def proviso(self) -> str:
        """Its conditions, as a sentence goes on."""
        return f" if {', '.join(self.conditions)} is met" if self.conditions else ""

    def admits(self, *others: Facts) -> bool:
        """Whether the party still gets in where, besides, one of these is known of the request."""
        callers = (Caller(party=self.party, facts={**self.facts, **it}) for it in others)
        return any(_judged(self.statement, self.denials, it, self.actions).let for it in callers)


def sharing(document: Mapping[str, Any], zone: Zone, asked: tuple[str, ...] = ()) -> Iterator[Entry]:
    """All whom the policy of a resource lets in, the zone's own too: by the actions `asked` for, or by any.

    Where a statement lets in everybody it says so once; otherwise it names whom its conditions leave. Raises
    MalformedPolicyError as `statements` does.
    """
    said = tuple(statements(document))
    denials = tuple(it for it in said if not it.allow)
    for statement in (it for it in said if it.allow):
        actions = [it for it in asked if statement.speaks_of(it)] if asked else statement.actions or ("*",)
        for party in (EVERYBODY,) if statement.parties is None else statement.parties:
            possible = tuple(it for it in actions if not asked or _suits(party, it))
            for found in _admitted(statement, denials, party, possible, zone):
                yield Entry(
                    who=Who.PUBLIC if found.caller.party.value == "*" else who(found.caller.party, zone),
                    party=found.caller.party,
                    actions=found.let,
                    conditions=_conditions(statement, found.caller),
                    statement=statement,
                    denials=denials,
                    facts=found.caller.facts,
                    zone=zone,
                )


def _suits(party: Party, action: str) -> bool:
    """Whether a party of the kind asks for a role in this way."""
    if party.value == "*":
        return True
    if party.kind != "Federated":
        return action.lower() not in UNSIGNED_ONLY
    return action.lower() == UNSIGNED_ONLY[":saml-provider/" not in party.value]


@dataclass(frozen=True, kw_only=True)
class _Judgement:
    """The actions that a statement lets a caller have, and the statements that take the others."""

    caller: Caller
    let: tuple[str, ...]
    taken_by: tuple[Statement, ...] = ()


def _admitted(
    statement: Statement, denials: tuple[Statement, ...], party: Party, actions: tuple[str, ...], zone: Zone
) -> Iterator[_Judgement]:
    """The party, or those of everybody whom the conditions leave."""
    callers = [caller(party, zone)]
    if party.value == "*":
        strangers = list(_strangers(statement, denials, party, actions, zone))
        let_in = [it for it in strangers if it.let]
        if let_in:
            yield min(let_in, key=lambda it: len(_conditions(statement, it.caller)))
            return
        # Whom what keeps out a stranger does not name, it keeps out too.
        naming = {taker.number: taker for it in strangers for taker in it.taken_by}.values()
        callers = [it for it in named_by_conditions(naming, zone) if not _narrower(statement, it)]
        actions = tuple(it for it in actions if it.lower() not in UNSIGNED_ONLY)
    for each in callers:
        found = _judged(statement, denials, each, actions)
        if found.let:
            yield found


def _narrower(statement: Statement, each: Caller) -> bool:
    """Whether of an organization only accounts are meant that the statement names too."""
    hanging = {it.lower() for it in _conditions(statement, each)}
    return each.party.kind == ORGANIZATION and any(
        clause.key in hanging and _names_accounts(clause) for clause in statement.clauses
    )


def _names_accounts(clause: Clause) -> bool:
    how = operator(clause.operator)
    accounts = all(account_of(Party(kind="AWS", value=value)) for value in clause.values)
    return clause.key in NAMING_ACCOUNTS and accounts and how is not None and not how.negated


def _strangers(
    statement: Statement, denials: tuple[Statement, ...], party: Party, actions: tuple[str, ...], zone: Zone
) -> Iterator[_Judgement]:
    for stranger, signed in everybody(party, zone):
        possible = tuple(it for it in actions if it.lower() not in (UNSIGNED_ONLY if signed else SIGNED_ONLY))
        yield _judged(statement, denials, stranger, possible)


def who(party: Party, zone: Zone) -> Who:
    """Whom a party is, as seen from the zone."""
    account = account_of(party)
    if account:
        return Who.OWN if account == zone.account else Who.KNOWN if account in zone.known else Who.ACCOUNT
    if party.kind == ORGANIZATION:
        return Who.KNOWN if party.value == zone.organization else Who.ORGANIZATION
    kinds = {"Service": Who.SERVICE, "Federated": Who.FEDERATED, "CanonicalUser": Who.ACCOUNT}
    return kinds.get(party.kind, Who.SERVICE if ":iam::cloudfront:" in party.value else Who.NOBODY)


def _judged(statement: Statement, denials: tuple[Statement, ...], each: Caller, actions: tuple[str, ...]) -> _Judgement:
    spared = statement.parties is None and any(_includes(it, each) for it in statement.not_parties or ())
    if spared or judge(statement.clauses, known(each, statement), variables=statement.variables) is False:
        return _Judgement(caller=each, let=(), taken_by=(statement,))
    left = actions
    taken_by: list[Statement] = []
    for denial in denials:
        kept = tuple(it for it in left if not denial.speaks_of(it))
        if kept != left and _reaches(denial, statement) and _bites(denial, each):
            left = kept
            taken_by.append(denial)
    return _Judgement(caller=each, let=left, taken_by=tuple(taken_by))


def _bites(denial: Statement, each: Caller) -> bool:
    """Whether it denies the caller, whatever happens."""
    if denial.parties is not None:
        named = any(_includes(party, each) for party in denial.parties)
    else:
        named = not any(_meets(party, each) for party in denial.not_parties or ())
    return named and judge(denial.clauses, known(each, denial), variables=denial.variables) is True


def _includes(party: Party, each: Caller) -> bool:
    """Whether the party is all that the caller may be."""
    same = is_account(party) and account_of(party) == each.account
    return party.value == "*" or party == each.party or same


def _meets(party: Party, each: Caller) -> bool:
    """Whether the caller may be the party."""
    return party.value == "*" or party == each.party or bool(each.account and account_of(party) == each.account)


def _reaches(denial: Statement, statement: Statement) -> bool:
    """Whether it is about every resource that the Allow is about. Trust policies name none."""
    if denial.resources is None and denial.not_resources is None:
        return True
    return all(denial.reaches(it) for it in statement.resources or ("*",))


def _conditions(statement: Statement, each: Caller) -> tuple[str, ...]:
    names = {name.lower(): name for name in statement.conditions}
    hanging = unmet(statement.clauses, known(each, statement), variables=statement.variables)
    return tuple(sorted({names[key] for key in hanging}))
