"""Whether any id repeats is asked by hashes first; beyond a number of rows, by the ids alone."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.timeline.normalize.evidence import Store
from tests.timeline.normalize.records import native, record
from timeline import engine, normalize
from timeline.normalize import duplicates, repeats, table
from timeline.normalize.model import IngestReport


def table_of(*ids: str, out: Path) -> Path:
    store = Store()
    store.add(native(*(record(eventID=each) for each in ids)))
    normalize.run(Path(), store.items, out, open_item=store.open_item, workers=1)
    return out


@pytest.mark.parametrize("hashed", [repeats.HASHED, 0], ids=["by hashes", "by ids"])
@pytest.mark.parametrize(("ids", "expected"), [(("A", "B", "C"), 0), (("A", "B", "A", "A"), 2)])
def test_both_ways_find_the_same(
    ids: tuple[str, ...],
    expected: int,
    hashed: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(repeats, "HASHED", hashed)
    out = table_of(*ids, out=tmp_path / "events")
    pointed = table.read(out, ["duplicate_of"])["duplicate_of"].to_pylist()
    assert len([each for each in pointed if each is not None]) == expected


@pytest.mark.parametrize(
    ("ids", "some"), [(("A",), False), (("A", "B"), False), (("A", "A"), True)]
)
def test_no_equal_hash_is_no_repeated_id(ids: tuple[str, ...], some: bool, tmp_path: Path) -> None:
    out = table_of(*ids, out=tmp_path / "events")
    paths = table.files(out)
    with engine.connect(tmp_path) as connection:
        assert duplicates._some_repeat(connection, paths, "provider_uid") is some
        assert not duplicates._some_repeat(connection, paths, "shared_uid")
        found = duplicates._looked_through(connection, paths)
    assert found == ({"provider_uid", "record_sha256"} if some else set())


ids_of = st.lists(
    st.none() | st.sampled_from(["", "a", "ab", "é", "0" * 36]) | st.text(max_size=20), max_size=30
)


def own(ids: Sequence[str | None], start: int) -> pa.RecordBatch:
    """Rows as a spool has them: cut out of more, with only the columns that ids are in."""
    columns = {
        "provider_uid": pa.array(["x", *ids, None], pa.string()),
        "record_sha256": pa.array([f"{n + start:064x}" for n in range(len(ids) + 2)]),
        "shared_uid": pa.array([None, *reversed(ids), "x"], pa.string()),
    }
    return pa.RecordBatch.from_pydict(columns).slice(1, len(ids))


@settings(max_examples=100, deadline=None)
@given(batches=st.lists(ids_of, max_size=4))
def test_no_id_that_occurs_twice_is_missed(
    batches: list[list[str | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    scratch = tmp_path_factory.mktemp("spools")
    for number, ids in enumerate(batches):
        told = repeats.Told(scratch / f"{number}.arrow")
        told.add(own(ids[:3], 1000 * number))
        told.add(own(ids[3:], 1000 * number + 500))
        told.close()
    every = [each for ids in batches for each in ids]
    present = [each for each in every if each is not None]
    found = repeats.twice(scratch, len(every))
    expected = {"provider_uid", "shared_uid"} if len(set(present)) < len(present) else set()
    assert expected == found, "short texts do not share numbers, and each record has its own bytes"


def test_rows_that_were_not_told_of_do_not_pass(tmp_path: Path) -> None:
    told = repeats.Told(tmp_path / "0.arrow")
    told.add(own(["A", "B"], 0))
    told.close()
    with pytest.raises(AssertionError, match="2 of 3 rows"):
        repeats.twice(tmp_path, 3)


def test_the_same_bytes_without_an_id(tmp_path: Path) -> None:
    told = repeats.Told(tmp_path / "0.arrow")
    for ids in ([None, "A"], [None, "B"], ["C", "D"]):
        told.add(own(ids, 0))
    told.close()
    assert repeats.twice(tmp_path, 6) == {"record_sha256"}


@pytest.mark.parametrize("repeating", [True, False])
def test_what_rows_tell_and_what_the_table_tells_are_one(repeating: bool, tmp_path: Path) -> None:
    """A run from nothing asks the numbers of the rows, a run after another the table."""
    store, out, afresh = Store(), tmp_path / "events", tmp_path / "afresh"
    day = [record(eventID=each, sharedEventID=f"{each}/s") for each in "ABC"]
    store.add(native(*day))

    def run(folder: Path) -> IngestReport:
        return normalize.run(Path(), store.items, folder, open_item=store.open_item, workers=1)

    run(out)
    store.add(native(*(day if repeating else [record(eventID="D")])))
    assert replace(run(out), reused=0) == run(afresh)
    assert table.read(out).equals(table.read(afresh))
    pointed = table.read(out, ["duplicate_of"])["duplicate_of"]
    assert len(pointed) - pointed.null_count == (3 if repeating else 0)
