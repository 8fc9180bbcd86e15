"""The fields of a CloudTrail record, decoded as far as rows need them and no further.

Bodies stay text: their numbers, order and spelling reach `params` untouched. Scalars are read as
the provider writes them; a record that a re-shaped export has changed (numbers as floats, scalars
in lists of one, as up to 1.02) is read again by the slow, tolerant way.
"""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from timeline.normalize.model import BROKEN, Unreadable

NULL = msgspec.Raw(b"null")


class Fields(msgspec.Struct, gc=False, omit_defaults=True):
    """The fields that rows use, in the provider's spelling; empty text stands for none.

    In the order in which the provider writes them: each is looked for after the one before it.
    """

    eventVersion: str | None = None
    userIdentity: msgspec.Raw = NULL
    eventTime: str | None = None
    at_timestamp: str | None = msgspec.field(default=None, name="@timestamp")
    eventSource: str | None = None
    eventName: str | None = None
    awsRegion: str | None = None
    sourceIPAddress: str | None = None
    userAgent: str | None = None
    errorCode: str | None = None
    errorMessage: str | None = None
    requestParameters: msgspec.Raw = NULL
    responseElements: msgspec.Raw = NULL
    additionalEventData: msgspec.Raw = NULL
    requestID: str | None = None
    eventID: str | None = None
    readOnly: bool | str | None = None
    resources: msgspec.Raw = NULL
    eventType: str | None = None
    apiVersion: str | None = None
    managementEvent: bool | str | None = None
    recipientAccountId: str | None = None
    sharedEventID: str | None = None
    vpcEndpointId: str | None = None
    vpcEndpointAccountId: str | None = None
    addendum: msgspec.Raw = NULL
    eventCategory: str | None = None
    sessionCredentialFromConsole: str | None = None
    tlsDetails: msgspec.Raw = NULL


class LooseFields(Fields, gc=False, omit_defaults=True):
    """The same, read in the tolerant way: it does not come out as it went in."""


#: A number that the table can hold.
Whole = Annotated[int, msgspec.Meta(ge=-(2**63) + 1, le=2**63 - 1)]


class Asked(msgspec.Struct, gc=False, omit_defaults=True):
    """What of `requestParameters` names the thing acted on; empty text stands for none.

    The last ones name nothing. Requests of S3 and STS carry them, and a part of which every key is
    known is quickly shown to hold none twice.
    """

    bucketName: str | None = None
    Host: str | None = None
    key: str | None = None
    versionId: str | None = None
    accountId: str | None = None
    host: str | None = None
    resourceArn: str | None = None
    roleArn: str | None = None
    policyArn: str | None = None
    keyId: str | None = None
    trailName: str | None = None
    secretId: str | None = None
    prefix: str | None = None
    list_type: str | None = msgspec.field(default=None, name="list-type")
    encoding_type: str | None = msgspec.field(default=None, name="encoding-type")
    delimiter: str | None = None
    location: str | None = None
    policy: str | None = None
    acl: str | None = None
    roleSessionName: str | None = None
    durationSeconds: Whole | None = None


class LooseAsked(Asked, gc=False, omit_defaults=True):
    """The same, read in the tolerant way."""


class Extra(msgspec.Struct, gc=False, omit_defaults=True):
    """What of `additionalEventData` rows use."""

    SignatureVersion: str | None = None
    CipherSuite: str | None = None
    bytesTransferredIn: Whole | None = None
    SSEApplied: str | None = None
    AuthenticationMethod: str | None = None
    host_id: str | None = msgspec.field(default=None, name="x-amz-id-2")
    aclRequired: str | None = None
    bytesTransferredOut: Whole | None = None
    vpcEndpointId: str | None = None


class LooseExtra(Extra, gc=False, omit_defaults=True):
    """The same, read in the tolerant way."""


class Resource(msgspec.Struct, gc=False, omit_defaults=True):
    """One entry of `resources`; re-shaped exports write `arn` in lower case."""

    accountId: str | None = None
    type: str | None = None
    ARN: str | None = None
    arn: str | None = None


NO_ASKED = Asked()
NO_EXTRA = Extra()

_fields = msgspec.json.Decoder(Fields)
_shallow = msgspec.json.Decoder(dict[str, msgspec.Raw])
_any = msgspec.json.Decoder()
_asked = msgspec.json.Decoder(Asked | None).decode
_extra = msgspec.json.Decoder(Extra | None).decode
_resources = msgspec.json.Decoder(list[Resource] | None).decode
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
    return LooseFields(**values)


def asked_of(f: Fields) -> Asked:
    """What was asked; nothing where the parameters are no object."""
    try:
        return _asked(f.requestParameters) or NO_ASKED
    except msgspec.ValidationError:
        return _asked_in(_any.decode(f.requestParameters))


def _asked_in(found: object) -> Asked:
    """The same where some value is no text: a list of one stands for its entry."""
    if not isinstance(found, dict):
        return LooseAsked()
    arns = ("resourceArn", "roleArn", "policyArn", "keyId", "trailName", "secretId")
    return LooseAsked(
        bucketName=only(found.get("bucketName")),
        key=only(found.get("key")),
        versionId=only(found.get("versionId")),
        accountId=only(found.get("accountId")),
        Host=only(found.get("Host") or found.get("host")),
        **{name: found[name] for name in arns if isinstance(found.get(name), str)},
    )


def extra_of(f: Fields) -> Extra:
    """The additional data; nothing where they are no object."""
    try:
        return _extra(f.additionalEventData) or NO_EXTRA
    except msgspec.ValidationError:
        found = decoded(f.additionalEventData)
        values: dict[str, Any] = {}
        for name, key in zip(Extra.__struct_fields__, Extra.__struct_encode_fields__, strict=True):
            read = integer if name.startswith("bytes") else text
            values[name] = read(found.get(key))
        return LooseExtra(**values)


def resources_of(f: Fields) -> Sequence[Resource]:
    """The entries of `resources`, a tuple if read in the tolerant way; none if it is no list."""
    try:
        return _resources(f.resources) or []
    except msgspec.ValidationError:
        found = _any.decode(f.resources)
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            return ()
        return tuple(
            Resource(
                type=only(each.get("type")),
                ARN=only(each.get("ARN") or each.get("arn")),
                accountId=only(each.get("accountId")),
            )
            for each in found
        )


def only(value: object) -> str | None:
    """A text, or the one text of a list; None for all else."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, str) and value else None


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


def left_out(raw: msgspec.Raw) -> bool:
    """Whether the provider put a note in place of a body that was too long."""
    value = _any.decode(raw)
    if isinstance(value, str):
        return "omitted" in value.lower()
    return isinstance(value, dict) and value.get("omitted") in (True, "true")
