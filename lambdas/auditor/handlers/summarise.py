"""The end of a run: what became of every account of it, also of those that nobody reached."""

from dataclasses import asdict, replace
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from auditor import settings
from auditor.aws.errors import busy
from auditor.aws.findings_table import FindingsTable
from auditor.aws.run_store import RunStore
from auditor.aws.runs_table import RunsTable, counted, known_by
from auditor.aws.session import connect, new_session
from auditor.core.decide import miss
from auditor.core.model import Owner
from auditor.core.roster import Roster, Run, unreached, whole
from auditor.handlers.trigger import Summary

logger = Logger(service="auditor")
metrics = Metrics(namespace="Auditor", service="summarise")

NOT_PLANNED = Roster(planned=(), assignments=(), skipped={}, lost=())
NOT_REACHED = "the run ended before it was audited"


@busy
@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Mark whom the run did not reach, and keep what became of it; `failed` if it broke off or missed too many."""
    told, summary = settings.from_environment(settings.SummariseSettings), settings.validated(Summary, event)
    session = new_session()
    here = connect(session, summary.clock(settings.now()))
    table = session.resource("dynamodb").Table(told.table_name)
    runs = RunsTable(table=table, partition=here.owner.partition)
    store = RunStore(s3=session.client("s3"), bucket=told.evidence_bucket)
    plan = store.plan(summary.run) if summary.run else NOT_PLANNED
    known = runs.known(here.now)
    reason = f"{NOT_REACHED}: {summary.error}" if summary.error else NOT_REACHED
    for account in unreached(plan, known, here.now):
        owner = Owner(account=account, partition=here.owner.partition)
        header = FindingsTable(table=table).amend(owner, partial(miss, at=here.now, reason=reason)).header
        known += [known_by(account, header)] if header else []
    run = whole(plan, known, here.now, counted(plan.skipped.values()), summary.error)
    error = run.failure(settings.deployment().accounts.tolerated_percent)
    run = runs.put(replace(run, error=error))
    if summary.run:
        _measure(run)
    metrics.add_metric(name="RunCompleted", unit=MetricUnit.Count, value=int(not summary.error))
    outcome = {"failed": bool(error), "error": error, **_counts(run)}
    logger.info("summarised", extra=outcome | {"run": asdict(run)})
    return outcome


def _counts(run: Run) -> dict[str, int]:
    return {
        "planned": run.planned,
        "audited": run.audited,
        "not_audited": run.not_audited,
        "ended": run.ended,
        "skipped": sum(run.skipped.values()),
        "lost": len(run.lost),
    }


def _measure(run: Run) -> None:
    for name, value in _counts(run).items():
        words = "".join(word.capitalize() for word in name.split("_"))
        metrics.add_metric(name=f"Accounts{words}", unit=MetricUnit.Count, value=value)
