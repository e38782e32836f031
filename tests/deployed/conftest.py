"""One deployment for all tests of this folder; each test has accounts of its own in it."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from auditor.core.check import Severity
from tests.aws import hooks
from tests.build import finding
from tests.deployed import deploy, drive, emulator, peopled
from tests.deployed.access_analyzer import RegionAnswers
from tests.deployed.emulator import Emulator
from tests.deployed.stack import LEAK, NAME, PAYMENTS, REFUNDS, Payments, Stack

ANALYZER = "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/account"
BUCKET = "arn:aws:s3:::shared-with-everybody"
WEBHOOK = "/services/T1/B1/whoever-knows-this-may-write"
MADE = datetime(2026, 11, 1, tzinfo=UTC)


def analyzers() -> dict[str, RegionAnswers]:
    analyzer = {"arn": ANALYZER, "name": "account", "type": "ACCOUNT", "status": "ACTIVE", "createdAt": MADE}
    times = dict.fromkeys(("analyzedAt", "createdAt", "updatedAt"), MADE)
    about = {"resource": BUCKET, "resourceType": "AWS::S3::Bucket", "resourceOwnerAccount": "111122223333"}
    found = {"id": "e1a7", "status": "ACTIVE", "findingType": "ExternalAccess", **times, **about}
    return {"eu-west-1": RegionAnswers(analyzers=[analyzer], findings={ANALYZER: [found]})}


@pytest.fixture(scope="session")
def hook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[hooks.Hook]:
    with hooks.running(tmp_path_factory.mktemp("hook")) as found:
        yield found


@pytest.fixture(scope="session")
def running(hook: hooks.Hook) -> Iterator[Emulator]:
    with emulator.running(authority=hook.authority) as found:
        found.set_access_analyzer(analyzers())
        found.set_beside(peopled.beside())
        peopled.people(found)
        yield found


@pytest.fixture(scope="session")
def secret(running: Emulator, hook: hooks.Hook) -> str:
    """The ARN of the secret that holds the URL of the payments channel's webhook."""
    made = running.client("secretsmanager").create_secret(Name="payments-slack", SecretString=hook.url(WEBHOOK))
    return str(made["ARN"])


@pytest.fixture(scope="session")
def stack(running: Emulator, hook: hooks.Hook, secret: str) -> Iterator[Stack]:
    payments = {"accounts": [PAYMENTS.account, REFUNDS.account], "webhook_secret": secret}
    settings = {"channels": {"default": {}, "payments": payments}, "alerts": {"digest_hour": 0}}
    with deploy.synthesized(running, auditor=settings, **{"bundle-for": "here"}) as cdk:
        cdk.bootstrap()
        cdk.deploy(NAME)
        outputs = cdk.outputs(NAME)
        events, text = (drive.listen(running, outputs[name]) for name in ("EventsTopic", "TextTopic"))
        with drive.window(running, outputs["NotifyFunction"], 0) as window:
            yield Stack(
                emulator=running,
                cdk=cdk,
                outputs=outputs,
                events=events,
                text=text,
                hook=hook,
                webhook_path=WEBHOOK,
                window=window,
            )
        cdk.destroy(NAME)
        with pytest.raises(ClientError, match="does not exist"):
            cdk.outputs(NAME)


@pytest.fixture(scope="session", autouse=True)
def payments(stack: Stack) -> Payments:
    """Two first audits without a finding, then a critical finding: their letters are on the way from the beginning."""
    text, chat = (f"{stack.outputs[name]}-payments" for name in ("TextTopic", "ChatTopic"))
    grave = {"severity_num": [{"numeric": [">=", int(Severity.CRITICAL)]}]}
    inboxes = {
        "text": drive.listen(stack.emulator, text),
        "chat": drive.listen(stack.emulator, chat),
        "grave": drive.listen(stack.emulator, text, grave),
        "refunds": drive.listen(stack.emulator, text, {"account": [REFUNDS.account]}),
    }
    stack.settled(PAYMENTS, REFUNDS)
    stored = time.time()
    stack.seen(PAYMENTS, finding(LEAK, severity=Severity.CRITICAL))
    return Payments(stored=stored, **inboxes)
