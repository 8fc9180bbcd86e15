"""A case that the product's own sessions accept, and a local time-stamping authority over HTTP."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from collector import identity
from tests.collector.seal import build

PASSPHRASE = "correct horse"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's configuration folder of its own, and the passphrase in the environment."""
    monkeypatch.setenv("BUTFOR_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("BUTFOR_PASSPHRASE", PASSPHRASE)
    identity.writer.cache_clear()
    return tmp_path / "config"


@pytest.fixture
def case(tmp_path: Path, home: Path) -> Path:
    """Two closed acquisitions, no seal."""
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "case.toml").write_text("format = 1\n")
    build.record(folder, "case.init", {"case": "0" * 32})
    build.acquire(folder, 1, build.FILES[1])
    build.acquire(folder, 2, build.FILES[2])
    return folder


@pytest.fixture(scope="session")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, build.Authority]]:
    """`openssl ts` behind a small HTTP server on loopback: (URL, authority)."""
    if not build.have_openssl():
        pytest.skip("openssl is not installed: no authority can be run")
    authority = build.Authority(tmp_path_factory.mktemp("authority") / "tsa")
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                query = authority.folder / "asked.tsq"
                query.write_bytes(body)
                answer = authority.answer(query)
            html = self.path == "/html"
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if html else "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", authority
        server.shutdown()
        thread.join()
