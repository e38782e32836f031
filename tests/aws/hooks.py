"""A webhook on this machine: a real HTTPS server with a certificate of its own."""

import ipaddress
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What it answers; None as the status hangs up instead, and `silent` keeps the sender waiting until it has gone."""

    status: int | None = 200
    body: bytes = b"ok"
    headers: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False


@dataclass(kw_only=True)
class Hook:
    """The server: `requests` are those it got, as method, path and body; the certificate is in the file `authority`."""

    port: int
    authority: Path
    answer: Answer = field(default_factory=Answer)
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str) -> str:
        return f"https://{HOST}:{self.port}{path}"

    def reset(self) -> None:
        """As new, and whoever was kept waiting is let go."""
        self.gone.set()
        self.answer, self.requests, self.types, self.gone = Answer(), [], [], threading.Event()


@contextmanager
def running(folder: Path) -> Iterator[Hook]:
    """The server, while the block runs; its certificate and key go into `folder`."""
    certificate, key = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    hook = Hook(port=0, authority=certificate)
    server = _Server((HOST, 0), _requests(hook))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    hook.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hook
    finally:
        hook.reset()
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A sender that has gone is no news."""


def _requests(hook: Hook) -> type[BaseHTTPRequestHandler]:
    class Requests(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer, gone = hook.answer, hook.gone
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.requests.append((self.command, self.path, body))
            hook.types.append(self.headers["Content-Type"])
            if answer.silent:
                gone.wait(30)
            elif answer.status is not None:
                self._answer(answer.status, answer)

        def do_GET(self) -> None:
            hook.requests.append((self.command, self.path, b""))
            self._answer(200, Answer())

        def _answer(self, status: int, answer: Answer) -> None:
            self.send_response(status)
            for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Requests


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A new certificate for this machine that vouches for itself, and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "webhook")])
    now, day = datetime.now(tz=UTC), timedelta(days=1)
    made = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, secret
