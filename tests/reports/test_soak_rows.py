"""A hundred thousand accesses: print stays within its bound, the native table holds every row."""

import csv
import os
import resource
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.reports import builder, edition

ROWS = 100_000

pytestmark = pytest.mark.skipif(
    not os.environ.get("BUTFOR_SOAK"), reason="a long run: set BUTFOR_SOAK=1"
)


def test_a_bundle_of_a_hundred_thousand_rows(tmp_path: Path) -> None:
    made = edition.make(tmp_path / "case", builder.Story(accesses=ROWS - 32, later=32))
    (table,) = made.folder.glob("exhibit-*-access-summary.csv")
    with table.open(encoding="utf-8", newline="") as text:
        rows = sum(1 for _ in csv.DictReader(text))
    assert rows >= ROWS
    assert pq.read_metadata(table.with_suffix(".parquet")).num_rows == rows
    pages = {one.exhibit.key: one.pages for one in made.produced}
    assert pages["D"] < 200
    assert pages["E"] < 200
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 4 * 2**20  # KiB
