"""Somebody who might call, by what is known of their requests: their own account, a stranger's, a service, nobody's.

What each key holds, and which requests have it:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache, partial

from auditor.policy.conditions import Known, expand, judged, operator
from auditor.policy.document import Clause, Party, Statement
from auditor.policy.match import ARN_FIELDS, matches, overlap, whole

ACCOUNT = re.compile(r"\d{12}")
STRANGER, STRANGE_ORGANIZATION = "000000000000", "o-0000000000"
"""An account that nobody has, and an organization: whoever is not named."""

PRINCIPAL, SOURCE = "aws:principal", "aws:source"
"""How the keys begin that say who calls, and whose resource a service calls for."""

ALSO_ACCOUNT = ("kms:calleraccount", "aws:sourceowner")
IS_SERVICE, SERVICE_NAME, USER_ID = "aws:principalisawsservice", "aws:principalservicename", "aws:userid"


REMEMBERED = 1 << 12
"""Callers that are not made again: the roles of an account admit the same."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Values that a caller has a say in: `usual` is one, `could` says of a pattern whether it admits one of theirs.

    `other` is a value unlike the usual one: a pattern of both leaves none. Empty if there is no other.
    """

    usual: str
    could: Callable[[str], bool]
    other: str = ""


Facts = Mapping[str, tuple[str, ...] | Chosen]
"""By condition key, in lower case: its values (none: the request lacks it), or what they could be."""


@dataclass(frozen=True, kw_only=True)
class Zone:
    """What is not outside: the account that owns the resource, its organization, and other accounts that are known.

    An `organization` of None was not seen, an empty one says that the account is in none. `now` is the audit's clock.
    """

    account: str = ""
    partition: str = "aws"
    organization: str | None = None
    known: frozenset[str] = frozenset()
    now: datetime | None = None

    @cached_property
    def facts(self) -> Known:
        """What is known of every request for the resource."""
        facts: dict[str, tuple[str, ...]] = {}
        if self.account:
            facts["aws:resourceaccount"] = (self.account,)
        if self.organization is not None:
            facts["aws:resourceorgid"] = (self.organization,) if self.organization else ()
        if self.now:
            facts["aws:currenttime"] = (self.now.isoformat(),)
            facts["aws:epochtime"] = (str(int(self.now.timestamp())),)
        return facts


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Somebody who might call, and what is known of their requests."""

    party: Party
    facts: Facts = field(hash=False)

    @cached_property
    def usual(self) -> Known:
        """What is known of their requests, as they usually are."""
        return {key: (it.usual,) if isinstance(it, Chosen) else it for key, it in self.facts.items()}

    @property
    def account(self) -> str:
        """The account that they are in; empty for everybody, organizations, services and providers."""
        return account_of(self.party)


def account_of(party: Party) -> str:
    """The account that a party is or is in; empty if it names none."""
    found = ACCOUNT.fullmatch(_account_field(party.value)) if party.kind == "AWS" else None
    return found[0] if found else ""


def is_account(party: Party) -> bool:
    """Whether the party is a whole account."""
    whole_account = ACCOUNT.fullmatch(party.value) or party.value.endswith(":root")
    return party.kind == "AWS" and bool(whole_account)


def _account_field(value: str) -> str:
    """Of an ARN, or a pattern of ARNs, the account; of anything else all of it.

    Names of buckets are everybody's: what names one leaves none to strangers, a pattern of all of them does.
    """
    fields = whole(value).split(":", ARN_FIELDS - 1)
    if len(fields) < ARN_FIELDS:
        return value
    return fields[-2] or ("-" if fields[-1].strip("*?") else "*")


def _may_be_in(account: str, value: str) -> bool:
    """Whether a pattern of ARNs admits one in the account. A short one may have its star anywhere."""
    short = value.count(":") < ARN_FIELDS - 1
    return (short and wild(value)) or matches(_account_field(value), account)


def wild(text: str) -> bool:
    """Whether a pattern admits more than one text."""
    return "*" in text or "?" in text


def _anybodys(part: Callable[[str], str]) -> Callable[[str], bool]:
    """Whether the part of a value that says whose it is leaves that open, or is the stranger's own."""
    return lambda value: wild(part(value)) or part(value) in (STRANGER, STRANGE_ORGANIZATION)


def _organization(value: str) -> str:
    return value.partition("/")[0]


def _of_account(side: str, account: str, partition: str) -> Facts:
    """Somebody in an account, whichever its organization."""
    could = _anybodys(_account_field) if account == STRANGER else partial(_may_be_in, account)
    arns = [f"arn:{partition}:iam::{account}:{name}" for name in ("role/somebody", "user/else")]
    usual = Chosen(usual=arns[0], could=could, other=arns[1])
    own = Chosen(usual=account, could=_anybodys(str)) if account == STRANGER else (account,)
    others = dict.fromkeys(ALSO_ACCOUNT, own) if side == PRINCIPAL else {}
    return {f"{side}account": own, f"{side}arn": usual, **others}


def of_organization(side: str, organization: str) -> Facts:
    """Somebody in an organization; in none if it is empty."""
    if not organization:
        return {f"{side}orgid": (), f"{side}orgpaths": ()}
    strange = organization == STRANGE_ORGANIZATION
    path = Chosen(
        usual=f"{organization}/r-0000/",
        other=f"{organization}/r-1111/ou-1111-11111111/",
        could=_anybodys(_organization) if strange else lambda value: overlap(value, f"{organization}/*"),
    )
    own = Chosen(usual=organization, could=_anybodys(str)) if strange else (organization,)
    return {f"{side}orgid": own, f"{side}orgpaths": path}


def nobody(side: str) -> Facts:
    """The request lacks all keys of the side."""
    others = ALSO_ACCOUNT if side == PRINCIPAL else ()
    return dict.fromkeys((f"{side}account", f"{side}arn", f"{side}orgid", f"{side}orgpaths", *others), ())


def strangers(side: str, partition: str) -> Iterator[Facts]:
    """Somebody in an account that is not named: in an organization that is not, or in none."""
    for organization in (STRANGE_ORGANIZATION, ""):
        yield {**_of_account(side, STRANGER, partition), **of_organization(side, organization)}


NO_SERVICE: Facts = {IS_SERVICE: ("false",), SERVICE_NAME: ()}
SERVICE: Facts = {**nobody(PRINCIPAL), IS_SERVICE: ("true",), USER_ID: ()}
ANYWHERE = Chosen(usual="0.0.0.0/0", could=lambda _: True)
SIGNED: Facts = {**nobody(SOURCE), **NO_SERVICE, "aws:sourceip": ANYWHERE}
"""Of whoever calls with credentials of an account, from any address."""

ANONYMOUS: Facts = {**nobody(PRINCIPAL), **SIGNED, USER_ID: ()}
STRANGE_SERVICE = Chosen(usual="some.amazonaws.com", could=wild)
STRANGE_ID = Chosen(usual="AROA00000000000000000:somebody", could=_anybodys(lambda value: value.partition(":")[0]))


@lru_cache(maxsize=REMEMBERED)
def everybody(party: Party, zone: Zone) -> tuple[tuple[Caller, bool], ...]:
    """Whoever is not named, as the party that is everybody, and whether they call with credentials.

    People, services that act for them, and people without an account.
    """
    people = [{**SIGNED, **facts, USER_ID: STRANGE_ID} for facts in strangers(PRINCIPAL, zone.partition)]
    services = [{**SERVICE, **facts, SERVICE_NAME: STRANGE_SERVICE} for facts in strangers(SOURCE, zone.partition)]
    everyone: list[tuple[Facts, bool]] = [*((it, True) for it in (*people, *services)), (ANONYMOUS, False)]
    return tuple((Caller(party=party, facts={**zone.facts, **facts}), signed) for facts, signed in everyone)


@lru_cache(maxsize=REMEMBERED)
def caller(party: Party, zone: Zone, side: str = PRINCIPAL) -> Caller:
    """A party as it is named; on the `side` of sources the services that act for it."""
    facts = {**zone.facts, **(SIGNED if side == PRINCIPAL else SERVICE)}
    account, own = account_of(party), zone.organization
    if account:
        facts |= _of_account(side, account, zone.partition)
        facts |= of_organization(side, own) if account == zone.account and own is not None else {}
        facts |= {} if is_account(party) or side == SOURCE else _named(party)
    elif party.kind == ORGANIZATION:
        facts |= of_organization(side, party.value)
    elif party.kind == "Service":
        facts = {**zone.facts, **SERVICE, SERVICE_NAME: (party.value,)}
    elif party.kind == "Federated":
        facts = dict(zone.facts)
    return Caller(party=party, facts=facts)


ORGANIZATION = "Organization"
"""The kind of a party that only conditions name."""


def _named(party: Party) -> Facts:
    """Of a session the role's ARN has a path that nobody knows."""
    if ":assumed-role/" in party.value:
        return {}
    usual = re.sub(r"[*?]", "x", party.value)
    return {f"{PRINCIPAL}arn": Chosen(usual=usual, could=partial(_may_be, party))}


def _may_be(party: Party, value: str) -> bool:
    return _may_be_in(account_of(party), value) and overlap(whole(value), party.value)


def named(said: Iterable[Statement], zone: Zone) -> Iterator[Caller]:
    """All whom the conditions of the statements name, and whom their NotPrincipal spares."""
    found: dict[tuple[str, Party], None] = {}
    for statement in said:
        for clause in statement.clauses:
            for value in clause.values:
                text = expand(value, zone.facts)
                found |= dict.fromkeys(_parties(clause.key, value if text is None else text))
        found |= {(PRINCIPAL, party): None for party in statement.not_parties or () if party.value != "*"}
    return (caller(party, zone, side) for side, party in found)


def _parties(key: str, value: str) -> Iterator[tuple[str, Party]]:
    side = SOURCE if key.startswith(SOURCE) and key not in ALSO_ACCOUNT else PRINCIPAL
    if key in (f"{side}orgid", f"{side}orgpaths") and not wild(_organization(value)):
        yield side, Party(kind=ORGANIZATION, value=_organization(value))
    elif key in (f"{side}account", f"{side}arn", *ALSO_ACCOUNT) and account_of(Party(kind="AWS", value=value)):
        yield side, Party(kind="AWS", value=value)
    elif key == USER_ID and not wild(value.partition(":")[0]):
        yield side, Party(kind="AWS", value=value.partition(":")[0])
    elif key == SERVICE_NAME and not wild(value):
        yield side, Party(kind="Service", value=value)


def known(each: Caller, statement: Statement) -> Known:
    """What is known of a request that suits a statement as well as its caller can make it.

    What has to be chosen so that all demands of an Allow are met, or one of a Deny is escaped, is unknown; the rest is
    as usual.
    """
    demands: dict[str, list[bool]] = {}
    for clause in statement.clauses:
        fact = each.facts.get(clause.key)
        if isinstance(fact, Chosen):
            suits = judged(clause, each.usual, variables=statement.variables) is statement.allow
            demands.setdefault(clause.key, []).extend([] if suits else [_could(clause, fact, each.usual, statement)])
    enough = all if statement.allow else any
    unknown = {key for key, those in demands.items() if those and enough(those)}
    return {key: it for key, it in each.usual.items() if key not in unknown} if unknown else each.usual


def _could(clause: Clause, fact: Chosen, usual: Known, statement: Statement) -> bool:
    """Whether the caller could choose what suits the statement; a wildcard is none where texts have to be the same."""
    how = operator(clause.operator)
    if how is None or how.comparison == "null":
        return False
    if how.negated is statement.allow:
        other = {**usual, clause.key: (fact.other or fact.usual,)}
        return judged(clause, other, variables=statement.variables) is statement.allow
    exact = how.comparison.startswith("stringequals")
    values = (expand(value, usual) if statement.variables else value for value in clause.values)
    return any(value is None or (fact.could(value) and not (exact and wild(value))) for value in values)
