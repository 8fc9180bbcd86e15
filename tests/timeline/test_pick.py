"""Rows picked out of derived tables, against the whole table filtered in plain Python."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.errors import CaseError
from timeline import pick

WORDS = st.sampled_from(["a", "b", "c", None])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(WORDS, WORDS), max_size=12),
    st.sets(st.sampled_from("abcd")),
    st.sets(st.sampled_from("abcd")),
    st.integers(1, 5),
)
def test_rows_are_those_of_a_plain_filter(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str | None, str | None]],
    ones: set[str],
    others: set[str],
    size: int,
) -> None:
    folder = tmp_path_factory.mktemp("pick")
    held = [{"one": one, "other": other, "n": n} for n, (one, other) in enumerate(rows)]
    shape = pa.schema([("one", pa.string()), ("other", pa.string()), ("n", pa.int64())])
    pq.write_table(pa.Table.from_pylist(held, shape), folder / "table.parquet", row_group_size=size)
    both = [row for row in held if row["one"] in ones and row["other"] in others]
    assert pick.rows(folder, "table", {"one": ones, "other": others}) == both
    numbers = [{"n": row["n"]} for row in both]
    assert pick.rows(folder, "table", {"one": ones, "other": others}, ["n"]) == numbers
    any_one = [row for row in held if row["one"] in ones or row["other"] in ones]
    assert pick.any_of(folder, "table", ("one", "other"), ones) == any_one


def test_a_table_of_several_files_in_their_order(tmp_path: Path) -> None:
    for day in (2, 1):
        (tmp_path / "events" / f"day={day}").mkdir(parents=True)
        made = pa.table({"uid": ["x", "y"], "day": [day, day]})
        pq.write_table(made, tmp_path / "events" / f"day={day}" / "events.parquet")
    assert [row["day"] for row in pick.rows(tmp_path, "events", {"uid": ("x",)}, ["day"])] == [1, 2]


def test_a_table_that_was_not_built(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="butfor build"):
        pick.rows(tmp_path, "changes", {"change_uid": ("x",)})
