"""CloudTrail: one record, in whatever wrapping it came, to one row of `events`.

Native object files, JSON lines, arrays and re-shaped exports (`@timestamp`, `arn` in lower case,
numbers as floats) all end here; `cloudtrail_lookup` and `cloudtrail_envelope` unwrap first.
Field names and their meaning: CloudTrail user guide, "CloudTrail record contents".
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import msgspec

from collector.model import Gap
from timeline.normalize.aws import s3, times
from timeline.normalize.aws.times import when
from timeline.normalize.model import EventRow, Parser, Record, Unreadable, Where

#: CloudTrail's event times have this width, whatever digits an export adds. [doc]
PRECISION = 1_000_000
#: Spellings of an anonymous caller's account: 2022 on, and 2018. [log]
ANONYMOUS = frozenset({"anonymous", "ANONYMOUS_PRINCIPAL"})
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
_NULL = msgspec.Raw(b"null")


class Session(msgspec.Struct):
    """`userIdentity.sessionContext`."""

    sessionIssuer: Any = None
    attributes: Any = None
    sourceIdentity: Any = None


class Identity(msgspec.Struct):
    """`userIdentity`."""

    type: Any = None
    principalId: Any = None
    arn: Any = None
    accountId: Any = None
    accessKeyId: Any = None
    userName: Any = None
    sessionContext: Session | None = None
    invokedBy: Any = None
    onBehalfOf: Any = None
    inScopeOf: Any = None
    identityProvider: Any = None
    credentialId: Any = None


class Fields(msgspec.Struct):
    """The fields of a record that rows use; bodies stay text until somebody needs them."""

    eventTime: Any = None
    at_timestamp: Any = msgspec.field(default=None, name="@timestamp")
    eventVersion: Any = None
    eventSource: str | None = None
    eventName: str | None = None
    eventID: str | None = None
    eventType: Any = None
    eventCategory: Any = None
    awsRegion: Any = None
    sourceIPAddress: Any = None
    userAgent: Any = None
    errorCode: Any = None
    errorMessage: Any = None
    requestID: Any = None
    readOnly: Any = None
    managementEvent: Any = None
    recipientAccountId: Any = None
    sharedEventID: Any = None
    vpcEndpointId: Any = None
    vpcEndpointAccountId: Any = None
    sessionCredentialFromConsole: Any = None
    userIdentity: msgspec.Raw = _NULL
    requestParameters: msgspec.Raw = _NULL
    responseElements: msgspec.Raw = _NULL
    additionalEventData: msgspec.Raw = _NULL
    resources: msgspec.Raw = _NULL
    tlsDetails: msgspec.Raw = _NULL
    addendum: msgspec.Raw = _NULL


_fields = msgspec.json.Decoder(Fields)
_identity = msgspec.json.Decoder(Identity | None)
_any = msgspec.json.Decoder()


def detect(data: bytes) -> bool:
    """A JSON object with an event name and source at its top level."""
    try:
        found = _fields.decode(data)
    except (msgspec.MsgspecError, RecursionError):
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
    f = _decode(body)
    time, time_text, precision = _time(f)
    operation, service = text(f.eventName), text(f.eventSource)
    if operation is None:
        raise Unreadable("expected eventName, found none")
    identity = _tolerant_identity(f.userIdentity)
    category = _category(f, service, operation)
    activity = _activity(f, service, operation, category)
    keeps = activity not in ("read", "list") or category != "management" or service in KEPT
    extra = decoded(f.additionalEventData) if keeps else {}
    doubled = _doubled(body) if activity not in ("read", "list") or _suspect(body) else ()
    params = _params(f, body if not doubled else None) if keeps else None
    resource = s3.resource(f, decoded(f.requestParameters), _resources(f), service, operation)
    locator = f"{where.prefix}{record.index}@{record.offset}+{record.length}"
    error = text(f.errorCode)
    row = EventRow(
        event_uid=f"{where.item}/{where.prefix}{record.index}",
        provider_uid=text(f.eventID),
        request_id=text(f.requestID),
        time=time,
        time_precision=precision,
        time_text=time_text,
        acquired_at=where.acquired_at,
        provider="aws",
        account_uid=resource.account or text(f.recipientAccountId),
        region=text(f.awsRegion),
        service=service,
        operation=operation,
        category=category,
        activity=activity,
        **_actor(identity),
        src_ip=text(f.sourceIPAddress),
        src_vpc_endpoint=text(f.vpcEndpointId) or text(extra.get("vpcEndpointId")),
        user_agent=text(f.userAgent),
        tls_version=text(decoded(f.tlsDetails).get("tlsVersion")),
        auth_method=_auth_method(identity, extra),
        auth_evidence=_auth_evidence(extra),
        resource_type=resource.kind,
        resource_uid=resource.uid,
        container=resource.container,
        object=resource.object,
        object_version=resource.version,
        outcome=_outcome(error, text(f.errorMessage), f, operation),
        error_code=error,
        error_message=text(f.errorMessage),
        bytes_out=_integer(extra.get("bytesTransferredOut")),
        bytes_in=_integer(extra.get("bytesTransferredIn")),
        params=params,
        omitted=_omitted(f, doubled),
        evidence_item=where.item,
        locator=locator,
        record_sha256=sha256(record.data or b"").hexdigest(),
        source=source,
        recipient_account_uid=text(f.recipientAccountId),
        shared_uid=text(f.sharedEventID),
    )
    if not doubled:
        return row, ()
    reason = f"expected each key once, found twice: {', '.join(doubled)}; parsers differ on which wins"
    at = times.from_micros(time)
    gap = Gap(
        kind="opaque", subject=f"{operation} {resource.uid or ''}".strip(), reason=reason,
        time_from=at, time_to=at, item=where.item, locator=locator,
    )
    return row, (gap,)


def text(value: object) -> str | None:
    """A scalar as text; None for null, empty and for what is no scalar (1.02 wrote lists of one)."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool) or value is None:
        return None if value is None else str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else None


def decoded(raw: msgspec.Raw) -> dict[str, Any]:
    """An object, or an empty one where the record has null, text or a list."""
    value = _any.decode(raw)
    return value if isinstance(value, dict) else {}


def _decode(body: bytes) -> Fields:
    try:
        return _fields.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Unreadable(f"expected a CloudTrail record, found {error}") from error


def _tolerant_identity(raw: msgspec.Raw) -> Identity:
    try:
        return _identity.decode(raw) or Identity()
    except (msgspec.MsgspecError, RecursionError):
        return Identity()


def _time(f: Fields) -> tuple[int, str, int]:
    for value in (f.eventTime, f.at_timestamp):
        if isinstance(value, str) and value:
            found = when(value)
            if found is None:
                raise Unreadable(f"expected an ISO 8601 eventTime, found {value[:60]!r}")
            return found, value, PRECISION
    if f.eventTime is not None:
        raise Unreadable(f"expected an ISO 8601 eventTime, found {str(f.eventTime)[:60]!r}")
    raise Unreadable("expected eventTime, found none")


def _category(f: Fields, service: str | None, operation: str) -> str:
    stated = CATEGORIES.get(text(f.eventCategory) or "")
    if stated:
        return stated
    if text(f.eventType) in ("AwsVpceEvent", "AwsVpceEvents"):
        return "network"
    if text(f.eventType) == "AwsCloudTrailInsight":
        return "insight"
    if f.managementEvent is False:
        return "data"
    is_data = service == "s3.amazonaws.com" and operation in s3.DATA_EVENTS
    return "data" if is_data else "management"


def _activity(f: Fields, service: str | None, operation: str, category: str) -> str:
    if operation in _SIGN_INS or operation.startswith("AssumeRole"):
        return "authenticate"
    read_only = text(f.readOnly)
    reads = read_only == "true" if read_only else operation.startswith(_READS)
    if service == "s3.amazonaws.com" and operation in s3.CONFIGURES:
        return "configure"
    if reads:
        return "list" if operation.startswith("List") or operation == "HeadBucket" else "read"
    if category == "data":
        return "delete" if operation.startswith(("Delete", "Abort")) else "write"
    return "configure" if category == "management" else "other"


def _actor(identity: Identity) -> dict[str, Any]:
    session = identity.sessionContext or Session()
    issuer = session.sessionIssuer if isinstance(session.sessionIssuer, dict) else {}
    attributes = session.attributes if isinstance(session.attributes, dict) else {}
    account, unique_id = text(identity.accountId), text(identity.principalId)
    anonymous = account in ANONYMOUS or unique_id in ANONYMOUS
    mfa = text(attributes.get("mfaAuthenticated"))
    name = text(identity.userName) or text(issuer.get("userName"))
    in_session = text(identity.type) in ("AssumedRole", "FederatedUser") or (
        text(identity.type) == "AWSAccount" and ":" in (unique_id or "")
    )
    delegation = {
        key: value
        for key, value in (
            ("onBehalfOf", identity.onBehalfOf),
            ("inScopeOf", identity.inScopeOf),
            ("identityProvider", identity.identityProvider),
            ("credentialId", identity.credentialId),
        )
        if value is not None
    }
    return {
        "actor_type": "Anonymous" if anonymous else text(identity.type),
        "actor_uid": text(identity.arn),
        "actor_unique_id": None if anonymous else unique_id,
        "actor_name": name,
        "actor_account_uid": None if anonymous else account,
        "session_uid": unique_id.partition(":")[2] or None if in_session and unique_id else None,
        "session_issuer_uid": text(issuer.get("arn")),
        "session_created": text(attributes.get("creationDate")),
        "source_identity": text(session.sourceIdentity),
        "credential_uid": text(identity.accessKeyId),
        "mfa": {"true": True, "false": False}.get(mfa or ""),
        "invoked_by": text(identity.invokedBy),
        "delegation": compact(delegation) if delegation else None,
    }


def _auth_method(identity: Identity, extra: Mapping[str, Any]) -> str:
    if text(identity.accountId) in ANONYMOUS or text(identity.principalId) in ANONYMOUS:
        return "anonymous"
    if text(identity.type) == "AWSService":
        return "service"
    stated = text(extra.get("AuthenticationMethod"))
    return {"AuthHeader": "header", "QueryString": "query"}.get(stated or "", "unknown")


def _auth_evidence(extra: Mapping[str, Any]) -> str | None:
    names = ("aclRequired", "CipherSuite", "SignatureVersion", "SSEApplied")
    found = {name: extra[name] for name in names if extra.get(name) is not None}
    return compact(found) if found else None


def _outcome(error: str | None, message: str | None, f: Fields, operation: str) -> str:
    if error:
        return "denied" if refused(error) else "error"
    if operation == "ConsoleLogin" and decoded(f.responseElements).get("ConsoleLogin") == "Failure":
        return "denied"
    return "error" if message else "success"


def refused(code: str) -> bool:
    """Whether an error code says that authorization was refused."""
    return any(
        word in code
        for word in ("AccessDenied", "Unauthorized", "NotAuthorized", "AllAccessDisabled", "Forbidden")
    )


def _integer(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and abs(value) < 2**63 else None


def _resources(f: Fields) -> list[dict[str, Any]]:
    value = _any.decode(f.resources)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


_BODIES = (
    "requestParameters", "responseElements", "additionalEventData", "resources", "userIdentity",
    "tlsDetails", "addendum",
)  # fmt: skip
_SCALARS = ("eventVersion", "vpcEndpointId", "vpcEndpointAccountId", "sessionCredentialFromConsole")
#: What still names a slot when the body cannot be trusted.
_NAMING = (
    "bucketName", "key", "userName", "roleName", "groupName", "policyName", "policyArn", "accountId",
)  # fmt: skip


def _params(f: Fields, body: bytes | None) -> str:
    """The bodies as received, put together as text: numbers and order stay untouched."""
    parts = []
    for name in _BODIES:
        raw = bytes(getattr(f, name))
        if raw == b"null" and name == "addendum":
            continue
        if body is None and name == "requestParameters":
            asked = decoded(f.requestParameters)
            kept = {key: asked[key] for key in _NAMING if isinstance(asked.get(key), str)}
            raw = compact(kept).encode()
        elif body is None and name == "responseElements":
            raw = b"null"
        parts.append(f'"{name}":{raw.decode()}')
    for name in _SCALARS:
        value = getattr(f, name)
        if value is not None:
            parts.append(f'"{name}":{compact(value)}')
    return "{" + ",".join(parts) + "}"


def compact(value: object) -> str:
    """JSON text, keys sorted, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _suspect(body: bytes) -> bool:
    names = (b'"eventName"', b'"eventTime"', b'"userIdentity"', b'"errorCode"', b'"sourceIPAddress"')
    return any(body.count(name) > 1 for name in names)


def _doubled(body: bytes) -> tuple[str, ...]:
    """Keys that occur twice in one object, anywhere in the record."""
    found: set[str] = set()

    def pairs(items: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for key, _ in items:
            if key in seen:
                found.add(key)
            seen.add(key)

    try:
        json.loads(body, object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"expected a JSON object, found {error}") from error
    return tuple(sorted(found))


def _omitted(f: Fields, doubled: tuple[str, ...]) -> str | None:
    names = [
        name
        for name in ("requestParameters", "responseElements", "additionalEventData")
        if _left_out(getattr(f, name))
    ]
    names += [f"duplicate key {key}" for key in doubled]
    return compact(names) if names else None


def _left_out(raw: msgspec.Raw) -> bool:
    data = bytes(raw)
    if b"mitted" not in data and b"MITTED" not in data:
        return False
    value = _any.decode(raw)
    if isinstance(value, str):
        return "omitted" in value.lower()
    return isinstance(value, dict) and value.get("omitted") in (True, "true")


PARSER = Parser(
    source="aws.cloudtrail", version=1, form="json", detect=detect, read=read,
    never=("logged_time", "referer", "status_code"),
    mapping=(
        ("provider_uid", "eventID"), ("request_id", "requestID"),
        ("time", "eventTime, else @timestamp; width 1 s"),
        ("account_uid", "resources[AWS::S3::Bucket].accountId, else recipientAccountId"),
        ("region", "awsRegion"), ("service", "eventSource"), ("operation", "eventName"),
        ("category", "eventCategory; before 1.07 managementEvent, eventType, then the name"),
        ("activity", "readOnly, else the verb of eventName"),
        ("actor_type", "userIdentity.type; Anonymous where accountId is anonymous or ANONYMOUS_PRINCIPAL"),
        ("actor_uid", "userIdentity.arn"), ("actor_unique_id", "userIdentity.principalId"),
        ("actor_name", "userIdentity.userName, else sessionIssuer.userName"),
        ("actor_account_uid", "userIdentity.accountId"),
        ("session_uid", "userIdentity.principalId after the colon"),
        ("session_issuer_uid", "sessionContext.sessionIssuer.arn"),
        ("session_created", "sessionContext.attributes.creationDate"),
        ("source_identity", "sessionContext.sourceIdentity"),
        ("credential_uid", "userIdentity.accessKeyId"),
        ("mfa", "sessionContext.attributes.mfaAuthenticated"),
        ("invoked_by", "userIdentity.invokedBy"),
        ("delegation", "userIdentity.onBehalfOf, inScopeOf, identityProvider, credentialId"),
        ("src_ip", "sourceIPAddress"), ("src_vpc_endpoint", "vpcEndpointId, else additionalEventData"),
        ("user_agent", "userAgent"), ("tls_version", "tlsDetails.tlsVersion"),
        ("auth_method", "additionalEventData.AuthenticationMethod, userIdentity"),
        ("auth_evidence", "additionalEventData.aclRequired, CipherSuite, SignatureVersion, SSEApplied"),
        ("resource_type", "resources[].type of what was acted on"),
        ("resource_uid", "requestParameters.bucketName and key, else resources[].ARN"),
        ("container", "requestParameters.bucketName, else resources[AWS::S3::Bucket]"),
        ("object", "requestParameters.key"), ("object_version", "requestParameters.versionId"),
        ("outcome", "errorCode"), ("error_code", "errorCode"), ("error_message", "errorMessage"),
        ("bytes_out", "additionalEventData.bytesTransferredOut"),
        ("bytes_in", "additionalEventData.bytesTransferredIn"),
        ("params", "requestParameters, responseElements, additionalEventData, resources, "
         "userIdentity, tlsDetails, as text"),
        ("omitted", "bodies that CloudTrail left out; keys found twice"),
        ("recipient_account_uid", "recipientAccountId"), ("shared_uid", "sharedEventID"),
    ),
)  # fmt: skip
