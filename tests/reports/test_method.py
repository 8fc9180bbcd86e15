"""Exhibit M says what was used, measured, wrong, and not tested; the edition carries the pages."""

import dataclasses
import hashlib
import re
from pathlib import Path

from reports import markdown, method_pages
from reports.exhibits import method
from reports.model import Facts, Items, Label, Paragraph, Table, plain
from reports.wording import lint
from tests.reports import builder, edition
from tests.reports.documents.test_report import words

LABEL = Label(number="M", stem="exhibit-M")


def test_pages_are_carried_and_named_by_their_digest(tmp_path: Path) -> None:
    made = edition.make(tmp_path / "case")
    (one,) = [one.exhibit for one in made.produced if one.exhibit.key == "M"]
    assert [row[1] for row in one.native.rows] == [name for name, _, _ in method_pages.pages()]
    for _, name, title, digest in one.native.rows:
        raw = (made.folder / "methods" / str(name)).read_bytes()
        assert hashlib.sha256(raw).hexdigest() == digest
        assert raw.decode().startswith(f"# {title}\n")


def test_what_was_not_tested_says_none(tmp_path: Path) -> None:
    material = builder.write(tmp_path / "case")
    made = method.build(material, LABEL, {})
    (section,) = [one for one in made.sections if "Validation in" in plain(one.title)]
    facts = section.blocks[0]
    assert isinstance(facts, Facts)
    assert {plain(value) for _, value in facts.pairs} == {"none"}
    assert any("no error rate is stated" in plain(limit) for limit in made.limits)
    met = [row["agreement"] for row in material.accesses]
    assert f"Of {len(met)} logged requests" in plain(made.answer[1])


def test_measured_figures_stand_as_their_pages_have_them(tmp_path: Path) -> None:
    """Every number of those sections is printed, and no other page's."""
    said = words(method.build(builder.write(tmp_path / "case"), LABEL, {}))
    found = list(method_pages.measured())
    assert {name for name, _, _ in found} >= {"decision.md", "causation.md"}
    for name, heading, body in found:
        assert f": {heading}\n" in said
        for number in re.findall(r"\d[\d,.]*\d", body):
            assert number in said, f"{name}, {heading}: {number}"
    assert "No figure stands in methods/baseline.md" in said


def test_measured_sections_keep_to_the_words() -> None:
    for name, heading, body in method_pages.measured():
        assert lint(body) == (), f"{name}, {heading}"


def test_the_error_log_counts_what_went_wrong(tmp_path: Path) -> None:
    material = builder.write(tmp_path / "case")
    unread = {**material.gaps[0], "kind": "unreadable"}
    wrong = ({**material.accesses[0], "agreement": "contradicts"}, *material.accesses[1:])
    material = dataclasses.replace(material, gaps=(unread, *material.gaps), accesses=wrong)
    made = method.build(material, LABEL, {"K": ("12",), "D": ("4",)})
    (section,) = [one for one in made.sections if "Error log" in plain(one.title)]
    table = section.blocks[0]
    assert isinstance(table, Table)
    told = {plain(row[0]): (plain(row[1]), plain(row[2])) for row in table.rows}
    assert told["Requests for which the evaluator contradicts the logged outcome"] == (
        "1", "Ex. 12",
    )  # fmt: skip
    assert told["Records that could not be read as what they are: unreadable"] == ("1", "Ex. 12")
    assert told["Other gaps"] == (str(len(material.gaps) - 1), "Ex. 12")


def test_markdown_becomes_blocks() -> None:
    text = "A `b` **c**\nd.\n\n- one\n  more\n- two\n\n| h | i |\n|---|---|\n| 1 | `x` |\n"
    paragraph, items, table = markdown.blocks(text)
    assert isinstance(paragraph, Paragraph)
    assert plain(paragraph.text) == "A b c d."
    assert isinstance(items, Items)
    assert [plain(one) for one in items.entries] == ["one more", "two"]
    assert isinstance(table, Table)
    assert [column.title for column in table.columns] == ["h", "i"]
    assert [[plain(cell) for cell in row] for row in table.rows] == [["1", "x"]]
