"""From stored bytes to decompressed bodies, streaming: gzip, zstd, plain, and inside zip and tar.

Recognised by content, never by name. Member names are labels, never paths: nothing is written.
A stream that ends early yields what was there and then raises `Cut`; what came before the cut is
evidence like any other.
"""

import contextlib
import io
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, BinaryIO, Protocol

CHUNK = 1 << 20
#: Archives inside archives are opened to this depth; deeper is a gap.
DEPTH = 4
#: A stream that grows over this many bytes at over `RATIO` times its packed size is a bomb.
BOMB_BYTES = 1 << 30
RATIO = 1200
#: zstd packs up to 128 KB into 4 bytes: 4 KB in is at most 128 MB out.
ZSTD_STEP = 4096


class Cut(Exception):
    """The stream ended early or broke; `kind` is the kind of gap, the text says where."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


class Reader(Protocol):
    """All that is asked of a stream."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; empty at the end."""


@dataclass(frozen=True, slots=True)
class Body:
    """One decompressed stream.

    Attributes:
        prefix: archive members that lead to it, each followed by `!/`; empty outside archives.
        chunks: its bytes; may end in `Cut`. To be consumed before the next body is asked for.
        problem: set where the member could not be opened at all; `chunks` is then empty.
    """

    prefix: str
    chunks: Iterator[bytes]
    problem: Cut | None = None


def bodies(stream: Reader, prefix: str = "", depth: int = 0) -> Iterator[Body]:
    """Every decompressed body in a stored stream, in the order in which it holds them."""
    chunks = _decompressed(_plain(stream))
    head = b""
    cut: Cut | None = None
    while len(head) < 512 and cut is None:
        try:
            chunk = next(chunks)
        except StopIteration:
            break
        except Cut as found:
            cut = found
            break
        head += chunk
    rest = _rejoin(head, chunks, cut)
    is_zip = head[:4] in (b"PK\x03\x04", b"PK\x05\x06")
    is_tar = head[257:262] == b"ustar"
    if not (is_zip or is_tar):
        yield Body(prefix, rest)
        return
    if depth >= DEPTH:
        cut = Cut("unreadable", f"archive nested deeper than {DEPTH} levels: not opened")
        yield Body(prefix, iter(()), cut)
        return
    yield from (_zip if is_zip else _tar)(rest, prefix, depth)


def _plain(stream: Reader) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk


def _rejoin(head: bytes, chunks: Iterator[bytes], cut: Cut | None) -> Iterator[bytes]:
    if head:
        yield head
    if cut is not None:
        raise cut
    yield from chunks


def _decompressed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    first = next(chunks, b"")
    packed = _rejoin(first, chunks, None)
    if first[:2] == b"\x1f\x8b":
        yield from _gunzip(packed)
    elif first[:4] == b"\x28\xb5\x2f\xfd":
        yield from _unzstd(packed)
    else:
        yield from packed


def _guard(packed: int, out: int) -> None:
    if out > BOMB_BYTES and out > packed * RATIO:
        raise Cut(
            "unreadable",
            f"decompression stopped at byte {out}: over {RATIO} times the packed size, "
            "which no log has; unpack it by hand and import the result",
        )


def _gunzip(packed: Iterator[bytes]) -> Iterator[bytes]:
    """All members of a gzip stream; zero padding after the last one is allowed."""
    from isal import isal_zlib

    # isal's stubs call it an exception, not a class of exceptions.
    broken: Any = isal_zlib.error
    inflate = isal_zlib.decompressobj(wbits=31)
    taken = out = 0
    started = False
    for chunk in packed:
        data = chunk
        while data:
            if inflate.eof:
                data = data.lstrip(b"\0")
                if not data:
                    break
                if data[:1] != b"\x1f":
                    raise Cut(
                        "unreadable", f"bytes after the last gzip member, at {out} decompressed"
                    )
                inflate, started = isal_zlib.decompressobj(wbits=31), False
            try:
                piece = inflate.decompress(data, CHUNK)
            except broken as error:
                raise Cut("truncated", f"gzip breaks off after {out} bytes: {error}") from error
            started = True
            taken += len(data) - len(inflate.unconsumed_tail) - len(inflate.unused_data)
            out += len(piece)
            _guard(taken, out)
            if piece:
                yield piece
            data = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
            if not data and not inflate.eof and len(piece) == CHUNK:
                yield from _drain(inflate)
    if started and not inflate.eof:
        raise Cut("truncated", f"gzip ends before its end marker, after {out} bytes decompressed")


def _drain(inflate: Any) -> Iterator[bytes]:  # noqa: ANN401 - isal has no stubs
    while piece := inflate.decompress(b"", CHUNK):
        yield piece


def _unzstd(packed: Iterator[bytes]) -> Iterator[bytes]:
    """All frames of a zstd stream, fed in small steps so that no step grows beyond memory."""
    import zstandard

    inflate = zstandard.ZstdDecompressor().decompressobj()
    taken = out = 0
    for chunk in packed:
        for start in range(0, len(chunk), ZSTD_STEP):
            data = chunk[start : start + ZSTD_STEP]
            while data:
                if inflate.eof:
                    inflate = zstandard.ZstdDecompressor().decompressobj()
                try:
                    piece = inflate.decompress(data)
                except zstandard.ZstdError as error:
                    raise Cut("truncated", f"zstd breaks off after {out} bytes: {error}") from error
                taken += len(data) - len(inflate.unused_data)
                out += len(piece)
                _guard(taken, out)
                if piece:
                    yield piece
                data = inflate.unused_data if inflate.eof else b""
    if not inflate.eof:
        raise Cut("truncated", f"zstd ends before its end marker, after {out} bytes decompressed")


class ChunkReader(io.RawIOBase):
    """A readable file over an iterator of chunks, for modules that want a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        """Fill as much of `buffer` as one chunk gives."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = chunk
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def _member(seen: dict[str, int], name: str) -> str:
    """The member's label; a name that occurs twice gets `#2`: both are different bytes."""
    seen[name] = seen.get(name, 0) + 1
    return name if seen[name] == 1 else f"{name}#{seen[name]}"


def _zip(chunks: Iterator[bytes], prefix: str, depth: int) -> Iterator[Body]:
    with tempfile.SpooledTemporaryFile(max_size=16 * CHUNK) as held:
        problem: Cut | None = None
        try:
            for chunk in chunks:
                held.write(chunk)
        except Cut as cut:
            problem = cut
        held.seek(0)
        try:
            archive = zipfile.ZipFile(held)
        except (zipfile.BadZipFile, NotImplementedError) as error:
            reason = f"zip without a readable directory: {problem or error}"
            yield Body(prefix, iter(()), Cut("unreadable", reason))
            return
        seen: dict[str, int] = {}
        for info in archive.infolist():
            if info.is_dir():
                continue
            inner = f"{prefix}{_member(seen, info.filename)}!/"
            try:
                with archive.open(info) as member:
                    yield from bodies(_ZipMember(member), inner, depth + 1)
            except (RuntimeError, zipfile.BadZipFile, NotImplementedError) as error:
                yield Body(inner, iter(()), Cut("unreadable", f"zip member: {error}"))


class _ZipMember:
    """A zip member whose breaks come as `Cut`."""

    def __init__(self, member: IO[bytes]) -> None:
        self._member = member
        self._out = 0

    def read(self, size: int = -1, /) -> bytes:
        """Bytes of the member."""
        try:
            data = self._member.read(size)
        except (zipfile.BadZipFile, EOFError, OSError) as error:
            raise Cut(
                "truncated", f"zip member breaks off after {self._out} bytes: {error}"
            ) from error
        except Exception as error:
            # zlib.error and codec errors of the standard library share no base class.
            raise Cut("truncated", f"zip member breaks off: {error}") from error
        self._out += len(data)
        return data


def _tar(chunks: Iterator[bytes], prefix: str, depth: int) -> Iterator[Body]:
    seen: dict[str, int] = {}
    try:
        with tarfile.open(fileobj=io.BufferedReader(ChunkReader(chunks)), mode="r|") as archive:
            for info in archive:
                if info.isdir():
                    continue
                inner = f"{prefix}{_member(seen, info.name)}!/"
                member = archive.extractfile(info) if info.isreg() else None
                if member is None:
                    reason = "tar member is a link or a device, it holds no bytes of its own"
                    yield Body(inner, iter(()), Cut("unreadable", reason))
                    continue
                yield from bodies(_TarMember(member), inner, depth + 1)
    except (tarfile.TarError, Cut, EOFError) as error:
        yield Body(f"{prefix}(rest)!/", iter(()), Cut("truncated", f"tar breaks off: {error}"))


class _TarMember:
    """A tar member whose breaks come as `Cut`."""

    def __init__(self, member: IO[bytes]) -> None:
        self._member = member

    def read(self, size: int = -1, /) -> bytes:
        """Bytes of the member."""
        try:
            return self._member.read(size)
        except (tarfile.TarError, EOFError) as error:
            raise Cut("truncated", f"tar member breaks off: {error}") from error


def body(stream: BinaryIO, prefix: str) -> Iterator[bytes]:
    """The chunks of the one body that `prefix` names.

    Raises:
        LookupError: the stream holds no such member.
    """
    for found in bodies(stream):
        if found.prefix == prefix:
            yield from found.chunks
            return
        with contextlib.suppress(Cut):
            for _ in found.chunks:
                pass
    raise LookupError(f"expected the member {prefix!r}, found none of that name")
