"""Columns of a block of text, without a Python object for each value.

What every line has of its own is laid out by byte positions (`cut`, `whole`); what repeats is told
apart once (`distinct`) and worked out once for each combination (`combined`).

Values come from buffers and go to buffers: the conversions of Arrow load pandas, to see whether
they are given a column of its kind, for 0.2 s of CPU in each process.
"""

from binascii import hexlify
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from timeline.normalize.coded import PLACE, Numbers, array, bits, numbers_of
from timeline.normalize.model import Where

Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.signedinteger[Any]]
#: A number of more digits is not read here: it may not fit a column.
DIGITS = 16
#: Combinations are told apart in a table of up to so many places a line, and sorted beyond.
_TABLE = 64
_HYPHEN = ord("-")
#: Eight bytes of the digit 0, of high halves, of low halves, and of what makes 10 of a nine's
#: successor.
_ZEROS, _HIGH, _LOW, _SIX = (np.uint64(int(each * 8, 16)) for each in ("30", "f0", "0f", "06"))
_string = pa.string()
_joined = pc.binary_join_element_wise


def texts(data: bytes, starts: Places, ends: Places) -> pa.Array:
    """A column of the texts between positions, which ascend."""
    return _between(data, starts, ends, None)


def cut(data: bytes, starts: Places, ends: Places) -> pa.Array:
    """The same; null for `-` and where a text ends before it starts."""
    if np.min(ends - starts, initial=2) > 1:
        return _between(data, starts, ends, None)
    absent = is_hyphen(data, starts, ends) | (ends < starts)
    if absent.all():
        return pa.nulls(len(starts), _string)
    if not absent.any():
        return _between(data, starts, ends, None)
    return _between(data, np.minimum(starts, ends), ends, absent)


def _between(data: bytes, starts: Places, ends: Places, absent: Mask | None) -> pa.Array:
    places = np.empty(2 * len(starts), np.int32)
    places[0::2], places[1::2] = starts, ends
    count = max(len(places) - 1, 0)
    # Every second one of these is what stands between two of those wanted.
    buffers = [None, pa.py_buffer(places), pa.py_buffer(data)]
    every = pa.Array.from_buffers(_string, count, buffers)
    wanted = np.arange(0, count + 1, 2, dtype=np.int32)[: len(starts)]
    return every.take(numbers_of(wanted) if absent is None else numbers_but(wanted, absent))


def is_hyphen(data: bytes, starts: Places, ends: Places) -> Mask:
    """Where a text is `-`, which stands for none."""
    found: Mask = ends - starts == 1
    alone = np.flatnonzero(found)
    found[alone] = np.frombuffer(data, np.uint8)[starts[alone]] == _HYPHEN
    return found


def whole(data: bytes, starts: Places, ends: Places) -> tuple[Numbers, Mask]:
    """Numbers of up to `DIGITS` digits, and where there is one.

    Each ends `DIGITS` bytes after the beginning of the data or later, and 8 before its end.
    """
    width = ends - starts
    value, sound = _eight(data, ends, np.minimum(width, 8))
    long = np.flatnonzero(width > 8)
    if len(long):
        high, also = _eight(data, ends[long] - 8, np.minimum(width[long] - 8, 8))
        value[long] += 100_000_000 * high
        sound[long] &= also
    return value, sound & (width > 0) & (width <= DIGITS)


def _eight(data: bytes, ends: Places, width: Places) -> tuple[Numbers, Mask]:
    """Numbers of up to eight digits, all digits of one at once: a byte each of a 64-bit word."""
    words = np.frombuffer(data, "<u8", len(data) // 8)
    at = ends - 8
    place, moved = at >> 3, ((at & 7) << 3).astype(np.uint64)
    text = (words.take(place) >> moved) | (words.take(place + 1) << (np.uint64(64) - moved))
    # What stands before the number becomes zeros; the first byte is the lowest.
    before = np.uint64(64) - (width << 3).astype(np.uint64)
    text = ((text >> before) << before) | (_ZEROS >> (np.uint64(64) - before))
    sound: Mask = (text & _HIGH == _ZEROS) & (text + _SIX & _HIGH == _ZEROS)
    text &= _LOW
    for half, mask in ((8, 0x00FF00FF00FF00FF), (16, 0x0000FFFF0000FFFF), (32, 0x00000000FFFFFFFF)):
        tens = np.uint64(10 ** (half // 8))
        text = (text * tens + (text >> np.uint64(half))) & np.uint64(mask)
    return text.astype(np.int64), sound


def holding(column: pa.Array, byte: bytes) -> Mask:
    """Where a text holds a byte."""
    return _with_any(column, lambda text: text == byte[0])


def differing(one: pa.Array, other: pa.Array) -> Mask:
    """Where texts that are of equal length row by row are not the same."""
    return _with_any(one, lambda text: text != np.frombuffer(other.buffers()[2], np.uint8))


def _with_any(
    column: pa.Array, found_in: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.bool_]]
) -> Mask:
    """The texts of which some byte is found by a function of all bytes of a column."""
    found = np.zeros(len(column), np.bool_)
    _, offsets, data = column.buffers()
    if data is None or not len(column):
        return found
    places = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    text = np.frombuffer(data, np.uint8)[places[0] : places[-1]]
    hits = np.flatnonzero(found_in(text)) + places[0]
    found[np.searchsorted(places, hits, side="right") - 1] = True
    return found


def cited(
    where: Where, data: bytes, numbers: Numbers, starts: Numbers, ends: Numbers, offset: int = 0
) -> dict[str, pa.Array]:
    """The columns that say where records are, and the digests of their bytes.

    Args:
        where: the body.
        data: bytes of the body.
        numbers: of the records in the body.
        starts, ends: of each in `data`.
        offset: of `data` in the body.
    """
    number, start, length = (
        numbers_of(each).cast(_string) for each in (numbers, offset + starts, ends - starts)
    )
    view = memoryview(data)
    spans = zip(starts.tolist(), ends.tolist(), strict=True)
    text = hexlify(b"".join([sha256(view[begin:end]).digest() for begin, end in spans]))
    places = np.arange(0, len(text) + 1, 64, dtype=np.int32)
    digests = [None, pa.py_buffer(places), pa.py_buffer(text)]
    none, at, plus = (constant(each) for each in ("", "@", "+"))
    return {
        "event_uid": _joined(constant(f"{where.item}/{where.prefix}"), number, none),
        "locator": _joined(constant(where.prefix), number, at, start, plus, length, none),
        "record_sha256": pa.Array.from_buffers(_string, len(starts), digests),
        PLACE: numbers_of(where.before + numbers),
    }


def texts_of(values: Sequence[str | None]) -> pa.Array:
    """A column of texts."""
    return array(values, _string)


def constant(text: str) -> pa.Scalar:
    """A text for all rows."""
    return texts_of([text])[0]


def numbers_but(values: npt.NDArray[Any], absent: Mask) -> pa.Array:
    """Whole numbers as a column, null where they are absent."""
    if not absent.any():
        return numbers_of(values)
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [bits(~absent), pa.py_buffer(values)])


def flags_of(mask: Mask) -> pa.Array:
    """A mask as a column."""
    return pa.Array.from_buffers(pa.bool_(), len(mask), [None, bits(mask)])


def present(column: pa.Array) -> Mask:
    """Where a column has a value."""
    if column.null_count == 0:
        return np.ones(len(column), np.bool_)
    there = column.is_valid()
    packed = np.frombuffer(there.buffers()[1], np.uint8)
    found = np.unpackbits(packed, bitorder="little")[there.offset : there.offset + len(there)]
    return found.view(np.bool_)


class Distinct(NamedTuple):
    """The values that occur in a column, and which of them each row has.

    Attributes:
        code: of each row the place of its value.
        values: mostly each once.
    """

    code: Numbers
    values: Sequence[Any]

    def mapped(self, function: Callable[[Any], Any]) -> "Distinct":
        """What a function makes of the values; equal ones become one."""
        places: dict[Any, int] = {}
        code = [places.setdefault(function(value), len(places)) for value in self.values]
        return Distinct(np.array(code, np.int64).take(self.code), list(places))

    def texts(self, function: Callable[[Any], str | None]) -> pa.Array:
        """The texts that a function makes of the values, row by row."""
        return texts_of([function(value) for value in self.values]).take(numbers_of(self.code))


def distinct(column: pa.Array) -> Distinct:
    """The values of a column, null among them."""
    found = column.dictionary_encode(null_encoding="encode")
    code = np.frombuffer(found.indices.buffers()[1], np.int32, len(column))
    return Distinct(code.astype(np.int64), found.dictionary.to_pylist())


def alike(value: Any, count: int) -> Distinct:  # noqa: ANN401 - whatever a column holds
    """One value for all rows."""
    return Distinct(np.zeros(count, np.int64), [value])


def combined(first: Distinct, *others: Distinct) -> Distinct:
    """The combinations of values that occur, as tuples.

    Beside columns of one value, those of the first one stay that no row has.
    """
    code, size = first.code, len(first.values)
    places = [np.arange(size)]
    for column in others:
        count = len(column.values)
        if count == 1:
            places.append(np.zeros(size, np.int64))
            continue
        present, code = _dense(code * count + column.code, size * count)
        size = len(present)
        places = [*(each.take(present // count) for each in places), present % count]
    each = [
        [column.values[place] for place in found.tolist()]
        for column, found in zip((first, *others), places, strict=True)
    ]
    return Distinct(code, list(zip(*each, strict=True)))


def _dense(wide: Numbers, size: int) -> tuple[Numbers, Numbers]:
    """The numbers below `size` that occur, ascending, and the place of each among them."""
    if size > _TABLE * len(wide):
        present, code = np.unique(wide, return_inverse=True)
        return present, code.astype(np.int64)
    there = np.zeros(size, np.bool_)
    there[wide] = True
    present = np.flatnonzero(there)
    place = np.empty(size, np.int64)
    place[present] = np.arange(len(present))
    return present, place.take(wide)
