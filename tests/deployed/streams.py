"""Serves event source mappings of DynamoDB streams as Lambda does; loaded by `launcher`, inside ministack.

ministack's own poller takes every answer that is no error for a success, and retries a failing batch whole until it is
too old. Here the batching window, partial failures, halving and the retry limit hold. Where AWS does not say what
happens, this does the worse thing: a partial answer that names the first record of its batch is not halved, so that the
records behind it share its retries and its end.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ministack.core import responses
from ministack.services import dynamodb, lambda_svc

PAUSE = 0.2
"""Seconds before a batch is tried again."""

Mapped = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Records that are handed over together, and how often that has failed."""

    records: Sequence[Mapped]
    failures: int = 0


@dataclass(kw_only=True)
class Shard:
    """How far a mapping has read, and what it has read and not finished with."""

    position: int
    batches: list[Batch] = field(default_factory=list)


def serve() -> None:
    """Put this poller in the place of ministack's."""
    shards: dict[str, Shard] = {}
    lambda_svc._poll_dynamodb_streams = lambda: any(_served(shards, *it) for it in lambda_svc._iter_all_esms())


def _served(shards: dict[str, Shard], account: str, region: str, mapping: Mapped) -> bool:
    """Hand over one batch of a mapping; whether there was any."""
    source = mapping.get("EventSourceArn", "")
    if ":dynamodb:" not in source or not mapping.get("Enabled", True):
        return False
    with responses.request_scope(account, region):
        table = source.split("/")[1]
        start = dynamodb.stream_start_position(table)
        shard = shards.setdefault(mapping["UUID"], Shard(position=start))
        function, _ = lambda_svc._get_func_record_for_qualifier(mapping["FunctionName"], mapping.get("Qualifier"))
        if function is None or not (shard.batches or _read(shard, table, mapping)):
            return False
        first, *others = shard.batches
        answer = lambda_svc._execute_function(function, {"Records": first.records})
        shard.batches = [*_left(first, answer, mapping, function), *others]
    return True


def _read(shard: Shard, table: str, mapping: Mapped) -> bool:
    """Read a batch, once it is full or its window is over; whether the filter leaves anything of it."""
    size, window = mapping.get("BatchSize", 100), mapping.get("MaximumBatchingWindowInSeconds", 0)
    records = dynamodb.stream_records_since(table, shard.position, size)
    if not records or (len(records) < size and time.time() < _written_at(records[0]) + window):
        return False
    shard.position += len(records)
    wanted = lambda_svc._apply_filter_criteria(records, mapping)
    shard.batches = [Batch(records=wanted)] if wanted else []
    return bool(wanted)


def _written_at(record: Mapped) -> float:
    return float(record["dynamodb"]["ApproximateCreationDateTime"])


def _left(batch: Batch, answer: Mapped, mapping: Mapped, function: Mapped) -> list[Batch]:
    """What is to be handed over again, in batches; what has failed too often goes to the destination."""
    failed = _first_failure(batch, answer, mapping)
    if failed is None:
        return []
    if failed:
        return [Batch(records=batch.records[failed:])]
    if answer.get("error") and mapping.get("BisectBatchOnFunctionError") and len(batch.records) > 1:
        half = len(batch.records) // 2
        return [Batch(records=batch.records[:half]), Batch(records=batch.records[half:])]
    if batch.failures != mapping.get("MaximumRetryAttempts", -1):
        time.sleep(PAUSE)
        return [Batch(records=batch.records, failures=batch.failures + 1)]
    source, ended = mapping["EventSourceArn"], "RetryAttemptsExhausted"
    lambda_svc._send_ddb_stream_failure_record(mapping, function, batch.records, source, answer, ended)
    return []


def _first_failure(batch: Batch, answer: Mapped, mapping: Mapped) -> int | None:
    """The place of the first record that failed; of all of them if the answer names one that was not in the batch."""
    if answer.get("error"):
        return 0
    reports = "ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", [])
    body = answer.get("body") if reports else None
    named = [it.get("itemIdentifier") for it in body.get("batchItemFailures") or []] if isinstance(body, dict) else []
    numbers = [it["dynamodb"]["SequenceNumber"] for it in batch.records]
    return min((numbers.index(it) if it in numbers else 0 for it in named), default=None)
