"""Stamps lie in the margins: no footer, number or mark meets text; the court's corner is free."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest

from reports import catalogue, pdf
from reports.model import Imprint, Status, given
from tests.reports import builder, edition
from tests.reports.test_human_parts import of

POINTS = 72 / 25.4
_WORD = re.compile(
    r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)</word>'
)

pytestmark = pytest.mark.skipif(
    not shutil.which("pdftotext"), reason="pdftotext (poppler-utils) is missing"
)


def words(path: Path) -> list[list[tuple[float, float, float, float, str]]]:
    """Words of each page with their boxes, from the top left, in points."""
    made = subprocess.run(
        ["pdftotext", "-bbox", str(path), "-"], capture_output=True, check=True
    ).stdout.decode()
    return [
        [(float(a), float(b), float(c), float(d), word) for a, b, c, d, word in _WORD.findall(page)]
        for page in made.split("<page ")[1:]
    ]


def imprint(paper: str, *, party: str = "Northwind Traders") -> Imprint:
    """Of a final edition that marks its pages with everything it can."""
    return replace(
        edition.imprint(), status=Status.FINAL, label="final-001", page_size=paper,
        confidentiality="CONFIDENTIAL: subject to the protective order of 2024-01-05",
        matter=(("Case", given("A v. B")), ("Number", given("24-cv-00117")), ("For", given(party)),
                ("Prepared by", given("R. Ames"))),
    )  # fmt: skip


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_marks_stay_apart_from_text_and_from_each_other(tmp_path: Path, paper: str) -> None:
    material = of(builder.write(tmp_path / "case"), "us-federal")
    exhibits = catalogue.build(material, catalogue.chosen(material, ()))
    exhibit = next(one for one in exhibits if one.key == "E")
    made = imprint(paper)
    cover = edition.cover_of(material, exhibit)
    parts = pdf.set_parts(exhibit, cover, made, None, tmp_path / "parts")
    labels = [f"BF{n:06d}" for n in range(41, 41 + parts.pages)]
    (path,) = pdf.stamp(parts, exhibit, cover, made, None, tmp_path / "x.pdf", labels).files
    for number, page in enumerate(words(path)):
        height = parts.sizes[0][number]["height"]
        width = parts.sizes[0][number]["width"]
        # Footers begin 20 mm above the edge at most; the text ends 24 mm above it.
        foot = [box for box in page if box[3] > height - 20 * POINTS]
        text = [box for box in page if box not in foot]
        assert max(box[3] for box in text) <= height - 23 * POINTS
        told = " ".join(box[4] for box in foot)
        assert labels[number] in told
        assert "CONFIDENTIAL:" in told
        assert f"Page {number + 1} of {parts.pages}" in told
        assert "(FRE 107)" in told
        for one in foot:
            assert one[0] >= 19 * POINTS
            assert one[2] <= width - 19 * POINTS
            for other in foot:
                apart = (
                    one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] + 0.8
                    or other[3] <= one[1] + 0.8
                )  # fmt: skip
                assert one is other or apart, (one, other)
    corner = [
        box for box in words(path)[0] if box[0] > width - 88 * POINTS and box[1] < 46 * POINTS
    ]
    assert corner == []
    with pikepdf.open(path) as document:
        flat = list(document.Root.PageLabels.Nums)
        assert [str(label.P) for label in flat[1::2]] == labels


@pytest.mark.parametrize(
    "party", ["Northwind Traders", "W" * 48, "N" * 49, "Q" * 4000, "שלום ‮x", ""]
)
def test_the_exhibit_stamp_holds_what_fits_and_the_corner_stays_free(
    tmp_path: Path, party: str
) -> None:
    material = builder.write(tmp_path / "case", builder.Story(accesses=1, later=1))
    exhibit = catalogue.build(material, catalogue.chosen(material, ()))[0]
    made = imprint("A4", party=party)
    cover = edition.cover_of(material, exhibit)
    (path,) = pdf.render(exhibit, cover, made, None, tmp_path / "x.pdf").files
    page = words(path)[0]
    top = [box for box in page if box[3] < 48 * POINTS]
    told = " ".join(box[4] for box in top)
    assert f"Exhibit {exhibit.number}" in told
    assert "24-cv-00117" in told
    printed = told.replace(" ", "")
    if party:
        fits = len(party) <= pdf.STAMPED and party.isascii()
        assert (party.replace(" ", "") in printed) == fits
    assert all(box[2] < 210 * POINTS - 88 * POINTS for box in top)


def test_labels_of_a_draft_count_from_one(tmp_path: Path) -> None:
    material = builder.write(tmp_path / "case", builder.Story(accesses=1, later=1))
    exhibit = catalogue.build(material, catalogue.chosen(material, ()))[0]
    (path,) = pdf.render(
        exhibit, edition.cover_of(material, exhibit), edition.imprint(), None, tmp_path / "x.pdf"
    ).files
    with pikepdf.open(path) as document:
        flat = list(document.Root.PageLabels.Nums)
        assert [str(label.P) for label in flat[1::2]] == [
            str(n) for n in range(1, len(document.pages) + 1)
        ]
