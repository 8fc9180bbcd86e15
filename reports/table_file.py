"""A native table read back from its file, cell by cell, whoever may have changed it since."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from reports.csv_table import original, safe

Columns = Sequence[tuple[str, str]]
Rows = list[dict[str, Any]]

_CELL = re.compile(r'(?:"(?P<quoted>(?:[^"]|"")*)"|(?P<bare>[^",\r\n]*))(?P<end>,|\r\n|\n|\Z)')
_INTEGER = re.compile(r"-?(?:0|[1-9]\d*)")


class TableError(ValueError):
    """A file that is no such table: what was expected, found, and where."""


def read(path: Path, columns: Columns) -> Rows:
    """Rows by column name, with the types of `columns`; a cell of another form stays as it is.

    Raises:
        TableError: not a CSV or Parquet file, or without some column name.
        OSError: it cannot be read.
    """
    return _parquet(path) if path.suffix == ".parquet" else _csv(path, dict(columns))


def _parquet(path: Path) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows: Rows = pq.ParquetFile(path).read().to_pylist()
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise TableError(f"{path}: expected a Parquet file, found: {error}") from error
    return rows


def _csv(path: Path, types: dict[str, str]) -> Rows:
    text = path.read_bytes().decode("utf-8", "surrogatepass")
    lines = list(_lines(text, path))
    if not lines:
        raise TableError(f"{path}: expected a table, found an empty file")
    names = [str(cell[0] or cell[1]) for cell in lines[0]]
    rows = []
    for number, line in enumerate(lines[1:], 1):
        if len(line) != len(names):
            raise TableError(
                f"{path}, row {number}: expected {len(names)} cells, found {len(line)}"
            )
        cells = (_value(types.get(name, "text"), *cell) for name, cell in zip(names, line))  # noqa: B905 (equal, see above)
        rows.append(dict(zip(names, cells, strict=True)))
    return rows


def _lines(text: str, path: Path) -> Iterator[list[tuple[str | None, str]]]:
    """Lines as cells: (text between quotes or None, text without quotes)."""
    at = 0
    line: list[tuple[str | None, str]] = []
    while at < len(text) or line:
        match = _CELL.match(text, at)
        if match is None:
            raise TableError(
                f"{path}: expected a cell at character {at}, found {text[at : at + 20]!r}"
            )
        quoted = match["quoted"]
        line.append((None if quoted is None else quoted.replace('""', '"'), match["bare"] or ""))
        at = match.end()
        if match["end"] != ",":
            yield line
            line = []


def _value(kind: str, quoted: str | None, bare: str) -> Any:  # noqa: ANN401 (a cell)
    """The value of a cell; one that our writer would not write is returned as it stands."""
    if quoted is None:
        if not bare:
            return None
        if kind == "int" and _INTEGER.fullmatch(bare):
            return int(bare)
        return {"true": True, "false": False}.get(bare, bare) if kind == "bool" else bare
    value = original(quoted)
    return value if safe(value) == quoted else quoted
