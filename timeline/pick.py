"""A few rows of a derived table, without making the others into Python values.

A table is read row group by row group, first the columns that decide; only a group that holds a
wanted row is read whole. So one event's explanation costs that event and a scan of a column or two,
not the case.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from collector.errors import CaseError
from timeline import tables


def rows(
    derived: Path,
    table: str,
    wanted: Mapping[str, Collection[str]],
    columns: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """Rows in which every column named holds one of its values, in stored order.

    Args:
        derived: the case's `derived/` folder.
        table: a name of `timeline.schema.TABLES`.
        wanted: column -> values, of which a row holds one; of several columns each.
        columns: those of the rows; all if None.

    Raises:
        CaseError: the table was not built.
    """
    return [row for group in _groups(derived, table, wanted, columns) for row in group]


def any_of(
    derived: Path, table: str, columns: Sequence[str], values: Collection[str]
) -> list[dict[str, Any]]:
    """Rows in which any of some columns holds one of the values, in stored order."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kept = pa.array(sorted(values), pa.string())
    found: list[dict[str, Any]] = []
    for file, group in _parts(derived, table):
        seen = file.read_row_group(group, columns=list(columns))
        mask = pc.is_in(seen[columns[0]], value_set=kept)
        for name in columns[1:]:
            mask = pc.or_(mask, pc.is_in(seen[name], value_set=kept))
        if pc.any(mask).as_py():
            found += file.read_row_group(group).filter(mask).to_pylist()
    return found


def _groups(
    derived: Path,
    table: str,
    wanted: Mapping[str, Collection[str]],
    columns: Sequence[str] | None,
) -> Iterator[list[dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    kept = {name: pa.array(sorted(values), pa.string()) for name, values in wanted.items()}
    for file, group in _parts(derived, table):
        seen = file.read_row_group(group, columns=list(kept))
        mask = None
        for name, values in kept.items():
            one = pc.is_in(seen[name], value_set=values)
            mask = one if mask is None else pc.and_(mask, one)
        if pc.any(mask).as_py():
            asked = None if columns is None else list(columns)
            yield file.read_row_group(group, columns=asked).filter(mask).to_pylist()


def _parts(derived: Path, table: str) -> Iterator[tuple[Any, int]]:
    """(file, number of a row group) of a table, in order."""
    import pyarrow.parquet as pq

    files = tables.files(derived, table)
    if not files:
        raise CaseError(f"{derived / table}: expected rows, found none. Run `butfor build` first.")
    for path in files:
        file = pq.ParquetFile(path)
        yield from ((file, group) for group in range(file.num_row_groups))
