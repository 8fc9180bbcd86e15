"""CloudTrail records in an envelope: EventBridge (`detail`), CloudTrail Lake (`eventJson`, also as
a cell of GetQueryResults), CloudWatch Logs (`message`).

The row cites the whole envelope as received; its fields come from the record inside. A row of Lake
without `eventJson` is read by `cloudtrail_lake`.
"""

from typing import Any

import msgspec

from collector.model import Gap
from timeline.normalize.aws import cloudtrail
from timeline.normalize.aws.cloudtrail_keys import each_key_once
from timeline.normalize.aws.cloudtrail_mapping import MAPPING, NEVER
from timeline.normalize.model import BROKEN, Parser, Record, Unreadable, Where
from timeline.normalize.row import Row


class _Envelope(msgspec.Struct):
    detail: msgspec.Raw = msgspec.Raw(b"")
    eventJson: str | None = None
    message: str | None = None
    eventData: msgspec.Raw = msgspec.Raw(b"")
    kind: Any = msgspec.field(default=None, name="detail-type")


_envelope = msgspec.json.Decoder(_Envelope)
_row = msgspec.json.Decoder(list[dict[str, str | None]])


def _inner(data: bytes) -> bytes | None:
    try:
        if data[:1] == b"[":
            return _text(_cells(data))
        found = _envelope.decode(data)
    except BROKEN:
        return None
    inner = _text(found.eventJson or found.message)
    return inner or bytes(found.detail) or bytes(found.eventData) or None


def _cells(data: bytes) -> str | None:
    """The record among the cells of a row of GetQueryResults: `[{"eventJson": "{…}"}, …]`."""
    for cell in _row.decode(data):
        for name, value in cell.items():
            if name.lower() == "eventjson" and value:
                return value
    return None


def _text(value: str | None) -> bytes | None:
    is_object = value is not None and value.lstrip().startswith("{")
    return value.encode() if value is not None and is_object else None


def detect(data: bytes) -> bool:
    """An envelope whose inside is a CloudTrail record."""
    inner = _inner(data)
    return inner is not None and cloudtrail.detect(inner)


def read(record: Record, where: Where) -> tuple[Row, tuple[Gap, ...]]:
    """One envelope to its row.

    Raises:
        Unreadable: nothing inside, or it is no record.
    """
    assert record.data is not None
    inner = _inner(each_key_once(record.data))
    if inner is None:
        raise Unreadable("expected a CloudTrail record in the envelope, found none")
    return cloudtrail.to_row(inner, record, where, "aws.cloudtrail_envelope")


PARSER = Parser(
    source="aws.cloudtrail_envelope",
    version=5,
    form="json",
    detect=detect,
    read=read,
    mapping=tuple(
        (column, f"in detail, eventJson, message or eventData: {origin}")
        for column, origin in MAPPING
    ),
    never=NEVER,
)
