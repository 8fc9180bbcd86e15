"""The same event more than once: it stays in the table, points to the first, and counts once.

- The same provider id again is a duplicate, if the copies agree wherever both say something. The
  one from which least is left out stands for them, of equal ones the first.
- The same provider id with different content is no duplicate: both count, and a gap says so.
- One call seen by several accounts has one shared id: the copies point to the record of the
  account that owns the resource.
- Access-log lines have no id: the same bytes again are a duplicate (a line carries its request id).

One request that two logs recorded gives two events, which are no copies of each other: both stay,
`same_request_as` points to the one that stands for the request, and the request counts once.
"""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from collector.model import Gap
from timeline import engine
from timeline.normalize import repeats, table
from timeline.normalize.aws import same_request
from timeline.normalize.model import at

if TYPE_CHECKING:
    import duckdb

#: Columns in which copies of one event must agree where both have a value.
SAME = (
    "time", "service", "operation", "region", "actor_uid", "actor_unique_id", "credential_uid",
    "src_ip", "outcome", "error_code", "resource_uid", "request_id",
)  # fmt: skip
_NEEDED = (
    "event_uid", "provider_uid", "shared_uid", "account_uid", "recipient_account_uid",
    "record_sha256", "evidence_item", "locator", "omitted", *same_request.NEEDED, *SAME,
)  # fmt: skip
#: Columns that point to another row; filled here, over the whole table.
FOLDED = ("duplicate_of", "same_request_as")
#: Number of the file in the order of the table, and of the row in it.
Place = tuple[int, int]
Group = list[tuple[Place, dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What folding came to.

    Attributes:
        duplicates: rows that point to another.
        same_requests: rows, no copies, of a request that another row stands for.
        gaps: ids, of events or requests, that came with different contents.
        rewritten: files whose `duplicate_of` changed.
    """

    duplicates: int
    same_requests: int
    gaps: tuple[Gap, ...]
    rewritten: tuple[Path, ...]


def fold(
    out: Path,
    scratch: Path,
    sources: Set[str],
    twice: Set[str] | None = None,
    *,
    blank: bool = False,
) -> Folded:
    """Fill `duplicate_of` and `same_request_as` in the whole table.

    Args:
        out: the folder of the table.
        scratch: where the engine may lay down what it does not hold.
        sources: of the rows.
        twice: columns in which a value may occur twice, of `repeats.KEYS`; None if not known.
        blank: no row of the table points to another yet.
    """
    paths = table.files(out)
    first: dict[Place, str] = {}
    stands: dict[Place, str] = {}
    found: list[tuple[Place, Gap]] = []
    logs = sorted(sources & set(same_request.ACCESS_LOGS)) if len(sources) > 1 else []
    if paths and (twice is None or twice or logs):
        with engine.connect(scratch) as connection:
            twice = _looked_through(connection, paths) if twice is None else twice
            if "provider_uid" in twice:
                for group in _groups(connection, paths, "provider_uid"):
                    found.extend(_same_id(group, first))
            if "record_sha256" in twice:
                for group in _groups(connection, paths, "record_sha256", "provider_uid IS NULL"):
                    first.update({place: group[0][1]["event_uid"] for place, _ in group[1:]})
            if "shared_uid" in twice:
                for group in _groups(connection, paths, "shared_uid"):
                    _shared(group, first)
            if logs and _some_repeat(connection, paths, "request_id"):
                for group in _in_several_logs(connection, paths, logs):
                    found.extend(_one_request(group, first, stands))
    by_file: dict[int, dict[str, dict[int, str]]] = {}
    for column, pointed in (("duplicate_of", first), ("same_request_as", stands)):
        for (number, row), uid in pointed.items():
            by_file.setdefault(number, {}).setdefault(column, {})[row] = uid
    rewritten = tuple(
        path
        for number, path in enumerate(paths)
        if (number in by_file or not blank) and _fill(path, by_file.get(number, {}))
    )
    gaps = tuple(gap for _, gap in sorted(found, key=lambda each: each[0]))
    return Folded(duplicates=len(first), same_requests=len(stands), gaps=gaps, rewritten=rewritten)


def _in_several_logs(
    connection: "duckdb.DuckDBPyConnection", paths: list[Path], logs: Sequence[str]
) -> Iterator[Group]:
    """Rows that share a request id, one at least a line of an access log.

    Asked only of a table that has such `logs` and another log beside them.
    """
    listed = ", ".join(f"'{source}'" for source in logs)
    having = f"bool_or(source IN ({listed}))"
    return _groups(connection, paths, "request_id", having=having)


def _groups(
    connection: "duckdb.DuckDBPyConnection",
    paths: list[Path],
    name: str,
    condition: str = "TRUE",
    having: str = "TRUE",
) -> Iterator[Group]:
    """Rows that share a value, in the order of the table within a group."""
    where = {"paths": [str(path) for path in paths]}
    numbers = {str(path): number for number, path in enumerate(paths)}
    named = dict.fromkeys((name, *_NEEDED))
    # Times as whole numbers, as in every relational step.
    columns = ", ".join(
        'epoch_us(r.time) AS "time"' if column == "time" else f'r."{column}"' for column in named
    )
    repeated = (
        f"CREATE OR REPLACE TEMP TABLE repeated AS SELECT {name} AS id "  # noqa: S608 - own names
        f"FROM read_parquet($paths, hive_partitioning = false) "
        f"WHERE {name} IS NOT NULL AND {condition} GROUP BY {name} "
        f"HAVING count(*) > 1 AND {having}"
    )
    query = (
        f"SELECT r.filename, r.file_row_number, {columns} "  # noqa: S608 - own names
        "FROM read_parquet($paths, "
        "filename = true, file_row_number = true, hive_partitioning = false) r "
        f"JOIN repeated ON r.{name} = repeated.id WHERE {condition} "
        f"ORDER BY r.{name}, r.filename, r.file_row_number"
    )
    connection.execute(repeated, where)
    if not connection.execute("SELECT 1 FROM repeated LIMIT 1").fetchall():
        return
    cursor = connection.execute(query, where)
    names = [each[0] for each in cursor.description]

    def rows() -> Iterator[tuple[Place, dict[str, Any]]]:
        while fetched := cursor.fetchmany(2048):
            for values in fetched:
                row = dict(zip(names, values, strict=True))
                yield (numbers[row["filename"]], row["file_row_number"]), row

    for _, group in itertools.groupby(rows(), key=lambda each: each[1][name]):
        yield list(group)


def _looked_through(connection: "duckdb.DuckDBPyConnection", paths: list[Path]) -> Set[str]:
    """Columns of `repeats.KEYS` in which a value may occur twice; of others it is certain.

    Values that differ in their hashes differ: hashes are a fourth of the work of grouping texts.
    """
    query = (
        "SELECT CASE WHEN provider_uid IS NULL THEN hash(record_sha256) "  # noqa: S608 - a number
        "ELSE hash(provider_uid) "
        "END AS own, CASE WHEN shared_uid IS NOT NULL THEN hash(shared_uid) END AS shared "
        "FROM read_parquet($paths, hive_partitioning = false) "
        f"LIMIT {repeats.HASHED + 1}"
    )
    found = connection.execute(query, {"paths": [str(path) for path in paths]}).fetchnumpy()
    if len(found["own"]) > repeats.HASHED:
        return frozenset(repeats.KEYS)
    own, shared = (repeats.any_twice(np.ma.compressed(each)) for each in found.values())
    return {name for name in repeats.KEYS if (shared if name == "shared_uid" else own)}


def _some_repeat(connection: "duckdb.DuckDBPyConnection", paths: list[Path], name: str) -> bool:
    """Whether a value may occur twice; false is certain."""
    query = (
        f"SELECT hash({name}) AS hash "  # noqa: S608 - own names
        "FROM read_parquet($paths, hive_partitioning = false) "
        f"WHERE {name} IS NOT NULL LIMIT {repeats.HASHED + 1}"
    )
    found = connection.execute(query, {"paths": [str(path) for path in paths]}).fetchnumpy()
    hashes = np.asarray(found["hash"])
    return len(hashes) > repeats.HASHED or repeats.any_twice(hashes)


def _fill(path: Path, pointed: Mapping[str, Mapping[int, str]]) -> bool:
    """Write the columns of `FOLDED` into one file, where they are not what the file has."""
    if not pointed and table.are_empty(path, FOLDED):
        return False
    had: dict[str, list[str | None]] = {column: [] for column in FOLDED}
    for group in table.row_groups(path, list(FOLDED)):
        for column in FOLDED:
            had[column] += group[column].to_pylist()
    now = {
        column: [pointed.get(column, {}).get(row) for row in range(len(values))]
        for column, values in had.items()
    }
    if had == now:
        return False

    def filled() -> Iterator[pa.Table]:
        start = 0
        for group in table.row_groups(path):
            end = start + group.num_rows
            for column in FOLDED:
                place = group.schema.get_field_index(column)
                values = pa.array(now[column][start:end], pa.string())
                group = group.set_column(place, group.schema.field(place), values)
            start = end
            yield group

    table.write_file(path, filled())
    return True


def _one_request(
    group: Group, first: Mapping[Place, str], stands: dict[Place, str]
) -> Iterator[tuple[Place, Gap]]:
    """Records of one request in several logs; those that contradict each other are left apart."""
    group = [(place, row) for place, row in group if place not in first]
    for told in same_request.compare([row for _, row in group]):
        place, row = group[told.row]
        if isinstance(told, same_request.Same):
            stands[place] = group[told.as_row][1]["event_uid"]
            continue
        other = group[told.from_row][1]
        gap = Gap(
            kind="not_understood",
            subject=f"request id {row['request_id']}",
            reason=f"expected two records of one request to agree, found another content than in "
            f"{other['event_uid']} ({', '.join(told.names)}): both are kept and both count",
            time_from=at(min(row["time"], other["time"])),
            time_to=at(max(row["time"], other["time"])),
            item=row["evidence_item"],
            locator=row["locator"],
        )
        yield place, gap


def _same_id(group: Group, first: dict[Place, str]) -> Iterator[tuple[Place, Gap]]:
    """Each row against the distinct contents seen before it, those with most fields first."""
    kinds: list[dict[str, Any]] = []
    for place, row in sorted(group, key=lambda each: _left_out(each[1])):
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


def _left_out(row: Mapping[str, Any]) -> int:
    """How many fields a record lacks by its own word."""
    return len(json.loads(row["omitted"])) if row["omitted"] else 0


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
