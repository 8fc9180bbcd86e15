"""Step 9 of `verify`: the rows of an exhibit bundle against the evidence inside it.

The same checks, with the same words, as the stand-alone `verify_bundle.py`, which shares no code
with this module: records are cut out and read here as the build reads them.
 a  evidence.jsonl against the files under items/ and unsealed/
 b  rows that cite a record: SHA-256 of the file, SHA-256 of the bytes at the locator
 c  the index of evidence against the lines of the manifests
 d  what a row repeats of its record, read again from the record
 e  index.csv: SHA-256 of each file, number of rows; each cover prints the SHA-256 of its table
 f  of a redacted rendition: the files that its statement names, and who signed that
"""

import hashlib
import io
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from collector import canonical, manifest
from collector import verify as verification
from collector.model import Digest, EvidenceItem
from collector.verify.report import Discrepancy, Report, Trust, unchecked, wrong
from reports import cited_evidence, table_file
from reports.aws_changes import of_change
from reports.edition_files import line_of
from reports.edition_files import sha256 as digest_of
from reports.redaction import check as rendition
from reports.redaction.rewrite import mask
from timeline import rederive
from timeline.normalize.model import Unreadable
from timeline.rederive import Place

INDEX = frozenset({"stored_path", "source_sha512"})
CITING = frozenset({"evidence_item", "locator", "record_sha256", "source_sha256"})
#: Column of a table -> column of `events`.
FIELDS: Mapping[str, str] = {
    "operation": "operation", "provider_record_id": "provider_uid", "address": "src_ip",
    "client": "user_agent", "error_code": "error_code", "time_as_received": "time_text",
}  # fmt: skip
OF_CHANGE = ("operation", "provider_record_id")
_STATES = {
    cited_evidence.SEALED, cited_evidence.NOT_SEALED, cited_evidence.NOT_CITED,
    cited_evidence.WITHDRAWN, cited_evidence.LEFT_OUT,
}  # fmt: skip
_PATH = re.compile("(items|unsealed)/[^/]+/[^/]+")
_NAME = re.compile("[A-Za-z0-9_.-]+")
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """One line of evidence.jsonl."""

    item: str
    state: str
    path: str | None
    line: manifest.ManifestLine


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """One row that cites a record."""

    at: str
    row: Mapping[str, Any]


def is_bundle(root: Path) -> bool:
    """Whether the folder is an edition of exhibits, outside or inside a case."""
    return (root / "inputs.json").is_file() and (root / manifest.NAME).is_file()


def verify(root: Path, trust: Trust | None = None) -> Report:
    """Steps 3, 5, 6 and 8 of `verify` for a folder with proofs, then the rows."""
    base = verification.run_safely(root, trust)
    found, tally = check(root)
    found += rendition.check(root, trust or Trust())
    ordered = sorted(
        [*base.discrepancies, *found],
        key=lambda one: (one.path, one.check, one.expected, one.found),
    )
    parts = {**base.parts, "kind": "bundle", "rows": tally}
    return Report(discrepancies=tuple(ordered), notes=base.notes, parts=parts)


def check(root: Path) -> tuple[list[Discrepancy], dict[str, int]]:
    """Discrepancies, and how many rows were compared."""
    tally = {"absent": 0, "compared": 0, "fields": 0}
    digests = list(_digests(root))
    if not (root / cited_evidence.LIST).is_file():
        missing = unchecked(
            "evidence-list", cited_evidence.LIST, "a list of the evidence", "no such file"
        )
        return [*digests, missing], tally
    kept, found = _evidence(root)
    found += digests
    cells: dict[str, list[_Cell]] = {}
    for table in sorted(root.glob("*.csv")):
        rows = _readable(table)
        names = set(rows[0]) if rows else set()
        if names >= INDEX:
            found += _index(table.name, rows, kept)
        elif names >= CITING:
            for number, row in enumerate(rows, 1):
                if row["evidence_item"]:
                    cell = _Cell(at=f"{table.name}:{number}", row=row)
                    cells.setdefault(str(row["evidence_item"]), []).append(cell)
    for item in sorted(cells):
        found += _item(root, item, cells[item], kept, tally)
    if tally["absent"]:
        found.append(
            unchecked(
                "rows-without-evidence", cited_evidence.LIST, "the evidence that rows cite",
                f"{tally['absent']} rows cite files that are not in this bundle",
            )
        )  # fmt: skip
    return found, tally


def _digests(root: Path) -> Iterator[Discrepancy]:
    """Check e."""
    path = root / "index.csv"
    for row in _readable(path) if path.is_file() else ():
        name, stated = _text(row.get("file")), _text(row.get("sha256"))
        label = f"index.csv: {name}"
        if not _NAME.fullmatch(name) or not (root / name).is_file():
            yield wrong("index-file", label, stated, "no such file")
            continue
        actual = digest_of(root / name)
        if actual != stated:
            yield wrong("index-digest", label, stated, actual)
        if name.endswith(".csv"):
            count = len(_readable(root / name))
            if str(count) != _text(row.get("rows")):
                yield wrong("index-rows", label, _text(row.get("rows")), count)
            cover = (root / name).with_suffix(".html")
            if cover.is_file() and actual not in cover.read_text("utf-8").replace("<wbr>", ""):
                yield wrong("cover-digest", cover.name, actual, "another digest of the table")


def _readable(path: Path) -> Sequence[Mapping[str, Any]]:
    """Rows of a table; none where it is no table: its digest is wrong already."""
    try:
        return table_file.read(path, ())
    except (table_file.TableError, UnicodeError):
        return ()


def _evidence(root: Path) -> tuple[dict[str, _Kept], list[Discrepancy]]:
    """Check a."""
    kept: dict[str, _Kept] = {}
    found = []
    lines = canonical.split_lines((root / cited_evidence.LIST).read_bytes())
    for number, line in enumerate(lines, 1):
        entry = _entry(line)
        if entry is None:
            label = f"{cited_evidence.LIST}:{number}"
            wanted = "item, manifest_line, path, state"
            found.append(wrong("evidence-line", label, wanted, "another form"))
            continue
        kept[entry.item] = entry
        if entry.path is None:
            continue
        place = root / entry.path
        actual = digest_of(place) if place.is_file() else "no such file"
        if actual != entry.line.sha256:
            found.append(wrong("evidence-file", entry.path, entry.line.sha256, actual))
    bare = sum(one.state == cited_evidence.NOT_SEALED for one in kept.values())
    if bare:
        found.append(
            unchecked(
                "not-sealed", cited_evidence.LIST, "files with proof that a seal covers them",
                f"{bare} files under no seal",
            )
        )  # fmt: skip
    return kept, found


def _entry(raw: bytes) -> _Kept | None:
    try:
        value = canonical.decode(raw)
        (line,) = manifest.parse(str(value["manifest_line"]).encode() + canonical.LF)
        item, state, path = value["item"], value["state"], value["path"]
    except (canonical.CanonicalError, manifest.ManifestError, KeyError, ValueError):
        return None
    held = state in (cited_evidence.SEALED, cited_evidence.NOT_SEALED)
    fits = isinstance(item, str) and state in _STATES
    fits = fits and (bool(_PATH.fullmatch(str(path))) if held else path is None)
    return _Kept(item=item, state=state, path=path, line=line) if fits else None


def _index(
    name: str, rows: Sequence[Mapping[str, Any]], kept: Mapping[str, _Kept]
) -> Iterator[Discrepancy]:
    """Check c."""
    for number, row in enumerate(rows, 1):
        label, uid = f"{name}:{number}", str(row["evidence_item"])
        if uid not in kept:
            yield wrong("row-item", label, "an item of evidence.jsonl", uid)
        elif ".w" not in uid:
            line = kept[uid].line
            stated = {
                "bytes": str(line.size), "source_sha256": line.sha256,
                "source_sha512": line.sha512,
            }  # fmt: skip
            for column, expected in stated.items():
                cell = _text(row.get(column))
                if cell != expected:
                    yield wrong("row-index", label, f"{column} {expected}", cell)


def _item(
    root: Path, uid: str, cells: Sequence[_Cell], kept: Mapping[str, _Kept], tally: dict[str, int]
) -> Iterator[Discrepancy]:
    """Checks b and d for all rows that cite one item."""
    entry = kept.get(uid)
    if entry is None:
        for cell in cells:
            yield wrong("row-item", cell.at, "an item of evidence.jsonl", uid)
        return
    path = root / entry.path if entry.path else None
    if path is None or not path.is_file():
        tally["absent"] += len(cells)
        return
    digest = entry.line.sha256
    if ".w" in uid:
        _, digest = _member(path, uid)
    for cell in cells:
        if cell.row["source_sha256"] != digest:
            yield wrong("row-source", cell.at, digest, _text(cell.row["source_sha256"]))
    item = _as_item(uid, entry)
    citing = [cell for cell in cells if cell.row["record_sha256"]]
    places = {cell.at: rederive.place_of(_text(cell.row["locator"])) for cell in citing}
    try:
        records = rederive.read_back(
            partial(_open, path), item, {one for one in places.values() if one is not None}
        )
    except Exception:
        # An altered file may break any decoder. It is wrong by its digest already; a sound one
        # that does is a defect to be seen.
        if line_of(path, "x").sha256 == entry.line.sha256:
            raise
        records = {}
    for cell in citing:
        place = places[cell.at]
        if place is None:
            locator = _text(cell.row["locator"])
            yield wrong("row-locator", cell.at, "record@offset+length", locator)
        else:
            yield from _compare(cell, item, place, records.get(place), tally)


def _compare(
    cell: _Cell, item: EvidenceItem, place: Place, found: rederive.Found | None,
    tally: dict[str, int],
) -> Iterator[Discrepancy]:  # fmt: skip
    tally["compared"] += 1
    digest = found.sha256 if found else "no bytes at that place"
    if found is None or digest != cell.row["record_sha256"]:
        yield wrong("row-record", cell.at, cell.row["record_sha256"], digest)
        return
    try:
        again = rederive.event_row(item, place, found)
    except Unreadable:
        again = None
    if again is None:
        return
    tally["fields"] += 1
    row = cell.row
    logged = row.get("kind", "logged") == "logged" and bool(
        {"kind", "what", "change_uid"} & set(row)
    )
    for column, name in FIELDS.items():
        asked = "event_uid" in row or (logged and column in OF_CHANGE and row.get(column))
        expected = mask(_text(again[name]))
        if column in row and asked and _text(row[column]) != expected:
            yield wrong("row-field", cell.at, f"{column} {expected}", _text(row[column]))
    change = logged and row.get("operation") and row.get("provider_record_id")
    of_one = "change_uid" in row or row.get("what") == "change"
    if change and of_one and "event_uid" not in row and again["actor_type"] is not None:
        for column, stated, expected in of_change(row, again):
            yield wrong("row-field", cell.at, f"{column} {expected}", stated)


def _as_item(uid: str, entry: _Kept) -> EvidenceItem:
    """What reading needs to know of an item; the rest is not in the bundle."""
    return EvidenceItem(
        uid=uid, acquisition=int(uid.removeprefix("EV-").partition(".")[0]),
        path=PurePosixPath(str(entry.path)), name=uid, size=entry.line.size,
        digest=Digest(sha256=entry.line.sha256, sha512=entry.line.sha512), content_sha256=None,
        acquired_at=_LONG_AGO, observed_at=None, source="bundle",
    )  # fmt: skip


def _open(path: Path, item: EvidenceItem) -> BinaryIO:
    """The item's bytes: a file, or one member of a file of recorded calls."""
    if ".w" in item.uid:
        return io.BytesIO(_member(path, item.uid)[0])
    return path.open("rb")


def _member(path: Path, uid: str) -> tuple[bytes, str]:
    """The gzip member of a recorded answer, with its SHA-256."""
    data, member = path.read_bytes(), b""
    for _ in range(int(uid.rpartition("w")[2])):
        inflate = zlib.decompressobj(31)
        inflate.decompress(data)
        member, data = data[: len(data) - len(inflate.unused_data)], inflate.unused_data
    return member, hashlib.sha256(member).hexdigest()


def _text(value: object) -> str:
    return "" if value is None else str(value)
