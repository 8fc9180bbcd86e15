"""Files of a log: times of their events, of writing, of delivery, of acquisition, kept apart.

Each is what one source states, and none is taken for another: the event's time from the record, the
time of writing from the record where it has one, that of delivery from the file's name, that of the
last change from the answer of whoever kept the file.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from collector.model import EvidenceItem
from reports.documents import items as evidence
from reports.material import Material

CHANGED = "last-modified"
#: In place of a log that its records do not name.
UNNAMED = "a log without a name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A time in a name: `at`, and the width that its digits leave open."""

    at: datetime
    width: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """One preserved file with records of one log.

    Attributes:
        source: log that the records belong to.
        records: events read from it; `first` and `last` are times of the earliest and latest.
        written: how many records state when they were written; `slowest` is the longest distance
            from event to writing among them.
        named: time of delivery in its name; None = the name states none.
        changed: when it was last changed where it was kept, as the answer to the call said.
    """

    source: str
    item: EvidenceItem
    records: int
    first: datetime
    last: datetime
    written: int
    slowest: timedelta | None
    named: Named | None
    changed: datetime | None

    @property
    def after(self) -> timedelta | None:
        """Least distance from its latest record to the delivery that its name states.

        Negative where a record is later than the whole interval of the name.
        """
        if self.named is None:
            return None
        if self.named.at <= self.last < self.named.at + self.named.width:
            return timedelta(0)
        end = self.named.at if self.last < self.named.at else self.named.at + self.named.width
        return end - self.last


def read(material: Material) -> Mapping[str, tuple[LogFile, ...]]:
    """Every file with log records that was not withdrawn, by log, in order of items."""
    if material.case is None:
        return {}
    facts = evidence.facts(material)
    found: dict[str, list[LogFile]] = defaultdict(list)
    totals = _totals(material.case / "derived")
    for item in evidence.kept(material):
        for source, total in totals.get(item.uid, ()):
            if evidence.logged(material, item):
                found[source].append(_file(source, item, total, facts.get(item.uid, {})))
    return {source: tuple(files) for source, files in sorted(found.items())}


def _file(
    source: str, item: EvidenceItem, total: Mapping[str, Any], facts: Mapping[str, Any]
) -> LogFile:
    return LogFile(
        source=source, item=item, records=total["records"], first=total["first"],
        last=total["last"], written=total["written"], slowest=total["slowest"],
        named=_named(item.name), changed=_changed(facts.get("headers") or ()),
    )  # fmt: skip


def _named(name: str) -> Named | None:
    from reports.documents import aws

    return aws.named(name)


def _changed(headers: Iterable[Sequence[object]]) -> datetime | None:
    for pair in headers:
        if str(pair[0]).lower() == CHANGED:
            try:
                at = parsedate_to_datetime(str(pair[1]))
            except (TypeError, ValueError):
                return None
            return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    return None


def _totals(derived: Path) -> Mapping[str, list[tuple[str, dict[str, Any]]]]:
    """(log, totals) of each item, from the columns alone: there may be millions of events."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    file, folder = derived / "events.parquet", derived / "events"
    files = [file] if file.is_file() else sorted(folder.rglob("*.parquet"))
    names = ["source", "evidence_item", "time", "logged_time"]
    parts = [pq.ParquetFile(path).read(columns=names) for path in files]
    if not parts:
        return {}
    table = pa.concat_tables(parts)
    lags = pc.subtract(table["logged_time"], table["time"]).cast(pa.int64())  # microseconds
    grouped = (
        table.append_column("lag", lags)
        .group_by(["source", "evidence_item"], use_threads=False)
        .aggregate([("time", "count"), ("time", "min"), ("time", "max"),
                    ("logged_time", "count"), ("lag", "max")])
    )  # fmt: skip
    found: dict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for row in grouped.to_pylist():
        lag = row["lag_max"]
        total = {
            "records": row["time_count"], "first": row["time_min"], "last": row["time_max"],
            "written": row["logged_time_count"],
            "slowest": timedelta(microseconds=lag) if lag is not None else None,
        }  # fmt: skip
        found[row["evidence_item"]].append((row["source"] or UNNAMED, total))
    return found
