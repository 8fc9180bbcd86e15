"""Putting days of the table together: what was there, less what went, plus what is new, in order.

Only the sort keys of a day are held; the rows stay in files that are mapped into memory and are
gathered one row group at a time. A day of any length is written in bounded memory.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from timeline.normalize import table
from timeline.normalize.coded import (
    OWN,
    PARTS,
    PLACE,
    Coded,
    Numbers,
    by_appearance,
    codes_of,
    from_laid_out,
    in_order,
    integers_in,
    numbers_of,
    one_batch,
    sizes_of,
)
from timeline.normalize.model import Partition
from timeline.normalize.spool import Chunk, Mapped, write_batches

#: Rank of a row whose item is gone.
GONE = -1
_ASKED = list(PARTS).index("asked")


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
    keys: list[Numbers] = []
    mapped = Mapped()
    before = ((rows, old) for rows in _laid_open(path, scratch / "old.arrow", mapped))
    for rows, known in itertools.chain(before, ((rows, ranks) for rows in mapped.batches(chunks))):
        keys.append(_keys(rows, known))
        mapped.give_back([len(held)])
        held.append(rows)
    order, sizes = _order(keys)
    if len(order):
        table.write_file(path, _gathered(held, order, _groups(sizes), mapped))
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


def _keys(rows: Coded, ranks: Mapping[str, int]) -> Numbers:
    """What rows are ordered by: place in the log, rank of the item (`GONE` without one), time; and
    how long their parameters are."""
    items = rows.parts[0].column("evidence_item").to_pylist()
    known = np.array([ranks.get(item, GONE) for item in items], dtype=np.int64)
    place, time = (integers_in(rows.own.column(name)) for name in (PLACE, "time"))
    sizes = sizes_of(rows.parts[_ASKED].column("params"))
    return np.stack(
        [place, known[codes_of(rows.own, "item")], time, sizes[codes_of(rows.own, "asked")]]
    )


def _order(keys: Sequence[Numbers]) -> tuple[Numbers, Numbers]:
    """Numbers of the rows, counted through all batches, in total order; and their sizes.

    An item's rows are all old or all new: places in the old table and in the item never meet.
    """
    if not keys:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    every = np.concatenate(keys, axis=1)
    order: Numbers = np.lexsort(every[:3])
    kept: Numbers = order[every[1, order] != GONE]
    return kept, every[3, kept]


def _groups(sizes: Numbers) -> Iterator[tuple[int, int]]:
    """First and last of the rows of each group, the last not included."""
    before = np.concatenate([[0], np.cumsum(sizes)])
    start = 0
    while start < len(sizes):
        filled = int(np.searchsorted(before, before[start] + table.GROUP_BYTES, side="right")) - 1
        end = max(start + 1, min(start + table.ROW_GROUP, filled))
        yield start, end
        start = end


def _gathered(
    held: Sequence[Coded], order: Numbers, groups: Iterable[tuple[int, int]], mapped: Mapped
) -> Iterator[pa.Table]:
    """The rows in order, a row group at a time, with what is filled over all rows empty."""
    starts = np.cumsum([0, *(rows.own.num_rows for rows in held)])
    for start, end in groups:
        wanted = order[start:end]
        owner = np.searchsorted(starts, wanted, side="right") - 1
        numbers = np.flatnonzero(np.bincount(owner)).tolist()
        pieces, back, before = [], np.empty(len(wanted), np.int64), 0
        for number in numbers:
            mine = slice(None) if len(numbers) == 1 else np.flatnonzero(owner == number)
            piece, places = _some(held[number], wanted[mine] - starts[number])
            back[mine] = places + before
            before += piece.own.num_rows
            pieces.append(piece)
        yield _group(pieces, back)
        mapped.give_back(numbers)


def _some(rows: Coded, wanted: Numbers) -> tuple[Coded, Numbers]:
    """Of a batch what a row group needs, and where in it the rows wanted are.

    Neighbours are not copied, with few others among them; parts are those of the batch unless the
    rows have few of them.
    """
    first, last = int(wanted.min()), int(wanted.max())
    if last - first < 2 * len(wanted):
        own, places = rows.own.slice(first, last - first + 1), wanted - first
    else:
        own, places = rows.own.take(numbers_of(wanted)), np.arange(len(wanted))
    parts = []
    for name, part in zip(PARTS, rows.parts, strict=True):
        if part.num_rows > 2 * own.num_rows:
            present, codes = by_appearance(codes_of(own, name), part.num_rows)
            place = own.schema.get_field_index(name)
            own = own.set_column(place, name, numbers_of(codes.astype(np.int32)))
            part = part.take(numbers_of(present))
        parts.append(part)
    return Coded(own, tuple(parts)), places


def _group(pieces: Sequence[Coded], back: Numbers) -> pa.Table:
    """A row group as it is written.

    Args:
        pieces: batches that hold its rows, others too.
        back: of each of its rows the place, counted through the batches.
    """
    count = len(back)
    whole = sum(piece.own.num_rows for piece in pieces)
    wanted = None if _counts_up(back, whole) else numbers_of(back)
    own = _filled([piece.own for piece in pieces], OWN)
    found = _columns(own if wanted is None else own.take(wanted))
    for place, name in enumerate(PARTS):
        parts = [piece.parts[place] for piece in pieces]
        before = np.cumsum([0, *(part.num_rows for part in parts)])
        codes = np.concatenate(
            [codes_of(piece.own, name) + n for piece, n in zip(pieces, before, strict=False)]
        )
        codes = codes if wanted is None else codes[back]
        found |= _shared(PARTS[name], parts, *by_appearance(codes, int(before[-1])))
    return in_order(found, count)


def _shared(
    names: Sequence[str], parts: Sequence[pa.RecordBatch], present: Numbers, codes: Numbers
) -> dict[str, pa.Array]:
    """Columns of one part, those that hold nothing left out.

    Args:
        names: of the columns.
        parts: as the batches have them, in turn.
        present: which of them occur, in the order of their first row: the same whatever batch they
            came in.
        codes: of each row the place of its part in that order.
    """
    rows = _filled(parts, names)
    if not _counts_up(present, rows.num_rows):
        rows = rows.take(numbers_of(present))
    alone = _counts_up(codes, len(present))
    found = {}
    for name, values in _columns(rows).items():
        if name in table.REPEATING:
            found[name] = values.dictionary_encode()
        elif name in table.SOMETIMES and not alone:
            each = numbers_of(np.arange(len(present), dtype=np.int32))
            found[name] = pa.DictionaryArray.from_arrays(each, values)
        else:
            found[name] = values
    if alone or not found:
        return found
    rows = pa.RecordBatch.from_arrays(list(found.values()), names=list(found))
    return _columns(rows.take(numbers_of(codes.astype(np.int32))))


def _filled(batches: Sequence[pa.RecordBatch], names: Sequence[str]) -> pa.RecordBatch:
    """Batches as one, without the columns that hold nothing in any of them."""
    some = [
        name
        for name in names
        if any(batch.column(name).null_count < batch.num_rows for batch in batches)
    ]
    chosen = [batch.select(some) for batch in batches]
    return chosen[0] if len(chosen) == 1 else one_batch(pa.Table.from_batches(chosen))


def _columns(rows: pa.RecordBatch) -> dict[str, pa.Array]:
    return dict(zip(rows.schema.names, rows.columns, strict=True))


def _counts_up(numbers: Numbers, count: int) -> bool:
    """Whether they are 0, 1, 2 ... to before `count`."""
    return len(numbers) == count and bool(np.all(numbers == np.arange(count)))
