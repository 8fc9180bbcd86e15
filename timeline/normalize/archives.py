"""From stored bytes to decompressed bodies, streaming: gzip, zstd, bzip2, xz, plain, zip and tar.

Recognised by content, never by name. Archives are read by `collector.archives`.
A stream that ends early yields what was there and then raises `Cut`; what came before the cut is
evidence like any other.
"""

import bz2
import contextlib
import io
import lzma
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from collector import archives
from collector.archives import BOMB_BYTES, CHUNK, DEPTH, RATIO, Cut, Reader

#: zstd packs up to 128 KB into 4 bytes: 4 KB in is at most 128 MB out.
ZSTD_STEP = 4096

__all__ = ["BOMB_BYTES", "DEPTH", "RATIO", "Body", "Cut", "Reader", "bodies", "body"]


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
    form = archives.form_of(head[: archives.HEAD])
    if form is None:
        yield Body(prefix, rest)
        return
    if depth >= DEPTH:
        cut = Cut("unreadable", f"archive nested deeper than {DEPTH} levels: not opened")
        yield Body(prefix, iter(()), cut)
        return
    yield from _inside(rest, form, prefix, depth)


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
    elif first[:3] == b"BZh":
        yield from _unstreamed(packed, bz2.BZ2Decompressor, "bzip2")
    elif first[:6] == b"\xfd7zXZ\x00":
        yield from _unstreamed(packed, lzma.LZMADecompressor, "xz")
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


def _unstreamed(
    packed: Iterator[bytes],
    new: Callable[[], bz2.BZ2Decompressor | lzma.LZMADecompressor],
    what: str,
) -> Iterator[bytes]:
    """All streams of bzip2 or xz, one after the other."""
    inflate = new()
    taken = out = 0
    for chunk in packed:
        taken += len(chunk)
        data = chunk
        while data or not (inflate.eof or inflate.needs_input):
            if inflate.eof:
                inflate = new()
            try:
                piece = inflate.decompress(data, CHUNK)
            except (OSError, lzma.LZMAError) as error:
                raise Cut("truncated", f"{what} breaks off after {out} bytes: {error}") from error
            out += len(piece)
            _guard(taken, out)
            if piece:
                yield piece
            data = inflate.unused_data if inflate.eof else b""
    if not inflate.eof:
        raise Cut("truncated", f"{what} ends before its end marker, after {out} bytes decompressed")


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


def _inside(chunks: Iterator[bytes], form: str, prefix: str, depth: int) -> Iterator[Body]:
    """Bodies in the members of an archive, and what could not be opened."""
    seen = False
    try:
        stream = io.BufferedReader(ChunkReader(chunks))
        for member in archives.members(stream, form):
            seen = True
            inner = f"{prefix}{member.label}!/"
            if member.problem is not None:
                yield Body(inner, iter(()), member.problem)
            else:
                yield from bodies(member.stream, inner, depth + 1)
    except Cut as cut:
        rest = f"{prefix}(rest)!/" if form == "tar" or seen else prefix
        yield Body(rest, iter(()), cut)


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
