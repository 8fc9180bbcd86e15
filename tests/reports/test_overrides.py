"""Templates that a case brings: used, named with their digest, and refused with file and line."""

import hashlib
from pathlib import Path

import pytest

from collector.errors import ConfigError
from reports import inputs, overrides, pdf
from reports.text import template_dir
from tests.reports import builder, edition


def own(case: Path, name: str, old: str, new: str) -> Path:
    """A template of the case: ours, with one change."""
    text = (template_dir() / name).read_text(encoding="utf-8")
    assert old in text, name
    path = case / "templates" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def line_of(path: Path, words: str) -> int:
    """Number of the line that holds the words."""
    lines = path.read_text(encoding="utf-8").split("\n")
    return next(number for number, line in enumerate(lines, 1) if words in line)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("every_exhibit.j2", "not supplied", "{{ nothing }}", "'nothing' is undefined"),
        ("every_exhibit.j2", "not supplied", "{% if %}", "Expected an expression"),
        ("chronology.j2", "{% macro title(", "{% macro titel(", "expected a macro named title"),
        ("exhibit.html.j2", "{{ cover.document_title }}", "{{ covers.title }}",
         "'covers' is undefined. Available: "),
        ("exhibit.html.j2", "{% endfor %}", "{% endfr %}", "unknown tag 'endfr'"),
        ("blocks.html.j2", "{{ svg(block.svg) }}", "{{ svgs(block.svg) }}", "'svgs' is undefined"),
        ("index.html.j2", "{{ imprint.tool }}", "{{ imprint.tools }}", "no attribute 'tools'"),
        ("other_side.txt.j2", "{{ said(tool) }}", "{{ said(tols) }}",
         "'tols' is undefined. Available: "),
        ("exhibit.typ", "#let hair", "#let hair = = ", "exhibit.typ: expected a layout to set"),
        ("stamp.typ", "#d.left", "#d.lft", "stamp.typ: expected a layout to set"),
    ],
)  # fmt: skip
def test_an_error_says_where_it_is(
    tmp_path: Path, name: str, old: str, new: str, message: str
) -> None:
    case = tmp_path / "case"
    path = own(case, name, old, new)
    with pytest.raises(ConfigError) as refused:
        edition.make(case, builder.Story(accesses=1, later=1))
    told = refused.value.message
    assert message in told
    assert name in told or name == "blocks.html.j2"
    if name.endswith(".j2") and name != "blocks.html.j2" and "macro named" not in message:
        assert f"templates/{name}:{line_of(path, new)}" in told
    assert not (case / "exhibits" / "draft-001").exists()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("exhibit.html.j2", "<main>", "<main>\n<p>This proves negligence.</p>"),
        ("exhibit.typ", "#heading(level: 1", "#text[a guaranteed result]\n#heading(level: 1"),
        ("every_exhibit.j2", "not supplied", "{# a remark #} the root cause"),
        ("other_side.txt.j2", "What is here", "What is here\nThe hacker came here."),
    ],
)
def test_words_of_ones_own_are_linted_with_their_line(
    tmp_path: Path, name: str, old: str, new: str
) -> None:
    path = own(tmp_path, name, old, new)
    with pytest.raises(ConfigError) as refused:
        overrides.check(tmp_path)
    word = next(w for w in ("proves", "guaranteed", "root cause", "hacker") if w in new)
    assert f"templates/{name}:{line_of(path, word)}: expected words that" in refused.value.message
    assert f"found {word!r}" in refused.value.message


def test_what_is_not_words_is_not_linted(tmp_path: Path) -> None:
    own(tmp_path, "exhibit.css", "main {", "/* nothing */ main { width: 100%;")
    own(tmp_path, "exhibit.html.j2", "<main>", '<main class="certain">{# it proves nothing #}')
    overrides.check(tmp_path)


def test_a_name_that_would_be_ignored_is_refused(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "exhibit.typst").write_text("x")
    with pytest.raises(ConfigError, match=r"it would be ignored. There are: .*exhibit\.typ"):
        overrides.check(tmp_path)
    (tmp_path / "templates" / "exhibit.typst").rename(tmp_path / "templates" / "exhibit.css")
    (tmp_path / "templates" / "exhibit.css").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="expected a text in UTF-8"):
        overrides.check(tmp_path)


def test_the_edition_uses_and_names_them(tmp_path: Path) -> None:
    case = tmp_path / "case"
    path = own(case, "exhibit.html.j2", "<main>", "<main>\n<p>House of Example</p>")
    material = builder.write(case, builder.Story(accesses=1, later=1))
    given = inputs.describe(case, "draft-001", [])
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert given["case_templates"] == [{"path": "exhibit.html.j2", "sha256": digest}]
    overrides.check(case)
    assert material.case == case
    assert pdf.LAYOUT == "exhibit.typ"
    made = edition.make(case, builder.Story(accesses=1, later=1))
    assert "House of Example" in (made.folder / f"{made.produced[0].exhibit.stem}.html").read_text(
        encoding="utf-8"
    )
