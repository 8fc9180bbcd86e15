"""Marks of state, exposure and gaps lead to the row and the record that they rest on (R-130)."""

import re
from pathlib import Path

import pytest

from reports import catalogue
from reports.exhibits import lanes
from reports.exhibits.parts import change_name
from reports.material import Material
from reports.model import Exhibit, Table, plain
from tests.reports import builder

MARK = re.compile(
    r'(?:<a href="#row-(?P<row>\d+)">)?<g class="mark"><title>(?P<words>[^<]*)</title>'
)
RECORD = re.compile(r"; record (?P<record>EV-[0-9.fw]+ [^<]*sha256 [0-9a-f]{12})")


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return builder.write(tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="module")
def chronology(material: Material) -> Exhibit:
    exhibits = catalogue.build(material, catalogue.chosen(material, ()))
    return next(one for one in exhibits if one.key == "E")


def marks(exhibit: Exhibit, start: str) -> list[re.Match[str]]:
    """Marks whose words begin so."""
    (picture,) = exhibit.pictures()
    return [found for found in MARK.finditer(picture.svg) if found["words"].startswith(start)]


def rows(exhibit: Exhibit) -> dict[str, list[str]]:
    """Cells of the printed list, by number."""
    (table,) = [
        block for section in exhibit.sections for block in section.blocks
        if isinstance(block, Table) and block.numbered
    ]  # fmt: skip
    return {plain(row[0]): [plain(cell) for cell in row] for row in table.rows}


def test_a_bar_of_a_setting_cites_its_record_and_leads_to_the_change_before_it(
    material: Material, chronology: Exhibit
) -> None:
    told = rows(chronology)
    slots = {row["slot"] for row in material.intervals}
    bars = [found for slot in slots for found in marks(chronology, f"{slot}:")]
    assert bars
    led = [found for found in bars if found["row"]]
    assert led
    for found in led:
        cells = told[found["row"]]
        start = re.search(r" from (.{19}) Z", found["words"])
        assert start is not None
        assert any(change_name(row) in cells[2] for row in material.changes)
        assert start[1] in cells[1]
        record = RECORD.search(found["words"])
        assert record is not None


def test_a_bar_of_exposure_leads_to_the_change_at_which_it_opens(
    material: Material, chronology: Exhibit
) -> None:
    told = rows(chronology)
    bars = [found for found in marks(chronology, "computed:") if "allow" in found["words"]]
    assert bars
    for found in bars:
        assert found["row"] in told
    opened = {row["opened_by"] for row in material.windows if row["decision"] == "ALLOWED"}
    names = {change_name(row) for row in material.changes if row["change_uid"] in opened}
    assert any(name in told[found["row"]][2] for found in bars for name in names)


def test_a_hatch_of_a_gap_leads_to_its_entry(material: Material, chronology: Exhibit) -> None:
    told = rows(chronology)
    gaps = [found for found in marks(chronology, "records of") if "logging off" in found["words"]]
    assert gaps
    for found in gaps:
        assert any(gap["subject"] in told[found["row"]][2] for gap in material.gaps)


def test_what_begins_together_is_counted_and_nothing_is_made_up() -> None:
    start = builder.at("2022-06-01 00:00:00")
    row = {
        "resource_uid": "r", "slot": "s", "fact": "value", "value": '"x"', "start": start,
        "end": None, "start_bound": "exact", "end_bound": "exact", "how_known": "observed",
        "start_change_uid": "c", "end_change_uid": None, "evidence_item": "EV-1.f1",
        "locator": "1@2+3", "record_sha256": "ab" * 32,
    }  # fmt: skip
    other = {**row, "fact": "a", "locator": "2@5+3"}
    (bar,) = lanes.state("s", (row, other), told={("c", "r"): 7}).bars
    assert (bar.row, bar.cite) == (7, "EV-1.f1 1@2+3 sha256 abababababab and 1 more")
    (bare,) = lanes.state("s", ({**row, "evidence_item": None},), told={("c", "q"): 7}).bars
    assert (bare.row, bare.cite) == (None, "")


def test_pages_hold_every_row_that_a_mark_names(tmp_path: Path) -> None:
    from tests.reports import edition

    made = edition.make(tmp_path / "case", builder.Story(accesses=3, later=2))
    for page in sorted(made.folder.glob("exhibit-*.html")):
        text = page.read_text(encoding="utf-8")
        named = {f"row-{found['row']}" for found in MARK.finditer(text) if found["row"]}
        assert named <= set(re.findall(r'id="([^"]+)"', text)), page.name
