"""Marks of knowledge, range of opinion, and what detracts (R-101 to R-103)."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.case import Exemption, Incident, Party
from collector.case_people import Assigned
from reports import catalogue, human_parts
from reports.documents import knowledge, report_given, report_range, report_sections
from reports.documents.forms import CPR, CRIM, FRCP, REPORT, REPORTS, Form
from reports.documents.knowledge import Knowledge, Statement
from reports.material import Material
from reports.model import Facts, Items, Paragraph, Table, plain
from reports.text import sentences
from reports.wording import check
from tests.reports import builder
from tests.reports.documents.test_report import NUMBERS, made, words
from tests.reports.edition import cover_of
from tests.reports.test_human_parts import of, write

OTHER, OWN, GIVEN = Knowledge.OTHER, Knowledge.OWN, Knowledge.INSTRUCTED


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return builder.write(tmp_path_factory.mktemp("case"))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("report-own-knowledge", "I saw it.", [(OWN, None, "I saw it.", False)]),
        ("report-own-knowledge", "None.", [(None, None, "None.", False)]),
        ("report-instructions", "- a\n- [own] b",
         [(GIVEN, None, "a", True), (OWN, None, "b", True)]),
        ("report-opinions", "An opinion.\n\n[tool] A count.",
         [(None, None, "An opinion.", False), (Knowledge.TOOL, None, "A count.", False)]),
        ("report-others", "[other-person: A. Baker; MSc, supervised] Imaged it.",
         [(OTHER, ("A. Baker", "MSc, supervised"), "Imaged it.", False)]),
        ("report-others", "[other-person: A. Baker] Imaged it.",
         [(OTHER, None, "Imaged it.", False)]),
        ("report-others", "[other-person: ; MSc] Imaged it.", [(OTHER, None, "Imaged it.", False)]),
        ("report-others", "Imaged by B.", [(OTHER, None, "Imaged by B.", False)]),
        ("report-opinions", "See [own] above.", [(None, None, "See [own] above.", False)]),
        ("report-opinions", "[OWN] x", [(None, None, "[OWN] x", False)]),
        ("report-opinions", "", []),
    ],
)  # fmt: skip
def test_a_statement_bears_the_mark_of_its_author_or_of_its_part(
    name: str, text: str, expected: list[tuple[Knowledge | None, tuple[str, str] | None, str, bool]]
) -> None:
    wanted = [Statement(mark=m, who=w, text=t, listed=i) for m, w, t, i in expected]
    assert wanted == list(knowledge.statements(name, text))


@given(st.sampled_from(sorted(knowledge.OF_PART)), st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_word_of_an_author_is_lost(name: str, text: str) -> None:
    said = "".join(one.text for one in knowledge.statements(name, text))
    kept = "".join(said.split())
    marks = sum(f"[{mark}" in text for mark in Knowledge)
    plainly = "".join(text.replace("- ", "").split())
    assert marks or len(kept) <= len(plainly)
    assert marks or set(plainly.replace("-", "")) <= set(kept) | {"-"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Imaged by B.", "expected [other-person: NAME; QUALIFICATIONS]"),
        ("[other-person: A. Baker] Imaged it.", "no qualifications"),
        ("[other-person: A. Baker; MSc] Imaged it.\n\nAnd C helped.", "“And C helped.”"),
        ("[other-person: A. Baker; MSc] Imaged it.", None),
        ("None.", None),
        ("[own] I did all of it.", None),
    ],
)
def test_a_fact_of_another_person_needs_identity_and_qualifications(
    tmp_path: Path, text: str, why: str | None
) -> None:
    """A final edition waits for it, under a rule that has this part."""
    material = of(builder.write(tmp_path), "uk-civil")
    write(tmp_path, "report-others", text)
    listed = [line for line in human_parts.open_parts(material) if "report-others" in line]
    assert bool(listed) == (why is not None)
    assert why is None or why in listed[0]
    said = words(made(material, CPR))
    assert ("NOT SUPPLIED — to be written by the author in human/report-others.md" in said) == (
        why is not None
    )


def test_a_mark_in_any_part_is_held_to_the_same(tmp_path: Path) -> None:
    material = of(builder.write(tmp_path), "us-federal")
    write(tmp_path, "report-opinions", "It was so.\n\n[other-person] B told me.")
    listed = [line for line in human_parts.open_parts(material) if "report-opinions" in line]
    assert "“B told me.” is a fact of another person" in listed[0]


def test_marks_stand_in_the_margin_with_who_said_it(tmp_path: Path) -> None:
    material = of(builder.write(tmp_path), "uk-civil")
    write(tmp_path, "report-own-knowledge", "I hold a copy.\n\n- [instructed] It was Monday.")
    write(tmp_path, "report-others", "[other-person: A. Baker; MSc <b>] Imaged it.")
    exhibit = made(material, CPR)
    by = {plain(one.title).partition(". ")[2]: one.blocks for one in exhibit.sections}
    own, others = (
        [(name, plain(text)) for block in by[title] if isinstance(block, Facts)
         for name, text in block.pairs]
        for title in ("Facts within the author's own knowledge",
                      "Work and statements of other persons")
    )  # fmt: skip
    assert own == [("own", "I hold a copy."), ("instructed", "It was Monday.")]
    assert others == [("other-person", "Imaged it.\nA. Baker; MSc <b>")]
    check(exhibit, cover_of(material, exhibit))


@pytest.mark.parametrize("form", REPORTS, ids=lambda form: form.name)
def test_every_report_has_the_legend_and_every_statement_of_ours_a_mark(
    material: Material, form: Form
) -> None:
    exhibit = made(material, form)
    legend = exhibit.sections[1].blocks[1]
    assert isinstance(legend, Facts)
    assert [name for name, _ in legend.pairs] == [str(mark) for mark in Knowledge]
    marks = {str(mark) for mark in Knowledge}
    for section in exhibit.sections[2:]:
        title = plain(section.title)
        if not any(word in title for word in (
            "Facts given", "Materials", "Coverage", "Method", "Findings", "Alternatives",
            "Counter-evidence", "Validation", "Electronically stored",
        )):  # fmt: skip
            continue
        for block in section.blocks:
            match block:
                case Facts():
                    first = block.pairs[0][0]
                    assert first in marks or first.partition(" (")[2].removesuffix(")") in marks
                case Table():
                    assert "Mark: " in plain(block.caption)
                case Items():
                    raise AssertionError(title)
                case Paragraph():
                    assert "NOT SUPPLIED" in plain(block.text)


def test_facts_of_the_case_file_are_instructed_and_none_is_added(material: Material) -> None:
    bare = Incident(
        time_from=None, time_to=None, resources=(), addresses=(), principals=(), anonymous=False,
        exempt=(), discovered=None, contained=None, notified=None,
    )  # fmt: skip
    place = replace(
        material.config.jurisdiction, contract="MSA", contract_date=None, data_classes=("health",)
    )
    exempt = Exemption(principals=("p*",), addresses=("192.0.2.1",), reason="scanner")
    party = Party(name="Contoso", role=None, principals=(), accounts=("111111111111",))
    full = replace(
        material, config=replace(
            material.config, jurisdiction=place, parties=(party,),
            incident=replace(bare, anonymous=True, exempt=(exempt,), addresses=("198.51.100.1",)),
        )
    )  # fmt: skip
    tell = sentences("report.j2", None)
    (facts,) = report_given.given_facts(full, tell, NUMBERS)
    assert isinstance(facts, Facts)
    assert [(name, plain(text)) for name, text in facts.pairs] == [
        ("instructed", "Addresses of the incident: 198.51.100.1"),
        ("instructed", "Anonymous accesses: in the incident"),
        ("instructed", "Exempt from the incident: p*, 192.0.2.1; reason: scanner"),
        ("instructed", "Party: Contoso; role not supplied; said to be its own: 111111111111"),
        ("instructed", "Governing contract: MSA; date not supplied"),
        ("instructed", "Classes of data: health"),
    ]
    none = replace(material, config=replace(
        material.config, parties=(), incident=bare,
        jurisdiction=replace(place, contract=None, data_classes=()),
    ))  # fmt: skip
    (paragraph,) = report_given.given_facts(none, tell, NUMBERS)
    assert isinstance(paragraph, Paragraph)


def test_people_of_the_case_file_stand_with_the_document_that_names_them(
    material: Material,
) -> None:
    held = Assigned(
        name="R. Roe", principals=("AIDA*",), time_from=builder.at("2022-05-01 00:00:00"),
        time_to=None, evidence="payroll, EV-9",
    )  # fmt: skip
    placed = replace(material, config=replace(material.config, people=(held,)))
    (facts,) = report_given.given_facts(placed, sentences("report.j2", None), NUMBERS)
    assert isinstance(facts, Facts)
    assert "Person: R. Roe; AIDA*; from 2022-05-01 00:00:00 Z; payroll, EV-9" in [
        plain(text) for _, text in facts.pairs
    ]


def test_a_reading_that_the_case_takes_is_told_wherever_premises_are(material: Material) -> None:
    taken = replace(material.config.assumptions, readings=("A4=other",))
    placed = replace(material, config=replace(material.config, assumptions=taken))
    exhibits = catalogue.build(placed, catalogue.chosen(placed, ()))
    for exhibit in exhibits:
        assert "the reading A4=other is taken" in " ".join(map(plain, exhibit.limits))
    said = {one.key: words(one) for one in exhibits}
    assert "reading A4=other" in said["K"]
    assert "Assumption reading A4=other: in force" in said["M"]
    crim = made(of(placed, "uk-criminal"), CRIM)
    assert "of an ambiguous rule the reading A4=other is taken" in words(crim)


def test_every_finding_has_its_alternatives_and_the_preference_is_blank(
    material: Material,
) -> None:
    one = {**material.findings[0], "alternatives": [
        {"name": "insider", "for": "nothing in the records examined", "against": "x",
         "tested": "no"},
    ]}  # fmt: skip
    many = replace(material, findings=tuple({**one, "number": f"F-{n:02d}"} for n in range(1, 41)))
    (table,) = report_range.alternatives(many, sentences("report.j2", None), NUMBERS)
    assert isinstance(table, Table)
    assert [[plain(cell) for cell in row] for row in table.rows] == [
        ["F-01 to F-40", "insider", "nothing in the records examined", "x", "no", "", ""]
    ]
    assert [column.title for column in table.columns][-2:] == [
        "Who might hold it (author)", "Preferred, and why (author)"
    ]  # fmt: skip


def test_of_many_alternatives_the_most_shared_are_printed_and_the_rest_counted(
    material: Material,
) -> None:
    def alternative(name: str) -> dict[str, str]:
        return {"name": name, "for": f"{name} spoke", "against": "x", "tested": "no"}

    findings = tuple(
        {"number": f"F-{2 * n:03d}", "quality_grade": "2 tamper-evident sources (x)",
         "alternatives": [alternative(f"own {n}"), alternative("insider")]}
        for n in range(1, 101)
    )  # fmt: skip
    many = replace(material, findings=findings, accesses=(), gaps=())
    tell = sentences("report.j2", None)
    table, more = report_range.alternatives(many, tell, NUMBERS)
    assert isinstance(table, Table)
    assert isinstance(more, Paragraph)
    assert len(table.rows) == report_range.LINES
    numbers, name = (plain(cell) for cell in table.rows[0][:2])
    assert name == "insider"
    assert numbers.startswith("F-002, F-004,")
    assert numbers.endswith("F-012, and 94 more")
    assert plain(more.text).startswith("41 further alternatives not printed here")
    (facts,) = report_range.counter(many, tell, NUMBERS)
    assert isinstance(facts, Facts)
    assert len(facts.pairs) == report_range.LINES + 1
    assert "41 further statements not printed here" in plain(facts.pairs[-1][1])


def test_of_many_sources_those_with_most_gaps_and_records_are_printed(material: Material) -> None:
    one = {**material.coverage[0], "container": None}
    count = report_sections.COVERED + 5
    rows = tuple({**one, "source": f"s{n}", "records": n} for n in range(count))
    many = replace(material, coverage=rows, gaps=())
    table, more, _ = report_sections.coverage(many, sentences("report.j2", None), NUMBERS)
    assert isinstance(table, Table)
    assert isinstance(more, Paragraph)
    assert len(table.rows) == report_sections.COVERED
    assert plain(table.rows[0][0]).startswith(f"s{count - 1}")
    assert plain(more.text).startswith("5 further sources not printed here")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"counter_evidence": ["a log of another source differs"]}, "F-01: a log of another"),
        ({"quality_grade": "single mutable source (x): y"}, "quality of the evidence: single"),
        ({"quality_grade": "statement only: no record is cited"}, "statement only"),
        ({"quality_grade": "single tamper-evident source (mutable): y"}, None),
        ({"alternatives": [{"name": "partner", "for": "2 accesses", "against": "", "tested": ""}]},
         "for another reading: partner: 2 accesses"),
        ({"alternatives": [{"name": "partner", "for": "nothing in the records examined"}]}, None),
        ({"limitations": ["gap in this period"]}, "limitation: gap in this period"),
        ({"sensitivity": [{"toggled": ["gaps-minimal"], "flips": True}]}, "gaps-minimal"),
        ({"sensitivity": [{"toggled": ["gaps-minimal"], "flips": False}]}, None),
        ({"sensitivity": [{"toggled": ["a", "b"], "flips": True}]}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_all_that_lowers_a_finding_is_listed_or_none_is_said(
    material: Material, change: dict[str, object], found: str | None
) -> None:
    finding = {
        "number": "F-01", "statement": "x", "counter_evidence": [report_range.NONE_FOUND],
        "quality_grade": "2 tamper-evident sources (x)", **change,
    }  # fmt: skip
    alone = replace(material, findings=(finding,), accesses=(), gaps=())
    blocks = list(report_range.counter(alone, sentences("report.j2", None), NUMBERS))
    said = "\n".join(
        plain(text) for block in blocks if isinstance(block, Facts) for _, text in block.pairs
    )
    assert (found is not None) == bool(said)
    assert found is None or found in said
    if found is None:
        (paragraph,) = blocks
        assert isinstance(paragraph, Paragraph)
        assert plain(paragraph.text) == "none found in the evidence supplied"


def test_records_detract_as_well(material: Material) -> None:
    for form in (FRCP, CPR, CRIM, REPORT):
        said = words(made(material, form))
        assert "1 gap in the records; a record inside one could change a finding" in said


def test_what_is_not_available_is_named_with_what_would_replace_it(material: Material) -> None:
    """R-094: a section of every report, also where nothing is missing."""
    from reports.exhibits import records_wanted

    for form in REPORTS:
        (section,) = [
            one for one in made(material, form).sections if "is not available" in plain(one.title)
        ]
        table, facts = section.blocks
        assert isinstance(table, Table)
        assert isinstance(facts, Facts)
        assert len(table.rows) == len(material.gaps)
        told = "\n".join(plain(text) for _, text in facts.pairs)
        assert records_wanted.FILE in told
        assert "Steps taken to preserve it" in told
    bare = replace(material, gaps=(), accesses=(), classes=())
    (section,) = [one for one in made(bare, CPR).sections if "is not available" in plain(one.title)]
    empty = section.blocks[0]
    assert isinstance(empty, Table)
    assert "No gap is recorded" in plain(empty.empty)


def test_many_gaps_are_counted(material: Material) -> None:
    from reports.documents import report_unavailable

    many = replace(material, gaps=material.gaps * (report_unavailable.LINES + 3))
    said = words(made(many, FRCP))
    left = len(many.gaps) - report_unavailable.LINES
    assert f"{left} further gaps in Ex. K" in said


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2022-05-01 00:00:00", "2022-06-30 00:00:00", "none"),
        ("2022-06-02 00:00:00", "2022-06-30 00:00:00",
         "2022-06-01 00:00:00 Z to 2022-06-02 00:00:00 Z"),
        ("2022-05-01 00:00:00", "2022-06-05 12:00:00",
         "2022-06-05 12:00:00 Z to 2022-06-06 00:00:00 Z"),
        ("2022-06-02 00:00:00", "2022-06-03 00:00:00",
         "2022-06-01 00:00:00 Z to 2022-06-02 00:00:00 Z\n"
         "2022-06-03 00:00:00 Z to 2022-06-06 00:00:00 Z"),
        ("2022-07-01 00:00:00", "2022-07-02 00:00:00",
         "2022-06-01 00:00:00 Z to 2022-06-06 00:00:00 Z"),
        (None, None, "not established"),
    ],
)  # fmt: skip
def test_coverage_is_held_against_the_period_of_the_incident(
    material: Material, first: str | None, last: str | None, said: str
) -> None:
    """R-061: what of the incident lies outside of what a source holds."""
    row = {
        **material.coverage[0], "time_from": builder.at(first) if first else None,
        "time_to": builder.at(last) if last else None,
    }  # fmt: skip
    exhibit = made(replace(material, coverage=(row,)), REPORT)
    (table,) = [
        block for section in exhibit.sections if "Coverage" in plain(section.title)
        for block in section.blocks if isinstance(block, Table)
    ]  # fmt: skip
    assert plain(table.rows[0][5]) == said
