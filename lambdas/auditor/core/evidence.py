"""Evidence: what was asked of AWS and what it answered, before anything is read into it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from auditor.core.model import Gaps, Owner, Unavailable


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A source's answer as plain JSON values (text for the credential report), and as of when it is true.

    `gaps` names the Regions that gave no answer.
    """

    raw: Any
    as_of: datetime
    gaps: Gaps = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Refresh:
    """How what costs calls for each principal is spread over the runs.

    A run asks `a_run` principals at most, none if it is 0; an answer is taken for true until it is `after` old.
    """

    a_run: int = 200
    after: timedelta = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All answers about one account by source name. A source that is not in `answers` was not asked."""

    owner: Owner
    gathered_at: datetime
    answers: Mapping[str, Answer | Unavailable]
