"""`butfor timeline`: filters, exports and the record behind an event."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from butfor import main
from collector import store
from tests.timeline.normalize.records import ANONYMOUS, native, record
from timeline import export, normalize, select

FORMULA = "=cmd|' /C calc'!A0"
RECORDS = (
    record(eventID="E1"),
    record(eventID="E2", eventTime="2026-01-03T00:00:00Z", userIdentity=ANONYMOUS),
    record(
        eventID="E3",
        eventTime="2026-01-04T00:00:00Z",
        userAgent=FORMULA,
        sourceIPAddress="2001:db8::1",
        errorCode="AccessDenied",
        requestParameters={"bucketName": "b", "key": "x\u202egpj\n" + "y" * 40000},
    ),
    record(eventID="E4", eventName="ListBuckets", requestParameters=None, resources=None),
)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("timeline")
    (folder / "log.json").write_bytes(native(*RECORDS))
    run("init", str(folder / "case"))
    run("import", str(folder / "log.json"), "--case", str(folder / "case"))
    made = folder / "case"
    normalize.run(made, store.items(made), made / "derived" / "events")
    return made


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def listed(case: Path, *arguments: str) -> list[dict[str, Any]]:
    result = run("timeline", "--case", str(case), "--format", "jsonl", *arguments)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["E1", "E4", "E2", "E3"]),
        (["--resource", "b"], ["E1", "E2", "E3"]),
        (["--resource", "arn:aws:s3:::b/k"], ["E1", "E2"]),
        (["--resource", "arn:aws:s3:::b/x*"], ["E3"]),
        (["--actor", "alice"], ["E1", "E4", "E3"]),
        (["--actor", "Anonymous"], ["E2"]),
        (["--actor", "*user/alice"], ["E1", "E4", "E3"]),
        (["--actor", "ALICE"], ["E1", "E4", "E3"]),
        (["--actor", "anonymous"], ["E2"]),
        (["--operation", "listbuckets"], ["E4"]),
        (["--operation", "list*"], ["E4"]),
        (["--resource", "B"], []),
        (["--ip", "198.51.100.0/24"], ["E1", "E4", "E2"]),
        (["--ip", "2001:db8::/32"], ["E3"]),
        (["--from", "2026-01-03T00:00:00Z"], ["E2", "E3"]),
        (["--to", "2026-01-03T00:00:00Z"], ["E1", "E4"]),
        (["--from", "2026-01-03T01:00:00+01:00", "--to", "2026-01-03T00:00:01Z"], ["E2"]),
        (["--operation", "ListBuckets"], ["E4"]),
        (["--outcome", "denied"], ["E3"]),
        (["--actor", "nobody"], []),
    ],
)
def test_filters(case: Path, arguments: list[str], expected: list[str]) -> None:
    assert expected == [row["provider_uid"] for row in listed(case, *arguments)]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--from", "2026-13-01T00:00:00Z"],
        ["--from", "2026-01-01T00:00:00"],
        ["--from", "2026-01-02T00:00:00Z", "--to", "2026-01-01T00:00:00Z"],
        ["--ip", "198.51.100"],
        ["--outcome", "maybe"],
        ["--format", "parquet"],
        ["--format", "csv", "--out", "/no/such/folder/x.csv"],
        ["nonsense"],
    ],
)
def test_wrong_use(case: Path, arguments: list[str]) -> None:
    result = run("timeline", "--case", str(case), *arguments)
    assert (result.exit_code, result.stdout) == (2, "")


def test_case_that_is_not_built(tmp_path: Path) -> None:
    run("init", str(tmp_path / "case"))
    result = run("timeline", "--case", str(tmp_path / "case"))
    assert result.exit_code == 2
    assert "butfor build" in result.output


def test_csv_cells_are_no_formulas(case: Path) -> None:
    result = run("timeline", "--case", str(case), "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert tuple(rows[0]) == export.NAMES
    assert f"'{FORMULA}" == rows[3]["user_agent"]
    assert not [
        cell for row in rows for cell in row.values() if cell and cell.startswith(export.FORMULA)
    ]


def test_timesketch(case: Path) -> None:
    result = run("timeline", "--case", str(case), "--format", "timesketch")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    for row in rows:
        assert {"message", "datetime", "timestamp", "timestamp_desc"} <= row.keys()
        assert all(len(str(value).encode()) <= 32766 for value in row.values())
        at = datetime.fromisoformat(row["datetime"])
        assert row["timestamp"] == int(at.timestamp()) * 1_000_000
    assert "[cut: " in rows[3]["object"]


def test_ocsf(case: Path) -> None:
    result = run("timeline", "--case", str(case), "--format", "ocsf")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    required = {
        "class_uid", "category_uid", "activity_id", "type_uid", "time", "severity_id", "metadata",
        "api", "actor", "src_endpoint", "cloud",
    }  # fmt: skip
    assert all(required <= row.keys() for row in rows)
    assert [row["type_uid"] for row in rows] == [600302, 600302, 600302, 600302]
    assert [row["status"] for row in rows] == ["Success", "Success", "Success", "Failure"]
    assert rows[3]["src_endpoint"]["ip"] == "2001:db8::1"
    assert all(row["unmapped"]["record_sha256"] for row in rows)


def test_table_spells_out_what_would_act_on_a_terminal(case: Path) -> None:
    result = run("timeline", "--case", str(case))
    assert len(result.stdout.splitlines()) == 5
    assert "\\u202e" in result.stdout
    assert "\u202e" not in result.stdout


def test_parquet_and_data_frame(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "some.parquet"
    run("timeline", "--case", str(case), "--format", "parquet", "--out", str(out), "--ip", "::/0")
    table = pq.ParquetFile(out).read()
    assert table["provider_uid"].to_pylist() == ["E3"]
    wanted = select.Filter(time_from=datetime(2026, 1, 3, tzinfo=UTC))
    frame = select.frame(case / "derived" / "events", wanted)
    assert frame["provider_uid"].tolist() == ["E2", "E3"]
    empty = select.frame(case / "derived" / "events", select.Filter(actor="nobody"))
    assert (0, len(export.NAMES)) == empty.shape


def test_show_prints_the_record_as_received(case: Path) -> None:
    first = listed(case)[0]
    for name in (first["event_uid"], "E1"):
        result = run("timeline", "--case", str(case), "show", name)
        assert result.exit_code == 0, result.output
        assert first["record_sha256"] in result.stdout
        assert json.dumps(RECORDS[0]) in result.stdout
    raw = run("timeline", "show", "E1", "--raw", "--case", str(case))
    assert json.dumps(RECORDS[0]).encode() == raw.stdout_bytes


def test_show_of_what_is_not_there(case: Path) -> None:
    assert run("timeline", "--case", str(case), "show", "E99").exit_code == 2


def test_changed_evidence_is_not_shown(case: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(case, copy)
    stored = next(path for path in copy.rglob("files/*") if path.is_file())
    stored.chmod(0o644)
    stored.write_bytes(stored.read_bytes().replace(b"alice", b"malic"))
    result = run("timeline", "--case", str(copy), "show", "E1")
    assert result.exit_code == 4
    assert "verify" in result.output
