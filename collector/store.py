"""The evidence store as its readers see it: items, gaps, observations, bytes.

Only acquisitions that custody knows as closed are read; an open one is itself a gap. A withdrawn
item (`butfor exclude`) stays where it is, and is left out here with a gap that says so: struck,
never deleted (R-091).
"""

import io
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from collector import custody, ledger, manifest
from collector.errors import CaseError, IntegrityError
from collector.model import EvidenceItem, Gap, Observation, WarcPointer

_STORED = re.compile(r"files/\d{8,}-[A-Za-z0-9._-]{1,80}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """One closed act of obtaining data.

    Attributes:
        number: from 1.
        folder: relative to the case, `evidence/0001-…`.
        record: acquisition.json.
    """

    number: int
    folder: PurePosixPath
    record: Mapping[str, Any]

    @property
    def source(self) -> str:
        """Kind of evidence: `import`, `aws` …"""
        return str(self.record.get("source", "unknown"))


def acquisitions(case: Path) -> tuple[Acquisition, ...]:
    """Every closed acquisition, in order.

    Raises:
        CaseError: not a case, or of a newer version.
        IntegrityError: custody is broken, or a folder that it names is not as it says.
    """
    entries = custody.read(case)
    closed = {one.data["acq"] for one in entries if one.action == "acquisition.close"}
    return tuple(
        _acquisition(case, one.data["acq"], one.data["dir"])
        for one in entries
        if one.action == "acquisition.open" and one.data["acq"] in closed
    )


def items(case: Path, *, withdrawn: bool = False) -> tuple[EvidenceItem, ...]:
    """Every evidence item in order of acquisition and line (files first, then WARC responses).

    Args:
        case: case folder.
        withdrawn: whether to include items that were withdrawn.
    """
    struck = {} if withdrawn else exclusions(case)
    return tuple(
        item
        for acquisition in acquisitions(case)
        for item in _items(case, acquisition)
        if item.uid not in struck
    )


def gaps(case: Path) -> tuple[Gap, ...]:
    """Every gap of every acquisition, in order; then open acquisitions and withdrawn items."""
    entries = custody.read(case)
    found = [
        ledger.read_gap(line)
        for acquisition in acquisitions(case)
        for line in ledger.lines(case / acquisition.folder / ledger.GAPS)
    ]
    closed = {one.data["acq"] for one in entries if one.action == "acquisition.close"}
    found += [
        Gap(
            kind="failed",
            subject=str(one.data["dir"]),
            reason="expected a closed acquisition, found one that was interrupted; it is not read. "
            "Run its command again: it continues.",
        )
        for one in entries
        if one.action == "acquisition.open" and one.data["acq"] not in closed
    ]
    found += [
        Gap(kind="not_requested", subject=item, reason=f"withdrawn: {reason}", item=item)
        for item, reason in exclusions(case).items()
    ]
    return tuple(found)


def observations(case: Path) -> tuple[tuple[Acquisition, Observation], ...]:
    """Every attempted observation with its acquisition, in order."""
    return tuple(
        (acquisition, ledger.read_observation(line))
        for acquisition in acquisitions(case)
        for line in ledger.lines(case / acquisition.folder / ledger.OBSERVATIONS)
    )


def exclusions(case: Path) -> dict[str, str]:
    """Item id -> reason, of every withdrawn item, in order of withdrawal."""
    return {
        str(one.data["item"]): str(one.data["reason"])
        for one in custody.read(case)
        if one.action == "exclude"
    }


def open_item(case: Path, item: EvidenceItem) -> BinaryIO:
    """The stored bytes of an item: a file as received, or one WARC record (a gzip member).

    Raises:
        CaseError: the bytes are not there or cannot be read.
        IntegrityError: there are fewer or more than the ledger says.
    """
    path = case / item.path
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        file = os.fdopen(descriptor, "rb")
    except OSError as error:
        raise CaseError(
            f"{path}: expected the bytes of {item.uid}, found: {error.strerror}. "
            "Run `butfor verify`."
        ) from error
    pointer = _pointer(case, item)
    if pointer is not None:
        with file:
            file.seek(pointer.offset)
            data = file.read(pointer.length)
        _check_size(path, item, len(data))
        return io.BytesIO(data)
    size = os.fstat(file.fileno()).st_size
    if size != item.size:
        file.close()
    _check_size(path, item, size)
    return file


def facts(case: Path, acquisition: Acquisition) -> Iterator[Mapping[str, Any]]:
    """Lines of an acquisition's files.jsonl: true name, source, headers, metadata of each file."""
    return ledger.lines(case / acquisition.folder / ledger.FILES)


def _check_size(path: Path, item: EvidenceItem, found: int) -> None:
    if found != item.size:
        raise IntegrityError(
            f"{path}: expected {item.size} bytes of {item.uid}, found {found}. Run `butfor verify`."
        )


def _acquisition(case: Path, number: int, name: str) -> Acquisition:
    if not manifest.safe_path(name):
        raise IntegrityError(f"custody: acquisition {number}: {name!r} leaves the case folder")
    folder = PurePosixPath(name)
    path = case / folder / "acquisition.json"
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise IntegrityError(
            f"{path}: expected the record of acquisition {number}, found: {error}. Run "
            "`butfor verify`, and compare with a copy."
        ) from error
    if record.get("v") != 1:
        raise CaseError(f"{path}: expected version 1, found {record.get('v')}: use a newer butfor")
    return Acquisition(number=number, folder=folder, record=record)


def _items(case: Path, acquisition: Acquisition) -> Iterator[EvidenceItem]:
    folder = case / acquisition.folder
    for number, line in enumerate(ledger.lines(folder / ledger.FILES), start=1):
        item = ledger.read_item(acquisition.number, acquisition.folder, line, acquisition.source)
        expected = f"EV-{acquisition.number}.f{number}"
        if item.uid != expected or not _STORED.fullmatch(line["stored"]):
            raise IntegrityError(
                f"{folder / ledger.FILES}, line {number}: expected {expected} under files/, found "
                f"{item.uid} under {line['stored']!r}. Run `butfor verify`."
            )
        yield item
    cited: set[int] = set()
    for line in ledger.lines(folder / ledger.OBSERVATIONS):
        observation = ledger.read_observation(line)
        for pointer in observation.records:
            # Two observations may rest on one answer: it stays one item.
            if pointer.kind == "response" and pointer.record not in cited:
                cited.add(pointer.record)
                yield _record_item(acquisition, observation, pointer)


def _record_item(
    acquisition: Acquisition, observation: Observation, pointer: WarcPointer
) -> EvidenceItem:
    return EvidenceItem(
        uid=f"EV-{acquisition.number}.w{pointer.record}",
        acquisition=acquisition.number,
        path=acquisition.folder / ledger.WARC,
        name=f"{observation.operation} {observation.resource}",
        size=pointer.length,
        digest=pointer.digest,
        content_sha256=None,
        acquired_at=observation.at,
        observed_at=observation.at,
        source=acquisition.source,
        origin=pointer.origin,
    )


def _pointer(case: Path, item: EvidenceItem) -> WarcPointer | None:
    """Where a WARC item is; None for files."""
    kind, _, number = item.uid.rpartition(".")[2].partition("w")
    if kind or not number.isdigit():
        return None
    path = case / item.path.parent / ledger.OBSERVATIONS
    found = _pointers(path, path.stat().st_mtime_ns if path.exists() else 0).get(int(number))
    if found is None:
        raise IntegrityError(f"{item.uid}: expected a line of {ledger.OBSERVATIONS}, found none")
    return found


@lru_cache(maxsize=8)
def _pointers(path: Path, _modified: int) -> dict[int, WarcPointer]:
    """Record number -> place, of a whole ledger; the file's time stamp is part of the key."""
    return {
        pointer.record: pointer
        for line in ledger.lines(path)
        for pointer in ledger.read_observation(line).records
    }
