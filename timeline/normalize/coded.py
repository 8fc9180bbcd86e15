"""Rows by column on their way to the table: what every row has of its own, and numbers of the parts
that it shares with others.

A log repeats its callers, its kinds of event and what is acted on: each such part is laid out once
for a batch, and rows carry its number. Most of a row's columns lie in parts, so that a row takes a
third of the bytes that it would take laid out.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.normalize.row import (
    ABOUT_COLUMNS,
    ACTOR_COLUMNS,
    ASKED_COLUMNS,
    EVENT_COLUMNS,
    ITEM_COLUMNS,
    OWN_COLUMNS,
)
from timeline.schema import schema

Numbers = npt.NDArray[np.int64]
#: Part -> its columns.
PARTS = {
    "item": ITEM_COLUMNS,
    "actor": ACTOR_COLUMNS,
    "event": EVENT_COLUMNS,
    "about": ABOUT_COLUMNS,
    "asked": ASKED_COLUMNS,
}
_IN_PARTS = frozenset(name for columns in PARTS.values() for name in columns)
#: Columns that are laid out row by row.
OWN = tuple(name for name in OWN_COLUMNS if name not in _IN_PARTS)
#: Number of the record among those of its evidence item: the order of rows of one time.
PLACE = "place"


class Coded(NamedTuple):
    """Rows of `events` without the columns that are filled over the whole table.

    Attributes:
        own: the columns of `OWN`, `PLACE`, and for each part the number of the row's own one.
        parts: the parts that occur, in the order of `PARTS`.
    """

    own: pa.RecordBatch
    parts: tuple[pa.RecordBatch, ...]


class Many(Protocol):
    """Rows of one provider and form that were read together, in whatever way."""

    @property
    def provider(self) -> str: ...

    @property
    def source(self) -> str: ...

    def times(self) -> Numbers:
        """Time of each row, microseconds since 1970."""

    def of_times(self, start: int, end: int) -> "Many":
        """Rows from `start` to before `end`, in their order."""

    def size(self) -> int:
        """About so many bytes."""

    def taken_up(self, more: "Many") -> bool:
        """Take up more rows of the same kind; false where they are of another one."""

    def coded(self) -> Coded:
        """The rows by column."""


@lru_cache(maxsize=1)
def own_schema() -> pa.Schema:
    """Of `Coded.own`."""
    target = schema("events")
    codes = [(name, pa.int32()) for name in PARTS]
    return pa.schema([*(target.field(name) for name in OWN), (PLACE, pa.int64()), *codes])


@lru_cache(maxsize=8)
def part_schema(name: str) -> pa.Schema:
    """Of one of `Coded.parts`."""
    target = schema("events")
    return pa.schema([target.field(column) for column in PARTS[name]])


_WIDTHS = {32: np.int32, 64: np.int64}


def array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Values as a column: texts, whole numbers, times in microseconds, or flags; None for none.

    `pa.array` would load pandas, to see whether they are a column of its kind: 0.2 s of CPU.
    """
    count, none = len(values), values.count(None)
    if none == count:
        return nothing(count, kind)
    there = None
    if none:
        there = bits(np.fromiter((value is not None for value in values), np.bool_, count))
        blank: Any = "" if pa.types.is_string(kind) else 0
        values = [blank if value is None else value for value in values]
    if pa.types.is_string(kind):
        buffers = [there, *_texts(values)]
    elif pa.types.is_boolean(kind):
        buffers = [there, bits(np.fromiter(values, np.bool_, count))]
    else:
        buffers = [there, pa.py_buffer(np.fromiter(values, _WIDTHS[kind.bit_width], count))]
    return pa.Array.from_buffers(kind, count, buffers)


def _texts(values: Sequence[str]) -> tuple[pa.Buffer, pa.Buffer]:
    """Where each text ends, and all of them."""
    data = "".join(values)
    widths: Any = map(len, values)
    if not data.isascii():
        widths = (len(value.encode()) for value in values)
    places = np.zeros(len(values) + 1, np.int32)
    np.cumsum(np.fromiter(widths, np.int32, len(values)), out=places[1:])
    return pa.py_buffer(places), pa.py_buffer(data.encode())


def bits(mask: npt.NDArray[np.bool_]) -> pa.Buffer:
    """A mask as Arrow has it."""
    return pa.py_buffer(np.packbits(mask, bitorder="little"))


def own_of(found: Mapping[str, pa.Array], count: int) -> pa.RecordBatch:
    """`Coded.own` from columns by name; those that are not there are null."""
    target = own_schema()
    arrays = [
        found[field.name] if field.name in found else nothing(count, field.type) for field in target
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=target)


def part_of(name: str, rows: Sequence[Sequence[Any]]) -> pa.RecordBatch:
    """Parts from the values of each."""
    target = part_schema(name)
    columns = zip(*rows, strict=True) if rows else ((),) * len(target)
    arrays = [array(values, field.type) for values, field in zip(columns, target, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=target)


def joined(pieces: Sequence[Coded]) -> Coded:
    """Rows one after the other; each brings its own parts."""
    if len(pieces) == 1:
        return pieces[0]
    own = pa.Table.from_batches([piece.own for piece in pieces]).combine_chunks()
    sizes = [piece.own.num_rows for piece in pieces]
    parts = []
    for place, name in enumerate(PARTS):
        each = [piece.parts[place] for piece in pieces]
        before = np.cumsum([0, *(part.num_rows for part in each[:-1])])
        moved = codes_of(own, name) + np.repeat(before, sizes)
        column = own.schema.get_field_index(name)
        own = own.set_column(column, own.schema.field(column), numbers_of(moved.astype(np.int32)))
        parts.append(one_batch(pa.Table.from_batches(each)))
    return Coded(one_batch(own), tuple(parts))


def one_batch(rows: pa.Table) -> pa.RecordBatch:
    """A table as one batch."""
    found = rows.combine_chunks().to_batches()
    assert len(found) < 2, "expected at most 2 GB of texts in a column of one batch"
    return found[0] if found else pa.RecordBatch.from_pylist([], schema=rows.schema)


def codes_of(own: Any, name: str) -> npt.NDArray[np.int32]:  # noqa: ANN401 Arrow
    """Numbers of one part, row by row."""
    column = own.column(name)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column)]


def integers_in(column: pa.Array) -> Numbers:
    """Whole numbers, or times in microseconds, out of a column without null; not copied.

    `to_numpy` would load pandas as well.
    """
    return np.frombuffer(column.buffers()[1], np.int64)[column.offset : column.offset + len(column)]


def numbers_of(values: npt.NDArray[Any]) -> pa.Array:
    """Whole numbers as a column, not copied."""
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def sizes_of(texts: pa.Array) -> npt.NDArray[np.int32]:
    """Bytes of each text, 0 for null."""
    count = len(texts)
    if not count:
        return np.empty(0, np.int32)
    places = np.frombuffer(texts.buffers()[1], np.int32)
    sizes = np.diff(places[texts.offset : texts.offset + count + 1])
    if texts.null_count:
        # A null may stand over bytes, whatever they are.
        there = texts.is_valid()
        flags = np.unpackbits(np.frombuffer(there.buffers()[1], np.uint8), bitorder="little")
        sizes = sizes * flags[there.offset : there.offset + count]
    return sizes


def laid_out(rows: Coded) -> pa.Table:
    """The rows with the schema of `events`."""
    found = {name: rows.own.column(name) for name in OWN}
    for name, part in zip(PARTS, rows.parts, strict=True):
        codes = rows.own.column(name)
        found |= {column: part.column(column).take(codes) for column in PARTS[name]}
    return in_order(found, rows.own.num_rows)


@lru_cache(maxsize=16)
def nothing(count: int, kind: pa.DataType) -> pa.Array:
    """A column without values: a third of all columns of a log."""
    return pa.nulls(count, kind)


def in_order(found: Mapping[str, Any], count: int) -> pa.Table:
    """Columns by name, dictionaries too, in the order of `events`; those not there are null."""
    target = schema("events")
    arrays = [
        found[field.name] if field.name in found else nothing(count, field.type) for field in target
    ]
    return pa.Table.from_arrays(arrays, names=target.names)


def from_laid_out(rows: pa.RecordBatch, first: int) -> Coded:
    """Rows of the table as they are: each has parts of its own.

    Args:
        rows: with the schema of `events`.
        first: place of the first one.
    """
    count = rows.num_rows
    each = numbers_of(np.arange(count, dtype=np.int32))
    places = numbers_of(np.arange(first, first + count))
    arrays = [*(rows.column(name) for name in OWN), places, *(each for _ in PARTS)]
    own = pa.RecordBatch.from_arrays(arrays, schema=own_schema())
    return Coded(own, tuple(rows.select(list(columns)) for columns in PARTS.values()))


def by_appearance(codes: npt.NDArray[Any], size: int) -> tuple[Numbers, Numbers]:
    """Which numbers below `size` occur, in the order in which they first do, and each as its place
    in that order."""
    count = len(codes)
    first = np.full(size, count, np.int64)
    first[codes[::-1]] = np.arange(count - 1, -1, -1)
    present = np.flatnonzero(first < count)
    order = present[np.argsort(first[present])]
    place = np.zeros(size, np.int64)
    place[order] = np.arange(len(order))
    return order, place[codes]


class ByColumn(NamedTuple):
    """Rows of `Many` that were laid out by column when they were read."""

    provider: str
    source: str
    rows: Coded

    def times(self) -> Numbers:
        """As of `Many`."""
        return integers_in(self.rows.own.column("time"))

    def of_times(self, start: int, end: int) -> "ByColumn":
        """As of `Many`."""
        times = self.times()
        which = (times >= start) & (times < end)
        mask = pa.Array.from_buffers(pa.bool_(), len(which), [None, bits(which)])
        return self._replace(rows=self.rows._replace(own=self.rows.own.filter(mask)))

    def part(self, start: int, end: int) -> "ByColumn":
        """Those of some neighbours."""
        own = self.rows.own.slice(start, end - start)
        return self._replace(rows=self.rows._replace(own=own))

    def size(self) -> int:
        """As of `Many`."""
        return int(self.rows.own.nbytes)

    def taken_up(self, more: Many) -> bool:
        """As of `Many`: batches stay apart until all are put together."""
        return False

    def coded(self) -> Coded:
        """As of `Many`."""
        return self.rows
