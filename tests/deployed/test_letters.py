"""People are told: what is stored becomes letters by itself, of each channel in its own media."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from boto3.dynamodb.conditions import Key

from tests.deployed import drive
from tests.deployed.drive import Message
from tests.deployed.stack import LEAK, PAYMENTS, REFUNDS, Payments, Stack

TOLD_WITHIN = 150.0
"""Half a minute in which nothing more comes, up to a minute until the next tick, and a slow machine's share."""

OURS = {PAYMENTS.account, REFUNDS.account}
ALL = [f"ALERT {PAYMENTS.account}", f"BASELINE {PAYMENTS.account}", f"BASELINE {REFUNDS.account}"]


def names(messages: Sequence[Message]) -> list[str]:
    """The kinds and accounts of the letters that are about the channel's accounts."""
    found = sorted(f"{it.attributes['kind']} {' '.join(json.loads(it.attributes['account']))}" for it in messages)
    return [it for it in found if OURS & set(it.split())]


def each_once(letters: Sequence[Any], medium: str, bodies: Sequence[str]) -> bool:
    """Whether each letter is among what a medium got, as often as it should be."""
    return [bodies.count(it["media"][medium]["body"]) for it in letters] == [1] * len(ALL)


@pytest.fixture(scope="module")
def letters(stack: Stack) -> Sequence[Any]:
    """The payments channel's letters, once every medium has taken them."""
    gone = Key("pk").eq("C#payments") & Key("sk").begins_with("L#")

    def found() -> Sequence[Any]:
        told = stack.table.query(KeyConditionExpression=gone)["Items"]
        return [it for it in told if OURS & set(it["accounts"])]

    drive.eventually(lambda: len(found()) >= len(ALL), TOLD_WITHIN)
    return found()


def test_stored_finding_becomes_a_letter_by_itself(payments: Payments, letters: Sequence[Any]) -> None:
    (alert,) = [it for it in letters if it["kind"] == "ALERT"]
    (message,) = [it for it in payments.text.heard() if it.attributes["kind"] == "ALERT"]
    waited = datetime.fromisoformat(alert["sealed_at"]).timestamp() - payments.stored
    print(  # noqa: T201
        f"stored to letter: {message.at - payments.stored:.0f} s, of which it waited {waited:.0f} s by design: "
        "until nothing more had come for 30 s, then for the minute's tick"
    )
    assert LEAK in message.text
    assert message.at - payments.stored < TOLD_WITHIN


def test_channel_is_told_of_its_own_accounts_in_all_its_media(
    stack: Stack, payments: Payments, letters: Sequence[Any]
) -> None:
    assert names(payments.text.heard()) == ALL
    assert each_once(letters, "chat", [it.text for it in payments.chat.heard()])
    assert [sorted(it["delivered"]) for it in letters] == [["chat", "slack", "text"]] * len(ALL)
    assert names([it for it in stack.text.heard() if "account" in it.attributes]) == []


def test_webhook_gets_each_letter_once_at_the_url_of_the_secret(stack: Stack, letters: Sequence[Any]) -> None:
    assert {(method, path) for method, path, _ in stack.hook.requests} == {("POST", stack.webhook_path)}
    assert each_once(letters, "slack", [body.decode() for _, _, body in stack.hook.requests])


@pytest.mark.usefixtures("letters")
def test_nothing_that_is_logged_or_stored_tells_the_url_of_the_webhook(stack: Stack) -> None:
    logged = drive.logged(stack.emulator, stack.outputs["TellFunction"])
    assert "told" in logged
    assert stack.webhook_path not in logged
    assert stack.webhook_path not in json.dumps(drive.items(stack.emulator, stack.outputs["FindingsTable"]))


@pytest.mark.usefixtures("letters")
def test_subscriber_of_the_text_topic_gets_what_its_filter_policy_lets_pass(payments: Payments) -> None:
    """The letter about a first audit is about what is open when it is written."""
    assert names(payments.grave.heard()) == [f"ALERT {PAYMENTS.account}", f"BASELINE {PAYMENTS.account}"]
    assert names(payments.refunds.heard()) == [f"BASELINE {REFUNDS.account}"]
