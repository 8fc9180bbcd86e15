"""LookupEvents answers: the record is text inside `CloudTrailEvent`.

The row cites the whole entry as received; its fields come from the record inside. An entry
without that text (`aws cloudtrail lookup-events --query` drops it) is a gap: its few fields name
no principal in a form that can be decided.
"""

import msgspec

from collector.model import Gap
from timeline.normalize.aws import cloudtrail
from timeline.normalize.aws.cloudtrail_keys import each_key_once
from timeline.normalize.aws.cloudtrail_mapping import MAPPING, NEVER
from timeline.normalize.model import BROKEN, Parser, Record, Unreadable, Where
from timeline.normalize.row import Row


class _Entry(msgspec.Struct):
    CloudTrailEvent: str | None = None
    EventId: str | None = None
    EventName: str | None = None


_entry = msgspec.json.Decoder(_Entry)


def detect(data: bytes) -> bool:
    """A JSON object with the text of an event inside."""
    try:
        found = _entry.decode(data)
    except BROKEN:
        return False
    return bool(found.CloudTrailEvent or (found.EventId and found.EventName))


def read(record: Record, where: Where) -> tuple[Row, tuple[Gap, ...]]:
    """One entry to its row.

    Raises:
        Unreadable: no CloudTrailEvent, or it is no record.
    """
    assert record.data is not None
    try:
        found = _entry.decode(each_key_once(record.data))
    except BROKEN as error:
        raise Unreadable(f"expected a LookupEvents entry, found {error}") from error
    if not found.CloudTrailEvent:
        raise Unreadable("expected the text CloudTrailEvent in a LookupEvents entry, found none")
    inner = found.CloudTrailEvent.encode("utf-8", "surrogatepass")
    return cloudtrail.to_row(inner, record, where, "aws.cloudtrail_lookup")


PARSER = Parser(
    source="aws.cloudtrail_lookup",
    version=4,
    form="json",
    detect=detect,
    read=read,
    mapping=tuple((column, f"in CloudTrailEvent: {origin}") for column, origin in MAPPING),
    never=NEVER,
)
