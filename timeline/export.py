"""Events for other tools: CSV, JSON lines, Parquet, Timesketch, OCSF, and a table to look at.

Every form keeps the provenance of the row. What could act in the reader's program is made harmless:
formulas in CSV, control and direction characters on a terminal.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from timeline.normalize.model import micros
from timeline.schema import TABLES

NAMES = tuple(name for name, _, _ in TABLES["events"])
#: Characters that make a spreadsheet take a cell for a formula, or run into the next cell.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
#: Timesketch's store refuses longer terms.
TIMESKETCH_BYTES = 32_766
#: How parameters end that name what an event is about, and how many of them are shown.
_NAMING, _NAMED = ("name", "arn", "id"), 2
OCSF_VERSION = "1.3.0"
_OCSF_ACTIVITY = {"write": 1, "read": 2, "list": 2, "configure": 3, "delete": 4}
_OCSF_STATUS = {"success": (1, "Success"), "denied": (2, "Failure"), "error": (2, "Failure")}
_COLUMNS = (
    ("time", 20), ("operation", 26), ("outcome", 7), ("who", 44), ("src_ip", 15), ("what", 48),
    ("event", 12),
)  # fmt: skip
_WIDTH = sum(size + 2 for _, size in _COLUMNS) - 2
_GIVING_WAY, _LEAST = ("who", "what"), 24
#: Cut, these would be those of others.
_WHOLE = ("time", "src_ip", "event")

Row = Mapping[str, Any]


def plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON holds
    """A value as JSON has it; times as ISO text with microseconds, UTC."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value


def cell(value: object) -> str:
    """A CSV cell; a text that a spreadsheet would take for a formula gets an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(plain(value))
    return f"'{text}" if text.startswith(FORMULA) else text


def to_csv(rows: Iterable[Row]) -> Iterator[str]:
    """CSV with a header, one text a line (a quoted cell may hold line ends)."""
    yield csv_line(NAMES)
    for row in rows:
        yield csv_line([cell(row[name]) for name in NAMES])


def csv_line(cells: Iterable[str]) -> str:
    """One line of CSV, without its end."""
    held = io.StringIO()
    csv.writer(held, lineterminator="").writerow(cells)
    return held.getvalue()


def to_jsonl(rows: Iterable[Row]) -> Iterator[str]:
    """All columns, one JSON object a line."""
    for row in rows:
        yield _json({name: plain(row[name]) for name in NAMES})


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def to_timesketch(rows: Iterable[Row]) -> Iterator[str]:
    """Timesketch's JSON lines: message, datetime, timestamp (µs), timestamp_desc, and the columns.

    A field over Timesketch's limit is cut and says so; the whole is in the cited record.
    """
    for row in rows:
        fields = {name: plain(row[name]) for name in NAMES if row[name] is not None}
        who = row["actor_uid"] or row["actor_unique_id"] or row["actor_type"] or "unknown caller"
        what = about(row) or ""
        event = {
            "message": f"{row['operation']} {row['outcome']} by {who} on {what}".strip(),
            "datetime": row["time"].strftime("%Y-%m-%dT%H:%M:%S.%f+00:00"),
            "timestamp": micros(row["time"]),
            "timestamp_desc": "Event Logged",
            **fields,
        }
        yield _json({name: _cut(value) for name, value in event.items()})


def about(row: Row) -> str | None:
    """What an event is about, in words to look at: its resource, else the names that it asked with.

    Many events name no resource in full; what was created is then in their parameters alone.
    """
    if row["resource_uid"] or not row["params"]:
        uid: str | None = row["resource_uid"] or row["service"]
        return uid
    asked = json.loads(row["params"]).get("requestParameters")
    names = [
        f"{name}={value}"
        for name, value in (asked.items() if isinstance(asked, dict) else ())
        if isinstance(value, str) and value and name.lower().endswith(_NAMING)
    ]
    return " ".join([row["service"] or "", *names[:_NAMED]]).strip() or None


def _cut(value: object) -> object:
    if not isinstance(value, str) or len(value) * 4 <= TIMESKETCH_BYTES:
        return value
    data = value.encode()
    if len(data) <= TIMESKETCH_BYTES:
        return value
    note = f" [cut: {len(data)} bytes]"
    return data[: TIMESKETCH_BYTES - len(note)].decode("utf-8", "ignore") + note


def to_ocsf(rows: Iterable[Row]) -> Iterator[str]:
    """OCSF API Activity (class 6003), one JSON object a line; what OCSF has no field for is in
    `unmapped`."""
    for row in rows:
        yield _json(_without_none(ocsf(row)))


def ocsf(row: Row) -> dict[str, Any]:
    """One event as OCSF API Activity."""
    activity = _OCSF_ACTIVITY.get(row["activity"], 99)
    status, word = _OCSF_STATUS[row["outcome"]]
    return {
        "class_uid": 6003,
        "class_name": "API Activity",
        "category_uid": 6,
        "category_name": "Application Activity",
        "activity_id": activity,
        "activity_name": row["activity"],
        "type_uid": 600300 + activity,
        "severity_id": 1,
        "severity": "Informational",
        "status_id": status,
        "status": word,
        "status_code": row["error_code"],
        "status_detail": row["error_message"],
        "time": micros(row["time"]) // 1000,
        "metadata": {
            "version": OCSF_VERSION,
            "product": {"name": row["source"], "vendor_name": row["provider"]},
            "uid": row["provider_uid"] or row["event_uid"],
            "original_time": row["time_text"],
            "log_name": row["source"],
        },
        "api": _api(row),
        "actor": _actor(row),
        "src_endpoint": _endpoint(row),
        "http_request": {"user_agent": row["user_agent"], "referrer": row["referer"]},
        "resources": [
            {
                "uid": row["resource_uid"],
                "type": row["resource_type"],
                "owner": {"account": {"uid": row["account_uid"]}},
            }
        ]
        if row["resource_uid"]
        else None,
        "cloud": {
            "provider": row["provider"].upper(),
            "region": row["region"],
            "account": {"uid": row["account_uid"]},
        },
        "unmapped": {
            name: plain(row[name])
            for name in (
                "event_uid", "duplicate_of", "same_request_as", "category", "auth_method",
                "auth_evidence", "bytes_out", "bytes_in", "evidence_item", "locator",
                "record_sha256",
            )
        },
    }  # fmt: skip


def _api(row: Row) -> dict[str, Any]:
    return {
        "operation": row["operation"],
        "service": {"name": row["service"]},
        "request": {"uid": row["request_id"]},
        "response": {
            "code": row["status_code"],
            "error": row["error_code"],
            "error_message": row["error_message"],
        },
    }


def _actor(row: Row) -> dict[str, Any]:
    return {
        "user": {
            "type": row["actor_type"],
            "uid": row["actor_uid"] or row["actor_unique_id"],
            "name": row["actor_name"],
            "account": {"uid": row["actor_account_uid"]},
            "credential_uid": row["credential_uid"],
        },
        "session": {
            "uid": row["session_uid"],
            "issuer": row["session_issuer_uid"],
            "is_mfa": row["mfa"],
        },
        "invoked_by": row["invoked_by"],
    }


def _endpoint(row: Row) -> dict[str, Any]:
    import ipaddress

    address = row["src_ip"]
    try:
        ipaddress.ip_address(address or "")
    except ValueError:
        return {"domain": address, "interface_uid": row["src_vpc_endpoint"]}
    return {"ip": address, "interface_uid": row["src_vpc_endpoint"]}


def _without_none(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        kept = {name: _without_none(each) for name, each in value.items()}
        return {name: each for name, each in kept.items() if each not in (None, {}, [])}
    if isinstance(value, list):
        return [_without_none(each) for each in value]
    return value


def harmless(text: str) -> str:
    """Text for a terminal: control and direction characters are spelled out."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def to_table(rows: Iterable[Row], width: int | None = None) -> Iterator[str]:
    """Lines to look at; long cells lose their middle, addresses and ids nothing.

    Args:
        rows: of `events`.
        width: characters of a line, as far as the columns can give way; as they are if None.
    """
    columns = _fitted(width)
    yield _table_line({name: name for name, _ in columns}, columns)
    for row in rows:
        who = row["actor_uid"] or row["actor_unique_id"] or row["actor_type"] or "-"
        cells = {
            "time": row["time"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "operation": row["operation"],
            "outcome": row["outcome"],
            "who": who,
            "src_ip": row["src_ip"] or "-",
            "what": about(row) or "-",
            "event": row["event_uid"] + _again(row),
        }
        yield _table_line(cells, columns)


def _again(row: Row) -> str:
    """A word on rows that do not count, for another does."""
    if row["duplicate_of"]:
        return " (copy)"
    return " (same request)" if row["same_request_as"] else ""


def _fitted(width: int | None) -> tuple[tuple[str, int], ...]:
    """The columns, of which the two longest give way to the width."""
    spare = 0 if width is None else width - _WIDTH
    return tuple(
        (name, max(_LEAST, size + spare // 2) if name in _GIVING_WAY else size)
        for name, size in _COLUMNS
    )


def _table_line(cells: Mapping[str, str], columns: tuple[tuple[str, int], ...]) -> str:
    shown = []
    for name, width in columns:
        text = harmless(cells[name])
        if len(text) > width and name not in _WHOLE:
            tail = (width - 1) // 2
            text = f"{text[: width - 1 - tail]}…{text[-tail:]}"
        shown.append(text.ljust(width))
    return "  ".join(shown).rstrip()
