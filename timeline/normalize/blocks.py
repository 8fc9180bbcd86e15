"""Many lines at once: a block of a text log, laid out for a form that reads it by column
(`columns`). Lines that a form does not read in this way are left for the reader of single records,
which decides what they are.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from timeline.normalize.coded import Many, Numbers

_BLANK = 32


class Block(NamedTuple):
    """Whole lines of a body.

    Attributes:
        data: the lines, each with its line end, the last one included.
        offset: of the first byte in the body.
        starts, ends: of each line in `data`, line end left out.
        numbers: of each line among the records of the body; blank lines are none and have -1.
        after: number of the record after the last one.
        breaks: positions of the bytes up to the quotation mark, `!` left out: blanks, line ends,
            quotes, and bytes that no line of text has.
        kinds: those bytes.
        last: of each line the number of its end among them.
    """

    data: bytes
    offset: int
    starts: Numbers
    ends: Numbers
    numbers: Numbers
    after: int
    breaks: Numbers
    kinds: npt.NDArray[np.uint8]
    last: Numbers


class Pieces(NamedTuple):
    """Records of a body, in their order.

    Attributes:
        data: the bytes of each.
        offsets: of each in the body.
        numbers: of each among the records of the body.
    """

    data: list[bytes]
    offsets: list[int]
    numbers: list[int]


class TakenPieces(NamedTuple):
    """What a form has read of pieces: the places of those left, ascending; a row for each other."""

    left: list[int]
    rows: list[Many]


class Taken(NamedTuple):
    """What a form has read of a block: the lines, ascending, and a row for each of them."""

    lines: Numbers
    rows: Many


def laid_out(data: bytes, offset: int, first: int) -> Block:
    """A block with its lines found and numbered.

    Args:
        data: whole lines, each with its line end.
        offset: of the first byte in the body.
        first: number of the first record.
    """
    text = np.frombuffer(data, np.uint8)
    breaks = np.flatnonzero(text <= ord('"'))
    kinds = text.take(breaks)
    if (kinds == ord("!")).any():
        breaks, kinds = breaks[kinds != ord("!")], kinds[kinds != ord("!")]
    last = np.flatnonzero(kinds == ord("\n"))
    ends = breaks[last]
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])
    blank = np.zeros(len(ends), np.bool_)
    for line in np.flatnonzero(text[starts] <= _BLANK).tolist():
        blank[line] = not data[starts[line] : ends[line]].strip()
    numbers = np.where(blank, -1, first + np.cumsum(~blank) - 1)
    after = first + int(np.sum(~blank))
    return Block(data, offset, starts, ends, numbers, after, breaks, kinds, last)
