"""What people may decide on the command line about an account's findings, and what is refused."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from auditor.checks import RENAMED
from auditor.cli.errors import InputError
from auditor.core.decide import close_account, end_exception, make_exception, matched
from auditor.core.exceptions import ANY, ExceptionRule, Rules
from auditor.core.life import Changes, Ledger, Record

Decide = Callable[[Ledger], Changes]


def sound(rule: ExceptionRule, today: date) -> ExceptionRule:
    """The rule. Raises InputError with everything that is wrong with it."""
    past = [f"until: {rule.until} is past"] if rule.until < today else []
    if faults := [*past, *rule.faults(today)]:
        raise InputError("; ".join(f"--{fault}" for fault in faults))
    return rule


def carried(ledger: Ledger) -> Rules:
    """The rules of the deployment's reviewed file, as far as the table knows them: those that cover a finding now.

    Whatever covers a finding and was not made for the account is one of them.
    """
    covering = {record.exception for record in ledger.records.values() if record.exception}
    return Rules(exceptions=tuple(covering - set(ledger.exceptions)), renamed=RENAMED)


@dataclass(frozen=True, kw_only=True)
class Excepting:
    """Making an exception. `everything` allows one that leaves nothing; `about` are then the findings it matches."""

    rule: ExceptionRule
    now: datetime
    everything: bool
    about: list[Record] = field(default_factory=list)

    def decide(self, ledger: Ledger) -> Changes:
        """Raises InputError if the rule leaves nothing, DecisionError if it is there already."""
        self.about[:], rest = matched(ledger, self.rule, carried(ledger))
        if not self.everything and (_sweeping(self.rule) or (self.about and not rest and not self._named)):
            raise InputError(
                f"this would cover everything that is open in account {self.rule.account} "
                f"({len(self.about)} findings): narrow it with --check, --resource or --tag, or add --all"
            )
        return make_exception(ledger, self.rule, carried(ledger), self.now)

    @property
    def _named(self) -> bool:
        """Whether it names one check of one resource and no pattern: that is no sweep, whatever else is open."""
        return {(it.finding.check, it.finding.resource) for it in self.about} == {
            (it.finding.check, self.rule.resource) for it in self.about[:1]
        }


def _sweeping(rule: ExceptionRule) -> bool:
    """Whether it matches all that ever comes."""
    return rule.check == ANY and rule.tag is None and not rule.resource.strip(ANY)


def ending(rule_id: str, now: datetime) -> Decide:
    """End an exception of the account. Raises DecisionError if there is none with this id."""
    return lambda ledger: end_exception(ledger, rule_id, carried(ledger), now)


def closing(account: str, now: datetime, *, sure: bool) -> Decide:
    """Resolve all that is open. Raises InputError if the table has no such account, or nobody is `sure`."""

    def decide(ledger: Ledger) -> Changes:
        if ledger.header is None:
            raise InputError(f"account {account} is unknown to this table")
        changes = close_account(ledger, now)
        if not sure:
            raise InputError(f"this resolves {len(changes.transitions)} open findings of account {account}: add --yes")
        return changes

    return decide
