"""The deployed stack: the real CDK command line, IAM enforced, each function from its zip in its own role."""

import time

from tests.build import finding
from tests.deployed import drive
from tests.deployed.conftest import BUCKET
from tests.deployed.stack import NAME, Stack, owner


def stored(stack: Stack) -> dict[str, str]:
    """The findings of the emulator's account, by id."""
    found = [it for it in drive.items(stack.emulator, stack.outputs["FindingsTable"]) if it["item"]["S"] == "finding"]
    ours = [it for it in found if it["account"]["S"] == stack.emulator.account]
    return {it["id"]["S"]: f"{it['check']['S']} {it['status']['S']}" for it in ours}


def test_audit_stores_keeps_and_tells_machines(stack: Stack) -> None:
    stack.audit()
    wanted = {"stale-access-key OPEN", "external-access OPEN"}
    drive.eventually(lambda: wanted <= set(stored(stack).values()), within=60)
    kept = stack.emulator.client("s3").list_objects_v2(Bucket=stack.outputs["EvidenceBucket"])["Contents"]
    assert {it["Key"].rpartition("/")[2] for it in kept} >= {"account.json", "credential-report.csv"}

    def told() -> set[str]:
        said = [it.json for it in stack.events.heard() if it.attributes["account"] == stack.emulator.account]
        return {it["finding"]["id"] for it in said if "finding" in it}

    drive.eventually(lambda: told() == set(stored(stack)))
    assert BUCKET in "".join(it.text for it in stack.events.heard())


def test_audit_without_change_is_told_to_nobody(stack: Stack) -> None:
    stack.audit()
    before = stored(stack)
    assert stack.audit()["transitions"] == 0
    assert stored(stack) == before
    heard = len(stack.events.heard())
    assert not drive.happens(lambda: len(stack.events.heard()) > heard, within=4)


def test_diff_is_empty(stack: Stack) -> None:
    stack.cdk.diff(NAME)


def test_audit_knows_what_its_organization_calls_the_account(stack: Stack) -> None:
    stack.audit()
    header = stack.table.get_item(Key={"pk": f"A#aws#{stack.emulator.account}", "sk": "#HEADER"})["Item"]
    (root,) = stack.emulator.client("organizations").list_roots()["Roots"]
    assert header["membership"] == {"name": "Master Account", "path": [root["Id"]], "tags": {}}


def test_stored_finding_becomes_an_event(stack: Stack) -> None:
    about = owner(1)
    stack.settled(about)
    with drive.window(stack.emulator, stack.outputs["NotifyFunction"], stack.window):
        stack.seen(about, finding("NEW"))
        began = time.time()
        stack.hears(about, "NEW OPENED")
    (event,) = [it for it in stack.events.heard() if it.attributes["account"] == about.account]
    took = event.at - began
    print(f"stored to event: {took:.1f} s, of which its batch waited for up to {stack.window} s for more, by design")  # noqa: T201
    assert took < 60
