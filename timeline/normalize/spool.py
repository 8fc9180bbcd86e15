"""Rows on their way from the workers to the table: one Arrow file a task, in batches of one day.

Memory stays bounded whatever the size of an input: rows are handed on in batches, and what is put
together later is one day, not one file.
"""

import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from timeline.normalize.model import Partition
from timeline.normalize.row import PackedRows, Row
from timeline.normalize.table import DAY, Columns, day_name
from timeline.schema import schema

#: Batches are written at about this many bytes of rows.
BATCH_BYTES = 4 * 1024 * 1024
#: What a row takes besides its `params`.
ROW_BYTES = 900


class Chunk(NamedTuple):
    """One batch of rows of one day in a spool file, in the order in which they were read."""

    partition: Partition
    path: Path
    batch: int


class Spool:
    """Collects rows and writes them out in batches."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: dict[tuple[str, int], Columns] = {}
        self._bytes = 0
        self._chunks: list[Chunk] = []
        self._writer: pa.ipc.RecordBatchFileWriter | None = None

    def append(self, row: Row) -> tuple[str, int]:
        """One more row; returns its provider and day number."""
        key = (row.provider, row.time // DAY)
        held = self._rows.get(key)
        if held is None:
            held = self._rows[key] = Columns()
        held.append(row)
        self._bytes += ROW_BYTES + len(row.params or "")
        if self._bytes > BATCH_BYTES:
            self._flush()
        return key

    def extend_packed(self, rows: PackedRows) -> set[tuple[str, int]]:
        """More rows that were read together; returns their provider and day numbers."""
        if not rows.times:
            return set()
        days = [time // DAY for time in (min(rows.times), max(rows.times))]
        if days[0] != days[1]:
            days = sorted({time // DAY for time in rows.times})
        for day in dict.fromkeys(days):
            own = rows if days[0] == days[-1] else rows.of_times(day * DAY, (day + 1) * DAY)
            self._rows.setdefault((rows.provider, day), Columns()).extend_packed(own)
        self._bytes += ROW_BYTES * len(rows.times) + sum(map(len, filter(None, rows.params())))
        if self._bytes > BATCH_BYTES:
            self._flush()
        return {(rows.provider, day) for day in days}

    def extend(self, provider: str, rows: pa.RecordBatch) -> set[tuple[str, int]]:
        """More rows, which are columns already; returns their provider and day numbers."""
        days = rows.column("time").cast(pa.int64()).to_numpy() // DAY
        found = np.unique(days).tolist()
        for day in found:
            own = rows if len(found) == 1 else rows.filter(pa.array(days == day))
            self._rows.setdefault((provider, day), Columns()).extend(own)
            self._bytes += ROW_BYTES * own.num_rows + own.column("params").nbytes
            if self._bytes > BATCH_BYTES:
                self._flush()
        return {(provider, day) for day in found}

    def close(self) -> tuple[Chunk, ...]:
        """Write what is left; returns where everything is."""
        self._flush()
        if self._writer is not None:
            self._writer.close()
        return tuple(self._chunks)

    def _flush(self) -> None:
        for (provider, day), rows in sorted(self._rows.items()):
            table = rows.table()
            if self._writer is None:
                # Not packed, so that the file can be mapped and read from anywhere.
                self._writer = pa.ipc.new_file(self._path, schema("events"))
            self._writer.write_batch(table.combine_chunks().to_batches()[0])
            partition = Partition(provider, day_name(day))
            self._chunks.append(Chunk(partition, self._path, len(self._chunks)))
        self._rows = {}
        self._bytes = 0


def write_batches(path: Path, found: Iterable[pa.RecordBatch]) -> None:
    """Batches to a file that can be mapped."""
    with pa.ipc.new_file(path, schema("events")) as writer:
        for batch in found:
            writer.write_batch(batch)


class Mapped:
    """Spool files mapped into memory; their pages are given back while the rows are gathered.

    Otherwise a day of any length would be resident as a whole before it is written.
    """

    def __init__(self) -> None:
        self._maps: list[mmap.mmap] = []

    def batches(self, chunks: Iterable[Chunk]) -> Iterator[pa.RecordBatch]:
        """The batches of chunks, in their order."""
        path: Path | None = None
        reader = None
        for chunk in chunks:
            if chunk.path != path:
                path = chunk.path
                reader = self._reader(path)
            assert reader is not None
            yield reader.get_batch(chunk.batch)

    def all_batches(self, path: Path) -> Iterator[pa.RecordBatch]:
        """Every batch of one file."""
        reader = self._reader(path)
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)

    def _reader(self, path: Path) -> pa.ipc.RecordBatchFileReader:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._maps.append(mapped)
        return pa.ipc.open_file(pa.BufferReader(pa.py_buffer(mapped)))

    def give_back(self) -> None:
        """Let go of the pages; what is needed again comes again from the file."""
        if hasattr(mmap, "MADV_DONTNEED"):
            for mapped in self._maps:
                mapped.madvise(mmap.MADV_DONTNEED)
