"""Schedules under trial: what they start, and what they keep of what they could not."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.deployed import drive
from tests.deployed.emulator import Emulator
from tests.deployed.least_privilege import Grant, Role, grants, outcome, taken_away


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A schedule by name, with its role, the action that it does, and the URL of its dead-letter queue."""

    emulator: Emulator
    name: str
    role: Role
    action: str
    letters: str

    def fire(self) -> None:
        """Let it start its target now."""
        drive.fire(self.emulator, self.name)

    def paused(self) -> AbstractContextManager[None]:
        """Let it start nothing by itself meanwhile."""
        return drive.paused(self.emulator, self.name)

    def keeping(self) -> Callable[[], bool]:
        """The work of the schedule that may not start its target: that it could not is kept."""

        def works() -> bool:
            came = coming(self.emulator, self.letters)
            with taken_away(self.role, granted(self.role, self.action)):
                return outcome(self.role, "sqs:*", self.fire, came)

        return works


def schedule_of(emulator: Emulator, target: str) -> Schedule:
    """The schedule that starts a function or state machine (name)."""
    found = drive.schedule_of(emulator, target)
    told = emulator.client("scheduler").get_schedule(Name=found)["Target"]
    return Schedule(
        emulator=emulator,
        name=found,
        role=Role(emulator=emulator, name=told["RoleArn"].rpartition("/")[2]),
        action={"lambda": "lambda:InvokeFunction", "states": "states:StartExecution"}[told["Arn"].split(":")[2]],
        letters=drive.queue_of(emulator, told["DeadLetterConfig"]["Arn"]),
    )


def granted(role: Role, action: str) -> Grant:
    """The first grant of an action."""
    return next(it for it in grants(role.policies()) if it.action == action)


def coming(emulator: Emulator, url: str) -> Callable[[], bool]:
    """Whether anything has come to a queue from now on."""
    found: list[object] = []
    drive.received(emulator, url)

    def came() -> bool:
        found.extend(drive.received(emulator, url))
        return bool(found)

    return came
