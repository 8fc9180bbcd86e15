"""The table where it lies gives what the table in memory gives."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.timeline.normalize.evidence import Store
from tests.timeline.normalize.records import native, record
from timeline import events, normalize
from timeline.normalize import table
from timeline.state import source


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three days in row groups of four, so that masks run over their edges."""
    monkeypatch.setattr(table, "ROW_GROUP", 4)
    held = Store()
    for day in (1, 2, 3):
        records = [
            record(
                eventID=f"{day}-{n}", eventTime=f"2024-01-0{day}T00:00:{n:02}Z",
                eventName="PutObject" if n % 5 == 0 else "GetObject",
            )
            for n in range(11)
        ]  # fmt: skip
        held.add(native(*records), name=f"{day}.json")
    normalize.run(tmp_path, held.items, tmp_path / "events", open_item=held.open_item)
    return tmp_path / "events"


def test_columns_and_counts(out: Path) -> None:
    whole, stored = normalize.read(out), normalize.Stored(out)
    assert whole.num_rows == stored.num_rows == 33
    assert whole.column_names == stored.column_names
    for name in whole.column_names:
        assert whole[name].to_pylist() == stored[name].to_pylist()


@pytest.mark.parametrize("wanted", [["PutObject"], ["GetObject"], ["NoSuch"], []])
def test_rows_that_are_picked_out(out: Path, wanted: list[str]) -> None:
    whole, stored = normalize.read(out), normalize.Stored(out)
    assert events.of_operations(whole, wanted) == events.of_operations(stored, wanted)
    times = pa.array(sorted(whole["time"].to_pylist())[::3], whole.schema.field("time").type)
    columns = ["time", "event_uid"]
    some = [
        each.select(columns).filter(pc.is_in(each["time"], value_set=times))
        for each in (whole, stored)
    ]
    assert some[0].to_pylist() == some[1].to_pylist()
    assert {c["event_uid"] for c in some[1].to_pylist()} == {
        row["event_uid"] for row in whole.to_pylist() if row["time"] in times.to_pylist()
    }


def test_what_the_replay_asks_of_it(out: Path) -> None:
    whole, stored = normalize.read(out), normalize.Stored(out)
    assert source.actors(whole) == source.actors(stored)
    assert source.last_uses(whole) == source.last_uses(stored)
    assert source.spans(whole, None) == source.spans(stored, None)
    operations = ["PutObject"]
    assert source.rows_of(whole, "aws", operations) == source.rows_of(stored, "aws", operations)


def test_an_empty_table(tmp_path: Path) -> None:
    stored = normalize.Stored(tmp_path)
    assert stored.num_rows == 0
    assert stored["time"].to_pylist() == []
    assert events.of_services(stored, ["s3.amazonaws.com"]) == []
    assert source.actors(stored) == ()


def test_rows_of_several_providers_come_in_order_of_time(out: Path) -> None:
    first, second = table.files(out)[:2]
    for file in (first, second):
        other = table.path_of(out, "zzz", file.parts[-2].removeprefix("day="))
        other.parent.mkdir(parents=True)
        other.write_bytes(file.read_bytes())
    whole, stored = normalize.read(out), normalize.Stored(out)
    found = events.of_operations(stored, ["PutObject"])
    assert events.of_operations(whole, ["PutObject"]) == found
    times = [row["time"] for row in found]
    assert len(times) == 3 * 3 + 2 * 3
    assert sorted(times) == times
    assert source.spans(whole, None) == source.spans(stored, None)
