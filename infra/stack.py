"""The stack: composes, and nothing else."""

import aws_cdk as cdk
from constructs import Construct

from auditor.settings import Deployment
from infra.audit import Audit
from infra.bundle import BundleFor, asset
from infra.evidence_bucket import EvidenceBucket
from infra.findings_table import FindingsTable
from infra.machines import Machines
from infra.notify import Notify
from infra.run import Run
from infra.tell import Tell
from infra.topics import Topics
from infra.watch import Watch


class AuditorStack(cdk.Stack):
    """schedule → run → audit → table, bucket; table → notify → machines and queues → tell → topics; alarms over all."""

    def __init__(self, scope: Construct, name: str, *, deployment: Deployment, bundle_for: BundleFor) -> None:
        """Compose the stack; where it has to be in a certain account, it cannot be deployed to another one."""
        super().__init__(
            scope,
            name,
            description="Audits the identity hygiene of AWS accounts and tells what changed",
            env=cdk.Environment(account=deployment.accounts.audit_account),
        )
        code = asset(bundle_for, deployment)
        table = FindingsTable(self).table
        bucket = EvidenceBucket(self, days=deployment.evidence_days).bucket
        topics, machines = Topics(self, deployment.channels), Machines(self)
        audit = Audit(self, code=code, deployment=deployment, table=table, bucket=bucket)
        run = Run(self, code=code, deployment=deployment, audit=audit, table=table, bucket=bucket)
        notify = Notify(self, code=code, table=table, told=machines)
        tell = Tell(self, code=code, channels=deployment.channels, table=table, topics=topics)
        Watch(
            self,
            machine=run.machine,
            functions={it.node.id: it for it in (run.plan, audit.of, run.summarise, notify.of, tell.of)},
            dead_letters={it.node.id: it.dead_letters for it in (run, notify, tell)},
            topics=topics,
            hours=deployment.silence_hours,
        )
        for output, value in {
            "FindingsTable": table.table_name,
            "EvidenceBucket": bucket.bucket_name,
            "StateMachine": run.machine.attr_arn,
            "PlanFunction": run.plan.function.function_name,
            "SummariseFunction": run.summarise.function.function_name,
            "AuditFunction": audit.of.function.function_name,
            "NotifyFunction": notify.of.function.function_name,
            "NotifyDeadLetters": notify.dead_letters.queue_url,
            "TellFunction": tell.of.function.function_name,
            "TextTopic": topics.default.text.topic_arn,
            "ChatTopic": topics.default.chat.topic_arn,
            "EventsTopic": machines.topic.topic_arn,
            "BusName": machines.bus.event_bus_name,
        }.items():
            cdk.CfnOutput(self, f"{output}Output", value=value).override_logical_id(output)
