"""Steps 2 and 3: every acquisition against custody, every file against its manifest."""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector import canonical, custody, manifest
from collector.verify import lines as files_of_lines
from collector.verify.chain import Chain
from collector.verify.report import Discrepancy, unchecked, wrong

#: Files above this size are not tried for damage by line-end conversion, which loads them whole.
TEXT_LIMIT = 1 << 26
#: Files that are hashed together, so that what waits does not grow with their number.
WINDOW = 1024

_FOLDER = re.compile(r"evidence/[A-Za-z0-9][A-Za-z0-9._-]*")
#: Ending of a copy that a person signed; its original comes first in it.
SIGNED = ".signed.pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquired:
    """What custody says of one acquisition. `entry`: index of its close, None while it is open."""

    acq: object
    folder: str
    entry: int | None
    manifest: Mapping[str, Any]


def acquisitions(chain: Chain, at: str) -> tuple[tuple[Acquired, ...], list[Discrepancy]]:
    """Opened acquisitions in order, joined to their closes."""
    label = at + custody.NAME
    found: list[Discrepancy] = []
    closes: dict[str, tuple[int, Mapping[str, Any]]] = {}
    for index, data in chain.of("acquisition.close"):
        acq = str(data.get("acq"))
        if acq in closes:
            found.append(wrong("acquisition-closed-twice", f"{label}:{index + 1}", "once", "again"))
        stated = data.get("manifest")
        closes[acq] = (index, stated if isinstance(stated, dict) else {})
    opened = []
    for _, data in chain.of("acquisition.open"):
        entry, stated = closes.pop(str(data.get("acq")), (None, {}))
        opened.append(
            Acquired(acq=data.get("acq"), folder=str(data.get("dir")), entry=entry, manifest=stated)
        )
    for acq in closes:
        found.append(wrong("acquisition-never-opened", label, "acquisition.open", acq))
    return tuple(opened), found


def check(
    root: Path, acquired: Iterable[Acquired], at: str, *, sha512: bool
) -> Iterator[Discrepancy]:
    """Folders that custody does not know, then each acquisition that it does."""
    known = {one.folder for one in acquired}
    base = root / "evidence"
    for entry in sorted(base.iterdir()) if base.is_dir() else ():
        if f"evidence/{entry.name}" not in known:
            sync = files_of_lines.SYNC_NAME.search(entry.name)
            word = "sync-damage" if sync else "acquisition-unrecorded"
            label = f"{at}evidence/{entry.name}"
            yield wrong(word, label, "an acquisition.open entry", "none")
    for one in acquired:
        label = at + one.folder
        if not _FOLDER.fullmatch(one.folder):
            yield wrong("acquisition-folder", label, "evidence/<name>", one.folder)
        elif not (root / one.folder).is_dir():
            yield wrong("acquisition-missing", label, "a folder", "none")
        elif one.entry is None:
            yield unchecked("acquisition-open", label, "acquisition.close", "not closed")
        else:
            yield from _check_acquisition(root / one.folder, one, f"{label}/", sha512=sha512)


def _check_acquisition(
    folder: Path, acquired: Acquired, at: str, *, sha512: bool
) -> Iterator[Discrepancy]:
    path, label = folder / manifest.NAME, at + manifest.NAME
    if not path.is_file():
        yield wrong("manifest-missing", label, acquired.manifest.get("sha256"), "no such file")
        return
    lines, found = files_of_lines.read(path, label, "manifest-torn")
    yield from found
    actual = manifest.summarize_lines(lines).as_data()
    for name in ("sha256", "bytes", "leaves", "root"):
        if acquired.manifest.get(name) != actual[name]:
            yield wrong(f"manifest-{name}", label, acquired.manifest.get(name), actual[name])
    yield from check_folder(folder, lines, at, own=manifest.NAME, sha512=sha512)


def tree(folder: Path) -> dict[str, Path]:
    """Every file below a folder by relative path (Latin-1 view of its bytes); links are files."""
    found: dict[str, Path] = {}
    for base, folders, names in os.walk(folder):
        here = Path(base)
        for name in names + [one for one in folders if (here / one).is_symlink()]:
            relative = (here / name).relative_to(folder).as_posix()
            found[os.fsencode(relative).decode("latin-1")] = here / name
    return found


def digests(path: Path, *, both: bool) -> tuple[str, str | None]:
    """SHA-256 and, if asked, SHA-512 of a file, in one pass and constant memory."""
    if not both:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest(), None
    short, long = hashlib.sha256(), hashlib.sha512()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            short.update(block)
            long.update(block)
    return short.hexdigest(), long.hexdigest()


def check_folder(
    folder: Path, lines: Iterable[bytes], at: str, *, own: str, sha512: bool
) -> Iterator[Discrepancy]:
    """A folder against the lines of its manifest: missing, altered, extra, out of order.

    Args:
        folder: what the manifest describes.
        lines: the manifest's lines.
        at: path of the folder as printed, empty or ending in a slash.
        own: name of the manifest, which does not list itself.
        sha512: check SHA-512 as well.
    """
    found = tree(folder)
    found.pop(own, None)
    rows: list[tuple[Path, manifest.ManifestLine]] = []
    pool = ThreadPoolExecutor(max_workers=os.cpu_count() or 1)
    listed: set[str] = set()
    last = b""
    for number, line in enumerate(lines, start=1):
        label = f"{at}{own}:{number}"
        row = _row(line)
        if row is None:
            yield wrong("manifest-line", label, "bytes, path, sha256, sha512", "no")
            continue
        if row.path in listed or row.path.encode() < last:
            yield wrong("manifest-order", label, "paths sorted, each once", row.path)
        listed.add(row.path)
        last = row.path.encode()
        place = found.pop(row.path, None)
        if place is None or place.is_symlink() or not place.is_file():
            yield wrong("file-missing", at + row.path, f"{row.size} bytes", _instead(place))
        else:
            rows.append((place, row))
        if len(rows) == WINDOW:
            yield from _check_files(pool, rows, at, sha512=sha512)
            rows.clear()
    yield from _check_files(pool, rows, at, sha512=sha512)
    pool.shutdown()
    yield from _check_extra(found, listed, folder, at)


def _instead(place: Path | None) -> str:
    """What is where a regular file should be. A pipe or device is never opened: it may block."""
    if place is None:
        return "no such file"
    return "a symbolic link" if place.is_symlink() else "not a regular file"


def _row(line: bytes) -> manifest.ManifestLine | None:
    """One line of a manifest, None if it is not in form (a path that escapes included)."""
    try:
        (row,) = manifest.parse(line + canonical.LF)
    except manifest.ManifestError:
        return None
    return row


def _check_files(
    pool: ThreadPoolExecutor,
    rows: list[tuple[Path, manifest.ManifestLine]],
    at: str,
    *,
    sha512: bool,
) -> Iterator[Discrepancy]:
    """Hash in as many threads as there are processors (hashing lets go of the interpreter)."""
    hashed = pool.map(lambda pair: _readable(pair[0], both=sha512), rows)
    for (place, row), (short, long) in zip(rows, hashed, strict=True):
        label, size = at + row.path, place.stat().st_size
        if short is None:
            yield unchecked("file-unreadable", label, row.sha256, "the medium does not give it")
        elif short == row.sha256 and size == row.size:
            if long is not None and long != row.sha512:
                yield wrong("file-sha512", label, row.sha512, long)
        elif short != row.sha256 and size <= TEXT_LIMIT and _crlf_damaged(place, row.sha256):
            yield wrong("sync-damage", label, row.sha256, "LF turned into CRLF")
        elif size != row.size:
            yield wrong("file-size", label, row.size, size)
        else:
            yield wrong("file-sha256", label, row.sha256, short)


def _readable(path: Path, *, both: bool) -> tuple[str | None, str | None]:
    """`digests`, None where the medium or its permissions do not give the bytes."""
    try:
        return digests(path, both=both)
    except OSError:
        return None, None


def _crlf_damaged(place: Path, expected: str) -> bool:
    restored = place.read_bytes().replace(b"\r\n", canonical.LF)
    return hashlib.sha256(restored).hexdigest() == expected


def _check_extra(
    found: Mapping[str, Path], listed: set[str], folder: Path, at: str
) -> Iterator[Discrepancy]:
    for path, place in found.items():
        original = path.removesuffix(SIGNED) + ".pdf"
        if path.endswith(SIGNED) and original in listed and (folder / original).is_file():
            # A PAdES signature is an incremental update: the original's bytes come first.
            if not place.read_bytes().startswith((folder / original).read_bytes()):
                yield wrong(
                    "signed-prefix", at + path, "begins with the original's bytes", "other bytes"
                )
            continue
        sync = files_of_lines.SYNC_NAME.search(path.rpartition("/")[2])
        yield wrong("sync-damage" if sync else "file-extra", at + path, "no such file", "a file")
