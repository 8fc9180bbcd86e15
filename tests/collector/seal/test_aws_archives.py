"""A bucket handed over as an archive: digests and log files inside are judged like loose ones."""

import bz2
import gzip
import io
import lzma
import random
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector import archives, verify
from tests.collector.seal import aws_trails as trails
from tests.collector.seal import standalone, tamper_acts
from tests.collector.seal.aws_cases import both, flip, judged
from tests.collector.seal.aws_trails import Objects, Stored, digest_key, log_key

LAST = trails.HOURS - 1


def zipped(objects: Objects, prefix: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("AWSLogs/"), b"")  # dated alike in every run
        for name, stored in sorted(objects.items()):
            entry = zipfile.ZipInfo(prefix + name)
            archive.writestr(entry, stored.body, zipfile.ZIP_DEFLATED)
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
    assert {row["found"] for row in unread(report)} == {found}
    assert all(f"/00000001-{name}" in row["path"] for row in unread(report))
    assert report["exit"] == 3


def unread(report: dict[str, Any]) -> list[dict[str, Any]]:
    """What could not be looked into."""
    return [row for row in report["unchecked"] if row["check"] == "provider-archive"]


def nested(form: Callable[[Objects], bytes], depth: int) -> bytes:
    """The trail inside so many archives, the outermost of the given form."""
    body = zipped(trails.trail())
    for level in range(depth - 1):
        outermost = level == depth - 2
        body = (form if outermost else zipped)({"inner.zip": Stored(body)})
    return body


@pytest.mark.parametrize("name", FORMS)
def test_archive_in_an_archive(tmp_path: Path, name: str) -> None:
    """Read like one; the names that lead to a file are in its path."""
    report = both(handed_over(tmp_path / "case", name, nested(FORMS[name], 2)))
    assert judged(report) == (("provider-signature",), (8, 0, 0, 2))
    (newest,) = report["unchecked"][:1]
    assert newest["path"].partition("!/")[2] == f"inner.zip!/{digest_key(LAST)}"


@pytest.mark.parametrize("inner", ["logs.tar.gz", "logs.tar.xz", "without-suffix"])
def test_any_form_inside(tmp_path: Path, inner: str) -> None:
    body = tarred({"inner": Stored(FORMS[inner](trails.trail()))})
    report = both(handed_over(tmp_path / "case", "outer", body))
    assert judged(report) == (("provider-signature",), (8, 0, 0, 2))


def test_four_deep_and_no_deeper(tmp_path: Path) -> None:
    report = both(handed_over(tmp_path / "four", "outer", nested(tarred, 4)))
    assert judged(report) == (("provider-signature",), (8, 0, 0, 2))
    report = both(handed_over(tmp_path / "five", "outer", nested(tarred, 5)))
    assert [(row["path"].partition("!/")[2], row["found"]) for row in unread(report)] == [
        ("!/".join(["inner.zip"] * 4), "nested deeper than 4 archives: not entered")
    ]


def test_a_damaged_one_beside_others(tmp_path: Path) -> None:
    """The rest is read on: what is damaged is named, and only that."""
    objects = {
        "a.zip": Stored(zipped(trails.trail())[:900]),
        "b.zip": Stored(zipped(trails.trail())),
        "c.7z": Stored(b"7z"),
    }
    report = both(handed_over(tmp_path / "case", "outer.tar", tarred(objects)))
    assert [(row["path"].partition("!/")[2], row["found"]) for row in unread(report)] == [
        ("a.zip", "damaged or cut off"), ("c.7z", "an archive of a kind that is not read")
    ]  # fmt: skip
    assert judged(report)[1] == (8, 0, 0, 2)


def test_names_twice_and_names_that_escape(tmp_path: Path) -> None:
    """Labels, never paths; the second of a name is told from the first."""
    out = io.BytesIO()
    key = log_key(1, 0)
    with zipfile.ZipFile(out, "w") as archive:
        for name, stored in sorted(trails.trail().items()):
            archive.writestr(name, stored.body)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(key, flip(trails.trail()[key].body))
        archive.writestr("../../../" + key.rpartition("/")[2], b"elsewhere")
    report = both(handed_over(tmp_path / "case", "bucket", out.getvalue()))
    wrong = sorted(row["path"].partition("!/")[2] for row in report["wrong"])
    assert wrong == ["../../../" + key.rpartition("/")[2], f"{key}#2"]
    assert not (tmp_path / key.rpartition("/")[2]).exists()


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_bomb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    """What grows beyond all measure is not read on; both stop at the same place."""
    for module in (archives, standalone.ARCHIVES):
        monkeypatch.setattr(module, "BOMB_BYTES", 1 << 20)
        monkeypatch.setattr(module, "RATIO", 20)
    big = {"zeros": Stored(bytes(4 << 20)), "z.json": Stored(b"{}")}
    for body in (pack(tarred(big)), pack(zipped({"inner.tar.gz": Stored(pack(tarred(big)))}))):
        report = both(handed_over(tmp_path / str(len(body)), "bomb", body))
        (row,) = unread(report)[:1]
        assert row["found"] == "more than 20 times its size inside: not read on"
    overlapping = bytearray(zipped({f"{at}": Stored(bytes(1 << 18)) for at in range(40)}))
    report = both(handed_over(tmp_path / "overlapping", "bomb", bytes(overlapping)))
    assert [row["found"] for row in unread(report)] == [
        "more than 20 times its size inside: not read on"
    ]


@pytest.mark.parametrize("at", [300_000, 200_000, -4])
def test_large_damaged_log(tmp_path: Path, at: int) -> None:
    """Damage far inside a log file, loose and in an archive: the same words, whoever reads."""
    key = log_key(1, 0)
    body = gzip.compress(random.Random(1).randbytes(400_000), mtime=0)
    damaged = body[:at] if at > 0 else body[:at] + bytes(4)
    objects = {**trails.trail(), key: Stored(damaged)}
    for number, held in enumerate((zipped(objects), tarred(objects))):
        report = both(handed_over(tmp_path / str(number), "bucket", held))
        assert {row["check"] for row in report["wrong"]} == {"provider-log"}
    loose = trails.hold(tmp_path / "loose", objects, keys=trails.public_keys(), collected=False)
    assert {row["check"] for row in both(loose)["wrong"]} == {"provider-log"}


NESTED = (
    lambda o: tarred({"inner.zip": Stored(zipped(o))}),
    lambda o: zipped({"inner.tar.gz": Stored(gzip.compress(tarred(o), mtime=0))}),
    lambda o: gzip.compress(zipped({"inner.tar": Stored(tarred(o))}), mtime=0),
)


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(form=st.sampled_from([zipped, tarred, *NESTED]), data=st.data())
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
