"""`butfor verify --row F-01` on the built-in incident: every number of a finding from its bytes."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.reports.test_rederive import case, made, run  # noqa: F401 (fixtures)

NUMBERS = {"accesses": 112, "objects": 36, "anonymous": 112, "addresses": 2, "bytes_out": 518_744}


def findings(folder: Path) -> list[dict[str, Any]]:
    """findings.json of a case."""
    found = json.loads((folder / "derived" / "findings.json").read_text(encoding="utf-8"))
    assert isinstance(found, list)
    return found


def test_every_number_of_every_finding(made: Path) -> None:  # noqa: F811
    for one in findings(made):
        code, report = run("--case", made, "--row", one["number"])
        assert code == 0, report
        labels = [row["row"] for row in report["rows"]]
        stated = [f"{one['number']} {name} {n}" for name, n in sorted(one["numbers"].items())]
        assert labels == [*stated, f"{one['number']} statement"]
    first = findings(made)[0]
    assert first["numbers"] == NUMBERS
    assert run("--case", made, "--row", first["finding_uid"])[0] == 0


def test_the_numbers_that_exhibit_f_prints_are_those(made: Path) -> None:  # noqa: F811
    """What its page says of the finding: the numbers above, each derived again."""
    (page,) = (made / "exhibits" / "draft-001").glob("exhibit-*-but-for-matrix.html")
    text = re.sub(r"<[^>]+>|<wbr>", "", page.read_text(encoding="utf-8"))
    for number in ("112", "36", "518,744"):
        assert number in text
    for name, value in NUMBERS.items():
        assert f"{name.replace('_', ' ')}: {value:,}" in text


def test_against_tables_derived_anew(made: Path) -> None:  # noqa: F811
    code, report = run("--case", made, "--row", "F-01", "--rebuild")
    assert code == 0, report
    assert report["rows"][-1]["row"] == "F-01 as a whole"


def test_no_such_finding(made: Path) -> None:  # noqa: F811
    assert run("--case", made, "--row", "F-99")[0] == 2


def written(folder: Path, alter: Callable[[dict[str, Any]], object]) -> None:
    """findings.json with the first finding altered."""
    held = findings(folder)
    alter(held[0])
    (folder / "derived" / "findings.json").write_text(json.dumps(held), encoding="utf-8")


@pytest.mark.parametrize("number", sorted(NUMBERS))
def test_another_number_differs(case: Path, number: str) -> None:  # noqa: F811
    written(case, lambda one: one["numbers"].update({number: 7}))
    code, report = run("--case", case, "--row", "F-01")
    assert code == 1
    (row,) = (row for row in report["rows"] if row["exit"] == 1)
    assert row["differences"] == [{"column": number, "expected": NUMBERS[number], "found": 7}]


def test_a_statement_that_prints_another_number_or_instant(case: Path) -> None:  # noqa: F811
    written(case, lambda one: one.update(
        statement=one["statement"].replace("518,744 bytes", "518,745 bytes")
        .replace("2022-06-01 00:11:23 Z", "2022-06-01 00:11:24 Z")
    ))  # fmt: skip
    code, report = run("--case", case, "--row", "F-01")
    assert code == 3
    said = " ".join(why for row in report["rows"] for why in row["unchecked"])
    assert "prints 518,745" in said
    assert "prints 2022-06-01 00:11:24 Z" in said


def test_a_query_of_another_form_is_not_run(case: Path, tmp_path: Path) -> None:  # noqa: F811
    def alter(one: dict[str, Any]) -> None:
        for ref in one["refs"]:
            ref["sql"] += f"; copy (select 1) to '{tmp_path}/written.csv'"

    written(case, alter)
    assert run("--case", case, "--row", "F-01")[0] == 2
    assert not (tmp_path / "written.csv").exists()


def test_a_changed_byte_of_any_of_its_records(case: Path, tmp_path: Path) -> None:  # noqa: F811
    first = findings(case)[0]
    item = first["basis"][-1]["evidence_item"]
    for basis in (first["basis"][0], first["basis"][-1]):
        item = int(basis["evidence_item"].partition(".f")[2])
        (stored,) = (case / "evidence").glob(f"0001-*/files/{item:08}-*")
        sound = stored.read_bytes()
        stored.chmod(0o644)
        stored.write_bytes(sound[:40] + bytes([sound[40] ^ 1]) + sound[41:])
        code, report = run("--case", case, "--row", "F-01")
        assert code == 4
        assert "records that are not as stored" in report["rows"][0]["unchecked"][0]
        stored.write_bytes(sound)
    assert run("--case", case, "--row", "F-01")[0] == 0


def test_a_row_of_events_that_was_altered(case: Path) -> None:  # noqa: F811
    uid = findings(case)[0]["basis"][-1]["uid"]
    for path in (case / "derived" / "events").rglob("*.parquet"):
        table = pq.read_table(path)
        rows = table.to_pylist()
        for row in rows:
            if row["event_uid"] == uid:
                row["bytes_out"] = 1
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    code, report = run("--case", case, "--row", "F-01")
    assert code == 1
    assert {one["column"] for row in report["rows"] for one in row["differences"]} == {"bytes_out"}


def test_a_copy_of_the_case_says_the_same(made: Path, tmp_path: Path) -> None:  # noqa: F811
    copy = Path(shutil.copytree(made, tmp_path / "it's a copy"))
    assert run("--case", copy, "--row", "F-01")[1] == run("--case", made, "--row", "F-01")[1]
