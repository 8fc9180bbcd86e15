"""`aws cloudtrail validate-logs` as a judge, against a local server with the same objects.

Every failure that it reports is ours too; where it stays silent we are stricter in a fixed list.
Runs where BUTFOR_AWS_CLI names an `aws` in an environment of its own.
"""

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest

from tests.collector.seal import aws_trails as trails
from tests.collector.seal.aws_cases import CASES, Case, both
from tests.collector.seal.aws_trails import Objects


def _cli() -> str:
    program = os.environ.get("BUTFOR_AWS_CLI")
    if program is None:
        pytest.skip("BUTFOR_AWS_CLI does not name an `aws` (in an environment of its own)")
    return program


@contextmanager
def served(objects: Objects, keys: bytes) -> Iterator[str]:
    """A bucket and ListPublicKeys on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = parse_qs(parts.query, keep_blank_values=True)
            path = unquote(parts.path).removeprefix(f"/{trails.BUCKET}").lstrip("/")
            if "location" in query:
                self._say(200, b"<LocationConstraint/>")
            elif not path:
                self._say(200, _listing(objects, query))
            elif path in objects:
                self._say(200, objects[path].body, dict(objects[path].metadata))
            else:
                self._say(404, b"<Error><Code>NoSuchKey</Code><Message>no</Message></Error>")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._say(200, keys)

        def _say(self, status: int, body: bytes, metadata: dict[str, str] | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            for name, value in (metadata or {}).items():
                self.send_header(f"x-amz-meta-{name}", value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def _listing(objects: Objects, query: dict[str, list[str]]) -> bytes:
    prefix, marker = query.get("prefix", [""])[0], query.get("marker", [""])[0]
    encode = quote if query.get("encoding-type") == ["url"] else escape
    rows = "".join(
        f"<Contents><Key>{encode(path)}</Key><Size>1</Size></Contents>"
        for path in sorted(objects)
        if path.startswith(prefix) and path > marker
    )
    kind = "<EncodingType>url</EncodingType>" if "encoding-type" in query else ""
    return (
        f"<ListBucketResult><IsTruncated>false</IsTruncated>{kind}{rows}</ListBucketResult>"
    ).encode()


def validate_logs(program: str, objects: Objects) -> tuple[int, set[str], bool]:
    """(failed digests, names of failed log files, a gap) as the provider's tool reports them."""
    with served(objects, trails.public_keys()) as url:
        done = subprocess.run(
            [
                program, "cloudtrail", "validate-logs", "--trail-arn",
                f"arn:aws:cloudtrail:{trails.REGION}:{trails.ACCOUNT}:trail/{trails.TRAIL}",
                "--start-time", trails.START.strftime(trails.AT), "--end-time",
                (trails.START + timedelta(hours=trails.HOURS + 1)).strftime(trails.AT),
                "--s3-bucket", trails.BUCKET, "--region", trails.REGION, "--endpoint-url", url,
            ],
            env={
                "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_ENDPOINT_URL": url,
                "AWS_EC2_METADATA_DISABLED": "true", "PATH": os.environ["PATH"], "HOME": "/",
            },
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
    text = done.stderr + done.stdout
    assert "Results requested" in text, text
    failed = set(re.findall(r"^Log file\ts3://[^/]+/(\S+)\tINVALID", text, re.MULTILINE))
    digests = re.findall(r"Digest file\ts3://\S+\tINVALID", text)
    return len(digests), failed, "No log files were delivered" in text


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_against_the_provider_s_own_tool(case: Case, tmp_path: Path) -> None:
    """Each failure of theirs is ours; where they are silent and we are not is a fixed list."""
    program = _cli()
    objects = case.objects()
    digests, logs, gap = validate_logs(program, objects)
    end = trails.START + timedelta(hours=trails.HOURS, minutes=30)
    held = trails.hold(tmp_path / "case", objects, keys=trails.public_keys(), delivered=end)
    ours = both(held)["provider"]["aws"]
    counts = ours["digests"]
    assert digests <= counts["invalid"] + counts["missing"] + counts["unchecked"]
    bad = {
        row["name"].removeprefix(f"s3://{trails.BUCKET}/")
        for row in ours["files"]
        if row["status"] in ("invalid", "missing")
    }
    assert logs <= bad
    assert gap == ("provider-gap" in case.checks)
    silent = not digests and not logs and not gap
    if case.stricter is not None:
        assert silent == (case.stricter or not case.checks)
