"""Our own words: every template, and every word of a rendered edition."""

import re
from pathlib import Path

import pytest

from collector.errors import ConfigError
from reports import catalogue, wording
from reports.text import sentences, template_dir
from tests.reports import builder, edition

TEMPLATES = sorted(p for p in template_dir().rglob("*") if p.suffix in {".j2", ".typ", ".md"})


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_a_blocked_word(path: Path) -> None:
    text = re.sub(r"\b(width|length): 100%", "", path.read_text(encoding="utf-8"))
    assert wording.lint(text) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("They failed to act", ["failed to"]),
        ("This PROVES it with 100 % certainty", ["PROVES", "100 %"]),
        ("the default applies; uncertainty remains; Grossman said", []),
        ("he said “this proves negligence”", []),
        ("within a reasonable degree of scientific certainty", None),
        ("gross\nnegligence", ["gross", "negligence"]),
        ("notice of the intent to offer", []),
    ],
)
def test_whole_words_outside_quotations(text: str, words: list[str] | None) -> None:
    found = [hit.word for hit in wording.lint(text)]
    assert found if words is None else words == found


def test_rendered_edition_has_no_blocked_word(tmp_path: Path) -> None:
    made = edition.make(tmp_path / "case")
    pages = sorted(made.folder.glob("*.html"))
    assert len(pages) == len(made.produced) + 1
    for page in pages:
        text = wording.visible_text(page.read_text(encoding="utf-8"))
        assert "Exhibit" in text
        assert wording.lint(text) == (), page.name
    assert wording.lint((made.folder / "README.txt").read_text(encoding="utf-8")) == ()


def test_quotation_on_screen_is_exempt_and_our_words_are_not() -> None:
    page = "<p>ours <q data-quoted>it proves</q> <b>proves</b></p><style>proves</style>"
    assert [hit.word for hit in wording.lint(wording.visible_text(page))] == ["proves"]


def test_evidence_may_say_what_we_must_not(tmp_path: Path) -> None:
    material = builder.write(tmp_path, builder.Story(hostile="this proves gross negligence"))
    for exhibit in catalogue.build(material, catalogue.chosen(material, ())):
        cover = edition.cover_of(material, exhibit)
        assert [h for text in wording.spoken(exhibit, cover) for h in wording.lint(text)] == []


def test_template_of_the_case_is_linted_too(tmp_path: Path) -> None:
    case = tmp_path / "case"
    text = (template_dir() / "chronology.j2").read_text(encoding="utf-8")
    (case / "templates").mkdir(parents=True)
    (case / "templates" / "chronology.j2").write_text(
        text.replace("What happened in which order?", "Whose fault was it?"), encoding="utf-8"
    )
    with pytest.raises(ConfigError, match="'fault' in “Whose fault was it"):
        edition.make(case)


def test_error_in_a_template_names_file_line_and_what_is_available(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "chronology.j2").write_text(
        "{# one #}\n{% macro answer(changes) %}\n{{ chnages }}\n{% endmacro %}", encoding="utf-8"
    )
    with pytest.raises(
        ConfigError, match=r"chronology.j2:3 in answer.*chnages.*Available: changes"
    ):
        sentences("chronology.j2", tmp_path)("answer", changes=1)
