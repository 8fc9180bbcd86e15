"""The fields of a CloudTrail record, decoded as far as rows need them and no further.

Bodies stay text: their numbers, order and spelling reach `params` untouched. Types are loose on
purpose: re-shaped exports write numbers as floats and scalars as lists of one.
"""

import json
from typing import Any

import msgspec

from timeline.normalize.model import BROKEN, Unreadable

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


fields_decoder = msgspec.json.Decoder(Fields)
_identity = msgspec.json.Decoder(Identity | None)
any_decoder = msgspec.json.Decoder()


def text(value: object) -> str | None:
    """A scalar as text; None for null, empty, and no scalar (1.02 wrote lists of one)."""
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
    value = any_decoder.decode(raw)
    return value if isinstance(value, dict) else {}


def decode(body: bytes) -> Fields:
    try:
        return fields_decoder.decode(body)
    except BROKEN as error:
        raise Unreadable(f"expected a CloudTrail record, found {error}") from error


def identity_of(raw: msgspec.Raw) -> Identity:
    try:
        return _identity.decode(raw) or Identity()
    except BROKEN:
        return Identity()


def compact(value: object) -> str:
    """JSON text, keys sorted, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


_TELLING = (
    b'"eventName"', b'"eventTime"', b'"userIdentity"', b'"errorCode"', b'"sourceIPAddress"',
)  # fmt: skip


def suspect(body: bytes) -> bool:
    """Whether a key that tells most occurs more than once: worth the slow look."""
    return any(body.count(name) > 1 for name in _TELLING)


def doubled_keys(body: bytes) -> tuple[str, ...]:
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
