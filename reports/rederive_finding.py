"""`butfor verify --row F-01`: every number of a finding again from the bytes of its records.

1. the accesses that the finding counts are picked from the derived tables, as its own `refs` say,
   and those inside its windows, with the records that say what another log's record of the same
   request does not
2. each of them, and each change that the finding names, is cut out, hashed and parsed again, and
   every column of `events` compared with the stored row (`rederive_row.against_bytes`)
3. from the rows that come out, counts, distinct objects, addresses, bytes and times are counted
   again and compared with `findings.json`, one result a number
4. the numbers and times that its statement prints are among those: one that is not is named
5. which accesses are meant, and what the evaluator returns without a change, rests on all records:
   named as computed, and compared, with the statement as a whole, by `--rebuild`
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from collector.errors import UsageError
from reports import rederive_row
from reports.rederive_row import Cited, Result
from timeline import rederive, tables
from timeline.correlate import wording
from timeline.rederive import Difference

NAME = re.compile(r"(?:F-\d+|finding-[0-9a-f]{16})")
METHODS = "docs/methods/decision.md, docs/methods/causation.md"

#: How a finding names its accesses (`timeline/correlate/refs.py`).
_REF = re.compile(
    r"select .* (?P<tail>"
    r"from 'access_classes\.parquet' a join 'events/\*\*/\*\.parquet' e using \(event_uid\) "
    r"where a\.class_uid in \('class-[0-9a-f]+'(?:, 'class-[0-9a-f]+')*\) and "
    r"(?:a\.agreement = 'contradicts'|a\.logged = 'success' and a\.in_incident) and "
    r"e\.time between timestamptz '[0-9 :.+-]+' and timestamptz '[0-9 :.+-]+')"
)
#: Instants as findings print them, bare numbers, and what holds digits that count nothing.
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? Z")
_QUOTED = re.compile(r"“[^”]*”|arn:\S+|\b\d{12}\b")
_NUMBER = re.compile(r"(?<![\w.:/@-])\d{1,3}(?:,\d{3})+(?![\w:/-])|(?<![\w.:/@-])\d+(?![\w:/-])")
#: A time between a change and an access.
_DISTANCE = re.compile(r"\(((?:\d+ days?, )?\d+:\d\d:\d\d(?:\.\d+)?)\)")

Row = Mapping[str, Any]


def results(case: Path, name: str, rebuilt: Path | None) -> tuple[Result, ...]:
    """One result for each number of a finding, and one for each record that is not as stored.

    Args:
        case: the case folder.
        name: number or uid of the finding.
        rebuilt: a case with tables derived anew, or None to take those of the case.

    Raises:
        UsageError: no finding has that name, or the derived tables do not hold its accesses.
    """
    finding = _finding(case, name)
    accesses = _accesses(case, finding)
    inside = _inside(case, finding)
    every = [*accesses, *(a for held in inside for a in held)]
    events = rederive_row.stored_events(
        case, {uid for a in every for uid in (a["event_uid"], a["supplied_by"]) if uid}
    )
    lost = sorted({a["event_uid"] for a in every} - events.keys())
    if lost:
        raise UsageError(f"{lost[0]}: expected a row of events, found none; run butfor build")
    changes = _changes(case, finding)
    checked = rederive_row.against_bytes(case, [*map(_event, events.values()), *_cited(changes)])
    unsound = tuple(one for one in checked if one.exit_code)
    derived = dict(_numbers(accesses, events))
    told = [
        _result(finding, number, stated, derived.get(number), unsound)
        for number, stated in sorted(finding["numbers"].items())
    ]
    rows = [events[a["event_uid"]] for a in accesses]
    times = [row["time"] for row in rows] + _times(changes)
    counted = _counted(case, finding, derived, accesses) | set(map(len, inside))
    told.append(_said(finding, counted, times, unsound))
    if rebuilt is not None:
        told.append(_anew(finding, rebuilt))
    return (*told, *unsound)


def _finding(case: Path, name: str) -> dict[str, Any]:
    path = case / "derived" / "findings.json"
    found = json.loads(path.read_bytes()) if path.is_file() else []
    for one in found:
        if name in (one["number"], one["finding_uid"]):
            return dict(one)
    known = ", ".join(one["number"] for one in found[:20]) or "none; run butfor build"
    raise UsageError(f"--row {name}: expected a finding of this case ({known}), found none")


def _accesses(case: Path, finding: Row) -> list[dict[str, Any]]:
    """Rows of `access_classes` that the finding counts, by its own `refs`."""
    if not finding["refs"]:
        return []
    said = str(finding["refs"][0]["sql"])
    match = _REF.fullmatch(said)
    if match is None:  # a text out of a file is not run as it stands
        raise UsageError(f"{finding['number']}: expected refs as butfor build writes, found {said}")
    tail = match["tail"]
    return _asked(case, f"select a.* {tail} order by e.time, a.event_uid")


def _inside(case: Path, finding: Row) -> list[list[dict[str, Any]]]:
    """Of each window of the finding the successes that it counts, in the incident or not."""
    query = """
        select a.* from 'access_classes.parquet' a join 'classes.parquet' c using (class_uid)
        join 'events/**/*.parquet' e using (event_uid) join 'windows.parquet' w
        on c.principal = w.principal and c.action = w.action and a.logged = 'success'
        and e.time >= coalesce(w.start, e.time) and (w."end" is null or e.time < w."end")
        and (e.resource_uid = w.resource_uid or (w.resource_uid like '%*'
        and starts_with(e.resource_uid, rtrim(w.resource_uid, '*'))))
        where w.window_uid = $1 order by e.time, a.event_uid"""
    return [_asked(case, query, uid) for uid in finding["windows"]]


def _asked(case: Path, query: str, *values: str) -> list[dict[str, Any]]:
    """Rows that a query over the derived tables gives; the tables are named in single quotes."""
    import duckdb

    folder = str((case / "derived").resolve()).replace("'", "''")
    for table in ("access_classes", "classes", "windows", "events/**/*"):
        query = query.replace(f"'{table}.parquet'", f"'{folder}/{table}.parquet'")
    with duckdb.connect() as connection:
        made = connection.execute(query, values)
        names = [column[0] for column in made.description or ()]
        return [dict(zip(names, row, strict=True)) for row in made.fetchall()]


def _changes(case: Path, finding: Row) -> list[Row]:
    named = set(finding["changes"])
    rows = tables.read(case / "derived", "changes") if named else []
    return [row for row in rows if row["change_uid"] in named]


def _event(row: Row) -> Cited:
    return Cited(
        label=f"events {row['event_uid']}", item=row["evidence_item"], locator=row["locator"],
        sha256=row["record_sha256"],
    )  # fmt: skip


def _cited(changes: Sequence[Row]) -> Iterator[Cited]:
    """Each change once: its bytes, and what its record gives by itself."""
    for uid in dict.fromkeys(row["change_uid"] for row in changes):
        row = next(row for row in changes if row["change_uid"] == uid)
        yield Cited(
            label=f"changes {uid}", item=row["evidence_item"], locator=row["locator"],
            sha256=row["record_sha256"], stated=rederive_row.repeats(row),
        )  # fmt: skip


def _numbers(accesses: Sequence[Row], events: Mapping[str, Row]) -> Iterator[tuple[str, int]]:
    """The numbers of a finding, counted again over the rows of its records."""
    rows = [events[a["event_uid"]] for a in accesses]
    yield "accesses", len(rows)
    yield "objects", len({row["resource_uid"] for row in rows})
    yield "anonymous", sum(row["auth_method"] == "anonymous" for row in rows)
    yield "addresses", len({row["src_ip"] for row in rows if row["src_ip"]})
    sizes = (_size(a, events) for a in accesses)
    yield "bytes_out", sum(size or 0 for size in sizes)


def _size(access: Row, events: Mapping[str, Row]) -> int | None:
    """Bytes returned: of the record itself, else of the other log's record of the request."""
    own: int | None = events[access["event_uid"]]["bytes_out"]
    if own is not None or access["supplied_by"] is None:
        return own
    size: int | None = events[access["supplied_by"]]["bytes_out"]
    return size


def _result(
    finding: Row, number: str, stated: object, found: object, unsound: Sequence[Result]
) -> Result:
    differences: tuple[Difference, ...] = ()
    if found != stated:
        differences = (Difference(column=number, expected=found, found=stated),)
    return Result(
        label=f"{finding['number']} {number} {stated}", item=None, locator=None, sha256=None,
        differences=differences, unchecked=_unsound(unsound),
        computed=(
            f"counted over {finding['numbers']['accesses']:,} records, each derived again from its "
            f"bytes; which accesses the finding counts: computed ({METHODS})",
        ),
    )  # fmt: skip


def _unsound(unsound: Sequence[Result]) -> tuple[str, ...]:
    if not unsound:
        return ()
    return (f"rests on {len(unsound):,} records that are not as stored, which follow",)


def _times(changes: Sequence[Row]) -> list[datetime]:
    return [row[name] for row in changes for name in ("time_from", "time_to") if row[name]]


def _counted(
    case: Path, finding: Row, derived: Mapping[str, int], accesses: Sequence[Row]
) -> set[int]:
    """Numbers that a statement may print: those derived, and of each answer without a change."""
    classes = {uid: 0 for uid in finding["classes"]}
    for access in accesses:
        classes[access["class_uid"]] += 1
    answers: dict[tuple[str, str, str], int] = {}
    for row in tables.read(case / "derived", "class_changes"):
        if row["class_uid"] in classes:
            key = (
                row["change_uid"],
                f"{row['undo']} {row['counterfactual']}",
                row["decision_without"],
            )
            answers[key] = answers.get(key, 0) + classes[row["class_uid"]]
    return {*derived.values(), *classes.values(), *answers.values()}


def _said(
    finding: Row, counted: set[int], times: Sequence[datetime], unsound: Sequence[Result]
) -> Result:
    """Step 4: numbers and instants of the statement that nothing here accounts for."""
    text = str(finding["statement"])
    known = {wording.instant(at, edge=edge) for at in times for edge in ("start", "end")}
    strange = sorted(set(_INSTANT.findall(text)) - known - _bounds(finding))
    distances = {str(later - earlier) for earlier in times for later in times if later > earlier}
    strange += sorted(set(_DISTANCE.findall(text)) - distances)
    bare = _QUOTED.sub(" ", _INSTANT.sub(" ", _DISTANCE.sub(" ", text)))
    numbers = {int(one.replace(",", "")) for one in _NUMBER.findall(bare)}
    strange += [f"{one:,}" for one in sorted(numbers - counted)]
    return Result(
        label=f"{finding['number']} statement", item=None, locator=None, sha256=None,
        unchecked=(
            *(f"the statement prints {one}, which none of its records gives" for one in strange),
            *_unsound(unsound),
        ),
        computed=(
            f"{len(numbers)} numbers and {len(set(_INSTANT.findall(text)))} instants, each among "
            "those derived again or counted over them",
        ),
    )  # fmt: skip


def _bounds(finding: Row) -> set[str]:
    """Ends of its period that no change marks: of an exposure window, computed."""
    return set(_INSTANT.findall(str(finding["as_of"])))


def _anew(finding: Row, rebuilt: Path) -> Result:
    """The finding as a whole against that of tables derived anew."""
    again = _finding(rebuilt, finding["finding_uid"])
    return Result(
        label=f"{finding['number']} as a whole", item=None, locator=None, sha256=None,
        differences=rederive.compare(again, dict(finding)),
        computed=("every field compared with tables derived anew from the evidence",),
    )  # fmt: skip
