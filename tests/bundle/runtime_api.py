"""Lambda's Runtime API, as far as the runtime client asks for it, and a fresh process that is run by it."""

import contextlib
import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SECONDS_TO_ANSWER = 60
VERSION = "/2018-06-01/runtime"
CLOSED = object()
"""Instead of an event: no more will come."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a function answered: `kind` is ``response``, ``error`` or ``init error``."""

    kind: str
    body: Any


ENDED = Answer(kind="ended", body=None)


class NoAnswerError(AssertionError):
    """A function ended, or took too long; the message is what it wrote."""


@dataclass(kw_only=True)
class Function:
    """A running function. `init_seconds` are from the start of its process to the first event it asks for."""

    log: Path
    started: float = field(default_factory=time.monotonic)
    events: queue.Queue[Any] = field(default_factory=queue.Queue)
    answers: queue.Queue[Answer] = field(default_factory=queue.Queue)
    init_seconds: float | None = None

    def invoke(self, event: Mapping[str, Any]) -> Answer:
        """The answer to `event`. Raises NoAnswerError."""
        self.events.put(event)
        return self.answer()

    def answer(self) -> Answer:
        """The next answer. Raises NoAnswerError."""
        try:
            answer = self.answers.get(timeout=SECONDS_TO_ANSWER)
        except queue.Empty:
            answer = ENDED
        if answer is ENDED:
            raise NoAnswerError(self.log.read_text())
        return answer


@contextlib.contextmanager
def running(handler: str, path: list[Path], environment: Mapping[str, str], log: Path) -> Iterator[Function]:
    """`handler` under the real runtime client, in a process that can import what lies on `path` and nothing else."""
    function = Function(log=log)
    with serving(_requests(function)) as address, log.open("wb") as out:
        told = {"AWS_LAMBDA_RUNTIME_API": address, **isolated(path), **_lambdas_own(handler), **environment}
        command = [*PYTHON, "-m", "awslambdaric", handler]
        with subprocess.Popen(command, env=told, cwd=path[0], stdout=out, stderr=out) as process:
            threading.Thread(target=_wait, args=(process, function)).start()
            try:
                yield function
            finally:
                process.kill()


def _wait(process: subprocess.Popen[bytes], function: Function) -> None:
    """Let nobody wait for a process that has ended: neither the test nor the server."""
    process.wait()
    function.events.put(CLOSED)
    function.answers.put(ENDED)


PYTHON = [sys.executable, "-S"]
"""Without `site`, so without what is installed beside it."""


def isolated(path: list[Path]) -> dict[str, str]:
    return {"PYTHONPATH": ":".join(map(str, path)), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}


def _lambdas_own(handler: str) -> dict[str, str]:
    return {
        "_HANDLER": handler,
        "AWS_LAMBDA_FUNCTION_NAME": handler.split(".")[-2],
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": "log",
        "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "TZ": ":UTC",
    }


@contextlib.contextmanager
def serving(requests: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A server of `requests` on this machine: its address and port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), requests) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _requests(function: Function) -> type[BaseHTTPRequestHandler]:
    class Requests(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer /invocation/next with the next event, as soon as there is one."""
            if function.init_seconds is None:
                function.init_seconds = time.monotonic() - function.started
            event = function.events.get()
            if event is not CLOSED:
                self._answer(200, json.dumps(event).encode())

        def do_POST(self) -> None:
            """Take /invocation/<id>/response, /invocation/<id>/error or /init/error."""
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            kind = "init error" if self.path.startswith(f"{VERSION}/init/") else self.path.rpartition("/")[2]
            function.answers.put(Answer(kind=kind, body=body))
            self._answer(202, b"{}")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Lambda-Runtime-Aws-Request-Id", "request")
            self.send_header("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0")
            self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + SECONDS_TO_ANSWER) * 1000)))
            self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:f")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):  # the process may end as soon as it has said its last
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Requests
