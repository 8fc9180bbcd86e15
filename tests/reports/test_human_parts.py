"""Parts that a person writes: what counts as open, and that a final edition waits for them."""

import dataclasses
from pathlib import Path

import pytest

from collector.case import Jurisdiction
from collector.errors import ConfigError
from reports import human_parts
from reports.documents import forms
from reports.material import Material
from tests.reports import builder
from tests.reports.sealed_case import run

OPEN = (
    "", "   \n", "<!-- what it asks -->\n", "…", "- \n- \n", "Name: TODO", "[name], [title]",
    "TBD.", "Paid by ______ per hour", "NOT SUPPLIED", "See below ......",
)  # fmt: skip
WRITTEN = (
    "None.", "<!-- asks -->\nBSc, 2004.", "The logs of July were not supplied by the defendant.",
    "The list [Exhibit 4] … holds it.", "R. Ames", "名前",
)  # fmt: skip


@pytest.fixture
def material(tmp_path: Path) -> Material:
    return builder.write(tmp_path)


def of(material: Material, profile: str | None, inside: bool | None = True) -> Material:
    """The material under a profile."""
    place = dataclasses.replace(
        material.config.jurisdiction, profile=profile, executed_in_us=inside
    )
    return dataclasses.replace(
        material, config=dataclasses.replace(material.config, jurisdiction=place)
    )


def write(case: Path | None, name: str, text: str) -> None:
    """One part."""
    assert case is not None
    (case / "human").mkdir(exist_ok=True)
    (case / "human" / f"{name}.md").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("text", OPEN)
def test_nothing_and_placeholders_are_open(material: Material, text: str) -> None:
    write(material.case, "report-compensation", text)
    listed = human_parts.open_parts(of(material, "us-federal"))
    assert any(line.startswith("human/report-compensation.md: Compensation") for line in listed)


@pytest.mark.parametrize("text", WRITTEN)
def test_words_of_an_author_are_not(material: Material, text: str) -> None:
    write(material.case, "report-compensation", text)
    listed = human_parts.open_parts(of(material, "us-federal"))
    assert not any("report-compensation" in line for line in listed)


@pytest.mark.parametrize("profile", forms.BY_PROFILE)
def test_each_needed_part_is_listed_once_with_its_file(
    material: Material, profile: str | None
) -> None:
    chosen = forms.chosen(of(material, profile).config.jurisdiction)
    wanted = {part.file for form in chosen if form.needed for part in form.parts}
    listed = human_parts.open_parts(of(material, profile))
    assert sorted(wanted) == sorted(line.partition(":")[0] for line in listed)
    assert all(line.endswith("no such file") for line in listed)
    for form in chosen:
        for part in form.parts:
            write(material.case, part.name, "None.")
    assert human_parts.open_parts(of(material, profile)) == ()


def test_what_a_certificate_takes_from_case_toml_is_waited_for(material: Material) -> None:
    bare = of(material, "us-state", None)
    matter = dataclasses.replace(bare.config.matter, authority=None)
    bare = dataclasses.replace(bare, config=dataclasses.replace(bare.config, matter=matter))
    listed = [line for line in human_parts.open_parts(bare) if line.startswith("case.toml")]
    assert listed == [
        "case.toml: [matter] authority (902(13)): not supplied",
        "case.toml: [jurisdiction] executed_in_us (902(13)): not supplied",
    ]


def test_files_laid_out_are_open_and_kept(material: Material) -> None:
    assert material.case is not None
    write(material.case, "report-opinions", "My opinion.")
    chosen = forms.chosen(of(material, "us-federal").config.jurisdiction)
    made = human_parts.lay_out(material.case, chosen)
    names = {part.name for form in chosen for part in form.parts}
    assert {path.stem for path in made} == names - {"report-opinions"}
    assert (material.case / "human" / "report-opinions.md").read_text() == "My opinion."
    held = human_parts.held(material)
    assert {name for name, one in held.items() if one.open is None} == {"report-opinions"}
    assert human_parts.lay_out(material.case, chosen) == ()


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("report-opinion.md", b"x", 'Did you mean "report-opinions"'),
        ("notes.txt", b"x", "expected NAME.md of a part"),
        ("report-opinions.md", b"one\ntwo \xff", r"report-opinions\.md:2: expected UTF-8"),
    ],
)
def test_another_file_is_refused(material: Material, name: str, raw: bytes, message: str) -> None:
    assert material.case is not None
    (material.case / "human").mkdir()
    (material.case / "human" / name).write_bytes(raw)
    with pytest.raises(ConfigError, match=message):
        human_parts.held(material)


def test_names_of_parts_are_names_of_files() -> None:
    for form in forms.ALL:
        names = [part.name for part in form.parts]
        assert sorted(set(names)) == sorted(names)
        for element in form.elements:
            assert set(element.parts) <= set(names)
    assert set(forms.BY_PROFILE) == {*_profiles(), None}


def _profiles() -> tuple[str, ...]:
    from collector.case import PROFILES

    return PROFILES


def test_the_foreign_certificate_stands_beside_the_domestic_one_unless_excluded() -> None:
    def rules(inside: bool | None) -> set[str]:
        place = Jurisdiction(
            profile="us-federal", law=(), contract=None, contract_date=None, data_classes=(),
            executed_in_us=inside,
        )  # fmt: skip
        return {one.rule for one in forms.chosen(place)}

    assert "902(12)" not in rules(True)
    assert {"902(11)", "902(12)"} <= rules(False) & rules(None)


def test_the_command_lays_out_what_is_missing_and_says_what_stays_open(
    material: Material,
) -> None:
    asked = ("exhibits", "--case", str(material.case), "--parts")
    first = run(*asked).output
    assert "laid out: " in first
    assert "open: human/report-opinions.md" in first
    write(material.case, "report-opinions", "My opinion.")
    second = run(*asked).output
    assert "laid out: " not in second
    assert "open: human/report-opinions.md" not in second
    assert "expected with --case only" in run(*asked, "--final", code=2).output
