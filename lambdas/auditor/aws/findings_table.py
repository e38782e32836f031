"""The findings table: what is known of an account is read in one query, and changed in transactions.

A transition and its history are written in one transaction, which also moves the header on: whoever has read the
account before, fails and reads again. `schema` has the keys, `items` what lies there.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError

from auditor.aws import batches
from auditor.aws.items import (
    Item,
    exception_item,
    finding_item,
    header_item,
    header_of,
    history_item,
    record_of,
    rule_of,
)
from auditor.aws.schema import account_key
from auditor.core.evaluate import Evaluation
from auditor.core.exceptions import ExceptionRule, Rules
from auditor.core.life import NEVER, Change, Changes, Header, Ledger, Record
from auditor.core.model import Owner
from auditor.core.reconcile import reconcile

ACTIONS = ("dynamodb:PutItem", "dynamodb:Query")
"""What recording an audit needs: a transaction is authorized as the writes that it holds."""

IN_ONE_TRANSACTION = 99
"""Writes beside that of the header; two for each transition."""

CONFLICTS = frozenset({"ConditionalCheckFailedException", "TransactionConflictException"})
CANCELLED_BY_OTHERS = frozenset({"None", "ConditionalCheckFailed", "TransactionConflict", "ThrottlingError"})
"""Why a part of a transaction is cancelled though nothing is wrong with it."""

ATTEMPTS = 40


class ContentionError(RuntimeError):
    """Other writers of the same account kept finishing first."""


@dataclass(frozen=True, kw_only=True)
class FindingsTable:
    """The table. `table` is a boto3 Table; `pause` waits for a number of seconds after a lost race."""

    table: Any
    pause: Callable[[float], None] = time.sleep

    def record(self, evaluation: Evaluation, rules: Rules | None = None) -> Changes:
        """Write what `evaluation` changes, and nothing else; what was written.

        Without a change that is one query and one write. Raises ContentionError as `amend` does.
        """
        return self.amend(evaluation.owner, lambda ledger: reconcile(evaluation, ledger, rules))

    def amend(self, owner: Owner, decide: Callable[[Ledger], Changes]) -> Changes:
        """Write what `decide` makes of what is known, asking it again after a lost race; what was written.

        Raises ContentionError after losing forty races in a row, and whatever `decide` raises.
        """
        for attempt in range(ATTEMPTS):
            ledger = self.load(owner)
            changes = decide(ledger)
            try:
                self._write(owner, changes, ledger.header)
            except ClientError as error:
                if not lost_race(error):
                    raise
                self.pause(random.uniform(0, min(2.0, 0.05 * 2**attempt)))  # noqa: S311  (jitter, not a secret)
            else:
                return changes
        raise ContentionError(f"account {owner.account}: lost {ATTEMPTS} races against others who write to it")

    def load(self, owner: Owner) -> Ledger:
        """All that is known about the account."""
        header: Header | None = None
        records: dict[str, Record] = {}
        exceptions: list[ExceptionRule] = []
        for item in batches.pages(
            self.table, KeyConditionExpression=Key("pk").eq(account_key(owner)), ConsistentRead=True
        ):
            if item["item"] == "header":
                header = header_of(item)
            elif item["item"] == "exception":
                exceptions.append(rule_of(item["exception"]))
            else:
                records[item["id"]] = record_of(item)
        return Ledger(header=header, records=records, exceptions=tuple(exceptions))

    def _write(self, owner: Owner, changes: Changes, held: Header | None) -> None:
        """What a decision changes comes before the decision itself, which can be made again if it breaks off."""
        first = changes.header and Header(evidence_at=NEVER, membership=changes.header.membership)
        groups = [*map(self._transition, changes.transitions), *self._rules(owner, changes)]
        for writes in batches.fitting(groups, IN_ONE_TRANSACTION):
            held = self._transact(owner, writes, held, first or Header(evidence_at=NEVER))
        if changes.header and replace(changes.header, version=_version(held)) != held:
            header = replace(changes.header, version=_version(held) + 1)
            self.table.put_item(Item=header_item(owner, header), **_unchanged(held))

    def _transact(self, owner: Owner, writes: Sequence[Item], held: Header | None, first: Header) -> Header:
        """Write, and move the header, so that whoever has read before notices; the header as it is then."""
        moved = replace(held or first, version=_version(held) + 1)
        header = self._put(header_item(owner, moved), _unchanged(held))
        self.table.meta.client.transact_write_items(TransactItems=[header, *writes])
        return moved

    def _transition(self, change: Change) -> list[Item]:
        return [self._put(finding_item(change.after), _unchanged(change.before)), self._put(history_item(change), {})]

    def _rules(self, owner: Owner, changes: Changes) -> list[list[Item]]:
        """The writes of exceptions that were made or ended."""
        writes = [[self._put(exception_item(owner, changes.added), {})]] if changes.added else []
        if changes.removed:
            item = exception_item(owner, changes.removed)
            key = {name: item[name] for name in ("pk", "sk")}
            writes.append([{"Delete": {"TableName": self.table.name, "Key": key}}])
        return writes

    def _put(self, item: Item, condition: Mapping[str, Any]) -> Item:
        return {"Put": {"TableName": self.table.name, "Item": item, **condition}}


def _version(header: Header | None) -> int:
    return header.version if header else 0


def lost_race(error: ClientError) -> bool:
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
