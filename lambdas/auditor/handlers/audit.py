"""The scheduled audit: gather, keep, judge, record."""

from dataclasses import replace
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from auditor import settings
from auditor.aws import exceptions_file, own_checks
from auditor.aws.evidence_store import EvidenceStore
from auditor.aws.findings_table import FindingsTable
from auditor.aws.gather import gather, snapshot
from auditor.aws.session import connect
from auditor.aws.source import Moment
from auditor.core.evaluate import Evaluation, evaluate, membership_in
from auditor.core.evidence import Evidence
from auditor.core.exceptions import Rules
from auditor.core.life import Changes
from auditor.core.model import AccountSnapshot, Membership, Unavailable
from auditor.core.standards import NO_UNITS, Standards

logger = Logger(service="auditor")
metrics = Metrics(namespace="Auditor", service="audit")


ASKING_SECONDS = 600
"""Of the function's fifteen minutes: Regions that hang must leave the time to judge and to store."""


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
    account = connect(session, min(settings.validated(Trigger, event).now or now, now))
    aws = replace(account, refresh=deployed.refresh()).within(ASKING_SECONDS)
    store = EvidenceStore(s3=session.client("s3"), bucket=told.evidence_bucket)
    evidence = gather(aws, before=store.recall(aws.owner))
    kept = store.keep(evidence)
    seen = snapshot(evidence)
    catalogue, table = own_checks.shipped(), FindingsTable(table=session.resource("dynamodb").Table(told.table_name))
    standards = deployed.standards().known_by(catalogue)
    membership = _membership(seen, standards, table)
    context = standards.context(seen.gathered_at, seen.owner, membership)
    evaluation = evaluate(seen, catalogue.checks.values(), context)
    rules = Rules(exceptions=exceptions_file.shipped(now.date()), checks=catalogue.names, renamed=catalogue.renamed)
    changes = table.record(evaluation, rules)
    outcome = _outcome(evidence, evaluation, changes) | {"evidence": kept}
    outcome["notes"] = [NO_UNITS] if standards.by_unit and membership is None else []
    _measure(outcome)
    logger.info("audited", extra=outcome)
    return outcome


def _membership(seen: AccountSnapshot, standards: Standards, table: FindingsTable) -> Membership | None:
    """Where the account is; what an earlier audit knew, if the organization does not say today and it matters.

    Otherwise an hour without an answer would judge the account by other limits, and tell that everything has changed.
    """
    membership = membership_in(seen)
    if membership or not standards.by_unit:
        return membership
    header = table.load(seen.owner).header
    return header.membership if header else None


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
    if outcome["notes"]:
        metrics.add_metric(name="UnitOverridesNotApplied", unit=MetricUnit.Count, value=1)
