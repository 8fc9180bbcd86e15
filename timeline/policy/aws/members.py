"""The `state` object of a line out of its JSON, as far as it is read at all.

Documents stay JSON until they are asked for: most were met before, and are known by their bytes.
"""

from collections.abc import Mapping
from typing import Any, TypedDict

import msgspec


class _Bucket(TypedDict, total=False):
    """What is read of a bucket; its documents stay JSON until they are asked for."""

    name: Any
    owner_account: Any
    owner_canonical_id: Any
    ownership: Any
    public_access_block: Any
    requester_pays: Any
    default_sse: Any
    default_kms_key: Any
    default_bucket_key_enabled: Any
    policy: msgspec.Raw
    acl: msgspec.Raw


class _Object(TypedDict, total=False):
    """What is read of an object."""

    owner_account: Any
    owner_canonical_id: Any
    sse: Any
    kms_key: Any
    bucket_key_enabled: Any
    legal_hold: Any
    retention: Any
    acl: msgspec.Raw


class _AccessPoint(TypedDict, total=False):
    """What is read of an access point."""

    arn: Any
    alias: Any
    account: Any
    network_origin: Any
    vpc_id: Any
    public_access_block: Any
    policy: msgspec.Raw


class _State(TypedDict, total=False):
    """What is read of a state."""

    bucket: _Bucket | None
    object: _Object | None
    access_point: _AccessPoint | None
    account_public_access_block: Any
    organization_s3_policy: Any
    kms_grants: Any
    multipart_upload: Any
    resource_policy: Any
    identity_policies: msgspec.Raw
    permissions_boundary: msgspec.Raw
    session_policies: msgspec.Raw
    scps: msgspec.Raw
    rcps: msgspec.Raw
    rcps_of_key: msgspec.Raw
    vpc_endpoint_policy: msgspec.Raw
    kms_key_policy: msgspec.Raw


_DOCUMENTS = tuple(name for name, kind in _State.__annotations__.items() if kind is msgspec.Raw)
_STATES = msgspec.json.Decoder(_State)
#: States met at least twice lately: every so many bytes find one, all of its bytes prove it. To
#: keep each state that is met costs a tenth of the time where every line has another one.
_KEPT: dict[bytes, tuple[bytes, object]] = {}
_MET_ONCE: set[bytes] = set()
_STATES_KEPT = 512
_STRIDE = 17
#: States longer than this are read anew: what is kept is bounded by their number alone.
_LONGEST_KEPT = 65_536


class Members(dict[str, Any]):
    """A state as read; `kept` holds its slots as far as they were asked for, all being known."""

    __slots__ = ("kept",)

    def __init__(self, members: Mapping[str, Any]) -> None:
        super().__init__(members)
        self.kept: dict[str, Any] = {}


def read_state(content: msgspec.Raw) -> object:
    """A state out of its JSON, in which documents stay JSON (`bytes`) until they are asked for."""
    text = bytes(content)
    if len(text) > _LONGEST_KEPT:
        return _state(text)
    trace = text[::_STRIDE]
    met = _KEPT.get(trace)
    if met is not None and met[0] == text:
        return met[1]
    found = _state(text)
    if trace in _MET_ONCE:
        if len(_KEPT) >= _STATES_KEPT:
            _KEPT.clear()
        _KEPT[trace] = (text, found)
    elif len(_MET_ONCE) >= 4 * _STATES_KEPT:
        _MET_ONCE.clear()
    _MET_ONCE.add(trace)
    return found


def forget() -> None:
    """Keep no state any more."""
    _KEPT.clear()
    _MET_ONCE.clear()


def _state(content: bytes) -> object:
    try:
        found: dict[str, Any] = _STATES.decode(content)  # type: ignore[assignment]
    except msgspec.ValidationError:
        return msgspec.json.decode(content)  # whose form is complained about where it is read
    _as_bytes(found, _DOCUMENTS)
    for part in ("bucket", "object", "access_point"):
        if found.get(part):
            _as_bytes(found[part], ("policy", "acl"))
    return Members(found)


def _as_bytes(members: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if name in members:
            text = bytes(members[name])
            members[name] = None if text == b"null" else text
