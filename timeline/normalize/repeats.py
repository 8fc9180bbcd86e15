"""Whether any id occurs twice, asked of numbers made of the ids while the rows go to the table.

Equal ids have equal numbers, so that "none twice" is certain; two ids may share a number, and then
the ids themselves are compared (`duplicates`). Most tables have none twice.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Hashes = npt.NDArray[np.uint64]
#: Columns by which copies are found. A record is told by its bytes where it has no id.
KEYS = ("provider_uid", "record_sha256", "shared_uid")
#: So many numbers are held in memory, no more.
HASHED = 8_000_000
#: Odd, so that no two words are made one: of the golden ratio.
_MIX = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)


def of_rows(own: pa.RecordBatch) -> dict[str, Hashes]:
    """Numbers of what rows are found by.

    Args:
        own: rows with the columns of `KEYS`.
    """
    found = {name: own.column(name) for name in KEYS}
    ids = found["provider_uid"]
    if ids.null_count < len(ids):
        found["record_sha256"] = found["record_sha256"].filter(pc.is_null(ids))
    return {name: hashes(column.drop_null()) for name, column in found.items()}


def hashes(texts: pa.Array) -> Hashes:
    """A number for each text; equal for equal ones.

    Args:
        texts: without nulls.
    """
    count = len(texts)
    _, edges, content = texts.buffers()
    if count == 0 or content is None:
        return np.zeros(count, np.uint64)
    starts = np.frombuffer(edges, np.int32)[texts.offset : texts.offset + count + 1]
    sizes = np.diff(starts)
    letters = np.frombuffer(content, np.uint8)
    if np.all(sizes == sizes[0]):
        every = letters[starts[0] : starts[-1]].reshape(count, int(sizes[0]))
        return _mixed(every)
    found = np.empty(count, np.uint64)
    for size in np.unique(sizes).tolist():
        mine = np.flatnonzero(sizes == size)
        found[mine] = _mixed(letters[starts[mine][:, None] + np.arange(size)])
    return found


def _mixed(letters: npt.NDArray[np.uint8]) -> Hashes:
    """Of texts of one length, a row each."""
    count, size = letters.shape
    words = np.zeros((count, -(-size // 8) * 8), np.uint8)
    words[:, :size] = letters
    found = np.full(count, size, np.uint64)
    for word in words.view(np.uint64).T:
        found ^= word
        found *= _MIX
        found ^= found >> _HALF
    return found


class Told:
    """Numbers of the rows of one task, to be left beside its spool."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: dict[str, list[Hashes]] = {name: [] for name in KEYS}

    def add(self, own: pa.RecordBatch) -> None:
        """More rows."""
        for name, found in of_rows(own).items():
            self._held[name].append(found)

    def close(self) -> None:
        """Leave them for `twice`."""
        for name, found in self._held.items():
            if found:
                np.concatenate(found).tofile(self._path.with_suffix(f".{name}"))


def twice(scratch: Path, rows: int) -> frozenset[str]:
    """Columns of `KEYS` in which a value may occur twice.

    Args:
        scratch: folder of the spools of all rows of the table.
        rows: how many there are; over `HASHED` any column may repeat.
    """
    if rows > HASHED:
        return frozenset(KEYS)
    found = {name: _left(scratch, name) for name in KEYS}
    told = len(found["provider_uid"]) + len(found["record_sha256"])
    assert told == rows, f"{told} of {rows} rows told"
    return frozenset(name for name, numbers in found.items() if any_twice(numbers))


def _left(scratch: Path, name: str) -> Hashes:
    parts = [np.fromfile(path, np.uint64) for path in sorted(scratch.glob(f"*.{name}"))]
    return np.concatenate(parts) if parts else np.empty(0, np.uint64)


def any_twice(numbers: Hashes) -> bool:
    """Whether two of them are equal."""
    numbers = np.sort(numbers)
    return bool(np.any(numbers[1:] == numbers[:-1]))
