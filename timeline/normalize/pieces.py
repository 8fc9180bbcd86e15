"""A body as a provider writes it, cut into its records without being parsed as a whole.

`{"Records":[{"eventVersion":…},{"eventVersion":…}]}`, with nothing between the records but a comma:
they are cut where an object that begins with the same key follows another one. That is sure once
every piece has turned out to be a JSON object: pieces joined by commas in that frame are the body,
so that the body is JSON, and the pieces are its records. Where a piece does not (a cut inside of a
record among them), the body is left to be read in the ordinary way from there on.
"""

import re
from collections.abc import Callable, Generator

import msgspec
import numpy as np

from timeline.normalize.blocks import Numbers, Pieces, TakenPieces
from timeline.normalize.coded import Many
from timeline.normalize.model import RECORD_LIMIT, Record

#: Records read together: so few that all of it stays in the processor's cache, a sixth of the time.
TOGETHER = 32
#: Bytes that are looked through together.
_STRETCH = 256 * 1024
_HEAD = re.compile(rb'\{"Records":\[(\{"\w+":)')
_COMMA, _OPEN, _CLOSE = b",{}"
_SPACE = b" \t\r\n"


def read(
    body: bytes, start: int, by_pieces: Callable[[Pieces], TakenPieces]
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
    later = _later(body, head[1], head.start(1))
    starts = [head.start(1), *later]
    ends = [each - 1 for each in later] + [tail - 2]
    for first in range(0, len(starts), TOGETHER):
        places = starts[first : first + TOGETHER]
        spans = zip(places, ends[first : first + TOGETHER], strict=True)
        data = [body[begin:end] for begin, end in spans]
        if max(map(len, data)) > RECORD_LIMIT:
            return first
        try:
            numbers = list(range(first, first + len(data)))
            taken = by_pieces(Pieces(data, places, numbers))
        except (msgspec.DecodeError, RecursionError):
            return first
        yield from (rows for rows in taken.rows if len(rows.times()))
        for place in taken.left:
            yield Record(first + place, places[place], len(data[place]), data[place])
    return None


def _later(body: bytes, opening: bytes, first: int) -> list[int]:
    """Where `},` and the opening of a record follow each other, the first record left out."""
    text = np.frombuffer(body, np.uint8)
    found = [
        np.flatnonzero(text[begin : begin + _STRETCH] == _OPEN) + begin
        for begin in range(first + 2, len(body), _STRETCH)
    ]
    at: Numbers = np.concatenate([np.zeros(0, np.int64), *found])
    at = at[(text[at - 1] == _COMMA) & (text[at - 2] == _CLOSE)]
    for place, byte in enumerate(opening[1:], 1):
        # The frame's own end comes after every opening: there is room to look at its bytes.
        at = at[text[np.minimum(at + place, len(text) - 1)] == byte]
    found_at: list[int] = at.tolist()
    return found_at
