"""What cannot be handed on ends among the dead letters, holds nothing else up, and is told after all: once."""

from typing import Any

from auditor.aws.schema import FINDING, account_key
from auditor.core.model import Owner
from tests.build import finding
from tests.deployed import drive
from tests.deployed.least_privilege import grants, role_of, taken_away
from tests.deployed.stack import Stack, owner

GIVEN_UP_WITHIN = 60.0


def poison(stack: Stack, about: Owner) -> None:
    """Write what only looks like a finding, and take it away: the stream has it, and no audit stumbles over it."""
    key = {"pk": account_key(about), "sk": f"{FINDING}poison"}
    stack.table.put_item(
        Item={**key, "item": "finding", "version": 1, "account": about.account, "partition": about.partition}
    )
    stack.table.delete_item(Key=key)


def dead_letters(stack: Stack) -> list[Any]:
    """Take what is among the dead letters of the function that hands on."""
    return drive.received(stack.emulator, stack.outputs["NotifyDeadLetters"])


def given_up(stack: Stack) -> list[Any]:
    """Wait for dead letters, and take them."""
    found: list[Any] = []

    def some() -> bool:
        found.extend(dead_letters(stack))
        return bool(found)

    drive.eventually(some, GIVEN_UP_WITHIN)
    return found


def test_malformed_item_ends_among_the_dead_letters_and_takes_nothing_with_it(stack: Stack) -> None:
    about = owner(11)
    stack.settled(about)
    dead_letters(stack)
    with drive.window(stack.emulator, stack.outputs["NotifyFunction"], stack.window):
        stack.seen(about, finding("BEFORE"))
        poison(stack, about)
        stack.seen(about, finding("BEFORE"), finding("BESIDE"))
        (letter,) = given_up(stack)
    assert letter["requestContext"]["condition"] == "RetryAttemptsExhausted"
    stack.seen(about, finding("BEFORE"), finding("BESIDE"), finding("AFTER"))
    drive.eventually(lambda: {"BEFORE OPENED", "AFTER OPENED"} <= set(stack.heard_of(about)))
    assert stack.redrive()["stopped"] == ""
    stack.hears(about, "BEFORE OPENED", "BESIDE OPENED", "AFTER OPENED")
    assert dead_letters(stack) == []


def test_what_was_lost_is_told_by_a_redrive_and_nothing_twice(stack: Stack) -> None:
    about = owner(12)
    stack.settled(about)
    stack.seen(about, finding("KNOWN"))
    stack.hears(about, "KNOWN OPENED")
    dead_letters(stack)
    role = role_of(stack.emulator, stack.outputs["NotifyFunction"])
    (publish,) = [it for it in grants(role.policies()) if it.action == "sns:Publish"]
    with taken_away(role, publish):
        stack.seen(about, finding("KNOWN"), finding("LOST"))
        assert given_up(stack)
    stack.hears(about, "KNOWN OPENED")
    assert stack.redrive() == {"handed_on": 1, "stopped": ""}
    stack.hears(about, "KNOWN OPENED", "LOST OPENED")
    assert stack.redrive() == {"handed_on": 0, "stopped": ""}
    stack.hears(about, "KNOWN OPENED", "LOST OPENED")
