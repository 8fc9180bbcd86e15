"""A bucket handed over as an archive: digests and log files inside are judged like loose ones."""

import bz2
import gzip
import io
import lzma
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector import verify
from tests.collector.seal import aws_trails as trails
from tests.collector.seal import standalone, tamper_acts
from tests.collector.seal.aws_cases import both, flip, judged
from tests.collector.seal.aws_trails import Objects, Stored, digest_key, log_key

LAST = trails.HOURS - 1


def zipped(objects: Objects, prefix: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("AWSLogs")
        for name, stored in sorted(objects.items()):
            archive.writestr(prefix + name, stored.body)
    return out.getvalue()


def tarred(objects: Objects, prefix: str = "") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        folder = tarfile.TarInfo("AWSLogs")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, stored in sorted(objects.items()):
            info = tarfile.TarInfo(prefix + name)
            info.size = len(stored.body)
            archive.addfile(info, io.BytesIO(stored.body))
    return out.getvalue()


FORMS: dict[str, Callable[[Objects], bytes]] = {
    "logs.zip": zipped,
    "logs.tar": tarred,
    "logs.tar.gz": lambda o: gzip.compress(tarred(o), mtime=0),
    "logs.tar.bz2": lambda o: bz2.compress(tarred(o)),
    "logs.tar.xz": lambda o: lzma.compress(tarred(o)),
    "without-suffix": zipped,
    "CloudTrail-Digest": lambda o: gzip.compress(tarred(o), mtime=0),
}


def handed_over(case: Path, name: str, body: bytes, *, keys: bool = True) -> Path:
    archived = {name: Stored(body)}
    listed = trails.public_keys() if keys else None
    return trails.hold(case, archived, keys=listed, collected=False)


@pytest.mark.parametrize("name", FORMS)
def test_forms(tmp_path: Path, name: str) -> None:
    """As loose files without metadata: all signatures but the newest from their successors."""
    report = both(handed_over(tmp_path / "case", name, FORMS[name](trails.trail())))
    assert judged(report) == (("provider-signature",), (8, 0, 0, 2))
    inside = [row for row in report["unchecked"] if row["check"] == "provider-signature"]
    assert [row["path"].partition("!/")[2] for row in inside] == [digest_key(LAST)]
    rows = report["provider"]["aws"]["files"]
    assert {row["item"] for row in rows} == {"EV-1.f1"}
    assert log_key(0, 0) in {row["name"] for row in rows}


@pytest.mark.parametrize("form", [zipped, tarred])
def test_altered_inside(tmp_path: Path, form: Callable[[Objects], bytes]) -> None:
    objects = trails.changed(trails.trail(), log_key(1, 0), flip)
    objects = trails.without(objects, log_key(2, 1))
    report = both(handed_over(tmp_path / "case", "bucket", form(objects)))
    assert judged(report)[1] == (6, 1, 1, 2)
    (wrong,) = report["wrong"]
    assert wrong["check"] == "provider-log"
    assert wrong["path"].endswith(f"!/{log_key(1, 0)}")


def test_key_inside(tmp_path: Path) -> None:
    objects = {**trails.trail(), "keys.json": Stored(trails.public_keys())}
    report = both(handed_over(tmp_path / "case", "bucket.zip", zipped(objects), keys=False))
    assert judged(report) == (("provider-signature",), (8, 0, 0, 2))


def test_beside_loose_files(tmp_path: Path) -> None:
    """Digests in an archive, log files loose: a trail is one, however it was handed over."""
    good = trails.trail()
    archived = {path: one for path, one in good.items() if "Digest" in path}
    loose = {path: one for path, one in good.items() if "Digest" not in path}
    objects = {**loose, "digests.zip": Stored(zipped(archived))}
    held = trails.hold(tmp_path / "case", objects, keys=trails.public_keys(), collected=False)
    assert judged(both(held)) == (("provider-signature",), (8, 0, 0, 2))


def _encrypted() -> bytes:
    body = bytearray(zipped({log_key(0, 0): Stored(b"x")}))
    at = body.rindex(b"PK\x01\x02")
    body[at + 8] |= 1
    body[6] |= 1
    second = body.index(b"PK\x01\x02")
    body[second + 8] |= 1
    return bytes(body)


@pytest.mark.parametrize(
    ("name", "body", "found"),
    [
        ("cut.zip", lambda: zipped(trails.trail())[:900], "damaged or cut off"),
        ("cut.tar.gz", lambda: gzip.compress(tarred(trails.trail()))[:-900], "damaged or cut off"),
        ("not.zip", lambda: b"no archive at all", "damaged or cut off"),
        ("other.7z", lambda: b"7z\xbc\xaf\x27\x1c", "an archive of a kind that is not read"),
        ("locked.zip", _encrypted, "encrypted"),
    ],
)
def test_not_to_its_end(tmp_path: Path, name: str, body: Callable[[], bytes], found: str) -> None:
    """What was not looked into is said; it is never "verified"."""
    report = both(handed_over(tmp_path / "case", name, body()))
    rows = [row for row in report["unchecked"] if row["check"] == "provider-archive"]
    assert [(row["found"], row["path"].rpartition("/")[2]) for row in rows] == [
        (found, f"00000001-{name}")
    ]
    assert report["exit"] == 3


def test_archive_in_an_archive_is_not_entered(tmp_path: Path) -> None:
    inner = {"inner.zip": Stored(zipped(trails.trail()))}
    report = both(handed_over(tmp_path / "case", "outer.zip", zipped(inner)))
    rows = [row for row in report["unchecked"] if row["check"] == "provider-archive"]
    assert [(row["path"].partition("!/")[2], row["found"]) for row in rows] == [
        ("inner.zip", "an archive in an archive, which is not entered")
    ]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(form=st.sampled_from([zipped, tarred]), data=st.data())
def test_any_bit(tmp_path: Path, form: Callable[[Objects], bytes], data: st.DataObject) -> None:
    """A damaged archive: both verifiers see the same, and nothing unforeseen happens."""
    body = form(trails.without(trails.trail(), *(digest_key(hour) for hour in range(2, 5))))
    path = tmp_path / "archive"
    path.write_bytes(body)
    tamper_acts.flip(path, data.draw(st.integers(0, len(body) - 1)), data.draw(st.integers(0, 7)))
    case = tmp_path / "case"
    shutil.rmtree(case, ignore_errors=True)
    held = handed_over(case, "archive", path.read_bytes())
    report = verify.run(held).as_data()
    assert standalone.run(held, verify.Trust()) == report
    assert "unexpected" not in {one["check"] for one in report["unchecked"]}
