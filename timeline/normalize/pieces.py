"""A body as a provider writes it, cut into its records without being parsed as a whole.

`{"Records":[{"eventVersion":…},{"eventVersion":…}]}`, with nothing between the records but a comma:
they are cut where an object that begins with the same key follows another one. That is sure once
every piece has turned out to be a JSON object: pieces joined by commas in that frame are the body,
so that the body is JSON, and the pieces are its records. Where a piece does not (a cut inside of a
record among them), the body is left to be read in the ordinary way from there on.
"""

import re
from collections.abc import Callable, Generator, Iterator

import msgspec
import numpy as np

from timeline.normalize.blocks import TakenPieces
from timeline.normalize.coded import Many, Numbers
from timeline.normalize.model import RECORD_LIMIT, Record
from timeline.normalize.spans import Spans

#: Bytes of records that are looked at together.
STRETCH = 8 * 1024 * 1024
_HEAD = re.compile(rb'\{"Records":\[(\{"\w+":)')
_SPACE = b" \t\r\n"


def read(
    body: bytes, start: int, by_pieces: Callable[[Spans], TakenPieces]
) -> Generator[Record | Many, None, int | None]:
    """Rows of the records that were read together, and the other records.

    Args:
        body: the body, held whole.
        start: where it begins, after byte order mark and space.
        by_pieces: reads the records that it is sure of.

    Returns:
        How many records were given where the rest is to be read in the ordinary way; None where
        there is no rest.
    """
    head = _HEAD.match(body, start)
    tail = len(body.rstrip(_SPACE))
    if head is None or body[tail - 3 : tail] != b"}]}":
        return 0
    starts, ends = _cuts(body, head.start(1), head[1], tail - 2)
    if (ends - starts).max() > RECORD_LIMIT:
        return 0
    for first, after in _stretches(starts):
        spans = Spans(body, starts[first:after], ends[first:after], first)
        try:
            taken = by_pieces(spans)
        except (msgspec.DecodeError, RecursionError):
            return first
        yield from _in_turn(spans, taken)
    return None


def _in_turn(spans: Spans, taken: TakenPieces) -> Iterator[Record | Many]:
    """What was taken, and the records left.

    A record is first read as the one before it was. Those before the first one taken come first,
    therefore, and where one follows upon one taken, rows without any say so.
    """
    left = spans.pieces(taken.left)
    before, told = -1, False
    for place, offset, data in zip(taken.left, left.offsets, left.data, strict=True):
        if place != before + 1:
            yield from (each.of_times(0, 0) for each in taken.rows[:1]) if told else taken.rows
            told = True
        yield Record(spans.first + place, offset, len(data), data)
        before = place
    if not told:
        yield from taken.rows


def _stretches(starts: Numbers) -> Iterator[tuple[int, int]]:
    """Neighbours whose bytes are looked at together, as (first, after the last)."""
    first = 0
    while first < len(starts):
        after = int(np.searchsorted(starts, starts[first] + STRETCH))
        yield first, max(after, first + 1)
        first = max(after, first + 1)


def _cuts(body: bytes, first: int, opening: bytes, end: int) -> tuple[Numbers, Numbers]:
    """Where the pieces start and end: `},` and the opening of a record lie between two."""
    between = b"}," + opening
    starts, ends = [first], []
    at = body.find(between, first, end)
    while at >= 0:
        ends.append(at + 1)
        starts.append(at + 2)
        at = body.find(between, at + 2, end)
    ends.append(end)
    return np.array(starts), np.array(ends)
