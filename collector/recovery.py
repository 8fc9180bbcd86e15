"""Putting an interrupted acquisition right, and the parts of its folder that closing it needs.

Rule: what the ledger, or the durable list of pending lines, vouches for is kept; whole WARC records
are kept; what was half-written is cut or removed, and every cut is recorded in custody
(`acquisition.recover`). Nothing that was reported as kept is lost.
"""

import hashlib
import heapq
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from collector import canonical, clock, durable, files, ledger, manifest, warc
from collector.acquisition_record import RECORD, START
from collector.custody import CustodyEntry
from collector.errors import IntegrityError
from collector.manifest import ManifestLine
from collector.model import Digest, Gap, Observation, WarcPointer
from collector.session import Session

#: The manifest while it is written: no file of the acquisition.
PARTIAL_MANIFEST = manifest.NAME + durable.PARTIAL
PENDING = "files.pending" + durable.PARTIAL


def make_folder(folder: Path) -> None:
    """An acquisition's folder, its names durable."""
    (folder / ledger.FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in (ledger.FILES, ledger.GAPS, ledger.OBSERVATIONS):
        # Made at once: an empty ledger says "none", a missing one says nothing.
        (folder / name).touch(mode=0o600)
    for made in (folder, folder.parent, folder.parent.parent):
        durable.flush_folder(made)


def make_read_only(folder: Path) -> None:
    """Take write permission from files and folders, bottom up."""
    for here, _, names in os.walk(folder, topdown=False):
        for name in names:
            (Path(here) / name).chmod(0o400)
        Path(here).chmod(0o500)


def unclosed(case: Path, entries: Sequence[CustodyEntry]) -> tuple[tuple[int, Path], ...]:
    """Number and folder of every acquisition that was opened and not closed."""
    closed = {one.data.get("acq") for one in entries if one.action == "acquisition.close"}
    found = []
    for one in entries:
        if one.action == "acquisition.open" and one.data["acq"] not in closed:
            if not manifest.safe_path(one.data["dir"]):
                raise IntegrityError(f"custody line {one.seq}: {one.data['dir']!r} leaves the case")
            found.append((one.data["acq"], case / one.data["dir"]))
    return tuple(found)


def repair(session: Session, number: int, folder: Path) -> None:
    """Steps, each safe to repeat if this run is interrupted too.

    (1) unfinished ledger lines are cut; (2) pending lines whose bytes are there are adopted;
    (3) other partial files are removed; (4) a torn WARC record is cut; (5) a record and manifest
    that custody does not know of as closed are set back (the record holds the start too);
    (6) custody says what was done.
    """
    make_folder(folder)
    cut = [one for name in (ledger.FILES, ledger.GAPS, ledger.OBSERVATIONS)
           if (one := _cut_line(folder / name))]  # fmt: skip
    adopted = _adopt(folder)
    removed = _remove_partials(folder)
    if torn := _cut_warc(folder / ledger.WARC):
        cut.append(torn)
    (folder / manifest.NAME).unlink(missing_ok=True)
    if (folder / RECORD).exists():
        (folder / RECORD).replace(folder / START)
    durable.flush_folder(folder)
    session.record(
        "acquisition.recover",
        why="the run was interrupted",
        data={"acq": number, "adopted": adopted, "cut": cut, "removed": removed},
    )


def note_interruption(folder: Path, number: int) -> None:
    """What a closed-as-interrupted acquisition must say of itself."""
    cited = {
        record["record"]
        for line in ledger.lines(folder / ledger.OBSERVATIONS)
        for record in line["records"]
    }
    for pointer in pointers(folder / ledger.WARC):
        if pointer.kind == "response" and pointer.record not in cited:
            observation = Observation(
                operation="unknown", resource="unknown", outcome=None, at=clock.now(),
                detail="found beyond the ledger after an interruption", records=(pointer,),
                recovered=True,
            )  # fmt: skip
            line = canonical.line(ledger.observation_line(observation))
            durable.append(folder / ledger.OBSERVATIONS, line)
    gap = Gap(
        kind="failed",
        subject=f"acquisition {number}",
        reason="expected the acquisition to end by itself; it was interrupted, and what it had not "
        "reached yet is not known",
    )
    line = canonical.line(ledger.gap_line(gap, at=clock.now(), counted=False))
    durable.append(folder / ledger.GAPS, line)


def write_pending(folder: Path, lines: bytes) -> None:
    """The group's ledger lines, durable before the first rename of the group."""
    path = folder / PENDING
    made = not path.exists()
    with path.open("wb") as file:
        file.write(lines)
        file.flush()
        durable.flush(file.fileno())
    if made:
        durable.flush_folder(folder)


def drop_pending(folder: Path) -> None:
    """Every pending line is in the ledger by now."""
    (folder / PENDING).unlink(missing_ok=True)


def pointers(path: Path) -> list[WarcPointer]:
    """Every whole WARC record of a file that may not exist, in order.

    Raises:
        IntegrityError: a whole member that is not a WARC record.
    """
    if not path.exists():
        return []
    try:
        found = [(offset, head.get("WARC-Type", "")) for offset, head, _ in warc.records(path)]
        end, _ = warc.whole_length(path)
    except ValueError as error:
        raise IntegrityError(f"{path}: {error}. Run `butfor verify`.") from error
    ends = [offset for offset, _ in found[1:]] + [end]
    made = []
    with path.open("rb") as file:
        for at, ((offset, kind), stop) in enumerate(zip(found, ends, strict=True), start=1):
            file.seek(offset)
            made.append(
                WarcPointer(
                    record=at, kind=kind, offset=offset, length=stop - offset,
                    digest=files.digest_of(file.read(stop - offset)),
                )
            )  # fmt: skip
    return made


def manifest_lines(folder: Path) -> Iterator[ManifestLine]:
    """One line for every other file of the folder, in the order of their paths' bytes.

    Digests of stored files come from the ledger (they were taken of the bytes as written; sizes are
    compared); all else is hashed here.
    """
    listed = {line["stored"] for line in ledger.lines(folder / ledger.FILES)}
    others = []
    for here, _, names in os.walk(folder):
        for name in names:
            path = Path(here) / name
            relative = path.relative_to(folder).as_posix()
            if relative not in listed and relative not in (manifest.NAME, PARTIAL_MANIFEST):
                digest = _hash(path)
                others.append(
                    ManifestLine(
                        path=relative, size=path.stat().st_size, sha256=digest.sha256,
                        sha512=digest.sha512,
                    )
                )  # fmt: skip
    others.sort(key=_in_bytes)
    # The ledger is in the order of the numbers that stored names begin with.
    yield from heapq.merge(_stored(folder), others, key=_in_bytes)


def _stored(folder: Path) -> Iterator[ManifestLine]:
    for line in ledger.lines(folder / ledger.FILES):
        path = folder / line["stored"]
        size = path.stat().st_size if path.is_file() else -1
        if size != line["bytes"]:
            raise IntegrityError(f"{path}: expected {line['bytes']} bytes, found {size}")
        yield ManifestLine(
            path=line["stored"], size=size, sha256=line["sha256"], sha512=line["sha512"]
        )


def _in_bytes(line: ManifestLine) -> bytes:
    return line.path.encode()


def _hash(path: Path) -> Digest:
    sha256, sha512 = hashlib.sha256(), hashlib.sha512()
    with path.open("rb") as file:
        while chunk := file.read(files.CHUNK):
            sha256.update(chunk)
            sha512.update(chunk)
    return Digest(sha256=sha256.hexdigest(), sha512=sha512.hexdigest())


def _cut_line(path: Path) -> dict[str, Any] | None:
    """Step 1: the beginning of a line that was never finished."""
    if not path.exists():
        return None
    raw = path.read_bytes()
    return _cut(path, len(raw) - len(canonical.torn(raw)))


def _cut_warc(path: Path) -> dict[str, Any] | None:
    """Step 4."""
    if not path.exists():
        return None
    end, _ = warc.whole_length(path)
    return _cut(path, end)


def _cut(path: Path, size: int) -> dict[str, Any] | None:
    """Shorten a file; what to record of the bytes that go, None if there are none."""
    with path.open("r+b") as file:
        file.seek(size)
        rest = file.read()
        if not rest:
            return None
        file.truncate(size)
        durable.flush(file.fileno())
    return {"bytes": len(rest), "file": path.name, "sha256": hashlib.sha256(rest).hexdigest()}


def _adopt(folder: Path) -> list[str]:
    """Step 2: files of the last group; a pending line counts if the bytes have its digest."""
    held = {line["stored"] for line in ledger.lines(folder / ledger.FILES)}
    adopted = []
    for pending in ledger.lines(folder / PENDING):
        line = pending["line"]
        target, partial = folder / line["stored"], folder / ledger.FOLDER / pending["partial"]
        if line["stored"] in held:
            continue
        if not target.exists() and partial.exists() and _hash(partial).sha256 == line["sha256"]:
            durable.rename_once(partial, target)
        if not target.exists() or _hash(target).sha256 != line["sha256"]:
            break  # later lines have later numbers: the ledger may have no hole
        durable.flush_folder(folder / ledger.FOLDER)
        durable.append(folder / ledger.FILES, canonical.line({**line, "recovered": True}))
        adopted.append(line["item"])
    return adopted


def _remove_partials(folder: Path) -> list[str]:
    """Step 3: half-written files, whose sources were never reported as kept."""
    removed = []
    for path in sorted(folder.rglob(f"*{durable.PARTIAL}")):
        if path.name != START or path.parent != folder:
            removed.append(path.relative_to(folder).as_posix())
            with suppress(FileNotFoundError):
                path.unlink()
    return removed
