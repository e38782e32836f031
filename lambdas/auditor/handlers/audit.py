"""The scheduled audit: gather, keep, judge, record."""

from dataclasses import replace
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from auditor import settings
from auditor.aws import exceptions_file
from auditor.aws.evidence_store import EvidenceStore
from auditor.aws.findings_table import FindingsTable
from auditor.aws.gather import gather, snapshot
from auditor.aws.session import connect
from auditor.aws.source import Moment
from auditor.checks import CATALOGUE, RENAMED
from auditor.core.check import Context
from auditor.core.evaluate import Evaluation, evaluate
from auditor.core.evidence import Evidence
from auditor.core.exceptions import Rules
from auditor.core.life import Changes
from auditor.core.model import Unavailable

logger = Logger(service="auditor")
metrics = Metrics(namespace="Auditor", service="audit")


class Trigger(BaseModel):
    """The function's input; `now` sets the audit's clock, for a repeatable run.

    A clock that is fast would make everything that is seen later count as old, so it is not believed.
    """

    now: Moment | None = None


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Audit the account that the function's role belongs to; what was done, in counts and reasons."""
    told = settings.from_environment(settings.AuditSettings)
    session = boto3.Session()
    now = settings.now()
    deployed = settings.deployment()
    aws = replace(connect(session, min(settings.validated(Trigger, event).now or now, now)), refresh=deployed.refresh())
    store = EvidenceStore(s3=session.client("s3"), bucket=told.evidence_bucket)
    evidence = gather(aws, before=store.recall(aws.owner))
    kept = store.keep(evidence)
    seen = snapshot(evidence)
    evaluation = evaluate(seen, CATALOGUE.values(), Context(now=seen.gathered_at, limits=deployed.checked_limits()))
    rules = Rules(
        exceptions=exceptions_file.shipped(now.date()), checks=frozenset({*CATALOGUE, *RENAMED}), renamed=RENAMED
    )
    changes = FindingsTable(table=session.resource("dynamodb").Table(told.table_name)).record(evaluation, rules)
    outcome = _outcome(evidence, evaluation, changes) | {"evidence": kept}
    _measure(outcome)
    logger.info("audited", extra=outcome)
    return outcome


def _outcome(evidence: Evidence, evaluation: Evaluation, changes: Changes) -> dict[str, Any]:
    return {
        "account": evaluation.owner.account,
        "evidence_at": evaluation.evidence_at.isoformat(),
        "findings": len(evaluation.findings),
        "transitions": len(changes.transitions),
        "unavailable": {name: it.reason for name, it in evidence.answers.items() if isinstance(it, Unavailable)},
        "skipped": evaluation.unplanned_gaps,
    }


def _measure(outcome: dict[str, Any]) -> None:
    metrics.add_metric(name="AuditCompleted", unit=MetricUnit.Count, value=1)
    metrics.add_metric(name="Findings", unit=MetricUnit.Count, value=outcome["findings"])
    metrics.add_metric(name="Transitions", unit=MetricUnit.Count, value=outcome["transitions"])
    metrics.add_metric(name="ChecksSkipped", unit=MetricUnit.Count, value=len(outcome["skipped"]))
