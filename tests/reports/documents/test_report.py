"""Scaffold of a report: items of the rule, what the records fill, what an author writes."""

import dataclasses
import re
from pathlib import Path

import docx
import pytest

from reports import catalogue, docx_draft
from reports.documents import forms, known_issues, report
from reports.documents.forms import CPR, CRIM, FRCP, REPORT, REPORTS, Form
from reports.material import Material
from reports.model import Exhibit, Facts, Items, Label, Paragraph, Table, plain
from reports.wording import check
from tests.reports import builder
from tests.reports.edition import cover_of
from tests.reports.test_human_parts import of, write

TRUTH = (
    "I confirm that I have made clear which facts and matters referred to in this report are "
    "within my own knowledge and which are not. Those that are within my own knowledge I confirm "
    "to be true. The opinions I have expressed represent my true and complete professional "
    "opinions on the matters to which they refer. I understand that proceedings for contempt of "
    "court may be brought against anyone who makes, or causes to be made, a false statement in a "
    "document verified by a statement of truth without an honest belief in its truth."
)
NUMBERS = {key: (key,) for key in "ABCDEFGHIJKLM"}


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return builder.write(tmp_path_factory.mktemp("case"))


def made(material: Material, form: Form) -> Exhibit:
    """The scaffold under one rule."""
    return report.build(material, Label(number="L", stem="exhibit-L"), NUMBERS, form=form)


def words(exhibit: Exhibit) -> str:
    """All that its body says."""
    said = []
    for section in exhibit.sections:
        said.append(plain(section.title))
        for block in section.blocks:
            match block:
                case Paragraph():
                    said.append(plain(block.text))
                case Items():
                    said += [plain(one) for one in block.entries]
                case Facts():
                    said += [f"{name}: {plain(value)}" for name, value in block.pairs]
                case Table():
                    said += [plain(cell) for row in block.rows for cell in row]
    return "\n".join(said)


@pytest.mark.parametrize("form", REPORTS, ids=lambda form: form.name)
def test_every_item_of_the_rule_leads_to_a_section_that_is_there(
    material: Material, form: Form
) -> None:
    exhibit = made(material, form)
    titles = [plain(section.title) for section in exhibit.sections]
    assert [title.partition(".")[0] for title in titles] == [
        str(n) for n in range(1, len(titles) + 1)
    ]
    assert {row[2] for row in exhibit.native.rows} == {one.mark for one in form.elements}
    for row in exhibit.native.rows:
        assert row[5] == titles[int(row[4] or 0) - 1]
        assert row[6] in ("filled from the records", "filled from case.toml", "NOT SUPPLIED")
        assert (row[6] == "filled from case.toml") == str(row[5]).endswith("Facts given")
        assert (row[6] == "NOT SUPPLIED") == (row[7] is not None)
    check(exhibit, cover_of(material, exhibit))


@pytest.mark.parametrize("form", REPORTS, ids=lambda form: form.name)
def test_mandatory_sections_stand_in_every_report(material: Material, form: Form) -> None:
    """R-136, with the headings of this report for each."""
    titles = " ".join(plain(section.title) for section in made(material, form).sections)
    for heading in (
        "Questions asked and instructions", "Summary of conclusions", "Materials considered",
        "Coverage and gaps", "Method", "Findings of the computation", "Alternatives considered",
        "Counter-evidence", "Limits", "Validation", "Glossary", "Exhibits", "Execution",
    ):  # fmt: skip
        assert heading in titles


def test_the_statement_of_truth_is_the_text_of_2020_to_the_byte(material: Material) -> None:
    said = words(made(material, CPR))
    assert f"“{TRUTH}”" in said
    assert "in force from 1 October 2020" in said
    assert len({row[2] for row in made(material, CPR).native.rows}) == 9
    for other in (FRCP, CRIM, REPORT):
        assert TRUTH not in words(made(material, other))


def test_items_of_each_rule(material: Material) -> None:
    marks = [one.mark for one in CRIM.elements]
    assert [f"19.4({letter})" for letter in "abcdefghijk"] == marks[:11]
    assert [one.mark for one in FRCP.elements] == ["(i)", "(ii)", "(iii)", "(iv)", "(v)", "(vi)"]
    assert [f"3.2({n})" for n in range(1, 10)] == [one.mark for one in CPR.elements]


def test_what_an_author_wrote_stands_there_as_written(tmp_path: Path) -> None:
    material = of(builder.write(tmp_path), "us-federal")
    write(
        tmp_path, "report-compensation",
        "<!-- asks -->\nUSD 1 an hour,\npaid by “X & Co” <b>.\n\n- study\n- testimony\n",
    )  # fmt: skip
    exhibit = made(material, FRCP)
    (section,) = [one for one in exhibit.sections if "Compensation" in plain(one.title)]
    first, items, source = section.blocks
    assert isinstance(first, Paragraph)
    assert plain(first.text) == "USD 1 an hour, paid by “X & Co” <b>."
    assert isinstance(items, Items)
    assert [plain(one) for one in items.entries] == ["study", "testimony"]
    assert isinstance(source, Paragraph)
    assert re.search(r"human/report-compensation\.md \(SHA-256 [0-9a-f]{64}\)", plain(source.text))
    states = {row[6] for row in exhibit.native.rows if row[7] == "human/report-compensation.md"}
    assert states == {"written by the author"}
    assert "Of 7 parts that the author writes, 1 is written" in plain(exhibit.answer[0])


def test_findings_stand_with_what_they_rest_on(material: Material) -> None:
    said = words(made(material, FRCP))
    for row in material.findings:
        assert f"{row['number']} (tool): {row['statement']}" in said
    assert "Ex. B, rows 1–2" in said
    assert "Ex. K, row 1" in said


def test_nothing_found_says_so_and_stays_a_report(tmp_path: Path) -> None:
    empty = builder.write(tmp_path, builder.Story(empty=True))
    exhibit = made(dataclasses.replace(empty, gaps=()), CRIM)
    said = words(exhibit)
    assert "none found in the evidence supplied" in said
    assert "No finding was computed from the records examined." in said


def test_a_known_issue_of_this_version_is_disclosed(
    material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    import butfor

    assert "no entry in the list shipped with it" in words(made(material, CRIM))
    entry = {
        "id": "KI-001", "versions": [butfor.__version__], "what": "Grants were read twice.",
        "affects": "decisions", "detect": "findings.json", "fixed_in": None,
    }  # fmt: skip
    other = {**entry, "id": "KI-002", "versions": ["0.0.1"]}
    file = tmp_path / "known.json"
    file.write_text(json.dumps([entry, other]))
    monkeypatch.setattr(known_issues, "FILE", file)
    said = words(made(material, CRIM))
    assert "KI-001: Grants were read twice." in said
    assert "KI-002" not in said
    file.write_text(json.dumps([{"id": "KI-003"}]))
    with pytest.raises(ValueError, match=r"entry 1: expected exactly affects, detect"):
        known_issues.issues()


def test_shipped_list_of_known_issues_is_in_form() -> None:
    ids = [one.id for one in known_issues.issues()]
    assert sorted(set(ids)) == ids


@pytest.mark.parametrize("profile", forms.BY_PROFILE)
def test_a_profile_gets_its_documents_and_no_other(material: Material, profile: str | None) -> None:
    placed = of(material, profile)
    plan = [one.name for one in catalogue.plan(placed, ()) if one.key == "L"]
    assert plan == [one.name for one in forms.chosen(placed.config.jurisdiction)]
    us = any(name.startswith(("certificate", "expert-report-frcp")) for name in plan)
    assert us == (profile or "").startswith("us-")


def test_the_docx_has_the_headings_of_the_print(material: Material, tmp_path: Path) -> None:
    exhibit = made(material, CPR)
    docx_draft.write(exhibit, tmp_path / "a.docx")
    read = docx.Document(str(tmp_path / "a.docx"))
    headings = [one.text for one in read.paragraphs if one.style and "Heading" in one.style.name]
    assert headings == [
        plain(exhibit.title), *(plain(section.title) for section in exhibit.sections), "Limits"
    ]  # fmt: skip
    assert read.paragraphs[0].text == "DRAFT — UNSIGNED"
