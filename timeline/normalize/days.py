"""Putting days of the table together: what was there, less what went, plus what is new, in order.

A day that fits in memory is sorted there; a larger one by the engine, which spills. Both give the
same rows in the same order to the same writer.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from timeline import engine
from timeline.normalize import table
from timeline.normalize.model import Partition
from timeline.normalize.spool import Chunk, batches
from timeline.schema import schema

#: A day over this many bytes of rows is sorted by the engine.
IN_MEMORY = 256 * 1024 * 1024


def build(
    out: Path,
    partition: Partition,
    chunks: Sequence[Chunk],
    ranks: Mapping[str, int],
    kept: frozenset[str],
    scratch: Path,
) -> None:
    """Write one day anew.

    Args:
        out: the folder of the table.
        partition: the day.
        chunks: new rows, item by item in the order of their ranks.
        ranks: evidence item -> place in the order of items.
        kept: items whose old rows stay.
        scratch: where a large sort may spill.
    """
    path = table.path_of(out, *partition)
    size = sum(chunk.size for chunk in chunks) + (path.stat().st_size * 4 if path.is_file() else 0)
    # Of two rows of one item and time, the earlier one in the file comes first: old rows lie in
    # their order already, and an item's rows are all old or all new.
    old = {uid: rank for uid, rank in ranks.items() if uid in kept}
    ranked = itertools.chain(_old(path, old), _new(chunks, ranks))
    if size <= IN_MEMORY:
        joined = pa.concat_tables([_empty(), *ranked])
        ordered: Iterable[pa.Table] = (_sorted(joined),) if joined.num_rows else ()
    else:
        ordered = _spilling(ranked, scratch)
    written = 0

    def counted() -> Iterator[pa.Table]:
        nonlocal written
        for each in ordered:
            written += each.num_rows
            yield each

    table.write_file(path, counted())
    if not written:
        path.unlink()
        path.parent.rmdir()


def _old(path: Path, ranks: Mapping[str, int]) -> Iterator[pa.Table]:
    if path.is_file():
        for group in table.row_groups(path):
            yield _ranked(group, ranks)


def _new(chunks: Sequence[Chunk], ranks: Mapping[str, int]) -> Iterator[pa.Table]:
    for batch in batches(chunks):
        yield _ranked(pa.Table.from_batches([batch]), ranks)


def _empty() -> pa.Table:
    shape = schema("events").append(pa.field("rank", pa.int64()))
    return shape.empty_table()


def _ranked(rows: pa.Table, ranks: Mapping[str, int]) -> pa.Table:
    """Rows of the items given with their item's rank; `duplicate_of` starts empty."""
    known, places = pa.array(list(ranks), pa.string()), pa.array(ranks.values(), pa.int64())
    rank = places.take(pc.index_in(rows["evidence_item"].combine_chunks(), value_set=known))
    place = rows.schema.get_field_index("duplicate_of")
    blank = pa.nulls(rows.num_rows, pa.string())
    rows = rows.set_column(place, rows.schema.field(place), blank)
    rows = rows.append_column(pa.field("rank", pa.int64()), rank)
    return rows.filter(pc.is_valid(rank)) if rank.null_count else rows


def _sorted(rows: pa.Table) -> pa.Table:
    place = pa.array(range(rows.num_rows), pa.int64())
    keys = pa.table({"time": rows["time"], "rank": rows["rank"], "place": place})
    names = [(name, "ascending") for name in ("time", "rank", "place")]
    return rows.take(pc.sort_indices(keys, sort_keys=names)).drop_columns(["rank"])


def _spilling(rows: Iterator[pa.Table], scratch: Path) -> Iterator[pa.Table]:
    shape = _empty().schema.append(pa.field("place", pa.int64()))

    def placed() -> Iterator[pa.RecordBatch]:
        start = 0
        for each in rows:
            numbers = pa.array(range(start, start + each.num_rows), pa.int64())
            start += each.num_rows
            yield from each.append_column(shape.field("place"), numbers).to_batches()

    source = pa.RecordBatchReader.from_batches(shape, placed())
    connection = engine.connect(scratch)
    try:
        connection.register("source", source)
        columns = ", ".join(f'"{name}"' for name in table.NAMES)
        query = f"SELECT {columns} FROM source ORDER BY time, rank, place"  # noqa: S608 - own names
        reader: pa.RecordBatchReader = connection.sql(query).to_arrow_reader(table.ROW_GROUP)
        for batch in reader:
            yield pa.Table.from_batches([batch]).cast(schema("events"))
    finally:
        connection.close()
