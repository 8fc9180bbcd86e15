"""Certificate drafts: one a rule, by jurisdiction, unsigned, the same bytes each time."""

import base64
import dataclasses
import hashlib
import zipfile
from pathlib import Path

import docx
import pytest

from collector.model import Digest
from reports import docx_draft
from reports.documents import forms, items
from reports.exhibits import certificates
from reports.material import Material
from reports.model import Exhibit, Kind, Label, Paragraph, plain
from reports.wording import check
from tests.reports import builder
from tests.reports.edition import cover_of
from tests.reports.test_human_parts import write

LABEL = Label(number="L", stem="exhibit-L")
RULES = {form.rule: form for form in forms.CERTIFICATES}


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return builder.write(tmp_path_factory.mktemp("case"))


def _with(material: Material, **facts: object) -> Material:
    place = dataclasses.replace(material.config.jurisdiction, **facts)  # type: ignore[arg-type]
    return dataclasses.replace(
        material, config=dataclasses.replace(material.config, jurisdiction=place)
    )


def _draft(material: Material, rule: str) -> Exhibit:
    return certificates.build(material, LABEL, {"A": ("A",), "D": ("D",)}, form=RULES[rule])


def _text(exhibit: Exhibit) -> str:
    return "\n".join(
        plain(block.text)
        for section in exhibit.sections for block in section.blocks
        if isinstance(block, Paragraph)
    )  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_nothing_is_filled_in_for_a_person(material: Material, rule: str) -> None:
    made = _draft(material, rule)
    assert made.kind is Kind.CERTIFICATE
    text = _text(made)
    for part in RULES[rule].parts:
        assert part.title in {plain(section.title) for section in made.sections}
        assert f"NOT SUPPLIED — to be completed in {part.file} or by hand." in text
    assert "DRAFT — UNSIGNED" in text
    check(made, cover_of(material, made))


def test_what_a_person_wrote_stands_there_and_is_no_signature(tmp_path: Path) -> None:
    own = builder.write(tmp_path)
    write(tmp_path, "902-13-declarant", "Jane Roe, analyst, Example Ltd.")
    made = _draft(own, "902(13)")
    text = _text(made)
    assert "Jane Roe, analyst, Example Ltd." in text
    assert "4 statements of 5 below wait" in plain(made.answer[0])
    assert "DRAFT — UNSIGNED. No signature or date is filled in." in text


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


def test_the_foreign_certificate_is_signed_under_the_law_of_its_country(
    material: Material,
) -> None:
    text = _text(_draft(_with(material, executed_in_us=False), "902(12)"))
    assert "1746" not in text
    assert "the penalty on which it rests, are left to the person" in text


def test_a_keeper_of_logs_speaks_of_logs_alone(material: Material) -> None:
    """R-077: an item from which no record was read is not in the list, and is counted."""
    made = _draft(material, "902(11)")
    logs = [item.uid for item in material.items if material.records.get(item.uid)]
    assert logs
    assert [row[2] for row in made.native.rows] == logs
    assert len(logs) < len(material.items)
    assert f"{len(material.items) - len(logs)} other item of the case" in _text(made)


def test_an_operator_speaks_of_what_the_process_made(material: Material) -> None:
    rows = _draft(material, "902(13)").native.rows
    assert material.case is not None
    for _, _, name, size, digest in rows:
        raw = (material.case / str(name)).read_bytes()
        assert (len(raw), hashlib.sha256(raw).hexdigest()) == (size, digest)
    assert "derived/findings.json" in {row[2] for row in rows}


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@pytest.mark.parametrize(
    ("headers", "kind", "says"),
    [
        ([], None, "none published with it"),
        ([("ETag", "abc")], None, "none published with it (an entity tag is no content hash)"),
        ([("x-amz-checksum-sha256", _b64(hashlib.sha256(b"log").digest())), ("ETag", "abc")],
         "x-amz-checksum-sha256", "agrees with the copy"),
        ([("X-Checksum-SHA256", _b64(hashlib.sha256(b"other").digest()))],
         "X-Checksum-SHA256", "differs from the copy"),
        ([("x-amz-checksum-sha256", _b64(bytes(32)) + "-7")],
         "x-amz-checksum-sha256", "not compared: a hash over parts"),
        ([("x-amz-checksum-sha256", "%%")],
         "x-amz-checksum-sha256", "not compared: not in the form of its kind"),
        ([("x-amz-checksum-crc32c", "AAAAAA==")],
         "x-amz-checksum-crc32c", "not compared: another kind of hash than the copy's"),
    ],
)  # fmt: skip
def test_the_hash_of_a_source_is_compared_where_its_kind_is_known(
    material: Material, headers: list[tuple[str, str]], kind: str | None, says: str
) -> None:
    digest = Digest(sha256=hashlib.sha256(b"log").hexdigest(), sha512="0" * 128)
    item = dataclasses.replace(material.items[0], digest=digest)
    found_kind, _, compared = items.published(item, headers)
    assert (found_kind, compared) == (kind, says)


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
    (log,) = [item for item in material.items if material.records.get(item.uid)]
    assert log.digest.sha256 in cells
