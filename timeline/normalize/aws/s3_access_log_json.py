"""S3 server access log as JSON: one object a request, as delivered through CloudWatch Logs.

Field names: S3 user guide, "Log format in CloudWatch Logs", schema V_1_0 (from schema_version_id to
http_status), "Querying logs with CloudWatch Logs Insights" (error_code, bytes_sent_size,
object_size, tls_version, and total_duration in milliseconds); all 29 in the reference of the AWS
CDK, `CfnBucketS3ServerAccessLogsRecordFields`. A null there means "not available", so it fills
nothing and what rests on it is unknown, never absent; it is an answer for requester and key alone,
as the guide says. turn_around_duration has no unit there, bucket_owner_id and host_header no
column: they stay in `params`, as every field does, as received.

A record of another schema, without a field whose absence would be taken for an answer (no
requester = anonymous), or of a request without status and error, is refused.
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
_message = msgspec.json.Decoder(str)


def _inner(data: bytes) -> bytes | None:
    """The record: the object itself, or the text of a log event's `message`."""
    try:
        found = _wrapped.decode(data)
        if found.keys() >= _KEYS:
            return data
        return _message.decode(found["message"]).encode() if "message" in found else None
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
    params = _params(fields, asked if uri is not None else None)
    version = _text(fields, "version_id") or asked.get("versionId")
    own = (
        f"{where.item}/{number}", None, fields["request_id"], time, time_text, None,
        fields["remote_ip"], "AWS::S3::Object" if key else "AWS::S3::Bucket",
        f"{uid}/{key}" if key else uid, bucket, key, version if key else None,
        None, _whole(fields, "bytes_sent_size"), None, params, None,
        f"{number}@{record.offset}+{record.length}", sha256(data).hexdigest(), None,
        _text(fields, "host_id"), uri, _whole(fields, "object_size"),
        _whole(fields, "total_duration"), None,
    )  # fmt: skip
    requester = fields["requester"]
    actor = s3_access_log.actor_values(requester, s3_access_log.credential_of(asked))
    event = _event(fields, key, time, source)
    return PackedRow("aws", source, time, params, where.values, actor, event, own), ()


def _text(fields: dict[str, Any], name: str) -> str | None:
    """A field that may be missing; a hyphen is no value, as in the log's lines."""
    value = fields.get(name)
    return value if isinstance(value, str) and value not in ("", "-") else None


def _whole(fields: dict[str, Any], name: str) -> int | None:
    value = fields.get(name)
    return value if type(value) is int and 0 <= value < 2**63 else None


def _evidence(fields: dict[str, Any]) -> tuple[str | None, str | None, str | None]:
    """Whether a list was needed, cipher suite and signature version."""
    required = _text(fields, "acl_required")
    return required, _text(fields, "cipher_suite"), _text(fields, "signature_version")


def _params(fields: dict[str, Any], asked: dict[str, str] | None) -> str:
    """In the shape of a CloudTrail record as far as anything is known, and all as received."""
    required, cipher, signature = _evidence(fields)
    extra = {
        "AuthenticationMethod": _text(fields, "authentication_type"),
        "CipherSuite": cipher,
        "SignatureVersion": signature,
        "aclRequired": required,
    }
    kept = {name: value for name, value in extra.items() if value is not None}
    point, tls = _text(fields, "access_point_arn"), _text(fields, "tls_version")
    return s3_access_log.encoded(
        {
            "requestParameters": asked,
            **({"additionalEventData": kept} if kept else {}),
            **({"resources": [{"ARN": point}]} if point else {}),
            **({"tlsDetails": {"tlsVersion": tls}} if tls else {}),
            "accessLog": fields,
        }
    )


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
    s3_access_log.check_outcome(
        fields["operation"], fields["http_status"], _text(fields, "error_code")
    )


def _event(fields: dict[str, Any], key: str | None, time: int, source: str) -> tuple[Any, ...]:
    status = None if fields["http_status"] is None else str(fields["http_status"])
    values = s3_access_log.event_values(
        fields["operation"], key is not None, _text(fields, "source_region"),
        _text(fields, "user_agent"), _text(fields, "referer"), _text(fields, "tls_version"),
        s3_access_log.method_of(fields["requester"], _text(fields, "authentication_type")),
        _evidence(fields), status, _text(fields, "error_code"),
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
    source=SOURCE, version=3, form="json", detect=detect, read=read,
    mapping=(
        ("request_id", "request_id"), ("time", "request_time; width 1 ms, 1 s where it ends .000"),
        ("region", "source_region"),
        ("operation", "operation, REST.GET.OBJECT"), ("category", "operation"),
        ("activity", "operation"), ("actor_type", "requester: null is Anonymous"),
        ("actor_uid", "requester, if an ARN"),
        ("actor_unique_id", "requester, if a canonical user id"),
        ("actor_name", "requester's ARN"), ("actor_account_uid", "requester's ARN"),
        ("session_uid", "requester's ARN"),
        ("credential_uid", "request_uri, X-Amz-Credential or AWSAccessKeyId"),
        ("invoked_by", "requester, if a service"), ("src_ip", "remote_ip"),
        ("user_agent", "user_agent"), ("referer", "referer"), ("tls_version", "tls_version"),
        ("auth_method", "requester and authentication_type; unknown where neither tells"),
        ("auth_evidence", "acl_required, cipher_suite, signature_version"),
        ("resource_type", "key_name"), ("resource_uid", "bucket_name and key_name"),
        ("container", "bucket_name"), ("object", "key_name, decoded if the log encoded it"),
        ("object_version", "version_id, else versionId of request_uri"),
        ("outcome", "http_status and error_code"), ("status_code", "http_status"),
        ("error_code", "error_code"), ("bytes_out", "bytes_sent_size"),
        ("host_id", "host_id"), ("request_uri", "request_uri"), ("object_size", "object_size"),
        ("total_ms", "total_duration"),
        ("params", "request_uri's parameters; cipher, signature, authentication type, TLS, access "
         "point; under accessLog all fields as received"),
        ("same_request_as", "filled where another log's record stands for the request"),
    ),
    never=(
        "provider_uid", "logged_time", "account_uid", "session_issuer_uid", "session_created",
        "source_identity", "mfa", "delegation", "src_vpc_endpoint", "error_message", "bytes_in",
        "omitted", "recipient_account_uid", "shared_uid", "turn_around_ms",
    ),
)  # fmt: skip
