"""Hostile text in every field: it is shown, kept, and never obeyed."""

import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pikepdf
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports import catalogue, csv_table, html
from reports.glyphs import drawable
from reports.model import plain
from reports.pinpoint import BREAK, breakable, visible
from reports.text import template_dir
from tests.reports import builder, edition

HOSTILE = {
    "script": "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg onload=alert(1)>",
    "typst": '#panic("x") #include "a.typ" $ x $ *b* _i_ @ref <label> \\ #{1+1} ```',
    "jinja": "{{ 7919*7919 }} {% raise %} {# gone #} {{ config }}",
    "markdown": "[a](javascript:alert(1)) ![](x) # head **bold** `code`",
    "bidi": "user\u202egpj.exe\u2066\u2069 \u200b\u200d\ufeff\u00ad",
    "formula": "=cmd|' /C calc'!A0",
    "controls": "a\x00b\x07c\nd\re\tf\x1b[31m",
    "emoji": "🙈 family 👨‍👩‍👧 中文 한국어 ⟨U+202E⟩",
    "right-to-left": "שלום عربى مرحبا",
    "combining": "e\u0301 Z\u0351\u036b\u0343 \ue001private\ue003 \uffff",
    "long": "x" * 10_000,
    "svg": "</text></svg><script>1</script>",
}


SCRIPT = (template_dir() / html.SCRIPT).read_text(encoding="utf-8")


class _Page(HTMLParser):
    """Collects what could run or load, our own script apart, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.bad: list[str] = []
        self.text: list[str] = []
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._script = tag == "script"
        if tag in {"iframe", "object", "img", "link", "base", "form"}:
            self.bad.append(tag)
        for name, value in attrs:
            value = value or ""
            relative = name == "href" and not re.match(r"(#|[A-Za-z0-9._-]+$)", value)
            if name.startswith("on") or relative or name == "src":
                self.bad.append(f"{tag} {name}={value}")

    def handle_endtag(self, _tag: str) -> None:
        self._script = False

    def handle_data(self, data: str) -> None:
        if self._script and data != SCRIPT:
            self.bad.append("script")
        self.text.append(data)


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_text_in_every_field(tmp_path: Path, name: str) -> None:
    value = HOSTILE[name]
    if name == "controls":
        value = value.replace("\x00", "")
    made = edition.make(tmp_path / "case", builder.Story(hostile=value, accesses=1, later=1))
    for one in made.produced:
        if one.exhibit.key in "AM" or one.exhibit.stem.endswith("scope-illustration"):
            continue  # custody, names of methods and numbers of tiers are ours
        stem = made.folder / one.exhibit.stem
        page = _Page()
        page.feed(Path(f"{stem}.html").read_text(encoding="utf-8"))
        assert page.bad == []
        assert visible(value).split("\n")[0] in "".join(page.text)
        if one.exhibit.key == "L":
            continue  # the table of a report holds items of a rule
        rows = pq.read_table(f"{stem}.parquet").to_pylist()
        assert any(value in row.values() for row in rows)
        cells = csv.reader(io.StringIO(Path(f"{stem}.csv").read_text(encoding="utf-8"), newline=""))
        found = {csv_table.original(cell) for row in cells for cell in row}
        assert value in found or "\r" in value
        with pikepdf.open(f"{stem}.pdf") as document:
            assert len(document.pages) == one.pages
            assert "/JavaScript" not in str(document.Root.get("/Names", ""))
            assert "/OpenAction" not in document.Root


def test_empty_case_is_one_page_with_coverage(tmp_path: Path) -> None:
    made = edition.make(tmp_path / "case", builder.Story(empty=True))
    assert made.produced
    for one in made.produced:
        answer = " ".join(plain(sentence) for sentence in one.exhibit.answer)
        assert "in the records examined" in answer or one.exhibit.key in "BLM"
        assert one.exhibit.limits


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_breaks_add_and_lose_nothing(text: str) -> None:
    text = visible(text)
    assert text == breakable(text).replace(BREAK, "")


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_what_is_drawn_can_be_read_back(text: str) -> None:
    shown = drawable(visible(text))
    back = re.sub(r"⟨U\+([0-9A-F]{4,6})⟩", lambda match: chr(int(match[1], 16)), shown)
    again = re.sub(r"⟨U\+([0-9A-F]{4,6})⟩", lambda match: chr(int(match[1], 16)), text)
    assert again == back


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_markup_of_a_value_is_text_alone(text: str) -> None:
    page = _Page()
    page.feed(f"<p>{html.laid(text)}</p>")
    page.close()
    assert page.bad == []
    assert set(re.findall(r"<[^>]*>", html.laid(text))) <= {"<wbr>", "<br>"}


def test_value_that_looks_like_a_template_is_quoted(tmp_path: Path) -> None:
    material = builder.write(tmp_path, builder.Story(hostile="{{ 7919*7919 }}", accesses=1))
    exhibits = catalogue.build(material, catalogue.chosen(material, ()))
    words = [span.text for e in exhibits for line in e.limits for span in line]
    assert "{{ 7919*7919 }}" in words
    assert not any("62710561" in word for word in words)
