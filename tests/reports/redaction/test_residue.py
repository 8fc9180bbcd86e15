"""A value that is left anywhere in a finished file is found, whatever hides it."""

import json
from collections.abc import Callable
from pathlib import Path

import docx
import openpyxl
import pikepdf
import pyarrow
import pyarrow.parquet
import pytest
import typst

from reports.redaction import residue

VALUE = "198.51.100.77"
NAME = 'Zoë "Z" Roe'


def _pdf(folder: Path, body: str = "nothing") -> Path:
    (folder / "a.typ").write_text(body)
    typst.compile(folder / "a.typ", output=folder / "a.pdf")
    (folder / "a.typ").unlink()
    return folder / "a.pdf"


def _shown(folder: Path) -> None:
    _pdf(folder, f"seen at {VALUE} then")


def _metadata(folder: Path) -> None:
    path = _pdf(folder)
    with pikepdf.open(path, allow_overwriting_input=True) as document:
        document.docinfo["/Subject"] = VALUE
        document.save()


def _bookmark(folder: Path) -> None:
    _pdf(folder, f"= Requests of {VALUE}")


def _attachment(folder: Path) -> None:
    path = _pdf(folder)
    with pikepdf.open(path, allow_overwriting_input=True) as document:
        document.attachments["x.txt"] = f"from {VALUE}".encode()
        document.save(compress_streams=True)


def _workbook(folder: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active["A1"] = VALUE
    book.save(folder / "a.xlsx")


def _letter(folder: Path) -> None:
    made = docx.Document()
    made.core_properties.comments = VALUE
    made.save(str(folder / "a.docx"))


def _table(folder: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"x": ["a", VALUE]}), folder / "a.parquet")


def _json(folder: Path) -> None:
    (folder / "a.json").write_text(json.dumps({"name": NAME, "of": VALUE}))


def _markup(folder: Path) -> None:
    (folder / "a.html").write_text(f"<p>{VALUE.replace('.', '&#46;')}</p>")


PLACES = [_shown, _metadata, _bookmark, _attachment, _workbook, _letter, _table, _json, _markup]


@pytest.mark.parametrize("put", PLACES, ids=lambda put: put.__name__.strip("_"))
def test_what_is_left_is_found(tmp_path: Path, put: Callable[[Path], None]) -> None:
    put(tmp_path)
    hits = residue.scan(tmp_path, [(VALUE, "ADDRESS-01")])
    assert {hit.token for hit in hits} == {"ADDRESS-01"}


def test_what_is_not_left_is_not_found(tmp_path: Path) -> None:
    for put in PLACES:
        (tmp_path / put.__name__).mkdir()
        put(tmp_path / put.__name__)
    assert residue.scan(tmp_path, [("203.0.113.200", "ADDRESS-01")]) == ()


def test_a_name_is_found_as_json_spells_it(tmp_path: Path) -> None:
    _json(tmp_path)
    assert residue.scan(tmp_path, [(NAME, "NAME-01")]) != ()


def test_a_file_with_an_earlier_revision_is_refused(tmp_path: Path) -> None:
    path = _pdf(tmp_path)
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(ValueError, match="revision"):
        residue.scan(tmp_path, [(VALUE, "ADDRESS-01")])
