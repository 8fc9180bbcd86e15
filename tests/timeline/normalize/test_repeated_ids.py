"""Whether any id repeats is asked by hashes first; beyond a number of rows, by the ids alone."""

from pathlib import Path

import pytest

from tests.timeline.normalize.evidence import Store
from tests.timeline.normalize.records import native, record
from timeline import engine, normalize
from timeline.normalize import duplicates, table


def table_of(*ids: str, out: Path) -> Path:
    store = Store()
    store.add(native(*(record(eventID=each) for each in ids)))
    normalize.run(Path(), store.items, out, open_item=store.open_item, workers=1)
    return out


@pytest.mark.parametrize("hashed", [duplicates.HASHED, 0], ids=["by hashes", "by ids"])
@pytest.mark.parametrize(("ids", "expected"), [(("A", "B", "C"), 0), (("A", "B", "A", "A"), 2)])
def test_both_ways_find_the_same(
    ids: tuple[str, ...],
    expected: int,
    hashed: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(duplicates, "HASHED", hashed)
    out = table_of(*ids, out=tmp_path / "events")
    pointed = table.read(out, ["duplicate_of"])["duplicate_of"].to_pylist()
    assert len([each for each in pointed if each is not None]) == expected


@pytest.mark.parametrize(
    ("ids", "some"), [(("A",), False), (("A", "B"), False), (("A", "A"), True)]
)
def test_no_equal_hash_is_no_repeated_id(ids: tuple[str, ...], some: bool, tmp_path: Path) -> None:
    out = table_of(*ids, out=tmp_path / "events")
    where = {"paths": [str(path) for path in table.files(out)]}
    with engine.connect(tmp_path) as connection:
        assert duplicates._some_repeat(connection, where, "provider_uid", "TRUE") is some
        assert not duplicates._some_repeat(
            connection, where, "provider_uid", "provider_uid IS NULL"
        )
