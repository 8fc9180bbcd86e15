"""CloudTrail: one record, in whatever wrapping it came, to one row of `events`.

Native object files, JSON lines, arrays and re-shaped exports (`@timestamp`, `arn` in lower case,
numbers as floats) all end here; `cloudtrail_lookup` and `cloudtrail_envelope` unwrap first.
Field names and their meaning: CloudTrail user guide, "CloudTrail record contents".
"""

from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

import msgspec

from collector.model import Gap
from timeline.normalize.aws import s3
from timeline.normalize.aws.cloudtrail_actor import Actor, actor_of
from timeline.normalize.aws.cloudtrail_fields import (
    Extra,
    Fields,
    asked_of,
    compact,
    decode,
    decoded,
    doubled_keys,
    encoded,
    extra_of,
    integer,
    left_out,
    resources_of,
    text,
)
from timeline.normalize.aws.cloudtrail_mapping import MAPPING, NEVER
from timeline.normalize.aws.times import when
from timeline.normalize.model import EventRow, Parser, Record, Unreadable, Where, at

#: CloudTrail's event times have this width, whatever digits an export adds. [doc]
PRECISION = 1_000_000
CATEGORIES = {
    "Management": "management",
    "Data": "data",
    "NetworkActivity": "network",
    "Insight": "insight",
}
#: Services whose events keep their parameters even when they only read: they are accesses to
#: decide, or vend the credentials that accesses use.
KEPT = frozenset(
    {"s3.amazonaws.com", "s3-control.amazonaws.com", "sts.amazonaws.com", "signin.amazonaws.com"}
)
_READS = ("Get", "List", "Describe", "Head", "Lookup", "Search", "Batch", "Query", "Select")
_SIGN_INS = frozenset(
    {"ConsoleLogin", "GetSessionToken", "GetFederationToken", "GetSigninToken", "SwitchRole"}
)
_REFUSALS = ("AccessDenied", "Unauthorized", "NotAuthorized", "AllAccessDisabled", "Forbidden")


def detect(data: bytes) -> bool:
    """A JSON object with an event name and source at its top level."""
    try:
        found = decode(data)
    except Unreadable:
        # Named in the text though not readable as a whole: still a record of this form, a gap.
        return b'"eventName"' in data and b'"eventSource"' in data
    return bool(found.eventName and (found.eventSource or found.eventID))


def read(record: Record, where: Where) -> tuple[EventRow, tuple[Gap, ...]]:
    """One record to its row.

    Raises:
        Unreadable: not JSON, or without event name or time.
    """
    assert record.data is not None
    return to_row(record.data, record, where)


def to_row(
    body: bytes, record: Record, where: Where, source: str = "aws.cloudtrail"
) -> tuple[EventRow, tuple[Gap, ...]]:
    """The CloudTrail record in `body` to a row that cites `record`, which may wrap it."""
    f = decode(body)
    operation, service = f.eventName, f.eventSource or None
    if not operation:
        raise Unreadable("expected eventName, found none")
    time_text, time = _time(f)
    actor = actor_of(bytes(f.userIdentity))
    kind = _kind(f.eventCategory, f.eventType, f.managementEvent, f.readOnly, service, operation)
    extra = extra_of(f) if kind.keeps else Extra()
    doubled = doubled_keys(body) if kind.writes or kind.category == "data" else ()
    recipient = f.recipientAccountId or None
    acted = s3.resource(recipient, asked_of(f), resources_of(f), service, operation)
    number = f"{where.prefix}{record.number}"
    row = EventRow(
        event_uid=f"{where.item}/{number}", provider_uid=f.eventID or None,
        request_id=f.requestID or None, time=time, time_precision=PRECISION, time_text=time_text,
        acquired_at=where.acquired_at, provider="aws", account_uid=acted.account or recipient,
        region=f.awsRegion or None, service=service, operation=operation, category=kind.category,
        activity=kind.activity, actor_type=actor.kind, actor_uid=actor.uid,
        actor_unique_id=actor.unique_id, actor_name=actor.name, actor_account_uid=actor.account,
        session_uid=actor.session, session_issuer_uid=actor.issuer,
        session_created=actor.created, source_identity=actor.source_identity,
        credential_uid=actor.credential, mfa=actor.mfa, invoked_by=actor.invoked_by,
        delegation=actor.delegation, src_ip=f.sourceIPAddress or None,
        src_vpc_endpoint=f.vpcEndpointId or text(extra.vpcEndpointId),
        user_agent=f.userAgent or None, tls_version=_tls_version(bytes(f.tlsDetails)),
        auth_method=_auth_method(actor, extra),
        auth_evidence=_auth_evidence(
            text(extra.aclRequired), text(extra.CipherSuite), text(extra.SSEApplied),
            text(extra.SignatureVersion),
        ),
        resource_type=acted.kind, resource_uid=acted.uid, container=acted.container,
        object=acted.object, object_version=acted.version, outcome=_outcome(f, operation),
        error_code=f.errorCode or None, error_message=f.errorMessage or None,
        bytes_out=integer(extra.bytesTransferredOut), bytes_in=integer(extra.bytesTransferredIn),
        params=_params(f, bool(doubled)) if kind.keeps else None,
        omitted=_omitted(f, body, doubled), evidence_item=where.item,
        locator=f"{number}@{record.offset}+{record.length}",
        record_sha256=sha256(record.data or b"").hexdigest(), source=source,
        recipient_account_uid=recipient, shared_uid=f.sharedEventID or None,
    )  # fmt: skip
    return row, (_opaque(row, doubled),) if doubled else ()


def _opaque(row: EventRow, doubled: tuple[str, ...]) -> Gap:
    when_done = at(row.time)
    return Gap(
        kind="opaque",
        subject=f"{row.operation} {row.resource_uid or ''}".strip(),
        reason=f"expected each key once, found twice: {', '.join(doubled)}: parsers differ",
        time_from=when_done,
        time_to=when_done,
        item=row.evidence_item,
        locator=row.locator,
    )


def _time(f: Fields) -> tuple[str, int]:
    value = f.eventTime or f.at_timestamp
    if not value:
        raise Unreadable("expected eventTime, found none")
    found = when(value)
    if found is None:
        raise Unreadable(f"expected an ISO 8601 eventTime, found {value[:60]!r}")
    return value, found


class _Kind(NamedTuple):
    category: str
    activity: str
    writes: bool
    keeps: bool


@lru_cache(maxsize=16384)
def _kind(
    category: str | None,
    event_type: str | None,
    management: bool | str | None,
    read_only: bool | str | None,
    service: str | None,
    operation: str,
) -> _Kind:
    """What kind of event it is; the same few kinds fill a log."""
    found = _category(category, event_type, text(management), service, operation)
    activity = _activity(text(read_only), service, operation, found)
    writes = activity not in ("read", "list")
    return _Kind(found, activity, writes, writes or found != "management" or service in KEPT)


def _category(
    category: str | None,
    event_type: str | None,
    management: str | None,
    service: str | None,
    operation: str,
) -> str:
    stated = CATEGORIES.get(category or "")
    if stated:
        return stated
    if event_type in ("AwsVpceEvent", "AwsVpceEvents"):
        return "network"
    if event_type == "AwsCloudTrailInsight":
        return "insight"
    is_data = service == "s3.amazonaws.com" and operation in s3.DATA_EVENTS
    return "data" if management == "false" or is_data else "management"


def _activity(read_only: str | None, service: str | None, operation: str, category: str) -> str:
    if operation in _SIGN_INS or operation.startswith("AssumeRole"):
        return "authenticate"
    reads = read_only == "true" if read_only else operation.startswith(_READS)
    if service == "s3.amazonaws.com" and operation in s3.CONFIGURES:
        return "configure"
    if reads:
        return "list" if operation.startswith("List") or operation == "HeadBucket" else "read"
    if category == "data":
        return "delete" if operation.startswith(("Delete", "Abort")) else "write"
    return "configure" if category == "management" else "other"


@lru_cache(maxsize=1024)
def _tls_version(raw: bytes) -> str | None:
    return text(decoded(raw).get("tlsVersion"))


def _auth_method(actor: Actor, extra: Extra) -> str:
    if actor.kind == "Anonymous":
        return "anonymous"
    if actor.kind == "AWSService":
        return "service"
    stated = text(extra.AuthenticationMethod)
    return {"AuthHeader": "header", "QueryString": "query"}.get(stated or "", "unknown")


@lru_cache(maxsize=4096)
def _auth_evidence(
    acl_required: str | None, cipher: str | None, sse: str | None, signature: str | None
) -> str | None:
    found = {
        "aclRequired": acl_required,
        "CipherSuite": cipher,
        "SSEApplied": sse,
        "SignatureVersion": signature,
    }
    kept = {name: value for name, value in found.items() if value is not None}
    return compact(kept) if kept else None


def _outcome(f: Fields, operation: str) -> str:
    if f.errorCode:
        return "denied" if refused(f.errorCode) else "error"
    if operation == "ConsoleLogin" and decoded(f.responseElements).get("ConsoleLogin") == "Failure":
        return "denied"
    return "error" if f.errorMessage else "success"


def refused(code: str) -> bool:
    """Whether an error code says that authorization was refused."""
    return any(word in code for word in _REFUSALS)


#: What still names a slot when the body cannot be trusted.
_NAMING = (
    "bucketName", "key", "userName", "roleName", "groupName", "policyName", "policyArn",
    "accountId",
)  # fmt: skip


def _params(f: Fields, doubled: bool) -> str:
    """The bodies as received, put together as text: numbers and order stay untouched."""
    asked: bytes | msgspec.Raw = f.requestParameters
    answered: bytes | msgspec.Raw = f.responseElements
    if doubled:
        whole = decoded(f.requestParameters)
        asked = compact({k: whole[k] for k in _NAMING if isinstance(whole.get(k), str)}).encode()
        answered = b"null"
    parts: list[bytes | msgspec.Raw] = [
        b'{"requestParameters":', asked,
        b',"responseElements":', answered,
        b',"additionalEventData":', f.additionalEventData,
        b',"resources":', f.resources,
        b',"userIdentity":', f.userIdentity,
        b',"tlsDetails":', f.tlsDetails,
    ]  # fmt: skip
    if bytes(f.addendum) != b"null":
        parts += [b',"addendum":', f.addendum]
    for name, value in (
        (b"eventVersion", f.eventVersion),
        (b"vpcEndpointId", f.vpcEndpointId),
        (b"vpcEndpointAccountId", f.vpcEndpointAccountId),
        (b"sessionCredentialFromConsole", f.sessionCredentialFromConsole),
    ):
        if value:
            parts += [b',"', name, b'":', encoded(value)]
    parts.append(b"}")
    return b"".join(parts).decode()


def _omitted(f: Fields, body: bytes, doubled: tuple[str, ...]) -> str | None:
    names = []
    if b"mitted" in body:
        bodies = ("requestParameters", "responseElements", "additionalEventData")
        names = [name for name in bodies if left_out(getattr(f, name))]
    if doubled:
        names += ["requestParameters", "responseElements"]
        names += [f"duplicate key {key}" for key in doubled]
    return compact(names) if names else None


PARSER = Parser(
    source="aws.cloudtrail",
    version=1,
    form="json",
    detect=detect,
    read=read,
    mapping=MAPPING,
    never=NEVER,
)
