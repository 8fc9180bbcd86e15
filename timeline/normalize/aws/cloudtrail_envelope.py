"""CloudTrail records in an envelope: EventBridge (`detail`) and CloudTrail Lake (`eventJson`).

The row cites the whole envelope as received; its fields come from the record inside.
"""

from typing import Any

import msgspec

from collector.model import Gap
from timeline.normalize.aws import cloudtrail
from timeline.normalize.model import BROKEN, EventRow, Parser, Record, Unreadable, Where


class _Envelope(msgspec.Struct):
    detail: msgspec.Raw = msgspec.Raw(b"")
    eventJson: str | None = None
    eventData: msgspec.Raw = msgspec.Raw(b"")
    kind: Any = msgspec.field(default=None, name="detail-type")


_envelope = msgspec.json.Decoder(_Envelope)


def _inner(data: bytes) -> bytes | None:
    try:
        found = _envelope.decode(data)
    except BROKEN:
        return None
    if found.eventJson:
        return found.eventJson.encode("utf-8", "surrogatepass")
    inner = bytes(found.detail) or bytes(found.eventData)
    return inner or None


def detect(data: bytes) -> bool:
    """An envelope whose inside is a CloudTrail record."""
    inner = _inner(data)
    return inner is not None and cloudtrail.detect(inner)


def read(record: Record, where: Where) -> tuple[EventRow, tuple[Gap, ...]]:
    """One envelope to its row.

    Raises:
        Unreadable: nothing inside, or it is no record.
    """
    assert record.data is not None
    inner = _inner(record.data)
    if inner is None:
        raise Unreadable("expected a CloudTrail record in the envelope, found none")
    return cloudtrail.to_row(inner, record, where, "aws.cloudtrail_envelope")


PARSER = Parser(
    source="aws.cloudtrail_envelope",
    version=1,
    form="json",
    detect=detect,
    read=read,
    mapping=(("all columns", "detail, eventData or eventJson, as an aws.cloudtrail record"),),
    never=cloudtrail.PARSER.never,
)
