"""CloudTrail digests: good, altered, deleted, re-ordered, re-signed; both verifiers agree."""

import gzip
import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.collector.seal import aws_trails as trails
from tests.collector.seal.aws_cases import CASES, Case, both, flip, judged
from tests.collector.seal.aws_trails import digest_key, log_key


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
    objects = trails.changed(objects, log_key(1, 0), flip)
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
