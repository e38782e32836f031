"""The findings table's keys and indexes.

    pk                       sk                        what
    A#<partition>#<account>  #HEADER                   how far, and when, the account was seen
    A#<partition>#<account>  F#<finding id>            a finding with its life
    A#<partition>#<account>  X#<exception id>          an exception that somebody made for the account
    H#<finding id>           <version>#<event>         a transition, kept for 400 days, and when it was handed on
    R#<partition>            <clock>                   a run over all accounts
    C#<channel>              …                         what waits to be told, and what was: see `outbox`, `mailroom`

The header sorts first, so that no page of an account is older than it. Open findings never expire, resolved ones after
400 days.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from auditor.core.life import Event
from auditor.core.model import Owner

KEEP = timedelta(days=400)
"""How long history and resolved findings stay."""

HEADER = "#HEADER"
FINDING = "F#"
EXCEPTION = "X#"


@dataclass(frozen=True, kw_only=True)
class Index:
    """A secondary index: its name, the attributes that are its keys (strings), and whether it carries more."""

    name: str
    partition_key: str
    sort_key: str
    keys_only: bool = False

    @property
    def keys(self) -> tuple[str, str]:
        """Both key attributes."""
        return self.partition_key, self.sort_key


OPEN_BY_SEVERITY = Index(name="open-by-severity", partition_key="open_severity", sort_key="opened")
BY_CHECK = Index(name="by-check", partition_key="check_status", sort_key="account_id")
BY_PRINCIPAL = Index(name="by-principal", partition_key="principal", sort_key="status_check")
CHANGED_BY_DAY = Index(name="changed-by-day", partition_key="changed_day", sort_key="changed")
BY_ID = Index(name="by-id", partition_key="id", sort_key="pk", keys_only=True)
INDEXES = (OPEN_BY_SEVERITY, BY_CHECK, BY_PRINCIPAL, CHANGED_BY_DAY, BY_ID)
PROJECTED = (
    *("id", "check", "title", "severity", "status", "standing", "event", "account", "partition", "principal"),
    *("resource", "resource_type", "region", "reason", "first_seen", "opened_at", "changed_at", "version"),
    *("acknowledged_by", "excepted_until", "exception", "audited"),
)
"""What the indexes carry besides their keys; `audited` is of headers, everything else of findings.

`exception` is of findings that it covers, and of exceptions themselves.
"""


def account_key(owner: Owner) -> str:
    """The partition of an account."""
    return f"A#{owner.partition}#{owner.account}"


def history_key(finding_id: str) -> str:
    """The partition of a finding's history."""
    return f"H#{finding_id}"


def history_sort(version: int, event: Event) -> str:
    """The place of a transition in it."""
    return f"{version:06d}#{event}"


def audited_day(day: date) -> str:
    """The partition of `changed-by-day` that has the accounts whose last audit was on that day."""
    return f"AUDITED#{day.isoformat()}"


NOT_AUDITED_NOW = "NOT_AUDITED"
"""The partition of `changed-by-day` that has the accounts that the last run could not audit, instead of their day's."""


EXCUSED_NOW = "EXCUSED"
"""The partition of `changed-by-day` that has the accounts that runs leave out, instead of their day's."""


def runs_key(partition: str) -> str:
    """The partition of the runs over all accounts of an AWS partition."""
    return f"R#{partition}"


def ending_day(day: date) -> str:
    """The partition of `changed-by-day` that has the exceptions whose last day it is."""
    return f"ENDS#{day.isoformat()}"
