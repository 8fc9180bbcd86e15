"""Registers: what is accepted, and that every refusal names file, line and what was expected."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import registers
from collector.errors import ConfigError
from collector.registers import COLUMNS

WARNINGS = "id,what,emitted_at,delivered_at,recipient,acknowledged_at,action,closed_at,evidence"
CONTROL = "control,party,role,clause,evidence"
DOCUMENTS = "id,kind,title,claimed_date,provable_date,scope,evidence"


def _case(folder: Path, name: str, text: str | bytes) -> Path:
    (folder / "registers").mkdir(exist_ok=True)
    raw = text.encode() if isinstance(text, str) else text
    (folder / "registers" / f"{name}.csv").write_bytes(raw)
    return folder


def test_no_folder_is_no_register(tmp_path: Path) -> None:
    found = registers.read(tmp_path)
    assert not any(found.supplied(name) for name in COLUMNS)
    assert found.of("warnings") == ()


def test_every_column_of_every_register_is_read(tmp_path: Path) -> None:
    for name, forms in COLUMNS.items():
        cells = {
            column: {
                registers.Form.TEXT: "t", registers.Form.NAME: "configures",
                registers.Form.TIME: "2022-06-04T18:20:00+02:00", registers.Form.DATE: "2022-06-04",
            }[form]
            for column, form in forms.items()
        }  # fmt: skip
        _case(tmp_path, name, f"{','.join(cells)}\r\n{','.join(cells.values())}\r\n")
        (entry,) = registers.read(tmp_path).of(name)
        for column, form in forms.items():
            expected = {
                registers.Form.TEXT: "t", registers.Form.NAME: "configures",
                registers.Form.TIME: datetime(2022, 6, 4, 16, 20, tzinfo=UTC),
                registers.Form.DATE: date(2022, 6, 4),
            }[form]  # fmt: skip
            assert expected == entry.cells[column], (name, column)
        assert entry.place == f"registers/{name}.csv:2"


def test_empty_cell_is_not_supplied_and_lines_count_quoted_line_ends(tmp_path: Path) -> None:
    text = f'\ufeff{WARNINGS}\nw1,"two\nlines",,,,,,,\n\nw2,x,,,,,,,\n'
    found = registers.read(_case(tmp_path, "warnings", text)).of("warnings")
    assert [entry.line for entry in found] == [2, 5]
    assert found[0].text("what") == "two\nlines"
    assert found[1].time("emitted_at") is None
    assert found[1].text("recipient") is None


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("warning", WARNINGS, r"warning\.csv: expected one of warnings\.csv.*mean \"warnings\""),
        ("warnings", b"", r":1: expected a first line with the columns id, what"),
        ("warnings", b"id\xff", r":1: expected UTF-8, found byte 0xff"),
        ("warnings", f"{WARNINGS}\nw1,\0,,,,,,,", r":2: expected text, .*U\+0000"),
        ("warnings", WARNINGS.replace("emitted_at", "emited_at"),
         r":1: unknown column \"emited_at\"\. Did you mean \"emitted_at\"\? Columns of this"),
        ("warnings", WARNINGS.replace(",evidence", ""), r":1: expected the columns.*: evidence\."),
        ("warnings", f"{WARNINGS},evidence", r":1: expected each column once, found evidence"),
        ("warnings", f"{WARNINGS}\nw1,x,,,,,,", r":2: expected 9 cells as.*, found 8"),
        ("warnings", f"{WARNINGS}\n,x,,,,,,,", r":2: id: expected a text that is not empty"),
        ("warnings", f"{WARNINGS}\nw1,x,2022-06-04T16:20:00,,,,,,",
         r":2: emitted_at: expected a date, time and offset.*found \"2022-06-04T16:20:00\""),
        ("warnings", f"{WARNINGS}\nw1,x,0001-01-01T00:00:00+09:00,,,,,,", r":2: emitted_at"),
        ("warnings", f"{WARNINGS}\nw1,x,,,,,,,\nw1,y,,,,,,,",
         r":3: id: expected each id once, found \"w1\" also on line 2"),
        ("warnings", f'{WARNINGS}\nw1,"x,,,,,,,', r":2: expected comma-separated values"),
        ("documents", f"{DOCUMENTS}\nd1,audit,t,June 2022,,,", r":2: claimed_date: expected a da"),
        ("control", f"{CONTROL}\npolicy,A,owns,,", r":2: role: expected configures or monitors"),
    ],
)  # fmt: skip
def test_refusals(tmp_path: Path, name: str, text: str | bytes, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        registers.read(_case(tmp_path, name, text))


@settings(max_examples=150, deadline=None)
@given(raw=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda t: t.encode())))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    for text in (raw, WARNINGS.encode() + b"\n" + raw):
        refused, supplied = "", False
        try:
            supplied = registers.read(_case(folder, "warnings", text)).supplied("warnings")
        except ConfigError as error:
            refused = str(error)
        assert supplied or "warnings.csv:" in refused
