"""What an earlier run left: which items need not be read again.

`ingest.json` beside the table names every item with the digest of its bytes, what it gave, and
the parsers that read it, and every file of the table with its digest. An item is taken over if all
of that still holds; if a file of the table is not as it was written, everything is read anew.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from collector.clock import stamp
from collector.model import EvidenceItem, Gap
from timeline.normalize import table
from timeline.normalize.duplicates import Folded
from timeline.normalize.model import Document, Parser, Part, Partition
from timeline.schema import TABLES

NAME = "ingest.json"
#: Raised when the way from bytes to records changes for all parsers, or the layout of the files.
VERSION = 5
#: Of the table: with other columns everything is read anew.
COLUMNS = sha256(" ".join(name for name, _, _ in TABLES["events"]).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What an earlier run left.

    Attributes:
        parts: item -> what it gave.
        marks: item -> identity of the bytes and of what reads them.
        folded: what folding the table came to.
        dirty: why nothing is taken over; None if something may be.
    """

    parts: Mapping[str, Part] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    folded: Folded | None = None
    dirty: str | None = None


def parsers_mark(parsers: Sequence[Parser]) -> dict[str, int]:
    """Version of every parser by source."""
    return {parser.source: parser.version for parser in parsers}


def mark(item: EvidenceItem, part: Part, parsers: Sequence[Parser]) -> str:
    """Changes when the item, or a parser that it depends on, does.

    A clean log depends on the parsers that read it; an item with gaps or documents on all of them,
    for a new one might read what the old ones could not.
    """
    versions = parsers_mark(parsers)
    if part.sources and not part.gaps and not part.documents:
        versions = {source: versions[source] for source in part.sources if source in versions}
    told = (
        item.uid, item.name, item.digest.sha256, stamp(item.acquired_at), versions, VERSION,
        COLUMNS,
    )  # fmt: skip
    return sha256(json.dumps(told).encode()).hexdigest()


def load(out: Path) -> Earlier:
    """Read what an earlier run left in a table's folder."""
    path = out / NAME
    if not path.is_file():
        return Earlier(dirty="no earlier run")
    try:
        told = json.loads(path.read_bytes())
        files = {path.relative_to(out).as_posix(): _digest(path) for path in table.files(out)}
        if files != told["files"]:
            return Earlier(dirty="files of the table are not as they were written")
        parts = {uid: _part(uid, each) for uid, each in told["items"].items()}
        marks = {uid: str(each["mark"]) for uid, each in told["items"].items()}
        gaps = tuple(_gap(*each) for each in told["conflicts"])
        folded = Folded(
            duplicates=int(told["duplicates"]),
            same_requests=int(told["same_requests"]),
            gaps=gaps,
            rewritten=(),
        )
    except (ValueError, KeyError, TypeError) as error:
        return Earlier(dirty=f"{NAME} is not readable: {error}")
    return Earlier(parts=parts, marks=marks, folded=folded)


def save(
    out: Path,
    items: Iterable[EvidenceItem],
    parts: Mapping[str, Part],
    parsers: Sequence[Parser],
    folded: Folded,
) -> None:
    """Leave word for the next run; written last."""
    told = {
        "duplicates": folded.duplicates,
        "same_requests": folded.same_requests,
        "conflicts": [_told_gap(gap) for gap in folded.gaps],
        "files": {path.relative_to(out).as_posix(): _digest(path) for path in table.files(out)},
    }
    each = {
        item.uid: {"mark": mark(item, parts[item.uid], parsers), **_told(parts[item.uid])}
        for item in items
    }
    path = out / NAME
    fresh = path.with_name(f"{NAME}.new")
    fresh.write_text(f'{{{_lines(told)},\n"items": {{\n{_lines(each)}}}}}\n')
    fresh.replace(path)


def _lines(told: Mapping[str, Any]) -> str:
    """The members of a JSON object, one a line in the order of their names."""
    return ",\n".join(
        f"{json.dumps(name)}: {json.dumps(told[name], sort_keys=True)}" for name in sorted(told)
    )


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


_COUNTS = ("files", "files_read", "files_gapped", "records", "record_gaps", "rows")
_GAP = ("kind", "subject", "reason", "item", "locator")


def _told(part: Part) -> dict[str, Any]:
    return {
        **{name: getattr(part, name) for name in _COUNTS},
        "sources": dict(part.sources),
        "partitions": [list(each) for each in part.partitions],
        "documents": [[each.kind, each.locator, each.name] for each in part.documents],
        "gaps": [_told_gap(gap) for gap in part.gaps],
    }


def _told_gap(gap: Gap) -> list[str | None]:
    times = (at.isoformat() if at else None for at in (gap.time_from, gap.time_to))
    return [*(getattr(gap, name) for name in _GAP), *times]


def _part(uid: str, told: Mapping[str, Any]) -> Part:
    counts: dict[str, Any] = {name: int(told[name]) for name in _COUNTS}
    return Part(
        item=uid,
        **counts,
        sources={str(source): int(count) for source, count in told["sources"].items()},
        partitions=tuple(Partition(*each) for each in told["partitions"]),
        documents=tuple(
            Document(kind=kind, item=uid, locator=locator, name=name)
            for kind, locator, name in told["documents"]
        ),
        gaps=tuple(_gap(*each) for each in told["gaps"]),
    )


def _gap(
    kind: str,
    subject: str,
    reason: str,
    item: str | None,
    locator: str | None,
    start: str | None,
    end: str | None,
) -> Gap:
    return Gap(
        kind=kind,
        subject=subject,
        reason=reason,
        item=item,
        locator=locator,
        time_from=datetime.fromisoformat(start) if start else None,
        time_to=datetime.fromisoformat(end) if end else None,
    )
