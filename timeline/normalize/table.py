"""The table `events` on disk: `provider=…/day=…/events.parquet`, in total order within a day.

Same rows, same bytes: the writer's settings and the size of row groups are fixed, and a file is
always written row group by row group, so that it does not matter how its rows were put together.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from timeline.normalize.coded import PARTS, laid_out
from timeline.normalize.model import EPOCH
from timeline.normalize.packed import packed
from timeline.normalize.row import Row
from timeline.schema import TABLES, schema

#: Rows written together, at most: their memory is used again for the next ones, and fresh pages are
#: dear. Fewer where their `params` are longer than `GROUP_BYTES`: they are held more than once.
ROW_GROUP = 16_384
GROUP_BYTES = 16 * 1024 * 1024
# The allocator of the system keeps what is freed; Arrow's own hands it back and pays for it anew.
pa.set_memory_pool(pa.system_memory_pool())
DAY = 86_400_000_000
#: Rows made into Python values together.
ROWS_AT_ONCE = 1024
#: Columns whose values hardly repeat: a dictionary would cost time and make the file larger.
DISTINCT = frozenset(
    {
        "event_uid", "provider_uid", "request_id", "params", "locator", "record_sha256",
        "resource_uid", "object", "host_id", "request_uri",
    }
)  # fmt: skip
#: Of these, texts that look like chance: without their lengths in between they pack better, and in
#: three fifths of the time.
BY_CHANCE = ("provider_uid", "request_id", "record_sha256", "host_id")
#: Numbers that differ row by row: as differences they take a third of the bytes.
COUNTS = (
    "time", "logged_time", "bytes_out", "bytes_in", "object_size", "total_ms", "turn_around_ms",
)  # fmt: skip
#: Columns of few short words, or of numbers as above: packing finds nothing in them.
UNPACKED = frozenset(
    {
        "time_precision", "acquired_at", "provider", "account_uid", "region", "service",
        "operation", "category", "activity", "actor_type", "actor_account_uid", "mfa",
        "tls_version", "auth_method", "resource_type", "outcome", "status_code", "error_code",
        "evidence_item", "source", "recipient_account_uid", *COUNTS,
    }
)  # fmt: skip
#: Columns that repeat in some logs: whether they do in a file, its first rows tell.
SOMETIMES = ("params",)
SAMPLE = 1024
#: Columns of which every row group states the bounds and how many are null.
BOUNDED = ("event_uid", "time", "duplicate_of", "same_request_as")
#: A column of a row group is one page: there is nothing to look up within it.
_PAGE_BYTES = 8 * 1024 * 1024
NAMES = tuple(name for name, _, _ in TABLES["events"])
#: Texts that many rows share.
REPEATING = tuple(
    name
    for columns in PARTS.values()
    for name in columns
    if pa.types.is_string(schema("events").field(name).type) and name not in DISTINCT
)


#: Columns besides them of which the writer finds the values that repeat.
NUMBERED = tuple(
    name for name in NAMES if name not in DISTINCT and name not in COUNTS and name not in REPEATING
)


def to_table(rows: Iterable[Row]) -> pa.Table:
    """Rows, in whatever form parsers gave them, as an Arrow table with the schema of `events`."""
    found = [laid_out(packed(row, place).coded()) for place, row in enumerate(rows)]
    return pa.concat_tables([schema("events").empty_table(), *found])


def write_file(path: Path, groups: Iterable[pa.Table]) -> None:
    """One file; replaces what was there.

    Args:
        path: of the file.
        groups: its row groups, one at least, of at most `ROW_GROUP` rows. Columns of `REPEATING`
            may be dictionaries, values distinct and in the order in which they first occur; those
            of `SOMETIMES` dictionaries with values in that order.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    groups = iter(groups)
    first = next(groups)
    coded = (*REPEATING, *(name for name in SOMETIMES if _repeats(first.column(name))))
    target = _written_schema(coded)
    with pq.ParquetWriter(
        fresh,
        target,
        compression={name: "none" if name in UNPACKED else "zstd" for name in NAMES},
        compression_level={name: 1 for name in NAMES if name not in UNPACKED},
        version="2.6",
        data_page_version="1.0",
        use_dictionary=[*coded, *NUMBERED],
        column_encoding={
            **dict.fromkeys(BY_CHANCE, "DELTA_LENGTH_BYTE_ARRAY"),
            **dict.fromkeys(COUNTS, "DELTA_BINARY_PACKED"),
        },
        write_statistics=list(BOUNDED),
        write_batch_size=ROW_GROUP,
        data_page_size=_PAGE_BYTES,
        # Columns are read as what `events` says, not as the dictionaries they are written from.
        store_schema=False,
    ) as writer:
        for group in itertools.chain([first], groups):
            assert group.num_rows <= ROW_GROUP, group.num_rows
            columns = [_as_written(group.column(field.name), field) for field in target]
            writer.write_table(
                pa.Table.from_arrays(columns, schema=target), row_group_size=ROW_GROUP
            )
    fresh.replace(path)


def _repeats(column: pa.ChunkedArray) -> bool:
    """Whether at most a fourth of the first values are distinct."""
    some = column.slice(0, SAMPLE).cast(pa.string())
    return 4 * len(some.unique()) <= len(some)


def _written_schema(coded: Sequence[str]) -> pa.Schema:
    """Of what the writer is given: it writes a dictionary as it is, without looking at each row."""
    kind = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(
        [field.with_type(kind) if field.name in coded else field for field in schema("events")]
    )


def _as_written(column: pa.ChunkedArray, field: pa.Field) -> pa.Array:
    """The same values in the form in which they are written."""
    found = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    given = pa.types.is_dictionary(found.type)
    if not pa.types.is_dictionary(field.type):
        return found.dictionary_decode() if given else found
    if not given:
        return found.dictionary_encode()
    if field.name in SOMETIMES:
        return found.dictionary.dictionary_encode().take(found.indices)
    return found


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
