"""Map to the rule, notice, foundation facts: every place that is named is there."""

import dataclasses
import re
from pathlib import Path

import pytest

from reports import catalogue
from reports.documents import forms, foundation, notice, rule_map
from reports.material import Material
from reports.model import Exhibit, Kind, Label, Table, plain
from reports.wording import check
from tests.reports import builder
from tests.reports.documents.test_report import words
from tests.reports.edition import cover_of
from tests.reports.test_human_parts import of, write

PLACE = re.compile(
    r"Exs?\. (?P<numbers>[A-Z0-9, -]+?)(?:, rows? (?P<first>\d+)(?:–(?P<last>\d+))?)?(?![\w-])"
)


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return of(builder.write(tmp_path_factory.mktemp("case")), "us-federal")


@pytest.fixture(scope="module")
def exhibits(material: Material) -> dict[str, Exhibit]:
    return {one.number: one for one in catalogue.build(material, ())}


def named(exhibits: dict[str, Exhibit], part: str) -> Exhibit:
    (one,) = [one for one in exhibits.values() if part in one.stem]
    return one


@pytest.mark.parametrize("part", ["rule-702-map", "notice", "foundation", "expert-report"])
def test_places_are_there(exhibits: dict[str, Exhibit], part: str) -> None:
    """R-060: numbers are those of this edition, rows within the native table of their exhibit."""
    found = list(PLACE.finditer(words(named(exhibits, part))))
    assert found or part == "foundation"
    for match in found:
        numbers = match["numbers"].split(", ")
        assert set(numbers) <= set(exhibits)
        if match["first"]:
            rows = {row[0] for row in exhibits[numbers[0]].native.rows}
            assert {int(match["first"]), int(match["last"] or match["first"])} <= rows


def test_every_document_keeps_to_the_words(
    material: Material, exhibits: dict[str, Exhibit]
) -> None:
    for exhibit in exhibits.values():
        check(exhibit, cover_of(material, exhibit))


def test_all_elements_stand_and_none_is_empty(exhibits: dict[str, Exhibit]) -> None:
    rows = named(exhibits, "rule-702-map").native.rows
    assert [row[1] for row in rows] == [
        "702(a)", "702(b)", "702(c)", "702(d)", "Testable", "Peer review", "Error rate",
        "Standards", "Acceptance", "901(b)(9)",
    ]  # fmt: skip
    assert all(all(row) for row in rows)


def test_what_a_person_wrote_changes_the_state(tmp_path: Path) -> None:
    material = of(builder.write(tmp_path), "us-federal")
    before = rule_map.elements(material, {})[0].state
    assert all(state.startswith("NOT SUPPLIED") for state in before)
    write(tmp_path, "report-qualifications", "Twenty years.")
    after = rule_map.elements(material, {})[0].state
    assert after == (
        "written by the author: human/report-qualifications.md",
        "NOT SUPPLIED: human/report-opinions.md",
    )


def test_each_method_has_a_row_and_empty_cells_say_none(exhibits: dict[str, Exhibit]) -> None:
    (sheet,) = [
        block for section in named(exhibits, "rule-702-map").sections for block in section.blocks
        if isinstance(block, Table) and block.columns[0].title == "Method"
    ]  # fmt: skip
    told = {plain(row[0]).rpartition("/")[2]: [plain(cell) for cell in row] for row in sheet.rows}
    assert "How it was tested" in told["decision.md"][1]
    assert told["scope.md"][1:] == ["none"] * 4
    assert all(all(row) for row in told.values())


def test_a_notice_lists_what_was_not_withdrawn(material: Material) -> None:
    withdrawn = dataclasses.replace(material, withdrawn={material.items[0].uid: "privilege"})
    label = Label(number="L", stem="exhibit-L")
    made = notice.build(withdrawn, label, {}, form=forms.NOTICE)
    assert [row[1] for row in made.native.rows] == [one.uid for one in material.items[1:]]
    said = words(made)
    assert "902(12)" not in said
    abroad = notice.build(of(withdrawn, "us-federal", None), label, {}, form=forms.NOTICE)
    assert "FRE 902(12)" in words(abroad)


def test_no_record_on_a_logger_establishes_no_practice(material: Material) -> None:
    bare = dataclasses.replace(material, logging=())
    label = Label(number="L", stem="exhibit-L")
    made = foundation.build(bare, label, {}, form=forms.FOUNDATION)
    assert "is not established" in plain(made.answer[1])
    kept = [name for name, _ in made.native.columns].index("kept")
    assert [row for row in made.native.rows if row[kept]] == []
    assert "not an opinion on admissibility" in plain(made.answer[0])


def test_a_notice_names_each_exhibit_by_the_kind_on_its_cover(exhibits: dict[str, Exhibit]) -> None:
    (table,) = [
        block for section in named(exhibits, "notice").sections for block in section.blocks
        if isinstance(block, Table) and block.columns[0].title == "Rule"
    ]  # fmt: skip
    told = {plain(row[0]): plain(row[3]) for row in table.rows}
    for rule, kind in (("FRE 1006", Kind.SUMMARY), ("FRE 107", Kind.ILLUSTRATIVE)):
        of = [number for number, one in exhibits.items() if one.kind is kind]
        assert told[rule] == f"Exs. {', '.join(of)}"
