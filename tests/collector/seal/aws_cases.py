"""What is done to a bucket of log files and digests, and what must come of it."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector import verify
from tests.collector.seal import aws_trails as trails
from tests.collector.seal import standalone
from tests.collector.seal.aws_trails import Objects, digest_key, log_key


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


def flip(body: bytes) -> bytes:
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
        objects=lambda: trails.changed(trails.trail(), log_key(1, 0), flip),
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
