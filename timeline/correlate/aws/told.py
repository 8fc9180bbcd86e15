"""Which records ask alike: columns of which equal values give requests that differ in time and
resource alone.

The request itself is made by `timeline.normalize.aws.request`, of one record for all that are
alike. Left out here is what no request holds: the key (it is the resource), sizes, ids of the
record. That the request of a class is what its own record gives is asserted where it is decided.
"""

from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

#: What `requests.is_access` reads.
KIND = ("provider", "service", "category", "activity")
#: Columns whose value tells requests apart.
_VALUES = (
    "service", "operation", "actor_type", "actor_uid", "actor_unique_id", "actor_account_uid",
    "session_issuer_uid", "session_created", "source_identity", "mfa", "invoked_by", "user_agent",
    "src_ip", "src_vpc_endpoint", "account_uid", "tls_version", "auth_method", "omitted",
    "referer", "source",
)  # fmt: skip
#: Columns of which only counts whether there is a value.
_GIVEN = ("object", "object_version", "resource_uid")
#: Everything that a request is made from.
COLUMNS = ("provider", *_VALUES, *_GIVEN, "credential_uid", "time", "params")
#: Parameters that the resource already says, in the order of their names.
_OF_RESOURCE = frozenset({"bucketName", "key", "Host"})


class _Extra(msgspec.Struct):
    CipherSuite: msgspec.Raw = msgspec.Raw()
    SignatureVersion: msgspec.Raw = msgspec.Raw()


class _Params(msgspec.Struct):
    """What of `params` a request is made from; a part of another form than usual fails."""

    requestParameters: dict[str, msgspec.Raw] | None = None
    additionalEventData: _Extra | None = None
    tlsDetails: dict[str, msgspec.Raw] | None = None
    resources: msgspec.Raw = msgspec.Raw()
    vpcEndpointAccountId: msgspec.Raw = msgspec.Raw()


_decode = msgspec.json.Decoder(_Params).decode


def told(rows: Any) -> list[pa.Array]:  # noqa: ANN401 Arrow
    """Columns of equal length: rows that are equal in all of them ask alike."""
    long_term = pc.starts_with(rows["credential_uid"], "AKIA")
    texts = rows["params"].combine_chunks()
    # A signature's age follows from the time of the request.
    dated = pc.if_else(
        pc.equal(rows["auth_method"], "query"), pc.cast(rows["time"], pa.int64()), None
    )
    return [
        *(rows[name] for name in _VALUES),
        *(pc.is_valid(rows[name]) for name in _GIVEN),
        long_term,
        dated,
        _parts(texts.to_pylist()),
    ]


def _parts(texts: list[str | None]) -> pa.Array:
    """Of each record's parts a text that is equal where they are."""
    known: dict[Any, int] = {}
    found = [known.setdefault(_part(text), len(known)) for text in texts]
    names = [repr(key) for key in known]
    return pa.DictionaryArray.from_arrays(pa.array(found, pa.int32()), pa.array(names, pa.string()))


def _part(text: str | None) -> Any:  # noqa: ANN401 hashable
    if not text:
        return text
    try:
        held = _decode(text)
    except msgspec.DecodeError:
        return text
    asked = held.requestParameters
    extra = held.additionalEventData
    resources = bytes(held.resources)
    # An exporter may escape the slash: then the text is told apart as a whole.
    pointed = b"accesspoint" in resources or b"\\" in resources
    return (
        None
        if asked is None
        else tuple((k, bytes(v)) for k, v in asked.items() if k not in _OF_RESOURCE),
        None if extra is None else (bytes(extra.CipherSuite), bytes(extra.SignatureVersion)),
        bool(held.tlsDetails),
        resources if pointed else resources[:1],
        bytes(held.vpcEndpointAccountId),
    )
