"""manifest.jsonl: known answers, strict reading."""

from pathlib import Path

import pytest

from collector import manifest
from collector.manifest import ManifestError, ManifestLine

#: The known answer of format version 1: two files, the first holding `{}` and a line feed.
LINES = (
    ManifestLine(
        path="files/00000001-a.json.gz",
        size=3,
        sha256="ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        sha512="ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    ),
    ManifestLine(
        path="acquisition.json",
        size=3,
        sha256="ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356",
        sha512="ca4b6defb8adcc010050bc8b1bb8f8092c4928b8a0fba32146abcfb256e4d916"
        "72f88ca2cdf6210e754e5b8ac5e23fb023806ccd749ac8b701f79a691f03c87a",
    ),
)
ROOT = "0c983dbd05c0ed17ea4e4d3d6cbfe019825100207ec91275c4a390ae0094469f"
SHA256 = "43d12d1af951e8c4595ec5095645b3cd9bb3b91b0a14ae53d59dbd3f329851ad"


def test_known_answer(tmp_path: Path) -> None:
    summary = manifest.write(tmp_path, LINES)
    expected = {"bytes": 516, "leaves": 2, "root": ROOT, "sha256": SHA256}
    assert expected == summary.as_data()
    raw = (tmp_path / manifest.NAME).read_bytes()
    assert expected == manifest.summarize(raw).as_data()
    assert tuple(sorted(LINES, key=lambda one: one.path)) == tuple(manifest.parse(raw))


def test_written_once(tmp_path: Path) -> None:
    manifest.write(tmp_path, LINES)
    before = (tmp_path / manifest.NAME).read_bytes()
    with pytest.raises(FileExistsError):
        manifest.write(tmp_path, LINES[:1])
    assert before == (tmp_path / manifest.NAME).read_bytes()


def test_one_line_a_path(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"two for 'acquisition\.json'"):
        manifest.write(tmp_path, (LINES[1], LINES[1]))


def changed(old: bytes, new: bytes) -> bytes:
    """The known manifest with one sequence of bytes replaced."""
    raw = b"".join(one.encode() + b"\n" for one in reversed(LINES))
    assert raw.count(old) >= 1
    return raw.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"acquisition.json"', b'"../etc/passwd"', "line 1: expected a path inside"),
        (b'"acquisition.json"', b'"/etc/passwd"', "line 1: expected a path inside"),
        (b'"acquisition.json"', b'"files/./x"', "line 1: expected a path inside"),
        (b'"acquisition.json"', b'"C:x"', "line 1: expected a path inside"),
        (b'"acquisition.json"', b'"zz"', "line 2: expected paths in ascending order"),
        (b'"bytes":3', b'"bytes":-3', "line 1: expected a number of bytes"),
        (b'"bytes":3', b'"bytes":true', "line 1: expected a number of bytes"),
        (b'"bytes":3', b'"byte":3', "line 1: expected bytes, path"),
        (b'"sha256":"c', b'"sha256":"C', "line 1: expected a SHA-256"),
        (b'"sha512":"ca', b'"sha512":"', "line 1: expected a SHA-512"),
        (b'{"bytes":3', b'{"bytes": 3', "line 1: expected canonical JSON"),
        (b"}\n{", b"}\r\n{", "line 1: expected canonical JSON"),
    ],
)
def test_strict(old: bytes, new: bytes, message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        tuple(manifest.parse(changed(old, new)))


def test_unfinished_last_line() -> None:
    with pytest.raises(ManifestError, match="unfinished last line"):
        tuple(manifest.parse(changed(b"}", b"}")[:-1]))
