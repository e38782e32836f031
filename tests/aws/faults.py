"""A layer between the clients and AWS in which a process can die, and AWS can fail, at any call."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from botocore.httpsession import URLLib3Session
from moto.core.models import botocore_stubber

Fault = Callable[[str, AWSPreparedRequest], AWSResponse]


@dataclass(kw_only=True)
class Layer:
    """Lies between a session's clients and AWS; `by` is what happens there now, if anything."""

    by: "Crash | Faults | None" = None

    def mount(self, session: boto3.Session) -> boto3.Session:
        session.events.register("before-call", lambda **it: self.by and self.by.before(**it))
        session.events.register("after-call", lambda **it: self.by and self.by.after(**it))
        session.events.register_first("before-send", lambda **it: self.by.send(**it) if self.by else None)
        return session


class CrashError(Exception):
    """The process is gone."""


@dataclass(kw_only=True)
class Crash:
    """The process dies before its call number `number`, counted from 0, or `late`, after it; `calls` were made."""

    number: int
    late: bool
    calls: list[str] = field(default_factory=list)

    def before(self, model: Any, **_: object) -> None:
        self.calls.append(model.name)
        if not self.late and len(self.calls) == self.number + 1:
            raise CrashError

    def after(self, **_: object) -> None:
        if self.late and len(self.calls) == self.number + 1:
            raise CrashError

    def send(self, **_: object) -> None:
        """Let it go."""


@dataclass(kw_only=True)
class Faults:
    """Every call fails with the given probability, each time in one of five ways; `injected` counts them."""

    seed: int
    share: float = 0.1
    injected: Counter[str] = field(default_factory=Counter)
    calls: int = 0

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311  (repeatable, and no secret)

    def before(self, **_: object) -> None:
        """Let it go."""

    after = before

    def send(self, request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse | None:
        self.calls += 1
        if self._chance.random() >= self.share:
            return None
        fault = self._chance.choice([throttled, broken, reset, timed_out, lost])
        self.injected[fault.__name__] += 1
        return fault(event_name, request)


def throttled(_: str, request: AWSPreparedRequest) -> AWSResponse:
    """AWS wants to be asked less."""
    return _answer(request, 400, "ThrottlingException")


def broken(_: str, request: AWSPreparedRequest) -> AWSResponse:
    """AWS is not well."""
    return _answer(request, 500, "InternalServerError")


def reset(_: str, request: AWSPreparedRequest) -> AWSResponse:
    """The request never arrives."""
    raise EndpointConnectionError(endpoint_url=request.url)


def timed_out(event: str, request: AWSPreparedRequest) -> AWSResponse:
    """The request arrives and is carried out; its answer does not come in time."""
    _deliver(event, request)
    raise ReadTimeoutError(endpoint_url=request.url)


def lost(event: str, request: AWSPreparedRequest) -> AWSResponse:
    """The request arrives and is carried out; the connection ends before the answer."""
    _deliver(event, request)
    raise ConnectionClosedError(endpoint_url=request.url)


def _deliver(event: str, request: AWSPreparedRequest) -> None:
    answer = botocore_stubber(event_name=event, request=request)
    if answer is None:
        URLLib3Session().send(request)


def _answer(request: AWSPreparedRequest, status: int, code: str) -> AWSResponse:
    json_body = f'{{"__type": "com.amazonaws#{code}", "message": "injected"}}'
    xml_body = f"<ErrorResponse><Error><Code>{code}</Code><Message>injected</Message></Error></ErrorResponse>"
    is_json = "json" in str(request.headers.get("Content-Type", ""))
    return AWSResponse(request.url, status, {}, _Raw((json_body if is_json else xml_body).encode()))


class _Raw:
    """A body as urllib3 would stream it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: object) -> Any:
        yield self._body
