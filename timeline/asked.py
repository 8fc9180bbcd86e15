"""`butfor gaps --requests`: the records to ask for, from the derived tables, as rows and as CSV."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from timeline import export, tables
from timeline.correlate.aws import records


def requests(derived: Path) -> list[dict[str, str]]:
    """Records that would settle what is unknown, in order, from the derived tables."""
    classes = tables.read(derived, "classes")
    accesses = tables.read(derived, "access_classes")
    undecided = {c["class_uid"] for c in classes if c["decision"] == "UNKNOWN"}
    wanted = {a["event_uid"] for a in accesses if a["class_uid"] in undecided}
    times: dict[str, datetime] = {}
    if wanted:
        rows = tables.read(derived, "events", ("event_uid", "time"))
        times = {row["event_uid"]: row["time"] for row in rows if row["event_uid"] in wanted}
    return of_rows(classes, accesses, times, tables.read(derived, "gaps"))


def of_rows(
    classes: Sequence[Mapping[str, Any]], accesses: Sequence[Mapping[str, Any]],
    times: Mapping[str, datetime], gaps: Sequence[Mapping[str, Any]],
) -> list[dict[str, str]]:  # fmt: skip
    """The same from rows; `times` are those of the undecided accesses by event_uid."""
    return records.requests(classes, accesses, times, gaps)


def as_text(wanted: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Lines for a reader: one paragraph a record to ask for, with all that it would settle."""
    paragraphs: dict[tuple[str, str, str], list[Mapping[str, str]]] = {}
    for one in wanted:
        paragraphs.setdefault((one["record"], one["held_by"], one["exists_until"]), []).append(one)
    for number, ((record, holder, until), rows) in enumerate(paragraphs.items(), start=1):
        yield f"{number}. {record}"
        yield f"   held by: {holder}"
        yield f"   exists: {until}"
        yield f"   period: {_period(rows)}"
        yield f"   would settle: {'; '.join(_unknown(row, record) for row in rows)}"
        yield ""
    yield f"{len(paragraphs):,} records to ask for, {len(wanted):,} unknowns"


def _period(rows: Sequence[Mapping[str, str]]) -> str:
    starts, ends = {row["from"] for row in rows}, {row["to"] for row in rows}
    return f"{min(starts) or 'open'} to {'open' if '' in ends else max(ends)}"


def _unknown(row: Mapping[str, str], record: str) -> str:
    about = f" of {row['about']}" if row["about"] and row["about"] not in record else ""
    accesses = f" ({row['accesses']} accesses)" if row["accesses"] else ""
    return f"{row['unknown']}{about}{accesses}"


def as_csv(wanted: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Lines of CSV with a head; what a spreadsheet would take for a formula is disarmed."""
    yield export.csv_line(records.COLUMNS)
    for one in wanted:
        yield export.csv_line([export.cell(one[name]) for name in records.COLUMNS])
