"""The findings table: one partition for each account, and indexes for the questions of an operations team.

    pk                       sk                        what
    A#<partition>#<account>  #HEADER                   how far, and when, the account was seen
    A#<partition>#<account>  F#<check>#<finding id>    a finding with its life
    H#<finding id>           <version>#<event>         a transition, kept for 400 days

A transition and its history are written in one transaction, which also moves the header on: whoever has read the
account before, fails and reads again. The header sorts first, so that no page is older than it. Open findings never
expire, resolved ones after 400 days.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError

from auditor.core.check import Severity
from auditor.core.evaluate import Evaluation, Finding
from auditor.core.model import Owner
from auditor.core.reconcile import Change, Changes, Event, Header, Ledger, Record, Resolution, Status, reconcile

ACTIONS = ("dynamodb:PutItem", "dynamodb:Query")
"""What recording an audit needs: a transaction is authorized as the writes that it holds."""

KEEP = timedelta(days=400)
NEVER = datetime.min.replace(tzinfo=UTC)
"""The evidence time of an account whose first audit has not finished."""

IN_ONE_TRANSACTION = 49
"""Transitions: DynamoDB takes 100 items, two for each of them and one for the header."""

CONFLICTS = frozenset({"ConditionalCheckFailedException", "TransactionConflictException"})
CANCELLED_BY_OTHERS = frozenset({"None", "ConditionalCheckFailed", "TransactionConflict", "ThrottlingError"})
"""Why a part of a transaction is cancelled though nothing is wrong with it."""

ATTEMPTS = 40

Item = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Index:
    """A secondary index: its name, and the attributes that are its partition and sort key (strings)."""

    name: str
    partition_key: str
    sort_key: str

    @property
    def keys(self) -> tuple[str, str]:
        """Both key attributes."""
        return self.partition_key, self.sort_key


OPEN_BY_SEVERITY = Index(name="open-by-severity", partition_key="open_severity", sort_key="opened")
BY_CHECK = Index(name="by-check", partition_key="check_status", sort_key="account_id")
BY_PRINCIPAL = Index(name="by-principal", partition_key="principal", sort_key="status_check")
CHANGED_BY_DAY = Index(name="changed-by-day", partition_key="changed_day", sort_key="changed")
INDEXES = (OPEN_BY_SEVERITY, BY_CHECK, BY_PRINCIPAL, CHANGED_BY_DAY)
PROJECTED = (
    *("id", "check", "title", "severity", "status", "event", "account", "partition"),
    *("resource", "resource_type", "region", "reason", "first_seen", "opened_at", "changed_at"),
)
"""What the indexes carry besides their keys."""


class ContentionError(RuntimeError):
    """Other audits of the same account kept finishing first."""


@dataclass(frozen=True, kw_only=True)
class FindingsTable:
    """The table. `table` is a boto3 Table; `pause` waits for a number of seconds after a lost race."""

    table: Any
    pause: Callable[[float], None] = time.sleep

    def record(self, evaluation: Evaluation) -> Changes:
        """Write what `evaluation` changes, and nothing else; what was written.

        Without a change that is one query and one write. Raises ContentionError after losing forty races in a row.
        """
        for attempt in range(ATTEMPTS):
            ledger = self.load(evaluation.owner)
            changes = reconcile(evaluation, ledger)
            try:
                self._write(evaluation.owner, changes, ledger.header)
            except ClientError as error:
                if not _lost_race(error):
                    raise
                self.pause(random.uniform(0, min(2.0, 0.05 * 2**attempt)))  # noqa: S311  (jitter, not a secret)
            else:
                return changes
        raise ContentionError(f"account {evaluation.owner.account}: lost {ATTEMPTS} races against other audits of it")

    def load(self, owner: Owner) -> Ledger:
        """All that is known about the account."""
        header: Header | None = None
        records: dict[str, Record] = {}
        for item in self._items(owner):
            if item["item"] == "header":
                header = _header_of(item)
            else:
                records[item["id"]] = record_of(item)
        return Ledger(header=header, records=records)

    def _items(self, owner: Owner) -> Iterator[Item]:
        query: dict[str, Any] = {"KeyConditionExpression": Key("pk").eq(_account_key(owner)), "ConsistentRead": True}
        while True:
            page = self.table.query(**query)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _write(self, owner: Owner, changes: Changes, before: Header | None) -> None:
        transitions, held = changes.transitions, before
        for start in range(0, len(transitions), IN_ONE_TRANSACTION):
            held = self._transact(owner, transitions[start : start + IN_ONE_TRANSACTION], held)
        if changes.header:
            header = replace(changes.header, version=_version(held) + 1)
            self.table.put_item(Item=_header_item(owner, header), **_unchanged(held))

    def _transact(self, owner: Owner, transitions: Sequence[Change], held: Header | None) -> Header:
        """Write transitions, and move the header, so that whoever has read before notices; the header as it is then."""
        moved = replace(held or Header(evidence_at=NEVER), version=_version(held) + 1)
        writes = [self._put(_header_item(owner, moved), _unchanged(held))]
        for change in transitions:
            writes.append(self._put(finding_item(change.after), _unchanged(change.before)))
            writes.append(self._put(_history_item(change), {}))
        self.table.meta.client.transact_write_items(TransactItems=writes)
        return moved

    def _put(self, item: Item, condition: Mapping[str, Any]) -> dict[str, Any]:
        return {"Put": {"TableName": self.table.name, "Item": item, **condition}}


def _version(header: Header | None) -> int:
    return header.version if header else 0


def _lost_race(error: ClientError) -> bool:
    """Whether somebody else was quicker, so that reading again will help."""
    code = error.response["Error"]["Code"]
    if code == "TransactionCanceledException":
        return {it["Code"] for it in error.response["CancellationReasons"]} <= CANCELLED_BY_OTHERS
    return code in CONFLICTS


def _unchanged(before: Header | Record | None) -> dict[str, Any]:
    """The condition that an item is still as it was read."""
    if before is None:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "ConditionExpression": "#version = :version",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":version": before.version},
    }


def _account_key(owner: Owner) -> str:
    return f"A#{owner.partition}#{owner.account}"


def _header_item(owner: Owner, header: Header) -> Item:
    return {
        "pk": _account_key(owner),
        "sk": "#HEADER",
        "item": "header",
        "account": owner.account,
        "partition": owner.partition,
        "evidence_at": header.evidence_at.isoformat(),
        "seen": {check: seen.isoformat() for check, seen in header.seen.items()},
        "gaps": dict(header.gaps),
        "open": dict(header.open),
        "version": header.version,
    }


def _header_of(item: Mapping[str, Any]) -> Header:
    return Header(
        evidence_at=datetime.fromisoformat(item["evidence_at"]),
        seen={check: datetime.fromisoformat(seen) for check, seen in item["seen"].items()},
        gaps=item["gaps"],
        open={severity: int(count) for severity, count in item["open"].items()},
        version=int(item["version"]),
    )


def finding_item(record: Record) -> Item:
    """A record as it lies in the table. Index keys follow from the life alone, so they move only with it."""
    finding, life = record.finding, _life(record)
    is_open = record.status is Status.OPEN
    return {
        "pk": _account_key(finding.owner),
        "sk": f"F#{finding.check}#{finding.id}",
        "item": "finding",
        **_facts(finding),
        **life,
        BY_CHECK.partition_key: f"{finding.check}#{record.status}",
        BY_CHECK.sort_key: f"{finding.owner.account}#{finding.id}",
        BY_PRINCIPAL.sort_key: f"{record.status}#{finding.check}#{finding.id}",
        CHANGED_BY_DAY.partition_key: life["changed_at"][:10],
        CHANGED_BY_DAY.sort_key: f"{life['changed_at']}#{finding.id}",
        **({OPEN_BY_SEVERITY.partition_key: finding.severity.name} if is_open else {"expires_at": _expiry(record)}),
        **({OPEN_BY_SEVERITY.sort_key: f"{life['opened_at']}#{finding.owner.account}#{finding.id}"} if is_open else {}),
    }


def _facts(finding: Finding) -> Item:
    return {
        "id": finding.id,
        "check": finding.check,
        "title": finding.title,
        "severity": finding.severity.name,
        "account": finding.owner.account,
        "partition": finding.owner.partition,
        "uid": finding.uid,
        "resource": finding.resource,
        "resource_type": finding.resource_type,
        "principal": finding.principal,
        "region": finding.region,
        "reason": finding.reason,
        "evidence": dict(finding.evidence),
        "controls": list(finding.controls),
        "fix": finding.fix,
        "evidence_at": finding.evidence_at.isoformat(),
        "via": finding.via,
    }


def _life(record: Record) -> Item:
    return {
        "status": str(record.status),
        "event": str(record.event),
        "first_seen": record.first_seen.isoformat(),
        "opened_at": record.opened_at.isoformat(),
        "changed_at": record.changed_at.isoformat(),
        "version": record.version,
        **({"resolution": str(record.resolution)} if record.resolution else {}),
    }


def _expiry(record: Record) -> int:
    return int((record.changed_at + KEEP).timestamp())


def record_of(item: Mapping[str, Any]) -> Record:
    """The record that lies in the table as `item`."""
    finding = Finding(
        id=item["id"],
        check=item["check"],
        title=item["title"],
        severity=Severity[item["severity"]],
        owner=Owner(account=item["account"], partition=item["partition"]),
        uid=item["uid"],
        resource=item["resource"],
        resource_type=item["resource_type"],
        principal=item["principal"],
        region=item["region"],
        reason=item["reason"],
        evidence=_plain(item["evidence"]),
        controls=tuple(item["controls"]),
        fix=item["fix"],
        evidence_at=datetime.fromisoformat(item["evidence_at"]),
        via=item["via"],
    )
    return Record(
        finding=finding,
        status=Status(item["status"]),
        event=Event(item["event"]),
        first_seen=datetime.fromisoformat(item["first_seen"]),
        opened_at=datetime.fromisoformat(item["opened_at"]),
        changed_at=datetime.fromisoformat(item["changed_at"]),
        version=int(item["version"]),
        resolution=Resolution(item["resolution"]) if item.get("resolution") else None,
    )


def _plain(value: Any) -> Any:
    """DynamoDB's numbers as Python's own."""
    if isinstance(value, Mapping):
        return {key: _plain(it) for key, it in value.items()}
    if isinstance(value, list):
        return [_plain(it) for it in value]
    return int(value) if isinstance(value, Decimal) else value


def _history_item(change: Change) -> Item:
    after = change.after
    return {
        "pk": f"H#{after.finding.id}",
        "sk": f"{after.version:06d}#{after.event}",
        "item": "history",
        "at": after.changed_at.isoformat(),
        "evidence_at": after.finding.evidence_at.isoformat(),
        "before": _state(change.before) if change.before else None,
        "after": _state(after),
        "expires_at": _expiry(after),
    }


def _state(record: Record) -> Item:
    facts = ("severity", "resource", "reason", "evidence")
    return {**{name: value for name, value in _facts(record.finding).items() if name in facts}, **_life(record)}
