"""An edition that no expert answers for says so on page one, and holds no report of one (R-065)."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from collector.case import PROFILES
from reports import bundle, catalogue, human_parts, machine_only, wording
from reports.cli import MODES
from reports.cover import cover
from reports.documents import forms
from reports.material import Material
from reports.model import Mode, plain
from tests.reports import builder, edition
from tests.reports.test_human_parts import of

CASES = (*PROFILES, None)


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return builder.write(tmp_path_factory.mktemp("case"))


def test_the_command_knows_the_modes() -> None:
    assert [mode.value for mode in Mode] == list(MODES)


@pytest.mark.parametrize("profile", CASES)
def test_page_one_of_each_exhibit_says_so(material: Material, profile: str | None) -> None:
    alone = replace(of(material, profile), mode=Mode.MACHINE_ONLY)
    exhibits = catalogue.build(alone, catalogue.chosen(alone, ()))
    notice = machine_only.notice(alone, catalogue.numbers(exhibits))
    imprint = replace(edition.imprint(), notice=notice)
    federal = str(profile).startswith("us-")
    for exhibit in exhibits:
        made = cover(exhibit, imprint, alone, "0" * 64)
        assert made.pairs[:5] == notice
        wording.check(exhibit, made)
    words = plain(notice[0][1])
    assert "without an expert witness" in words
    assert ("Rule of Evidence 707" in words) == federal
    assert [name for name, _ in notice[1:]] == (
        ["702(a)", "702(b)", "702(c)", "702(d)"] if federal else [
            "Specialized knowledge will help the trier of fact", "Sufficient facts or data",
            "Product of reliable principles and methods",
            "Opinion reflects a reliable application to the facts of the case",
        ]
    )  # fmt: skip
    told = {name: plain(value) for name, value in notice}
    assert "offered without an expert witness" in list(told.values())[1]
    assert "Ex. B, rows 1–2" in list(told.values())[2]
    assert all("not in this edition" not in value for value in told.values())


@pytest.mark.parametrize("profile", CASES)
def test_no_report_of_an_expert_and_nothing_waits_for_one(
    material: Material, profile: str | None
) -> None:
    placed = of(material, profile)
    alone = replace(placed, mode=Mode.MACHINE_ONLY)
    names = [one.name for one in catalogue.plan(alone, ()) if one.key == "L"]
    usual = [one.name for one in catalogue.plan(placed, ()) if one.key == "L"]
    assert names == [one for one in usual if not one.startswith("expert-report")]
    waits = human_parts.open_parts(alone)
    assert not any("report-" in line for line in waits)
    assert any("902-13" in line for line in waits) == str(profile).startswith("us-")
    assert forms.chosen(placed.config.jurisdiction)[0] in forms.REPORTS
    assert machine_only.notice(placed, {}) == ()


def test_the_edition_prints_it_and_is_made_again_from_its_inputs(tmp_path: Path) -> None:
    case = tmp_path / "case"
    material = builder.write(case, builder.Story(accesses=1, later=1))
    given = {**edition.described(case, material, "draft-001"), "mode": "machine-only"}
    target = case / "exhibits" / "draft-001"
    made = bundle.make(material, given, target, lambda line: None)
    assert json.loads((target / "inputs.json").read_bytes())["mode"] == "machine-only"
    assert not any("expert-report" in one.exhibit.stem for one in made.produced)
    pages = sorted(target.glob("exhibit-*.html"))
    assert all("without an expert witness" in page.read_text(encoding="utf-8") for page in pages)
    if shutil.which("pdftotext"):
        first = subprocess.run(
            ["pdftotext", "-l", "1", str(target / f"{made.produced[0].exhibit.stem}.pdf"), "-"],
            capture_output=True, check=True, text=True,
        ).stdout  # fmt: skip
        assert "without an expert witness" in " ".join(first.split())
    assert bundle.make(material, given, target, lambda line: None).repeated
