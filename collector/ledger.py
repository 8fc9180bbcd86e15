"""The ledgers of an acquisition: files.jsonl, gaps.jsonl, observations.jsonl, line by line.

A line is written after the bytes it speaks of are durable, never before. Names that are not UTF-8
are kept as base64 under `<key>_b64`; a reader shows them with backslash escapes.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from collector import canonical, clock
from collector.errors import IntegrityError
from collector.model import (
    Digest,
    EvidenceItem,
    Gap,
    Observation,
    Origin,
    Outcome,
    WarcPointer,
)  # fmt: skip

FILES = "files.jsonl"
GAPS = "gaps.jsonl"
OBSERVATIONS = "observations.jsonl"
WARC = "api.warc.gz"
FOLDER = "files"


def text_field(key: str, value: str | bytes | None) -> dict[str, str | None]:
    """`{key: text}`, or `{key_b64: base64}` for bytes that are not UTF-8 (or a lone surrogate)."""
    if value is None:
        return {key: None}
    if isinstance(value, str) and not _has_surrogates(value):
        return {key: value}
    raw = value if isinstance(value, bytes) else _raw(value)
    try:
        return {key: raw.decode("utf-8")}
    except UnicodeDecodeError:
        return {f"{key}_b64": base64.b64encode(raw).decode("ascii")}


def read_text(line: Mapping[str, Any], key: str) -> str | None:
    """The reverse, for people: bytes that are not UTF-8 appear as `\\xe9`."""
    if f"{key}_b64" in line:
        return base64.b64decode(line[f"{key}_b64"]).decode("utf-8", "backslashreplace")
    value = line.get(key)
    return None if value is None else str(value)


def when(at: datetime | None) -> str | None:
    """A time as it stands in a ledger."""
    return None if at is None else clock.stamp(at)


def read_when(text: str | None) -> datetime | None:
    """The reverse."""
    return None if text is None else datetime.fromisoformat(text)


def origin_field(origin: Origin | None) -> dict[str, Any]:
    """`{origin: …}` for what comes from another case, else nothing."""
    if origin is None:
        return {}
    return {
        "origin": {
            "acquired_at": when(origin.acquired_at),
            "case": origin.case,
            "item": origin.item,
            **text_field("path", origin.path),
            **text_field("source", origin.source),
        }
    }


def read_origin(line: Mapping[str, Any]) -> Origin | None:
    """The reverse."""
    origin = line.get("origin")
    if origin is None:
        return None
    return Origin(
        case=origin["case"], path=read_text(origin, "path") or "", item=origin["item"],
        source=read_text(origin, "source"), acquired_at=read_when(origin["acquired_at"]),
    )  # fmt: skip


def gap_line(gap: Gap, *, at: datetime, counted: bool) -> dict[str, Any]:
    """One line of gaps.jsonl.

    Args:
        gap: what could not be observed or read.
        at: our clock.
        counted: whether it stands for one thing of the input (seen = kept + gaps), or is an
            additional remark.
    """
    return {
        "at": clock.stamp(at),
        "counted": counted,
        "item": gap.item,
        "kind": gap.kind,
        "locator": gap.locator,
        "reason": _printable(gap.reason),
        "time_from": when(gap.time_from),
        "time_to": when(gap.time_to),
        **text_field("subject", gap.subject),
    }


def read_gap(line: Mapping[str, Any]) -> Gap:
    """The reverse."""
    return Gap(
        kind=line["kind"], subject=read_text(line, "subject") or "", reason=line["reason"],
        time_from=read_when(line["time_from"]), time_to=read_when(line["time_to"]),
        item=line["item"], locator=line["locator"],
    )  # fmt: skip


def read_item(
    acquisition: int, folder: PurePosixPath, line: Mapping[str, Any], source: str
) -> EvidenceItem:
    """The item that a line of files.jsonl speaks of."""
    acquired_at = read_when(line["acquired_at"])
    assert acquired_at is not None
    return EvidenceItem(
        uid=line["item"],
        acquisition=acquisition,
        path=folder / line["stored"],
        name=read_text(line, "name") or "",
        size=line["bytes"],
        digest=Digest(sha256=line["sha256"], sha512=line["sha512"]),
        content_sha256=line["content_sha256"],
        acquired_at=acquired_at,
        observed_at=read_when(line["observed_at"]),
        source=source,
        origin=read_origin(line),
    )


def observation_line(one: Observation) -> dict[str, Any]:
    """One line of observations.jsonl."""
    return {
        "account": one.account,
        "at": clock.stamp(one.at),
        "detail": one.detail,
        "operation": one.operation,
        "outcome": one.outcome.value if one.outcome else None,
        "parameters": dict(one.parameters),
        "records": [
            {
                "kind": record.kind, "length": record.length, "offset": record.offset,
                "record": record.record, "sha256": record.digest.sha256,
                "sha512": record.digest.sha512, **origin_field(record.origin),
            }
            for record in one.records
        ],
        "recovered": one.recovered,
        "region": one.region,
        "request_id": one.request_id,
        **text_field("resource", one.resource),
    }  # fmt: skip


def read_observation(line: Mapping[str, Any]) -> Observation:
    """The reverse."""
    at = read_when(line["at"])
    assert at is not None
    return Observation(
        operation=line["operation"], resource=read_text(line, "resource") or "",
        outcome=Outcome(line["outcome"]) if line["outcome"] else None, at=at,
        request_id=line["request_id"], account=line["account"], region=line["region"],
        parameters=line["parameters"], detail=line["detail"],
        records=tuple(
            WarcPointer(
                record=record["record"], kind=record["kind"], offset=record["offset"],
                length=record["length"],
                digest=Digest(sha256=record["sha256"], sha512=record["sha512"]),
                origin=read_origin(record),
            )
            for record in line["records"]
        ),
        recovered=line["recovered"],
    )  # fmt: skip


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Whole lines of a ledger that may not exist; an unfinished last line is not read.

    Raises:
        IntegrityError: a line that is not JSON, with its number.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            if not raw.endswith(canonical.LF):
                return
            try:
                value = json.loads(raw)
            except ValueError as error:
                raise IntegrityError(
                    f"{path}, line {number}: expected a ledger line, found: {error}. The ledger "
                    "was altered outside butfor: run `butfor verify`."
                ) from error
            yield value


def _printable(text: str) -> str:
    """Reasons quote hostile names: lone surrogates become escapes, the rest is kept."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _has_surrogates(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)


def _raw(text: str) -> bytes:
    """The bytes that a name from the file system stands for."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
