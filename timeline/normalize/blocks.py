"""Many lines at once: a block of a text log as columns, without a Python object for each value.

What a form reads of a block is laid out by byte positions (`cut`), and what depends on few values
is worked out once for each combination of them (`Distinct`). Lines that a form does not read in
this way are left for the reader of single records, which decides what they are.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.normalize.coded import Many, array

Numbers = npt.NDArray[np.int64]
#: Combinations are counted in a table up to this size, and sorted beyond.
_TABLE = 1 << 20
_HYPHEN = ord("-")
_BLANK = 32


class Block(NamedTuple):
    """Whole lines of a body.

    Attributes:
        data: the lines, each with its line end, the last one included.
        offset: of the first byte in the body.
        starts, ends: of each line in `data`, line end left out.
        numbers: of each line among the records of the body; blank lines are none and have -1.
        after: number of the record after the last one.
    """

    data: bytes
    offset: int
    starts: Numbers
    ends: Numbers
    numbers: Numbers
    after: int


class Pieces(NamedTuple):
    """Records of a body, in their order.

    Attributes:
        data: the bytes of each.
        offsets: of each in the body.
        numbers: of each among the records of the body.
    """

    data: list[bytes]
    offsets: list[int]
    numbers: list[int]


class TakenPieces(NamedTuple):
    """What a form has read of pieces: the places of those left, ascending; a row for each other."""

    left: list[int]
    rows: list[Many]


class Taken(NamedTuple):
    """What a form has read of a block: the lines, ascending, and a row for each of them."""

    lines: Numbers
    rows: Many


def laid_out(data: bytes, offset: int, first: int) -> Block:
    """A block with its lines found and numbered.

    Args:
        data: whole lines, each with its line end.
        offset: of the first byte in the body.
        first: number of the first record.
    """
    text = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(text == ord("\n"))
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])
    blank = np.zeros(len(ends), np.bool_)
    for line in np.flatnonzero(text[starts] <= _BLANK).tolist():
        blank[line] = not data[starts[line] : ends[line]].strip()
    numbers = np.where(blank, -1, first + np.cumsum(~blank) - 1)
    return Block(data, offset, starts, ends, numbers, first + int(np.sum(~blank)))


def cut(data: bytes, starts: Numbers, ends: Numbers, there: npt.NDArray[np.bool_]) -> pa.Array:
    """A column of the texts between positions, which ascend; null for `-` and where not `there`."""
    text = np.frombuffer(data, np.uint8)
    hyphen = (ends - starts == 1) & (text[starts] == _HYPHEN)
    places = np.empty(2 * len(starts), np.int32)
    places[0::2], places[1::2] = starts, ends
    count = max(len(places) - 1, 0)
    buffers = [None, pa.py_buffer(places), pa.py_buffer(data)]
    every = pa.Array.from_buffers(pa.string(), count, buffers)
    wanted = pa.array(np.arange(0, count + 1, 2, dtype=np.int32)[: len(starts)])
    absent = hyphen | ~there
    if absent.any():
        wanted = pa.array(wanted.to_numpy(), mask=absent)
    return every.take(wanted)


class Distinct:
    """The combinations of values that columns hold, and which of them each row has."""

    def __init__(self, columns: Sequence[pa.Array]) -> None:
        self.code: Numbers = np.zeros(len(columns[0]), np.int64)
        self.values: list[tuple[Any, ...]] = [()]
        for column in columns:
            found = column.dictionary_encode(null_encoding="encode")
            values = found.dictionary.to_pylist()
            wide = self.code * len(values) + found.indices.to_numpy().astype(np.int64)
            present, self.code = _dense(wide, len(self.values) * len(values))
            self.values = [
                (*self.values[each // len(values)], values[each % len(values)])
                for each in present.tolist()
            ]

    def column(self, values: Sequence[Any], kind: pa.DataType) -> pa.Array:
        """A column from one value for each combination."""
        return array(values, kind).take(pa.array(self.code))

    def each(self, function: Callable[..., Any], kind: pa.DataType) -> pa.Array:
        """A column of what the function makes of each combination."""
        return self.column([function(*combination) for combination in self.values], kind)


def _dense(wide: Numbers, size: int) -> tuple[Numbers, Numbers]:
    """The numbers that occur, ascending, and the place of each number among them."""
    if size > _TABLE:
        present, code = np.unique(wide, return_inverse=True)
        return present, code.astype(np.int64)
    table = np.zeros(size, np.int64)
    table[wide] = 1
    present = np.flatnonzero(table)
    table[present] = np.arange(len(present))
    return present, table[wide]
