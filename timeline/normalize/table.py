"""The table `events` on disk: `provider=…/day=…/events.parquet`, in total order within a day.

Same rows, same bytes: the writer's settings and the size of row groups are fixed, and a file is
always written row group by row group, so that it does not matter how its rows were put together.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from operator import attrgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from timeline.normalize.model import EPOCH
from timeline.normalize.row import (
    ACTOR_COLUMNS,
    EVENT_COLUMNS,
    ITEM_COLUMNS,
    OWN_COLUMNS,
    PackedRow,
    PackedRows,
    Row,
)
from timeline.schema import TABLES, schema

#: Small enough that its memory is used again for the next one: fresh pages are dear.
ROW_GROUP = 16_384
# The allocator of the system keeps what is freed; Arrow's own hands it back and pays for it anew.
pa.set_memory_pool(pa.system_memory_pool())
DAY = 86_400_000_000
#: Rows made into Python values together.
ROWS_AT_ONCE = 1024
#: Columns whose values hardly repeat: a dictionary would cost time and save nothing.
DISTINCT = frozenset(
    {"event_uid", "provider_uid", "request_id", "params", "locator", "record_sha256"}
)
NAMES = tuple(name for name, _, _ in TABLES["events"])
_item = attrgetter(*ITEM_COLUMNS)
_actor = attrgetter(*ACTOR_COLUMNS)
_event = attrgetter(*EVENT_COLUMNS)
_own = attrgetter(*OWN_COLUMNS)


def to_table(rows: Iterable[Row]) -> pa.Table:
    """Rows, in whatever form parsers gave them, as an Arrow table with the schema of `events`."""
    columns = Columns()
    for row in rows:
        columns.append(row)
    return columns.table()


class Columns:
    """Rows column by column; parts that rows share are laid out once."""

    def __init__(self) -> None:
        self._items: list[tuple[Any, ...]] = []
        self._actors: list[tuple[Any, ...]] = []
        self._events: list[tuple[Any, ...]] = []
        self._own: list[Any] = []
        #: Rows that came as columns, and how many others came before them.
        self._batches: list[tuple[int, pa.RecordBatch]] = []

    def extend(self, batch: pa.RecordBatch) -> None:
        """More rows, which are columns already."""
        self._batches.append((len(self._actors), batch))

    def extend_packed(self, rows: PackedRows) -> None:
        """More rows, in the form in which many were read together."""
        self._items += [rows.item] * len(rows.actors)
        self._actors += rows.actors
        self._events += rows.events
        self._own += rows.own

    def append(self, row: Row) -> None:
        """One more row."""
        if isinstance(row, PackedRow):
            self._items.append(row.item)
            self._actors.append(row.actor)
            self._events.append(row.event)
            self._own += row.own
            return
        self._items.append(_item(row))
        self._actors.append(_actor(row))
        self._events.append(_event(row))
        self._own += _own(row)

    def table(self) -> pa.Table:
        """All rows in the order in which they came, with the schema of `events`."""
        own = self._laid_out()
        pieces, done = [], 0
        for before, batch in self._batches:
            if before > done:
                pieces.append(own.slice(done, before - done))
            pieces.append(pa.Table.from_batches([batch]))
            done = before
        return pa.concat_tables([*pieces, own.slice(done)])

    def _laid_out(self) -> pa.Table:
        target = schema("events")
        found = {
            name: _array(self._own[place :: len(OWN_COLUMNS)], target.field(name).type)
            for place, name in enumerate(OWN_COLUMNS)
        }
        found |= _shared(ITEM_COLUMNS, self._items, target)
        found |= _shared(ACTOR_COLUMNS, self._actors, target)
        found |= _shared(EVENT_COLUMNS, self._events, target)
        count = len(self._actors)
        arrays = [
            found[field.name] if field.name in found else pa.nulls(count, field.type)
            for field in target
        ]
        return pa.Table.from_arrays(arrays, schema=target)


def _shared(
    names: Sequence[str], parts: Sequence[tuple[Any, ...]], target: pa.Schema
) -> dict[str, pa.Array]:
    """Columns of parts, of which many rows hold the very same one."""
    distinct = {id(part): part for part in parts}
    places = {key: place for place, key in enumerate(distinct)}
    rows = pa.array([places[id(part)] for part in parts], pa.int32())
    columns = zip(*distinct.values(), strict=True) if distinct else ((),) * len(names)
    return {
        name: _array(column, target.field(name).type).take(rows)
        for name, column in zip(names, columns, strict=True)
    }


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.int64()).cast(kind)
    return pa.array(values, kind)


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


def are_empty(path: Path, columns: Sequence[str]) -> bool:
    """Whether columns hold nothing, by the file's own statistics; false where it has none."""
    told = pq.read_metadata(path)
    places = [
        place for place in range(told.num_columns) if told.schema.column(place).name in columns
    ]
    for number in range(told.num_row_groups):
        group = told.row_group(number)
        for place in places:
            found = group.column(place).statistics
            if found is None or found.null_count != group.num_rows:
                return False
    return True


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
        for batch in pq.ParquetFile(file).iter_batches(ROWS_AT_ONCE, columns=columns):
            yield from batch.to_pylist()
