"""Steps 2 and 3: every acquisition against custody, every file against its manifest."""

import hashlib
import os
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector import canonical, custody, durable, manifest
from collector.verify import lines as files_of_lines
from collector.verify.chain import Chain
from collector.verify.report import Discrepancy, unchecked, wrong

#: Files above this size are not tried for damage by line-end conversion, which loads them whole.
TEXT_LIMIT = 1 << 26
#: Files that are hashed in one task: so many, or so many bytes. Tasks that wait at a time.
BATCH, BATCH_BYTES, AHEAD = 64, 1 << 20, 64
#: Bytes read at a time.
BLOCK = 1 << 18
LINK = "a symbolic link"
CLOSED = "a folder that cannot be looked into"

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
    lines, found = files_of_lines.of(path, label, "manifest-torn")
    yield from found
    actual = manifest.summarize_lines(lines).as_data()
    for name in ("sha256", "bytes", "leaves", "root"):
        if acquired.manifest.get(name) != actual[name]:
            yield wrong(f"manifest-{name}", label, acquired.manifest.get(name), actual[name])
    yield from check_folder(folder, lines, at, own=manifest.NAME, sha512=sha512)


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder by relative path (Latin-1 view of its bytes), links included.

    The value is empty for a regular file, else what it is. A folder that cannot be looked into has
    a path that ends in a slash. Strings alone, for there may be millions.
    """
    found: dict[str, str] = {}
    pending = [(os.fsencode(folder), b"")]
    while pending:
        place, at = pending.pop()
        try:
            entries = os.scandir(place)
        except FileNotFoundError:
            continue
        except OSError:
            found[at.decode("latin-1")] = CLOSED
            continue
        with entries:
            for entry in entries:
                name = at + entry.name
                if entry.is_dir(follow_symlinks=False):
                    pending.append((entry.path, name + b"/"))
                elif entry.is_file(follow_symlinks=False):
                    found[name.decode("latin-1")] = ""
                else:
                    link = entry.is_symlink()
                    found[name.decode("latin-1")] = LINK if link else "not a regular file"
    return found


def place_of(folder: Path, path: str) -> Path:
    """Where a file of `tree` is."""
    return folder / os.fsdecode(path.encode("latin-1"))


def digests(path: Path, *, both: bool) -> tuple[str, str | None]:
    """SHA-256 and, if asked, SHA-512 of a file, in one pass and constant memory."""
    _, short, long = _measured(str(path), both=both)
    return short, long


def _measured(place: str, *, both: bool) -> tuple[int, str, str | None]:
    """Bytes of a file, and `digests`. A small file is one read, and memory of its size."""
    descriptor = os.open(place, os.O_RDONLY | durable.BINARY)
    with open(descriptor, "rb", buffering=0) as stream:  # noqa: PTH123 # a descriptor
        block = bytearray(min(BLOCK, os.fstat(descriptor).st_size + 1))
        view = memoryview(block)
        short, long, size = hashlib.sha256(), hashlib.sha512() if both else None, 0
        while count := stream.readinto(block):
            size += count
            short.update(view[:count])
            if long is not None:
                long.update(view[:count])
    return size, short.hexdigest(), None if long is None else long.hexdigest()


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
    there = tree(folder)
    there.pop(own, None)
    found: list[Discrepancy] = []
    documents: set[str] = set()
    rows = _listed(lines, there, at, own, found, documents)
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for row, measured in _hashed(pool, folder, rows, both=sha512):
            if measured is None:
                said = "the medium does not give it"
                yield unchecked("file-unreadable", at + row.path, row.sha256, said)
            elif (one := _differs(folder, row, measured, at)) is not None:
                yield one
    yield from found
    yield from _check_extra(there, documents, folder, at)


def _listed(
    lines: Iterable[bytes],
    there: dict[str, str],
    at: str,
    own: str,
    found: list[Discrepancy],
    documents: set[str],
) -> Iterator[manifest.ManifestLine]:
    """Lines whose files are there, which leave `there`; other lines go to `found`.

    `documents`: receives the paths of PDFs, beside which a signed copy may lie.
    """
    highest = b""
    closed = tuple(path for path, kind in there.items() if kind == CLOSED)
    for path in closed:
        del there[path]
    for number, line in enumerate(lines, start=1):
        try:
            row = manifest.parse_line(line)
        except manifest.ManifestError:
            found.append(
                wrong("manifest-line", f"{at}{own}:{number}", "bytes, path, sha256, sha512", "no")
            )
            continue
        if row.path.encode() <= highest:
            label = f"{at}{own}:{number}"
            found.append(wrong("manifest-order", label, "paths sorted, each once", row.path))
        highest = max(highest, row.path.encode())
        if row.path.endswith(".pdf"):
            documents.add(row.path)
        kind = there.pop(row.path, "no such file")
        if not kind:
            yield row
        elif row.path.startswith(closed):
            said = "the medium does not give it"
            found.append(unchecked("file-unreadable", at + row.path, row.sha256, said))
        else:
            found.append(wrong("file-missing", at + row.path, f"{row.size} bytes", kind))


_Measured = tuple[int, str, str | None]


def _hashed(
    pool: ThreadPoolExecutor, folder: Path, rows: Iterable[manifest.ManifestLine], *, both: bool
) -> Iterator[tuple[manifest.ManifestLine, _Measured | None]]:
    """Hash in as many threads as there are processors (hashing lets go of the interpreter).

    Small files go together, for a task costs more than they do; what waits is bounded.
    """
    waiting: deque[tuple[list[manifest.ManifestLine], Future[list[_Measured | None]]]] = deque()
    batch: list[manifest.ManifestLine] = []
    size = 0

    def send() -> None:
        places = [os.path.join(folder, row.path) for row in batch]  # noqa: PTH118 # in bulk
        waiting.append((list(batch), pool.submit(_measure_all, places, both=both)))
        batch.clear()

    for row in rows:
        batch.append(row)
        size += row.size
        if size >= BATCH_BYTES or len(batch) == BATCH:
            send()
            size = 0
        if len(waiting) == AHEAD:
            done, result = waiting.popleft()
            yield from zip(done, result.result(), strict=True)
    send()
    for done, result in waiting:
        yield from zip(done, result.result(), strict=True)


def _measure_all(places: Sequence[str], *, both: bool) -> list[_Measured | None]:
    """`_measured` of each, None where the medium or its permissions do not give the bytes."""
    found: list[_Measured | None] = []
    for place in places:
        try:
            found.append(_measured(place, both=both))
        except OSError:
            found.append(None)
    return found


def _differs(
    folder: Path, row: manifest.ManifestLine, measured: _Measured, at: str
) -> Discrepancy | None:
    """How a file differs from its line, None if it does not."""
    label, (size, short, long) = at + row.path, measured
    if short == row.sha256 and size == row.size:
        if long is not None and long != row.sha512:
            return wrong("file-sha512", label, row.sha512, long)
        return None
    if short != row.sha256 and size <= TEXT_LIMIT and _crlf_damaged(folder / row.path, row.sha256):
        return wrong("sync-damage", label, row.sha256, "LF turned into CRLF")
    if size != row.size:
        return wrong("file-size", label, row.size, size)
    return wrong("file-sha256", label, row.sha256, short)


def _crlf_damaged(place: Path, expected: str) -> bool:
    restored = place.read_bytes().replace(b"\r\n", canonical.LF)
    return hashlib.sha256(restored).hexdigest() == expected


def _check_extra(
    found: Iterable[str], documents: set[str], folder: Path, at: str
) -> Iterator[Discrepancy]:
    for path in found:
        original = path.removesuffix(SIGNED) + ".pdf"
        if path.endswith(SIGNED) and original in documents and (folder / original).is_file():
            # A PAdES signature is an incremental update: the original's bytes come first.
            place = place_of(folder, path)
            if not place.read_bytes().startswith((folder / original).read_bytes()):
                yield wrong(
                    "signed-prefix", at + path, "begins with the original's bytes", "other bytes"
                )
            continue
        sync = files_of_lines.SYNC_NAME.search(path.rpartition("/")[2])
        yield wrong("sync-damage" if sync else "file-extra", at + path, "no such file", "a file")
