"""Words of one forum alone: no exhibit of a case names a rule of another jurisdiction (R-080)."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.case import PROFILES
from reports import catalogue, wording
from reports.material import Material
from reports.model import Exhibit, Kind, plain
from reports.plain_text import lines
from reports.text import template_dir
from tests.reports import builder, edition
from tests.reports.test_human_parts import of

RULES = {
    "us": re.compile(
        r"\bFR(?:E|CP|CrP)\b|\bRules? \d{2,4}\b|Daubert|U\.S\.C|\b(?:902|803|901)\(|\b1746\b"
        r"|perjury|United States|Restatement|CACI"
    ),
    "uk": re.compile(
        r"\bCPR\b|\bCrimPR\b|\bPart 35\b|Practice Direction|\bPD ?\d|statement of truth"
        r"|declaration of truth|contempt of court",
        re.IGNORECASE,
    ),
    "eu": re.compile(r"\bGDPR\b|\(EU\)|eIDAS|\barticle \d", re.IGNORECASE),
}  # fmt: skip
CASES = (*PROFILES, None)


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return builder.write(tmp_path_factory.mktemp("case"))


def exhibits(material: Material) -> tuple[Exhibit, ...]:
    """All of a case."""
    return catalogue.build(material, catalogue.chosen(material, ()))


def told(material: Material, exhibit: Exhibit) -> Iterator[str]:
    """Every word of ours: printed, on the cover and in the foot, in pictures, in the table."""
    cover = edition.cover_of(material, exhibit)
    yield from wording.spoken(exhibit, cover)
    yield from lines(exhibit, cover)
    yield from (picture.alt for picture in exhibit.pictures())
    for row in exhibit.native.rows:
        # Numbers of records may be 1746; words of ours in a table are longer.
        yield from (cell for cell in row if isinstance(cell, str) and " " in cell)


@pytest.mark.parametrize("profile", CASES)
def test_no_rule_of_another_jurisdiction_is_named(material: Material, profile: str | None) -> None:
    own = (profile or "none")[:2]
    placed = of(material, profile, inside=None)
    for exhibit in exhibits(placed):
        for text in told(placed, exhibit):
            for forum, pattern in RULES.items():
                found = pattern.search(text)
                assert forum == own or found is None, (exhibit.stem, found, text[:200])


@pytest.mark.parametrize("profile", CASES)
def test_own_rules_are_named_and_the_kind_stays_data(
    material: Material, profile: str | None
) -> None:
    placed = of(material, profile)
    made = {one.stem: one for one in exhibits(placed)}
    assert {str(one.kind) for one in made.values()} >= {
        "rule_1006_summary", "rule_107_illustrative"
    }  # fmt: skip
    named = {
        (str(one.kind), cover.kind_name, cover.footer_line.partition(":")[0].partition(" of ")[0])
        for one in made.values()
        if one.kind in (Kind.SUMMARY, Kind.ILLUSTRATIVE)
        for cover in (edition.cover_of(placed, one),)
        if cover.footer_line
    }
    summary, aid = {
        "us-federal": (" (FRE 1006)", " (FRE 107)"),
        "us-state": (" (as federal FRE 1006)", " (as federal FRE 107)"),
    }.get(profile or "", ("", ""))
    assert named == {
        ("rule_1006_summary", f"Summary of records{summary.replace('FRE', 'Rule')}",
         f"Summary{summary}"),
        ("rule_107_illustrative", f"Illustrative aid{aid.replace('FRE', 'Rule')}",
         f"Illustrative aid{aid}"),
    }  # fmt: skip
    first = {plain(one.limits[0]) for one in made.values()}
    assert ("Rules named here are federal ones" in " ".join(first)) == (profile == "us-state")


def test_pages_that_every_bundle_carries_name_no_rule() -> None:
    for name in ("other_side.txt.j2", "index.html.j2", "exhibit.html.j2", "stamp.typ"):
        text = (template_dir() / name).read_text(encoding="utf-8")
        assert [pattern.search(text) for pattern in RULES.values()] == [None] * 3, name


def test_a_part_asks_what_its_own_rule_asks(material: Material, tmp_path: Path) -> None:
    """The same file name serves several rules; what it holds is said by the one of the case."""
    from reports import human_parts
    from reports.documents import forms

    for form, words, name in (
        (forms.FRCP, "FRCP 26(a)(2)(B)(iv)", "report-qualifications"),
        (forms.CPR, "Part 35", "report-duty"),
    ):
        for other in (forms.FRCP, forms.CPR, forms.CRIM, forms.REPORT):
            case = tmp_path / f"{form.name}-{other.name}"
            case.mkdir()
            human_parts.lay_out(case, (other,))
            file = case / "human" / f"{name}.md"
            assert (file.is_file() and words in file.read_text(encoding="utf-8")) == (
                form is other
            )  # fmt: skip
