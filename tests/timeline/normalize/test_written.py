"""How columns are written does not show in what is read, by whatever reader."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.normalize import duplicates, table
from timeline.schema import schema

TARGET = schema("events")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WHOLE = st.integers(-(2**63), 2**63 - 1)
TIMES = st.integers(-(2**40), 2**50).map(lambda at: EPOCH + timedelta(microseconds=at))
#: Lone surrogates are no text: no parser hands them on.
TEXTS = st.one_of(
    st.sampled_from(["", "-", "ab"]), st.text(st.characters(codec="utf-8"), max_size=9)
)


def values_of(kind: pa.DataType) -> st.SearchStrategy[Any]:
    if pa.types.is_timestamp(kind):
        return TIMES
    if pa.types.is_boolean(kind):
        return st.booleans()
    return WHOLE if pa.types.is_integer(kind) else TEXTS


@st.composite
def rows(draw: st.DrawFn) -> pa.Table:
    """Some rows; any column may be null, or one value throughout."""
    count = draw(st.integers(1, 40))
    columns = []
    for field in TARGET:
        few = draw(st.lists(st.none() | values_of(field.type), min_size=1, max_size=6))
        picked = draw(st.lists(st.integers(0, 40), min_size=count, max_size=count))
        columns.append(pa.array([few[each % len(few)] for each in picked], field.type))
    return pa.Table.from_arrays(columns, schema=TARGET)


@settings(max_examples=25, deadline=None)
@given(whole=rows())
def test_every_reader_finds_the_values_that_were_written(
    whole: pa.Table, tmp_path_factory: Any
) -> None:
    path = Path(tmp_path_factory.mktemp("written")) / "events.parquet"
    table.write_file(path, iter([whole]))
    found = pq.read_table(path, partitioning=None)
    assert found.schema.equals(TARGET)
    assert found.equals(whole)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone='UTC'")
        columns = ", ".join(
            f'epoch_us("{field.name}")' if pa.types.is_timestamp(field.type) else f'"{field.name}"'
            for field in TARGET
        )
        query = f"SELECT {columns} FROM read_parquet(?, hive_partitioning = false)"
        asked = connection.execute(query, [str(path)]).fetchall()
    plain = [
        whole[field.name].cast(pa.int64()) if pa.types.is_timestamp(field.type) else whole[i]
        for i, field in enumerate(TARGET)
    ]
    assert list(zip(*(column.to_pylist() for column in plain), strict=True)) == asked


def test_columns_are_of_the_table_and_of_the_kind_that_their_encoding_needs() -> None:
    assert set(table.NAMES) >= table.DISTINCT | table.UNPACKED | set(table.BOUNDED)
    assert set(table.BY_CHANCE) <= table.DISTINCT
    assert set(duplicates.FOLDED) <= set(table.BOUNDED)
    for name in table.COUNTS:
        kind = TARGET.field(name).type
        assert pa.types.is_integer(kind) or pa.types.is_timestamp(kind), name


def test_whether_columns_are_empty_is_told_by_the_file(tmp_path: Path) -> None:
    row: dict[str, Any] = {field.name: None for field in TARGET}
    path = tmp_path / "events.parquet"
    table.write_file(path, iter([pa.Table.from_pylist([row] * 3, schema=TARGET)]))
    assert table.are_empty(path, duplicates.FOLDED)
    told = row | {"duplicate_of": "EV-1.f1/0"}
    table.write_file(path, iter([pa.Table.from_pylist([row, told], schema=TARGET)]))
    assert not table.are_empty(path, duplicates.FOLDED)
    assert table.are_empty(path, ["same_request_as"])
    assert not table.are_empty(path, ["host_id"]), "no bounds, no word about it"
