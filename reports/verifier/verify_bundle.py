"""Step 9: an exhibit bundle: does every row say what the evidence inside the bundle says?

 a  evidence.jsonl against the files under items/ and unsealed/: size and SHA-256
 b  every row of a native table that cites a record: the file has the SHA-256 that the row states,
    and the bytes at its locator have the SHA-256 of the record
 c  the index of evidence against the lines of the manifests
 d  rows about records of CloudTrail and of S3 access logs: the record is parsed here, by other code
    than made the row, and operation, id, address, client, error code and time are compared; of rows
    about changes also the caller and what was written (verify_aws_config.py)
 e  index.csv: SHA-256 of each file, number of rows of each table; each cover prints the SHA-256 of
    its table
What a bundle leaves out cannot be checked, and is named.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from verify_access_log import access_log
from verify_archives import DAMAGE, Closed, bodies
from verify_aws_config import mask, of_change
from verify_files import digests, manifest_row
from verify_report import Report, lines_of, parse, sha256

LOCATOR = re.compile(r"(?s)(?P<member>.*!/)?\d+@(?P<offset>\d+)\+(?P<length>\d+)")
STATES = {"sealed", "not sealed", "not cited", "withdrawn", "left out on request"}
#: Column of a table -> field of a CloudTrail record.
FIELDS = {
    "operation": "eventName", "provider_record_id": "eventID", "address": "sourceIPAddress",
    "client": "userAgent", "error_code": "errorCode", "time_as_received": "eventTime",
}  # fmt: skip
OF_CHANGE = ("operation", "provider_record_id")
BLOCK = 1 << 20
csv.field_size_limit(1 << 30)


def check_bundle(root: Path, report: Report) -> None:
    """All of it, for a folder with inputs.json beside its manifest.jsonl."""
    _digests(root, report)
    kept = _evidence(root, report)
    if kept is None:
        return
    wanted: dict[str, list[dict[str, Any]]] = {}
    for table in sorted(root.glob("*.csv")):
        rows = list(_rows(table))
        names = set(rows[0]) if rows else set()
        if {"stored_path", "source_sha512"} <= names:
            _index(table.name, rows, kept, report)
        elif {"evidence_item", "locator", "record_sha256", "source_sha256"} <= names:
            for number, row in enumerate(rows, 1):
                if row["evidence_item"]:
                    cell = {"at": f"{table.name}:{number}", "row": row}
                    wanted.setdefault(row["evidence_item"], []).append(cell)
    tally = {"compared": 0, "fields": 0, "absent": 0}
    for item in sorted(wanted):
        _item(root, item, wanted[item], kept, tally, report)
    if tally["absent"]:
        report.open(
            "rows-without-evidence", "evidence.jsonl", "the evidence that rows cite",
            f"{tally['absent']} rows cite files that are not in this bundle",
        )  # fmt: skip
    report.parts["rows"] = tally


def _digests(root: Path, report: Report) -> None:
    """Check e."""
    path = root / "index.csv"
    for row in _rows(path) if path.is_file() else ():
        name = row.get("file", "")
        place = root / name
        if not re.fullmatch(r"[A-Za-z0-9_.-]+", name) or not place.is_file():
            report.bad("index-file", f"index.csv: {name}", row.get("sha256"), "no such file")
            continue
        found = digests(place, both=False)[0]
        if found != row.get("sha256"):
            report.bad("index-digest", f"index.csv: {name}", row.get("sha256"), found)
        if name.endswith(".csv"):
            count = sum(1 for _ in _rows(place))
            if str(count) != row.get("rows"):
                report.bad("index-rows", f"index.csv: {name}", row.get("rows"), count)
            cover = place.with_suffix(".html")
            if cover.is_file() and found not in cover.read_text("utf-8").replace("<wbr>", ""):
                report.bad("cover-digest", cover.name, found, "another digest of the table")


def _evidence(root: Path, report: Report) -> dict[str, dict[str, Any]] | None:
    """Check a; lines by item. None for a bundle that was made without a list."""
    path = root / "evidence.jsonl"
    if not path.is_file():
        report.open("evidence-list", "evidence.jsonl", "a list of the evidence", "no such file")
        return None
    kept: dict[str, dict[str, Any]] = {}
    unsealed = 0
    for number, line in enumerate(lines_of(path, path.name, "evidence-torn", report), 1):
        label = f"evidence.jsonl:{number}"
        entry = _entry(line)
        if entry is None:
            report.bad("evidence-line", label, "item, manifest_line, path, state", "another form")
            continue
        kept[str(entry["item"])] = entry
        unsealed += entry["state"] == "not sealed"
        if entry["path"] is not None:
            _file(root, entry, report)
    if unsealed:
        report.open(
            "not-sealed", "evidence.jsonl", "files with proof that a seal covers them",
            f"{unsealed} files under no seal",
        )  # fmt: skip
    return kept


def _entry(line: bytes) -> dict[str, Any] | None:
    """One line of the list with its line of the manifest parsed; None if it is not in form."""
    entry: dict[str, Any] | None
    try:
        entry = parse(line)
        entry["line"] = manifest_row(entry["manifest_line"].encode())
        state, path = entry["state"], entry["path"]
        held = state in ("sealed", "not sealed")
        fits = entry["line"] is not None and state in STATES and isinstance(entry["item"], str)
        if held:
            fits = fits and bool(re.fullmatch("(items|unsealed)/[^/]+/[^/]+", path))
        if not fits or (path is not None and not held):
            entry = None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        entry = None
    return entry


def _file(root: Path, entry: dict[str, Any], report: Report) -> None:
    place = root / entry["path"]
    if not place.is_file():
        report.bad("evidence-file", entry["path"], entry["line"]["sha256"], "no such file")
    elif digests(place, both=False)[0] != entry["line"]["sha256"]:
        found = digests(place, both=False)[0]
        report.bad("evidence-file", entry["path"], entry["line"]["sha256"], found)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Rows of a native table; one leading apostrophe is the mark of the writer, not the value."""
    text = path.read_bytes().decode("utf-8", "surrogatepass")
    for row in csv.DictReader(io.StringIO(text, newline="")):
        yield {
            str(name): value[1:] if value.startswith("'") else value
            for name, value in row.items()
            if isinstance(value, str)
        }


def _index(
    name: str, rows: list[dict[str, str]], kept: dict[str, dict[str, Any]], report: Report
) -> None:
    """Check c."""
    for number, row in enumerate(rows, 1):
        label, entry = f"{name}:{number}", kept.get(row["evidence_item"])
        if entry is None:
            report.bad("row-item", label, "an item of evidence.jsonl", row["evidence_item"])
            continue
        if ".w" in row["evidence_item"]:
            continue  # one answer in the file of an acquisition's calls: check b
        line = entry["line"]
        for column, expected in (
            ("bytes", str(line["bytes"])), ("source_sha256", line["sha256"]),
            ("source_sha512", line["sha512"]),
        ):  # fmt: skip
            if row.get(column) != expected:
                report.bad("row-index", label, f"{column} {expected}", row.get(column))


def _item(
    root: Path, item: str, cells: list[dict[str, Any]], kept: dict[str, dict[str, Any]],
    tally: dict[str, int], report: Report,
) -> None:  # fmt: skip
    """Checks b and d for all rows that cite one item."""
    entry = kept.get(item)
    if entry is None:
        for cell in cells:
            report.bad("row-item", cell["at"], "an item of evidence.jsonl", item)
        return
    if entry["path"] is None or not (root / entry["path"]).is_file():
        tally["absent"] += len(cells)
        return
    with (root / entry["path"]).open("rb") as file:
        _, _, record = item.rpartition(".")[2].partition("w")
        member = _member(file, int(record)) if record else b""
        digest = sha256(member) if record else entry["line"]["sha256"]
        for cell in cells:
            if cell["row"]["source_sha256"] != digest:
                report.bad("row-source", cell["at"], digest, cell["row"]["source_sha256"])
        wanted: dict[str, list[tuple[re.Match[str] | None, dict[str, Any]]]] = {}
        for cell in cells:
            if cell["row"]["record_sha256"]:
                found = LOCATOR.fullmatch(cell["row"]["locator"])
                prefix = (found["member"] or "") if found else ""
                wanted.setdefault(prefix, []).append((found, cell))
        size = entry["line"]["bytes"]
        for prefix, stream in bodies(io.BytesIO(member) if record else file, size):
            cited = wanted.pop(prefix, [])
            if cited and stream is None:
                expected = f"{len(cited)} records to compare"
                report.open("row-record", entry["path"] + prefix, expected, _ZSTD)
            elif cited:
                _cut(stream, cited, tally, report)
        for cited in wanted.values():  # nothing of that name, or nothing that can be read
            _cut(io.BytesIO(), cited, tally, report)


_ZSTD = "compressed in a way the standard library cannot read"


def _member(file: BinaryIO, number: int) -> bytes:
    """Gzip member `number` (from 1) of a file of recorded calls; empty if there is none."""
    inflate, member, count = zlib.decompressobj(31), b"", 1
    raw, full = b"", False
    try:
        while full or raw or (raw := file.read(BLOCK)):
            full = len(inflate.decompress(raw, BLOCK)) == BLOCK and not inflate.eof
            rest = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
            if count == number:
                member += raw[: len(raw) - len(rest)]
            if inflate.eof:
                if count == number:
                    return member
                inflate, count = zlib.decompressobj(31), count + 1
            raw = rest
    except zlib.error:
        pass  # nothing whole begins here
    return b""


def _cut(
    stream: BinaryIO, cited: list[tuple[re.Match[str] | None, dict[str, Any]]],
    tally: dict[str, int], report: Report,
) -> None:  # fmt: skip
    """Records at their places, in one pass; a place that several rows cite is read once."""
    places: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for found, cell in cited:
        if found is None:
            report.bad("row-locator", cell["at"], "record@offset+length", cell["row"]["locator"])
        else:
            places.setdefault((int(found["offset"]), int(found["length"])), []).append(cell)
    window, start = b"", 0
    for offset, length in sorted(places):
        try:
            window, start = _until(stream, window, start, offset, length)
        except (Closed, *DAMAGE):
            window = b""  # what cannot be read is not the record
        data = window[offset - start : offset - start + length]
        for cell in places[offset, length]:
            _compare(data if len(data) == length else None, cell, tally, report)


def _until(
    stream: BinaryIO, window: bytes, start: int, offset: int, length: int
) -> tuple[bytes, int]:
    """Bytes from `offset` on, at least `length` of them if there are so many."""
    if offset > start:
        dropped = min(offset - start, len(window))
        window, start = window[dropped:], start + dropped
    while start < offset:
        block = stream.read(min(BLOCK, offset - start))
        if not block:
            return b"", offset
        start += len(block)
    while len(window) < length:
        block = stream.read(length - len(window))
        if not block:
            break
        window += block
    return window, start


def _compare(
    data: bytes | None, cell: dict[str, Any], tally: dict[str, int], report: Report
) -> None:
    row, found = cell["row"], "no bytes at that place" if data is None else sha256(data)
    tally["compared"] += 1
    if data is None or found != row["record_sha256"]:
        report.bad("row-record", cell["at"], row["record_sha256"], found)
        return
    try:
        record = json.loads(data)
    except (ValueError, RecursionError):
        record = access_log(data)
    if not isinstance(record, dict) or not {"eventID", "eventName", "eventTime"} <= set(record):
        return
    tally["fields"] += 1
    for column, stated, expected in fields(row, record):
        if stated != expected:
            report.bad("row-field", cell["at"], f"{column} {expected}", stated)


def fields(row: dict[str, str], record: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Check d: (column, cell, value of the record) of what this kind of row repeats of a record.

    Rows of requests repeat all fields; rows of changes name operation and id, where the change
    was logged, and repeat of the record what verify_aws_config.py reads; what another kind of row
    leaves out is not asked for. Ids of keys stand without their middle.
    """
    logged = row.get("kind", "logged") == "logged" and bool(
        {"kind", "what", "change_uid"} & set(row)
    )
    change = logged and bool(row.get("operation") and row.get("provider_record_id"))
    for column, name in FIELDS.items():
        value = record.get(name)
        if column not in row or not (value is None or isinstance(value, str)):
            continue
        if "event_uid" in row or (logged and column in OF_CHANGE and row[column]):
            yield column, row[column], mask(value or "")
    of_one = "event_uid" not in row and ("change_uid" in row or row.get("what") == "change")
    if change and of_one and isinstance(record.get("userIdentity"), dict):
        yield from of_change(row, record)
