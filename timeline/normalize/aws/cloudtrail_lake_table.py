"""Saved results of CloudTrail Lake: CSV below a line that names the columns (`result_1.csv.gz`).

That line is no record, and no row can be read without it. A row with `eventJson` gives the record
in it, any other what `cloudtrail_lake` makes of its columns. A row cites its own bytes.
"""

import re

from collector.model import Gap
from timeline.normalize.aws import cloudtrail, cloudtrail_lake
from timeline.normalize.aws.cloudtrail_mapping import MAPPING, NEVER
from timeline.normalize.model import Parser, Record, Unreadable, Where
from timeline.normalize.row import PackedRow

SOURCE = "aws.cloudtrail_lake_table"
#: A cell up to the next comma or the end; the library's reader refuses cells half as long as a
#: record may be.
_CELL = re.compile(rb'(?:"([^"]*(?:""[^"]*)*)"|([^",]*))(?:(,)|$)')


def detect(heading: bytes) -> bool:
    """Names of columns, among them `eventJson`, or name and time of an event."""
    try:
        names = {name.lower() for name in _names(heading)}
    except (Unreadable, UnicodeError):
        return False
    return "eventjson" in names or {"eventname", "eventtime"} <= names


def read(record: Record, where: Where) -> tuple[PackedRow, tuple[Gap, ...]]:
    """One row to one of `events`.

    Raises:
        Unreadable: it has other cells than the heading, or is no event for certain.
    """
    assert record.data is not None
    names, values = _names(record.heading or b""), _cells(record.data)
    if len(values) != len(names):
        raise Unreadable(f"expected {len(names)} cells as in the heading, found {len(values)}")
    pairs = [(name, value.decode()) for name, value in zip(names, values, strict=True)]
    cells = cloudtrail_lake.cells_of(pairs)
    held = cells.get("eventjson") or ""
    if held.lstrip().startswith("{"):
        return cloudtrail.to_row(held.encode(), record, where, SOURCE)
    return cloudtrail_lake.to_row(cells, record, where, SOURCE)


def _names(heading: bytes) -> list[str]:
    return [cell.decode().strip() for cell in _cells(heading)]


def _cells(row: bytes) -> list[bytes]:
    """The cells of a row of CSV.

    Raises:
        Unreadable: its quotes do not close, or stand where they cannot.
    """
    cells: list[bytes] = []
    place, more = 0, True
    while more:
        found = _CELL.match(row, place)
        if found is None:
            raise Unreadable("expected a row of CSV, found quotes that do not match")
        cells.append(found[2] if found[1] is None else found[1].replace(b'""', b'"'))
        place, more = found.end(), found[3] is not None
    return cells


PARSER = Parser(
    source=SOURCE,
    version=2,
    form="table",
    detect=detect,
    read=read,
    mapping=tuple(
        (column, f"in eventJson, else columns of the query: {origin}") for column, origin in MAPPING
    ),
    never=NEVER,
)
