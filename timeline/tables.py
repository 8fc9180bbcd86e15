"""Writes and reads derived tables by their schema: equal rows give equal bytes.

Parquet files hold no time of writing and no host name; rows come in the order given by the caller,
who sorts them. One file per table under `derived/`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from collector.errors import CaseError

#: Fixed writer settings: another default of a later library must not change the bytes silently.
_PARQUET = {"compression": "zstd", "compression_level": 3, "version": "2.6"}


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
    for row in rows:
        if row.keys() != names:
            raise ValueError(
                f"{table}: expected the columns of its schema, found {sorted(row.keys() ^ names)} "
                "extra or missing"
            )
    derived.mkdir(parents=True, exist_ok=True)
    columns = [pa.array([row[f.name] for row in rows], type=f.type) for f in shape]
    pq.write_table(
        pa.Table.from_arrays(columns, schema=shape), derived / f"{table}.parquet", **_PARQUET
    )
    return len(rows)


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

    file, folder = derived / f"{table}.parquet", derived / table
    if file.is_file():
        files = [file]
    elif folder.is_dir():
        files = sorted(folder.rglob("*.parquet"))
    else:
        raise CaseError(f"{file}: expected a derived table, found none. Run `butfor build` first.")
    wanted = list(columns) if columns is not None else None
    rows: list[dict[str, Any]] = []
    for path in files:
        rows.extend(pq.ParquetFile(path).read(columns=wanted).to_pylist())
    return rows
