"""The driver of normalization. Steps:

1. take over what an earlier run read and nothing has changed since (`earlier`);
2. read every other evidence item, some items a task, rows spooled by day (`ingest`, `spool`);
3. write every day anew that gains or loses rows, in total order (`days`);
4. fold duplicates, and requests recorded twice, over the whole table (`duplicates`);
5. assert the sums, leave word for the next run, and return the sums for printing.

A run after another gives the same bytes as a run from nothing: the order of rows depends on the
items alone, and files are written in one way only.
"""

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from functools import partial
from pathlib import Path
from typing import NamedTuple

from collector.model import EvidenceItem
from collector.sweeping import seldom_swept
from timeline import engine, order
from timeline.normalize import days, duplicates, earlier, ingest, repeats
from timeline.normalize.earlier import Earlier
from timeline.normalize.model import IngestReport, OpenItem, Part, Partition
from timeline.normalize.spool import Chunk, Spool

#: Items are handed to a worker together up to this many stored bytes, or this many items.
TASK_BYTES = 4 * 1024 * 1024
TASK_ITEMS = 200


class _Task(NamedTuple):
    items: tuple[EvidenceItem, ...]
    open_item: OpenItem
    spool: Path


class _Answer(NamedTuple):
    parts: tuple[Part, ...]
    chunks: tuple[Chunk, ...]


def run(
    case: Path,
    items: Sequence[EvidenceItem],
    out: Path,
    *,
    open_item: OpenItem | None = None,
    workers: int = 0,
) -> IngestReport:
    """Read all evidence items and write the table `events`.

    Args:
        case: the case folder.
        items: evidence items, in any order.
        out: folder of the table, `derived/events`; what is out of date in it is replaced.
        open_item: opens an item's stored bytes; the case's store if not given.
        workers: processes; 0 = by the number of processors.

    Returns:
        Counts that close, and every gap.
    """
    from timeline.normalize import PARSERS

    opener = open_item or _store(case)
    ordered = sorted(items, key=lambda item: order.natural(item.uid))
    before = earlier.load(out)
    if before.dirty is not None:
        shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    scratch = out.with_name(f"{out.name}.scratch")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        kept = {
            item.uid: before.parts[item.uid]
            for item in ordered
            if item.uid in before.parts
            and before.marks[item.uid] == earlier.mark(item, before.parts[item.uid], PARSERS)
        }
        fresh = [item for item in ordered if item.uid not in kept]
        answers = list(_read(fresh, opener, scratch, workers))
        parts = kept | {part.item: part for answer in answers for part in answer.parts}
        if fresh or before.folded is None or kept.keys() != before.parts.keys():
            with seldom_swept():
                _write(out, before, kept, answers, [item.uid for item in ordered], scratch)
            sources = {source for part in parts.values() for source in part.sources}
            twice = _twice(parts, kept, scratch)
            folded = duplicates.fold(out, scratch, sources, twice, blank=_blank(before, kept))
        else:
            folded = before.folded  # the table is, byte for byte, the one that was folded
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        engine.release_memory()
    report = _report(ordered, parts, folded, len(kept))
    report.check()
    earlier.save(out, ordered, parts, PARSERS, folded)
    return report


def _store(case: Path) -> OpenItem:
    from collector import store

    return partial(store.open_item, case)


def _read(
    items: list[EvidenceItem], opener: OpenItem, scratch: Path, workers: int
) -> Iterator[_Answer]:
    tasks = [
        _Task(group, opener, scratch / f"{number:08}.arrow")
        for number, group in enumerate(_grouped(items))
    ]
    sizes = [sum(item.size for item in task.items) for task in tasks]
    return engine.map_files(_work, tasks, sizes, workers)


def _grouped(items: list[EvidenceItem]) -> Iterator[tuple[EvidenceItem, ...]]:
    """Neighbours together, so that thousands of small files are not thousands of tasks."""
    group: list[EvidenceItem] = []
    size = 0
    for item in items:
        if group and (size + item.size > TASK_BYTES or len(group) >= TASK_ITEMS):
            yield tuple(group)
            group, size = [], 0
        group.append(item)
        size += item.size
    if group:
        yield tuple(group)


def _work(task: _Task) -> _Answer:
    """Some items, in whatever process; their rows go to the task's spool."""
    from timeline.normalize import PARSERS

    with seldom_swept():
        spool = Spool(task.spool)
        parts = tuple(ingest.read_item(item, task.open_item, PARSERS, spool) for item in task.items)
        return _Answer(parts, spool.close())


def _write(
    out: Path,
    before: Earlier,
    kept: Mapping[str, Part],
    answers: Sequence[_Answer],
    uids: Sequence[str],
    scratch: Path,
) -> None:
    """Write the days that gain or lose rows."""
    gained: dict[Partition, list[Chunk]] = {}
    for answer in answers:
        for chunk in answer.chunks:
            gained.setdefault(chunk.partition, []).append(chunk)
    lost = {
        partition
        for uid, part in before.parts.items()
        if uid not in kept
        for partition in part.partitions
    }
    ranks = {uid: rank for rank, uid in enumerate(uids)}
    for partition in sorted(lost | gained.keys()):
        days.build(out, partition, gained.get(partition, ()), ranks, frozenset(kept), scratch)


def _twice(parts: Mapping[str, Part], kept: Mapping[str, Part], scratch: Path) -> Set[str] | None:
    """Columns in which a value may occur twice; not known where rows of an earlier run stay."""
    if kept:
        return None
    return repeats.twice(scratch, sum(part.rows for part in parts.values()))


def _blank(before: Earlier, kept: Mapping[str, Part]) -> bool:
    """Whether no row points to another yet: none that is new does, and perhaps none that stays."""
    told = before.folded
    return not kept or (told is not None and not told.duplicates and not told.same_requests)


def _report(
    items: Sequence[EvidenceItem], found: Mapping[str, Part], folded: duplicates.Folded, reused: int
) -> IngestReport:
    parts = [found[item.uid] for item in items]
    sources: Counter[str] = Counter()
    for part in parts:
        sources.update(part.sources)
    rows = sum(part.rows for part in parts)
    return IngestReport(
        items=len(items),
        files=sum(part.files for part in parts),
        files_read=sum(part.files_read for part in parts),
        files_gapped=sum(part.files_gapped for part in parts),
        documents=tuple(document for part in parts for document in part.documents),
        records=sum(part.records for part in parts),
        rows=rows,
        record_gaps=sum(part.record_gaps for part in parts),
        unique=rows - folded.duplicates,
        duplicates=folded.duplicates,
        conflicts=len(folded.gaps),
        gaps=tuple(gap for part in parts for gap in part.gaps) + folded.gaps,
        per_source=dict(sorted(sources.items())),
        reused=reused,
        same_requests=folded.same_requests,
    )
