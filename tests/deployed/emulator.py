"""ministack as a fixture: HTTPS, IAM enforced, an account of its own, and nothing of the real environment.

ministack pins another botocore than the project and runs functions in its own interpreter, so it lives in a virtual
environment of its own, which the Makefile makes.
"""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.session import Session as BotocoreSession
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.deployed.access_analyzer import FakeAccessAnalyzer, RegionAnswers
from tests.deployed.beside import Said

_ROOT = Path(__file__).parents[2]
_PYTHON = _ROOT / ".venv" / "emulator" / "bin" / "python"
_HOST = "127.0.0.1"
_SECRET = "emulated"
_READY_WITHIN = 60.0


@dataclass(frozen=True, kw_only=True)
class Call:
    """A decision of the emulator's IAM enforcement."""

    principal: str
    action: str
    resource: str
    allowed: bool

    @property
    def role(self) -> str:
        """The name of the role that called, of its session or of the role itself; of others, what follows the slash."""
        parts = self.principal.split(":")[-1].split("/")
        return parts[1] if parts[0] == "assumed-role" else parts[-1]


@dataclass(frozen=True, kw_only=True)
class Emulator:
    """A running ministack; `env` is the whole environment of a process that shall see nothing else."""

    url: str
    account: str
    region: str
    env: Mapping[str, str]
    state: Path

    @cached_property
    def session(self) -> boto3.Session:
        """A session of the account's root, whatever the environment of this process says."""
        nothing = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
        core = BotocoreSession(session_vars={**nothing, "profile": (None, None, None, None)})
        key = self.env["AWS_ACCESS_KEY_ID"]
        return boto3.Session(aws_access_key_id=key, aws_secret_access_key=_SECRET, botocore_session=core)

    def of(self, account: str) -> "Emulator":
        """The same as the root of another account sees it."""
        return replace(self, account=account, env={**self.env, "AWS_ACCESS_KEY_ID": account})

    def client(self, service: str, region: str | None = None) -> Any:
        """Make a boto3 client of the account's root."""
        return self.session.client(service, **self._reached(region))

    def table(self, name: str) -> Any:
        """Make a boto3 Table of the account's root."""
        return self.session.resource("dynamodb", **self._reached()).Table(name)

    def _reached(self, region: str | None = None) -> dict[str, Any]:
        return {
            "region_name": region or self.region,
            "endpoint_url": self.url,
            "verify": self.env["AWS_CA_BUNDLE"],
            "config": Config(proxies={}),
        }

    def set_access_analyzer(self, regions: Mapping[str, RegionAnswers]) -> None:
        """Replace what Access Analyzer answers; raises `WrongFakeError` for what AWS cannot say."""
        FakeAccessAnalyzer(regions)
        _write(self.state / "access-analyzer.json", json.dumps(regions, default=datetime.isoformat))

    def set_beside(self, said: Iterable[Said]) -> None:
        """Replace what is answered instead of the emulator."""
        _write(self.state / "beside.json", json.dumps([it.plain() for it in said]))

    def set_account_states(self, states: Mapping[str, str]) -> None:
        """Replace what Organizations says of the states of accounts, by their ids; of others it says the status."""
        _write(self.state / "account-states.json", json.dumps(states))

    @contextmanager
    def created_ago(self, age: timedelta) -> Iterator[None]:
        """Date the IAM users, keys, roles and policies that are created meanwhile into the past."""
        _write(self.state / "iam-age", str(age.total_seconds()))
        try:
            yield
        finally:
            _write(self.state / "iam-age", "0")

    def calls(self) -> tuple[Call, ...]:
        """Return the decisions of the IAM enforcement until now, oldest first; of repeated allowances the first."""
        lines = (self.state / "calls.jsonl").read_text().splitlines()
        return tuple(Call(**json.loads(line)) for line in lines)


@contextmanager
def running(
    *, account: str = "111122223333", region: str = "eu-west-1", authority: Path | None = None
) -> Iterator[Emulator]:
    """Run ministack until the block ends; its state and its functions go with it.

    Its functions trust the certificates of `authority` (a file) instead of the system's, except of AWS. Raises
    `RuntimeError` with the log if it does not become ready.
    """
    state = Path(tempfile.mkdtemp(prefix="emulator-"))
    try:
        emulator = _prepare(state, account, region)
        with _process(emulator, authority) as process:
            _await_ready(emulator, process)
            yield emulator
    finally:
        shutil.rmtree(state, ignore_errors=True)


def _prepare(state: Path, account: str, region: str) -> Emulator:
    (state / "tmp").mkdir()
    _write(state / "iam-age", "0")
    _write(state / "access-analyzer.json", "{}")
    _write(state / "beside.json", "[]")
    _write(state / "account-states.json", "{}")
    _write(state / "calls.jsonl", "")
    _certify(state)
    url = f"https://{_HOST}:{free_port()}"
    env = _sealed(os.environ) | {
        "AWS_ENDPOINT_URL": url,
        "AWS_CA_BUNDLE": str(state / "cert.pem"),
        "NODE_EXTRA_CA_CERTS": str(state / "cert.pem"),
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": _SECRET,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": _HOST,
        "no_proxy": _HOST,
    }
    return Emulator(url=url, account=account, region=region, env=env, state=state)


def _sealed(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.startswith(("AWS_", "CDK_"))}


@contextmanager
def _process(emulator: Emulator, authority: Path | None) -> Iterator[subprocess.Popen[bytes]]:
    """Run the launcher in a process group of its own and kill the group, which holds the functions too."""
    command = [str(_PYTHON), "-m", "tests.deployed.launcher", str(emulator.state)]
    with (emulator.state / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=_ROOT,
            env=_server_env(emulator) | ({"SSL_CERT_FILE": str(authority)} if authority else {}),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def _server_env(emulator: Emulator) -> dict[str, str]:
    """Return the environment of ministack, which its functions inherit."""
    cert, key = str(emulator.state / "cert.pem"), str(emulator.state / "key.pem")
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "TMPDIR": str(emulator.state / "tmp"),
        "AUTH": "true",
        "USE_SSL": "1",
        "BIND_HOST": _HOST,
        "GATEWAY_PORT": emulator.url.rpartition(":")[2],
        "MINISTACK_HOST": _HOST,
        "MINISTACK_ACCOUNT_ID": emulator.account,
        "MINISTACK_REGION": emulator.region,
        "MINISTACK_SSL_CERT": cert,
        "MINISTACK_SSL_KEY": key,
        "AWS_ACCESS_KEY_ID": emulator.account,
        "AWS_SECRET_ACCESS_KEY": _SECRET,
        "AWS_CA_BUNDLE": cert,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SFN_WAIT_SCALE": "0",
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0",
    }


def _await_ready(emulator: Emulator, process: subprocess.Popen[bytes]) -> None:
    context = ssl.create_default_context(cafile=emulator.env["AWS_CA_BUNDLE"])
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    deadline = time.monotonic() + _READY_WITHIN
    while process.poll() is None and time.monotonic() < deadline:
        try:
            opener.open(f"{emulator.url}/_ministack/ready", timeout=5).close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"ministack is not ready:\n{(emulator.state / 'log').read_text()}")


def free_port() -> int:
    """Return a port of this machine that nobody listens at now."""
    with socket.create_server((_HOST, 0)) as server:
        return int(server.getsockname()[1])


def _certify(state: Path) -> None:
    """Write a certificate for the host, which is its own authority, to `cert.pem` and its key to `key.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "emulator")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(_HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (state / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (state / "key.pem").write_bytes(private)


def _write(path: Path, text: str) -> None:
    """Write a file that the emulator may be reading."""
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(path)
