"""Back from a row to its bytes, and from a document to its content."""

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from collector.model import EvidenceItem
from timeline.normalize import archives, documents, ingest, lines, split
from timeline.normalize.aws.answers import REPORT
from timeline.normalize.model import OpenItem, Record, Snapshot

_LOCATOR = re.compile(r"(?s)(?P<prefix>.*!/)?(?P<record>\d+)@(?P<offset>\d+)\+(?P<length>\d+)")


def reextract(open_item: OpenItem, item: EvidenceItem, locator: str) -> bytes:
    """Exactly the bytes that a locator names in the item's decompressed stream.

    Raises:
        ValueError: the locator is none.
        LookupError: the item holds no such member, or ends before those bytes.
    """
    found = _LOCATOR.fullmatch(locator)
    if found is None:
        raise ValueError(f"expected [member!/]record@offset+length, found {locator!r}")
    offset, length = int(found["offset"]), int(found["length"])
    taken = bytearray()
    position = 0
    with open_item(item) as stream:
        try:
            for chunk in archives.body(stream, found["prefix"] or ""):
                start = max(0, offset - position)
                if start < len(chunk):
                    taken += chunk[start : start + length - len(taken)]
                position += len(chunk)
                if len(taken) >= length:
                    return bytes(taken)
        except archives.Cut as cut:
            raise LookupError(f"expected {length} bytes at {offset}: {cut}") from cut
    if len(taken) == length:
        return bytes(taken)
    raise LookupError(f"expected {length} bytes at {offset}, the stream ends at {position}")


def snapshots(items: Sequence[EvidenceItem], open_item: OpenItem) -> Iterator[Snapshot]:
    """The recognised API answers among the items, decoded, in the order of the items.

    A body counts if `run` lists it among its documents: every record in it is one kind of answer.
    Bodies that are logs, papers or gaps are passed over here; `run` accounts for them.
    """
    for item in items:
        try:
            with open_item(item) as stream:
                for body in archives.bodies(stream):
                    if body.problem is None:
                        yield from _in_body(item, body)
        except OSError:
            # `run` has made it a gap.
            continue


def _in_body(item: EvidenceItem, body: archives.Body) -> Iterator[Snapshot]:
    head, chunks = ingest.head_of(body.chunks)
    text = head.removeprefix(lines.BOM).lstrip()
    if documents.is_credential_report(head):
        quiet, ended = lines.until_cut(chunks)
        data = b"".join(quiet)
        if not ended:
            whole = Record(0, 0, len(data), data)
            rows = documents.credential_report(data)
            yield _snapshot(item, body, REPORT, whole, rows)
        return
    if text[:1] not in (b"{", b"["):
        return
    look = documents.Look()
    found = []
    quiet_records, ended = lines.until_cut(split.json_records(chunks))
    for record in quiet_records:
        look.at(record)
        if look.kind is None:
            return
        found.append(record)
    if look.kind is not None and not ended:
        for record in found:
            decoded = msgspec.json.decode(record.data or b"")
            yield _snapshot(item, body, look.kind, record, decoded)


def _snapshot(
    item: EvidenceItem,
    body: archives.Body,
    kind: str,
    record: Record,
    decoded: Any,  # noqa: ANN401 - whatever JSON holds
) -> Snapshot:
    return Snapshot(
        kind=kind,
        item=item,
        locator=f"{body.prefix}{record.number}@{record.offset}+{record.length}",
        observed_at=item.observed_at,
        sha256=sha256(record.data or b"").hexdigest(),
        body=decoded,
    )
