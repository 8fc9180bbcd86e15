"""Where the holes of CloudTrail's data events are: by the number of the quote that opens each.

Records of one kind have their quotes in the same order, whatever stands between them. The first of
records with equally many quotes shows which quotes are around its holes; the others have theirs
there too, or are of another layout, which the bytes before each hole tell. A layout only says where
to cut: what is cut is right or left out by its stencil (`cloudtrail_stencil`).
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from timeline.normalize.coded import Numbers
from timeline.normalize.columns import Mask
from timeline.normalize.spans import Spans

#: Fewer records than this of a layout are not worth looking for it.
FEW = 32
#: Layouts looked for among records with equally many quotes.
_TRIES = 8
#: Bytes before a hole that tell whether it is in its place.
_BEFORE = 3
_QUOTE = ord('"')
_TIME, _ADDRESS = b',"eventTime":"', b'"sourceIPAddress":"'
_IN, _OUT, _HOST = b'"bytesTransferredIn":', b'"bytesTransferredOut":', b'"x-amz-id-2":"'
_REQUEST, _EVENT = b'"requestID":"', b'"eventID":"'
_HEAD = re.compile(
    rb'","eventSource":"s3\.amazonaws\.com","eventName":"(\w+)","awsRegion":"[\w-]+",'
    rb'"sourceIPAddress":"'
)
#: What stands before the key in the parameters and before the name in the resources.
_OF_OBJECT, _OF_LISTING = (b'"key":"', b'"ARN":"'), (b'"prefix":"', b'"ARNPrefix":"')
#: Events that name an object by its key, and those that list by a prefix.
_ON_OBJECTS = frozenset(
    {"GetObject", "HeadObject", "PutObject", "DeleteObject", "GetObjectAcl", "GetObjectTagging"}
)
_LISTINGS = frozenset({"ListObjects", "ListObjectVersions"})
#: The holes in their order, by column; `again` is the key at the end of a name.
_FIRST = ("time_text", "src_ip", "object", "bytes_in")
_LAST = ("request_id", "provider_uid", "again")
HOST_FIRST = (*_FIRST, "host_id", "bytes_out", *_LAST)
SIZE_FIRST = (*_FIRST, "bytes_out", "host_id", *_LAST)


class Hole(NamedTuple):
    """Where a hole is.

    Attributes:
        quote: number of the quote that opens the text or closes the name of the number.
        number: whether it is a number.
        rest: bytes between the end of a number and the next quote.
        before: the bytes before the hole.
    """

    quote: int
    number: bool
    rest: int
    before: bytes


class Holes(NamedTuple):
    """Where the holes of records of one layout are.

    Attributes:
        records: of which records, by their place in the spans.
        names: columns of the holes.
        starts, ends: of each hole in their order, of each record.
    """

    records: Numbers
    names: tuple[str, ...]
    starts: list[Numbers]
    ends: list[Numbers]


def holes(spans: Spans) -> Iterator[Holes]:
    """The holes of the records that are laid out like many others."""
    text = np.frombuffer(spans.body, np.uint8)
    begin, end = int(spans.starts[0]), int(spans.ends[-1])
    quotes = np.flatnonzero(text[begin:end] == _QUOTE) + begin
    first = np.searchsorted(quotes, spans.starts)
    count = np.searchsorted(quotes, spans.ends) - first
    plain = spans.plain()
    for each in np.unique(count[plain]).tolist():
        records = np.flatnonzero((count == each) & plain)
        for _ in range(_TRIES):
            if len(records) < FEW:
                break
            layout = _layout(spans, int(records[0]))
            if layout is None:
                records = records[1:]
                continue
            names, where = layout
            found = _placed(spans, quotes, first[records], records, where)
            alike = _alike(text, found, where)
            yield Holes(
                records[alike], names, [s[alike] for s in found.starts],
                [e[alike] for e in found.ends],
            )  # fmt: skip
            records = records[1:][~alike[1:]]


def _placed(
    spans: Spans, quotes: Numbers, first: Numbers, records: Numbers, where: list[Hole]
) -> Holes:
    """The holes of records, if they are laid out so."""
    starts, ends = [], []
    for hole in where:
        opened, closed = quotes[first + hole.quote], quotes[first + hole.quote + 1]
        starts.append(opened + 1 + hole.number)
        ends.append(closed - hole.rest)
    # The key at the end of a name is as long as the key.
    starts[-1] = ends[-1] - (ends[2] - starts[2])
    return Holes(records, (), starts, ends)


def _alike(text: npt.NDArray[np.uint8], found: Holes, where: list[Hole]) -> Mask:
    """Which of them are laid out so as far as the bytes before their holes tell."""
    alike = np.ones(len(found.records), np.bool_)
    for hole, starts, ends in zip(where[:-1], found.starts, found.ends, strict=False):
        alike &= ends > starts
        for back, byte in enumerate(reversed(hole.before), 1):
            alike &= text[starts - back] == byte
    alike &= found.starts[-1] > found.ends[-2]
    return alike


def _layout(spans: Spans, record: int) -> tuple[tuple[str, ...], list[Hole]] | None:
    """Names and places of the holes of a record, each looked for behind the one before it."""
    data = spans.body[spans.starts[record] : spans.ends[record]]
    try:
        names, spots = _spots(data)
    except ValueError:
        return None
    found = []
    for name, start in zip(names, spots, strict=True):
        number = name.startswith("bytes")
        quote = data.count(b'"', 0, start) - 1
        rest = data.index(b'"', start) - _end_of_number(data, start) if number else 0
        found.append(Hole(quote, number, rest, data[start - _BEFORE : start]))
    return names, found


def _spots(data: bytes) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Names of the holes of a record, and where each starts.

    Raises:
        ValueError: one is not in its place.
    """
    index = data.index
    time = index(_TIME) + len(_TIME)
    head = index(b'"', time)
    address = index(_ADDRESS, head) + len(_ADDRESS)
    marks = _marks(data[head:address])
    if marks is None:
        raise ValueError
    key = index(marks[0], address) + len(marks[0])
    size_in = index(_IN, key) + len(_IN)
    host = index(_HOST, size_in) + len(_HOST)
    size_out = index(_OUT, size_in) + len(_OUT)
    request = index(_REQUEST, max(host, size_out)) + len(_REQUEST)
    event = index(_EVENT, request) + len(_EVENT)
    name = index(marks[1], event) + len(marks[1])
    # The second size comes after the host id in some logs and before it in others.
    if host < size_out:
        return HOST_FIRST, (time, address, key, size_in, host, size_out, request, event, name)
    return SIZE_FIRST, (time, address, key, size_in, size_out, host, request, event, name)


@lru_cache(maxsize=1024)
def _marks(head: bytes) -> tuple[bytes, bytes] | None:
    """Where the key is looked for in a kind of event, given its text from time to address."""
    found = _HEAD.fullmatch(head)
    operation = found[1].decode("ascii") if found else ""
    if operation in _ON_OBJECTS:
        return _OF_OBJECT
    return _OF_LISTING if operation in _LISTINGS else None


def _end_of_number(data: bytes, start: int) -> int:
    end = start
    while data[end : end + 1].isdigit():
        end += 1
    return end
