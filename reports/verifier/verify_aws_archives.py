"""Step 7, archives (zip, tar) that were handed over whole: read member by member, nothing unpacked.

Archives in archives are entered, four deep. Digests and keys found inside are small and kept; of a
log file only the digest that CloudTrail signs. What cannot be read to its end, or is not entered,
"could not be checked" and is named; the rest is read on. A zip inside another archive is copied to
a nameless temporary file, because its directory stands at its end.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from verify_aws import HEAD, LIMIT, LOG, head_of, stream_digest
from verify_report import Report

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
PACKED = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\x00", lzma.open))
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


class Walk:
    """Everything in one stored archive."""

    def __init__(self, held: dict[str, Any], report: Report) -> None:
        """`held`: the stored file."""
        self.held, self.report = held, report
        self.left = max(BOMB_BYTES, held["place"].stat().st_size * RATIO)
        self.found: list[dict[str, Any]] = []

    def run(self, form: str) -> list[dict[str, Any]]:
        """Held files for what concerns the check."""
        with self.held["place"].open("rb") as file:
            self.enter(file, form, self.held["path"], 1)
        return self.found

    def unread(self, path: str, said: object) -> None:
        """What could not be read to its end."""
        self.report.open("provider-archive", path, "an archive to its end", said)

    def spend(self, size: int) -> None:
        """Count what is inside."""
        self.left -= size
        if self.left < 0:
            raise Closed(f"more than {RATIO} times its size inside: not read on")

    def enter(self, file: Any, form: str, path: str, depth: int) -> None:  # noqa: ANN401
        """One archive."""
        seen: dict[str, int] = {}
        if form == "other":
            self.unread(path, "an archive of a kind that is not read")
            return
        try:
            for name, member in (self.zipped if form == "zip" else self.taped)(file):
                seen[name] = seen.get(name, 0) + 1
                number = f"#{seen[name]}" if seen[name] > 1 else ""
                if member is not None:
                    printable = shown(name)
                    self.member(member, printable, f"{path}!/{printable}{number}", depth)
        except Closed as error:
            self.unread(path, error)
        except DAMAGE:
            self.unread(path, CUT)

    def member(self, member: Any, name: str, here: str, depth: int) -> None:  # noqa: ANN401
        """One file in an archive: another archive, something to keep, or neither."""
        if isinstance(member, str):
            self.unread(here, member)
            return
        try:
            stream = Stream(member)
            form = form_of(stream.peek(HEAD), name)
            if form is None:
                self.keep(stream, name, here)
            elif depth == DEPTH:
                self.unread(here, f"nested deeper than {DEPTH} archives: not entered")
            else:
                self.enter(stream, form, here, depth + 1)
        except Closed as error:
            self.unread(here, error)

    def keep(self, stream: Stream, name: str, path: str) -> None:
        """A digest, a key or a log file."""
        base, start = re.split(r"[/\\]", name)[-1], stream.read(HEAD)
        head, body, content = head_of(start), b"", None
        if LOG.fullmatch(base):
            content = stream_digest(stream, start)
        elif concerns(name, head):
            body = start + stream.read(LIMIT)
        else:
            return
        self.found.append(
            {**self.held, "base": base, "body": body, "content": content, "head": head,
             "metadata": {}, "name": name, "path": path}
        )  # fmt: skip

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


def concerns(name: str, head: bytes) -> bool:
    """Is it a digest, or does it hold public keys?"""
    marks = (b'"digestStartTime"', b'"PublicKeyList"')
    return "CloudTrail-Digest" in name or any(mark in head for mark in marks)


def unfold(files: Iterable[dict[str, Any]], report: Report) -> Iterator[dict[str, Any]]:
    """What concerns the check, of files and of members of archives."""
    for held in files:
        try:
            with held["place"].open("rb") as file:
                start = file.read(HEAD)
        except OSError:
            continue  # named as unreadable in step 3
        form = form_of(start, held["name"])
        if form is not None:
            yield from Walk(held, report).run(form)
        elif LOG.fullmatch(held["base"]) or concerns(held["name"], head_of(start)):
            yield held
