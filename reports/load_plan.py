"""The documents of a production, in the order of their numbers: exhibits with their native tables,
then the evidence that they cite, each file once.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from collector import store
from reports import plain_text
from reports.cited_evidence import Kept
from reports.cover import Cover
from reports.load_files import Document, moment
from reports.material import Material
from reports.model import Exhibit, Imprint, plain


def of_exhibit(
    exhibit: Exhibit, cover: Cover, imprint: Imprint, pages: int, pdfs: tuple[str, ...], native: str
) -> tuple[Document, Document]:
    """A printed exhibit, and its table, attached."""
    day, time = moment(datetime.fromisoformat(imprint.prepared_at.replace("Z", "+00:00")))
    shared = {
        "CUSTODIAN": cover.author,
        "CREATEDATE": day, "CREATETIME": time, "MODDATE": day, "MODTIME": time,
        "CONFIDENTIALITY": imprint.confidentiality or "",
        "REDACTED": "Y" if imprint.redacted else "N", "TIMEZONE": "UTC",
        "EXHIBIT_NO": exhibit.number,
        "RECORD_COUNT": str(len(exhibit.native.rows)),
        "EVIDENCE_ID": "",
    }  # fmt: skip
    printed = Document(
        pages=pages, pdfs=pdfs,
        fields={**shared, "FILENAME": f"{exhibit.stem}.pdf", "FILEEXT": "pdf",
                "DOCTYPE": f"Exhibit: {plain(exhibit.title)}"},
        text=partial(plain_text.lines, exhibit, cover),
    )  # fmt: skip
    table = Document(
        pages=1, native=native, attached=True,
        fields={**shared, "FILENAME": native, "FILEEXT": native.rpartition(".")[2],
                "DOCTYPE": "Native table of the exhibit"},
        text=partial(_table, exhibit),
    )  # fmt: skip
    return printed, table


def of_evidence(kept: Sequence[Kept], material: Material, imprint: Imprint) -> Iterator[Document]:
    """Each carried file, with what its acquisition says of it."""
    known = _facts(material)
    custodians = {row["acq"]: _custodian(row) for row in material.acquisitions}
    seen: set[str] = set()
    for one in kept:
        if one.path is None or one.path in seen:
            continue
        seen.add(one.path)
        whole = one.path.endswith(f"/{one.item.path.name}") and ".f" in one.item.uid
        facts = known.get(one.item.uid, {}) if whole else {}
        modified = facts.get("modified_at")
        day, time = moment(datetime.fromisoformat(modified) if modified else None)
        got, at = moment(one.item.acquired_at)
        name = one.item.name if whole else one.path.rpartition("/")[2]
        yield Document(
            pages=1, native=one.path,
            fields={
                "CUSTODIAN": custodians.get(one.item.acquisition, ""),
                "CREATEDATE": got, "CREATETIME": at, "MODDATE": day, "MODTIME": time,
                "FILENAME": name, "FILEEXT": _ending(one.path), "DOCTYPE": "Source record",
                "CONFIDENTIALITY": imprint.confidentiality or "", "REDACTED": "N",
                "TIMEZONE": "UTC", "SOURCE_URI": str(facts.get("source") or ""),
                "EVIDENCE_ID": one.path.split("/")[1],
                "RECORD_COUNT": str(material.records.get(one.item.uid, 0)), "EXHIBIT_NO": "",
            },
            text=partial(iter, ("Document Produced in Native Format", name)),
        )  # fmt: skip


def _table(exhibit: Exhibit) -> Iterator[str]:
    yield "\t".join(name for name, _ in exhibit.native.columns)
    for row in exhibit.native.rows:
        yield "\t".join("" if value is None else str(value) for value in row)


def _facts(material: Material) -> Mapping[str, Mapping[str, Any]]:
    """Lines of files.jsonl by item."""
    if material.case is None:
        return {}
    return {
        f"EV-{acquisition.number}.f{number}": line
        for acquisition in store.acquisitions(material.case)
        for number, line in enumerate(store.facts(material.case, acquisition), 1)
    }


def _custodian(acquisition: Mapping[str, Any]) -> str:
    """Who handed over; else as whom it was collected."""
    handover = acquisition.get("handover") or {}
    return str(handover.get("provided_by") or acquisition.get("principal") or "")


def _ending(path: str) -> str:
    """`json.gz` and the like keep both parts."""
    suffixes = [part.lstrip(".") for part in Path(path).suffixes[-2:]]
    short = [part for part in suffixes if part.isalnum() and len(part) <= 8]
    if not short:
        return ""
    return ".".join(short) if short[-1] in ("gz", "zst", "bz2", "xz") else short[-1]
