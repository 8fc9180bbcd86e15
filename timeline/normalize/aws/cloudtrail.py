"""CloudTrail: one record, in whatever wrapping it came, to one row of `events`.

Native object files, JSON lines, arrays and re-shaped exports (`@timestamp`, `arn` in lower case,
numbers as floats) all end here; `cloudtrail_lookup` and `cloudtrail_envelope` unwrap first.
Field names and their meaning: CloudTrail user guide, "CloudTrail record contents".
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import msgspec

from collector.model import Gap
from timeline.normalize.aws import s3, times
from timeline.normalize.aws.cloudtrail_fields import (
    Fields,
    Identity,
    Session,
    any_decoder,
    compact,
    decode,
    decoded,
    doubled_keys,
    fields_decoder,
    identity_of,
    suspect,
    text,
)
from timeline.normalize.aws.cloudtrail_mapping import MAPPING, NEVER
from timeline.normalize.aws.times import when
from timeline.normalize.model import BROKEN, EventRow, Parser, Record, Unreadable, Where

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
_REFUSALS = ("AccessDenied", "Unauthorized", "NotAuthorized", "AllAccessDisabled", "Forbidden")


def detect(data: bytes) -> bool:
    """A JSON object with an event name and source at its top level."""
    try:
        found = fields_decoder.decode(data)
    except BROKEN:
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
    time, time_text, precision = _time(f)
    operation, service = text(f.eventName), text(f.eventSource)
    if operation is None:
        raise Unreadable("expected eventName, found none")
    identity = identity_of(f.userIdentity)
    category = _category(f, service, operation)
    activity = _activity(f, service, operation, category)
    keeps = activity not in ("read", "list") or category != "management" or service in KEPT
    extra = decoded(f.additionalEventData) if keeps else {}
    doubled = doubled_keys(body) if activity not in ("read", "list") or suspect(body) else ()
    params = _params(f, body if not doubled else None) if keeps else None
    resource = s3.resource(
        text(f.recipientAccountId), decoded(f.requestParameters), _resources(f), service, operation
    )
    locator = f"{where.prefix}{record.number}@{record.offset}+{record.length}"
    error = text(f.errorCode)
    row = EventRow(
        event_uid=f"{where.item}/{where.prefix}{record.number}",
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
    reason = f"expected each key once, found twice: {', '.join(doubled)}: parsers differ"
    at = times.from_micros(time)
    gap = Gap(
        kind="opaque",
        subject=f"{operation} {resource.uid or ''}".strip(),
        reason=reason,
        time_from=at,
        time_to=at,
        item=where.item,
        locator=locator,
    )
    return row, (gap,)


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
    return any(word in code for word in _REFUSALS)


def _integer(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and abs(value) < 2**63 else None


def _resources(f: Fields) -> list[dict[str, Any]]:
    value = any_decoder.decode(f.resources)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


_BODIES = (
    "requestParameters", "responseElements", "additionalEventData", "resources", "userIdentity",
    "tlsDetails", "addendum",
)  # fmt: skip
_SCALARS = ("eventVersion", "vpcEndpointId", "vpcEndpointAccountId", "sessionCredentialFromConsole")
#: What still names a slot when the body cannot be trusted.
_NAMING = (
    "bucketName", "key", "userName", "roleName", "groupName", "policyName", "policyArn",
    "accountId",
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


def _omitted(f: Fields, doubled: tuple[str, ...]) -> str | None:
    names = [
        name
        for name in ("requestParameters", "responseElements", "additionalEventData")
        if _left_out(getattr(f, name))
    ]
    if doubled:
        names += ["requestParameters", "responseElements"]
        names += [f"duplicate key {key}" for key in doubled]
    return compact(names) if names else None


def _left_out(raw: msgspec.Raw) -> bool:
    data = bytes(raw)
    if b"mitted" not in data and b"MITTED" not in data:
        return False
    value = any_decoder.decode(raw)
    if isinstance(value, str):
        return "omitted" in value.lower()
    return isinstance(value, dict) and value.get("omitted") in (True, "true")


PARSER = Parser(
    source="aws.cloudtrail",
    version=1,
    form="json",
    detect=detect,
    read=read,
    mapping=MAPPING,
    never=NEVER,
)
