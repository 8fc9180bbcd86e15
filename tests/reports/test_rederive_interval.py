"""`butfor verify --row intervals:N` on the built-in incident."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import butfor


def run(*arguments: object) -> tuple[int, dict[str, Any]]:
    """Exit code and `--json` of `butfor verify …`."""
    done = CliRunner().invoke(butfor.main, ["verify", *map(str, arguments), "--json"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, json.loads(done.stdout) if done.stdout.startswith("{") else {}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in incident; never altered."""
    case = tmp_path_factory.mktemp("intervals") / "case"
    assert CliRunner().invoke(butfor.main, ["demo", str(case)]).exit_code == 0
    return case


def test_every_interval_leads_to_its_bytes(made: Path) -> None:
    count = pq.ParquetFile(made / "derived" / "intervals.parquet").metadata.num_rows
    code, report = run("--case", made, "--row", "intervals:all", "--rebuild")
    assert code == 0, [row for row in report["rows"] if row["exit"]][:2]
    assert len(report["rows"]) == count > 50
    assert all(row["record_sha256"] and row["locator"] for row in report["rows"])


def test_without_rebuild_the_bytes_alone_are_checked(made: Path) -> None:
    code, report = run("--case", made, "--row", "intervals:1")
    assert (code, len(report["rows"])) == (3, 1)
    assert report["rows"][0]["altered"] == report["rows"][0]["differences"] == []


def test_a_row_that_is_not_there_is_a_usage_error(made: Path) -> None:
    assert run("--case", made, "--row", "intervals:0")[0] == 2
    assert run("--case", made, "--row", "intervals:999999")[0] == 2


def test_an_altered_interval_differs(made: Path, tmp_path: Path) -> None:
    case = Path(shutil.copytree(made, tmp_path / "case"))
    path = case / "derived" / "intervals.parquet"
    table = pq.read_table(path)
    rows = table.to_pylist()
    at = next(n for n, row in enumerate(rows) if row["slot"] == "owner")
    rows[at]["value"] = '"999999999999"'
    rows[at]["record_sha256"] = "0" * 64
    path.chmod(0o644)
    pq.write_table(type(table).from_pylist(rows, schema=table.schema), path)
    code, report = run("--case", case, "--row", f"intervals:{at + 1}", "--rebuild")
    assert code == 1
    assert {one["column"] for one in report["rows"][0]["differences"]} >= {"value", "record_sha256"}
