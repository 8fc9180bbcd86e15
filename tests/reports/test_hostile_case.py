"""Hostile text in every field of case.toml and every part of a person, through every document."""

import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import docx
import pytest

from collector import case as case_file
from collector.case import PROFILES
from reports import catalogue, docx_draft, html, human_parts, machine_only, wording
from reports.documents import forms
from reports.material import Material, load
from reports.model import Exhibit, Mode, plain
from reports.pinpoint import visible
from reports.plain_text import lines
from tests.reports import builder, edition
from tests.reports.edition import cover_of
from tests.reports.test_hostile import HOSTILE, _Page
from tests.reports.test_human_parts import of

#: Every text of case.toml that takes any words; the rest is refused by form when it is read.
TOML = """\
format = 1
[matter]
title = {0}
court = {0}
number = {0}
party = {0}
examiner = {0}
authority = {0}
[[parties]]
name = {0}
role = {0}
principals = [{0}]
accounts = [{0}]
[[people]]
name = {0}
principals = [{0}]
evidence = {0}
[incident]
from = 2022-06-01T00:00:00Z
resources = [{0}]
principals = [{0}]
anonymous = true
discovered = 2022-06-04T16:20:00Z
[[incident.exempt]]
principals = [{0}]
reason = {0}
[clocks.notice]
starts = "discovered"
hours = 72
rule = {0}
version = {0}
[exhibits]
confidentiality = {2}
[jurisdiction]
profile = {1}
law = [{0}]
contract = {0}
contract_date = {0}
data_classes = [{0}]
personal_data = true
lawful_basis = {0}
impact_assessment = {0}
"""
CASES = (*PROFILES, None)
PAIRS = [
    (name, CASES[n % len(CASES)]) for n, name in enumerate(sorted(set(HOSTILE) - {"controls"}))
]


def written(folder: Path, value: str, profile: str | None) -> Material:
    """A case with the text in every field and in every part of a person."""
    made = builder.write(folder, builder.Story(hostile=value, accesses=1, later=1))
    short = json.dumps(value[:60], ensure_ascii=False).replace("\x7f", "")
    text = json.dumps(value, ensure_ascii=False).replace("\x7f", "")
    (folder / "case.toml").write_text(
        TOML.format(text, json.dumps(profile or ""), short), encoding="utf-8", newline="\n"
    )
    (folder / "human").mkdir()
    for name in forms.parts():
        words = f"[other-person: {value.replace(']', '')}; x]\n\n{value}\n\n- {value}"
        (folder / "human" / f"{name}.md").write_text(words, encoding="utf-8", newline="\n")
    return load(folder, case_file.load(folder), made.items)


def exhibits(material: Material) -> tuple[Exhibit, ...]:
    """All of a case."""
    return catalogue.build(material, catalogue.chosen(material, ()))


@pytest.mark.parametrize(("name", "profile"), PAIRS)
def test_it_is_shown_and_kept_and_never_obeyed(
    tmp_path: Path, name: str, profile: str | None
) -> None:
    value = HOSTILE[name]
    material = written(tmp_path / "case", value, profile)
    for exhibit in exhibits(material):
        cover = cover_of(material, exhibit)
        wording.check(exhibit, cover)
        if exhibit.key not in "AHL":
            continue  # of the others, `test_hostile` sees all that the records bring
        page = _Page()
        page.feed(html.render(exhibit, cover, edition.imprint(), None).decode())
        assert page.bad == [], exhibit.stem
        if exhibit.key == "L":
            said = "\n".join(lines(exhibit, cover))
            assert value.split("\n")[0].strip() in said or exhibit.stem.endswith("rule-702-map")
            docx_draft.write(exhibit, tmp_path / "draft.docx")
            words = _words(tmp_path / "draft.docx")
            assert plain(exhibit.title) in words
            assert visible(words) == words


def _words(path: Path) -> str:
    """Text of a DOCX, from its XML: what a word processor shows."""
    body = docx.Document(str(path)).element.body
    return "".join(one.text or "" for one in body.iter() if str(one.tag).endswith("}t"))


@pytest.mark.parametrize("profile", ["us-federal", "uk-civil", None])
def test_no_text_of_a_case_becomes_a_word_of_ours(tmp_path: Path, profile: str | None) -> None:
    """What the linter forbids us may stand in any field: it is another's, and marked."""
    value = "this proves gross negligence, root cause, FRE 107, CPR 35"
    material = written(tmp_path / "case", value, profile)
    for mode in Mode:
        placed = replace(material, mode=mode)
        made = exhibits(placed)
        notice = machine_only.notice(placed, catalogue.numbers(made))
        for exhibit in made:
            cover = cover_of(placed, exhibit)
            wording.check(exhibit, cover)
            wording.check(exhibit, replace(cover, pairs=(*notice, *cover.pairs)))
            assert value not in "".join(wording.spoken(exhibit, cover))


@pytest.mark.parametrize("profile", CASES)
def test_what_is_missing_is_not_supplied_and_nothing_stands_in_its_place(
    tmp_path: Path, profile: str | None
) -> None:
    folder = tmp_path / "case"
    made = builder.write(folder, builder.Story(empty=True))
    text = f"format = 1\n[jurisdiction]\nprofile = {json.dumps(profile or '')}\n"
    (folder / "case.toml").write_text(text, encoding="utf-8")
    material = load(folder, case_file.load(folder), made.items)
    matter = material.config.matter
    assert all(getattr(matter, field.name) is None for field in fields(matter))
    from reports.exhibits import parts

    assert {plain(value) for _, value in parts.matter(material)} == {"not supplied"}
    for exhibit in exhibits(material):
        cover = cover_of(material, exhibit)
        wording.check(exhibit, cover)
        said = "\n".join(lines(exhibit, cover))
        # The English word begins a sentence; a value that is printed by mistake does not.
        for found in re.finditer(r"\bNone\b", said):
            assert said[: found.start()].endswith(("\n", "\t", ". ")), exhibit.stem
        if "expert-report" in exhibit.stem:
            assert "No fact beyond the matter is given in case.toml." in said
            assert "none found in the evidence supplied" in said or "gap" in said
    waits = human_parts.open_parts(material)
    assert all("no such file" in line or "not supplied" in line for line in waits)


@pytest.mark.parametrize("profile", CASES)
def test_a_case_without_an_access_has_every_document(tmp_path: Path, profile: str | None) -> None:
    material = of(builder.write(tmp_path / "case"), profile)
    bare = replace(material, accesses=(), findings=(), windows=(), classes=(), class_changes=(),
                   class_sets=(), registers=type(material.registers)())  # fmt: skip
    whole, few = exhibits(material), exhibits(bare)
    assert [one.stem for one in whole] == [one.stem for one in few]
    for exhibit in few:
        cover = cover_of(bare, exhibit)
        wording.check(exhibit, cover)
        assert exhibit.answer
        assert exhibit.limits


@pytest.mark.parametrize(
    "text",
    ["\x00", "a\x00b", "\ud800", "x" * (human_parts.MOST_BYTES + 1)],
    ids=["null", "null-inside", "surrogate", "too-long"],
)
def test_a_part_that_is_no_text_is_refused_or_spelled_out(tmp_path: Path, text: str) -> None:
    from collector.errors import ConfigError

    material = of(builder.write(tmp_path / "case"), "uk-civil")
    folder = tmp_path / "case" / "human"
    folder.mkdir()
    raw = text.encode("utf-8", "surrogatepass")
    (folder / "report-opinions.md").write_bytes(raw)
    if "\x00" not in text:
        with pytest.raises(ConfigError, match=r"report-opinions\.md.*expected"):
            exhibits(material)
        return
    for exhibit in exhibits(material):
        if exhibit.key == "L":
            docx_draft.write(exhibit, tmp_path / "x.docx")
            any_words: Any = docx.Document(str(tmp_path / "x.docx"))
            assert any_words.paragraphs
