"""Columns as numbers: what many rows share is looked at once, and time by a search for all rows.

A number stands for one value, or one combination of values, through all batches of a table.
"""

from collections.abc import Hashable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Numbers = npt.NDArray[np.int64]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
#: Before and after all times of a table.
_FIRST, _LAST = np.iinfo(np.int64).min, np.iinfo(np.int64).max
#: Combined numbers stay below this.
_MOST = 1 << 62


class Coder:
    """Numbers of values or combinations, given in the order in which these are first met."""

    def __init__(self) -> None:
        """Nothing met yet."""
        self._numbers: dict[Any, int] = {}
        self._values: list[Any] = []

    def number(self, value: Hashable) -> int:
        """Of one value."""
        found = self._numbers.get(value)
        if found is None:
            found = self._numbers[value] = len(self._values)
            self._values.append(value)
        return found

    def value(self, number: int) -> Any:  # noqa: ANN401 whatever was given
        """The value of a number."""
        return self._values[number]

    def column(self, values: "pa.Array | pa.ChunkedArray") -> Numbers:
        """Of each value of a column."""
        places, distinct = distinct_of(values)
        return np.array([self.number(each) for each in distinct], np.int64)[places]

    def rows(self, columns: Sequence[Numbers]) -> tuple[Numbers, list[tuple[int, int]]]:
        """Of each row's combination of numbers.

        Args:
            columns: one or more, of equal length, without negative numbers.

        Returns:
            (numbers, [(number, first row) of each combination not met before, in order]).
        """
        key, size = columns[0], int(columns[0].max(initial=0)) + 1
        for column in columns[1:]:
            here = int(column.max(initial=0)) + 1
            if size * here >= _MOST:
                key = np.unique(key, return_inverse=True)[1]
                size = int(key.max(initial=0)) + 1
            key, size = key * here + column, size * here
        _, first, places = np.unique(key, return_index=True, return_inverse=True)
        found = np.empty(len(first), np.int64)
        fresh = []
        for place in np.argsort(first, kind="stable").tolist():
            row, known = int(first[place]), len(self._values)
            found[place] = number = self.number(tuple(int(c[row]) for c in columns))
            if number == known:
                fresh.append((number, row))
        return found[places], fresh


def distinct_of(values: "pa.Array | pa.ChunkedArray") -> tuple[Numbers, list[Hashable]]:
    """(place of each row's value among the distinct ones, these)."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if not pa.types.is_dictionary(values.type):
        values = values.dictionary_encode(null_encoding="encode")
    places: Numbers = values.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return places, values.dictionary.to_pylist()


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - _EPOCH) // _TICK


def instant(micros_: int) -> datetime:
    """The other way round."""
    return _EPOCH + micros_ * _TICK


def times_of(values: "pa.Array | pa.ChunkedArray") -> Numbers:
    """A column of times as microseconds since 1970."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    numbers: Numbers = pc.cast(values, pa.int64()).to_numpy(zero_copy_only=False)
    return numbers


class Timelines:
    """Times at which something begins or ends, for each of several owners."""

    def __init__(self) -> None:
        """Without owners."""
        self._edges: list[Numbers] = []

    def add(self, edges: Sequence[int]) -> None:
        """The next owner's edges, ascending, each once."""
        self._edges.append(np.array(edges, np.int64))

    def positions(self, owners: Numbers, times: Numbers) -> Numbers:
        """How many edges of its owner are not later than each time: the interval that holds it.

        Intervals are half-open; that each time lies in the interval found, and so in no other, is
        asserted.
        """
        present, owner = np.unique(owners, return_inverse=True)
        edges = [self._edges[number] for number in present.tolist()]
        starts = np.cumsum([0, *(len(each) for each in edges)])
        every = np.concatenate(edges) if edges else np.empty(0, np.int64)
        # An owner and a time as one number: times by their rank, which is small.
        ranked = np.unique(every)
        width = len(ranked) + 1
        of_edges = np.repeat(np.arange(len(edges)), np.diff(starts)) * width
        of_edges += np.searchsorted(ranked, every) + 1
        of_times = owner * width + np.searchsorted(ranked, times, side="right")
        found = np.searchsorted(of_edges, of_times, side="right")
        low, high = found > starts[owner], found < starts[owner + 1]
        padded = np.concatenate(([_FIRST], every, [_LAST]))
        begins = np.where(low, padded[found], _FIRST)
        ends = np.where(high, padded[found + 1], _LAST)
        assert bool(np.all((begins <= times) & (times < ends))), "a time outside its interval"
        positions: Numbers = found - starts[owner]
        return positions
