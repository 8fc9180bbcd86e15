"""The same event more than once: it stays in the table, points to the first, and counts once.

- The same provider id again is a duplicate, if the copies agree wherever both say something.
- The same provider id with different content is no duplicate: both count, and a gap says so.
- One call seen by several accounts has one shared id: the copies point to the record of the
  account that owns the resource.
- Access-log lines have no id: the same bytes again are a duplicate (a line carries its request id).
"""

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from collector.model import Gap
from timeline import engine
from timeline.normalize import table
from timeline.normalize.model import at

#: Columns in which copies of one event must agree where both have a value.
SAME = (
    "time", "service", "operation", "region", "actor_uid", "actor_unique_id", "credential_uid",
    "src_ip", "outcome", "error_code", "resource_uid", "request_id",
)  # fmt: skip
_NEEDED = (
    "event_uid", "provider_uid", "shared_uid", "account_uid", "recipient_account_uid",
    "record_sha256", "evidence_item", "locator", "params", *SAME,
)  # fmt: skip
#: Number of the file in the order of the table, and of the row in it.
Place = tuple[int, int]
Group = list[tuple[Place, dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What folding came to.

    Attributes:
        duplicates: rows that point to another.
        gaps: ids that came with different contents.
        rewritten: files whose `duplicate_of` changed.
    """

    duplicates: int
    gaps: tuple[Gap, ...]
    rewritten: tuple[Path, ...]


def fold(out: Path, scratch: Path) -> Folded:
    """Fill `duplicate_of` in the whole table."""
    paths = table.files(out)
    first: dict[Place, str] = {}
    found: list[tuple[Place, Gap]] = []
    if paths:
        for group in _groups(paths, "provider_uid", scratch):
            found.extend(_same_id(group, first))
        for group in _groups(paths, "record_sha256", scratch, "provider_uid IS NULL"):
            first.update({place: group[0][1]["event_uid"] for place, _ in group[1:]})
        for group in _groups(paths, "shared_uid", scratch):
            _shared(group, first)
    by_file: dict[int, dict[int, str]] = {}
    for (number, row), uid in first.items():
        by_file.setdefault(number, {})[row] = uid
    rewritten = tuple(
        path for number, path in enumerate(paths) if _fill(path, by_file.get(number, {}))
    )
    gaps = tuple(gap for _, gap in sorted(found, key=lambda each: each[0]))
    return Folded(duplicates=len(first), gaps=gaps, rewritten=rewritten)


def _groups(
    paths: list[Path], name: str, scratch: Path, condition: str = "TRUE"
) -> Iterator[Group]:
    """Rows that share a value, in the order of the table within a group."""
    numbers = {str(path): number for number, path in enumerate(paths)}
    named = dict.fromkeys((name, *_NEEDED))
    # Times as whole numbers, as in every relational step.
    columns = ", ".join(
        'epoch_us(r.time) AS "time"' if column == "time" else f'r."{column}"' for column in named
    )
    query = (
        f"WITH repeated AS (SELECT {name} AS id FROM read_parquet($paths) "  # noqa: S608 - own names
        f"WHERE {name} IS NOT NULL AND {condition} GROUP BY {name} HAVING count(*) > 1) "
        f"SELECT r.filename, r.file_row_number, {columns} FROM read_parquet($paths, "
        "filename = true, file_row_number = true, hive_partitioning = false) r "
        f"JOIN repeated ON r.{name} = repeated.id WHERE {condition} "
        f"ORDER BY r.{name}, r.filename, r.file_row_number"
    )
    connection = engine.connect(scratch)
    try:
        cursor = connection.execute(query, {"paths": [str(path) for path in paths]})
        names = [each[0] for each in cursor.description]

        def rows() -> Iterator[tuple[Place, dict[str, Any]]]:
            while fetched := cursor.fetchmany(2048):
                for values in fetched:
                    row = dict(zip(names, values, strict=True))
                    yield (numbers[row["filename"]], row["file_row_number"]), row

        for _, group in itertools.groupby(rows(), key=lambda each: each[1][name]):
            yield list(group)
    finally:
        connection.close()


def _fill(path: Path, first: Mapping[int, str]) -> bool:
    """Write `duplicate_of` into one file, if it is not what the file has."""
    if not first and table.is_empty(path, "duplicate_of"):
        return False
    had = [
        value
        for group in table.row_groups(path, ["duplicate_of"])
        for value in group["duplicate_of"].to_pylist()
    ]
    now = [first.get(row) for row in range(len(had))]
    if had == now:
        return False

    def filled() -> Iterator[pa.Table]:
        start = 0
        for group in table.row_groups(path):
            values = pa.array(now[start : start + group.num_rows], pa.string())
            start += group.num_rows
            place = group.schema.get_field_index("duplicate_of")
            yield group.set_column(place, group.schema.field(place), values)

    table.write_file(path, filled())
    return True


def _same_id(group: Group, first: dict[Place, str]) -> Iterator[tuple[Place, Gap]]:
    """Each row against the distinct contents seen before it."""
    kinds: list[dict[str, Any]] = []
    for place, row in group:
        like = next((kind for kind in kinds if not differing(kind, row)), None)
        if like is not None:
            first[place] = like["event_uid"]
            continue
        if kinds:
            names = ", ".join(differing(kinds[0], row))
            gap = Gap(
                kind="not_understood",
                subject=f"event id {row['provider_uid']}",
                reason=f"expected one content for one event id, found another than in "
                f"{kinds[0]['event_uid']} ({names}): both are kept and both count",
                time_from=at(row["time"]),
                time_to=at(row["time"]),
                item=row["evidence_item"],
                locator=row["locator"],
            )
            yield place, gap
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


def _shared(group: Group, first: dict[Place, str]) -> None:
    """Copies in other accounts point to the record of the resource's owner."""
    group = [(place, row) for place, row in group if place not in first]
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
    for place, row in group:
        same = row["operation"] == owner["operation"]
        elsewhere = row["recipient_account_uid"] != owner["recipient_account_uid"]
        if same and elsewhere:
            first[place] = owner["event_uid"]
