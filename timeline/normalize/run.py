"""The driver of normalization. Steps:

1. read every evidence item on its own, one task each (`ingest`);
2. put the rows together and into the total order (`timeline.order`);
3. fold duplicates (`duplicates`);
4. write `events` (`table`);
5. assert the sums, and return them for printing.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from collector.model import EvidenceItem
from timeline import engine, order
from timeline.normalize import duplicates, ingest, table
from timeline.normalize.model import IngestReport, OpenItem, Part


class _Task(NamedTuple):
    item: EvidenceItem
    open_item: OpenItem


class _Answer(NamedTuple):
    part: Part
    rows: pa.Table


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
        out: folder of the table, `derived/events`; replaced as a whole.
        open_item: opens an item's stored bytes; the case's store if not given.
        workers: processes; 0 = by the number of processors.

    Returns:
        Counts that close, and every gap.
    """
    opener = open_item or _store(case)
    ordered = sorted(items, key=lambda item: order.natural(item.uid))
    answers = list(_read(ordered, opener, workers))
    merged = _merge([answer.rows for answer in answers])
    merged, conflicts = duplicates.fold(merged)
    table.write(merged, out)
    repeated = merged.num_rows - merged["duplicate_of"].null_count
    parts = [answer.part for answer in answers]
    sources = Counter(merged["source"].to_pylist())
    report = IngestReport(
        items=len(ordered),
        files=sum(part.files for part in parts),
        files_read=sum(part.files_read for part in parts),
        files_gapped=sum(part.files_gapped for part in parts),
        documents=tuple(document for part in parts for document in part.documents),
        records=sum(part.records for part in parts),
        rows=merged.num_rows,
        record_gaps=sum(part.record_gaps for part in parts),
        unique=merged["duplicate_of"].null_count,
        duplicates=repeated,
        conflicts=len(conflicts),
        gaps=tuple(gap for part in parts for gap in part.gaps) + conflicts,
        per_source=dict(sorted(sources.items())),
    )
    report.check()
    return report


def _store(case: Path) -> OpenItem:
    from collector import store

    return partial(store.open_item, case)


def _read(items: list[EvidenceItem], opener: OpenItem, workers: int) -> Iterator[_Answer]:
    tasks = [_Task(item, opener) for item in items]
    return engine.map_files(_work, tasks, [item.size for item in items], workers)


def _work(task: _Task) -> _Answer:
    """One item, in whatever process; its rows travel as Arrow."""
    from timeline.normalize import PARSERS

    part = ingest.read_item(task.item, task.open_item, PARSERS)
    rows = sorted(part.rows, key=lambda row: order.record_place(row.locator))
    fields = {name: getattr(part, name) for name in part.__dataclass_fields__}
    return _Answer(Part(**{**fields, "rows": ()}), table.to_table(rows))


def _merge(tables: list[pa.Table]) -> pa.Table:
    """All rows in the total order: items come in their order, rows of an item in theirs."""
    merged = pa.concat_tables(tables) if tables else table.to_table(())
    place = pa.array(range(merged.num_rows), pa.int64())
    keys = pa.table({"time": merged["time"], "provider": merged["provider"], "place": place})
    chosen = pc.sort_indices(
        keys, sort_keys=[(name, "ascending") for name in ("time", "provider", "place")]
    )
    return merged.take(chosen)
