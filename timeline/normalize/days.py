"""Putting days of the table together: what was there, less what went, plus what is new, in order.

Only the sort keys of a day are held; the rows stay in files that are mapped into memory and are
gathered one row group at a time. A day of any length is written in bounded memory.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.normalize import table
from timeline.normalize.coded import (
    OWN,
    PARTS,
    PLACE,
    Coded,
    by_appearance,
    codes_of,
    from_laid_out,
    in_order,
    joined,
)
from timeline.normalize.model import Partition
from timeline.normalize.spool import Chunk, Mapped, write_batches

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
    held: list[Coded] = []
    found: list[Numbers] = []
    mapped = Mapped()
    for rows in _laid_open(path, scratch / "old.arrow", mapped):
        held.append(rows)
        found.append(_ranks(rows, old))
    for rows in mapped.batches(chunks):
        held.append(rows)
        found.append(_ranks(rows, ranks))
    order = _order(held, found)
    if len(order):
        table.write_file(path, _gathered(held, order, mapped))
    elif path.is_file():
        path.unlink()
        path.parent.rmdir()


def _laid_open(path: Path, scratch: Path, mapped: Mapped) -> Iterator[Coded]:
    """The rows of a day as it was, in a file that can be mapped."""
    if path.is_file():
        parts = (batch for group in table.row_groups(path) for batch in group.to_batches())
        write_batches(scratch, parts)
        place = 0
        for batch in mapped.all_batches(scratch):
            yield from_laid_out(batch, place)
            place += batch.num_rows


def _ranks(rows: Coded, ranks: Mapping[str, int]) -> Numbers:
    """Rank of every row's item, `GONE` if it is not among those given."""
    items = rows.parts[0].column("evidence_item").to_pylist()
    known = np.array([ranks.get(item, GONE) for item in items], dtype=np.int64)
    found: Numbers = known[codes_of(rows.own, "item")]
    return found


def _order(held: Sequence[Coded], ranks: Sequence[Numbers]) -> Numbers:
    """Numbers of the rows, counted through all batches, in total order.

    An item's rows are all old or all new: places in the old table and in the item never meet.
    """
    if not held:
        return np.empty(0, dtype=np.int64)
    times = np.concatenate([_numbers(rows, "time") for rows in held])
    places = np.concatenate([_numbers(rows, PLACE) for rows in held])
    rank = np.concatenate(ranks)
    order: Numbers = np.lexsort((places, rank, times))
    kept: Numbers = order[rank[order] != GONE]
    return kept


def _numbers(rows: Coded, column: str) -> Numbers:
    numbers: Numbers = rows.own.column(column).cast(pa.int64()).to_numpy()
    return numbers


def _gathered(held: Sequence[Coded], order: Numbers, mapped: Mapped) -> Iterator[pa.Table]:
    """The rows in order, a row group at a time, with what is filled over all rows empty."""
    starts = np.cumsum([0, *(rows.own.num_rows for rows in held)])
    for start in range(0, len(order), table.ROW_GROUP):
        wanted = order[start : start + table.ROW_GROUP]
        owner = np.searchsorted(starts, wanted, side="right") - 1
        pieces, places = [], []
        for number in np.unique(owner):
            where = np.flatnonzero(owner == number)
            pieces.append(_taken(held[number], wanted[where] - starts[number]))
            places.append(where)
        yield _group(joined(pieces), np.concatenate(places))
        mapped.give_back()


def _taken(rows: Coded, wanted: Numbers) -> Coded:
    """Some rows, and of the parts those that they have; a run of rows without copying."""
    if wanted[-1] - wanted[0] == len(wanted) - 1 and np.all(np.diff(wanted) == 1):
        own = rows.own.slice(int(wanted[0]), len(wanted))
    else:
        own = rows.own.take(pa.array(wanted))
    parts = []
    for name, part in zip(PARTS, rows.parts, strict=True):
        if part.num_rows > len(wanted):
            present, codes = by_appearance(codes_of(own, name), part.num_rows)
            place = own.schema.get_field_index(name)
            own = own.set_column(place, name, pa.array(codes.astype(np.int32)))
            part = part.take(pa.array(present))
        parts.append(part)
    return Coded(own, tuple(parts))


def _group(rows: Coded, where: Numbers) -> pa.Table:
    """A row group as it is written.

    Args:
        rows: its rows, in any order.
        where: the place of each in the row group.
    """
    own, count = rows.own, rows.own.num_rows
    back = np.argsort(where, kind="stable")
    if not np.array_equal(back, np.arange(count)):
        own = own.take(pa.array(back))
    found: dict[str, Any] = {name: own.column(name) for name in OWN}
    for name, part in zip(PARTS, rows.parts, strict=True):
        present, codes = by_appearance(codes_of(own, name), part.num_rows)
        part, each = part.take(pa.array(present)), pa.array(codes)
        for column in PARTS[name]:
            values = part.column(column)
            if column in table.REPEATING:
                # In the order of their first row: the same values whatever batch they came in.
                values = values.dictionary_encode()
            found[column] = values.take(each)
    return in_order(found, count, table.written_schema())
