"""PDFs: tagged, embedded, numbered; long ones are merged from parts with one structure tree."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from reports import catalogue, pdf
from reports.model import Column, Section, Table, say
from tests.reports import builder, edition


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An edition of the usual case."""
    return edition.make(tmp_path_factory.mktemp("pdf") / "case").folder


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PDF of several parts."""
    folder = tmp_path_factory.mktemp("merged")
    material = builder.write(folder / "case")
    exhibits = catalogue.build(material, catalogue.chosen(material, ()))
    exhibit = next(one for one in exhibits if one.key == "E")
    table = Table(
        caption=say("many"), columns=(Column(title="No.", number=True), Column(title="Value")),
        rows=tuple((say(str(n)), say(f"value {n}")) for n in range(3200)), empty=say("none"),
    )  # fmt: skip
    section = replace(exhibit.sections[-1], blocks=(table,))
    longer = replace(exhibit, sections=(*exhibit.sections, section))
    target = folder / "merged.pdf"
    pdf.render(longer, edition.cover_of(material, longer), edition.imprint(), None, target)
    return target


def _files(short: Path, merged: Path) -> list[Path]:
    return [*sorted(short.glob("*.pdf")), merged]


def test_markers_of_an_accessible_archive(short: Path, merged: Path) -> None:
    for file in _files(short, merged):
        with pikepdf.open(file) as document:
            assert bool(document.Root.MarkInfo.Marked)
            assert str(document.Root.Lang).startswith("en")
            assert "/OutputIntents" in document.Root
            with document.open_metadata() as metadata:
                assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
                assert "Exhibit" in str(metadata["dc:title"])
            for font in _fonts(document):
                described = font.get("/DescendantFonts", [font])[0].FontDescriptor
                assert any(key in described for key in ("/FontFile", "/FontFile2", "/FontFile3"))


def test_structure_tree_is_one_and_complete(short: Path, merged: Path) -> None:
    for file in _files(short, merged):
        with pikepdf.open(file) as document:
            keys = [int(page.obj.StructParents) for page in document.pages]
            assert len(keys) == len(set(keys))
            tree = dict(_numbers(document.Root.StructTreeRoot.ParentTree))
            assert set(keys) <= set(tree)
            elements = list(_elements(document.Root.StructTreeRoot))
            names = [str(element.S) for element in elements]
            assert names.count("/TH") >= names.count("/THead")
            assert "/Table" in names
            ids = [bytes(element.ID) for element in elements if "/ID" in element]
            assert len(ids) == len(set(ids))
            headers = {
                bytes(header)
                for element in elements
                for attribute in _attributes(element)
                for header in attribute.get("/Headers", [])
            }
            assert headers <= set(ids)


def test_every_picture_has_text_for_who_cannot_see_it(short: Path) -> None:
    for file in sorted(short.glob("*.pdf")):
        with pikepdf.open(file) as document:
            figures = [e for e in _elements(document.Root.StructTreeRoot) if str(e.S) == "/Figure"]
            assert all(len(str(figure.get("/Alt", ""))) > 40 for figure in figures)


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="pdftotext (poppler-utils) is missing")
def test_page_x_of_y_on_every_page(short: Path, merged: Path) -> None:
    for file in _files(short, merged):
        text = subprocess.run(
            ["pdftotext", "-layout", str(file), "-"], capture_output=True, check=True
        ).stdout.decode()
        pages = text.split("\f")[:-1]
        for number, page in enumerate(pages, 1):
            assert re.search(rf"Exhibit [A-Z0-9-]+ — Page {number} of {len(pages)}\b", page)


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="pdftotext (poppler-utils) is missing")
def test_identifiers_are_whole_and_no_row_is_lost(merged: Path) -> None:
    text = subprocess.run(
        ["pdftotext", "-raw", str(merged), "-"], capture_output=True, check=True
    ).stdout.decode()
    found = [int(n) for n in re.findall(r"value (\d+)", text)]
    assert list(range(3200)) == found
    assert builder.CONTRACTOR in text.replace("\n", "")
    assert "…" not in text


def test_parts_keep_every_row_in_order() -> None:
    column = (Column(title="n"),)
    tables = [
        Table(caption=say("t"), columns=column, empty=say("none"),
              rows=tuple((say(f"{t}.{n}"),) for n in range(size)))
        for t, size in enumerate((3, 10, 0, 7))
    ]  # fmt: skip
    parts = pdf.cut([Section(title=say("s"), blocks=tuple(tables))], 4)
    rows = [
        [row[0][0].text for s in part for b in s.blocks if isinstance(b, Table) for row in b.rows]
        for part in parts
    ]
    flat = [row for part in rows for row in part]
    assert [f"{t}.{n}" for t, size in enumerate((3, 10, 0, 7)) for n in range(size)] == flat
    assert max(map(len, rows)) <= 4


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="pdftotext (poppler-utils) is missing")
def test_volumes_count_pages_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "CHUNK", 4)
    monkeypatch.setattr(pdf, "VOLUME", 3)
    material = builder.write(tmp_path / "case")
    exhibit = next(
        one for one in catalogue.build(material, catalogue.chosen(material, ())) if one.key == "E"
    )
    cover = edition.cover_of(material, exhibit)
    made = pdf.render(exhibit, cover, edition.imprint(), None, tmp_path / "x.pdf")
    assert len(made.files) > 1
    texts = [
        subprocess.run(["pdftotext", str(file), "-"], capture_output=True, check=True).stdout
        for file in made.files
    ]
    found = re.findall(r"Page (\d+) of (\d+)", b"".join(texts).decode())
    assert [(str(n), str(made.pages)) for n in range(1, made.pages + 1)] == found


def _fonts(document: pikepdf.Pdf) -> list[Any]:
    return [
        value
        for value in document.objects
        if isinstance(value, pikepdf.Dictionary) and value.get("/Type") == pikepdf.Name.Font
        and "/DescendantFonts" in value
    ]  # fmt: skip


def _numbers(tree: Any) -> list[tuple[int, Any]]:
    flat = list(tree.get("/Nums", []))
    pairs = [(int(k), v) for k, v in zip(flat[::2], flat[1::2], strict=True)]
    for kid in tree.get("/Kids", []):
        pairs += _numbers(kid)
    return pairs


def _elements(root: Any) -> list[Any]:
    found, queue = [], [root]
    while queue:
        element = queue.pop()
        if not isinstance(element, pikepdf.Dictionary):
            continue
        if "/S" in element and element is not root:
            found.append(element)
        kids = element.get("/K")
        if isinstance(kids, pikepdf.Array):
            queue += list(kids)
        elif kids is not None:
            queue.append(kids)
    return found


def _attributes(element: Any) -> list[Any]:
    attributes = element.get("/A")
    if attributes is None:
        return []
    return list(attributes) if isinstance(attributes, pikepdf.Array) else [attributes]
