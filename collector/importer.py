"""Preserving what others handed over: files and folders, as received, once.

(1) walk: each name is a file or a gap; (2) receive: bytes are stored and hashed, several files at a
time; (3) keep: in the order of the walk, so that item numbers do not depend on timing;
(4) take over what another case among the material knows: exchanges, gaps, withdrawals;
(5) close: seen = kept + gaps + already held, asserted.

What happened to the material before the hand-over is not established by this, and the record says
so. Archives are kept whole, as received.
"""

import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from collector import ledger, other_case
from collector.acquisition import AcquisitionWriter, FileFacts, acquire
from collector.acquisition_record import HANDED_OVER, Request
from collector.adopt import adopt
from collector.errors import UsageError
from collector.files import Received, SourceError
from collector.manifest import ManifestSummary
from collector.model import Gap
from collector.other_case import OtherCase
from collector.session import Session
from collector.walk import Found, shown, unreadable, walk

#: Files received at the same time; hashing releases the interpreter lock.
WORKERS = 4
#: Files in flight, so that memory does not grow with their number.
WINDOW = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """What is stated of a hand-over; None = not supplied.

    Attributes:
        provided_by: who handed the material over.
        received_at: when it was received.
        observed_at: when the provider's state in it was observed: stated, not established.
        stated_by: who states so.
        note: anything else.
    """

    provided_by: str | None = None
    received_at: datetime | None = None
    observed_at: datetime | None = None
    stated_by: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """Outcome of one import; seen = kept + gaps + already. `cases`: verdicts on other cases."""

    acquisition: int
    folder: PurePosixPath
    resumed: bool
    seen: int
    kept: int
    already: int
    bytes: int
    gaps: tuple[Gap, ...]
    manifest: ManifestSummary
    cases: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """A received file, what it was like when it was opened, and a remark if it changed."""

    received: Received
    facts: FileFacts
    remark: Gap | None


def run(
    session: Session,
    paths: Iterable[Path],
    handover: HandOver,
    *,
    progress: Callable[[int, int], None] = lambda files, size: None,
) -> ImportReport:
    """Import paths as one acquisition.

    Args:
        session: open writing session.
        paths: files and folders, in the order given.
        handover: what is stated of them.
        progress: called with files and bytes so far.

    Raises:
        UsageError: a path inside the case, or the same one twice.
        IncompleteError: the target medium refused; the same call continues.
    """
    roots = _roots(session.case, paths)
    others = _others(session, roots)
    with acquire(session, _request(roots, handover, others)) as writer:
        resumed, done, size = writer.resumed, 0, 0
        for outcome in _take_all(session.case, writer, roots, handover, others):
            if isinstance(outcome, Gap):
                writer.add_gap(outcome, counted=True)
            elif isinstance(outcome, _Taken):
                item = writer.keep(outcome.received, outcome.facts)
                done, size = done + 1, size + item.size
                if outcome.remark is not None:
                    writer.add_gap(replace(outcome.remark, item=item.uid))
            else:
                writer.skip_held()
            progress(done, size)
        withdrawn = _take_over(writer, others)
        summary = writer.close()
        for uid, reason in withdrawn.items():
            session.record("exclude", why=reason, data={"item": uid, "reason": reason})
        counts = writer.counts
        gaps = [ledger.read_gap(line) for line in ledger.lines(writer.folder / ledger.GAPS)]
    return ImportReport(
        acquisition=writer.number,
        folder=PurePosixPath("evidence") / writer.folder.name,
        resumed=resumed,
        seen=counts["seen"],
        kept=counts["kept"],
        already=counts["already"],
        bytes=size,
        gaps=tuple(gaps),
        manifest=summary,
        cases=tuple(one.verdict for one in others.values()),
    )


def _others(session: Session, roots: tuple[Path, ...]) -> dict[Path, OtherCase]:
    """Named folders that are cases, verified where they lie."""
    ours = tuple(entry.raw for entry in session.entries)
    found = ((root, other_case.examine(root, ours)) for root in roots)
    return {root: other for root, other in found if other is not None}


def _take_over(writer: AcquisitionWriter, others: Mapping[Path, OtherCase]) -> dict[str, str]:
    """What other cases know beside their files; returns what is withdrawn there: id, reason."""
    if not others:
        return {}
    adopted, gaps = adopt(writer, others.values())
    items: dict[tuple[str, str], str] = {}
    known: dict[tuple[str, str], str] = dict(adopted.items)
    for line in ledger.lines(writer.folder / ledger.FILES):
        origin = ledger.read_origin(line)
        if origin is not None:
            items[origin.case, origin.path] = line["item"]
            if origin.item is not None:
                known[origin.case, origin.item] = line["item"]
    withdrawn: dict[str, str] = {}
    for other in others.values():
        gaps += other_case.gaps(other, items)
        withdrawn |= other_case.withdrawn(other, items, known)
    for gap in gaps:
        writer.add_gap(gap)
    return withdrawn


def _roots(case: Path, paths: Iterable[Path]) -> tuple[Path, ...]:
    roots = tuple(path.absolute() for path in paths)
    seen: set[Path] = set()
    for root in roots:
        real = root.resolve()
        if real == case or case in real.parents:
            raise UsageError(f"{root}: expected material from outside, found a path in the case")
        if real in seen:
            raise UsageError(f"{root}: expected each path once, found it twice")
        seen.add(real)
    return roots


def _request(
    roots: tuple[Path, ...], handover: HandOver, others: Mapping[Path, OtherCase]
) -> Request:
    stated = {
        "label": HANDED_OVER,
        "note": handover.note,
        "observed_at": ledger.when(handover.observed_at),
        "provided_by": handover.provided_by,
        "received_at": ledger.when(handover.received_at),
        "stated_by": handover.stated_by,
    }
    names = [ledger.text_field("path", os.fsencode(root)) for root in roots]
    return Request(
        source="import",
        scope=shown(os.fsencode(roots[0].name)) or "root",
        asked={"handover": stated, "paths": names},
        why="another case handed over" if others else "material handed over",
        # The verdict is no part of what was asked: a resumed import may find the case changed.
        handover={**stated, **_verdicts(others)},
    )


def _verdicts(others: Mapping[Path, OtherCase]) -> dict[str, Any]:
    return {"cases": [dict(one.verdict) for one in others.values()]} if others else {}


def _take_all(
    case: Path,
    writer: AcquisitionWriter,
    roots: tuple[Path, ...],
    handover: HandOver,
    others: Mapping[Path, OtherCase],
) -> Iterator[Gap | _Taken | None]:
    """Outcomes in the order of the walk: taken, a gap, or None for what is already held.

    Whatever was received and is not consumed (an error in between) is discarded.
    """
    waiting: deque[Future[Gap | _Taken | None]] = deque()
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        try:
            for root in roots:
                for found in walk(root, skip=case):
                    writer.saw()
                    other = others.get(root)
                    waiting.append(pool.submit(_take, writer, found, handover, other))
                    if len(waiting) >= WINDOW:
                        yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _take(
    writer: AcquisitionWriter,
    found: Found | Gap,
    handover: HandOver,
    other: OtherCase | None = None,
) -> Gap | _Taken | None:
    """Read one file; every way in which that does not work is a gap."""
    if isinstance(found, Gap):
        return found
    source = found.path.as_uri()
    try:
        # Neither a link nor a pipe that has taken the file's place since the walk may be opened
        # like a file: O_NOFOLLOW and O_NONBLOCK.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(found.path, flags)
    except OSError as error:
        return unreadable(found.name, error)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            return Gap(
                kind="failed",
                subject=shown(found.name),
                reason="expected the file that was there a moment ago, found something else",
            )
        modified_at = _modified(before)
        if writer.held(source) == (before.st_size, ledger.when(modified_at)):
            return None
        try:
            received = writer.receive(file, limit=before.st_size)
            more = file.read(1)
        except SourceError as error:
            return Gap(
                kind="failed",
                subject=shown(found.name),
                reason=f"expected {before.st_size} bytes, found an error while reading: {error}",
            )
        after = os.fstat(descriptor)
    facts = FileFacts(
        name=found.name,
        source=source,
        modified_at=modified_at,
        observed_at=handover.observed_at,
        observed_by=handover.stated_by if handover.observed_at else None,
    )
    remark = _changed(found, before, after, received.size, more)
    if other is not None:
        facts = other.facts(found.path, facts)
        remark = remark or other.differs(found.path, received.digest)
    return _Taken(received=received, facts=facts, remark=remark)


def _changed(
    found: Found, before: os.stat_result, after: os.stat_result, size: int, more: bytes
) -> Gap | None:
    """A remark if the file was written to while it was read: the copy is of no one instant."""
    same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    if same and size == before.st_size and not more:
        return None
    return Gap(
        kind="truncated",
        subject=shown(found.name),
        reason=f"expected a file at rest with {before.st_size} bytes, found one that changed while "
        f"it was read ({after.st_size} bytes afterwards); {size} bytes were kept. Import it again "
        "when nothing writes to it.",
    )


def _modified(state: os.stat_result) -> datetime | None:
    """The file's time stamp, to the microsecond; None if it lies outside the calendar."""
    try:
        return _EPOCH + timedelta(microseconds=state.st_mtime_ns // 1000)
    except OverflowError:
        return None
