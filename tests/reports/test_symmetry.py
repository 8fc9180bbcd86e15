"""R-176: the same facts with the parties' labels swapped give the same text but for the labels."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from collector import case as case_file
from collector import registers
from reports import catalogue
from reports.material import Material
from reports.model import Exhibit, Facts, Items, Paragraph, Picture, Redline, Table, plain
from tests.reports import builder, registers_made

#: Of one length, so that no break of a line can depend on them.
ONE, OTHER = "Party Alpha", "Party Betas"
PARTIES = """
[[parties]]
name = "{0}"
role = "plaintiff"
accounts = ["111111111111"]
[[parties]]
name = "{1}"
role = "defendant"
accounts = ["222222222222"]
principals = ["arn:aws:iam::111111111111:role/contoso-deploy"]
"""


def _material(case: Path, first: str, second: str) -> Material:
    material = builder.write(case)
    toml = (case / "case.toml").read_text(encoding="utf-8")
    (case / "case.toml").write_text(toml + PARTIES.format(first, second), encoding="utf-8")
    registers_made.write(case, parties=(second, first))
    return replace(material, config=case_file.load(case), registers=registers.read(case))


def _texts(exhibit: Exhibit) -> Iterator[str]:
    yield from (plain(one) for one in (exhibit.title, exhibit.question, exhibit.coverage))
    yield from (plain(one) for one in (*exhibit.answer, *exhibit.limits))
    for section in exhibit.sections:
        yield plain(section.title)
        for block in section.blocks:
            match block:
                case Paragraph():
                    yield plain(block.text)
                case Items():
                    yield from map(plain, block.entries)
                case Facts():
                    yield from (name + plain(value) for name, value in block.pairs)
                case Picture():
                    yield block.alt + block.svg
                case Redline():
                    yield plain(block.title) + json.dumps(block.blocks)
                case Table():
                    yield plain(block.caption)
                    yield from (column.title for column in block.columns)
                    yield from (plain(cell) for row in block.rows for cell in row)


def _said(material: Material, key: str) -> str:
    exhibits = catalogue.build(material, catalogue.chosen(material, ()))
    return "\n".join(text for one in exhibits if one.key == key for text in _texts(one))


@pytest.mark.parametrize("key", ["G", "H", "I", "J"])
def test_swapping_labels_swaps_the_labels_and_nothing_else(tmp_path: Path, key: str) -> None:
    as_it_is = _said(_material(tmp_path / "a", ONE, OTHER), key)
    swapped = _said(_material(tmp_path / "b", OTHER, ONE), key)
    back = swapped.replace(ONE, "\0").replace(OTHER, ONE).replace("\0", OTHER)
    assert as_it_is == back
    if key in "HIJ":
        assert ONE in as_it_is or OTHER in as_it_is


def test_no_exhibit_speaks_of_plaintiff_or_defendant(tmp_path: Path) -> None:
    material = _material(tmp_path, ONE, OTHER)
    for key in "GHIJ":
        assert "plaintiff" not in _said(material, key)
        assert "defendant" not in _said(material, key)
