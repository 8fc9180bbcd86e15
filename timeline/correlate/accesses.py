"""Decided accesses, millions of them, held column by column.

What repeats is held once and a row has four bytes for it; a row as a mapping is made when it is
asked for. An access whose record another log's record adds to is kept beside, as it comes out.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias, overload

import pyarrow as pa
import pyarrow.compute as pc

from timeline.correlate import coding
from timeline.correlate.coding import Coder, Numbers
from timeline.correlate.counted import NOTHING, supplemented
from timeline.events import KEPT
from timeline.normalize.model import at as instant

#: Columns of which every access has its own text: there is nothing to hold once.
OWN = frozenset({"event_uid", "provider_uid", "locator", "record_sha256"})
_SHARED = tuple(name for name in KEPT if name not in OWN and name != "time")
_NAMES = (*KEPT, *NOTHING)

#: (kept columns of the row of `events`, class uid)
Pair: TypeAlias = tuple[Mapping[str, Any], str]


class Accesses(Sequence[Pair]):
    """(row, class uid) of every decided access, in order; never changed once put together."""

    def __init__(self) -> None:
        """Without accesses; `add` and `supply` put them together."""
        self.classes: list[str] = []
        self.codes = array("i")
        self._times = array("q")
        self._coders = {name: Coder() for name in _SHARED}
        self._places = {name: array("i") for name in _SHARED}
        self._own: dict[str, list[pa.Array]] = {name: [] for name in sorted(OWN)}
        self._starts: list[int] = []
        self._other: dict[int, Mapping[str, Any]] = {}

    def add(self, rows: pa.Table, codes: Numbers) -> None:
        """More accesses: their rows, and the places of their classes among `classes`."""
        self._starts.append(len(self.codes))
        self.codes.frombytes(codes.astype("int32").tobytes())
        self._times.frombytes(coding.times_of(rows["time"]).tobytes())
        for name in _SHARED:
            numbers = self._coders[name].column(rows[name])
            self._places[name].frombytes(numbers.astype("int32").tobytes())
        for name, parts in self._own.items():
            parts.append(rows[name].combine_chunks())

    def supply(self, beside: Mapping[str, Mapping[str, Any]]) -> None:
        """What second records say, by event uid of the access."""
        if not beside:
            return
        wanted = pa.array(sorted(beside), pa.string())
        for start, uids in zip(self._starts, self._own["event_uid"], strict=True):
            for place in pc.indices_nonzero(pc.is_in(uids, wanted)).to_pylist():
                row = Kept(self, start + place)
                said = supplemented(row, beside[row["event_uid"]])
                if said is not row:
                    self._other[start + place] = said

    def value(self, number: int, name: str) -> Any:  # noqa: ANN401 whatever the column holds
        """One column of one access."""
        places = self._places.get(name)
        if places is not None:
            return self._coders[name].value(places[number])
        if name == "time":
            return instant(self._times[number])
        return self._own_value(number, name) if name in OWN else NOTHING[name]

    def _own_value(self, number: int, name: str) -> str | None:
        part = bisect_right(self._starts, number) - 1
        found: str | None = self._own[name][part][number - self._starts[part]].as_py()
        return found

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, number: int) -> Pair: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Pair]: ...
    def __getitem__(self, number: int | slice) -> Pair | Sequence[Pair]:
        if isinstance(number, slice):
            return [self[n] for n in range(*number.indices(len(self)))]
        place = range(len(self))[number]
        return self._other.get(place) or Kept(self, place), self.classes[self.codes[place]]

    def __iter__(self) -> Iterator[Pair]:
        return map(self.__getitem__, range(len(self)))


class Kept(Mapping[str, Any]):
    """Columns of one access, `KEPT` and `NOTHING`."""

    __slots__ = ("_accesses", "_number")

    def __init__(self, accesses: Accesses, number: int) -> None:
        """Of the access with a number."""
        self._accesses, self._number = accesses, number

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 whatever the column holds
        return self._accesses.value(self._number, name)

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)
