"""The table `events` where it lies: asked like an Arrow table, column by column, held nowhere.

The stages after ingest ask the whole table about some columns, and take a few rows of it. They get
what they would get of the table in memory, which is the largest thing of a case.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from timeline.normalize.table import files, row_groups
from timeline.schema import schema as schema_of


class Stored:
    """Rows in the order of the files; what `filter` and `select` give is in total order."""

    def __init__(self, out: Path, columns: Sequence[str] | None = None) -> None:
        """Of the folder `derived/events`; all columns, or some."""
        whole = schema_of("events")
        self.schema = whole if columns is None else pa.schema([whole.field(c) for c in columns])
        self._out = out
        self._files = files(out)
        self._mixed = len({file.parts[-3] for file in self._files}) > 1

    @property
    def column_names(self) -> list[str]:
        """As of a table."""
        names: list[str] = self.schema.names
        return names

    @property
    def num_rows(self) -> int:
        """As of a table."""
        return sum(int(pq.read_metadata(file).num_rows) for file in self._files)

    def __getitem__(self, column: str) -> pa.ChunkedArray:
        """One column, in the order of the files: for masks and aggregates."""
        parts = [pq.ParquetFile(file).read(columns=[column])[column] for file in self._files]
        chunks = [chunk for part in parts for chunk in part.chunks]
        return pa.chunked_array(chunks, self.schema.field(column).type)

    def batches(self, columns: Sequence[str], at_once: int = 1 << 20) -> Iterator[pa.Table]:
        """The rows in the order of the files, with some columns.

        Args:
            columns: those wanted.
            at_once: rows; at most a row group.
        """
        for file in self._files:
            for group in row_groups(file, columns):
                for start in range(0, group.num_rows, at_once):
                    yield group.slice(start, at_once)

    def select(self, columns: Sequence[str]) -> "Stored":
        """The same rows with some columns."""
        return Stored(self._out, columns)

    def group_by(self, keys: Sequence[str]) -> Any:  # noqa: ANN401 Arrow
        """As of a table."""
        parts = [pq.ParquetFile(file).read(self.column_names) for file in self._files]
        return self._table(parts).group_by(list(keys))

    def filter(self, mask: pa.ChunkedArray) -> pa.Table:
        """The rows where the mask, which is in the order of the files, is true."""
        flags = pc.fill_null(mask, False).combine_chunks()
        found, start = [], 0
        for file in self._files:
            with pq.ParquetFile(file) as source:
                for number in range(source.num_row_groups):
                    here = flags.slice(start, source.metadata.row_group(number).num_rows)
                    start += len(here)
                    if here.true_count:
                        group = source.read_row_group(number, columns=self.column_names)
                        found.append(group.filter(here))
        return self._table(found)

    def _table(self, parts: Sequence[pa.Table]) -> pa.Table:
        table = pa.concat_tables(parts) if parts else self.schema.empty_table()
        if self._mixed and "time" in self.column_names:
            return table.take(pc.sort_indices(table["time"]))
        return table
