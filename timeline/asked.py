"""`butfor gaps --requests`: the records to ask for, from the derived tables, as rows and as CSV."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from timeline import export, tables
from timeline.correlate.aws import records


def requests(derived: Path) -> list[dict[str, str]]:
    """Records that would settle what is unknown, in order."""
    classes = tables.read(derived, "classes")
    accesses = tables.read(derived, "access_classes")
    undecided = {c["class_uid"] for c in classes if c["decision"] == "UNKNOWN"}
    wanted = {a["event_uid"] for a in accesses if a["class_uid"] in undecided}
    times: dict[str, datetime] = {}
    if wanted:
        rows = tables.read(derived, "events", ("event_uid", "time"))
        times = {row["event_uid"]: row["time"] for row in rows if row["event_uid"] in wanted}
    return records.requests(classes, accesses, times, tables.read(derived, "gaps"))


def as_csv(wanted: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Lines of CSV with a head; what a spreadsheet would take for a formula is disarmed."""
    yield export.csv_line(records.COLUMNS)
    for one in wanted:
        yield export.csv_line([export.cell(one[name]) for name in records.COLUMNS])
