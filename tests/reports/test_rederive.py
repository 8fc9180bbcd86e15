"""`butfor verify --row` on the built-in incident: every row again from its bytes."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import butfor
from reports import csv_table, table_file
from reports.model import Native
from timeline import rederive

EDITION = Path("exhibits/draft-001")


def run(*arguments: object) -> tuple[int, dict[str, Any]]:
    """Exit code and `--json` of `butfor verify …`."""
    done = CliRunner().invoke(butfor.main, ["verify", *map(str, arguments), "--json"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    found = json.loads(done.stdout) if done.stdout.startswith("{") else {"said": done.output}
    return done.exit_code, found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in incident, as `butfor demo` makes it; only copies of it are altered."""
    case = tmp_path_factory.mktemp("rederive") / "case"
    done = CliRunner().invoke(butfor.main, ["demo", str(case)])
    assert done.exit_code == 0, done.output
    return case


@pytest.fixture
def case(made: Path, tmp_path: Path) -> Path:
    """A copy to alter."""
    return Path(shutil.copytree(made, tmp_path / "case"))


def tables(case: Path) -> list[Path]:
    """Native tables of the edition."""
    found = sorted((case / EDITION).glob("exhibit-*.csv"))
    assert len(found) >= 7
    return [*found, *(path.with_suffix(".parquet") for path in found)]


def table(case: Path, name: str, ending: str = "csv") -> Path:
    """The table of one exhibit."""
    (found,) = (case / EDITION).glob(f"exhibit-*-{name}.{ending}")
    return found


def differing(report: dict[str, Any], part: str = "differences") -> set[str]:
    """Columns in one list of a report."""
    return {one["column"] for row in report["rows"] for one in row[part]}


def test_every_row_of_every_exhibit_is_derived_again(made: Path) -> None:
    for path in tables(made):
        code, report = run("--row", "all", path)
        assert code == 0, (path.name, [row for row in report["rows"] if row["exit"]][:2])
        count = pq.ParquetFile(path.with_suffix(".parquet")).metadata.num_rows
        assert len(report["rows"]) == count > 0
        for row in report["rows"]:
            assert row["record_sha256"] or row["computed"], row


def test_every_row_stands_against_tables_derived_anew(made: Path) -> None:
    for name in ("configuration-history", "access-summary", "but-for-matrix"):
        code, report = run("--row", "all", table(made, name), "--rebuild")
        assert code == 0, differing(report)
        assert "anew from the evidence" in report["rows"][0]["computed"][0]


def test_events_and_changes_by_their_ids(made: Path) -> None:
    assert run("--case", made, "--row", "EV-1.f2/1")[0] == 3  # values need the other records
    code, report = run("--case", made, "--row", "EV-1.f2/1", "--rebuild")
    assert code == 0, report
    code, report = run("--case", made, "--row", "EV-1.f9/0")
    assert (code, len(report["rows"])) == (0, 1)
    assert run("--case", made, "--row", "EV-9.f9/9")[0] == 2


def test_a_changed_byte_of_custody_is_an_integrity_failure(case: Path) -> None:
    custody = case / "custody.jsonl"
    custody.chmod(0o644)
    custody.write_bytes(custody.read_bytes().replace(b'"case made"', b'"case MADE"', 1))
    for name in ("chain-of-custody", "access-summary"):
        assert run("--row", f"{table(case, name)}:1")[0] == 4


def test_a_changed_byte_of_evidence_is_an_integrity_failure(case: Path) -> None:
    path = table(case, "configuration-history")
    item = pq.read_table(path.with_suffix(".parquet")).to_pylist()[0]["evidence_item"]
    stored = next((case / "evidence").glob(f"0001-*/files/{int(item.partition('.f')[2]):08}-*"))
    sound = stored.read_bytes()
    for at in (0, 12, len(sound) // 2, len(sound) - 5):
        stored.chmod(0o644)
        stored.write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
        code, report = run("--row", f"{path}:1")
        assert code == 4, at
        assert f"stored bytes of {item}" in differing(report, "altered")
        assert run("--row", "all", path)[0] == 4
    other = pq.read_table(path.with_suffix(".parquet")).to_pylist()[-1]
    assert other["evidence_item"] != item
    assert run("--row", f"{path}:{other['row']}")[0] == 0  # its own bytes stand
    assert run("--row", f"{path}:{other['row']}", "--rebuild")[0] == 4  # those of others count
    stored.write_bytes(sound[:-1])
    assert run("--row", f"{path}:1")[0] == 4
    stored.unlink()
    assert run("--row", f"{path}:1")[0] == 4


def test_ledger_and_bytes_rewritten_together_do_not_stand_against_custody(case: Path) -> None:
    import gzip
    import hashlib

    (folder,) = (case / "evidence").glob("0001-*")
    line, *rest = (folder / "files.jsonl").read_text().splitlines(keepends=True)
    value = json.loads(line)
    stored = folder / value["stored"]
    sound = stored.read_bytes()
    forged = gzip.compress(gzip.decompress(sound).replace(b"192.0.2.10", b"192.0.2.11"))
    for name in ("sha256", "sha512"):
        old, new = (hashlib.new(name, raw).hexdigest() for raw in (sound, forged))
        assert old in line
        line = line.replace(old, new)
    line = line.replace(f":{len(sound)},", f":{len(forged)},")
    for path, raw in ((stored, forged), (folder / "files.jsonl", (line + "".join(rest)).encode())):
        path.chmod(0o644)
        path.write_bytes(raw)
    code, report = run("--case", case, "--row", "EV-1.f1/0")
    assert code == 4
    assert "files.jsonl of acquisition 1" in differing(report, "altered")


@pytest.mark.parametrize(
    ("name", "old", "new", "column"),
    [
        ("access-summary", ',"ALLOWED",', ',"DENIED",', "decision"),
        ("access-summary", '"198.51.100.23"', '"198.51.100.24"', "address"),
        ("but-for-matrix", ',32,"EV-1.f14/2"', ',33,"EV-1.f14/2"', "requests"),
        ("configuration-history", ',"sets",', ",,", "effect"),
        ("configuration-history", ",true,", ",false,", "accepted"),
        ("evidence-index", ',"import",1,771,1,', ',"import",1,771,2,', "records"),
        ("chain-of-custody", '"case made"', '"case remade"', "why"),
        ("gaps-and-limits", '"logging_off"', '"opaque"', "kind"),
    ],
)
def test_a_changed_cell_of_a_csv(case: Path, name: str, old: str, new: str, column: str) -> None:
    path = table(case, name)
    text = path.read_bytes().decode()
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode())
    code, report = run("--row", "all", path)
    assert (code, differing(report)) == (1, {column})
    (wrong,) = [row for row in report["rows"] if row["exit"]]
    number = int(wrong["row"].rpartition(":")[2])
    shown = pq.read_table(path.with_suffix(".parquet")).to_pylist()[number - 1]
    printed = shown.get("row", shown.get("seq"))
    assert run("--row", f"{path}:{printed}")[0] == 1


def test_a_changed_cell_of_a_parquet_exhibit(case: Path) -> None:
    path = table(case, "access-summary", "parquet")
    alter(path, "bytes_out", lambda value: (value or 0) + 1)
    code, report = run("--row", f"{path}:1")
    assert (code, differing(report)) == (1, {"bytes_out"})


def test_rows_cut_off_or_unreadable(case: Path) -> None:
    path = table(case, "access-summary")
    text = path.read_bytes()
    path.write_bytes(text[: text[:-2].rindex(b"\r\n") + 2])
    code, report = run("--row", f"{path}:1")
    assert (code, differing(report)) == (1, {"number of rows"})
    path.write_bytes(b'"row"\r\n"unclosed')
    code, report = run("--row", f"{path}:1")
    assert (code, differing(report)) == (1, {"file", "row"})


def test_a_row_too_many(case: Path) -> None:
    path = table(case, "gaps-and-limits")
    text = path.read_bytes()
    row = text.splitlines(keepends=True)[1]
    path.write_bytes(text + row.replace(b"1,", b"2,", 1))
    assert run("--row", f"{path}:2")[0] == run("--row", "all", path)[0] == 1
    assert run("--row", f"{path}:3")[0] == 2


def test_a_changed_cell_of_derived_events(case: Path) -> None:
    day = sorted((case / "derived" / "events").rglob("*.parquet"))[0]
    uid = pq.ParquetFile(day).read().to_pylist()[0]["event_uid"]
    alter(day, "src_ip", lambda _: "203.0.113.99")
    code, report = run("--case", case, "--row", uid)
    assert code == 1
    (one,) = [d for row in report["rows"] for d in row["differences"] if d["column"] == "src_ip"]
    assert one["found"] == "203.0.113.99" != one["expected"]


def test_a_changed_cell_of_derived_changes_and_all_that_follows_from_it(case: Path) -> None:
    file = case / "derived" / "changes.parquet"
    uid = alter(file, "party", lambda _: "another")["change_uid"]
    assert run("--case", case, "--row", uid)[0] == 3
    code, report = run("--case", case, "--row", uid, "--rebuild")
    assert code == 1
    assert differing(report) == {"party"}
    path = table(case, "configuration-history")
    code, report = run("--row", f"{path}:1")
    assert code == 1
    assert differing(report) >= {"derived/changes.parquet", "party"}
    code, report = run("--row", f"{path}:1", "--rebuild")
    assert differing(report) == {"derived/changes.parquet"}  # the exhibit itself still stands


def test_what_is_no_row_is_a_usage_error(made: Path) -> None:
    path = table(made, "access-summary")
    for arguments in (
        ("--row", f"{path}:99999"),
        ("--row", f"{made / EDITION / 'index.csv'}:1"),
        ("--row", f"{made / 'nothing.csv'}:1", "--case", made),
        ("--row", "all"),
        ("--rebuild", made),
        ("--row", f"{path}:1", "--record"),
        ("--row", f"{path}:1", "--all"),
    ):
        code, report = run(*arguments)
        assert code == 2, report


def test_without_a_row_it_is_the_check_of_the_case(made: Path) -> None:
    code, report = run(made)
    assert code == 0
    assert report["kind"] == "case"


def alter(path: Path, column: str, change: Any) -> dict[str, Any]:
    """Change one cell of the first row; returns the row as it was."""
    old = pq.ParquetFile(path).read()
    rows = old.to_pylist()
    values = [change(rows[0][column]), *(row[column] for row in rows[1:])]
    at = old.schema.get_field_index(column)
    kind = old.schema.field(at).type
    pq.write_table(old.set_column(at, old.schema.field(at), pa.array(values, kind)), path)
    return dict(rows[0])


_CELLS = st.tuples(
    st.none() | st.text(), st.none() | st.integers(-(2**53), 2**53), st.none() | st.booleans()
)


@given(st.lists(_CELLS, min_size=1, max_size=5))
def test_what_was_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, Any, Any]]
) -> None:
    columns = (("a", "text"), ("b", "int"), ("c", "bool"))
    path = tmp_path_factory.mktemp("cells") / "t.csv"
    path.write_bytes(csv_table.encode(Native(columns=columns, rows=tuple(rows))))
    assert [tuple(row.values()) for row in table_file.read(path, columns)] == rows


def test_true_is_not_one_and_absent_is_not_empty() -> None:
    found = rederive.compare({"a": 1, "b": None, "c": "x"}, {"a": True, "b": "", "c": "x"})
    assert [one.column for one in found] == ["a", "b"]
