"""manifest.jsonl: one canonical line {bytes, path, sha256, sha512} for every other file of an
acquisition, sorted by path bytes; its Merkle root goes into the custody chain (R-141).

Paths are ours (stored names), relative to the acquisition, with `/`; true names stay in
files.jsonl, because a true name is hostile input.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from collector import canonical, durable, merkle

NAME = "manifest.jsonl"

_USUAL = re.compile(
    rb'\{"bytes":(0|[1-9][0-9]{0,14}),"path":"([A-Za-z0-9._/-]+)",'
    rb'"sha256":"([0-9a-f]{64})","sha512":"([0-9a-f]{128})"\}'
)
_HEX256 = re.compile(r"[0-9a-f]{64}")
_HEX512 = re.compile(r"[0-9a-f]{128}")


class ManifestError(ValueError):
    """A manifest that is not in form: line number (from 1), expected and found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestLine:
    """One file of an acquisition; digests in lower-case hex."""

    path: str
    size: int
    sha256: str
    sha512: str

    def encode(self) -> bytes:
        """Canonical bytes, without line feed: a leaf of the acquisition's tree."""
        return canonical.encode(
            {
                "bytes": self.size,
                "path": self.path,
                "sha256": self.sha256,
                "sha512": self.sha512,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestSummary:
    """What acquisition.close records of a manifest."""

    size: int
    leaves: int
    root: str
    sha256: str

    def as_data(self) -> dict[str, int | str]:
        """The object under `manifest` in acquisition.close."""
        return {
            "bytes": self.size,
            "leaves": self.leaves,
            "root": self.root,
            "sha256": self.sha256,
        }


def summarize(raw: bytes) -> ManifestSummary:
    """What acquisition.close states of a manifest's bytes as they stand."""
    return summarize_lines(canonical.split_lines(raw))


def summarize_lines(lines: Iterable[bytes]) -> ManifestSummary:
    """Size, leaf count, Merkle root and SHA-256 of whole lines (without line feed), in one pass."""
    hashed, size = hashlib.sha256(), 0

    def seen() -> Iterator[bytes]:
        nonlocal size
        for line in lines:
            hashed.update(line + canonical.LF)
            size += len(line) + 1
            yield line

    leaves, root = merkle.root_of(seen())
    return ManifestSummary(size=size, leaves=leaves, root=root.hex(), sha256=hashed.hexdigest())


def write(acquisition: Path, lines: Iterable[ManifestLine]) -> ManifestSummary:
    """Write the manifest of an acquisition folder, once, and return its summary.

    Raises:
        FileExistsError: it was written before.
        ManifestError: two lines for one path.
    """
    return write_ordered(acquisition, sorted(lines, key=lambda one: one.path.encode()))


def write_ordered(acquisition: Path, lines: Iterable[ManifestLine]) -> ManifestSummary:
    """`write` for lines that come in the order of their paths' bytes: they are never all in memory.

    Raises:
        FileExistsError: it was written before.
        ManifestError: two lines for one path, or out of order.
    """
    path = acquisition / NAME
    durable.write_once(path, _in_order(lines))
    with path.open("rb") as file:
        return summarize_lines(line.removesuffix(canonical.LF) for line in file)


def _in_order(lines: Iterable[ManifestLine]) -> Iterator[bytes]:
    earlier = ""
    for one in lines:
        if one.path == earlier:
            raise ManifestError(f"expected one line a path, found two for {one.path!r}")
        if one.path.encode() < earlier.encode():
            raise ManifestError(f"expected paths in order, found {one.path!r} after {earlier!r}")
        earlier = one.path
        yield one.encode() + canonical.LF


def parse(raw: bytes) -> Iterator[ManifestLine]:
    """The lines of a manifest, strictly: form, digests, safe paths, order.

    Raises:
        ManifestError: with the number of the line.
    """
    if canonical.torn(raw):
        raise ManifestError("expected a line feed at the end, found an unfinished last line")
    previous = b""
    for number, line in enumerate(canonical.split_lines(raw), start=1):
        one = _parse_line(line, number)
        if one.path.encode() <= previous:
            raise ManifestError(f"line {number}: expected paths in ascending order of bytes")
        previous = one.path.encode()
        yield one


def _parse_line(line: bytes, number: int) -> ManifestLine:
    try:
        return parse_line(line)
    except ManifestError as error:
        raise ManifestError(f"line {number}: {error}") from error


def parse_line(line: bytes) -> ManifestLine:
    """One line, strictly: form, digests, safe path.

    Raises:
        ManifestError: expected and found.
    """
    usual = _USUAL.fullmatch(line)
    if usual is not None:  # canonical as it stands, and read at a tenth of the cost
        size, path, short, long = usual.groups()
        if safe_path(path.decode()):
            return ManifestLine(
                path=path.decode(), size=int(size), sha256=short.decode(), sha512=long.decode()
            )
    try:
        value = canonical.decode(line)
    except canonical.CanonicalError as error:
        raise ManifestError(str(error)) from error
    size, path = value.get("bytes"), value.get("path")
    sha256, sha512 = value.get("sha256"), value.get("sha512")
    if set(value) != {"bytes", "path", "sha256", "sha512"}:
        raise ManifestError("expected bytes, path, sha256, sha512 only")
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise ManifestError(f"expected a number of bytes, found {size!r}")
    if not isinstance(path, str) or not safe_path(path):
        raise ManifestError(f"expected a path inside the folder, found {path!r}")
    if not isinstance(sha256, str) or not _HEX256.fullmatch(sha256):
        raise ManifestError("expected a SHA-256 in lower-case hex")
    if not isinstance(sha512, str) or not _HEX512.fullmatch(sha512):
        raise ManifestError("expected a SHA-512 in lower-case hex")
    return ManifestLine(path=path, size=size, sha256=sha256, sha512=sha512)


def safe_path(path: str) -> bool:
    """Whether a relative path stays inside the folder it is joined to, on every system."""
    parts = path.split("/")
    return all(part not in ("", ".", "..") and not set(part) & set('\\:\0*?"<>|') for part in parts)
