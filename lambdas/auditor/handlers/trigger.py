"""What a run and its audits are started with."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator

from auditor.aws.source import Moment
from auditor.core.roster import Work
from auditor.settings.words import AccountId

REQUEST = re.compile(
    r"(?:\d{4}-\d\d-\d\dT[\d:.]+Z )?(?:RequestId: )?\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b ?(?:Error: )?"
)
"""What is another one each time: the same failure shall read the same every day."""

PLACEHOLDER = "<aws.scheduler."


CAUSE = re.compile(r'\{.*?"errorMessage": ?"((?:[^"\\]|\\.)*).*', re.DOTALL)
"""The cause of a function's error, which may have been cut anywhere."""


def _filled_in(value: Any) -> Any:
    """A schedule that is tried out by hand leaves its placeholder as it is."""
    return None if isinstance(value, str) and value.startswith(PLACEHOLDER) else value


def _in_words(error: Any) -> Any:
    """An error as Step Functions tells it, without the JSON that the function's part of it is."""
    if not isinstance(error, str):
        return error
    return re.sub(REQUEST, "", re.sub(CAUSE, lambda found: _plain(found[1]), error))


def _plain(text: str) -> str:
    """A JSON string's text, on one line."""
    return re.sub(r"\\(.)", lambda escaped: " " if escaped[1] in "nrt" else escaped[1], text)


class Trigger(BaseModel):
    """`now` sets the audit's clock, for a run that can be repeated."""

    now: Annotated[Moment | None, BeforeValidator(_filled_in)] = None

    def clock(self, now: datetime) -> datetime:
        """The audit's clock, which is no later than `now`.

        One that is fast would make everything that is seen later count as old, so it is not believed.
        """
        return min(self.now or now, now).replace(microsecond=0)


class Task(Trigger):
    """What is to be done about one account of a `run`; without an account, an audit of the function's own.

    `organization` is what the run was told of the account, with where it lies.
    """

    account: AccountId | None = None
    work: Work = Work.AUDIT
    reason: Annotated[str, BeforeValidator(_in_words)] = ""
    run: str | None = None
    organization: dict[str, Any] | None = None


class Summary(Trigger):
    """The end of a run; `run` is None if it was not even planned, `error` why it broke off."""

    run: str | None = None
    error: Annotated[str, BeforeValidator(_in_words)] = ""
