"""A run after another reads only what is new, and gives the bytes of a run from nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import generate
from tests.timeline.normalize.evidence import Store
from tests.timeline.normalize.records import native, record
from timeline import normalize
from timeline.normalize import duplicates, spool, table
from timeline.normalize.coded import sizes_of
from timeline.normalize.model import IngestReport, Parser


def content(out: Path) -> dict[str, bytes]:
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def run(store: Store, out: Path) -> IngestReport:
    return normalize.run(Path(), store.items, out, open_item=store.open_item, workers=1)


def event(day: int, number: int, **changed: Any) -> dict[str, Any]:
    return record(
        eventTime=f"2026-01-{day:02}T00:00:{number:02}Z", eventID=f"{day}/{number}", **changed
    )


def three_days() -> Store:
    store = Store()
    for day in (1, 2, 3):
        store.add(native(*(event(day, number) for number in (3, 1, 1, 2))))
    store.add(b"no log", "x.log")
    store.add(b"# where from", "SOURCE.md")
    return store


def test_the_same_again_reads_nothing(tmp_path: Path) -> None:
    store, out = three_days(), tmp_path / "events"
    first = run(store, out)
    before = content(out)
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*.parquet")}
    again = run(store, out)
    assert (first.reused, again.reused) == (0, 5)
    assert replace(again, reused=0) == first
    assert before == content(out)
    assert times == {path: path.stat().st_mtime_ns for path in out.rglob("*.parquet")}
    assert not (tmp_path / "events.scratch").exists()


def test_a_new_day_costs_that_day(tmp_path: Path) -> None:
    store, out, afresh = three_days(), tmp_path / "events", tmp_path / "afresh"
    run(store, out)
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*.parquet")}
    store.add(native(event(4, 1), event(4, 0)))
    report = run(store, out)
    assert report.reused == 5
    assert report.again() == "items 6 = read 1 + as in the last build 5"
    assert times.items() <= {p: p.stat().st_mtime_ns for p in out.rglob("*.parquet")}.items()
    run(store, afresh)
    assert content(afresh) == content(out)


def test_new_rows_in_old_days_and_duplicates_across(tmp_path: Path) -> None:
    store, out, afresh = three_days(), tmp_path / "events", tmp_path / "afresh"
    run(store, out)
    # A trail of another Region delivers a day again, and a file from before it all turns up.
    store.add(native(*(event(2, number) for number in (1, 2, 3)), event(2, 9)))
    early = store.add(native(event(1, 1)))
    store.items[-1] = replace(early, uid="EV-0.f1")
    store.held["EV-0.f1"] = store.held[early.uid]
    report = run(store, out)
    run(store, afresh)
    assert content(afresh) == content(out)
    assert report.reused == 5
    rows = list(normalize.rows(out))
    assert next(r for r in rows if r["event_uid"] == "EV-1.f1/1")["duplicate_of"] == "EV-0.f1/0"
    assert report.duplicates == sum(row["duplicate_of"] is not None for row in rows)


def test_a_withdrawn_item_takes_its_rows_away(tmp_path: Path) -> None:
    store, out, afresh = three_days(), tmp_path / "events", tmp_path / "afresh"
    run(store, out)
    del store.items[1]
    report = run(store, out)
    run(store, afresh)
    assert content(afresh) == content(out)
    assert (report.reused, report.rows) == (4, 8)
    assert len(list(out.rglob("*.parquet"))) == 2


def test_a_changed_parser_reads_anew_what_it_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, out = three_days(), tmp_path / "events"
    run(store, out)
    changed = tuple(
        replace(parser, version=99) if parser.source == "aws.s3_access_log" else parser
        for parser in normalize.PARSERS
    )
    monkeypatch.setattr(normalize, "PARSERS", changed)
    # The clean logs were read by another parser; the gap and the paper it might now read.
    assert run(store, out).reused == 3


@pytest.mark.parametrize("name", ["ingest.json", "*.parquet"])
def test_tampering_means_reading_everything(name: str, tmp_path: Path) -> None:
    store, out = three_days(), tmp_path / "events"
    run(store, out)
    before = content(out)
    path = next(out.rglob(name))
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert run(store, out).reused == 0
    assert before == content(out)


def test_row_groups_and_batches_do_not_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that interleave between files and batches come out in total order."""
    store = Store()
    for item in range(7):
        store.add(native(*(event(1, (item * 13 + number * 7) % 60) for number in range(20))))
    run(store, tmp_path / "whole")
    expected = normalize.read(tmp_path / "whole").to_pylist()
    monkeypatch.setattr(table, "ROW_GROUP", 16)
    monkeypatch.setattr(spool, "BATCH_BYTES", 1)
    run(store, tmp_path / "cut")
    assert expected == normalize.read(tmp_path / "cut").to_pylist()
    keys = [(row["time"], int(row["evidence_item"][6:]), row["locator"]) for row in expected]
    assert sorted(keys, key=lambda k: (*k[:2], int(k[2].partition("@")[0]))) == keys


def test_what_folding_came_to_is_taken_over_with_its_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing new: the table is not looked through again, and every sum and gap is the same."""
    store, out = three_days(), tmp_path / "events"
    store.add(native(event(1, 1, sourceIPAddress="192.0.2.77")))
    first = run(store, out)
    assert first.conflicts == 1
    with monkeypatch.context() as patched:
        patched.setattr(duplicates, "fold", None)
        assert replace(run(store, out), reused=0) == first
    store.items.pop()
    assert run(store, out).conflicts == 0


#: The items of `logs` that are access logs.
LINES = slice(0, 4)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Trails and access logs of the same hours: parameters that repeat, and some that do not."""
    folder = tmp_path_factory.mktemp("logs")
    generate.cloudtrail(folder / "trail", 500, 90)
    generate.access_log(folder / "lines", 1500, 400)
    store = Store()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            store.add(path.read_bytes(), path.name)
    return store


def one_by_one() -> tuple[Parser, ...]:
    return tuple(replace(each, read_block=None, read_pieces=None) for each in normalize.PARSERS)


@pytest.mark.parametrize(
    ("logged", "at_most"), [(slice(None), 100_000), (LINES, 1 << 30), (slice(4, None), 1 << 30)]
)
def test_bytes_do_not_depend_on_how_rows_came(
    logged: slice, at_most: int, logs: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In small batches, read one by one, or taken over from an earlier run in part."""
    monkeypatch.setattr(table, "ROW_GROUP", 1024)
    monkeypatch.setattr(table, "GROUP_BYTES", at_most)
    store = Store()
    store.held, store.items = logs.held, logs.items[logged]
    run(store, tmp_path / "whole")
    expected = content(tmp_path / "whole")
    with monkeypatch.context() as patched:
        patched.setattr(spool, "BATCH_BYTES", 1)
        run(store, tmp_path / "small")
        patched.setattr(normalize, "PARSERS", one_by_one())
        run(store, tmp_path / "one by one")
    last = store.items.pop(1)
    run(store, tmp_path / "parts")
    store.items.insert(1, last)
    assert run(store, tmp_path / "parts").reused == len(store.items) - 1
    for name in ("small", "one by one", "parts"):
        assert content(tmp_path / name) == expected, name
    (path,) = (tmp_path / "whole").rglob("*.parquet")
    assert has_dictionary(path, "params") is (logged == LINES), "lines repeat what was asked"


def test_a_row_group_ends_before_its_parameters_are_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "GROUP_BYTES", 3_000)
    sizes = [10, 10, 2_500, 10, 9_000, 10, 10]
    store = Store()
    store.add(
        native(
            *(
                event(1, number, eventName="PutObject", requestParameters={"key": "k" * size})
                for number, size in enumerate(sizes)
            )
        )
    )
    run(store, tmp_path / "events")
    (path,) = table.files(tmp_path / "events")
    told = pq.read_metadata(path)
    groups = list(table.row_groups(path, ["params"]))
    assert sum(told.row_group(n).num_rows for n in range(told.num_row_groups)) == len(sizes)
    long = [sum(len(each) for each in group["params"].to_pylist()) for group in groups]
    assert all(
        size <= 3_000 or group.num_rows == 1 for size, group in zip(long, groups, strict=True)
    )
    assert [group.num_rows for group in groups] != [1] * len(sizes)


def test_bytes_under_a_null_do_not_count() -> None:
    buffers = [b"\x0d", np.array([0, 1, 4, 5, 5], np.int32).tobytes(), b"abbbc"]
    texts = pa.Array.from_buffers(pa.string(), 4, list(map(pa.py_buffer, buffers)))
    assert texts.to_pylist() == ["a", None, "c", ""]
    assert sizes_of(texts).tolist() == [1, 0, 1, 0]
    assert sizes_of(texts.slice(1, 2)).tolist() == [0, 1]
    assert sizes_of(texts.slice(0, 0)).tolist() == []


def has_dictionary(path: Path, name: str) -> bool:
    group = pq.read_metadata(path).row_group(0)
    (column,) = (
        group.column(n) for n in range(group.num_columns) if group.column(n).path_in_schema == name
    )
    return bool(column.has_dictionary_page)
