"""Coverage per source and period, and every gap as one row.

An access that is not in the records did not, for that reason, not happen. Coverage says where the
records could have shown it: a source covers a container from its first to its last record there
(named assumption `records-complete`), less the gaps. A container without any data event is a gap
for its data events, over the whole period of the management events.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from collector.clock import stamp
from collector.model import Gap

#: category of an event -> name of the coverage source, per provider and service.
MANAGEMENT, DATA = "management", "data"

_COVERAGE = """
    select provider, source, category, service, account_uid, region,
           case when category = 'data' then container end as container,
           epoch_us(min(time)) as time_from, epoch_us(max(time)) as time_to, count(*) as records
    from events
    where duplicate_of is null and category in ('management', 'data')
    group by all
    order by all
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A period in which a source has records, for one container or (None) for all."""

    source: str
    container: str | None
    start: datetime
    end: datetime
    records: int


def coverage_rows(
    events: Path, name_source: Callable[[Mapping[str, Any]], str]
) -> list[dict[str, Any]]:
    """Rows of the table `coverage`, computed from `events`.

    Args:
        events: the folder of the table.
        name_source: name of the source of a (provider, source, category, service); it ends in
            `.management`, or in `.data.` and the service.

    Management events are summed over services: a trail records them or does not. Data events are
    per service and container: selectors choose containers.
    """
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in _query(events, _COVERAGE):
        source = name_source(row)
        first, last = _instant(row["time_from"]), _instant(row["time_to"])
        key = (source, row["account_uid"] or "", row["region"] or "", row["container"] or "")
        seen = found.get(key)
        if seen is None:
            found[key] = {
                "source": source,
                "account_uid": row["account_uid"],
                "region": row["region"],
                "container": row["container"],
                "time_from": first,
                "time_to": last,
                "records": row["records"],
                "basis": "",
            }
        else:
            seen["time_from"] = min(seen["time_from"], first)
            seen["time_to"] = max(seen["time_to"], last)
            seen["records"] += row["records"]
    for seen in found.values():
        seen["basis"] = (
            "from the first to the last record, less the gaps listed; that nothing in between is "
            "missing is the assumption records-complete"
        )
    return [found[key] for key in sorted(found)]


def data_spans(coverage: Iterable[Mapping[str, Any]]) -> dict[str, Span]:
    """Per container the period of its data events, over accounts and Regions."""
    spans: dict[str, Span] = {}
    for row in coverage:
        if f".{DATA}." not in row["source"] or not row["container"]:
            continue
        old = spans.get(row["container"])
        sources = {row["source"], *(old.source.split(" and ") if old else ())}
        spans[row["container"]] = Span(
            source=" and ".join(sorted(sources)),
            container=row["container"],
            start=min(row["time_from"], old.start) if old else row["time_from"],
            end=max(row["time_to"], old.end) if old else row["time_to"],
            records=row["records"] + (old.records if old else 0),
        )
    return spans


def management_span(coverage: Iterable[Mapping[str, Any]]) -> Span | None:
    """The period of all management events together; None where there are none."""
    rows = [r for r in coverage if r["source"].endswith(f".{MANAGEMENT}")]
    if not rows:
        return None
    return Span(
        source=rows[0]["source"],
        container=None,
        start=min(r["time_from"] for r in rows),
        end=max(r["time_to"] for r in rows),
        records=sum(r["records"] for r in rows),
    )


def without_data_events(
    containers: Iterable[str], spans: Mapping[str, Span], management: Span | None
) -> list[Gap]:
    """A gap for every known container of which the records hold no data event."""
    return [
        Gap(
            kind="logging_off",
            subject=name,
            reason=(
                f"expected data events of {name}, found none in the records: accesses to it are "
                "neither shown nor excluded"
            ),
            time_from=management.start if management else None,
            time_to=management.end if management else None,
        )
        for name in sorted(set(containers))
        if name not in spans
    ]


def rows_of(gaps: Iterable[Gap]) -> list[dict[str, Any]]:
    """Rows of the table `gaps`: each once, in order of time, subject and uid."""
    rows: dict[str, dict[str, Any]] = {}
    for gap in gaps:
        row: dict[str, Any] = {
            "gap_uid": uid_of(gap),
            "kind": gap.kind,
            "subject": gap.subject,
            "reason": gap.reason,
            "time_from": gap.time_from,
            "time_to": gap.time_to,
            "evidence_item": gap.item,
            "locator": gap.locator,
        }
        rows.setdefault(row["gap_uid"], row)
    return sorted(rows.values(), key=_by_time)


def uid_of(gap: Gap) -> str:
    """Stable: a hash of everything the gap says."""
    parts = (
        gap.kind, gap.subject, gap.reason, _text(gap.time_from), _text(gap.time_to), gap.item,
        gap.locator,
    )  # fmt: skip
    digest = hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8", "replace"))
    return f"gap-{digest.hexdigest()[:16]}"


def touching(
    gaps: Sequence[Mapping[str, Any]], start: datetime | None, end: datetime | None
) -> list[Mapping[str, Any]]:
    """Gaps whose period overlaps `[start, end)`; an open edge reaches to the end of time."""
    return [
        g
        for g in gaps
        if (end is None or g["time_from"] is None or g["time_from"] < end)
        and (start is None or g["time_to"] is None or g["time_to"] > start)
    ]


def _by_time(row: Mapping[str, Any]) -> tuple[bool, str, str, str]:
    return (
        row["time_from"] is not None,
        _text(row["time_from"]) or "",
        row["subject"],
        row["gap_uid"],
    )


def _text(at: datetime | None) -> str | None:
    return None if at is None else stamp(at)


def _instant(micros: int) -> datetime:
    """Exact, without a float or a time zone database in between."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


def _query(events: Path, sql: str) -> list[dict[str, Any]]:
    """One SQL statement over the table `events`; an empty table gives no rows."""
    import duckdb

    if not any(events.rglob("*.parquet")):
        return []
    with duckdb.connect() as db:
        db.execute("set timezone = 'UTC'")
        db.execute(f"create view events as select * from {_scan(events)}")  # noqa: S608 our own path, quoted
        answer = db.execute(sql)
        names = [column[0] for column in answer.description or ()]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def _scan(events: Path) -> str:
    quoted = str(events / "**" / "*.parquet").replace("'", "''")
    return f"read_parquet('{quoted}', hive_partitioning = true)"
