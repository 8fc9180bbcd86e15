"""Putting days of the table together: what was there, less what went, plus what is new, in order.

Only the sort keys of a day are held; the rows stay in files that are mapped into memory and are
gathered one row group at a time. A day of any length is written in bounded memory.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from timeline.normalize import table
from timeline.normalize.duplicates import FOLDED
from timeline.normalize.model import Partition
from timeline.normalize.spool import Chunk, Mapped, write_batches
from timeline.schema import schema

#: Rank of a row whose item is gone.
GONE = -1
Numbers = npt.NDArray[np.int64]


def build(
    out: Path,
    partition: Partition,
    chunks: Sequence[Chunk],
    ranks: Mapping[str, int],
    kept: frozenset[str],
    scratch: Path,
) -> None:
    """Write one day anew; a day without rows goes.

    Args:
        out: the folder of the table.
        partition: the day.
        chunks: new rows, item by item in the order of their ranks.
        ranks: evidence item -> place in the order of items.
        kept: items whose old rows stay.
        scratch: where old rows are laid open while the day is put together.
    """
    path = table.path_of(out, *partition)
    old = {uid: rank for uid, rank in ranks.items() if uid in kept}
    held: list[pa.RecordBatch] = []
    found: list[Numbers] = []
    mapped = Mapped()
    for batch in _laid_open(path, scratch / "old.arrow", mapped):
        held.append(batch)
        found.append(_ranks(batch, old))
    for batch in mapped.batches(chunks):
        held.append(batch)
        found.append(_ranks(batch, ranks))
    order = _order(held, found)
    if len(order):
        table.write_file(path, _gathered(held, order, mapped))
    elif path.is_file():
        path.unlink()
        path.parent.rmdir()


def _laid_open(path: Path, scratch: Path, mapped: Mapped) -> Iterator[pa.RecordBatch]:
    """The batches of a day as it was, in a file that can be mapped."""
    if path.is_file():
        parts = (batch for group in table.row_groups(path) for batch in group.to_batches())
        write_batches(scratch, parts)
        yield from mapped.all_batches(scratch)


def _ranks(batch: pa.RecordBatch, ranks: Mapping[str, int]) -> Numbers:
    """Rank of every row's item, `GONE` if it is not among those given."""
    known = pa.array(list(ranks), pa.string())
    places = np.array([*ranks.values(), GONE], dtype=np.int64)
    found = pc.fill_null(pc.index_in(batch.column("evidence_item"), value_set=known), len(ranks))
    result: Numbers = places[found.to_numpy(zero_copy_only=False)]
    return result


def _order(held: Sequence[pa.RecordBatch], ranks: Sequence[Numbers]) -> Numbers:
    """Numbers of the rows, counted through all batches, in total order.

    Of two rows of one item and one time the earlier one stays earlier: the sort is stable, an
    item's rows are all old or all new, and lie in the order of the item.
    """
    if not held:
        return np.empty(0, dtype=np.int64)
    times = np.concatenate([_times(batch) for batch in held])
    rank = np.concatenate(ranks)
    order: Numbers = np.lexsort((rank, times))
    kept: Numbers = order[rank[order] != GONE]
    return kept


def _times(batch: pa.RecordBatch) -> Numbers:
    numbers: Numbers = batch.column("time").cast(pa.int64()).to_numpy()
    return numbers


def _gathered(held: Sequence[pa.RecordBatch], order: Numbers, mapped: Mapped) -> Iterator[pa.Table]:
    """The rows in order, a row group at a time, with what is filled over all rows empty."""
    starts = np.cumsum([0, *(batch.num_rows for batch in held)])
    for start in range(0, len(order), table.ROW_GROUP):
        wanted = order[start : start + table.ROW_GROUP]
        owner = np.searchsorted(starts, wanted, side="right") - 1
        pieces, places = [], []
        for number in np.unique(owner):
            where = np.flatnonzero(owner == number)
            pieces.append(_taken(held[number], wanted[where] - starts[number]))
            places.append(where)
        rows = pa.Table.from_batches(pieces, schema("events"))
        back = np.argsort(np.concatenate(places), kind="stable")
        if not np.array_equal(back, np.arange(len(back))):
            rows = rows.combine_chunks().take(pa.array(back))
        blank = pa.nulls(rows.num_rows, pa.string())
        for column in FOLDED:
            place = rows.schema.get_field_index(column)
            rows = rows.set_column(place, rows.schema.field(place), blank)
        yield rows
        mapped.give_back()


def _taken(batch: pa.RecordBatch, rows: Numbers) -> pa.RecordBatch:
    """Some rows of a batch; a run of them without copying."""
    if rows[-1] - rows[0] == len(rows) - 1 and np.all(np.diff(rows) == 1):
        return batch.slice(int(rows[0]), len(rows))
    return batch.take(pa.array(rows))
