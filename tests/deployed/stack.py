"""The deployed stack as its tests use it: what goes in, what lies in the table, and what comes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from auditor.aws.findings_table import FindingsTable
from auditor.aws.schema import account_key
from auditor.core.evaluate import Evaluation, Examined, Finding, finding_id
from auditor.core.life import Changes
from auditor.core.model import Owner
from tests.aws.hooks import Hook
from tests.deployed import drive
from tests.deployed.deploy import Cdk
from tests.deployed.drive import Inbox
from tests.deployed.emulator import Emulator

NAME = "AccountAuditor"
PAYMENTS = Owner(account="444455556666", partition="aws")
REFUNDS = Owner(account="777788889999", partition="aws")
"""The accounts of the payments channel, which has a webhook."""

LEAK = "LEAK"
"""What is found in PAYMENTS."""

HANDED_ON_WITHIN = 60.0


@dataclass(frozen=True, kw_only=True)
class Stack:
    """What is deployed: `outputs` by name; `events` and `text` hear those topics.

    `hook` is the webhook that the payments channel posts to, `webhook_path` the secret part of its URL. A batch of the
    stream waits for `window` seconds until it is full, as deployed; in tests, which would wait as well, it does not.
    """

    emulator: Emulator
    cdk: Cdk
    outputs: Mapping[str, str]
    events: Inbox
    text: Inbox
    hook: Hook
    webhook_path: str
    window: int

    @property
    def table(self) -> Any:
        """The findings table, in boto3's words."""
        return self.emulator.table(self.outputs["FindingsTable"])

    def audit(self) -> Any:
        """Audit the emulator's account, and return what the function says of it."""
        answer = drive.invoke(self.emulator, self.outputs["AuditFunction"], {})
        assert answer.error is None, answer.payload
        return answer.payload

    def redrive(self) -> Any:
        """Hand on again what was written since yesterday, and return what the function says of it."""
        since = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
        answer = drive.invoke(self.emulator, self.outputs["NotifyFunction"], {"redrive": {"since": since}})
        assert answer.error is None, answer.payload
        return answer.payload

    def seen(self, owner: Owner, *findings: Finding) -> Changes:
        """Record that an account has exactly these findings now, as an audit does; what was written."""
        return FindingsTable(table=self.table).record(evaluation(owner, findings))

    def settled(self, *owners: Owner) -> None:
        """Have the first audits of accounts, with nothing in them, recorded and handed on."""
        for it in owners:
            self.seen(it)
        drive.eventually(lambda: all(map(self._handed_on, owners)), HANDED_ON_WITHIN)

    def _handed_on(self, owner: Owner) -> bool:
        return "Item" in self.table.get_item(Key={"pk": f"H#{account_key(owner)}", "sk": "#TOLD"})

    def heard_of(self, owner: Owner) -> list[str]:
        """What the events topic has said of an account: the resource and the event, in order."""
        said = [it.json for it in self.events.heard() if it.attributes["account"] == owner.account]
        return sorted(f"{it['finding']['resource']} {it['event']}" for it in said if "finding" in it)

    def hears(self, owner: Owner, *said: str) -> None:
        """Wait until the events topic has said exactly this of an account; raises `AssertionError`."""
        wanted = sorted(said)
        drive.happens(lambda: self.heard_of(owner) == wanted, HANDED_ON_WITHIN)
        assert self.heard_of(owner) == wanted


@dataclass(frozen=True, kw_only=True)
class Payments:
    """When the leak was stored, and what hears the channel's topics: all of it, the critical, that of REFUNDS."""

    stored: float
    text: Inbox
    chat: Inbox
    grave: Inbox
    refunds: Inbox


def evaluation(owner: Owner, findings: Sequence[Finding]) -> Evaluation:
    """What an audit of the account makes now of findings that were made for any account; every check was looked at."""
    now = datetime.now(UTC)
    ours = [replace(it, owner=owner, id=finding_id(owner, it.check, it.uid, ""), evidence_at=now) for it in findings]
    uids = frozenset(it.uid for it in ours)
    looked_at = {"stale-access-key", *(it.check for it in ours)}
    examined = {check: Examined(uids=uids, as_of=now) for check in looked_at}
    return Evaluation(owner=owner, evidence_at=now, findings=tuple(ours), examined=examined, skipped=())


def owner(number: int) -> Owner:
    """An account that nobody else has."""
    return Owner(account=f"{number:012d}", partition="aws")
