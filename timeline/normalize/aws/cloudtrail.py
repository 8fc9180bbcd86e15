"""CloudTrail: one record, in whatever wrapping it came, to one row of `events`.

Native object files, JSON lines, arrays and re-shaped exports (`@timestamp`, `arn` in lower case,
numbers as floats) all end here; `cloudtrail_lookup` and `cloudtrail_envelope` unwrap first.
Field names and their meaning: CloudTrail user guide, "CloudTrail record contents".
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from collector.model import Gap
from timeline.normalize.aws import s3
from timeline.normalize.aws.cloudtrail_actor import caller_of
from timeline.normalize.aws.cloudtrail_fields import (
    NO_EXTRA,
    Fields,
    asked_of,
    compact,
    decode,
    decoded,
    extra_of,
    left_out,
    resources_of,
    text,
)
from timeline.normalize.aws.cloudtrail_keys import (
    came_out_whole,
    doubled_keys,
    first_wins,
)
from timeline.normalize.aws.cloudtrail_mapping import MAPPING, NEVER
from timeline.normalize.aws.cloudtrail_params import is_lean, lean_params, params_of, tls_of
from timeline.normalize.aws.times import when
from timeline.normalize.model import Parser, Record, Unreadable, Where, at
from timeline.normalize.row import PackedRow

if TYPE_CHECKING:
    from timeline.normalize.blocks import TakenPieces
    from timeline.normalize.spans import Spans

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


def read_packed(record: Record, where: Where) -> tuple[PackedRow, tuple[Gap, ...]]:
    """One record to its row, in the form in which many rows are put together.

    Raises:
        Unreadable: not JSON, or without event name or time.
    """
    assert record.data is not None
    return to_row(record.data, record, where)


def to_row(
    body: bytes,
    record: Record,
    where: Where,
    source: str = "aws.cloudtrail",
    doubled: tuple[str, ...] = (),
) -> tuple[PackedRow, tuple[Gap, ...]]:
    """The CloudTrail record in `body` to a row that cites `record`, which may wrap it.

    Args:
        body: the record, each key once if `doubled` names any.
        record: what the row cites.
        where: its place.
        source: name of the form.
        doubled: keys that were found twice.
    """
    f = decode(body)
    operation, service = f.eventName, f.eventSource or None
    time_text = f.eventTime or f.at_timestamp
    time = when(time_text) if time_text else None
    if not operation or time_text is None or time is None:
        return _incomplete(f, body, record, where, source, doubled)
    actor, whole = caller_of(bytes(f.userIdentity))
    tls = tls_of(bytes(f.tlsDetails))
    kind = kind_of(f.eventCategory, f.eventType, f.managementEvent, f.readOnly, service, operation)
    extra = extra_of(f) if kind.keeps else NO_EXTRA
    asked, resources = asked_of(f), resources_of(f)
    if not (whole and tls.whole and came_out_whole(body, f, asked, extra, resources)):
        found = () if doubled else _doubled(body, kind)
        if found:
            return to_row(first_wins(body), record, where, source, found)
    opaque = doubled if kind.decides else ()
    recipient = f.recipientAccountId or None
    acted = s3.resource(recipient, asked, resources, service, operation)
    number = f"{where.prefix}{record.number}"
    locator = f"{number}@{record.offset}+{record.length}"
    event = event_values(
        source, recipient, f.awsRegion or None, service, operation,
        kind, f.vpcEndpointId or extra.vpcEndpointId or None, f.userAgent or None, tls.version,
        actor.kind,
        extra.AuthenticationMethod, extra.aclRequired, extra.CipherSuite, extra.SSEApplied,
        extra.SignatureVersion, outcome_of(f, operation), f.errorCode or None,
    )  # fmt: skip
    params = None
    if kind.keeps:
        lean = kind.lean and not opaque and is_lean(f, resources)
        params = lean_params(f, extra, resources, tls) if lean else params_of(f, bool(opaque))
    own = (
        f"{where.item}/{number}", f.eventID or None, f.requestID or None, time, time_text,
        acted.account or recipient, f.sourceIPAddress or None, acted.kind, acted.uid,
        acted.container, acted.object, acted.version, f.errorMessage or None,
        extra.bytesTransferredOut, extra.bytesTransferredIn, params,
        omitted_of(f, body, opaque), locator, sha256(record.data or b"").hexdigest(),
        f.sharedEventID or None, extra.host_id or None, None, None, None, None,
    )  # fmt: skip
    row = PackedRow("aws", source, time, params, where.values, actor, event, own)
    if not opaque:
        return row, ()
    subject = f"{operation} {acted.uid or ''}".strip()
    return row, (_opaque(subject, time, where.item, locator, opaque),)


def _incomplete(
    f: Fields, body: bytes, record: Record, where: Where, source: str, doubled: tuple[str, ...]
) -> tuple[PackedRow, tuple[Gap, ...]]:
    """A record without name or time, unless a key that is there twice has them first."""
    found = () if doubled else doubled_keys(body)
    if found:
        return to_row(first_wins(body), record, where, source, found)
    if not f.eventName:
        raise Unreadable("expected eventName, found none")
    value = f.eventTime or f.at_timestamp
    if not value:
        raise Unreadable("expected eventTime, found none")
    raise Unreadable(f"expected an ISO 8601 eventTime, found {value[:60]!r}")


def _doubled(body: bytes, kind: "Kind") -> tuple[str, ...]:
    """Keys that occur twice; a plain read may hold bytes that are no text where no column looks."""
    try:
        return doubled_keys(body)
    except Unreadable:
        if kind.decides:
            raise
        return ()


def _opaque(subject: str, time: int, item: str, locator: str, doubled: tuple[str, ...]) -> Gap:
    when_done = at(time)
    return Gap(
        kind="opaque",
        subject=subject,
        reason=f"expected each key once, found twice: {', '.join(doubled)}: parsers differ",
        time_from=when_done,
        time_to=when_done,
        item=item,
        locator=locator,
    )


@lru_cache(maxsize=16384)
def event_values(
    source: str, recipient: str | None, region: str | None, service: str | None, operation: str,
    kind: "Kind", endpoint: str | None, agent: str | None,
    tls: str | None, actor: str | None, method: str | None, acl_required: str | None,
    cipher: str | None, sse: str | None, signature: str | None, outcome: str, error: str | None,
) -> tuple[Any, ...]:  # fmt: skip
    """The columns that repeat, in the order of `EVENT_COLUMNS`."""
    return (
        PRECISION, "aws", region, service, operation, kind.category, kind.activity,
        endpoint, agent, tls, _auth_method(actor, method),
        _auth_evidence(acl_required, cipher, sse, signature), outcome, error, source,
        recipient, None, None, None,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of event; compared by identity, for each is made once.

    Attributes:
        category, activity: as in the columns.
        decides: it changes something or is an access: keys found twice make it opaque.
        keeps: its parameters are kept.
        lean: of these only what a request is made of.
    """

    category: str
    activity: str
    decides: bool
    keeps: bool
    lean: bool


@lru_cache(maxsize=16384)
def kind_of(
    category: str | None,
    event_type: str | None,
    management: bool | str | None,
    read_only: bool | str | None,
    service: str | None,
    operation: str,
) -> Kind:
    """What kind of event it is; the same few kinds fill a log."""
    found = _category(category, event_type, text(management), service, operation)
    activity = _activity(text(read_only), service, operation, found)
    writes = activity not in ("read", "list")
    keeps = writes or found != "management" or service in KEPT
    lean = found == "data" and not writes
    return Kind(found, activity, writes or found == "data", keeps, lean)


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


def _auth_method(actor: str | None, stated: str | None) -> str:
    if actor == "Anonymous":
        return "anonymous"
    if actor == "AWSService":
        return "service"
    return {"AuthHeader": "header", "QueryString": "query"}.get(stated or "", "unknown")


def _auth_evidence(
    acl_required: str | None, cipher: str | None, sse: str | None, signature: str | None
) -> str | None:
    found = {
        "aclRequired": acl_required,
        "CipherSuite": cipher,
        "SSEApplied": sse,
        "SignatureVersion": signature,
    }
    kept = {name: value for name, value in found.items() if value}
    return compact(kept) if kept else None


def outcome_of(f: Fields, operation: str) -> str:
    """What an event came to; of a sign-in that is in its answer."""
    if (
        not f.errorCode
        and operation == "ConsoleLogin"
        and decoded(f.responseElements).get("ConsoleLogin") == "Failure"
    ):
        return "denied"
    return outcome_by(f.errorCode, bool(f.errorMessage))


def outcome_by(code: str | None, has_message: bool) -> str:
    """What an event came to by its error, for all events but sign-ins."""
    if code:
        return "denied" if refused(code) else "error"
    return "error" if has_message else "success"


def refused(code: str) -> bool:
    """Whether an error code says that authorization was refused."""
    return any(word in code for word in _REFUSALS)


def omitted_of(f: Fields, body: bytes, doubled: tuple[str, ...]) -> str | None:
    """Names of what the provider left out or what stands twice, as JSON; None = nothing."""
    names = []
    if b"mitted" in body:
        bodies = ("requestParameters", "responseElements", "additionalEventData")
        names = [name for name in bodies if left_out(getattr(f, name))]
    if doubled:
        names += ["requestParameters", "responseElements"]
        names += [f"duplicate key {key}" for key in doubled]
    return compact(names) if names else None


def read_pieces(spans: "Spans", where: Where) -> "TakenPieces":
    """The records whose reading is beyond doubt, with the rows that `read_packed` gives."""
    # They are made of what stands above.
    from timeline.normalize.aws import cloudtrail_block, cloudtrail_stretch

    left, rows = cloudtrail_stretch.read(spans, where)
    more = cloudtrail_block.read_some(spans, left, where)
    return more._replace(rows=[*rows, *more.rows])


PARSER = Parser(
    source="aws.cloudtrail",
    version=4,
    form="json",
    detect=detect,
    read=read_packed,
    read_pieces=read_pieces,
    mapping=MAPPING,
    never=NEVER,
)
