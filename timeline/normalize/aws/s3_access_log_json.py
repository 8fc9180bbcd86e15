"""S3 server access log as JSON: one object a request, as delivered through CloudWatch Logs.

Field names: S3 user guide, "Log format in CloudWatch Logs", schema V_1_0. Only names that could be
confirmed there fill columns: bucket, time, address, requester, request id, operation, key,
Request-URI and status. Every other field stays in `params` as received and fills nothing, so that
what rests on it is unknown, never absent. A record of another schema, or without a field whose
absence would be taken for an answer (no requester = anonymous), is refused.
"""

import json
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

import msgspec

from collector.model import Gap
from timeline.normalize.aws import s3_access_log
from timeline.normalize.aws.cloudtrail_keys import doubled_keys
from timeline.normalize.aws.times import when
from timeline.normalize.model import BROKEN, Parser, Record, Unreadable, Where
from timeline.normalize.row import EVENT_COLUMNS, PackedRow

SOURCE = "aws.s3_access_log_json"
SCHEMA = "V_1_0"
#: Fields that must be there, null or not.
REQUIRED = (
    "bucket_name", "request_time", "remote_ip", "requester", "request_id", "operation", "key_name",
    "request_uri", "http_status",
)  # fmt: skip
_KEYS = frozenset({"bucket_arn", "request_time", "bucket_owner_id", "operation"})

_wrapped = msgspec.json.Decoder(dict[str, msgspec.Raw])
_object = msgspec.json.Decoder(dict[str, Any])
_text = msgspec.json.Decoder(str)


def _inner(data: bytes) -> bytes | None:
    """The record: the object itself, or the text of a log event's `message`."""
    try:
        found = _wrapped.decode(data)
        if found.keys() >= _KEYS:
            return data
        return _text.decode(found["message"]).encode() if "message" in found else None
    except BROKEN:
        return None


def detect(data: bytes) -> bool:
    """An object with the keys of this form, or an event of CloudWatch Logs that holds one."""
    inner = _inner(data)
    try:
        return inner is not None and _wrapped.decode(inner).keys() >= _KEYS
    except BROKEN:
        return False


def read(record: Record, where: Where) -> tuple[PackedRow, tuple[Gap, ...]]:
    """One object to its row.

    Raises:
        Unreadable: another schema, a field that is not there or of another type, no time.
    """
    assert record.data is not None
    inner = _inner(record.data)
    if inner is None:
        raise Unreadable("expected a record of the access log, found none in the envelope")
    if doubled := doubled_keys(record.data):
        raise Unreadable(f"expected each key once, found twice: {', '.join(doubled)}")
    return to_row(inner, record, where)


def to_row(
    inner: bytes, record: Record, where: Where, source: str = SOURCE
) -> tuple[PackedRow, tuple[Gap, ...]]:
    """The object in `inner` to a row that cites `record`, which may wrap it.

    Raises:
        Unreadable: another schema, a field that is not there or of another type, no time.
    """
    if doubled := doubled_keys(inner):
        raise Unreadable(f"expected each key once, found twice: {', '.join(doubled)}")
    fields = _object.decode(inner)
    _check(fields)
    time_text = fields["request_time"]
    time = when(time_text)
    if time is None:
        raise Unreadable(f"expected an ISO 8601 request_time, found {time_text[:60]!r}")
    bucket, uri = fields["bucket_name"], fields["request_uri"]
    asked = s3_access_log.asked_by(uri)
    key = _key(fields["key_name"], uri, bucket)
    uid = f"arn:aws:s3:::{bucket}"
    number = f"{where.prefix}{record.number}"
    data = record.data or b""
    params = s3_access_log.encoded(
        {"requestParameters": asked if uri is not None else None, "accessLog": fields}
    )
    own = (
        f"{where.item}/{number}", None, fields["request_id"], time, time_text, None,
        fields["remote_ip"], "AWS::S3::Object" if key else "AWS::S3::Bucket",
        f"{uid}/{key}" if key else uid, bucket, key, asked.get("versionId") if key else None,
        None, None, None, params, None, f"{number}@{record.offset}+{record.length}",
        sha256(data).hexdigest(), None, None, uri, None, None, None,
    )  # fmt: skip
    requester = fields["requester"]
    actor = s3_access_log.actor_values(requester, s3_access_log.credential_of(asked))
    event = _event(fields, key, time, source)
    return PackedRow("aws", source, time, params, where.values, actor, event, own), ()


def _check(fields: dict[str, Any]) -> None:
    schema = fields.get("schema_version_id")
    if schema != SCHEMA:
        raise Unreadable(f"expected schema_version_id {SCHEMA}, found {json.dumps(schema)[:40]}")
    missing = [name for name in REQUIRED if name not in fields]
    if missing:
        raise Unreadable(
            f"expected the field {missing[0]}, null or not, found none: the delivery leaves it out"
        )
    for name in REQUIRED:
        value = fields[name]
        kind = int if name == "http_status" else str
        must = name in ("bucket_name", "request_time", "operation")
        if (must and value is None) or (value is not None and type(value) is not kind):
            raise Unreadable(f"expected {name} to be {kind.__name__}, found {str(value)[:40]!r}")


def _event(fields: dict[str, Any], key: str | None, time: int, source: str) -> tuple[Any, ...]:
    status = None if fields["http_status"] is None else str(fields["http_status"])
    values = s3_access_log.event_values(
        fields["operation"], key is not None, None, None, None, None,
        s3_access_log.method_of(fields["requester"], None), (None, None, None), status, None,
    )  # fmt: skip
    own: dict[str, Any] = {"source": source}
    if time % 1_000_000:
        own["time_precision"] = 1_000  # milliseconds are written, and are not always .000
    named = dict(zip(EVENT_COLUMNS, values, strict=True))
    return tuple((named | own).values())


def _key(named: str | None, uri: str | None, bucket: str) -> str | None:
    """The key, which is plain already if the path of the Request-URI, decoded once, is it."""
    parts = (uri or "").split(" ")
    path = unquote(parts[1].partition("?")[0]) if len(parts) > 1 else ""
    if named is None or named in (path.lstrip("/"), path.removeprefix(f"/{bucket}/")):
        return named
    return s3_access_log.key_of(named, uri, bucket)


PARSER = Parser(
    source=SOURCE, version=2, form="json", detect=detect, read=read,
    mapping=(
        ("request_id", "request_id"), ("time", "request_time; width 1 ms, 1 s where it ends .000"),
        ("operation", "operation, REST.GET.OBJECT"), ("category", "operation"),
        ("activity", "operation"), ("actor_type", "requester: null is Anonymous"),
        ("actor_uid", "requester, if an ARN"),
        ("actor_unique_id", "requester, if a canonical user id"),
        ("actor_name", "requester's ARN"), ("actor_account_uid", "requester's ARN"),
        ("session_uid", "requester's ARN"),
        ("credential_uid", "request_uri, X-Amz-Credential or AWSAccessKeyId"),
        ("invoked_by", "requester, if a service"), ("src_ip", "remote_ip"),
        ("auth_method", "requester: anonymous, service, else unknown"),
        ("resource_type", "key_name"), ("resource_uid", "bucket_name and key_name"),
        ("container", "bucket_name"), ("object", "key_name, decoded if the log encoded it"),
        ("object_version", "versionId of request_uri"), ("outcome", "http_status"),
        ("status_code", "http_status"),
        ("request_uri", "request_uri"),
        ("params", "request_uri's parameters; under accessLog all fields as received"),
        ("same_request_as", "filled where another log's record stands for the request"),
    ),
    never=(
        "provider_uid", "logged_time", "account_uid", "region", "session_issuer_uid",
        "session_created", "source_identity", "mfa", "delegation", "src_vpc_endpoint", "user_agent",
        "referer", "tls_version", "auth_evidence", "error_code", "error_message", "bytes_out",
        "bytes_in", "omitted", "recipient_account_uid", "shared_uid", "host_id", "object_size",
        "total_ms", "turn_around_ms",
    ),
)  # fmt: skip
