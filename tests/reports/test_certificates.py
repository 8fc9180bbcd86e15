"""Certificate drafts: one a rule, by jurisdiction, unsigned, the same bytes each time."""

import dataclasses
import zipfile
from pathlib import Path

import docx
import pytest

from reports import docx_draft
from reports.exhibits import certificates
from reports.material import Material
from reports.model import Exhibit, Facts, Kind, Label, Paragraph, plain
from reports.wording import check
from tests.reports import builder
from tests.reports.edition import cover_of

LABEL = Label(number="L", stem="exhibit-L")


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return builder.write(tmp_path_factory.mktemp("case"))


def _with(material: Material, **facts: object) -> Material:
    place = dataclasses.replace(material.config.jurisdiction, **facts)  # type: ignore[arg-type]
    return dataclasses.replace(
        material, config=dataclasses.replace(material.config, jurisdiction=place)
    )


def _draft(material: Material, rule: str) -> Exhibit:
    return certificates.build(material, LABEL, {}, rule=rule)


def _text(exhibit: Exhibit) -> str:
    return "\n".join(
        plain(block.text)
        for section in exhibit.sections for block in section.blocks
        if isinstance(block, Paragraph)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("profile", "rules"),
    [
        ("us-federal", certificates.US),
        ("us-state", certificates.US),
        ("uk-civil", ("CPR 35",)),
        (None, (*certificates.US, "CPR 35")),
        ("eu", (*certificates.US, "CPR 35")),
    ],
)
def test_the_jurisdiction_chooses(
    material: Material, profile: str | None, rules: tuple[str, ...]
) -> None:
    assert certificates.rules(_with(material, profile=profile)) == rules


@pytest.mark.parametrize("rule", certificates.NAMES)
def test_nothing_is_filled_in_for_a_person(material: Material, rule: str) -> None:
    made = _draft(material, rule)
    assert made.kind is Kind.CERTIFICATE
    (blanks,) = [
        block for section in made.sections for block in section.blocks
        if isinstance(block, Facts) and block.pairs[0][0] == certificates.PERSON[rule][0]
    ]  # fmt: skip
    assert {plain(value) for _, value in blanks.pairs} == {"NOT SUPPLIED — to be completed"}
    assert "DRAFT — UNSIGNED" in _text(made)
    check(made, cover_of(material, made))


@pytest.mark.parametrize(
    ("inside", "stands", "not_there"),
    [
        (True, "within the United States, as", "of America"),
        (False, "of America", "within the United States"),
        (None, "none is chosen", "as case.toml states"),
    ],
)
def test_the_jurat_follows_the_place(
    material: Material, inside: bool | None, stands: str, not_there: str
) -> None:
    text = _text(_draft(_with(material, executed_in_us=inside), "902(13)"))
    assert stands in text
    assert not_there not in text


def test_the_list_names_every_item_with_its_digest(material: Material) -> None:
    rows = _draft(material, "902(14)").native.rows
    assert [row[6] for row in rows] == [item.digest.sha256 for item in material.items]


def test_a_docx_is_the_same_each_time_and_bears_no_date_of_its_own(
    material: Material, tmp_path: Path
) -> None:
    made = _draft(material, "902(11)")
    for name in ("a.docx", "b.docx"):
        docx_draft.write(made, tmp_path / name)
    assert (tmp_path / "a.docx").read_bytes() == (tmp_path / "b.docx").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.docx") as package:
        assert {one.date_time for one in package.infolist()} == {docx_draft.FIXED}
    read = docx.Document(str(tmp_path / "a.docx"))
    words = [paragraph.text for paragraph in read.paragraphs]
    assert words[0] == "DRAFT — UNSIGNED"
    cells = [cell.text for table in read.tables for row in table.rows for cell in row.cells]
    assert material.items[0].digest.sha256 in cells
