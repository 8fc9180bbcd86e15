"""The same event more than once: it stays in the table, points to the first, and counts once.

- The same provider id again is a duplicate, if the copies agree wherever both say something.
- The same provider id with different content is no duplicate: both count, and a gap says so.
- One call seen by several accounts has one shared id: the copies point to the record of the
  account that owns the resource.
- Access-log lines have no id: the same bytes again are a duplicate (a line carries its request id).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from collector.model import Gap

#: Columns in which copies of one event must agree where both have a value.
SAME = (
    "time", "service", "operation", "region", "actor_uid", "actor_unique_id", "credential_uid",
    "src_ip", "outcome", "error_code", "resource_uid", "request_id",
)  # fmt: skip
_NEEDED = (
    "event_uid", "provider_uid", "shared_uid", "account_uid", "recipient_account_uid", "source",
    "record_sha256", "evidence_item", "locator", "params", *SAME,
)  # fmt: skip


def fold(table: pa.Table) -> tuple[pa.Table, tuple[Gap, ...]]:
    """Fill `duplicate_of` in a sorted table; gaps for ids that came with different contents."""
    first: dict[int, str] = {}
    gaps: list[Gap] = []
    for group in _groups(table, "provider_uid"):
        gaps.extend(_same_id(group, first))
    bare = pc.is_null(table["provider_uid"])
    for group in _groups(table, "record_sha256", bare):
        for index, _ in group[1:]:
            first[index] = group[0][1]["event_uid"]
    for group in _groups(table, "shared_uid"):
        _shared(group, first)
    column: list[str | None] = [None] * table.num_rows
    for index, uid in first.items():
        column[index] = uid
    place = table.schema.get_field_index("duplicate_of")
    return table.set_column(place, table.schema.field(place), pa.array(column, pa.string())), tuple(
        gaps
    )


def _groups(
    table: pa.Table,
    name: str,
    mask: Any = None,  # noqa: ANN401 - pyarrow has no stubs
) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    """Rows that share a value, as lists of (row number, row), in the order of the table."""
    column = table[name] if mask is None else pc.if_else(mask, table[name], None)
    counts = pc.value_counts(column.drop_null())
    repeated = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
    if not len(repeated):
        return
    chosen = pc.indices_nonzero(pc.is_in(column, value_set=repeated))
    rows = table.select(_NEEDED).take(chosen).to_pylist()
    found: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for index, row in zip(chosen.to_pylist(), rows, strict=True):
        found.setdefault(row[name], []).append((index, row))
    yield from found.values()


def _same_id(group: list[tuple[int, dict[str, Any]]], first: dict[int, str]) -> Iterator[Gap]:
    """Each row against the distinct contents seen before it."""
    kinds: list[dict[str, Any]] = []
    for index, row in group:
        like = next((kind for kind in kinds if not differing(kind, row)), None)
        if like is not None:
            first[index] = like["event_uid"]
            continue
        if kinds:
            names = ", ".join(differing(kinds[0], row))
            yield Gap(
                kind="not_understood",
                subject=f"event id {row['provider_uid']}",
                reason=f"expected one content for one event id, found another than in "
                f"{kinds[0]['event_uid']} ({names}): both are kept and both count",
                time_from=row["time"],
                time_to=row["time"],
                item=row["evidence_item"],
                locator=row["locator"],
            )
        kinds.append(row)


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Names of what two records say differently; silence on one side is no difference."""
    names = [
        name
        for name in SAME
        if one[name] is not None and other[name] is not None and one[name] != other[name]
    ]
    if one["params"] and other["params"] and one["params"] != other["params"]:
        mine, theirs = json.loads(one["params"]), json.loads(other["params"])
        for name in ("requestParameters", "responseElements"):
            if mine.get(name) and theirs.get(name) and mine[name] != theirs[name]:
                names.append(name)
    return names


def _shared(group: list[tuple[int, dict[str, Any]]], first: dict[int, str]) -> None:
    """Copies in other accounts point to the record of the resource's owner."""
    group = [(index, row) for index, row in group if index not in first]
    if len({row["recipient_account_uid"] for _, row in group}) < 2:
        return
    owner = next(
        (
            row
            for _, row in group
            if row["recipient_account_uid"] and row["recipient_account_uid"] == row["account_uid"]
        ),
        group[0][1],
    )
    for index, row in group:
        same = row["operation"] == owner["operation"]
        elsewhere = row["recipient_account_uid"] != owner["recipient_account_uid"]
        if same and elsewhere:
            first[index] = owner["event_uid"]
