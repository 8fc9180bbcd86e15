"""Archives as they were handed over: what is inside is read in one pass, nothing is unpacked.

zip and tar (plain, gzip, bzip2, xz), recognized by their first bytes or their name. Archives in
archives are not entered. Constant memory: a member is a stream.
"""

import bz2
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_TAR_NAMES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_OTHER_NAMES = (".7z", ".rar", ".tar.zst")
_DAMAGE = (
    zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError,
    ValueError, NotImplementedError, OverflowError,
)  # fmt: skip


class ArchiveError(ValueError):
    """Why an archive, or the rest of it, could not be read: words that reports print."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file in an archive: its name, printable, and its bytes, to be read before the next one."""

    name: str
    stream: IO[bytes]


def kind(place: Path, name: str) -> str | None:
    """`zip`, `tar`, `other` (an archive of a kind that is not read), or None."""
    with place.open("rb") as file:
        return form_of(file.read(1 << 12), name)


def form_of(head: bytes, name: str) -> str | None:
    """The same for its first bytes."""
    lower = name.lower()
    if head.startswith(_ZIP) or lower.endswith(".zip"):
        return "zip"
    if _inflated(head)[257:262] == b"ustar" or lower.endswith(_TAR_NAMES):
        return "tar"
    return "other" if lower.endswith(_OTHER_NAMES) else None


def members(place: Path, form: str) -> Iterator[Member]:
    """Files in an archive, in its own order; each may be read until the next is asked for.

    Raises:
        ArchiveError: it cannot be read, or not on from here. Reading a member may raise it too.
    """
    try:
        if form == "zip":
            yield from _zip(place)
        elif form == "tar":
            yield from _tar(place)
        else:
            raise ArchiveError("an archive of a kind that is not read")
    except _DAMAGE as error:
        if isinstance(error, ArchiveError):
            raise
        raise ArchiveError("damaged or cut off") from error


def read(stream: IO[bytes], size: int) -> bytes:
    """Up to `size` bytes of a member.

    Raises:
        ArchiveError: damage inside the member.
    """
    try:
        return stream.read(size)
    except _DAMAGE as error:
        raise ArchiveError("damaged or cut off") from error


def _zip(place: Path) -> Iterator[Member]:
    with zipfile.ZipFile(place) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            if info.flag_bits & 1:
                raise ArchiveError("encrypted")
            with archive.open(info) as stream:
                yield Member(name=_shown(info.filename), stream=stream)


def _tar(place: Path) -> Iterator[Member]:
    with tarfile.open(place, "r|*") as archive:
        for info in archive:
            stream = archive.extractfile(info) if info.isreg() else None
            if stream is not None:
                yield Member(name=_shown(info.name), stream=stream)


def _shown(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _inflated(head: bytes) -> bytes:
    """The first bytes of what is compressed."""
    try:
        if head.startswith(b"\x1f\x8b"):
            return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, 1 << 12)
        if head.startswith(b"BZh"):
            return bz2.BZ2Decompressor().decompress(head, 1 << 12)
        if head.startswith(b"\xfd7zXZ\x00"):
            return lzma.LZMADecompressor().decompress(head, 1 << 12)
    except (zlib.error, OSError, lzma.LZMAError):
        return b""
    return head
