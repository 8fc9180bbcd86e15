"""The table `events` on disk: `provider=…/day=…/events.parquet`, in total order within a day.

Same rows, same bytes: the writer's settings and the size of row groups are fixed, and a file is
always written row group by row group, so that it does not matter how its rows were put together.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from timeline.normalize.model import EPOCH, EventRow
from timeline.schema import TABLES, schema

ROW_GROUP = 65_536
DAY = 86_400_000_000
#: Columns whose values hardly repeat: a dictionary would cost time and save nothing.
DISTINCT = frozenset(
    {"event_uid", "provider_uid", "request_id", "params", "locator", "record_sha256"}
)
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


def write_file(path: Path, tables: Iterable[pa.Table]) -> None:
    """One file from tables in order, cut anew into row groups; replaces what was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    with pq.ParquetWriter(
        fresh,
        schema("events"),
        compression="zstd",
        compression_level=1,
        version="2.6",
        data_page_version="1.0",
        use_dictionary=[name for name in NAMES if name not in DISTINCT],
        write_statistics=[name for name in NAMES if name != "params"],
    ) as writer:
        for group in _row_groups(tables):
            writer.write_table(group, row_group_size=ROW_GROUP)
    fresh.replace(path)


def _row_groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    held: list[pa.Table] = []
    count = 0
    for table in tables:
        held.append(table)
        count += table.num_rows
        while count >= ROW_GROUP:
            joined = pa.concat_tables(held)
            yield joined.slice(0, ROW_GROUP).combine_chunks()
            held = [joined.slice(ROW_GROUP)]
            count -= ROW_GROUP
    if count:
        yield pa.concat_tables(held).combine_chunks()


def row_groups(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The row groups of one file, one at a time."""
    with pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            yield file.read_row_group(number, columns=columns)


def path_of(out: Path, provider: str, day: str) -> Path:
    """File of one day."""
    return out / f"provider={provider}" / f"day={day}" / "events.parquet"


def day_name(day: int) -> str:
    """`YYYY-MM-DD` of a day counted from 1970-01-01."""
    return (EPOCH + timedelta(days=day)).date().isoformat()


def files(out: Path) -> list[Path]:
    """The files of the table by provider and day: in total order for one provider."""
    return sorted(out.glob("provider=*/day=*/events.parquet"), key=lambda path: path.parts[-3:])


def read(out: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The whole table in total order.

    Args:
        out: the folder `derived/events`.
        columns: those wanted; all if None.
    """
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


def rows(out: Path, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """Rows as dicts, in total order, file by file."""
    for file in files(out):
        for batch in pq.ParquetFile(file).iter_batches(8192, columns=columns):
            yield from batch.to_pylist()
