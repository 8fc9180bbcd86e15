"""S3 server access log: one line, 18 to 27 fields, to one row of `events`.

Fields in order: bucket owner, bucket, time, address, requester, request id, operation, key,
Request-URI, status, error, bytes sent, object size, total and turn-around milliseconds, referer,
agent, version id, host id, signature, cipher, auth type, host, TLS, access-point ARN, aclRequired,
Region. Source: S3 user guide, "Amazon S3 server access log format".

Referer and agent are the client's words and may hold quotes and spaces. The line is therefore read
from both ends: no field after the agent holds a quote, so the last quote of the line closes it.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

import msgspec

from collector.model import Gap
from timeline.normalize.aws import actions, s3
from timeline.normalize.aws.cloudtrail import PRECISION, refused
from timeline.normalize.aws.cloudtrail_fields import compact
from timeline.normalize.aws.times import when_access
from timeline.normalize.model import Parser, Record, Unreadable, Where
from timeline.normalize.row import ACTOR_COLUMNS, PackedRow

if TYPE_CHECKING:
    from timeline.normalize.blocks import Block, Taken

_START = re.compile(rb"\S+ \S+ \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] ")
_FRONT = re.compile(
    r"(?P<owner>\S+) (?P<bucket>\S+) \[(?P<time>[^\]]*)\] (?P<ip>\S+) (?P<requester>\S+) "
    r"(?P<request>\S+) (?P<operation>\S+) (?P<key>\S+) "
    r'(?:"(?P<uri>\S+ \S* HTTP/[\d.]+|-|.*?)"|-) (?P<status>\d{3}|-) (?P<error>\S+) '
    r"(?P<sent>\d+|-) (?P<size>\d+|-) (?P<total>\d+|-) (?P<turn>\d+|-) (?P<rest>.*)",
    re.DOTALL,
)
#: Fields after the agent; a line may end after any of them.
TAIL = (
    "version", "host_id", "signature", "cipher", "auth", "host", "tls", "access_point",
    "acl_required", "region",
)  # fmt: skip
_NONE = (None,) * len(TAIL)
_NAMES = (*list(_FRONT.groupindex)[:-1], "referer", "agent", *TAIL)
_PERSONS = {"user": "IAMUser", "root": "Root"}
_SESSIONS = {"assumed-role": "AssumedRole", "federated-user": "FederatedUser"}
#: Fields of the line that no column has.
_BESIDE = ("owner", "requester", "host")
#: Fields that `params` is made of, besides the key where the log encoded it.
IN_PARAMS = (*_BESIDE, "auth", "cipher", "signature", "acl_required", "access_point", "tls")
#: What S3 does by itself, as when an object expires, has no status.
BY_ITSELF = "S3."
_encode = msgspec.json.Encoder().encode
_METHODS = {"AuthHeader": "header", "QueryString": "query"}


def detect(data: bytes) -> bool:
    """Two words, a time in brackets, and more."""
    return _START.match(data) is not None


def read(record: Record, where: Where) -> tuple[PackedRow, tuple[Gap, ...]]:
    """One line to its row.

    Raises:
        Unreadable: fewer than 18 fields, more than 27, a time that is none, or no outcome.
    """
    assert record.data is not None
    fields = _fields(record.data.decode("utf-8", "backslashreplace"))
    time_text, bucket, uri = fields["time"] or "", fields["bucket"], fields["uri"]
    time = when_access(time_text)
    if time is None:
        raise Unreadable(
            f"expected a time as in 06/Feb/2019:00:00:38 +0000, found {fields['time']!r}"
        )
    check_outcome(fields["operation"], fields["status"], fields["error"])
    asked = asked_by(uri)
    key = key_of(fields["key"], uri, bucket or "")
    requester = fields["requester"]
    event = event_values(
        fields["operation"] or "", key is not None,
        fields["region"], fields["agent"], fields["referer"], fields["tls"],
        method_of(requester, fields["auth"]),
        (fields["acl_required"], fields["cipher"], fields["signature"]),
        fields["status"], fields["error"],
    )  # fmt: skip
    uid = f"arn:aws:s3:::{bucket}" if bucket else None
    coded = fields["key"] if fields["key"] != key else None
    params = params_of(fields, asked if uri is not None else None, coded)
    number = f"{where.prefix}{record.number}"
    sent, size, total, turn = (_whole(fields[name]) for name in ("sent", "size", "total", "turn"))
    own = (
        f"{where.item}/{number}", None, fields["request"], time, time_text, None, fields["ip"],
        ("AWS::S3::Object" if key else "AWS::S3::Bucket") if bucket else None,
        f"{uid}/{key}" if uid and key else uid, bucket, key,
        (fields["version"] or asked.get("versionId")) if key else None, None,
        sent, None, params, None,
        f"{number}@{record.offset}+{record.length}", sha256(record.data).hexdigest(), None,
        fields["host_id"], uri, size, total, turn,
    )  # fmt: skip
    actor = actor_values(requester, credential_of(asked) if asked else None)
    return PackedRow("aws", "aws.s3_access_log", time, params, where.values, actor, event, own), ()


@lru_cache(maxsize=16384)
def event_values(
    operation: str, on_object: bool, region: str | None,
    agent: str | None, referer: str | None, tls: str | None, method: str,
    evidence: tuple[str | None, str | None, str | None], status: str | None, error: str | None,
) -> tuple[Any, ...]:  # fmt: skip
    """The columns that repeat, in the order of `EVENT_COLUMNS`."""
    event = actions.event_name(operation, on_object)
    category = "data" if event in s3.DATA_EVENTS else "management"
    return (
        PRECISION, "aws", region, "s3.amazonaws.com", operation, category,
        _activity(event, operation), None, agent, tls, method, _evidence(*evidence),
        _outcome(status, error), error, "aws.s3_access_log", None, None, referer,
        int(status) if status else None,
    )  # fmt: skip


def _fields(line: str) -> dict[str, str | None]:
    """Fields by name; `-` and fields that the line does not have are None."""
    front = _FRONT.fullmatch(line)
    if front is None:
        raise Unreadable(f"expected 18 to 27 fields of an access log, found {line[:80]!r}")
    *head, rest = front.groups()
    referer, agent, tail = _words(rest or "")
    if not 1 <= len(tail) <= len(TAIL):
        raise Unreadable(f"expected 18 to 27 fields of an access log, found {17 + len(tail)}")
    values = [*head, referer, agent, *tail, *_NONE[len(tail) :]]
    return dict(zip(_NAMES, [None if each == "-" else each for each in values], strict=True))


def _words(rest: str) -> tuple[str, str, list[str]]:
    """Referer, agent, and the fields after them.

    A referer is an address and holds no blank, so the first `" "` ends it; whatever quotes follow
    belong to the agent.
    """
    end = rest.rfind('"')
    if end < 0:
        referer, agent, *tail = [*rest.split(" "), "", ""]
        return referer, agent, [each for each in tail if each]
    words, tail = rest[: end + 1], rest[end + 1 :].split()
    if words.startswith("- "):
        return "-", words[2:].removeprefix('"').removesuffix('"'), tail
    referer, separator, agent = words.removeprefix('"').partition('" ')
    if not separator:
        # The agent is a bare hyphen: the only quotes are the referer's.
        return referer.removesuffix('"'), tail[0] if tail else "-", tail[1:]
    agent = agent.removeprefix('"').removesuffix('"') if agent else "-"
    return referer, agent, tail


def asked_by(uri: str | None) -> dict[str, str]:
    """Parameters of the Request-URI; the first of several equal names."""
    if uri is None or "?" not in uri:
        return {}
    query = uri.partition("?")[2].rpartition(" ")[0]
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found.setdefault(name, value)
    return found


def key_of(logged: str | None, uri: str | None, bucket: str) -> str | None:
    """The object's key, decoded as often as the log encoded it.

    The log encodes the key once more than the client did; older lines carry it as the client
    wrote it. The Request-URI tells which, for it is never encoded again.
    """
    if logged is None:
        return None
    if "%" not in logged:
        return logged
    parts = (uri or "").split(" ")
    path = parts[1].partition("?")[0] if len(parts) > 1 else ""
    written = {path.lstrip("/"), path.removeprefix(f"/{bucket}/")}
    once = unquote(logged, errors="backslashreplace")
    return unquote(once, errors="backslashreplace") if once in written else once


def _whole(text: str | None) -> int | None:
    if text is None:
        return None
    if len(text) > 19 or int(text) >= 2**63:
        raise Unreadable(f"expected a number below 2^63, found {text[:40]}")
    return int(text)


def credential_of(asked: Mapping[str, str]) -> str | None:
    """The access key that a presigned address names."""
    return asked.get("X-Amz-Credential", "").partition("/")[0] or asked.get("AWSAccessKeyId")


@lru_cache(maxsize=16384)
def actor_values(requester: str | None, credential: str | None) -> tuple[Any, ...]:
    """The columns about the caller, in the order of `ACTOR_COLUMNS`."""
    found = _requester(requester, credential)
    return tuple(found.get(name) for name in ACTOR_COLUMNS)


def _requester(requester: str | None, credential: str | None) -> dict[str, Any]:
    if requester is None:
        return {"actor_type": "Anonymous"}
    if requester.startswith("arn:") and requester.count(":") >= 5:
        account, path = requester.split(":", 5)[4:]
        kind, _, name = path.partition("/")
        session = name.partition("/")[2] if kind == "assumed-role" else None
        return {
            "actor_type": _PERSONS.get(kind) or _SESSIONS.get(kind) or "Unknown",
            "actor_uid": requester,
            "actor_account_uid": account or None,
            "actor_name": name.rpartition("/")[2]
            if kind == "user"
            else name.partition("/")[0] or None,
            "session_uid": session or None,
            "credential_uid": credential,
        }
    if requester.startswith("svc:") or requester == "AmazonS3" or "amazonaws.com" in requester:
        service = "s3.amazonaws.com" if requester == "AmazonS3" else requester.removeprefix("svc:")
        return {"actor_type": "AWSService", "invoked_by": service}
    return {
        "actor_type": "CanonicalUser",
        "actor_unique_id": requester,
        "credential_uid": credential,
    }


def method_of(requester: str | None, auth: str | None) -> str:
    """How the caller showed who it is."""
    if requester is None:
        return "anonymous"
    if requester.startswith("svc:") or requester == "AmazonS3":
        return "service"
    return _METHODS.get(auth or "", "unknown")


@lru_cache(maxsize=1024)
def _evidence(acl_required: str | None, cipher: str | None, signature: str | None) -> str | None:
    found = {"aclRequired": acl_required, "CipherSuite": cipher, "SignatureVersion": signature}
    kept = {name: value for name, value in found.items() if value is not None}
    return compact(kept) if kept else None


def _activity(event: str, operation: str) -> str:
    if event in s3.CONFIGURES:
        return "configure"
    verb = operation.split(".")[1] if operation.count(".") >= 2 else ""
    if verb in ("GET", "HEAD") or operation.endswith("_GET"):
        return "list" if event.startswith("List") or event == "HeadBucket" else "read"
    if event not in s3.DATA_EVENTS and verb in ("PUT", "DELETE"):
        return "configure"
    if verb in ("DELETE", "MULTI_OBJECT_DELETE") or "DELETE" in operation:
        return "delete"
    return "write" if verb in ("PUT", "POST", "COPY") else "other"


def check_outcome(operation: str | None, status: object, error: str | None) -> None:
    """That a request says what came of it.

    Raises:
        Unreadable: it has neither status nor error code.
    """
    told = status is not None or error is not None
    if not told and not (operation or "").startswith(BY_ITSELF):
        raise Unreadable("expected a status or an error code, found neither: outcome not known")


def _outcome(status: str | None, error: str | None) -> str:
    if (error and refused(error)) or status in ("401", "403"):
        return "denied"
    return "error" if error or (status and int(status) >= 400) else "success"


def params_of(
    fields: Mapping[str, str | None], asked: Mapping[str, str] | None, key: str | None
) -> str:
    """In the shape of a CloudTrail record, so that one reading serves both; the line beside it.

    Args:
        fields: those of `IN_PARAMS`.
        asked: parameters of the Request-URI; None without a URI.
        key: as the log has it, where that is not what column `object` has.
    """
    extra = {
        "AuthenticationMethod": fields["auth"],
        "CipherSuite": fields["cipher"],
        "SignatureVersion": fields["signature"],
        "aclRequired": fields["acl_required"],
    }
    point = fields["access_point"]
    return encoded(
        {
            "requestParameters": asked,
            "additionalEventData": {k: v for k, v in extra.items() if v is not None},
            "resources": [{"ARN": point}] if point else [],
            "tlsDetails": {"tlsVersion": fields["tls"]} if fields["tls"] else None,
            "accessLog": {name: fields[name] for name in _BESIDE} | ({"key": key} if key else {}),
        }
    )


def encoded(value: object) -> str:
    """JSON text."""
    return _encode(value).decode()


def read_block(block: "Block", where: Where) -> "Taken":
    """The lines of a block whose reading is beyond doubt, with the rows that `read` gives."""
    from timeline.normalize.aws import s3_access_log_block  # it is made of what stands above

    return s3_access_log_block.read(block, where)


PARSER = Parser(
    source="aws.s3_access_log", version=2, form="lines", detect=detect, read=read,
    read_block=read_block,
    mapping=(
        ("request_id", "request id"), ("time", "time; width 1 s"), ("region", "Region (27th)"),
        ("operation", "operation, REST.GET.OBJECT"), ("category", "operation"),
        ("activity", "operation"), ("actor_type", "requester: - is Anonymous"),
        ("actor_uid", "requester, if an ARN"),
        ("actor_unique_id", "requester, if a canonical user id"),
        ("actor_name", "requester's ARN"), ("actor_account_uid", "requester's ARN"),
        ("session_uid", "requester's ARN"),
        ("credential_uid", "Request-URI, X-Amz-Credential or AWSAccessKeyId"),
        ("invoked_by", "requester, if a service"), ("src_ip", "remote address"),
        ("user_agent", "agent"), ("referer", "referer"), ("tls_version", "TLS version"),
        ("auth_method", "requester and authentication type"),
        ("auth_evidence", "aclRequired, cipher suite, signature version"),
        ("resource_type", "key"), ("resource_uid", "bucket and key"), ("container", "bucket"),
        ("object", "key, decoded"), ("object_version", "version id, else versionId of the URI"),
        ("outcome", "error and status"), ("status_code", "HTTP status"), ("error_code", "error"),
        ("bytes_out", "bytes sent"),
        ("params", "Request-URI's parameters; cipher, signature, auth type, TLS, access point; "
         "under accessLog bucket owner, requester, host, and the key where the log encoded it"),
        ("host_id", "host id"), ("request_uri", "Request-URI"), ("object_size", "object size"),
        ("total_ms", "total time"), ("turn_around_ms", "turn-around time"),
        ("same_request_as", "filled where another log's record stands for the request"),
    ),
    never=(
        "provider_uid", "logged_time", "account_uid", "session_issuer_uid", "session_created",
        "source_identity", "mfa", "delegation", "src_vpc_endpoint", "error_message", "bytes_in",
        "omitted", "recipient_account_uid", "shared_uid",
    ),
)  # fmt: skip
