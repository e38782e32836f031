"""The audit of one account: enter, gather, keep, judge, record."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from auditor import settings
from auditor.aws import exceptions_file, own_checks
from auditor.aws.entering import Door, entered
from auditor.aws.errors import busy
from auditor.aws.evidence_store import EvidenceStore
from auditor.aws.findings_table import FindingsTable
from auditor.aws.gather import gather, snapshot
from auditor.aws.run_store import RunStore
from auditor.aws.session import Aws, connect, new_session
from auditor.core.decide import close_account, excuse, gone, miss
from auditor.core.evaluate import Evaluation, evaluate, membership_in
from auditor.core.evidence import Evidence
from auditor.core.exceptions import Rules
from auditor.core.life import Changes, Ledger
from auditor.core.model import AccountSnapshot, Membership, Owner, Unavailable
from auditor.core.roster import Work
from auditor.core.standards import NO_UNITS, Standards
from auditor.handlers.trigger import Task

logger = Logger(service="auditor")
metrics = Metrics(namespace="Auditor", service="audit")

ASKING_SECONDS = 600
"""Of the function's fifteen minutes: Regions that hang must leave the time to judge and to store."""

IN_A_RUN = ("account", "work", "reason", "findings", "transitions")
"""What a run's map is answered: little, because all accounts' answers are kept together."""


@busy
@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Do what is to be done about an account; what was done, in counts and reasons."""
    task = settings.validated(Task, event)
    office = _office(settings.from_environment(settings.AuditSettings), settings.deployment())
    here = connect(new_session(), task.clock(settings.now()))
    owner = replace(here.owner, account=task.account or here.owner.account)
    if task.work is not Work.AUDIT:
        outcome = office.note(owner, here, task.work, task.reason, _place(task))
    else:
        account = entered(here, owner, office.door)
        if isinstance(account, Unavailable):
            outcome = office.note(owner, here, Work.MISS, account.reason, _place(task))
        else:
            outcome = office.audit(office.told(account, task))
    logger.info("audited" if outcome["work"] is Work.AUDIT else "noted", extra=outcome)
    return {name: outcome[name] for name in IN_A_RUN if name in outcome} if task.run else outcome


@dataclass(frozen=True, kw_only=True)
class Office:
    """All that the function works with beside the account itself."""

    deployed: settings.Deployment
    table: FindingsTable
    evidence: EvidenceStore
    runs: RunStore

    @property
    def door(self) -> Door:
        """The way into other accounts."""
        return Door(role=self.deployed.accounts.role, external_id=self.deployed.accounts.external_id or "")

    def note(
        self, owner: Owner, here: Aws, work: Work, reason: str, membership: Membership | None = None
    ) -> dict[str, Any]:
        """Record what is known of an account without looking into it."""
        decided: dict[Work, Callable[[Ledger], Changes]] = {
            Work.MISS: lambda ledger: miss(ledger, here.now, reason, membership),
            Work.GONE: lambda ledger: gone(ledger, here.now, reason),
            Work.END: lambda ledger: close_account(ledger, here.now),
            Work.EXCUSE: excuse,
        }
        changes = self.table.amend(owner, decided[work])
        metrics.add_metric(name="Transitions", unit=MetricUnit.Count, value=len(changes.transitions))
        return {"account": owner.account, "work": work, "reason": reason, "transitions": len(changes.transitions)}

    def told(self, account: Aws, task: Task) -> Aws:
        """The account with what the run was told of it."""
        if task.run is None or task.organization is None:
            return account
        session = new_session()
        account.calls.listen(session)
        told = self.runs.told(task.run, task.organization, session, account.now)
        return replace(account, told=told)

    def audit(self, account: Aws) -> dict[str, Any]:
        """Look into the account, and record what was seen."""
        aws = replace(account, refresh=self.deployed.refresh()).within(ASKING_SECONDS)
        began = aws.elapsed()
        evidence = gather(aws, before=self.evidence.recall(aws.owner))
        kept = self.evidence.keep(evidence)
        seen = snapshot(evidence)
        catalogue = own_checks.shipped()
        standards = self.deployed.standards().known_by(catalogue)
        membership = self._membership(seen, standards)
        context = standards.context(seen.gathered_at, seen.owner, membership)
        evaluation = evaluate(seen, catalogue.checks.values(), context)
        exceptions = exceptions_file.shipped(settings.now().date())
        rules = Rules(exceptions=exceptions, checks=catalogue.names, renamed=catalogue.renamed)
        changes = self.table.record(evaluation, rules)
        outcome = _outcome(evidence, evaluation, changes) | {"evidence": kept, "calls": aws.calls.count}
        outcome["notes"] = [NO_UNITS] if standards.by_unit and membership is None else []
        outcome["seconds"] = round(aws.elapsed() - began, 1)
        _measure(outcome)
        return outcome

    def _membership(self, seen: AccountSnapshot, standards: Standards) -> Membership | None:
        """Where the account is; what an earlier audit knew, if the organization does not say today and it matters.

        Otherwise an hour without an answer would judge the account by other limits, and tell that everything has
        changed.
        """
        membership = membership_in(seen)
        if membership or not standards.by_unit:
            return membership
        header = self.table.load(seen.owner).header
        return header.membership if header else None


def _office(told: settings.AuditSettings, deployed: settings.Deployment) -> Office:
    session = new_session()
    s3 = session.client("s3")
    return Office(
        deployed=deployed,
        table=FindingsTable(table=session.resource("dynamodb").Table(told.table_name)),
        evidence=EvidenceStore(s3=s3, bucket=told.evidence_bucket),
        runs=RunStore(s3=s3, bucket=told.evidence_bucket),
    )


def _place(task: Task) -> Membership | None:
    """What the run was told of where the account is; not its tags."""
    if task.organization is None:
        return None
    path = tuple(it["Id"] for it in reversed(task.organization["Parents"]))
    return Membership(name=task.organization["Account"]["Name"], path=path)


def _outcome(evidence: Evidence, evaluation: Evaluation, changes: Changes) -> dict[str, Any]:
    return {
        "account": evaluation.owner.account,
        "work": Work.AUDIT,
        "evidence_at": evaluation.evidence_at.isoformat(),
        "findings": len(evaluation.findings),
        "transitions": len(changes.transitions),
        "unavailable": {name: it.reason for name, it in evidence.answers.items() if isinstance(it, Unavailable)},
        "lacking": sum(isinstance(it, Unavailable) and not it.inapplicable for it in evidence.answers.values()),
        "skipped": evaluation.unplanned_gaps,
    }


def _measure(outcome: dict[str, Any]) -> None:
    metrics.add_metric(name="AuditCompleted", unit=MetricUnit.Count, value=1)
    metrics.add_metric(name="Findings", unit=MetricUnit.Count, value=outcome["findings"])
    metrics.add_metric(name="Transitions", unit=MetricUnit.Count, value=outcome["transitions"])
    metrics.add_metric(name="ChecksSkipped", unit=MetricUnit.Count, value=len(outcome["skipped"]))
    metrics.add_metric(name="SourcesUnavailable", unit=MetricUnit.Count, value=outcome["lacking"])
    metrics.add_metric(name="Calls", unit=MetricUnit.Count, value=outcome["calls"])
    metrics.add_metric(name="Seconds", unit=MetricUnit.Seconds, value=outcome["seconds"])
    if outcome["notes"]:
        metrics.add_metric(name="UnitOverridesNotApplied", unit=MetricUnit.Count, value=1)
