"""Archives as they were handed over: zip and tar, read member by member, nothing unpacked.

Known by their first bytes. A member's name is a label, never a path: nothing is written under it.
What cannot be read is said as a `Cut`, and the rest is read on. Constant memory: a tar is read as a
stream; a zip that is not a file of its own goes to a nameless temporary file, because its directory
stands at its end.

Both readers of archives are built on this: `timeline.normalize.archives` (logs inside) and
`collector.verify.archive` (digests and log files inside).
"""

import bz2
import gzip
import io
import lzma
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Protocol

CHUNK = 1 << 20
#: Archives in archives are entered to this depth: an archive in an archive in an archive in an
#: archive is the last one.
DEPTH = 4
#: What grows over this many bytes at over `RATIO` times its packed size is a bomb, not a log.
BOMB_BYTES = 1 << 30
RATIO = 1200
#: Bytes that tell what something is.
HEAD = 4096

DAMAGED = "damaged or cut off"
LINK = "a link or a device"

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_DAMAGE = (
    zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError,
    ValueError, NotImplementedError, OverflowError, RuntimeError,
)  # fmt: skip


class Cut(Exception):
    """Something ended early or could not be read.

    `kind` is the kind of gap, the text says where; `short` is the same in words that do not depend
    on who reads, for reports that two programs must come to alike.
    """

    def __init__(self, kind: str, reason: str, short: str = DAMAGED) -> None:
        super().__init__(reason)
        self.kind = kind
        self.short = short


class Reader(Protocol):
    """All that is asked of a stream."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; empty at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file in an archive.

    Attributes:
        name: as the archive gives it.
        label: the same; the second of that name gets `#2`, for both are different bytes.
        stream: its bytes, to be read before the next member is asked for; its breaks are `Cut`.
        problem: set where it has no bytes that could be read; `stream` is then empty.
    """

    name: str
    label: str
    stream: Reader
    problem: Cut | None = None


@dataclass(slots=True)
class Allowance:
    """Bytes that everything inside one stored archive may have, archives in it included."""

    left: int

    @classmethod
    def of(cls, packed: int) -> "Allowance":
        """For an archive of so many bytes."""
        return cls(max(BOMB_BYTES, packed * RATIO))

    def spend(self, size: int) -> None:
        """Take so much of it.

        Raises:
            Cut: there is not so much left.
        """
        self.left -= size
        if self.left < 0:
            short = f"more than {RATIO} times its size inside: not read on"
            raise Cut("unreadable", f"{short}; unpack it by hand and import the result", short)


def form_of(head: bytes) -> str | None:
    """`zip`, `tar` or None, by first bytes: its own, or of what is packed by gzip, bzip2 or xz."""
    inflated = _inflated(head)
    if inflated.startswith(_ZIP):
        return "zip"
    return "tar" if inflated[257:262] == b"ustar" else None


def members(stream: Reader, form: str, allowance: Allowance | None = None) -> Iterator[Member]:
    """Files in an archive, in its own order.

    Args:
        stream: the archive, perhaps packed by gzip, bzip2 or xz as a whole.
        form: as `form_of` gives it.
        allowance: against bombs; None where the stream itself is watched.

    Raises:
        Cut: the archive cannot be read, or not on from here.
    """
    try:
        yield from (_zip if form == "zip" else _tar)(stream, allowance)
    except _DAMAGE as error:
        kind = "truncated" if form == "tar" else "unreadable"
        raise Cut(kind, f"{form} breaks off: {error}") from error


def _zip(stream: Reader, allowance: Allowance | None) -> Iterator[Member]:
    with tempfile.SpooledTemporaryFile(max_size=16 * CHUNK) as spool:
        place, cut = _with_its_end(stream, spool, allowance)
        try:
            archive = zipfile.ZipFile(place)
        except _DAMAGE as error:
            reason = f"zip without a readable directory: {cut or error}"
            raise Cut("unreadable", reason) from error
        seen: dict[str, int] = {}
        for info in archive.infolist():
            if info.is_dir():
                continue
            if allowance is not None:
                allowance.spend(info.file_size)
            name, label = info.filename, _label(seen, info.filename)
            try:
                with archive.open(info) as member:
                    yield Member(name=name, label=label, stream=_Breaking("zip member", member))
            except _DAMAGE as error:
                short = "encrypted" if info.flag_bits & 1 else DAMAGED
                problem = Cut("unreadable", f"zip member: {error}", short)
                yield Member(name=name, label=label, stream=io.BytesIO(), problem=problem)


def _with_its_end(
    stream: Reader, spool: IO[bytes], allowance: Allowance | None
) -> tuple[IO[bytes], Cut | None]:
    """Where a zip's directory can be looked for: a file as it is, else a copy of the stream.

    Also what cut the copy short: its directory may be there all the same.
    """
    own = isinstance(stream, io.BufferedReader) and stream.seekable()
    if own and _inflated(start := stream.peek(HEAD)[:HEAD]) == start:  # type: ignore[attr-defined]
        return stream, None  # type: ignore[return-value]
    return spool, _copied(stream, spool, allowance)


def _copied(stream: Reader, spool: IO[bytes], allowance: Allowance | None) -> Cut | None:
    """Copy a stream, unpacked; what cut it short."""
    try:
        head = filled(stream, HEAD)
        rest: Reader = Rejoined(head, stream)
        opened = _unpacking(head, rest)
        while chunk := opened.read(CHUNK):
            if allowance is not None and opened is not rest:
                allowance.spend(len(chunk))
            spool.write(chunk)
    except Cut as cut:
        if cut.short != DAMAGED:
            raise
        return cut
    except _DAMAGE as error:
        return Cut("truncated", f"zip breaks off: {error}")
    finally:
        spool.seek(0)
    return None


def _tar(stream: Reader, allowance: Allowance | None) -> Iterator[Member]:
    seen: dict[str, int] = {}
    # `|*` reads a stream and finds out by itself how it is packed. tarfile asks for `read` alone.
    with tarfile.open(fileobj=stream, mode="r|*") as archive:  # type: ignore[call-overload]
        for info in archive:
            if info.isdir():
                continue
            if allowance is not None:
                allowance.spend(info.size)
            label = _label(seen, info.name)
            member = archive.extractfile(info) if info.isreg() else None
            if member is None:
                reason = "tar member is a link or a device, it holds no bytes of its own"
                problem = Cut("unreadable", reason, LINK)
                yield Member(name=info.name, label=label, stream=io.BytesIO(), problem=problem)
                continue
            yield Member(name=info.name, label=label, stream=_Breaking("tar member", member))


class _Breaking:
    """A member whose breaks come as `Cut`."""

    def __init__(self, what: str, member: IO[bytes]) -> None:
        self._what = what
        self._member = member
        self._out = 0

    def read(self, size: int = -1, /) -> bytes:
        """Bytes of the member."""
        try:
            data = self._member.read(size)
        except _DAMAGE as error:
            reason = f"{self._what} breaks off after {self._out} bytes: {error}"
            raise Cut("truncated", reason) from error
        self._out += len(data)
        return data


class Rejoined:
    """A stream whose first bytes have been read."""

    def __init__(self, head: bytes, rest: Reader) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int = -1, /) -> bytes:
        """First what has been read."""
        if not self._head:
            return self._rest.read(size)
        data = self._head if size < 0 else self._head[:size]
        self._head = self._head[len(data) :]
        return data + self._rest.read() if size < 0 else data


def filled(stream: Reader, size: int) -> bytes:
    """`size` bytes, or fewer at the end: one read may give less."""
    data = b""
    while len(data) < size and (more := stream.read(size - len(data))):
        data += more
    return data


def _unpacking(head: bytes, stream: Any) -> Reader:  # noqa: ANN401 # they ask for `read` alone
    if head.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=stream)
    if head.startswith(b"BZh"):
        return bz2.BZ2File(stream)
    if head.startswith(b"\xfd7zXZ\x00"):
        return lzma.LZMAFile(stream)
    plain: Reader = stream
    return plain


def _inflated(head: bytes) -> bytes:
    """The first bytes of what is packed."""
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


def _label(seen: dict[str, int], name: str) -> str:
    seen[name] = seen.get(name, 0) + 1
    return name if seen[name] == 1 else f"{name}#{seen[name]}"
