"""Evidence items to one table of events: strict, with every row citing its bytes.

`PARSERS` is the list of log forms. `run` writes the table; `reextract` gives back the bytes that a
row cites; `snapshots` hands the recognised API answers to the state stage.
"""

from timeline.normalize.aws import (
    cloudtrail,
    cloudtrail_envelope,
    cloudtrail_lake,
    cloudtrail_lake_table,
    cloudtrail_lookup,
    in_lines,
    s3_access_log,
    s3_access_log_json,
)
from timeline.normalize.cite import reextract, snapshots
from timeline.normalize.drive import run
from timeline.normalize.model import Document, IngestReport, OpenItem, Parser, Snapshot
from timeline.normalize.stored import Stored
from timeline.normalize.table import read, rows

#: Asked in this order for every record that the parser of the record before does not recognise.
#: Envelopes come before the bare record: a LookupEvents entry and an EventBridge event hold the
#: text of one and would be recognised by it.
PARSERS: tuple[Parser, ...] = (
    cloudtrail_lookup.PARSER,
    cloudtrail_envelope.PARSER,
    cloudtrail_lake.PARSER,
    cloudtrail.PARSER,
    cloudtrail_lake_table.PARSER,
    s3_access_log.PARSER,
    s3_access_log_json.PARSER,
    *in_lines.PARSERS,
)

__all__ = (
    "PARSERS", "Document", "IngestReport", "OpenItem", "Parser", "Snapshot", "Stored", "read",
    "reextract", "rows", "run", "snapshots",
)  # fmt: skip
