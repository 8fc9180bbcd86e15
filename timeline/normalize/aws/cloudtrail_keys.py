"""Keys that occur twice in one object of a record.

Parsers differ: one takes the first, another the last. Here the first wins, in every field of every
row; a record that writes or accesses and has such a key is opaque besides.

A record is decoded in pieces and encoded again: every text and number comes out at most as long as
it went in (numbers with a point are kept as text for that), and a key that was lost takes its
length with it. A record that comes out as long as it went in has therefore lost no key. Only the
others are looked at key by key, which takes ten times as long.
"""

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from timeline.normalize.aws.cloudtrail_fields import Asked, Extra, Fields, Resource
from timeline.normalize.model import BROKEN, Unreadable

_encode = msgspec.json.Encoder().encode
_exact = msgspec.json.Decoder(float_hook=lambda text: msgspec.Raw(text.encode()))
#: Brackets and commas of a list of four.
_LIST_OF_FOUR = 5


def came_out_whole(
    body: bytes, f: Fields, asked: Asked, extra: Extra, resources: Sequence[Resource]
) -> bool:
    """Whether the decoded fields hold every key; false also where that is not known.

    Caller and connection are looked at elsewhere, for they repeat.

    Args:
        body: the record.
        f, asked, extra, resources: what was decoded from it.
    """
    if type(f) is not Fields or type(asked) is not Asked or type(extra) is not Extra:
        return False
    if type(resources) is not list:
        return False
    parts = (bytes(f.requestParameters), bytes(f.additionalEventData), bytes(f.resources))
    length = len(body) + len(parts[0]) + len(parts[1]) + len(parts[2]) + _LIST_OF_FOUR
    try:
        if len(_encode((f, asked, extra, resources))) != length:
            if len(_encode(f)) != len(body):
                return False
            shapes = (asked, extra, resources)
            if not all(map(_holds, parts, shapes)):
                return False
        return _same(f.responseElements) and _same(f.addendum)
    except BROKEN:
        return False


def _holds(data: bytes, shape: object) -> bool:
    return len(data) == 4 or len(_encode(shape)) == len(data) or same_length(data)


def _same(raw: msgspec.Raw) -> bool:
    data = bytes(raw)
    # Four bytes (null) hold no two keys.
    return len(data) == 4 or same_length(data)


def same_length(data: bytes) -> bool:
    """Whether a value comes out as long as it went in: it has no key twice."""
    try:
        return len(_encode(_exact.decode(data))) == len(data)
    except BROKEN:
        return False


def doubled_keys(body: bytes) -> tuple[str, ...]:
    """Keys that occur twice in one object, anywhere in the record.

    Raises:
        Unreadable: the bytes are no JSON object.
    """
    if same_length(body):
        return ()
    found: set[str] = set()

    def pairs(items: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for key, _ in items:
            if key in seen:
                found.add(key)
            seen.add(key)

    _load(body, pairs)
    return tuple(sorted(found))


def first_wins(body: bytes) -> bytes:
    """The record with the first of equal keys alone; numbers as they were written.

    Raises:
        Unreadable: the bytes are no JSON object.
    """

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for key, value in items:
            kept.setdefault(key, value)
        return kept

    return _encode(_load(body, pairs))


def each_key_once(data: bytes) -> bytes:
    """An envelope with the first of equal keys alone; the same bytes where no key is there twice.

    Raises:
        Unreadable: the bytes are no JSON.
    """
    return first_wins(data) if doubled_keys(data) else data


def _load(body: bytes, pairs: Any) -> Any:  # noqa: ANN401 JSON
    def number(text: str) -> msgspec.Raw:
        return msgspec.Raw(text.encode())

    try:
        return json.loads(body, object_pairs_hook=pairs, parse_float=number, parse_int=number)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"expected a JSON object, found {error}") from error
