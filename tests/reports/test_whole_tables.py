"""Small tables stand on one page, long ones go on; headings stand with what follows them."""

from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest

from reports import catalogue, pdf
from reports.model import Column, Paragraph, Section, Table, say
from tests.reports import builder, edition


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Text of each page of an exhibit with fillers of growing height before small tables."""
    folder = tmp_path_factory.mktemp("whole")
    material = builder.write(folder / "case")
    exhibit = next(
        one for one in catalogue.build(material, catalogue.chosen(material, ())) if one.key == "K"
    )
    sections = tuple(
        Section(title=say(f"Heading {n}"), blocks=(_filler(n * 5), _table(n)))
        for n in range(1, 12)
    )  # fmt: skip
    longer = replace(exhibit, sections=(*sections, Section(title=say("Long"), blocks=(_long(),))))
    target = folder / "whole.pdf"
    pdf.render(longer, edition.cover_of(material, longer), edition.imprint(), None, target)
    return _text(target)


def _filler(lines: int) -> Paragraph:
    return Paragraph(text=say("\n".join(f"line {n}" for n in range(lines))))


def _table(number: int) -> Table:
    return Table(
        caption=say(f"caption {number}."), columns=(Column(title="No."), Column(title="Value")),
        rows=tuple((say(f"t{number}r{row};"), say("value")) for row in range(9)), empty=say("none"),
    )  # fmt: skip


def _long() -> Table:
    return Table(
        caption=say("long"), columns=(Column(title="No."),), empty=say("none"),
        rows=tuple((say(f"long{row};"),) for row in range(200)),
    )  # fmt: skip


def _text(path: Path) -> list[str]:
    document = pypdfium2.PdfDocument(path)
    return [page.get_textpage().get_text_range() for page in document]


def test_a_small_table_is_on_one_page_with_its_caption_and_heading(pages: list[str]) -> None:
    for number in range(1, 12):
        whole = [
            page
            for page in pages
            if f"caption {number}." in page and all(f"t{number}r{row};" in page for row in range(9))
        ]
        assert len(whole) == 1
        assert sum(f"t{number}r" in page for page in pages) == 1


def test_a_heading_is_not_the_last_thing_on_its_page(pages: list[str]) -> None:
    for number in range(1, 12):
        (page,) = [page for page in pages if f"Heading {number}\r\n" in page]
        assert "line 0" in page.partition(f"Heading {number}\r\n")[2]


def test_a_long_table_goes_on(pages: list[str]) -> None:
    holding = [page for page in pages if "long0;" in page or "long199;" in page]
    assert len(holding) == 2
    assert all(sum(f"long{row};" in page for page in pages) == 1 for row in range(200))
