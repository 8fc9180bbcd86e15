"""Native tables as XLSX: another library reads the same values; nothing in them is a formula."""

import datetime
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports import csv_table, xlsx_table
from reports.model import Native

#: Characters that the format can hold.
TEXT = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"),
    max_size=30,
)
COLUMNS = (("a", "text"), ("n", "int"), ("ok", "bool"))
ELSEWHERE = "see the CSV or Parquet table"


def read(path: Path, sheet: str = "table") -> list[list[object]]:
    """Values as openpyxl gives them, below the head."""
    book = openpyxl.load_workbook(path)
    return [[cell.value for cell in row] for row in list(book[sheet].rows)[1:]]


@given(
    st.lists(
        st.tuples(
            TEXT | st.sampled_from(csv_table.TRIGGERS[:6]).map(lambda mark: mark.strip() + "1+1"),
            st.integers(-(2**53), 2**53) | st.none(),
            st.booleans() | st.none(),
        ),
        max_size=6,
    )
)
@settings(max_examples=60, deadline=None)
def test_another_library_reads_the_same_values(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int | None, bool | None]]
) -> None:
    path = tmp_path_factory.mktemp("xlsx") / "t.xlsx"
    xlsx_table.write(Native(columns=COLUMNS, rows=tuple(rows)), path, "t")
    expected = [
        [ELSEWHERE if xlsx_table.unfit(a) else a or None, n, ok]
        for a, n, ok in rows
    ]  # fmt: skip
    found = read(path)
    # Rows without a single value are not in the file at its end.
    assert expected[: len(found)] == found
    assert all(row == [None, None, None] for row in expected[len(found) :])


@pytest.mark.parametrize("cell", ["=cmd|' /C calc'!A0", "@SUM(1)", "+1", "-1", "=1", "http://x.y"])
def test_text_stays_text(tmp_path: Path, cell: str) -> None:
    xlsx_table.write(Native(columns=COLUMNS[:1], rows=((cell,),)), tmp_path / "t.xlsx", "t")
    (value,) = (openpyxl.load_workbook(tmp_path / "t.xlsx")["table"]["A2"],)
    assert (cell, "s") == (value.value, value.data_type)
    assert value.quotePrefix == (csv_table.safe(cell) != cell)
    assert value.hyperlink is None


@pytest.mark.parametrize(
    "value", ["x" * 32_768, "a\x00b", "_x0041_", "\ud800", "\U0001f600" * 16_384]
)
def test_what_a_cell_cannot_hold_is_named(tmp_path: Path, value: str) -> None:
    native = Native(columns=COLUMNS[:1], rows=(("kept",), (value,)))
    xlsx_table.write(native, tmp_path / "t.xlsx", "t")
    assert read(tmp_path / "t.xlsx") == [["kept"], [ELSEWHERE]]
    assert read(tmp_path / "t.xlsx", "not shown here") == [[2, "a", ELSEWHERE]]


def test_no_digit_of_a_large_number_is_lost(tmp_path: Path) -> None:
    rows = ((None, 2**53 + 1, None), (None, -(2**62), None), (None, 2**53, None))
    xlsx_table.write(Native(columns=COLUMNS, rows=rows), tmp_path / "t.xlsx", "t")
    assert [str(2**53 + 1), str(-(2**62)), 2**53] == [row[1] for row in read(tmp_path / "t.xlsx")]


def test_equal_rows_give_equal_bytes_with_fixed_dates(tmp_path: Path) -> None:
    native = Native(columns=COLUMNS, rows=(("a", 1, True), (None, None, None)))
    for name in ("one.xlsx", "two.xlsx"):
        xlsx_table.write(native, tmp_path / name, "t")
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.xlsx") as packed:
        assert {(1980, 1, 31, 0, 0, 0)} == {info.date_time for info in packed.infolist()}
    properties = openpyxl.load_workbook(tmp_path / "one.xlsx").properties
    assert datetime.datetime(1980, 1, 1) == properties.created  # noqa: DTZ001 (as openpyxl gives it)


def test_a_table_of_more_than_a_million_rows_is_not_cut() -> None:
    one = Native(columns=COLUMNS[:1], rows=(("a",),) * (xlsx_table.ROWS + 1))
    assert not xlsx_table.fits(one)
    assert xlsx_table.fits(Native(columns=COLUMNS[:1], rows=one.rows[1:]))
