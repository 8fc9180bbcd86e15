"""Exhibit B: a reminder where a document is among the items whose makers ask for notice (R-127)."""

from dataclasses import replace
from pathlib import Path

import pytest

from reports.exhibits import evidence_index
from reports.model import Label, plain
from tests.reports import builder


@pytest.mark.parametrize(
    ("name", "reminded"),
    [
        ("docs/SWGDE 23-F-004-1.1.pdf", True), ("swgde_12-Q-001.pdf", True),
        ("notes-on-swgdex.txt", False), ("AWSLogs/a.json.gz", False), ("", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("withdrawn", [True, False])
def test_the_name_of_a_document_brings_the_reminder(
    tmp_path: Path, name: str, reminded: bool, withdrawn: bool
) -> None:
    material = builder.write(tmp_path)
    first = replace(material.items[0], name=name)
    struck = {first.uid: "privilege"} if withdrawn else {}
    material = replace(material, items=(first, *material.items[1:]), withdrawn=struck)
    exhibit = evidence_index.build(material, Label(number="B", stem="exhibit-B"), {})
    said = [plain(line) for line in exhibit.limits if "asks that its documents" in plain(line)]
    expected = f"{first.uid} is named like a document of SWGDE"
    assert bool(said) == (reminded and not withdrawn)
    assert all(line.startswith(expected) for line in said)
