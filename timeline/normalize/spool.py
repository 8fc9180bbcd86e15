"""Rows on their way from the workers to the table: one Arrow file a task, in batches of one day.

Memory stays bounded whatever the size of an input: rows are handed on in batches, and what is put
together later is one day, not one file.
"""

import itertools
import mmap
from collections.abc import Iterable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from timeline.normalize import repeats
from timeline.normalize.coded import PARTS, Coded, Many, joined, own_schema, part_schema
from timeline.normalize.model import Partition
from timeline.normalize.table import DAY, day_name
from timeline.schema import schema

#: Batches are written at about this many bytes of rows: those of one block of lines (`lines.BLOCK`)
#: are more, so that none has to wait for the next one and be copied.
BATCH_BYTES = 3 * 1024 * 1024
#: Ways of reading that may take turns within a log: rows go to the last ones read in the same way.
KINDS = 4


class Chunk(NamedTuple):
    """One batch of rows of one day in a spool file, in the order in which they were read."""

    partition: Partition
    path: Path
    batch: int


class Spool:
    """Collects rows and writes them out in batches."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: dict[tuple[str, int], list[Many]] = {}
        self._bytes = 0
        self._chunks: list[Chunk] = []
        self._writers: list[pa.ipc.RecordBatchFileWriter] = []
        self._told = repeats.Told(path)

    def add(self, rows: Many) -> set[tuple[str, int]]:
        """More rows; returns their provider and day numbers."""
        times = rows.times()
        if not len(times):
            return set()
        first, last = int(times.min()) // DAY, int(times.max()) // DAY
        days = [first] if first == last else np.unique(times // DAY).tolist()
        for day in days:
            own = rows if len(days) == 1 else rows.of_times(day * DAY, (day + 1) * DAY)
            held = self._rows.setdefault((rows.provider, day), [])
            self._bytes += own.size()
            if not any(each.taken_up(own) for each in held[-KINDS:]):
                held.append(own)
        if self._bytes > BATCH_BYTES:
            self._flush()
        return {(rows.provider, day) for day in days}

    def close(self) -> tuple[Chunk, ...]:
        """Write what is left; returns where everything is."""
        self._flush()
        for writer in self._writers:
            writer.close()
        self._told.close()
        return tuple(self._chunks)

    def _flush(self) -> None:
        for (provider, day), held in sorted(self._rows.items()):
            rows = joined([each.coded() for each in held])
            self._told.add(rows.own)
            if not self._writers:
                self._writers = _writers(self._path)
            for writer, batch in zip(self._writers, (rows.own, *rows.parts), strict=True):
                writer.write_batch(batch)
            partition = Partition(provider, day_name(day))
            self._chunks.append(Chunk(partition, self._path, len(self._chunks)))
        self._rows = {}
        self._bytes = 0


def _writers(path: Path) -> list[pa.ipc.RecordBatchFileWriter]:
    """Of the rows and of their parts: not packed, so that the files can be mapped."""
    schemas = [own_schema(), *map(part_schema, PARTS)]
    return [pa.ipc.new_file(each, s) for each, s in zip(_paths(path), schemas, strict=True)]


def _paths(path: Path) -> list[Path]:
    return [path, *(path.with_suffix(f".{name}") for name in PARTS)]


def write_batches(path: Path, found: Iterable[pa.RecordBatch]) -> None:
    """Batches of whole rows to a file that can be mapped."""
    with pa.ipc.new_file(path, schema("events")) as writer:
        for batch in found:
            writer.write_batch(batch)


class Mapped:
    """Spool files mapped into memory; their pages are given back while the rows are gathered.

    Otherwise a day of any length would be resident as a whole before it is written.
    """

    def __init__(self) -> None:
        #: Of each batch, in the order in which they were given out.
        self._maps: list[tuple[mmap.mmap, ...]] = []

    def batches(self, chunks: Iterable[Chunk]) -> Iterator[Coded]:
        """The rows of chunks, in their order."""
        for path, batches in itertools.groupby(chunks, key=attrgetter("path")):
            opened = [_mapped(each) for each in _paths(path)]
            maps = tuple(mapped for mapped, _ in opened)
            for chunk in batches:
                self._maps.append(maps)
                own, *parts = (reader.get_batch(chunk.batch) for _, reader in opened)
                yield Coded(own, tuple(parts))

    def all_batches(self, path: Path) -> Iterator[pa.RecordBatch]:
        """Every batch of one file."""
        mapped, reader = _mapped(path)
        for number in range(reader.num_record_batches):
            self._maps.append((mapped,))
            yield reader.get_batch(number)

    def give_back(self, batches: Iterable[int]) -> None:
        """Let go of the pages of some batches; what is needed again comes again from the file."""
        if hasattr(mmap, "MADV_DONTNEED"):
            for mapped in {each for batch in batches for each in self._maps[batch]}:
                mapped.madvise(mmap.MADV_DONTNEED)


def _mapped(path: Path) -> tuple[mmap.mmap, pa.ipc.RecordBatchFileReader]:
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return mapped, pa.ipc.open_file(pa.BufferReader(pa.py_buffer(mapped)))
