"""Access to one account."""

import math
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self, TypeVar, cast

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader

from auditor.aws.errors import LateError
from auditor.aws.told import Told
from auditor.core.evidence import Refresh
from auditor.core.model import Owner, Unavailable

GLOBAL_CONFIG = Config(retries={"mode": "adaptive", "max_attempts": 8}, connect_timeout=5, read_timeout=60)
REGIONAL_CONFIG = Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=5, read_timeout=20)
"""A Region that does not answer must not hold up the others for long."""

_MODELS = Loader()
"""What botocore reads of how AWS's services are spoken to, for all sessions of the process: reading it again takes as
long as an account's clients otherwise take together. Nothing in it is an account's."""

OUT_OF_TIME = Unavailable(reason=LateError.fmt)

T = TypeVar("T")


@dataclass
class Calls:
    """How many requests a session has made of AWS, repeated ones too."""

    count: int = 0

    def listen(self, session: boto3.Session) -> None:
        """Count what the session's clients ask from now on."""
        session.events.register("before-send", self._one_more)

    def _one_more(self, **_: Any) -> None:
        self.count += 1


@dataclass(frozen=True, kw_only=True)
class Aws:
    """One account as its credentials see it. `now` is the audit's clock.

    `pause` waits for a number of seconds, of which `elapsed` tells how many have gone by since some moment; once it
    tells more than `until`, nothing more is asked. `memory` holds what two sources ask alike; it lasts as long as the
    audit and is no part of the evidence. `told` is what the organization said of the account beforehand.
    """

    session: boto3.Session
    owner: Owner
    now: datetime
    pause: Callable[[float], None] = time.sleep
    memory: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    elapsed: Callable[[], float] = time.monotonic
    until: float = math.inf
    refresh: Refresh = field(default_factory=Refresh)
    told: Told | None = None
    calls: Calls = field(default_factory=Calls, compare=False)

    @property
    def late(self) -> bool:
        """Whether there is no time left to ask."""
        return self.elapsed() > self.until

    def ensure_time(self) -> None:
        """Raise LateError if there is no time left to ask."""
        if self.late:
            raise LateError

    def within(self, seconds: float) -> Self:
        """The same account, asked for so many seconds from now on."""
        return replace(self, until=self.elapsed() + seconds)

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client of `service`; of the session's own Region unless `region` is given."""
        config = REGIONAL_CONFIG if region else GLOBAL_CONFIG
        return self.session.client(service, region_name=region, config=config)

    def once(self, question: Hashable, ask: Callable[[], T]) -> T:
        """What `ask` brings the first time that this question comes up."""
        if question not in self.memory:
            self.memory[question] = ask()
        return cast("T", self.memory[question])


def new_session(**given: str) -> boto3.Session:
    """A boto3 session, which takes what boto3.Session takes."""
    core = botocore.session.get_session()
    core.register_component("data_loader", _MODELS)
    session = boto3.Session(botocore_session=core, **given)
    _MODELS.search_paths[:] = dict.fromkeys(_MODELS.search_paths)  # boto3 adds its own, each time
    return session


def connect(session: boto3.Session, now: datetime) -> Aws:
    """The account that the session's credentials belong to; its partition comes from the caller's ARN.

    Raises botocore's errors if there are no credentials or they are refused.
    """
    calls = Calls()
    calls.listen(session)
    identity = session.client("sts", config=REGIONAL_CONFIG).get_caller_identity()
    partition = identity["Arn"].split(":")[1]
    return Aws(session=session, owner=Owner(account=identity["Account"], partition=partition), now=now, calls=calls)
