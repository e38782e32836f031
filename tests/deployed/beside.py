"""What an emulator is lacking, said as it stands: whole answers of AWS, found by what a request asks for.

`speaking` makes them in the project's interpreter; here they are only found and handed over, in the emulator's too.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qs

SCOPE = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")


@dataclass(frozen=True, kw_only=True)
class Said:
    """An HTTP answer, and what it answers: an operation of a service (as it is signed), by its method and path.

    `region` is empty for an answer that is the same in all Regions that have none of their own.
    """

    service: str
    operation: str
    region: str
    method: str
    path: str
    status: int
    headers: dict[str, str]
    body: bytes

    def plain(self) -> dict[str, Any]:
        """The same in JSON values."""
        return {**asdict(self), "body": b64encode(self.body).decode()}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Said":
        """What `plain` has made of it."""
        return cls(**{**plain, "body": b64decode(plain["body"])})


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def operation(self) -> str:
        """The operation that the request names; empty where only its method and path tell it."""
        named = parse_qs(self.body.decode(errors="replace")).get("Action", [""])
        return self.headers.get("x-amz-target", "").rpartition(".")[2] or named[0]


def find(said: Iterable[Said], request: Request) -> Said | None:
    """The answer to a request: that of its Region, or else that of all Regions."""
    scope = SCOPE.search(request.headers.get("authorization", ""))
    if scope is None:
        return None
    found = {
        it.region: it
        for it in said
        if it.service == scope["service"]
        and it.region in ("", scope["region"])
        and (request.operation or f"{request.method} {request.path.rstrip('/')}")
        == (it.operation if request.operation else f"{it.method} {it.path.rstrip('/')}")
    }
    return found.get(scope["region"]) or found.get("")
