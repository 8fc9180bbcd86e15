"""S3 server access log, many lines at once: which lines are plain, and where their fields are.

A plain line is one whose reading is beyond doubt: printable ASCII without backslash, Request-URI,
referer and agent in quotes, single blanks between fields, a bucket, a time, and numbers where
numbers belong. A blank between quotes belongs to its field. So do more quotes, in the agent alone:
what stands before it is in its place, and no field after it holds a quote.
"""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from timeline.normalize.aws.s3_access_log import TAIL
from timeline.normalize.aws.times import when_access
from timeline.normalize.blocks import Block
from timeline.normalize.coded import Numbers
from timeline.normalize.columns import Mask, Places, cut, is_hyphen, numbers_but, texts, whole

_BLANK, _QUOTE, _END = b' "\n'
#: Fields before the Request-URI (the time is two words), and between it and the referer.
_FRONT = ("owner", "bucket", "date", "zone", "ip", "requester", "request", "operation", "key")
_MIDDLE = ("status", "error", "sent", "size", "total", "turn")
#: What stands between two neighbouring breaks of a line; "" for nothing, as from blank to quote.
_BETWEEN = (*_FRONT, "", "uri", "", *_MIDDLE, "", "referer", "", "", "agent", "", *TAIL)
_PLACE = {name: place for place, name in enumerate(_BETWEEN) if name}
_QUOTED = ("uri", "referer", "agent")
#: Fields that are numbers.
WHOLE = ("sent", "size", "total", "turn")
_FEWEST = len(_FRONT) + len(_MIDDLE) + 9
_TIME = len("06/Feb/2019:00:00:38 +0000")
_PARTS = np.dtype([("day", "S11"), ("clock", "S15")])
#: No time of any log.
_NONE = np.iinfo(np.int64).min


class Plain(NamedTuple):
    """Plain lines.

    Attributes:
        lines: their numbers in the block.
        edges: positions of the breaks around the fields, a row for each of those around `_BETWEEN`.
        times: microseconds since 1970.
        time_text: as logged.
        whole: the columns of `WHOLE`.
    """

    lines: Numbers
    edges: Places
    times: Numbers
    time_text: pa.Array
    whole: dict[str, pa.Array]

    def cut(self, data: bytes, name: str) -> pa.Array:
        """A field; null where the line has a hyphen or ends before."""
        return cut(data, *_span(self.edges, name, name))

    def run(self, data: bytes, first: str, last: str) -> pa.Array:
        """The text from one field to another one, as it stands; to the line's end if that is
        before."""
        start, end = _span(self.edges, first, last)
        return texts(data, np.minimum(start, end), end)


def plain(block: Block) -> Plain:
    """The plain lines of a block."""
    lines, edges = _well_formed(block)
    for _ in range(2):
        numbers, sound = _numbers(block.data, edges)
        start, end = _span(edges, "date", "zone")
        time_text = texts(block.data, start + 1, end - 1)
        times, known = _times(time_text)
        sound &= known
        if sound.all():
            break
        lines, edges = lines[sound], edges[:, sound]
    return Plain(lines, edges, times, time_text, numbers)


def _span(edges: Places, first: str, last: str) -> tuple[Places, Places]:
    """Starts and ends of what lies from one field to another one."""
    return edges[_PLACE[first]] + 1, edges[_PLACE[last] + 1]


def _well_formed(block: Block) -> tuple[Numbers, Places]:
    """The lines with quotes in the right places and single blanks between fields."""
    last = block.last
    first = np.concatenate([np.zeros(1, np.int64), last[:-1] + 1])
    quotes = np.flatnonzero(block.kinds == _QUOTE)
    before = np.searchsorted(quotes, first)
    count = np.diff(before, append=len(quotes))
    fits = count >= len(_QUOTED) * 2
    # Room for all that is looked at below, whatever it turns out to be.
    fits &= last - first >= _FEWEST
    fits[np.searchsorted(block.ends, _strange(block))] = False
    lines = np.flatnonzero(fits)
    first, last = first[lines], last[lines]
    closing = before[lines] + count[lines] - 1
    q = quotes.take(np.vstack([before[lines] + np.arange(5)[:, None], closing]))
    tail = last - q[5] - 1
    fits = (q[0] - first == len(_FRONT)) & (q[2] - q[1] == len(_MIDDLE) + 2) & (q[4] - q[3] == 2)
    fits &= (tail >= 1) & (tail <= len(TAIL))
    if not fits.all():
        lines, first, last, q = lines[fits], first[fits], last[fits], q[:, fits]
    around = (
        first + np.arange(len(_FRONT))[:, None],
        q[:2],
        q[1] + np.arange(1, len(_MIDDLE) + 2)[:, None],
        q[2:4],
        q[3:4] + 1,
        q[4:],
        # Beyond the last field there is nothing: start and end are the line's own end.
        np.minimum(q[5] + np.arange(1, len(TAIL) + 2)[:, None], last),
    )
    edges = np.empty((len(_BETWEEN) + 1, len(lines)), np.int32)
    breaks, row = block.breaks.astype(np.int32), 1
    for some in around:
        # All are in bounds; not to look again spares a copy.
        breaks.take(some, out=edges[row : row + len(some)], mode="clip")
        row += len(some)
    edges[0] = block.starts[lines] - 1
    return _fields_whole(block.data, lines, edges)


def _fields_whole(data: bytes, lines: Numbers, edges: Places) -> tuple[Numbers, Places]:
    """Those where a field stands between two breaks, and nothing where nothing belongs.

    The time is in brackets, and the bucket is named.
    """
    text = np.frombuffer(data, np.uint8)
    outside = [place for place, name in enumerate(_BETWEEN) if name not in _QUOTED]
    touching = np.array([not _BETWEEN[place] for place in outside])
    touch = (np.diff(edges, axis=0) == 1)[outside]
    fits: Mask = (touch == touching[:, None]).all(axis=0)
    start, end = _span(edges, "date", "zone")
    fits &= (text[start] == ord("[")) & (text[end - 1] == ord("]")) & (end - start == _TIME + 2)
    fits &= ~is_hyphen(data, *_span(edges, "bucket", "bucket"))
    return (lines, edges) if fits.all() else (lines[fits], edges[:, fits])


def _strange(block: Block) -> Numbers:
    """Positions of bytes that no field of a plain line holds."""
    kinds = block.kinds
    low: Numbers = block.breaks[(kinds != _BLANK) & (kinds != _QUOTE) & (kinds != _END)]
    text = np.frombuffer(block.data, np.uint8)
    if b"\\" not in block.data and np.max(text, initial=0) < 0x7F:
        return low
    return np.concatenate([low, np.flatnonzero((text >= 0x7F) | (text == ord("\\")))])


def _numbers(data: bytes, edges: Places) -> tuple[dict[str, pa.Array], Mask]:
    """The columns of numbers, and where each is one or a hyphen, the status of three digits."""
    spans = [_span(edges, name, name) for name in ("status", *WHOLE)]
    starts, ends = (np.concatenate(each) for each in zip(*spans, strict=True))
    shape = (len(spans), edges.shape[1])
    absent = is_hyphen(data, starts, ends).reshape(shape)
    values, sound = (each.reshape(shape) for each in whole(data, starts, ends))
    sound[0] &= (ends - starts).reshape(shape)[0] == 3
    found = {name: numbers_but(values[place], absent[place]) for place, name in enumerate(WHOLE, 1)}
    told: Mask = np.all(sound | absent, axis=0)
    # What came of a request without a status is in its error, or not known.
    silent = np.flatnonzero(absent[0])
    told[silent] &= ~is_hyphen(data, *(each[silent] for each in _span(edges, "error", "error")))
    return found, told


def _times(column: pa.Array) -> tuple[Numbers, Mask]:
    """Microseconds of times of `_TIME` bytes, and where there is one.

    The days are few; a clock of UTC is read by its digits, any other one by `when_access`.
    """
    count = len(column)
    text = np.frombuffer(column.buffers()[2] or b"", np.uint8, count * _TIME).reshape(count, _TIME)
    digits = text[:, (12, 13, 15, 16, 18, 19)] - ord("0")
    hour, minute, second = (digits[:, place] * 10 + digits[:, place + 1] for place in (0, 2, 4))
    signs = text[:, (11, 14, 17, 20, 21, 22, 23, 24, 25)] == np.frombuffer(b"::: +0000", np.uint8)
    usual = signs.all(axis=1) & (digits <= 9).all(axis=1)
    usual &= (hour < 24) & (minute < 60) & (second < 60)
    days = text.view(_PARTS)["day"].ravel()
    new = np.ones(count, np.bool_)
    new[1:] = days[1:] != days[:-1]
    found = [when_access(f"{days[row].decode()}:00:00:00 +0000") for row in np.flatnonzero(new)]
    midnight = np.array([_NONE if each is None else each for each in found], np.int64)
    times = midnight[np.cumsum(new) - 1]
    known = times != _NONE
    clock = (hour.astype(np.int64) * 60 + minute) * 60 + second
    times += clock * 1_000_000
    for row in np.flatnonzero(~usual).tolist():
        time = when_access(text[row].tobytes().decode())
        known[row], times[row] = time is not None, time or 0
    return times, known
