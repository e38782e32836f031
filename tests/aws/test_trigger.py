"""What a run is told of what went wrong."""

import pytest

from auditor.handlers.trigger import Summary, Task

ID = "5f1c2b3a-0000-4000-8000-000000000001"
SAID = {
    "an error of ours": (
        'RosterError: {"errorMessage":"no \\"unit\\" ou-1","errorType":"RosterError","stackTrace":["a","b"]}',
        'RosterError: no "unit" ou-1',
    ),
    "cut off": (
        'Runtime.HandlerError: {"errorMessage": "ListRoots: AccessDe',
        "Runtime.HandlerError: ListRoots: AccessDe",
    ),
    "a timeout": (
        f'Sandbox.Timedout: {{"errorMessage":"RequestId: {ID} Error: Task timed out after 900.00 seconds"}}',
        "Sandbox.Timedout: Task timed out after 900.00 seconds",
    ),
    "an older timeout": (
        f'Sandbox.Timedout: {{"errorMessage":"2026-11-28T06:15:00.123Z {ID} Task timed out after 900.00 seconds"}}',
        "Sandbox.Timedout: Task timed out after 900.00 seconds",
    ),
    "of Step Functions": ("States.Timeout: too late", "States.Timeout: too late"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("said", "told"), SAID.values(), ids=SAID)
def test_error_is_told_in_words_that_are_the_same_every_day(said: str, told: str) -> None:
    assert Summary(error=said).error == told
    assert Task(reason=said).reason == told
