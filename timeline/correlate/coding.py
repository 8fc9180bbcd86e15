"""Columns as numbers: what many rows share is looked at once, and time by a search for all rows.

A number stands for one value, or one combination of values, through all batches of a table.
"""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Numbers = npt.NDArray[np.int64]

#: Before and after all times of a table.
_FIRST, _LAST = np.iinfo(np.int64).min, np.iinfo(np.int64).max
#: Combined numbers stay below this.
_MOST = 1 << 62
#: Owners by times, of which a table is made in the place of a second search.
_TABLE = 1 << 21


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
        self._last = _Laid(np.empty(0, np.int64), [])

    def add(self, edges: Sequence[int]) -> None:
        """The next owner's edges, ascending, each once."""
        self._edges.append(np.array([_FIRST, *edges, _LAST], np.int64))

    def positions(self, owners: Numbers, times: Numbers) -> Numbers:
        """How many edges of its owner are not later than each time: the interval that holds it.

        Intervals are half-open; that each time lies in the interval found, and so in no other, is
        asserted.
        """
        present = np.flatnonzero(np.bincount(owners, minlength=1)[: len(self._edges)])
        if not np.array_equal(present, self._last.owners):
            edges = [self._edges[number] for number in present.tolist()]
            self._last = _Laid(present, edges)
        return self._last.positions(owners, times)


class _Laid:
    """The edges of some owners one after another; those of a batch are mostly those of the next."""

    def __init__(self, owners: Numbers, edges: Sequence[Numbers]) -> None:
        self.owners = owners
        self._place = np.zeros(int(owners.max(initial=0)) + 1, np.int64)
        self._place[owners] = np.arange(len(owners))
        lengths = [len(each) for each in edges]
        self._starts = np.cumsum([0, *lengths])[:-1]
        self._every = np.concatenate(edges) if edges else np.empty(0, np.int64)
        #: All times by rank; before all of them is rank 0.
        self._ranked = np.unique(self._every[(self._every > _FIRST) & (self._every < _LAST)])
        self._width = len(self._ranked) + 2
        ranks = np.searchsorted(self._ranked, self._every, side="right")
        ranks[self._every == _LAST] = self._width - 1
        self._keys = np.repeat(np.arange(len(edges)), lengths) * self._width + ranks
        size = len(edges) * self._width
        self._table = self._counted(size) if size <= _TABLE else None

    def _counted(self, size: int) -> Numbers:
        """Of every owner and rank, the place of the last edge that is not later."""
        counted: Numbers = np.cumsum(np.bincount(self._keys, minlength=size)) - 1
        return counted

    def positions(self, owners: Numbers, times: Numbers) -> Numbers:
        owner = self._place[owners]
        keys = owner * self._width + np.searchsorted(self._ranked, times, side="right")
        if self._table is not None:
            found = self._table[keys]
        else:
            found = np.searchsorted(self._keys, keys, side="right") - 1
        inside = (self._every[found] <= times) & (times < self._every[found + 1])
        assert bool(inside.all()), "a time outside its interval"
        positions: Numbers = found - self._starts[owner]
        return positions
