"""The fields of a CloudTrail record, decoded as far as rows need them and no further.

Bodies stay text: their numbers, order and spelling reach `params` untouched. Scalars are read as
the provider writes them; a record that a re-shaped export has changed (numbers as floats, scalars
in lists of one, as up to 1.02) is read again by the slow, tolerant way.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from timeline.normalize.model import BROKEN, Unreadable

NULL = msgspec.Raw(b"null")


class Fields(msgspec.Struct, gc=False, omit_defaults=True):
    """The fields that rows use, in the provider's spelling; empty text stands for none."""

    eventTime: str | None = None
    at_timestamp: str | None = msgspec.field(default=None, name="@timestamp")
    eventVersion: str | None = None
    eventSource: str | None = None
    eventName: str | None = None
    eventID: str | None = None
    eventType: str | None = None
    eventCategory: str | None = None
    awsRegion: str | None = None
    sourceIPAddress: str | None = None
    userAgent: str | None = None
    errorCode: str | None = None
    errorMessage: str | None = None
    requestID: str | None = None
    readOnly: bool | str | None = None
    managementEvent: bool | str | None = None
    recipientAccountId: str | None = None
    sharedEventID: str | None = None
    vpcEndpointId: str | None = None
    vpcEndpointAccountId: str | None = None
    sessionCredentialFromConsole: str | None = None
    apiVersion: Any = None
    userIdentity: msgspec.Raw = NULL
    requestParameters: msgspec.Raw = NULL
    responseElements: msgspec.Raw = NULL
    additionalEventData: msgspec.Raw = NULL
    resources: msgspec.Raw = NULL
    tlsDetails: msgspec.Raw = NULL
    addendum: msgspec.Raw = NULL


class Asked(msgspec.Struct, gc=False, omit_defaults=True):
    """What of `requestParameters` names the thing acted on."""

    bucketName: Any = None
    key: Any = None
    versionId: Any = None
    accountId: Any = None
    Host: Any = None
    host: Any = None
    resourceArn: Any = None
    roleArn: Any = None
    policyArn: Any = None
    keyId: Any = None
    trailName: Any = None
    secretId: Any = None


class Extra(msgspec.Struct, gc=False, omit_defaults=True):
    """What of `additionalEventData` rows use."""

    AuthenticationMethod: Any = None
    CipherSuite: Any = None
    SignatureVersion: Any = None
    SSEApplied: Any = None
    aclRequired: Any = None
    bytesTransferredIn: Any = None
    bytesTransferredOut: Any = None
    vpcEndpointId: Any = None
    host_id: Any = msgspec.field(default=None, name="x-amz-id-2")


class Resource(msgspec.Struct, gc=False, omit_defaults=True):
    """One entry of `resources`; re-shaped exports write `arn` in lower case."""

    type: Any = None
    ARN: Any = None
    arn: Any = None
    accountId: Any = None


NO_EXTRA = Extra()
BODIES = frozenset(name for name, kind in Fields.__annotations__.items() if kind is msgspec.Raw)
Shape = TypeVar("Shape")

_fields = msgspec.json.Decoder(Fields)
_shallow = msgspec.json.Decoder(dict[str, msgspec.Raw])
_any = msgspec.json.Decoder()
_asked = msgspec.json.Decoder(Asked | None)
_extra = msgspec.json.Decoder(Extra | None)
_resources = msgspec.json.Decoder(list[Resource] | None)
_encode = msgspec.json.Encoder().encode


def decode(body: bytes) -> Fields:
    """The fields of a record.

    Raises:
        Unreadable: the bytes are no JSON object.
    """
    try:
        return _fields.decode(body)
    except msgspec.ValidationError:
        return _tolerant(body)
    except BROKEN as error:
        raise Unreadable(f"expected a CloudTrail record, found {error}") from error


def _tolerant(body: bytes) -> Fields:
    """Scalars of any type, as text."""
    try:
        found = _shallow.decode(body)
        values: dict[str, Any] = {}
        for name, kind in Fields.__annotations__.items():
            raw = found.get("@timestamp" if name == "at_timestamp" else name)
            if raw is not None:
                values[name] = raw if kind is msgspec.Raw else text(_any.decode(raw))
    except BROKEN as error:
        raise Unreadable(f"expected a CloudTrail record, found {error}") from error
    return Fields(**values)


def asked_of(f: Fields) -> Asked:
    """What was asked; nothing where the parameters are no object."""
    try:
        return _asked.decode(f.requestParameters) or Asked()
    except msgspec.ValidationError:
        return Asked()


def extra_of(f: Fields) -> Extra:
    """The additional data; nothing where they are no object."""
    try:
        return _extra.decode(f.additionalEventData) or Extra()
    except msgspec.ValidationError:
        return Extra()


def resources_of(f: Fields) -> list[Resource]:
    """The entries of `resources`; none where it is no list of objects."""
    try:
        return _resources.decode(f.resources) or []
    except msgspec.ValidationError:
        return []


def text(value: object) -> str | None:
    """A scalar as text; None for null, empty, and no scalar (1.02 wrote lists of one)."""
    if type(value) is str:
        return value or None
    if value is None:
        return None
    if isinstance(value, list) and len(value) == 1:
        return text(value[0])
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else None


def integer(value: object) -> int | None:
    """A whole number that the table can hold."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and abs(value) < 2**63 else None


def decoded(raw: "msgspec.Raw | bytes") -> dict[str, Any]:
    """An object, or an empty one where the record has null, text or a list."""
    value = _any.decode(raw)
    return value if isinstance(value, dict) else {}


def compact(value: object) -> str:
    """JSON text, keys sorted, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def encoded(value: object) -> bytes:
    """JSON bytes of a scalar."""
    return _encode(value)


def doubled_keys(
    body: bytes, f: Fields, asked: Asked, extra: Extra, resources: Sequence[Resource]
) -> tuple[str, ...]:
    """Keys that occur twice in one object, anywhere in the record.

    A record that comes out as long as it went in has lost no key; only others are looked at key by
    key, which takes ten times as long. Most come out so from the fields that are decoded anyway.

    Args:
        body: the record.
        f, asked, extra, resources: what was decoded from it.
    """
    if _came_out_whole(body, f, asked, extra, resources):
        return ()
    if _same_length(body):
        return ()
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


def _came_out_whole(
    body: bytes, f: Fields, asked: Asked, extra: Extra, resources: Sequence[Resource]
) -> bool:
    """Whether the decoded fields hold every key; false also where that is not known."""
    try:
        return (
            len(_encode(f)) == len(body)
            and _holds(f.requestParameters, asked)
            and _holds(f.additionalEventData, extra)
            and _holds(f.resources, resources)
            and _repeats(bytes(f.userIdentity))
            and _repeats(bytes(f.tlsDetails))
            and _holds(f.responseElements, None)
            and (f.addendum is NULL or _same_length(bytes(f.addendum)))
        )
    except BROKEN:
        return False


def _holds(raw: msgspec.Raw, shape: object) -> bool:
    data = bytes(raw)
    # Four bytes (null) hold no two keys.
    return len(data) == 4 or len(_encode(shape)) == len(data) or _same_length(data)


def _same_length(data: bytes) -> bool:
    return len(_encode(_any.decode(data))) == len(data)


#: Callers and connections repeat: each is looked at once.
_repeats = lru_cache(maxsize=4096)(_same_length)


def left_out(raw: msgspec.Raw) -> bool:
    """Whether the provider put a note in place of a body that was too long."""
    value = _any.decode(raw)
    if isinstance(value, str):
        return "omitted" in value.lower()
    return isinstance(value, dict) and value.get("omitted") in (True, "true")
