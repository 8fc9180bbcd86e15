"""The picture of the but-for matrix: the same cells as the table, unknown alone hatched."""

import re
from pathlib import Path

import pytest

from reports import cover
from reports.exhibits import but_for, matrix_picture
from reports.exhibits.matrix_picture import Line
from reports.model import Label, Picture, Table, plain
from tests.reports import builder

CELLS = (
    but_for.BUT_FOR, but_for.CONTRIBUTES, but_for.REASSERTS, but_for.NOTHING, but_for.OPEN,
    but_for.UNTRIED, f"delta {but_for.NOTHING}\nreplay {but_for.OPEN}",
)  # fmt: skip


@pytest.mark.parametrize("words", CELLS)
def test_each_word_has_its_sign_and_says_itself(words: str) -> None:
    line = Line(number=4, when="t", change="Put", cells=(words,))
    svg = matrix_picture.draw(["Class 1"], [line])
    assert f"<title>Put, Class 1: {words.replace(chr(10), '; ')}</title>" in svg
    assert ('fill="url(#unknown)"' in svg) == ("undetermined" in words)
    assert '<a href="#row-4">' in svg
    signs = {matrix_picture._cell(one, 0, 0, 40) for one in CELLS}
    assert len(signs) == len(CELLS)


def test_picture_and_table_say_the_same(tmp_path: Path) -> None:
    material = builder.write(tmp_path / "case")
    exhibit = but_for.build(material, Label(number="F", stem="f"), {})
    (picture,) = exhibit.pictures()
    assert isinstance(picture, Picture)
    assert picture.causal
    table = next(
        b for s in exhibit.sections for b in s.blocks
        if isinstance(b, Table) and plain(s.title) == "Matrix"
    )  # fmt: skip
    in_table = [plain(cell) for row in table.rows for cell in row[3:]]
    drawn = re.findall(r"<title>[^<]*: ([^<:]*)</title>", picture.svg)
    assert [words.replace("\n", "; ") for words in in_table] == drawn
    numbers = {plain(row[0]) for row in table.rows}
    assert numbers == set(re.findall(r'href="#row-(\d+)"', picture.svg))


def test_many_classes_are_named_by_their_first() -> None:
    assert matrix_picture.short("Class 7") == ["class", "7"]
    assert matrix_picture.short("Classes 1–4, 7") == ["classes", "1–4, 7"]
    assert matrix_picture.short("Classes 41–45, 47, 58–60") == ["classes", "41 etc."]


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        (("C-1", "C-2", "C-3", "D"), "C-1 to C-3, D"),
        (("C-1", "C-2", "D"), "C-1, C-2, D"),
        (("3", "4", "5"), "3, 4, 5"),
        (("F-08", "F-09", "F-10", "F-12"), "F-08 to F-10, F-12"),
        ((), ""),
    ],
)
def test_numbers_in_a_row_are_a_span(numbers: tuple[str, ...], shown: str) -> None:
    assert shown == ", ".join(cover.spans(numbers))
