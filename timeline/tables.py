"""Writes and reads derived tables by their schema: equal rows give equal bytes.

Parquet files hold no time of writing and no host name; rows come in the order given by the caller,
who sorts them. One file per table under `derived/`.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, overload

from collector.errors import CaseError

#: Fixed writer settings: another default of a later library must not change the bytes silently.
_PARQUET = {"compression": "zstd", "compression_level": 3, "version": "2.6"}

#: Rows that are held as Python values at a time.
_PART = 16_384

T = TypeVar("T")


class Made(Sequence[Mapping[str, Any]]):
    """Rows that are made from what is already in memory when they are written, and not before."""

    def __init__(self, held: Sequence[T], make: Callable[[T], Mapping[str, Any]]) -> None:
        """One row of each thing held."""
        self._held: Sequence[Any] = held
        self._make: Callable[[Any], Mapping[str, Any]] = make

    def __len__(self) -> int:
        return len(self._held)

    @overload
    def __getitem__(self, index: int) -> Mapping[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Mapping[str, Any]]: ...

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self._make(one) for one in self._held[index]]
        return self._make(self._held[index])


def write(derived: Path, table: str, rows: Sequence[Mapping[str, Any]]) -> int:
    """Writes one table and returns its number of rows.

    Raises:
        ValueError: if a row has other columns than the schema: nothing is dropped silently.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from timeline.schema import schema

    shape = schema(table)
    names = set(shape.names)
    parts = []
    for start in range(0, len(rows), _PART):
        part = rows[start : start + _PART]
        for row in part:
            if row.keys() != names:
                raise ValueError(
                    f"{table}: expected the columns of its schema, found "
                    f"{sorted(row.keys() ^ names)} extra or missing"
                )
        columns = [pa.array([row[f.name] for row in part], type=f.type) for f in shape]
        parts.append(pa.Table.from_arrays(columns, schema=shape))
    derived.mkdir(parents=True, exist_ok=True)
    whole = pa.concat_tables([shape.empty_table(), *parts]).combine_chunks()
    pq.write_table(whole, derived / f"{table}.parquet", **_PARQUET)
    return len(rows)


def files(derived: Path, table: str) -> list[Path]:
    """The files of a table, in stored order; none where its folder is empty.

    Raises:
        CaseError: the table was not built.
    """
    file, folder = derived / f"{table}.parquet", derived / table
    if file.is_file():
        return [file]
    if folder.is_dir():
        return sorted(folder.rglob("*.parquet"))
    raise CaseError(f"{file}: expected a derived table, found none. Run `butfor build` first.")


def read(derived: Path, table: str, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """All rows of one table as dictionaries, in stored order.

    Args:
        derived: the case's `derived/` folder.
        table: a name of `timeline.schema.TABLES`.
        columns: those wanted; all if None.

    Raises:
        CaseError: if the table was not built.
    """
    import pyarrow.parquet as pq

    wanted = list(columns) if columns is not None else None
    rows: list[dict[str, Any]] = []
    for path in files(derived, table):
        rows.extend(pq.ParquetFile(path).read(columns=wanted).to_pylist())
    return rows
