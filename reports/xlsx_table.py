"""Native tables as XLSX: for who has only a spreadsheet. CSV and Parquet hold the same rows.

Text is written as text, whatever it begins with: nothing in it is a formula, a link or a number,
and what looks like a formula is marked so that it stays text when the cell is edited.
A cell of a spreadsheet holds at most 32,767 characters, and no control characters: where a value is
longer or has some, the sheet `not shown here` names row and column, and the cell says so.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reports.csv_table import safe
from reports.model import Native, Value

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

#: A sheet has 1,048,576 rows; tables of up to a million get one.
ROWS = 1_000_000
#: Of one cell, counted as the format does: in UTF-16.
CELL = 32_767
_CREATED = datetime(1980, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]|_x[0-9A-Fa-f]{4}_")
_ELSEWHERE = "see the CSV or Parquet table"
_EXACT = 2**53


def fits(native: Native) -> bool:
    """Whether the table has room in one sheet."""
    return len(native.rows) <= ROWS


def unfit(text: str) -> bool:
    """Whether a cell cannot hold the text as it is."""
    return bool(_UNFIT.search(text)) or len(text.encode("utf-16-le", "surrogatepass")) // 2 > CELL


def write(native: Native, path: Path, title: str) -> None:
    """One sheet `table`; fixed dates and order, so that equal rows give equal bytes."""
    import xlsxwriter

    book = xlsxwriter.Workbook(
        str(path),
        {
            "constant_memory": True, "strings_to_formulas": False, "strings_to_numbers": False,
            "strings_to_urls": False, "in_memory": False,
        },
    )  # fmt: skip
    book.set_properties({"title": title[:200], "created": _CREATED})
    bold = book.add_format({"bold": True, "bottom": 1})
    inert = book.add_format({"quote_prefix": True})
    sheet = book.add_worksheet("table")
    for at, (name, kind) in enumerate(native.columns):
        sheet.set_column(at, at, 14 if kind != "text" else 26)
        sheet.write_string(0, at, name, bold)
    sheet.freeze_panes(1, 0)
    absent: list[tuple[int, str]] = []
    for number, row in enumerate(native.rows, 1):
        for at, value in enumerate(row):
            if not _write(sheet, number, at, value, inert):
                absent.append((number, native.columns[at][0]))
    if native.columns and native.rows:
        sheet.autofilter(0, 0, len(native.rows), len(native.columns) - 1)
    if absent:
        other = book.add_worksheet("not shown here")
        for at, head in enumerate(("row of this table", "column", "where its value is")):
            other.write_string(0, at, head, bold)
        for number, (row_number, column) in enumerate(absent, 1):
            other.write_number(number, 0, row_number)
            other.write_string(number, 1, column)
            other.write_string(number, 2, _ELSEWHERE)
    book.close()


def _write(sheet: "Worksheet", row: int, at: int, value: Value, inert: "Format") -> bool:
    """One cell; False if the format cannot hold the value and the cell says where it is."""
    if value is None:
        return True
    if isinstance(value, bool):
        sheet.write_boolean(row, at, value)
    elif isinstance(value, int) and abs(value) <= _EXACT:
        sheet.write_number(row, at, value)
    else:
        # A number that a double cannot hold is written as text: no digit is lost.
        text = str(value)
        if unfit(text):
            sheet.write_string(row, at, _ELSEWHERE)
            return False
        if text:
            sheet.write_string(row, at, text, inert if safe(text) != text else None)
    return True
