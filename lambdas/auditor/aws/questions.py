"""The questions that the findings table answers, none of them with a scan.

`findings` takes the narrowest index there is: the principal's, the check's, the account's partition, the days of
change, or the severities.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from auditor.aws.query import AnyOf, Condition, Question
from auditor.aws.schema import (
    BY_CHECK,
    BY_ID,
    BY_PRINCIPAL,
    CHANGED_BY_DAY,
    EXCEPTION,
    FINDING,
    HEADER,
    KEEP,
    NOT_AUDITED_NOW,
    OPEN_BY_SEVERITY,
    PROJECTED,
    Index,
    account_key,
    audited_day,
    history_key,
    runs_key,
)
from auditor.core.check import Severity
from auditor.core.life import Standing
from auditor.core.model import Owner

ACTIONS = ("dynamodb:Query",)
"""What asking needs, of the table and of its indexes."""

LOOK_BACK = timedelta(days=31)
"""How far back changes are asked for: one query a day."""

FIELDS = tuple(name for name in PROJECTED if name != "audited")
"""What an answer says of a finding: what every index carries."""


class UnanswerableError(ValueError):
    """No index answers it; the message says what would."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which findings somebody asks for at `now`; what is empty or None is any.

    `checks` are the names that one check has and had. `since` leaves out what has not changed from then on.
    """

    now: datetime
    standings: tuple[Standing, ...] = (Standing.OPEN,)
    severities: tuple[Severity, ...] = ()
    checks: tuple[str, ...] = ()
    owner: Owner | None = None
    principal: str = ""
    since: datetime | None = None

    @property
    def in_order(self) -> bool:
        """Whether the answers come most severe first, then longest open, as they are asked for."""
        narrowed = self.principal or self.checks or self.owner or self.since
        return len(self.standings) == 1 and not narrowed


def findings(wanted: Wanted) -> list[Question]:
    """The queries that answer it together. Raises UnanswerableError if that would take a scan, or over a month."""
    if wanted.principal:
        return [_by_principal(wanted)]
    if wanted.checks:
        return [_by_check(wanted, check, standing) for check in wanted.checks for standing in wanted.standings]
    if wanted.owner:
        keys = (*_at(wanted.owner), Condition(attribute="sk", operator="begins_with", value=FINDING))
        return [_asked(wanted, None, keys, "account")]
    if wanted.since:
        days = [_in_day(day.isoformat(), wanted.since) for day in _days(wanted.since, wanted.now)]
        return [_asked(wanted, CHANGED_BY_DAY, keys, "changed_at", "expired") for keys in days]
    if Standing.RESOLVED in wanted.standings:
        raise UnanswerableError("resolved findings are asked for by account, check, principal or time of change")
    severities = sorted(set(wanted.severities or Severity), reverse=True)
    return [_by_severity(wanted, severity, standing) for severity in severities for standing in wanted.standings]


def _by_principal(wanted: Wanted) -> Question:
    keys = [Condition(attribute=BY_PRINCIPAL.partition_key, value=wanted.principal)]
    if len(wanted.standings) == 1:
        prefix = f"{wanted.standings[0]}#"
        keys.append(Condition(attribute=BY_PRINCIPAL.sort_key, operator="begins_with", value=prefix))
        return _asked(wanted, BY_PRINCIPAL, tuple(keys), "standing")
    return _asked(wanted, BY_PRINCIPAL, tuple(keys))


def _by_check(wanted: Wanted, check: str, standing: Standing) -> Question:
    keys = [Condition(attribute=BY_CHECK.partition_key, value=f"{check}#{standing}")]
    if wanted.owner:
        prefix = f"{wanted.owner.account}#"
        keys.append(Condition(attribute=BY_CHECK.sort_key, operator="begins_with", value=prefix))
    return _asked(replace(wanted, standings=(standing,)), BY_CHECK, tuple(keys), "check", "account", "standing")


def _in_day(partition: str, since: datetime) -> tuple[Condition, ...]:
    return (
        Condition(attribute=CHANGED_BY_DAY.partition_key, value=partition),
        Condition(attribute=CHANGED_BY_DAY.sort_key, operator=">=", value=since.isoformat()),
    )


def _by_severity(wanted: Wanted, severity: Severity, standing: Standing) -> Question:
    value = f"EXCEPTED#{severity.name}" if standing is Standing.EXCEPTED else severity.name
    keys = (Condition(attribute=OPEN_BY_SEVERITY.partition_key, value=value),)
    return _asked(wanted, OPEN_BY_SEVERITY, keys, "severity", "standing")


def _asked(wanted: Wanted, index: Index | None, keys: tuple[Condition, ...], *settled: str) -> Question:
    """The question with everything that the keys have not `settled` as filters."""
    given: dict[str, AnyOf] = {
        "check": _one_of("check", wanted.checks),
        "account": _one_of("account", [wanted.owner.account] if wanted.owner else []),
        "severity": _one_of("severity", [it.name for it in wanted.severities]),
        "standing": _one_of("standing", wanted.standings if len(wanted.standings) < len(Standing) else ()),
        "changed_at": _from("changed_at", wanted.since) if wanted.since else (),
        "expired": _kept(wanted),
    }
    filters = tuple(any_of for name, any_of in given.items() if any_of and name not in settled)
    return Question(index=index, keys=keys, filters=filters, fields=FIELDS)


def _kept(wanted: Wanted) -> AnyOf:
    """Nothing past its expiry, which DynamoDB may take days to delete: no index carries that, but it follows."""
    if Standing.RESOLVED not in wanted.standings:
        return ()
    lasting = [it for it in wanted.standings if it is not Standing.RESOLVED]
    return (*_one_of("standing", lasting), *_from("changed_at", wanted.now - KEEP))


def _one_of(attribute: str, values: Iterable[str]) -> AnyOf:
    return tuple(Condition(attribute=attribute, value=str(value)) for value in values)


def _from(attribute: str, moment: datetime) -> AnyOf:
    return (Condition(attribute=attribute, operator=">=", value=moment.isoformat()),)


def _days(since: datetime, now: datetime) -> list[date]:
    """Each day (UTC) from `since` to `now`. Raises UnanswerableError if they are too many."""
    if now - since > LOOK_BACK:
        raise UnanswerableError(f"changes are asked for day by day, at most {LOOK_BACK.days} days back")
    return [since.date() + timedelta(days=number) for number in range((now.date() - since.date()).days + 1)]


def whole_account(owner: Owner) -> Question:
    """All that is known of an account: what a decision about it reads."""
    return Question(keys=_at(owner))


def place(finding_id: str) -> Question:
    """Where the finding lies: `pk` and `sk`, or nothing."""
    accounts = Condition(attribute=BY_ID.sort_key, operator="begins_with", value="A#")
    return Question(index=BY_ID, keys=(Condition(attribute=BY_ID.partition_key, value=finding_id), accounts))


def finding(owner: Owner, finding_id: str) -> Question:
    """A finding, whole."""
    return Question(keys=(*_at(owner), Condition(attribute="sk", value=f"{FINDING}{finding_id}")))


def history(finding_id: str, now: datetime) -> Question:
    """A finding's transitions, oldest first."""
    return Question(keys=(Condition(attribute="pk", value=history_key(finding_id)),), filters=(_unexpired(now),))


def exceptions(owner: Owner, now: datetime) -> Question:
    """The exceptions that somebody made for the account, also those that ended in the last month."""
    keys = (*_at(owner), Condition(attribute="sk", operator="begins_with", value=EXCEPTION))
    return Question(keys=keys, filters=(_unexpired(now),))


def last_runs(owner: Owner) -> Question:
    """An account's header: its last audits in `runs`, newest first, and in `missed` that a run could not audit it."""
    return Question(keys=(*_at(owner), Condition(attribute="sk", value=HEADER)), fields=("account", "runs", "missed"))


def audited(since: datetime, now: datetime) -> list[Question]:
    """The accounts whose last audit was since then, with it in `audited`. Raises UnanswerableError over a month."""
    days = [_in_day(audited_day(day), since) for day in _days(since, now)]
    return [Question(index=CHANGED_BY_DAY, keys=keys, fields=("account", "audited")) for keys in days]


def not_audited() -> Question:
    """The accounts that the last run could not audit: in `audited` why, and the last audit if there was one."""
    keys = (Condition(attribute=CHANGED_BY_DAY.partition_key, value=NOT_AUDITED_NOW),)
    return Question(index=CHANGED_BY_DAY, keys=keys, fields=("account", "audited"))


def runs(partition: str, now: datetime) -> Question:
    """The runs of a month over all accounts of an AWS partition, oldest first."""
    last = Condition(attribute="sk", operator=">=", value=(now - LOOK_BACK).isoformat())
    return Question(keys=(Condition(attribute="pk", value=runs_key(partition)), last))


def _at(owner: Owner) -> tuple[Condition]:
    return (Condition(attribute="pk", value=account_key(owner)),)


def _unexpired(now: datetime) -> AnyOf:
    return (Condition(attribute="expires_at", operator=">=", value=int(now.timestamp())),)
