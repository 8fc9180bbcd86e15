"""CloudTrail Lake: rows with a column for each field, as queries give them.

The form is JSON: rows of GetQueryResults (`[{"eventName": "…"}, …]`), or objects with the names of
columns in lower case. Columns: CloudTrail user guide, "Supported SQL schemas for event data
stores", any of them, in any order and spelling of case. A row with `eventJson` holds the record as
it was written, and belongs to `cloudtrail_envelope`.

Scalars are read as they are. Of nested columns is read what is certain (`cloudtrail_lake_notation`
says what that is); `omitted` names every field that is not, whether the query left it out or its
text is doubtful, and no column, no key of a request's context and no account rests on it. Without
errorCode the outcome of an event is not known, and an event without outcome is no row.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from collector.model import Gap
from timeline.normalize.aws import cloudtrail
from timeline.normalize.aws import cloudtrail_lake_notation as notation
from timeline.normalize.aws.cloudtrail_fields import compact
from timeline.normalize.aws.cloudtrail_keys import doubled_keys
from timeline.normalize.aws.cloudtrail_mapping import MAPPING, NEVER
from timeline.normalize.model import BROKEN, Parser, Record, Unreadable, Where
from timeline.normalize.row import OWN_COLUMNS, PackedRow

SOURCE = "aws.cloudtrail_lake"
#: Cells of a row by the name of their column in lower case; None and "" = null.
Cells: TypeAlias = Mapping[str, str | None]

#: Fields of a record that rows use, in its order; whether they are nested.
_FIELDS = {
    "eventVersion": False, "userIdentity": True, "eventTime": False, "eventSource": False,
    "eventName": False, "awsRegion": False, "sourceIPAddress": False, "userAgent": False,
    "errorCode": False, "errorMessage": False, "requestParameters": True,
    "responseElements": True, "additionalEventData": True, "requestID": False, "eventID": False,
    "readOnly": False, "resources": True, "eventType": False, "managementEvent": False,
    "recipientAccountId": False, "sharedEventID": False, "vpcEndpointId": False,
    "vpcEndpointAccountId": False, "eventCategory": False, "sessionCredentialFromConsole": False,
    "tlsDetails": True,
}  # fmt: skip
_STRUCTS = {"userIdentity": notation.identity, "tlsDetails": notation.connection}
#: Services of which a request that is about a bucket names it.
_WITH_BUCKETS = frozenset({"s3.amazonaws.com"})

_row = msgspec.json.Decoder(list[dict[str, str | None]])
_columns = msgspec.json.Decoder(dict[str, Any])
_json = msgspec.json.Decoder()
_parts = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encode = msgspec.json.Encoder().encode


def detect(data: bytes) -> bool:
    """A row of cells, or an object, with names of columns of an event.

    Lake names columns in lower case; a record names its fields otherwise.
    """
    try:
        cells = _row.decode(data) if data[:1] == b"[" else [_columns.decode(data)]
    except BROKEN:
        return False
    spelled = {name for cell in cells for name in cell}
    names = {name.lower() for name in spelled}
    if data[:1] == b"[" and {"eventname", "eventid"} <= names:
        return True
    in_columns = {"eventname", "eventsource", "eventtime"} <= names
    return in_columns and (data[:1] == b"[" or "eventName" not in spelled)


def read(record: Record, where: Where) -> tuple[PackedRow, tuple[Gap, ...]]:
    """One row of a query's answer to one of `events`.

    Raises:
        Unreadable: a column that is there twice or holds no text, no name, time or outcome.
    """
    assert record.data is not None
    if record.data[:1] == b"[":
        pairs = [pair for cell in _row.decode(record.data) for pair in cell.items()]
    else:
        if doubled := doubled_keys(record.data):
            raise Unreadable(f"expected each column once, found twice: {', '.join(doubled)}")
        pairs = [(name, _as_text(value)) for name, value in _columns.decode(record.data).items()]
    cells = cells_of(pairs)
    if (cells.get("eventjson") or "").lstrip().startswith("{"):
        raise Unreadable("expected a row in columns, found one with the record itself")
    return to_row(cells, record, where, SOURCE)


def _as_text(value: Any) -> str | None:  # noqa: ANN401 JSON
    """A cell; exporters that know a column's type write more than text."""
    return value if value is None or isinstance(value, str) else _encode(value).decode()


def cells_of(pairs: Iterable[tuple[str, str | None]]) -> Cells:
    """Cells by column.

    Raises:
        Unreadable: a column is there twice.
    """
    found: dict[str, str | None] = {}
    for name, value in pairs:
        if name.lower() in found:
            raise Unreadable(f"expected each column once, found twice: {name.lower()}")
        found[name.lower()] = None if value in ("", "null") else value
    return found


def to_row(
    cells: Cells, record: Record, where: Where, source: str
) -> tuple[PackedRow, tuple[Gap, ...]]:
    """The cells of one event to a row that cites `record`.

    Raises:
        Unreadable: no name, time or outcome.
    """
    _check(cells)
    body: dict[str, Any] = {}
    unknown = [
        name
        for name, nested in _FIELDS.items()
        if name.lower() not in cells or not _take(body, name, nested, cells[name.lower()])
    ]
    if _sign_in_unknown(body, unknown):
        raise Unreadable("expected the answer to a sign-in, found none that can be read")
    printed = cells.get("requestparameters") if "requestParameters" in unknown else None
    about_bucket = body.get("eventSource") in _WITH_BUCKETS
    asked = notation.parameters(printed) if printed and about_bucket else None
    if asked:
        body["requestParameters"] = asked
    row, gaps = cloudtrail.to_row(_encode(body), record, where, source)
    own = dict(zip(OWN_COLUMNS, row.own, strict=True))
    if about_bucket and "requestParameters" in unknown and not asked:
        own |= _bucket_alone(own, printed)
    if "resources" in unknown:
        own |= {"account_uid": None, **_behind(own["container"])}
    own["params"] = _without(row.params, unknown)
    own["omitted"] = _omitted(own["omitted"], unknown)
    return msgspec.structs.replace(row, params=own["params"], own=tuple(own.values())), gaps


def _sign_in_unknown(body: Mapping[str, Any], unknown: Sequence[str]) -> bool:
    """Whether what a sign-in came to would be in an answer that is not known."""
    answered = body.get("errorCode") or "responseElements" not in unknown
    return body["eventName"] == "ConsoleLogin" and not answered


def _bucket_alone(own: Mapping[str, Any], printed: str | None) -> dict[str, Any]:
    """What an event on S3 acted on where its parameters are not known: a bucket, at the most."""
    if own["object"]:
        return {}  # the list of resources names it
    nothing = dict.fromkeys(("resource_type", "resource_uid", "object_version"))
    return nothing | {"container": own["container"] or notation.bucket(printed or "")}


def _behind(container: str | None) -> dict[str, None]:
    """Columns that are not known where a request names an access point, not the bucket behind."""
    if container and (":" in container or "/" in container or container.endswith("-s3alias")):
        return dict.fromkeys(("resource_type", "resource_uid", "container"))
    return {}


def _check(cells: Cells) -> None:
    for name in ("eventName", "eventTime"):
        if not cells.get(name.lower()):
            raise Unreadable(f"expected the column {name} with a value, found none")
    if "errorcode" not in cells:
        raise Unreadable(
            "expected the column errorCode, null or not, found none: what the event came to is "
            "not known; query again with errorCode, or eventJson, or hand over the log files"
        )


def _take(body: dict[str, Any], name: str, nested: bool, text: str | None) -> bool:
    """Put one field into the record; whether it is known."""
    if text is None:
        return True
    value = _nested(name, text) if nested else text
    if value is not None:
        body[name] = value
    return value is not None


def _nested(name: str, text: str) -> msgspec.Raw | dict[str, Any] | None:
    """A cell that holds JSON, as the record has it; or a struct that is read for certain.

    Empty brackets are both JSON and the print of an empty map: nothing is made of them.
    """
    try:
        found = _json.decode(text)
    except BROKEN:
        read = _STRUCTS.get(name)
        return read(text) if read else None
    return msgspec.Raw(text.encode()) if found and isinstance(found, dict | list) else None


def _without(params: str | None, unknown: Sequence[str]) -> str | None:
    """The parameters without what is unknown: null would say that there was none."""
    if params is None:
        return None
    kept = {name: raw for name, raw in _parts.decode(params).items() if name not in unknown}
    return _encode(kept).decode()


def _omitted(found: str | None, unknown: Sequence[str]) -> str | None:
    names = [*unknown, *(_json.decode(found) if found else [])]
    return compact([*dict.fromkeys(names)]) if names else None


PARSER = Parser(
    source=SOURCE,
    version=2,
    form="json",
    detect=detect,
    read=read,
    mapping=tuple((column, f"columns of the query: {origin}") for column, origin in MAPPING),
    never=NEVER,
)
