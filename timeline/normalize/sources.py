"""Writes `docs/sources.md`: per log form, which field fills which column, and what it never can.

One command: `python -m timeline.normalize.sources > docs/sources.md`.
"""

from collections.abc import Iterator

from timeline.normalize import PARSERS
from timeline.normalize.aws.answers import ANSWERS, REPORT, REPORT_HEADER
from timeline.normalize.aws.answers_collected import KINDS
from timeline.normalize.model import Parser
from timeline.schema import TABLES

#: Columns that every row has, whatever its form.
ALWAYS = (
    ("event_uid", "evidence item and number of the record"),
    ("duplicate_of", "filled where the event came before"),
    ("time_precision", "width of the event time"),
    ("time_text", "the time as received"),
    ("acquired_at", "the acquisition's clock"),
    ("provider", "the cloud"),
    ("service", "the service named, or whose log it is"),
    ("evidence_item, locator, record_sha256", "where the record is, and the hash of its bytes"),
    ("source", "the form"),
)
HEAD = """# Sources

Written by `python -m timeline.normalize.sources`; do not edit.

Forms are told by content, never by name: gzip, zstd, plain, and inside zip or tar; UTF-8 with or
without byte order mark. A record that cannot be read is a gap with file, position and reason; its
neighbours are read. A key that occurs twice in a record that writes or is a data event makes the
record opaque and is a gap; in other records the first of the two wins.

## Every form

| column | filled from |
|---|---|"""


def lines() -> Iterator[str]:
    """The page."""
    yield HEAD
    for column, origin in ALWAYS:
        yield f"| {column} | {origin} |"
    for parser in PARSERS:
        yield from _section(parser)
    yield ""
    yield "## Read as documents, not as logs"
    yield ""
    yield "They show what was at an instant and name no request, caller or outcome: their rows are"
    yield "observations in `intervals`, not events (docs/methods/events.md)."
    yield ""
    yield "| kind | told by the keys |"
    yield "|---|---|"
    for kind, keys in ANSWERS:
        yield f"| {kind} | {', '.join(sorted(keys))} |"
    yield f"| {REPORT} | the header `{REPORT_HEADER.decode()}` |"
    yield "| text | papers beside the logs, by the ending of their name |"
    yield ""
    yield "## Answers that a collection recorded"
    yield ""
    yield "Those of an operation below show a state and go to its reconstruction; what they are"
    yield "about, the request says. Look-ups of events are read as logs. All others are documents."
    yield ""
    yield "| operation | kind |"
    yield "|---|---|"
    for operation, kind in KINDS.items():
        yield f"| {operation} | {kind} |"


def _section(parser: Parser) -> Iterator[str]:
    yield ""
    yield f"## {parser.source}"
    yield ""
    yield f"Version {parser.version} of the parser."
    yield ""
    yield "| column | filled from |"
    yield "|---|---|"
    for column, origin in parser.mapping:
        yield f"| {column} | {origin.replace('|', chr(92) + '|')} |"
    yield ""
    yield f"Never filled by this form: {', '.join(parser.never)}."


def unmapped(parser: Parser) -> set[str]:
    """Columns of `events` that a form neither fills nor declares unfillable."""
    always = {name for names, _ in ALWAYS for name in names.split(", ")}
    named = {name for name, _ in parser.mapping} | set(parser.never) | always
    return {name for name, _, _ in TABLES["events"]} - named


if __name__ == "__main__":
    print("\n".join(lines()))
