"""An exhibit in volumes begins with an index of them; every numbered row is in one of them."""

from dataclasses import replace
from pathlib import Path

from reports import catalogue, pdf
from reports.model import Column, Section, Table, say
from reports.pinpoint import BREAK
from tests.reports import builder, edition

ROWS = pdf.CHUNK * pdf.VOLUME + 40


def test_the_index_names_each_file_and_its_rows(tmp_path: Path) -> None:
    material = builder.write(tmp_path / "case", builder.Story(accesses=2, later=1))
    exhibit = next(
        one for one in catalogue.build(material, catalogue.chosen(material, ())) if one.key == "D"
    )
    table = Table(
        caption=say("many"), columns=(Column(title="No.", number=True),), numbered=True,
        rows=tuple((say(f"{n:,}"),) for n in range(1, ROWS + 1)), empty=say("none"),
    )  # fmt: skip
    longer = replace(exhibit, sections=(Section(title=say("List"), blocks=(table,)),))
    cover = edition.cover_of(material, longer)
    parts = list(pdf._parts(longer, cover, edition.imprint()))
    assert len(parts) > pdf.VOLUME
    first = parts[0]["sections"][0]
    assert first["title"][0][1] == "Volumes"
    rows = [["".join(span[1] for span in cell) for cell in row]
            for row in first["blocks"][0]["rows"]]  # fmt: skip
    names = pdf.names_of(f"{longer.stem}.pdf", 2)
    assert [row[1].replace(BREAK, "") for row in rows] == list(names)
    edge = pdf.CHUNK * pdf.VOLUME
    assert [row[2] for row in rows] == [f"1 to {edge:,}", f"{edge + 1:,} to {ROWS:,}"]
    short = list(pdf._parts(exhibit, cover, edition.imprint()))
    assert short[0]["sections"][0]["title"][0][1] != "Volumes"
