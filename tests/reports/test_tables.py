"""Native tables: nothing runs in a spreadsheet, nothing is lost, equal rows give equal bytes."""

import csv
import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports import csv_table
from reports.model import Native

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SETTINGS = settings(max_examples=200, deadline=None)


@given(st.text(max_size=30))
@SETTINGS
def test_every_cell_gives_its_value_back(value: str) -> None:
    assert value == csv_table.original(csv_table.safe(value))


@given(st.sampled_from(csv_table.TRIGGERS), st.text(" \u00a0", max_size=3), TEXT)
@SETTINGS
def test_no_cell_begins_as_a_formula(trigger: str, space: str, rest: str) -> None:
    assert csv_table.safe(space + trigger + rest).startswith("'")


@given(st.lists(st.tuples(TEXT, st.integers(-(2**62), 2**62) | st.none(), TEXT), max_size=8))
@SETTINGS
def test_csv_reads_back(rows: list[tuple[str, int | None, str]]) -> None:
    native = Native(columns=(("a", "text"), ("n", "int"), ("b", "text")), rows=tuple(rows))
    text = csv_table.encode(native).decode()
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read[:1] == [["a", "n", "b"]]
    found = [
        (csv_table.original(a), int(n) if n else None, csv_table.original(b))
        for a, n, b in read[1:]
    ]
    assert rows == found


@pytest.mark.parametrize("cell", ["=cmd|' /C calc'!A0", "@SUM(1)", "+1", "-1", "\t=1", "＝1"])
def test_known_attacks(cell: str) -> None:
    native = Native(columns=(("a", "text"),), rows=((cell,),))
    assert csv_table.encode(native).split(b"\r\n", 1)[1].startswith(b"\"'")


def test_parquet_holds_values_as_they_are_and_equal_bytes(tmp_path: Path) -> None:
    native = Native(
        columns=(("a", "text"), ("n", "int"), ("ok", "bool")),
        rows=(("=1", 2, True), (None, None, None)),
    )
    for name in ("one", "two"):
        csv_table.write_parquet(native, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    table = pq.read_table(tmp_path / "one")
    assert table.to_pylist() == [
        {"a": "=1", "n": 2, "ok": True},
        {"a": None, "n": None, "ok": None},
    ]
