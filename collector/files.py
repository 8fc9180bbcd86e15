"""Receiving bytes: one pass that stores them, hashes them twice, and looks through one gzip member.

Constant memory whatever the size. The bytes that are hashed are the bytes that are written: the
source is read once, so a file that changes under our hands cannot make copy and digest differ.
"""

import hashlib
import os
import re
import zlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from isal import isal_zlib

from collector import durable
from collector.model import Digest

#: Bytes in one read. Large, so that hashing (which releases the interpreter lock) runs in parallel.
CHUNK = 4 * 2**20

#: A stored name's readable tail: nothing that any system reads as a path, device or option.
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
TAIL = 80

#: Content of a gzip member is hashed up to this much; more is a bomb and says so. CloudTrail files
#: inflate 10 to 40 times.
BOMB_BYTES = 2**30
BOMB_RATIO = 200

INFLATE_ERRORS: tuple[type[Exception], ...] = (
    isal_zlib.error,  # type: ignore[assignment] # its stub says instance, it is the class
    zlib.error,
)


class SourceError(Exception):
    """The source could not be read: what was found. The target is not to blame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """Bytes that are stored under a temporary name, not yet durable and not yet in the ledger.

    Attributes:
        partial: where they are.
        size: how many.
        digest: of them.
        content_sha256: of what is inside, if they are exactly one whole gzip member.
        content_note: why there is no content digest although they begin like gzip, else None.
    """

    partial: Path
    size: int
    digest: Digest
    content_sha256: str | None
    content_note: str | None


def digest_of(data: bytes) -> Digest:
    """Both digests of bytes in memory."""
    return Digest(sha256=hashlib.sha256(data).hexdigest(), sha512=hashlib.sha512(data).hexdigest())


def stored_name(number: int, name: str) -> str:
    """Name under which the bytes are stored: `00000017-tail-of-the-true-name.json.gz`.

    The number makes it unique; the tail helps people and is never read back as the true name.
    """
    base = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    tail = _UNSAFE.sub("_", base)[-TAIL:].rstrip(".")
    return f"{number:08d}-{tail or '_'}"


def receive(source: BinaryIO, partial: Path, *, limit: int | None = None) -> Received:
    """Copy a stream to a new file while hashing it.

    Args:
        source: any binary stream.
        partial: temporary path, must not exist.
        limit: read at most so many bytes.

    Raises:
        SourceError: reading failed; the partial file is removed.
        OSError: writing failed; the partial file is removed as far as possible.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | durable.BINARY
    descriptor = os.open(partial, flags, 0o600)
    try:
        size, digest, content = _copy(source, descriptor, limit)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    return Received(
        partial=partial, size=size, digest=digest,
        content_sha256=content.digest(), content_note=content.note,
    )  # fmt: skip


def discard(received: Received) -> None:
    """Forget bytes that were not kept."""
    received.partial.unlink(missing_ok=True)


class Content:
    """SHA-256 of what is inside one gzip member, bytes at a time.

    `note` tells why there is none: cut off, damaged, more than one member (a signed CloudTrail file
    is exactly one, with nothing after it), or a bomb.
    """

    def __init__(self) -> None:
        """Nothing seen yet."""
        self.note: str | None = None
        self._inflate = isal_zlib.decompressobj(31)
        self._hash = hashlib.sha256()
        self._in = self._out = 0
        self._first = True
        self._gzip = False

    def update(self, chunk: bytes) -> None:
        """The next bytes of the file."""
        if self._first:
            self._first, self._gzip = False, chunk[:2] == b"\x1f\x8b"
        if not self._gzip or self.note or not chunk:
            return
        if self._inflate.eof:
            self.note = "bytes follow the first gzip member"
            return
        self._in += len(chunk)
        try:
            self._feed(chunk)
        except INFLATE_ERRORS as error:
            self.note = f"gzip member is damaged: {error}"

    def _feed(self, chunk: bytes) -> None:
        pending = chunk
        while pending:
            plain = self._inflate.decompress(pending, CHUNK)
            self._hash.update(plain)
            self._out += len(plain)
            if self._out > BOMB_BYTES and self._out > self._in * BOMB_RATIO:
                self.note = f"content not hashed: over {BOMB_RATIO} times the stored bytes"
                return
            if self._inflate.eof:
                if self._inflate.unused_data:
                    self.note = "bytes follow the first gzip member"
                return
            pending = self._inflate.unconsumed_tail

    def digest(self) -> str | None:
        """Hex digest if the file is exactly one whole gzip member; sets `note` if it is cut off."""
        if not self._gzip or self.note:
            return None
        if not self._inflate.eof:
            self.note = "gzip member is cut off"
            return None
        return self._hash.hexdigest()


def _copy(source: BinaryIO, descriptor: int, limit: int | None) -> tuple[int, Digest, Content]:
    """Read, hash and write; a stream of one chunk stays in this thread."""
    sha256, sha512, content = hashlib.sha256(), hashlib.sha512(), Content()
    updates: tuple[Callable[[bytes], object], ...] = (
        sha256.update,
        sha512.update,
        content.update,
    )
    chunk = _read(source, _next(limit, 0))
    size = len(chunk)
    following = _read(source, _next(limit, size)) if chunk else b""
    if not following:
        for update in updates:
            update(chunk)
        _write(descriptor, chunk)
    else:
        size = _pipeline(source, descriptor, limit, (chunk, following), updates)
    digest = Digest(sha256=sha256.hexdigest(), sha512=sha512.hexdigest())
    return size, digest, content


def _pipeline(
    source: BinaryIO,
    descriptor: int,
    limit: int | None,
    head: tuple[bytes, bytes],
    updates: tuple[Callable[[bytes], object], ...],
) -> int:
    """Hash each chunk in threads, one a digest, while this thread writes it and reads the next."""
    size = len(head[0]) + len(head[1])
    waiting = [head[1], head[0]]
    pools = [ThreadPoolExecutor(max_workers=1) for _ in updates]
    running: list[Future[object]] = []
    try:
        while waiting:
            chunk = waiting.pop()
            # Waiting for the chunk before bounds memory to a few chunks.
            for done in running:
                done.result()
            running = [
                pool.submit(update, chunk) for pool, update in zip(pools, updates, strict=True)
            ]
            _write(descriptor, chunk)
            if not waiting and (more := _read(source, _next(limit, size))):
                size += len(more)
                waiting.append(more)
        for done in running:
            done.result()
    finally:
        for pool in pools:
            pool.shutdown()
    return size


def _next(limit: int | None, size: int) -> int:
    return CHUNK if limit is None else min(CHUNK, limit - size)


def _read(source: BinaryIO, count: int) -> bytes:
    """A full chunk if the stream has one; fewer bytes only at its end."""
    parts: list[bytes] = []
    while count > 0:
        try:
            part = source.read(count)
        except OSError as error:
            raise SourceError(error.strerror or str(error)) from error
        if not part:
            break
        parts.append(part)
        count -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _write(descriptor: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[os.write(descriptor, view) :]
