"""CloudTrail records that follow each other, many at once: the rows that `cloudtrail` would give.

Only records whose reading is beyond doubt are taken: with the types that the provider writes, with
no key beside the known ones at their top, and shown to hold no key twice. All others are left to
`cloudtrail.read_packed`, one by one. What depends on few values is worked out by the very functions
that it uses; what is left for each record stands in one loop, without a call more than is needed.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from timeline.normalize.aws import s3
from timeline.normalize.aws.cloudtrail import (
    event_values,
    kind_of,
    omitted_of,
    outcome_by,
)
from timeline.normalize.aws.cloudtrail_actor import caller_of
from timeline.normalize.aws.cloudtrail_fields import (
    NO_ASKED,
    NO_EXTRA,
    NULL,
    Asked,
    Extra,
    Fields,
    Resource,
)
from timeline.normalize.aws.cloudtrail_keys import came_out_whole
from timeline.normalize.aws.cloudtrail_params import (
    is_lean,
    lean_params,
    params_of,
    rest_of,
    tls_of,
)
from timeline.normalize.aws.times import when
from timeline.normalize.blocks import Pieces, TakenPieces
from timeline.normalize.coded import Many
from timeline.normalize.model import BROKEN, Where
from timeline.normalize.packed import PackedRows
from timeline.normalize.spans import Spans

SOURCE = "aws.cloudtrail"
#: Records that are encoded again together, to see that they come out as long as they went in:
#: so few that they are still at hand for what follows.
TOGETHER = 8

#: Records that are read together: so few that all of it stays in the cache, a sixth of the time.
AT_ONCE = 32

_fields = msgspec.json.Decoder(Fields).decode
_value = msgspec.json.Decoder(msgspec.Raw).decode
_asked = msgspec.json.Decoder(Asked | None).decode
_extra = msgspec.json.Decoder(Extra | None).decode
_resources = msgspec.json.Decoder(list[Resource] | None).decode
_encode = msgspec.json.Encoder().encode
_join = b"".join


class _Decoded(NamedTuple):
    """Neighbours, decoded; lists of equal length."""

    places: list[int]
    fields: list[Fields]
    asked: list[Asked | None]
    extra: list[Extra | None]
    resources: list[list[Resource] | None]


def read_some(spans: Spans, which: Sequence[int], where: Where) -> TakenPieces:
    """Some records of a stretch, as `read` does, in groups that stay in the processor's cache.

    Args:
        spans: the stretch.
        which: places of the records in it, ascending.
        where: the body.

    Raises:
        msgspec.DecodeError: a piece is no JSON.
    """
    left: list[int] = []
    rows: list[Many] = []
    for start in range(0, len(which), AT_ONCE):
        some = which[start : start + AT_ONCE]
        taken = read(spans.pieces(some), where)
        left += [some[place] for place in taken.left]
        for each in taken.rows:
            if not (rows and rows[0].taken_up(each)):
                rows.append(each)
    return TakenPieces(left, [each for each in rows if len(each.times())])


def read(pieces: Pieces, where: Where) -> TakenPieces:
    """Rows of the records that are plain, and the places of the others.

    Raises:
        msgspec.DecodeError: a piece is no JSON.
    """
    rows = PackedRows("aws", SOURCE, [], [], [], [], [], [])
    taken = TakenPieces([], [rows])
    for start in range(0, len(pieces.data), TOGETHER):
        found = _decoded(pieces, start, taken.left)
        _add_rows(pieces, where, found, _came_out(pieces, found), taken.left, rows)
    taken.left.sort()
    return taken


def _decoded(pieces: Pieces, start: int, left: list[int]) -> _Decoded:
    """The fields of some neighbours and of their parts; those of another type are left."""
    found = _Decoded([], [], [], [], [])
    places, fields, asked, extra, resources = found
    for place, data in enumerate(pieces.data[start : start + TOGETHER], start):
        try:
            f = _fields(data)
        except (msgspec.ValidationError, UnicodeError):
            _value(data)  # of another type than the provider writes, or no JSON at all
            left.append(place)
            continue
        try:
            parts = _asked(f.requestParameters), _extra(f.additionalEventData)
            resources.append(_resources(f.resources))
        except BROKEN:
            left.append(place)
            continue
        places.append(place)
        fields.append(f)
        asked.append(parts[0])
        extra.append(parts[1])
    return found


def _came_out(pieces: Pieces, found: _Decoded) -> Sequence[bool]:
    """Which records hold every key in the fields decoded; `cloudtrail_keys` says why.

    Nothing comes out longer than it went in. If all are together as long as they went in, each is.
    """
    data = [pieces.data[place] for place in found.places]
    parts = [
        len(f.requestParameters) + len(f.additionalEventData) + len(f.resources)
        for f in found.fields
    ]
    count = len(data)
    went_in = sum(map(len, data)) + sum(parts)
    # Brackets and commas of four lists, and of the list of them.
    marks = 4 * (count + 1) + 5
    if count and len(_encode(found[1:])) == went_in + marks:
        return [True] * count
    return [
        len(_encode(each)) == len(one) + part + 5
        for each, one, part in zip(zip(*found[1:], strict=True), data, parts, strict=True)
    ]


def _add_rows(
    pieces: Pieces,
    where: Where,
    found: _Decoded,
    came_out: Sequence[bool],
    left: list[int],
    rows: PackedRows,
) -> None:
    """Rows of the records that are plain."""
    _, _, times, order, items, actors, events, own = rows
    item, prefix, _, before = where
    of_item = where.values
    for place, f, asked, extra, resources, sure in zip(*found, came_out, strict=True):
        data, operation, service = pieces.data[place], f.eventName, f.eventSource
        time_text = f.eventTime
        time = when(time_text) if time_text else None
        # What a sign-in came to is in its answer.
        if not operation or not service or time is None or operation == "ConsoleLogin":
            left.append(place)
            continue
        caller, connection = bytes(f.userIdentity), bytes(f.tlsDetails)
        (actor, whole), tls = caller_of(caller), tls_of(connection)
        asked, extra, resources = asked or NO_ASKED, extra or NO_EXTRA, resources or []
        told = _told(
            f.recipientAccountId, f.awsRegion, service, operation, f.eventCategory, f.eventType,
            f.managementEvent, f.readOnly, f.vpcEndpointId, extra.vpcEndpointId, f.userAgent,
            tls.version, actor.kind, extra.AuthenticationMethod, extra.aclRequired,
            extra.CipherSuite, extra.SSEApplied, extra.SignatureVersion, f.errorCode,
            bool(f.errorMessage), f.eventVersion, f.vpcEndpointAccountId,
            f.sessionCredentialFromConsole,
        )  # fmt: skip
        if not told.keeps:
            extra = NO_EXTRA
        # Four bytes hold no key: null.
        plain = sure and len(f.responseElements) == 4 and f.addendum is NULL
        if not (whole and tls.whole) or not (
            plain or came_out_whole(data, f, asked, extra, resources)
        ):
            left.append(place)
            continue
        try:
            params = None
            if told.lean and is_lean(f, resources):
                params = lean_params(f, extra, resources, tls)
            elif told.keeps:
                params = _params(f, told, caller, connection)
        except UnicodeError:
            left.append(place)
            continue
        acted = s3.resource(f.recipientAccountId or None, asked, resources, service, operation)
        number = f"{prefix}{pieces.numbers[place]}"
        times.append(time)
        order.append(before + pieces.numbers[place])
        items.append(of_item)
        actors.append(actor)
        events.append(told.event)
        own += (
            f"{item}/{number}", f.eventID or None, f.requestID or None, time, time_text,
            acted.account or f.recipientAccountId or None, f.sourceIPAddress or None,
            acted.kind, acted.uid, acted.container, acted.object, acted.version,
            f.errorMessage or None, extra.bytesTransferredOut, extra.bytesTransferredIn, params,
            None if plain else omitted_of(f, data, ()),
            f"{number}@{pieces.offsets[place]}+{len(data)}", sha256(data).hexdigest(),
            f.sharedEventID or None, extra.host_id or None, None, None, None, None,
        )  # fmt: skip


def _params(f: Fields, told: "_Told", caller: bytes, connection: bytes) -> str:
    """The text of `params_of`, of which two parts and the end are at hand."""
    if f.addendum is not NULL:
        return params_of(f, doubled=False)
    return _join(
        (
            b'{"requestParameters":', f.requestParameters,
            b',"responseElements":', f.responseElements,
            b',"additionalEventData":', f.additionalEventData,
            b',"resources":', f.resources,
            b',"userIdentity":', caller,
            b',"tlsDetails":', connection,
            told.rest,
        )
    ).decode()  # fmt: skip


class _Told(NamedTuple):
    """What the fields that repeat come to.

    Attributes:
        keeps: whether the parameters of this kind of event are kept.
        lean: whether only what a request is made of.
        event: values of `EVENT_COLUMNS`.
        rest: the end of the text `params`.
    """

    keeps: bool
    lean: bool
    event: tuple[Any, ...]
    rest: bytes


@lru_cache(maxsize=16384)
def _told(
    recipient: str | None, region: str | None, service: str, operation: str, category: str | None,
    event_type: str | None, management: bool | str | None, read_only: bool | str | None,
    endpoint: str | None, endpoint_beside: str | None, agent: str | None, tls: str | None,
    actor: str | None, method: str | None, acl_required: str | None, cipher: str | None,
    sse: str | None, signature: str | None, error: str | None, has_message: bool,
    version: str | None, owner: str | None, console: str | None,
) -> _Told:  # fmt: skip
    kind = kind_of(category, event_type, management, read_only, service, operation)
    if not kind.keeps:
        endpoint_beside = method = acl_required = cipher = sse = signature = None
    event = event_values(
        SOURCE, recipient or None, region or None, service, operation, kind,
        endpoint or endpoint_beside or None, agent or None, tls, actor, method, acl_required,
        cipher, sse, signature, outcome_by(error, has_message), error or None,
    )  # fmt: skip
    return _Told(kind.keeps, kind.lean, event, rest_of(b"null", version, endpoint, owner, console))
