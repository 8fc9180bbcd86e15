"""CloudTrail digests: good, altered, deleted, re-ordered and re-signed; three judges.

Ours, the stand-alone verifier's (same report), and, where it is there, `aws cloudtrail
validate-logs` against a local server with the same objects and keys: every failure that it reports
is ours too, and where it stays silent we are stricter in a fixed list.
"""

import gzip
import hashlib
import json
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest

from collector import verify
from tests.collector.seal import aws_trails as trails
from tests.collector.seal import standalone
from tests.collector.seal.aws_trails import Objects, digest_key, log_key

NAMES = {"digests", "logs"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing done to a bucket, and what must come of it.

    Attributes:
        name: of the test.
        objects: the bucket afterwards.
        checks: words of our discrepancies, in order of report.
        logs: our tally (valid, invalid, missing, not covered).
        stricter: whether `validate-logs` finds nothing here; None if that is so in some versions.
    """

    name: str
    objects: Callable[[], Objects]
    checks: tuple[str, ...]
    logs: tuple[int, int, int, int]
    stricter: bool | None = False


def _resign(hour: int, **changes: Any) -> Objects:
    """One digest changed and signed again by the trail's own key (as only the provider could)."""
    good = trails.trail()
    digest = {**trails.content(good[digest_key(hour)]), **changes}
    return {**good, digest_key(hour): trails.sign(digest)}


def _sha1() -> Objects:
    good = trails.trail()
    newest = digest_key(trails.HOURS - 1)
    return {**good, newest: trails.sign(trails.content(good[newest]), sha1=True)}


def _foreign() -> Objects:
    """The newest digest signed by somebody else, under the fingerprint of the trail's key."""
    good = trails.trail()
    newest = digest_key(trails.HOURS - 1)
    return {**good, newest: trails.sign(trails.content(good[newest]), number=1)}


def _swapped() -> Objects:
    """Two log files exchanged."""
    good = trails.trail()
    one, two = log_key(1, 0), log_key(1, 1)
    return {**good, one: good[two], two: good[one]}


def _reordered() -> Objects:
    """Two digests exchanged: each lies where the other was delivered."""
    good = trails.trail()
    one, two = digest_key(1), digest_key(2)
    return {**good, one: good[two], two: good[one]}


def _flip(body: bytes) -> bytes:
    altered = bytearray(gzip.decompress(body))
    altered[20] ^= 1
    return gzip.compress(bytes(altered), mtime=0)


def _drop_log(hour: int) -> Objects:
    """A validly signed digest that lists one log less; its successor still has the old hash."""
    logs = trails.content(trails.trail()[digest_key(hour)])["logFiles"]
    return _resign(hour, logFiles=logs[:1])


def _inserted() -> Objects:
    good = trails.trail()
    path = log_key(2, 0).replace("Abc20xyz", "Forged")
    return {**good, path: trails.Stored(gzip.compress(b'{"Records":[]}', mtime=0))}


_MEMBER = gzip.compress(b'{"more":1}', mtime=0)
LAST = trails.HOURS - 1

CASES = (
    Case(name="good", objects=trails.trail, checks=(), logs=(10, 0, 0, 0)),
    Case(
        name="log altered",
        objects=lambda: trails.changed(trails.trail(), log_key(1, 0), _flip),
        checks=("provider-log",),
        logs=(9, 1, 0, 0),
    ),
    Case(
        name="log with a gzip member appended",
        objects=lambda: trails.changed(trails.trail(), log_key(1, 0), lambda b: b + _MEMBER),
        checks=("provider-log",),
        logs=(9, 1, 0, 0),
        stricter=None,
    ),
    Case(
        name="log cut off",
        objects=lambda: trails.changed(trails.trail(), log_key(1, 0), lambda b: b[:-12]),
        checks=("provider-log",),
        logs=(9, 1, 0, 0),
    ),
    Case(
        name="logs exchanged",
        objects=_swapped,
        checks=("provider-log", "provider-log"),
        logs=(8, 2, 0, 0),
    ),
    Case(
        name="log deleted",
        objects=lambda: trails.without(trails.trail(), log_key(1, 0)),
        checks=("provider-log-missing",),
        logs=(9, 0, 1, 0),
    ),
    Case(
        name="log inserted",
        objects=_inserted,
        checks=("provider-log-unlisted",),
        logs=(10, 0, 0, 1),
        stricter=True,
    ),
    Case(
        name="digest altered",
        objects=lambda: trails.changed(trails.trail(), digest_key(2), _alter_digest),
        checks=("provider-chain", "provider-digest"),
        logs=(8, 0, 0, 2),
    ),
    Case(
        name="digest is not JSON",
        objects=lambda: trails.changed(
            trails.trail(), digest_key(2), lambda _: gzip.compress(b"{", mtime=0)
        ),
        checks=("provider-digest",),
        logs=(8, 0, 0, 2),
    ),
    Case(
        name="digest with a gzip member appended",
        objects=lambda: trails.changed(trails.trail(), digest_key(2), lambda b: b + _MEMBER),
        checks=("provider-digest",),
        logs=(8, 0, 0, 2),
        stricter=True,
    ),
    Case(
        name="digest deleted",
        objects=lambda: trails.without(trails.trail(), digest_key(2)),
        checks=("provider-digest-missing",),
        logs=(8, 0, 0, 2),
    ),
    Case(
        name="two adjacent digests deleted",
        objects=lambda: trails.without(trails.trail(), digest_key(1), digest_key(2)),
        checks=("provider-digest-missing",),
        logs=(6, 0, 0, 4),
    ),
    Case(
        name="digests exchanged",
        objects=_reordered,
        checks=("provider-digest", "provider-digest"),
        logs=(6, 0, 0, 4),
    ),
    Case(
        name="newest digest deleted",
        objects=lambda: trails.without(trails.trail(), digest_key(LAST)),
        checks=("provider-end",),
        logs=(8, 0, 0, 2),
        stricter=True,
    ),
    Case(
        name="newest digest signed by another key",
        objects=_foreign,
        checks=("provider-digest",),
        logs=(8, 0, 0, 2),
    ),
    Case(
        name="newest digest signed with SHA-1",
        objects=_sha1,
        checks=("provider-digest",),
        logs=(8, 0, 0, 2),
        stricter=True,
    ),
    Case(
        name="whole chain under a key that is not archived",
        objects=lambda: trails.trail(number=1),
        checks=("provider-key",) * 5,
        logs=(0, 0, 0, 10),
    ),
    Case(
        name="validly signed replacement, its successor disagrees",
        objects=lambda: _drop_log(2),
        checks=("provider-chain", "provider-log-unlisted"),
        logs=(9, 0, 0, 1),
        stricter=True,
    ),
    Case(
        name="validation off for an hour",
        objects=lambda: trails.trail(restart_at=2),
        checks=("provider-gap",),
        logs=(8, 0, 0, 2),
    ),
)


def _alter_digest(body: bytes) -> bytes:
    content = gzip.decompress(body).replace(b"SHA-256", b"SHA-257", 1)
    return gzip.compress(content, mtime=0)


def both(case: Path) -> dict[str, Any]:
    """Our report, after the stand-alone verifier came to the same."""
    report = verify.run(case).as_data()
    assert standalone.run(case, verify.Trust()) == report
    return report


def judged(report: dict[str, Any]) -> tuple[tuple[str, ...], tuple[int, int, int, int]]:
    """(checks, tally of log files) of a report."""
    rows = sorted(one["check"] for one in report["wrong"] + report["unchecked"])
    logs = report["provider"]["aws"]["logs"]
    return tuple(rows), tuple(logs[name] for name in ("valid", "invalid", "missing", "not covered"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_verdicts(case: Case, tmp_path: Path) -> None:
    end = trails.START + timedelta(hours=trails.HOURS, minutes=30)
    held = trails.hold(tmp_path / "case", case.objects(), keys=trails.public_keys(), delivered=end)
    report = both(held)
    assert judged(report) == (case.checks, case.logs)
    assert sum(case.logs) == len(report["provider"]["aws"]["files"])


def test_two_adjacent_digests_are_counted_as_two(tmp_path: Path) -> None:
    objects = trails.without(trails.trail(), digest_key(1), digest_key(2))
    report = both(trails.hold(tmp_path / "case", objects, keys=trails.public_keys()))
    assert report["provider"]["aws"]["digests"]["missing"] == 2
    assert "2 digests for 2026-01-02T04:00:00Z to 2026-01-02T06:00:00Z" in str(report["unchecked"])


def test_every_log_is_named(tmp_path: Path) -> None:
    """valid, invalid, missing, not covered: each with its reason and its item."""
    objects = trails.without(trails.trail(restart_at=2), log_key(0, 1))
    objects = trails.changed(objects, log_key(1, 0), _flip)
    report = both(trails.hold(tmp_path / "case", objects, keys=trails.public_keys()))
    files = {row["name"]: row for row in report["provider"]["aws"]["files"]}
    assert files[f"s3://{trails.BUCKET}/{log_key(0, 1)}"]["status"] == "missing"
    assert files[log_key(1, 0)]["status"] == "invalid"
    assert files[log_key(2, 0)]["status"] == "not covered"
    assert files[log_key(3, 0)]["reason"] == "as delivered"
    assert files[log_key(3, 0)]["item"].startswith("EV-1.f")


def test_metadata_lost_in_a_hand_over(tmp_path: Path) -> None:
    """Each signature comes from the next digest; only the newest stays unchecked."""
    held = trails.hold(
        tmp_path / "case",
        trails.trail(),
        keys=trails.public_keys(),
        collected=False,
        metadata=False,
    )
    report = both(held)
    assert judged(report) == (("provider-signature",), (8, 0, 0, 2))
    assert report["wrong"] == []
    assert report["provider"]["aws"]["chains"][0]["end"] == "not established"


def test_keys_handed_over_as_a_file(tmp_path: Path) -> None:
    objects = {**trails.trail(), "keys.json": trails.Stored(trails.public_keys())}
    assert judged(both(trails.hold(tmp_path / "case", objects, keys=None))) == ((), (10, 0, 0, 0))


def test_fingerprint_is_recomputed(tmp_path: Path) -> None:
    """A key archived under the fingerprint of another one is not taken for it."""
    body = json.loads(trails.public_keys(1))
    body["PublicKeyList"][0]["Fingerprint"] = trails.public(0)[0]
    held = trails.hold(tmp_path / "case", trails.trail(), keys=json.dumps(body).encode())
    assert judged(both(held))[0] == ("provider-key",) * 5


def test_log_received_inflated(tmp_path: Path) -> None:
    objects = trails.changed(trails.trail(), log_key(1, 0), gzip.decompress)
    report = both(trails.hold(tmp_path / "case", objects, keys=trails.public_keys()))
    assert judged(report) == ((), (10, 0, 0, 0))
    reasons = [row["reason"] for row in report["provider"]["aws"]["files"]]
    assert reasons.count("content valid, container not as delivered") == 1


def test_no_digest_at_all(tmp_path: Path) -> None:
    """Log files without digests are not covered; that is no discrepancy."""
    good = trails.trail()
    objects = {path: one for path, one in good.items() if "Digest" not in path}
    report = both(trails.hold(tmp_path / "case", objects, keys=None))
    assert judged(report) == ((), (0, 0, 0, 10))
    assert report["exit"] == 0


def test_backfill_and_organization_are_chains_of_their_own(tmp_path: Path) -> None:
    good = trails.trail()
    digest = trails.content(good[digest_key(1)])
    path = digest_key(1, "_backfill")
    moved = path.replace("AWSLogs/", "AWSLogs/o-abc/")
    extra = {
        path: trails.sign({**digest, "digestS3Object": path}),
        moved: trails.sign({**digest, "digestS3Object": moved}),
    }
    report = both(trails.hold(tmp_path / "case", {**good, **extra}, keys=trails.public_keys()))
    chains = [row["chain"] for row in report["provider"]["aws"]["chains"]]
    assert len(chains) == 3
    assert sum("backfill" in chain for chain in chains) == 2
    assert sum("o-abc" in chain for chain in chains) == 1


def test_resigned_with_swapped_keys_is_not_seen(tmp_path: Path) -> None:
    """Undetectable, and said: the other side calls ListPublicKeys himself."""
    held = trails.hold(tmp_path / "case", trails.trail(number=1), keys=trails.public_keys(1))
    assert judged(both(held)) == ((), (10, 0, 0, 0))


# --- the provider's own tool as a judge ----------------------------------------------------------


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


def test_nothing_is_stricter_unawares() -> None:
    """The list of evidence.md, as far as it can be told apart from a count."""
    assert {case.name for case in CASES if case.stricter is not False} == {
        "digest with a gzip member appended",
        "log with a gzip member appended",
        "log inserted",
        "newest digest deleted",
        "newest digest signed with SHA-1",
        "validly signed replacement, its successor disagrees",
    }


def test_trail_is_reproducible() -> None:
    """RSA PKCS#1 v1.5 has no randomness: the same trail twice is the same bytes."""
    one, two = trails.trail(), trails.trail()
    assert {path: hashlib.sha256(item.body).hexdigest() for path, item in one.items()} == {
        path: hashlib.sha256(item.body).hexdigest() for path, item in two.items()
    }
    assert replace(one[digest_key(0)]) == two[digest_key(0)]
