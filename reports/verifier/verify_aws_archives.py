"""Step 7, archives (zip, tar) that were handed over whole: read in one pass, nothing is unpacked.

Digests and keys found inside are small and kept; of a log file only the digest that CloudTrail
signs. An archive that cannot be read, or not to its end, "could not be checked".
"""

from __future__ import annotations

import bz2
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from verify_aws import HEAD, LIMIT, LOG, head_of, stream_digest
from verify_report import Report

TAR_NAMES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
OTHER_NAMES = (".7z", ".rar", ".tar.zst")
DAMAGE = (
    zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError,
    ValueError, NotImplementedError, OverflowError,
)  # fmt: skip


class Closed(Exception):
    """An archive that cannot be read, for a reason of ours."""


def kind(place: Path, name: str) -> str | None:
    """`zip`, `tar`, `other` (a kind that is not read), or None for no archive."""
    with place.open("rb") as file:
        return form_of(file.read(1 << 12), name)


def form_of(head: bytes, name: str) -> str | None:
    """The same for its first bytes."""
    lower = name.lower()
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")) or lower.endswith(".zip"):
        return "zip"
    if _start(head)[257:262] == b"ustar" or lower.endswith(TAR_NAMES):
        return "tar"
    return "other" if lower.endswith(OTHER_NAMES) else None


def _start(head: bytes) -> bytes:
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


def members(place: Path, form: str) -> Iterator[tuple[str, IO[bytes]]]:
    """Name and stream of every file in an archive, in its own order."""
    if form == "zip":
        with zipfile.ZipFile(place) as archive:
            for info in archive.infolist():
                if info.is_dir():
                    continue
                if info.flag_bits & 1:
                    raise Closed("encrypted")
                with archive.open(info) as stream:
                    yield info.filename, stream
    elif form == "tar":
        with tarfile.open(place, "r|*") as tape:
            for entry in tape:
                file = tape.extractfile(entry) if entry.isreg() else None
                if file is not None:
                    yield entry.name, file
    else:
        raise Closed("an archive of a kind that is not read")


def inside(
    held: dict[str, Any], name: str, stream: IO[bytes], report: Report
) -> dict[str, Any] | None:
    """A member as a held file; None if it is neither digest, key nor log file."""
    shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    base, start = re.split(r"[/\\]", shown)[-1], stream.read(HEAD)
    if form_of(start, shown) is not None:
        said = "an archive in an archive, which is not entered"
        report.open("provider-archive", f"{held['path']}!/{shown}", "files", said)
        return None
    head, body, content = head_of(start), b"", None
    if LOG.fullmatch(base):
        content = stream_digest(stream, start)
    elif "CloudTrail-Digest" in shown or b'"digestStartTime"' in head or b'"PublicKeyList"' in head:
        body = start + stream.read(LIMIT)
    else:
        return None
    return {
        **held, "base": base, "body": body, "content": content, "head": head, "metadata": {},
        "name": shown, "path": f"{held['path']}!/{shown}",
    }  # fmt: skip


def unfold(files: list[dict[str, Any]], report: Report) -> list[dict[str, Any]]:
    """Files with the members of archives in place of the archives."""
    found: list[dict[str, Any]] = []
    for held in files:
        form = kind(held["place"], held["name"])
        if form is None:
            found.append(held)
            continue
        try:
            for name, stream in members(held["place"], form):
                one = inside(held, name, stream, report)
                if one is not None:
                    found.append(one)
        except Closed as error:
            report.open("provider-archive", held["path"], "an archive to its end", error)
        except DAMAGE:
            said = "damaged or cut off"
            report.open("provider-archive", held["path"], "an archive to its end", said)
    return found
