"""Machines are told at once, and only of what they ask for: filter policies of the topic, rules on the bus."""

from collections.abc import Mapping

import pytest

from auditor.core.check import Severity
from tests.build import finding
from tests.deployed import drive
from tests.deployed.drive import Inbox
from tests.deployed.stack import Stack, owner

ABOUT = owner(31)
POLICIES = {
    "critical": {"severity": ["CRITICAL"]},
    "mended keys": {"event": ["RESOLVED"], "check": ["stale-access-key"]},
    "mended passwords": {"event": ["RESOLVED"], "check": ["console-without-mfa"]},
    "at least high": {"severity_num": [{"numeric": [">=", int(Severity.HIGH)]}], "account": [ABOUT.account]},
}
PATTERNS = {
    "opened, critical": {
        "source": ["account-auditor"],
        "detail-type": ["Finding Opened"],
        "detail": {"finding": {"severity": ["CRITICAL"]}},
    },
    "everything": {"detail": {"finding": {"account": [ABOUT.account]}}},
}
SAID = ["GRAVE OPENED", "KEY OPENED", "KEY RESOLVED", "MILD OPENED"]


@pytest.fixture(scope="module")
def heard(stack: Stack) -> Mapping[str, list[str]]:
    """What each subscriber has heard, once those who hear everything have heard it."""
    topic, bus = stack.outputs["EventsTopic"], stack.outputs["BusName"]
    inboxes = {name: drive.listen(stack.emulator, topic, policy) for name, policy in POLICIES.items()}
    inboxes |= {name: drive.listen_on_bus(stack.emulator, bus, pattern) for name, pattern in PATTERNS.items()}
    stack.settled(ABOUT)
    grave, mild = finding("GRAVE", severity=Severity.CRITICAL), finding("MILD", severity=Severity.LOW)
    stack.seen(ABOUT, grave, mild, finding("KEY"))
    stack.hears(ABOUT, "GRAVE OPENED", "KEY OPENED", "MILD OPENED")
    stack.seen(ABOUT, grave, mild)
    stack.hears(ABOUT, *SAID)
    drive.eventually(lambda: len(said(inboxes["everything"])) == len(SAID))
    return {name: said(inbox) for name, inbox in inboxes.items()}


def said(inbox: Inbox) -> list[str]:
    """What an inbox has heard of the account: as a message of the topic, or as the detail of the bus's event."""
    documents = [it.json.get("detail", it.json) for it in inbox.heard()]
    ours = [it for it in documents if it.get("finding", {}).get("account") == ABOUT.account]
    return sorted(f"{it['finding']['resource']} {it['event']}" for it in ours)


@pytest.mark.parametrize(
    ("subscriber", "hears"),
    [
        ("critical", ["GRAVE OPENED"]),
        ("mended keys", ["KEY RESOLVED"]),
        ("mended passwords", []),
        ("at least high", ["GRAVE OPENED", "KEY OPENED", "KEY RESOLVED"]),
    ],
)
def test_subscriber_of_the_events_topic_gets_what_its_filter_policy_lets_pass(
    heard: Mapping[str, list[str]], subscriber: str, hears: list[str]
) -> None:
    assert heard[subscriber] == hears


def test_rule_on_the_bus_matches_what_its_pattern_says(heard: Mapping[str, list[str]]) -> None:
    assert heard["opened, critical"] == ["GRAVE OPENED"]
    assert heard["everything"] == SAID
