"""Real servers on loopback, port 0: a provider to collect from, and a proxy that misbehaves."""

import http.client
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "canary-secret-access-key-9f2b"
TOKEN = "canary-session-token-5c1d0a7e"


#: A process of its own, because the provider's state belongs to the process. It binds the port
#: itself and prints it, so that the listener cannot be another's; it ends with its input.
_MOTO = """
import sys
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
assert host == "127.0.0.1"
print(port, flush=True)
sys.stdin.read()
server.stop()
"""


#: The second one, for what the first does not know. It is given a socket that is bound already.
_MINISTACK = """
import asyncio, socket, sys
from hypercorn.asyncio import serve
from hypercorn.config import Config
listener = socket.create_server(("127.0.0.1", 0))
from ministack.app import app
config = Config()
config.bind = [f"fd://{listener.fileno()}"]
config.accesslog = None
print(listener.getsockname()[1], flush=True)
async def ended():
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
asyncio.run(serve(app, config, shutdown_trigger=ended))
"""
_ONLY_HTTP = {"SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0", "CLOUDTRAIL_RECORDING": "1"}


@contextmanager
def moto() -> Iterator[str]:
    """The address of a provider that listens on loopback only."""
    with _child(_MOTO, {}) as url:
        yield url


@contextmanager
def ministack(home: Path) -> Iterator[str]:
    """The address of the second provider, on loopback only; its account is 000000000000."""
    pytest.importorskip("ministack", reason="the second test provider is not installed")
    with _child(_MINISTACK, {**_ONLY_HTTP, "HOME": str(home), "TMPDIR": str(home)}) as url:
        yield url


@contextmanager
def _child(script: str, more: Mapping[str, str]) -> Iterator[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **more},
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    port = child.stdout.readline().strip()
    try:
        if not port:
            pytest.skip(f"the test provider did not start: exit {child.wait(timeout=20)}")
        yield f"http://127.0.0.1:{int(port)}"
    finally:
        child.stdin.close()
        child.wait(timeout=20)
        child.stdout.close()


def environment(url: str, proxy: str, home: Path, **more: str) -> dict[str, str]:
    """What the SDK and butfor read, and nothing of the user's own settings.

    Everything goes through a proxy: s3control puts the account before the host name, and no name
    service knows such a name on loopback.
    """
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": TOKEN,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
        "AWS_CONFIG_FILE": str(home / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "aws-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "2",
        "HTTP_PROXY": proxy,
        "HOME": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
        **more,
    }


class Fault(Enum):
    """What the proxy does to a request instead of passing it on unharmed."""

    SLOW_DOWN = auto()
    TOO_MANY = auto()
    UNAVAILABLE = auto()
    RESET = auto()
    TRUNCATE = auto()
    DENIED = auto()
    EXPIRED = auto()
    REPEAT = auto()


@dataclass(slots=True)
class Passed:
    """One request that reached the proxy."""

    method: str
    path: str
    body: bytes
    fault: Fault | None


@dataclass(slots=True)
class Proxy:
    """A running proxy: where it is, what it saw, and what it does."""

    url: str = ""
    seen: list[Passed] = field(default_factory=list)
    fault: Callable[[int, Passed], Fault | None] = lambda number, passed: None
    delay: float = 0.0
    #: Parameter of a listing -> page size that the provider is asked for instead of its own.
    pages: Mapping[str, int] = field(default_factory=dict)
    #: Target, operation, action or path -> our own answer, where the server behind has none.
    canned: Mapping[str, bytes] = field(default_factory=dict)

    def answered(self) -> list[tuple[str, str, bytes]]:
        """Requests that were answered unharmed."""
        return [(one.method, one.path, one.body) for one in self.seen if one.fault is None]


def listing(path: str) -> str:
    """A request without the token of its page: what all pages of one listing have in common."""
    where, _, query = path.partition("?")
    return f"{where}?" + "&".join(one for one in query.split("&") if not is_token(one))


def is_token(pair: str) -> bool:
    """Whether a parameter of a request says where a listing goes on."""
    name = pair.partition("=")[0]
    return name in ("continuation-token", "key-marker", "version-id-marker")


def paged(path: str, sizes: Mapping[str, int]) -> str:
    """The request with other page sizes."""
    where, _, query = path.partition("?")
    pairs = query.split("&") if query else []
    for name, size in sizes.items():
        if any(one.partition("=")[0] == name for one in pairs):
            kept = [one for one in pairs if not one.startswith(("max-buckets=", "max-keys="))]
            limit = "max-keys" if name == "versions" else name
            pairs = [*kept, f"{limit}={size}"]
    return f"{where}?{'&'.join(pairs)}" if pairs else where


@contextmanager
def proxy(upstream: str) -> Iterator[Proxy]:
    """A forward proxy that sends everything to one server, whatever host it was meant for."""
    state = Proxy()
    lock = threading.Lock()
    target = urlsplit(upstream)
    last: dict[str, tuple[http.client.HTTPResponse, bytes]] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one segment an answer: two wait for each other's acknowledgement
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            where = urlsplit(self.path)
            path = where.path + ("?" + where.query if where.query else "")
            passed = Passed(self.command, path, body, None)
            with lock:
                passed.fault = state.fault(len(state.seen), passed)
                state.seen.append(passed)
            time.sleep(state.delay)
            match passed.fault:
                case Fault.RESET:
                    self.reset()
                case Fault.SLOW_DOWN:
                    self.answer(503, b"<Error><Code>SlowDown</Code></Error>")
                case Fault.TOO_MANY:
                    self.answer(429, b'{"__type": "TooManyRequestsException"}')
                case Fault.DENIED:
                    self.answer(
                        403,
                        b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>",
                    )
                case Fault.EXPIRED:
                    error = b"<Error><Code>ExpiredToken</Code></Error>"
                    query = b"Action=" in body  # that protocol wraps its errors
                    self.answer(
                        400, b"<ErrorResponse>%b</ErrorResponse>" % error if query else error
                    )
                case Fault.UNAVAILABLE:
                    self.answer(503, b"")
                case None if (content := self.canned(body)) is not None:
                    self.answer(200, content)
                case Fault.REPEAT if (before := last.get(listing(path))) is not None:
                    self.pass_on(*before)
                case _:
                    self.forward(path, body, truncate=passed.fault is Fault.TRUNCATE)

        def canned(self, body: bytes) -> bytes | None:
            """Our own answer to an operation that the server behind does not know."""
            target = self.headers.get("X-Amz-Target", "")
            operation = target.rpartition(".")[2]
            action = dict(parse_qsl(body.decode("latin-1"))).get("Action", "")
            named = (target, operation, action, urlsplit(self.path).path)
            return next((state.canned[one] for one in named if one in state.canned), None)

        def forward(self, path: str, body: bytes, *, truncate: bool) -> None:
            assert target.hostname is not None
            connection = http.client.HTTPConnection(target.hostname, target.port, timeout=30)
            headers = {k: v for k, v in self.headers.items() if k.lower() != "proxy-connection"}
            try:
                connection.request(self.command, paged(path, state.pages), body or None, headers)
                answer = connection.getresponse()
                content = answer.read()
            finally:
                connection.close()
            last[listing(path)] = answer, content
            self.pass_on(answer, content, truncate=truncate)

        def pass_on(
            self, answer: http.client.HTTPResponse, content: bytes, *, truncate: bool = False
        ) -> None:
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                    self.send_header(name, value)
            length = answer.getheader("Content-Length")
            self.send_header("Content-Length", length or str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if truncate else content)
            if truncate:
                self.close_connection = True

        def answer(self, status: int, content: bytes) -> None:
            self.send_response_only(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else content)

        def reset(self) -> None:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.connection.close()

        def finish(self) -> None:
            if self.connection.fileno() >= 0:
                super().finish()

        do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = handle_any

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that was killed, or a connection that we reset: both are meant."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
