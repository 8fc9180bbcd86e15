"""Native tables as CSV and Parquet.

A cell that a spreadsheet would run as a formula gets one apostrophe in front, and so does a cell
that begins with an apostrophe: taking one leading apostrophe off gives the value back. Parquet
holds the values as they are.
"""

from pathlib import Path

from reports.model import Native, Value

#: First characters that spreadsheets take for a formula or a separator, full-width forms included.
TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'", "|", "%")


def safe(text: str) -> str:
    """The cell as it is written; `original` undoes it."""
    return f"'{text}" if text.lstrip(" \u00a0\ufeff").startswith(TRIGGERS) else text


def original(cell: str) -> str:
    """The value of a cell."""
    if cell.startswith("'"):
        return cell[1:]
    return cell


def encode(native: Native) -> bytes:
    """CSV, UTF-8, RFC 4180: CRLF, every text quoted; null is an empty cell without quotes."""
    lines = [",".join(_cell(name) for name, _ in native.columns)]
    lines += [",".join(_cell(value) for value in row) for row in native.rows]
    return ("\r\n".join(lines) + "\r\n").encode("utf-8", "surrogatepass")


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return '"' + safe(value).replace('"', '""') + '"'


def write_parquet(native: Native, path: Path) -> None:
    """The same rows as Parquet: fixed writer settings, so equal rows give equal bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"text": pa.string(), "int": pa.int64(), "bool": pa.bool_()}
    fields = [pa.field(name, kinds[kind]) for name, kind in native.columns]
    arrays = [
        pa.array([row[at] for row in native.rows], type=field.type)
        for at, field in enumerate(fields)
    ]
    table = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
    pq.write_table(table, path, compression="zstd", version="2.6", write_statistics=True)
