"""Back from a row to its bytes, and from a document to its content."""

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256

import msgspec

from collector.model import EvidenceItem
from timeline.normalize import archives, documents, ingest
from timeline.normalize.model import OpenItem, Snapshot, Unreadable

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

    Bodies that are logs, papers or gaps are passed over here; `run` accounts for them.
    """
    for item in items:
        with open_item(item) as stream:
            for body in archives.bodies(stream):
                if body.problem is None:
                    yield from _snapshot(item, body)


def _snapshot(item: EvidenceItem, body: archives.Body) -> Iterator[Snapshot]:
    try:
        data = ingest.held(body.chunks)
        kind = documents.answer_kind(data)
        if kind is None and documents.is_credential_report(data):
            kind = "aws.iam.credential_report"
        if kind is None:
            return
        decoded = documents.decode(kind, data)
    except (Unreadable, msgspec.MsgspecError):
        return
    yield Snapshot(
        kind=kind,
        item=item,
        locator=body.prefix,
        observed_at=item.observed_at,
        sha256=sha256(data).hexdigest(),
        body=decoded,
    )
