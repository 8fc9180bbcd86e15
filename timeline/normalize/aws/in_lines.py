"""JSON records that stand in lines with other text: two forms, one parser for each log.

- exports of CloudWatch Logs: a time, a blank, the event's message;
- rows of CSV without the line that names their columns, one of whose cells is the record.

What is around the record is not read: the row cites the whole line, its fields come from the
record inside. Rows below a heading are read by `cloudtrail_lake_table`.
"""

import re
from collections.abc import Callable

from collector.model import Gap
from timeline.normalize.aws import cloudtrail, s3_access_log_json
from timeline.normalize.aws.cloudtrail_mapping import MAPPING, NEVER
from timeline.normalize.model import Parser, Record, Unreadable, Where
from timeline.normalize.row import PackedRow

_TIMED = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z (\{.*\})\s*", re.DOTALL)
#: A quoted cell. The library's reader refuses cells half as long as a record may be.
_QUOTED = re.compile(rb'"([^"]*(?:""[^"]*)*)"(?=,|\s*$)')


def _timed(line: bytes) -> bytes | None:
    found = _TIMED.fullmatch(line)
    return found[1] if found else None


def _cell(line: bytes) -> bytes | None:
    """The one cell of a row of CSV that is a CloudTrail record."""
    if b'"{' not in line:
        return None
    cells = (found[1].replace(b'""', b'"') for found in _QUOTED.finditer(line))
    records = [cell for cell in cells if cell[:1] == b"{" and cloudtrail.detect(cell)]
    return records[0] if len(records) == 1 else None


def _trail(line: bytes) -> bytes | None:
    inner = _timed(line)
    if inner is not None:
        return inner if cloudtrail.detect(inner) else None
    return _cell(line)


def _server(line: bytes) -> bytes | None:
    inner = _timed(line)
    return inner if inner is not None and s3_access_log_json.detect(inner) else None


def detect_trail(line: bytes) -> bool:
    """A line with a CloudTrail record in it."""
    return _trail(line) is not None


def detect_server(line: bytes) -> bool:
    """A line with a JSON record of the access log in it."""
    return _server(line) is not None


def _reader(
    inside: Callable[[bytes], bytes | None],
    to_row: Callable[[bytes, Record, Where, str], tuple[PackedRow, tuple[Gap, ...]]],
    source: str,
) -> Callable[[Record, Where], tuple[PackedRow, tuple[Gap, ...]]]:
    def read(record: Record, where: Where) -> tuple[PackedRow, tuple[Gap, ...]]:
        assert record.data is not None
        inner = inside(record.data)
        if inner is not None:
            return to_row(inner, record, where, source)
        raise Unreadable("expected a record in the line, found none")

    return read


TRAIL, SERVER = "aws.cloudtrail_lines", "aws.s3_access_log_lines"
PARSERS = (
    Parser(
        source=TRAIL,
        version=4,
        form="lines",
        detect=detect_trail,
        read=_reader(_trail, cloudtrail.to_row, TRAIL),
        mapping=tuple((column, f"in the line's record: {origin}") for column, origin in MAPPING),
        never=NEVER,
    ),
    Parser(
        source=SERVER,
        version=3,
        form="lines",
        detect=detect_server,
        read=_reader(_server, s3_access_log_json.to_row, SERVER),
        mapping=tuple(
            (column, f"in the line's record: {origin}")
            for column, origin in s3_access_log_json.PARSER.mapping
        ),
        never=s3_access_log_json.PARSER.never,
    ),
)
