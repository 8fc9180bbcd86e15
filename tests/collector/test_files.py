"""Receiving bytes: digests against hashlib, gzip members, names."""

import gzip
import hashlib
import io
import zlib
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import files
from collector.files import SourceError

BODY = b'{"Records":[]}' * 1000


def receive(data: bytes, folder: Path, limit: int | None = None) -> files.Received:
    return files.receive(io.BytesIO(data), folder / "1.partial", limit=limit)


@pytest.mark.parametrize("size", [0, 1, files.CHUNK - 1, files.CHUNK, files.CHUNK + 1,
                                  3 * files.CHUNK, 5 * files.CHUNK + 7])  # fmt: skip
def test_one_pass_stores_and_hashes_all_bytes(tmp_path: Path, size: int) -> None:
    data = (hashlib.sha256(str(size).encode()).digest() * (size // 32 + 1))[:size]
    received = receive(data, tmp_path)
    assert received.size == size
    assert received.partial.read_bytes() == data
    assert received.digest == files.digest_of(data)
    assert received.digest.sha512 == hashlib.sha512(data).hexdigest()
    assert (received.content_sha256, received.content_note) == (None, None)


class Dribble(io.RawIOBase):
    """A stream that gives a few bytes at a time, as sockets do."""

    def __init__(self, data: bytes) -> None:
        self._inner = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._inner.read(min(size, 1000))


def test_short_reads_are_not_the_end(tmp_path: Path) -> None:
    source: BinaryIO = Dribble(BODY)  # type: ignore[assignment]
    received = files.receive(source, tmp_path / "1.partial")
    assert received.partial.read_bytes() == BODY


@pytest.mark.parametrize("limit", [0, 5, files.CHUNK + 5, len(BODY) * 1000])
def test_limit(tmp_path: Path, limit: int) -> None:
    data = BODY * 1000
    received = receive(data, tmp_path, limit)
    assert received.partial.read_bytes() == data[:limit]


@pytest.mark.parametrize(
    ("data", "content", "note"),
    [
        (gzip.compress(BODY, mtime=0), BODY, None),
        (gzip.compress(b"", mtime=0), b"", None),
        (gzip.compress(BODY * 2000, mtime=0), BODY * 2000, None),
        (gzip.compress(BODY, mtime=0)[:-9], None, "gzip member is cut off"),
        (gzip.compress(BODY, mtime=0)[:11], None, "gzip member is cut off"),
        (b"\x1f\x8b", None, "gzip member is cut off"),
        (gzip.compress(BODY, mtime=0) * 2, None, "bytes follow the first gzip member"),
        (gzip.compress(BODY, mtime=0) + b"\0", None, "bytes follow the first gzip member"),
        (b"\x1f\x8bnot gzip at all", None, "gzip member is damaged"),
        (b"PK\x03\x04", None, None),
        (b"", None, None),
    ],
)
def test_content_of_exactly_one_gzip_member(
    tmp_path: Path, data: bytes, content: bytes | None, note: str | None
) -> None:
    received = receive(data, tmp_path)
    expected = hashlib.sha256(content).hexdigest() if content is not None else None
    assert received.content_sha256 == expected
    assert (received.content_note or "").startswith(note or "")
    assert (received.content_note is None) == (note is None)
    assert received.partial.read_bytes() == data


def test_damage_inside_a_member(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(BODY, mtime=0))
    data[-5] ^= 1  # in the checksum
    received = receive(bytes(data), tmp_path)
    assert received.content_sha256 is None
    assert (received.content_note or "").startswith("gzip member is damaged")


def test_member_that_ends_at_a_chunk_and_goes_on(tmp_path: Path) -> None:
    """The second member starts exactly where a read begins."""
    first = gzip.compress(b"x" * 100, compresslevel=0, mtime=0)
    padded = gzip.compress(b"y" * (files.CHUNK - len(first)), compresslevel=0)
    data = padded[:0] + first + b"z"
    content = files.Content()
    content.update(data[: len(first)])
    assert content.digest() == hashlib.sha256(b"x" * 100).hexdigest()
    content.update(b"z")
    assert content.digest() is None
    assert content.note == "bytes follow the first gzip member"


def test_bomb_is_stored_and_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "BOMB_BYTES", 2**20)
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = packer.compress(bytes(2**25)) + packer.flush()
    received = receive(data, tmp_path)
    assert received.content_sha256 is None
    assert received.content_note == "content not hashed: over 200 times the stored bytes"
    assert received.partial.read_bytes() == data


class Failing(io.RawIOBase):
    """A medium with a bad sector."""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        raise OSError(5, "Input/output error")


def test_a_source_that_fails_leaves_nothing(tmp_path: Path) -> None:
    source: BinaryIO = Failing()  # type: ignore[assignment]
    with pytest.raises(SourceError, match="Input/output error"):
        files.receive(source, tmp_path / "1.partial")
    assert list(tmp_path.iterdir()) == []


def test_never_over_an_existing_file(tmp_path: Path) -> None:
    (tmp_path / "1.partial").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        files.receive(io.BytesIO(b"other"), tmp_path / "1.partial")
    assert (tmp_path / "1.partial").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("AWSLogs/1/x.json.gz", "00000017-x.json.gz"),
        ("../../etc/passwd", "00000017-passwd"),
        ("..", "00000017-_"),
        ("", "00000017-_"),
        ("/", "00000017-_"),
        ("a\nb\x00c", "00000017-a_b_c"),
        ("C:\\x\\nul.", "00000017-nul"),
        ("é" * 10 + ".json", "00000017-_.json"),
        ("x" * 10_000 + ".gz", "00000017-" + "x" * 77 + ".gz"),
        ("-rf", "00000017--rf"),
        ("a...", "00000017-a"),
    ],
)
def test_stored_name(name: str, expected: str) -> None:
    assert files.stored_name(17, name) == expected


@settings(deadline=None)
@given(st.text())
def test_stored_names_never_escape(name: str) -> None:
    stored = files.stored_name(1, name)
    assert set(stored) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
    assert len(stored) <= 9 + 80
    assert not stored.endswith(".")
