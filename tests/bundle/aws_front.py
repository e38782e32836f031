"""moto, what is answered beside it, and the fake Access Analyzer behind one HTTP endpoint.

It is for processes that cannot be patched.
"""

import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from moto.core.botocore_stubber import BotocoreStubber

from tests.deployed.access_analyzer import FakeAccessAnalyzer
from tests.deployed.beside import SCOPE, Request, Said, find

ONE_AT_A_TIME = threading.Lock()
"""moto's state is not for two threads."""


def requests(analyzers: FakeAccessAnalyzer, beside: Sequence[Said]) -> type[BaseHTTPRequestHandler]:
    """Answers as AWS would; what a request is for says its signature. moto must be in force."""

    class Requests(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # S3's client waits a second for the "100 Continue" that 1.0 lacks

        def do_GET(self) -> None:
            """Answer one request of any method."""
            found = SCOPE.search(self.headers.get("Authorization", ""))
            assert found is not None, f"not signed: {self.path}"
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with ONE_AT_A_TIME:
                self._answer(*self._told(found["service"], found["region"], body))

        do_POST = do_PUT = do_GET  # noqa: N815  (http.server names them)

        def _told(self, service: str, region: str, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
            url, headers = urlsplit(self.path), {name.lower(): value for name, value in self.headers.items()}
            if service == "access-analyzer":
                it = analyzers.answer(region, self.command, url.path, parse_qs(url.query), body)
                return it.status, it.headers, it.body
            told = find(beside, Request(method=self.command, path=url.path, headers=headers, body=body))
            return (told.status, told.headers, told.body) if told else self._moto(_host(service, region), body)

        def _moto(self, host: str, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
            headers = HTTPHeaders()
            for name, value in self.headers.items():
                headers[name] = host if name == "Host" else value
            request = AWSPreparedRequest(self.command, f"https://{host}{self.path}", headers, body, stream_output=False)
            answer = BotocoreStubber().process_request(request)
            assert answer is not None, f"moto does not know {host}"
            status, answered, text = answer
            return status, answered, text.encode() if isinstance(text, str) else text

        def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in {"content-length", "date", "server", "transfer-encoding"}:
                    self.send_header(name, str(value))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Requests


def _host(service: str, region: str) -> str:
    return "iam.amazonaws.com" if service == "iam" else f"{service}.{region}.amazonaws.com"
