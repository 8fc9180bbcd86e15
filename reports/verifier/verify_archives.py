"""Archives (zip, tar), read member by member: nothing is unpacked, and no name is a path.

Archives in archives are entered, four deep. A zip inside another archive is copied to a nameless
temporary file, because its directory stands at its end. What grows beyond measure is not read on.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

HEAD = 4096  # bytes that tell what something is
DEPTH = 4
BOMB_BYTES = 1 << 30  # what has more than this inside, and over RATIO times its size, is a bomb
RATIO = 1200
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
TAR_NAMES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
OTHER_NAMES = (".7z", ".rar", ".tar.zst", ".tzst")
DAMAGE = (
    zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError,
    ValueError, NotImplementedError, OverflowError, RuntimeError,
)  # fmt: skip
PACKED: Any = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\x00", lzma.open))
CUT = "damaged or cut off"


class Closed(Exception):
    """An archive that cannot be read on, for a reason of ours."""


class Stream:
    """A member whose first bytes may have been read already; its damage is `Closed`."""

    def __init__(self, file: Any) -> None:  # noqa: ANN401
        """Over anything that can be read."""
        self.file, self.head = file, b""

    def read(self, size: int = -1) -> bytes:
        """Up to so many bytes."""
        held = self.head if size < 0 else self.head[:size]
        self.head = self.head[len(held) :]
        if held and size >= 0:
            return held
        try:
            return held + bytes(self.file.read(size))
        except DAMAGE as error:
            raise Closed(CUT) from error

    def peek(self, size: int) -> bytes:
        """The first bytes, which are read again later."""
        while len(self.head) < size:
            try:
                more = self.file.read(size - len(self.head))
            except DAMAGE as error:
                raise Closed(CUT) from error
            if not more:
                break
            self.head += more
        return self.head


def form_of(head: bytes, name: str) -> str | None:
    """`zip`, `tar`, `other` (a kind that is not read), or None for no archive.

    By first bytes; where these say nothing, by the name.
    """
    lower, start = name.lower(), unpacked(head)
    if lower.endswith(OTHER_NAMES):
        return "other"
    if start.startswith(ZIP):
        return "zip"
    if start[257:262] == b"ustar":
        return "tar"
    return "zip" if lower.endswith(".zip") else "tar" if lower.endswith(TAR_NAMES) else None


def unpacked(head: bytes) -> bytes:
    """First bytes of what is packed by gzip, bzip2 or xz."""
    try:
        if head.startswith(b"\x1f\x8b"):
            return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, HEAD)
        if head.startswith(b"BZh"):
            return bz2.BZ2Decompressor().decompress(head, HEAD)
        if head.startswith(b"\xfd7zXZ\x00"):
            return lzma.LZMADecompressor().decompress(head, HEAD)
    except (zlib.error, OSError, lzma.LZMAError):
        return b""
    return head


def shown(name: str) -> str:
    """A name for people: bytes that are not UTF-8 as `\\xe9`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class Reader:
    """Members of a stored archive, and of archives in it."""

    def __init__(self, size: int) -> None:
        """`size`: of the stored archive."""
        self.left = max(BOMB_BYTES, size * RATIO)

    def spend(self, size: int) -> None:
        """Count what is inside."""
        self.left -= size
        if self.left < 0:
            raise Closed(f"more than {RATIO} times its size inside: not read on")

    def members(self, file: Any, form: str) -> Iterator[tuple[str, str, Any]]:  # noqa: ANN401
        """Name, label (the second of a name has `#2`), and file of each member of one archive.

        None instead of a file for links and devices, words for what cannot be read.
        """
        seen: dict[str, int] = {}
        for raw, member in (self.zipped if form == "zip" else self.taped)(file):
            seen[raw] = seen.get(raw, 0) + 1
            name = shown(raw)
            yield name, name if seen[raw] == 1 else f"{name}#{seen[raw]}", member

    def zipped(self, file: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
        """Name and file of each member of a zip; words instead of a file that cannot be read."""
        with tempfile.TemporaryFile() as copy:
            archive = zipfile.ZipFile(self.with_its_end(file, copy))
            for info in archive.infolist():
                if info.is_dir():
                    continue
                self.spend(info.file_size)
                try:
                    with archive.open(info) as member:
                        yield info.filename, member
                except DAMAGE:
                    yield info.filename, "encrypted" if info.flag_bits & 1 else CUT

    def with_its_end(self, file: Any, copy: Any) -> Any:  # noqa: ANN401
        """A file of its own as it is; else a copy, unpacked, as far as it can be read."""
        if isinstance(file, io.BufferedReader):
            start = file.peek(HEAD)[:HEAD]
            if unpacked(start) == start:
                return file
            file = Stream(file)
        try:
            start = file.peek(HEAD)
            opener = next((one for mark, one in PACKED if start.startswith(mark)), None)
            opened = opener(file) if opener else file
            while block := opened.read(1 << 20):
                if opened is not file:
                    self.spend(len(block))
                copy.write(block)
        except (Closed, *DAMAGE):
            if self.left < 0:
                raise
        copy.seek(0)
        return copy

    def taped(self, file: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
        """Name and file of each member of a tar; None for links and devices."""
        with tarfile.open(fileobj=file, mode="r|*") as tape:
            for info in tape:
                if not info.isdir():
                    self.spend(info.size)
                    yield info.name, tape.extractfile(info) if info.isreg() else None


def bodies(file: Any, size: int) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Names that lead to a log in an archive, each with `!/` after it, and its inflated stream.

    The stream is None where the standard library cannot read it. What is damaged is left out.
    """
    yield from _bodies(Reader(size), Stream(file), "", 0)


def _bodies(reader: Reader, stream: Stream, prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    try:
        form = form_of(stream.peek(HEAD), "")
        if form is None:
            yield prefix, opened(stream)
        elif depth < DEPTH:
            for _, label, member in reader.members(stream, form):
                if member is not None and not isinstance(member, str):
                    yield from _bodies(reader, Stream(member), f"{prefix}{label}!/", depth + 1)
    except (Closed, *DAMAGE):
        return


def opened(stream: Stream) -> Any:  # noqa: ANN401
    """A stream inflated, if it is packed; None if by zstd."""
    start = stream.peek(HEAD)
    if start.startswith(b"\x28\xb5\x2f\xfd"):
        return None
    opener = next((one for mark, one in PACKED if start.startswith(mark)), None)
    return opener(stream) if opener else stream
