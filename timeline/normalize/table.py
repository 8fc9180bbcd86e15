"""Rows to Arrow to Parquet: same rows, same bytes, whatever the machine."""

import shutil
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from timeline.normalize.model import EPOCH, EventRow
from timeline.schema import TABLES, schema

#: Fixed, so that the bytes do not depend on how rows arrived.
ROW_GROUP = 122_880
DAY = 86_400_000_000
NAMES = tuple(name for name, _, _ in TABLES["events"])


def to_table(rows: Sequence[EventRow]) -> pa.Table:
    """Rows as an Arrow table with the schema of `events`."""
    target = schema("events")
    columns = zip(*map(msgspec.structs.astuple, rows), strict=True) if rows else ((),) * len(NAMES)
    arrays = []
    for column, field in zip(columns, target, strict=True):
        if pa.types.is_timestamp(field.type):
            arrays.append(pa.array(column, pa.int64()).cast(field.type))
        else:
            arrays.append(pa.array(column, field.type))
    return pa.Table.from_arrays(arrays, schema=target)


def write(table: pa.Table, out: Path) -> None:
    """Write the sorted table as `provider=…/day=…/events.parquet`, in place of what was there."""
    fresh = out.with_name(out.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for provider, day, part in _partitions(table):
        folder = fresh / f"provider={provider}" / f"day={day}"
        folder.mkdir(parents=True)
        write_part(part, folder / "events.parquet")
    shutil.rmtree(out, ignore_errors=True)
    fresh.rename(out)


def write_part(table: pa.Table, path: Path) -> None:
    """One Parquet file, zstd-1, fixed row groups."""
    pq.write_table(
        table.combine_chunks(),
        path,
        compression="zstd",
        compression_level=1,
        row_group_size=ROW_GROUP,
        version="2.6",
        data_page_version="1.0",
    )


def _partitions(table: pa.Table) -> Iterator[tuple[str, str, pa.Table]]:
    days = pc.cast(table["time"], pa.int64()).to_numpy() // DAY
    providers = sorted(pc.unique(table["provider"]).to_pylist())
    for provider in providers:
        mask = pc.equal(table["provider"], provider)
        chosen = table if len(providers) == 1 else table.filter(mask)
        where = days if len(providers) == 1 else days[mask.to_numpy(zero_copy_only=False)]
        start = 0
        while start < len(where):
            end = int(where.searchsorted(where[start], side="right"))
            yield provider, day_name(int(where[start])), chosen.slice(start, end - start)
            start = end


def day_name(day: int) -> str:
    """`YYYY-MM-DD` of a day counted from 1970-01-01."""
    return (EPOCH + timedelta(days=day)).strftime("%Y-%m-%d").rjust(10, "0")


def read(out: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The whole table in total order, as `write` left it."""
    wanted = schema("events")
    if columns is not None:
        wanted = pa.schema([wanted.field(name) for name in columns])
    found = files(out)
    tables = [pq.ParquetFile(file).read(columns=columns) for file in found]
    if not tables:
        return wanted.empty_table()
    table = pa.concat_tables(tables)
    if len({file.parts[-3] for file in found}) > 1:
        table = table.take(pc.sort_indices(table["time"]))
    return table


def files(out: Path) -> list[Path]:
    """The files of the table by provider and day: in total order for one provider."""
    return sorted(out.glob("provider=*/day=*/events.parquet"), key=lambda path: path.parts[-3:])


def rows(out: Path, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """Rows as dicts, in total order, file by file."""
    for file in files(out):
        for batch in pq.ParquetFile(file).iter_batches(8192, columns=columns):
            yield from batch.to_pylist()
