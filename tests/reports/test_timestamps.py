"""Exhibit A prints what each recorded timestamp token states (R-110), and no more."""

from dataclasses import replace
from pathlib import Path

import pytest

from collector import stamp
from collector.custody import read
from reports.exhibits import custody
from reports.material import Material, recorded
from reports.model import Label, Table, plain
from tests.collector.seal.build import Authority, have_openssl
from tests.reports import builder
from tests.reports.sealed_case import own_key, run

pytestmark = pytest.mark.skipif(not have_openssl(), reason="openssl is not installed")


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case with one seal and the token of a test authority."""
    folder = tmp_path_factory.mktemp("timestamps")
    case, authority = folder / "case", Authority(folder / "tsa")
    with own_key(folder / "config"):
        run("init", str(case))
        run("seal", "--case", str(case), "--tsq", code=None)
        (query,) = (case / "seals" / "0001").glob("*.tsq")
        answer = folder / "answer.tsr"
        answer.write_bytes(authority.answer(query))
        run("seal", "--case", str(case), "--again", "--tsr", str(answer), code=None)
    return case


@pytest.fixture(scope="module")
def material(sealed: Path, tmp_path_factory: pytest.TempPathFactory) -> Material:
    made = replace(builder.write(tmp_path_factory.mktemp("material") / "case"), case=sealed)
    return recorded(made, len(read(sealed)))


def panel(material: Material) -> Table:
    exhibit = custody.build(material, Label(number="A", stem="a"), {})
    (section,) = (one for one in exhibit.sections if plain(one.title) == "Timestamp tokens")
    (table,) = section.blocks
    assert isinstance(table, Table)
    return table


def test_a_token_of_a_test_authority_is_called_so_in_its_row(material: Material) -> None:
    (row,) = panel(material).rows
    said = " ".join(plain(cell) for cell in row)
    assert stamp.TEST_LABEL in said
    assert f"policy {stamp.TEST_POLICY}" in said
    assert "serial number" in said
    assert "accuracy" in said
    assert "sha256" in said
    assert "Test root NOT FOR PRODUCTION" in said
    assert "Qualified: unknown" in said


def test_a_file_that_is_not_the_recorded_one_is_not_read(material: Material) -> None:
    (row,) = panel(replace(material, case=Path("elsewhere"))).rows
    assert "does not stand as custody records it" in plain(row[1])


def test_without_tokens_the_panel_says_so(material: Material) -> None:
    table = panel(replace(material, custody=material.custody[:1]))
    assert (table.rows, plain(table.empty)) == ((), "No timestamp token in the records examined.")
